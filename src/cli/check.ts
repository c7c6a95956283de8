/** `causeway check`: everything that can be known to be wrong before anything is deployed. */
import { UserError } from "../kernel/assert.ts";
import type { Finding } from "../platform/finding.ts";
import { services } from "../cloud/services/list.ts";
import { examine } from "../checks/examine.ts";
import { assemble } from "../stacks/assemble.ts";
import type { Assembly } from "../stacks/assembly.ts";
import { definitionFlags, definitionHelp, flagsOf, read } from "./definition.ts";
import { counted, described } from "./findings.ts";
import type { Command } from "./main.ts";

const help = `Usage: causeway check [flags]

Checks the definition, then everything that it becomes: AwsSolutions rules (cdk-nag), CloudFormation's own schemas and rules, resilience,
quotas, reachability, the way to recovery, the objectives.

${definitionHelp}
  --target local        list the resource types that the embedded cloud lacks
  --fail-on LEVEL       error or warning                  (error)
  --json                print the findings as one JSON document

Exit codes: 0 nothing found (or less than --fail-on), 1 findings, 3 the definition itself is wrong.`;

export const check = {
  summary: "find what is wrong before anything is deployed",
  async run(args) {
    const flags = flagsOf("check", args, {
      ...definitionFlags,
      target: { type: "string" },
      "fail-on": { type: "string", default: "error" },
    });
    if (flags.help) {
      console.log(help);
      return 0;
    }
    const failOn = oneOf("fail-on", flags["fail-on"], ["error", "warning"]);
    if (flags.target !== undefined) oneOf("target", flags.target, ["local"]);
    const begun = performance.now();
    const { definition, findings, file, locate } = await read(flags);
    if (!definition) {
      print(flags.json, file, findings, begun);
      return 3;
    }
    if (flags.target === "local") return lacking(assemble(definition), flags.json);
    const progress = (doing: string) => process.stderr.isTTY && process.stderr.write(`\r\u001B[K${doing}…`);
    const examined = examine(definition, progress);
    if (process.stderr.isTTY) process.stderr.write("\r\u001B[K");
    const placed = examined.findings.map((each) =>
      each.place.path ? { ...each, place: { ...locate(each.place.path), ...each.place } } : each,
    );
    print(flags.json, file, placed, begun, examined.acknowledged);
    return placed.some(({ severity }) => severity === "error" || failOn === "warning") ? 1 : 0;
  },
} satisfies Command;

function oneOf(flag: string, value: string, known: string[]): string {
  if (known.includes(value)) return value;
  throw new UserError("USAGE", `--${flag} ${value} is not one of: ${known.join(", ")}.`, `causeway check --${flag} ${known[0]}`);
}

function print(json: boolean, file: string, findings: Finding[], begun: number, acknowledged = 0): void {
  const seconds = (performance.now() - begun) / 1000;
  if (json) {
    console.log(JSON.stringify({ schemaVersion: 1, file, findings, acknowledged }, undefined, 2));
    return;
  }
  for (const each of findings) console.log(`${described(each)}\n`);
  console.error(`${file}: ${counted(findings)} (${acknowledged} acknowledged with a reason), ${seconds.toFixed(1)} s`);
}

/** What the embedded cloud cannot deploy yet: type, how many, in which stacks. */
async function lacking({ stacks }: Assembly, json: boolean): Promise<number> {
  const loaded = await Promise.all(Object.values(services).map(({ load }) => load()));
  const known = new Set(loaded.flatMap(({ resources }) => Object.keys(resources ?? {})));
  const missing = new Map<string, { count: number; stacks: Set<string> }>();
  for (const { id, template } of stacks) {
    for (const { Type } of Object.values(template.Resources)) {
      if (known.has(Type)) continue;
      const entry = missing.get(Type) ?? { count: 0, stacks: new Set() };
      missing.set(Type, { count: entry.count + 1, stacks: entry.stacks.add(id) });
    }
  }
  const rows = [...missing]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([type, { count, stacks: where }]) => ({ type, count, stacks: [...where] }));
  if (json) console.log(JSON.stringify({ schemaVersion: 1, missing: rows }, undefined, 2));
  else {
    for (const { type, count, stacks: where } of rows) console.log(`${type.padEnd(52)} ${String(count).padStart(3)}  ${where.join(", ")}`);
    const ready = stacks
      .filter(({ template }) => Object.values(template.Resources).every(({ Type }) => known.has(Type)))
      .map(({ id }) => id);
    console.error(`${rows.length} resource types are missing; these stacks deploy: ${ready.join(", ") || "none"}`);
  }
  return 0;
}
