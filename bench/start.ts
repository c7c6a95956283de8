/** Cold start: from launching the built program to its first answered request. */
import { Connection, query, start } from "./client.ts";
import { median, report, smoke } from "./report.ts";

const listening: number[] = [];
const answered: number[] = [];
for (let round = 0; round < (smoke ? 1 : 10); round++) {
  const from = performance.now();
  const program = await start();
  listening.push(performance.now() - from);
  const connection = await Connection.open(program.port);
  const { status, body } = await connection.ask(query("sts", "2011-06-15", { Action: "GetCallerIdentity" }));
  if (status !== 200) throw new Error(body.toString());
  answered.push(performance.now() - from);
  connection.close();
  await program.stop();
}
report("launch to listening, median of 10", median(listening), "ms");
report("launch to first answered request, median of 10", median(answered), "ms", "≤ 400 ms");
