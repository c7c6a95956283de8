/** What the agent does for each step of a command document. docs.aws.amazon.com/systems-manager/latest/userguide/documents-command-ssm-plugin-reference.html */
import { milliseconds, seconds, type Duration } from "../../../kernel/units.ts";
import { outcomeOf } from "../../../world/scripts.ts";
import { AwsError } from "../../service.ts";
import type { Step } from "./documents.ts";
import type { Node } from "./nodes.ts";
import { filled, looked } from "./parameters-of-documents.ts";
import { patch } from "./patching.ts";
import type { Here } from "./state.ts";

/** A step under way on a node: how long it takes and what comes of it. */
export type Work = {
  takes: Duration;
  exit: number;
  output: string;
  timedOut?: boolean;
  /** What has happened to the node when it is done. */
  after?: "scanned" | "patched" | "restarts";
};

type Plugin = (call: Here, node: Node, inputs: Record<string, unknown>) => Work;

const plugins: Record<string, Plugin> = {
  "aws:runShellScript": (call, _node, { runCommand, timeoutSeconds }) => {
    const { takes, exit, output } = outcomeOf(call.world, ([runCommand ?? []].flat() as string[]).join("\n"));
    const limit = seconds(Number(timeoutSeconds) || 3600);
    // SSM-009: only the agent itself says that it took too long.
    return takes > limit ? { takes: limit, exit: 137, output: "", timedOut: true } : { takes, exit, output };
  },
  "causeway:patch": patch,
  // The agent is up to date already; it looks, and says so.
  "aws:updateSsmAgent": () => ({ takes: seconds(5), exit: 0, output: "amazon-ssm-agent is up to date" }),
  "aws:softwareInventory": () => ({ takes: seconds(10), exit: 0, output: "" }),
};

/** Checked when the command is sent: what no plugin of ours does is refused by name. */
export function checkPlugins(steps: readonly Step[]): void {
  const strange = steps.find(({ action }) => !(action in plugins));
  if (strange) throw new AwsError("NotImplemented", `Causeway does not emulate the plugin ${strange.action}.`, 501);
}

export function carryOut(call: Here, node: Node, step: Step, parameters: Record<string, string[]>): Work {
  const { takes, ...work } = plugins[step.action]!(call, node, filled(step.inputs, looked(parameters)) as Record<string, unknown>);
  return { takes: milliseconds(takes), ...work };
}
