/**
 * Run Command: a document on many nodes, a few at a time, until too many fail.
 * docs.aws.amazon.com/systems-manager/latest/userguide/run-command.html, …/monitor-commands.html
 */
import type * as sdk from "@aws-sdk/client-ssm";
import { date, milliseconds, plus, seconds, type Instant } from "../../../kernel/units.ts";
import { restart } from "../../../world/machines.ts";
import { AwsError, type Known, type Notices, type Operations } from "../../service.ts";
import { contentOf, documentOf, type Content } from "./documents.ts";
import { findNode, type Node } from "./nodes.ts";
import { valuesFor } from "./parameters-of-documents.ts";
import { installApproved, scanned } from "./patching.ts";
import { invalid, page } from "./parameter.ts";
import { carryOut, checkPlugins, type Work } from "./plugins.ts";
import type { Here, State, Timers } from "./state.ts";

type Details =
  | "Pending"
  | "InProgress"
  | "Delayed"
  | "Success"
  | "DeliveryTimedOut"
  | "ExecutionTimedOut"
  | "Failed"
  | "Cancelled"
  | "Undeliverable"
  | "Terminated";

type Invocation = {
  node: string;
  details: Details;
  requested: Instant;
  /** It has been sent, so that it counts among those that are under way. */
  sent: boolean;
  begun?: Instant;
  ended?: Instant;
  exit?: number;
  output: string;
  /** The next of the document's steps. */
  step: number;
  event?: number;
};

export type Command = Known<sdk.Command, "CommandId" | "DocumentName" | "RequestedDateTime" | "Parameters" | "TimeoutSeconds"> & {
  invocations: Map<string, Invocation>;
  /** Nodes at once, and failures after which no more are sent. */
  concurrency: number;
  errors: number;
  /** How many may be under way: one, and one more with each that answers, so twice as many after each round. */
  allowed: number;
  cancelled?: "user" | "errors";
  /** Who waits for its end. */
  notify?: { execution: string; step: string };
};

export type CommandTimers = {
  deliver: { command: string; node: string };
  stepped: { command: string; node: string; work: Work };
  overdue: { command: string };
};

const TIMEOUT = 3600; // API_SendCommand: the default of TimeoutSeconds
const KEPT = 30; // days; docs.aws.amazon.com/general/latest/gr/ssm.html

export const commandOperations = {
  SendCommand(call, input) {
    const {
      DocumentName,
      DocumentVersion,
      TimeoutSeconds = TIMEOUT,
      Parameters = {},
      MaxConcurrency = "50",
      MaxErrors = "0",
      Comment,
    } = input;
    if (TimeoutSeconds < 30 || TimeoutSeconds > 2_592_000) throw invalid("TimeoutSeconds must be between 30 and 2592000.");
    const document = documentOf(call, DocumentName);
    if (document.type !== "Command") throw new AwsError("InvalidDocument", `Document ${DocumentName} is not of type Command.`);
    const content = contentOf(document, DocumentVersion);
    checkPlugins(content.mainSteps);
    const parameters = valuesFor(content.parameters, Parameters, "InvalidParameters");
    const nodes = targeted(call, input.InstanceIds ?? [], input.Targets ?? []);
    const command: Command = {
      CommandId: call.uuid(),
      DocumentName: document.name,
      DocumentVersion: DocumentVersion ?? "$DEFAULT",
      Comment,
      Parameters: parameters,
      InstanceIds: input.InstanceIds ?? [],
      Targets: input.Targets ?? [],
      RequestedDateTime: call.date,
      TimeoutSeconds,
      MaxConcurrency,
      MaxErrors,
      ServiceRole: input.ServiceRoleArn,
      invocations: new Map(
        nodes.map(({ id }) => [id, { node: id, details: "Pending", requested: call.now, sent: false, output: "", step: 0 }]),
      ),
      concurrency: amount(MaxConcurrency, nodes.length, 1),
      errors: amount(MaxErrors, nodes.length, 0),
      allowed: 1,
    };
    call.state.commands.set(command.CommandId, command);
    // SSM-009: the time to begin in, and the time that the document itself has.
    call.background(seconds(TimeoutSeconds + executionTimeout(content, parameters)), "overdue", { command: command.CommandId });
    send(call, command);
    return { Command: shown(command) };
  },

  CancelCommand(call, { CommandId, InstanceIds = [] }) {
    const command = find(call, CommandId);
    if (!InstanceIds.length) command.cancelled = "user";
    for (const invocation of command.invocations.values()) {
      if (invocation.ended !== undefined || (InstanceIds.length && !InstanceIds.includes(invocation.node))) continue;
      end(call, command, invocation, "Cancelled");
    }
  },

  ListCommands(call, { CommandId, InstanceId, Filters = [], MaxResults = 50, NextToken }) {
    const all = kept(call).filter(
      (each) =>
        (CommandId === undefined || each.CommandId === CommandId) &&
        (InstanceId === undefined || each.invocations.has(InstanceId)) &&
        Filters.every(({ key, value }) => commandFilter(each, key ?? "", value ?? "")),
    );
    if (CommandId !== undefined) find(call, CommandId);
    const { items, NextToken: next } = page(all, MaxResults, NextToken, (each) => each.CommandId);
    return { Commands: items.map(shown), NextToken: next };
  },

  ListCommandInvocations(call, { CommandId, InstanceId, Details = false, MaxResults = 50, NextToken }) {
    const commands = CommandId === undefined ? kept(call) : [find(call, CommandId)];
    const all = commands.flatMap((command) =>
      [...command.invocations.values()]
        .filter(({ node }) => InstanceId === undefined || node === InstanceId)
        .map((invocation) => ({ command, invocation })),
    );
    const { items, NextToken: next } = page(
      all,
      MaxResults,
      NextToken,
      ({ command, invocation }) => `${command.CommandId}/${invocation.node}`,
    );
    return {
      CommandInvocations: items.map(({ command, invocation }) => invocationShown(call, command, invocation, Details)),
      NextToken: next,
    };
  },

  GetCommandInvocation(call, { CommandId, InstanceId }) {
    const command = find(call, CommandId);
    const invocation = command.invocations.get(InstanceId);
    if (!invocation) throw new AwsError("InvocationDoesNotExist", "");
    const { begun, ended, exit, output } = invocation;
    return {
      CommandId,
      InstanceId,
      Comment: command.Comment ?? "",
      DocumentName: command.DocumentName,
      DocumentVersion: command.DocumentVersion,
      PluginName: firstPlugin(call, command),
      ResponseCode: exit ?? -1,
      ExecutionStartDateTime: begun === undefined ? "" : date(begun).toISOString(),
      ExecutionElapsedTime: begun === undefined || ended === undefined ? "" : `PT${(ended - begun) / 1000}S`,
      ExecutionEndDateTime: ended === undefined ? "" : date(ended).toISOString(),
      Status: statusOf(invocation.details),
      StatusDetails: spoken(invocation.details),
      StandardOutputContent: exit === 0 ? output : "",
      StandardErrorContent: exit === 0 || exit === undefined ? "" : output,
      StandardOutputUrl: "",
      StandardErrorUrl: "",
    };
  },
} satisfies Operations<sdk.SSM, State, Timers>;

function find(call: Here, id: string): Command {
  const command = call.state.commands.get(id);
  if (!command) throw new AwsError("InvalidCommandId", "");
  return command;
}

const kept = (call: Here): Command[] =>
  [...call.state.commands.values()]
    .filter(({ RequestedDateTime }) => RequestedDateTime.getTime() > call.now - KEPT * 86_400_000)
    .toReversed();

/** SSM-011: by id, or by tags and groups; what no node has is an empty command, which succeeds. */
function targeted(call: Here, ids: readonly string[], targets: readonly sdk.Target[]): Node[] {
  if (ids.length > 50) throw invalid("You can specify up to 50 instance IDs.");
  if (targets.length > 5) throw invalid("You can specify up to 5 targets.");
  if (ids.length === 0 && targets.length === 0) throw new AwsError("InvalidInstanceId", "Either InstanceIds or Targets is required.");
  if (ids.length) return ids.map((id) => findNode(call, id));
  return [...call.state.nodes.values()].filter((node) =>
    targets.every(({ Key = "", Values = [] }) => {
      if (Key === "InstanceIds") return Values.includes("*") || Values.includes(node.id);
      const tag = /^tag:(.+)$/.exec(Key)?.[1];
      if (tag === undefined && Key !== "tag-key") throw new AwsError("InvalidTarget", `The target key ${Key} is not valid.`);
      const tags = tagsOf(call, node);
      return tag === undefined ? Values.some((value) => value in tags) : Values.includes(tags[tag] ?? "\0");
    }),
  );
}

/** An instance of EC2 has its own tags, another machine those of its activation. */
export function tagsOf(call: Here, node: Node): Record<string, string> {
  if (node.activation !== undefined) return node.tags;
  const tags = call.peek("ec2").instances.get(node.id)?.Tags ?? [];
  return Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [Key, Value]));
}

/** `10`, or `10%` of all, rounded up where one is the least. */
export function amount(text: string, of: number, least: number): number {
  const [, number, percent] = /^(\d+)(%?)$/.exec(text) ?? [];
  if (number === undefined || (percent && Number(number) > 100)) throw invalid(`${text} is neither a number nor a percentage.`);
  const value = percent ? Math.floor((of * Number(number)) / 100) : Number(number);
  return Math.max(least, value);
}

const executionTimeout = ({ parameters: declared, mainSteps }: Content, parameters: Record<string, string[]>): number => {
  const steps = mainSteps.map(({ inputs }) => Number(inputs.timeoutSeconds)).filter((each) => each > 0);
  return Number(parameters.executionTimeout?.[0] ?? declared.executionTimeout?.default ?? Math.max(0, ...steps)) || TIMEOUT;
};

const underWay = ({ invocations }: Command): number =>
  [...invocations.values()].filter(({ sent, ended }) => sent && ended === undefined).length;

/** As many as may be at once. SSM-010: one, after its answer two more, and so on to the limit. */
function send(call: Here, command: Command): void {
  if (command.cancelled) return;
  let room = Math.min(command.allowed, command.concurrency) - underWay(command);
  for (const invocation of command.invocations.values()) {
    if (room <= 0) break;
    if (invocation.sent || invocation.ended !== undefined) continue;
    invocation.sent = true;
    room--;
    offer(call, command, invocation);
  }
}

/** To an agent that answers; else it waits until it does, or until its time is up. */
function offer(call: Here, command: Command, invocation: Invocation): void {
  const node = call.state.nodes.get(invocation.node);
  if (!node) return end(call, command, invocation, "Undeliverable");
  if (!node.connected || invocation.event !== undefined) return;
  invocation.event = call.after(call.latency("command-delivery"), "deliver", { command: command.CommandId, node: node.id });
}

function deliver(call: Here, { command: id, node: nodeId }: CommandTimers["deliver"]): void {
  const command = call.state.commands.get(id);
  const invocation = command?.invocations.get(nodeId);
  const node = call.state.nodes.get(nodeId);
  if (!command || !invocation || invocation.ended !== undefined) return;
  invocation.event = undefined;
  if (!node?.connected) return;
  // SSM-009: what has not begun within its time does not.
  if (call.now > plus(invocation.requested, seconds(command.TimeoutSeconds))) return end(call, command, invocation, "DeliveryTimedOut");
  invocation.details = "InProgress";
  invocation.begun ??= call.now;
  run(call, command, invocation, node);
}

function run(call: Here, command: Command, invocation: Invocation, node: Node): void {
  const content = contentOf(documentOf(call, command.DocumentName), command.DocumentVersion);
  const step = content.mainSteps[invocation.step];
  if (!step) return finish(call, command, invocation, node, 0);
  const work = carryOut(call, node, step, command.Parameters);
  invocation.event = call.after(work.takes, "stepped", { command: command.CommandId, node: node.id, work });
}

function stepped(call: Here, { command: id, node: nodeId, work }: CommandTimers["stepped"]): void {
  const command = call.state.commands.get(id);
  const invocation = command?.invocations.get(nodeId);
  const node = call.state.nodes.get(nodeId);
  if (!command || !invocation || invocation.ended !== undefined || !node) return;
  invocation.event = undefined;
  invocation.output += work.output;
  invocation.step++;
  if (work.after) settled(call, node, work.after);
  // The agent says the rest when its machine is up again: `nodeChanged`.
  if (work.after === "restarts") return void (invocation.exit = work.exit);
  if (work.exit !== 0) return finish(call, command, invocation, node, work.exit, work.timedOut);
  run(call, command, invocation, node);
}

/** What a step leaves behind on its machine. */
function settled(call: Here, node: Node, after: NonNullable<Work["after"]>): void {
  if (after !== "scanned") installApproved(call, node);
  scanned(call, node, after === "scanned" ? "Scan" : "Install");
  if (after === "restarts") restart(call.physics, node.machine);
}

/** SSM-011: the agent says so when it can. */
function finish(call: Here, command: Command, invocation: Invocation, node: Node, exit: number, timedOut = false): void {
  invocation.exit = exit;
  if (!node.connected) return; // told when it is back: `nodeChanged`
  end(call, command, invocation, timedOut ? "ExecutionTimedOut" : exit === 0 ? "Success" : "Failed");
}

function end(call: Here, command: Command, invocation: Invocation, details: Details): void {
  if (invocation.event !== undefined) call.cancel(invocation.event);
  invocation.event = undefined;
  invocation.details = details;
  invocation.ended = call.now;
  call.tell("event", {
    source: "aws.ssm",
    detailType: "EC2 Command Invocation Status-change Notification",
    detail: {
      "command-id": command.CommandId,
      "document-name": command.DocumentName,
      "instance-id": invocation.node,
      "requested-date-time": date(invocation.requested).toISOString(),
      status: statusOf(details),
    },
    resources: [call.arn("ec2", `instance/${invocation.node}`)],
  });
  if (invocation.exit !== undefined) command.allowed++;
  // SSM-010: what could not be delivered is no failure of the command's.
  const failures = [...command.invocations.values()].filter(
    (each) => each.details === "Failed" || each.details === "ExecutionTimedOut",
  ).length;
  if (failures > command.errors && !command.cancelled) {
    command.cancelled = "errors";
    for (const each of command.invocations.values())
      if (!each.sent && each.ended === undefined) Object.assign(each, { details: "Terminated", ended: call.now });
  }
  send(call, command);
  if (isOver(command)) call.tell("command-over", { commandId: command.CommandId, status: overall(command) });
}

const isOver = ({ invocations }: Command): boolean => [...invocations.values()].every(({ ended }) => ended !== undefined);

/** A node found back: what waits for it is delivered, what it has done meanwhile is told. */
export function nodeChanged(call: Here, { instanceId, pingStatus }: Notices["node-changed"]): void {
  if (pingStatus !== "Online") return;
  for (const command of call.state.commands.values()) {
    const invocation = command.invocations.get(instanceId);
    if (!invocation?.sent || invocation.ended !== undefined || invocation.event !== undefined) continue;
    const node = call.state.nodes.get(instanceId)!;
    if (invocation.exit !== undefined) finish(call, command, invocation, node, invocation.exit);
    else offer(call, command, invocation);
  }
}

export const commandTimers = {
  deliver,
  stepped,
  overdue(call: Here, { command: id }: CommandTimers["overdue"]) {
    const command = call.state.commands.get(id);
    for (const invocation of command?.invocations.values() ?? [])
      if (invocation.ended === undefined) end(call, command!, invocation, "DeliveryTimedOut");
  },
};

function statusOf(details: Details): sdk.CommandInvocationStatus {
  if (details === "DeliveryTimedOut" || details === "ExecutionTimedOut") return "TimedOut";
  if (details === "Undeliverable" || details === "Terminated") return "Failed";
  return details;
}

/** As the API spells them: with spaces. */
const spoken = (details: Details): string => details.replace(/(?<=[a-z])(?=[A-Z])/g, " ").replace("In Progress", "InProgress");

/** SSM-008 */
function overall(command: Command): "Pending" | "InProgress" | "Success" | "DeliveryTimedOut" | "Failed" | "Incomplete" | "Cancelled" {
  const all = [...command.invocations.values()].map(({ details }) => details);
  if (!isOver(command)) return all.every((each) => each === "Pending") ? "Pending" : "InProgress";
  if (command.cancelled === "user") return "Cancelled";
  if (all.every((each) => each === "Success")) return "Success";
  if (command.cancelled === "errors") return "Failed";
  return all.every((each) => each === "DeliveryTimedOut") ? "DeliveryTimedOut" : "Incomplete";
}

function shown(command: Command): sdk.Command {
  const {
    invocations,
    concurrency: _concurrency,
    errors: _errors,
    allowed: _allowed,
    cancelled: _cancelled,
    notify: _notify,
    ...rest
  } = command;
  const all = [...invocations.values()];
  const details = overall(command);
  const count = (...some: Details[]) => all.filter((each) => some.includes(each.details)).length;
  return {
    ...rest,
    ExpiresAfter: date(plus(milliseconds(command.RequestedDateTime.getTime()) as unknown as Instant, seconds(command.TimeoutSeconds))),
    Status: details === "DeliveryTimedOut" ? "TimedOut" : details === "Incomplete" ? "Failed" : details,
    StatusDetails: details,
    TargetCount: all.length,
    CompletedCount: all.filter(({ ended }) => ended !== undefined).length,
    ErrorCount: count("Failed", "ExecutionTimedOut"),
    DeliveryTimedOutCount: count("DeliveryTimedOut"),
  };
}

const commandFilter = (command: Command, key: string, value: string): boolean => {
  if (key === "Status") return shown(command).Status === value;
  if (key === "DocumentName") return command.DocumentName === value;
  if (key === "InvokedAfter") return command.RequestedDateTime.getTime() > Date.parse(value);
  if (key === "InvokedBefore") return command.RequestedDateTime.getTime() < Date.parse(value);
  throw new AwsError("InvalidFilterKey", `The filter ${key} is not valid.`);
};

const firstPlugin = (call: Here, { DocumentName, DocumentVersion }: Command): string =>
  contentOf(documentOf(call, DocumentName), DocumentVersion).mainSteps[0]!.name;

function invocationShown(call: Here, command: Command, invocation: Invocation, details: boolean): sdk.CommandInvocation {
  return {
    CommandId: command.CommandId,
    InstanceId: invocation.node,
    InstanceName: call.state.nodes.get(invocation.node)?.name ?? "",
    Comment: command.Comment ?? "",
    DocumentName: command.DocumentName,
    DocumentVersion: command.DocumentVersion,
    RequestedDateTime: date(invocation.requested),
    Status: statusOf(invocation.details),
    StatusDetails: spoken(invocation.details),
    CommandPlugins: details
      ? [
          {
            Name: firstPlugin(call, command),
            Status: statusOf(invocation.details) as sdk.CommandPluginStatus,
            StatusDetails: spoken(invocation.details),
            ResponseCode: invocation.exit ?? -1,
            Output: invocation.output,
          },
        ]
      : [],
  };
}
