/** Where a task goes. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html */
import type * as sdk from "@aws-sdk/client-ecs";
import { AwsError } from "../../service.ts";
import type { Cluster, ContainerInstance, Here, Need, Task } from "./state.ts";

export type Lack = "CPU" | "MEMORY" | "PORTS" | "AGENT" | "ATTRIBUTE";

export type Ask = {
  need: Need;
  launchType: "EC2" | "EXTERNAL";
  constraints: readonly sdk.PlacementConstraint[];
  strategies: readonly sdk.PlacementStrategy[];
  /** The tasks that it is spread among: the service's, or the group's. */
  among: readonly Task[];
  provider?: string;
};

export type Placed = { instance: ContainerInstance } | { lack?: Lack; closest?: ContainerInstance };

/** ECS-061: what has room, what the constraints let, and of these the best by the strategies. */
export function place(call: Here, cluster: Cluster, ask: Ask): Placed {
  let closest: { lack: Lack; closest: ContainerInstance } | undefined;
  const fitting: ContainerInstance[] = [];
  for (const arn of cluster.instances) {
    const instance = call.state.instances.get(arn);
    if (!instance || instance.status !== "ACTIVE" || instance.external !== (ask.launchType === "EXTERNAL")) continue;
    if (ask.provider !== undefined && instance.provider !== ask.provider) continue;
    const lack = lackOf(instance, ask);
    if (lack) closest ??= { lack, closest: instance };
    else fitting.push(instance);
  }
  if (fitting.length === 0) return closest ?? {};
  return { instance: best(call, fitting, ask) };
}

function lackOf(instance: ContainerInstance, { need, constraints, among }: Pick<Ask, "need" | "constraints" | "among">): Lack | undefined {
  if (!instance.connected) return "AGENT";
  const { remaining } = instance;
  if (remaining.cpu < need.cpu) return "CPU";
  if (remaining.memory < need.memory) return "MEMORY";
  if (need.ports.some((port) => remaining.ports.has(port))) return "PORTS";
  return constraints.every((constraint) => satisfies(instance, constraint, among)) ? undefined : "ATTRIBUTE";
}

/** ECS-065 */
function satisfies(instance: ContainerInstance, { type, expression = "" }: sdk.PlacementConstraint, among: readonly Task[]): boolean {
  if (type === "distinctInstance") return !among.some((task) => task.instance === instance.arn && task.desiredStatus === "RUNNING");
  return member(instance, expression);
}

/** The cluster query language: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html */
export function member(instance: ContainerInstance, expression: string): boolean {
  const tokens = expression.match(/\(|\)|\[[^\]]*\]|==|!=|=~|>=|<=|>|<|&&|\|\||!in\b|[^\s()[\]]+/g) ?? [];
  let at = 0;
  const unreadable = () => new AwsError("InvalidParameterException", `Invalid expression: ${expression}`);
  const take = () => {
    const token = tokens[at++];
    if (token === undefined) throw unreadable();
    return token;
  };
  const term = (): boolean => {
    const token = take();
    if (token === "not" || token === "!") return !term();
    if (token === "(") {
      const inner = either();
      if (take() !== ")") throw unreadable();
      return inner;
    }
    const operator = tokens[at];
    const value = valueOf(instance, token);
    if (operator === undefined) throw unreadable();
    at++;
    if (operator === "exists") return value !== undefined;
    return compared(value, operator, take());
  };
  const both = (): boolean => {
    let result = term();
    while (tokens[at] === "and" || tokens[at] === "&&") {
      at++;
      result = term() && result;
    }
    return result;
  };
  const either = (): boolean => {
    let result = both();
    while (tokens[at] === "or" || tokens[at] === "||") {
      at++;
      result = both() || result;
    }
    return result;
  };
  const result = either();
  if (at < tokens.length) throw unreadable();
  return result;
}

function valueOf(instance: ContainerInstance, subject: string): string | undefined {
  if (subject.startsWith("attribute:")) return instance.attributes.get(subject.slice("attribute:".length));
  const known: Record<string, string> = {
    agentConnected: String(instance.connected),
    ec2InstanceId: instance.ec2InstanceId,
    runningTasksCount: String(instance.tasks.size),
    registeredAt: instance.registeredAt.toISOString(),
  };
  if (known[subject] === undefined)
    throw new AwsError("NotImplemented", `Causeway does not read ${subject} in a placement expression.`, 501);
  return known[subject];
}

function compared(value: string | undefined, operator: string, wanted: string): boolean {
  const list = wanted.startsWith("[")
    ? wanted
        .slice(1, -1)
        .split(",")
        .map((each) => each.trim())
    : [wanted];
  if (operator === "==" || operator === "in") return value !== undefined && list.includes(value);
  if (operator === "!=" || operator === "!in") return value === undefined || !list.includes(value);
  if (operator === "=~") return value !== undefined && new RegExp(`^(?:${wanted})$`).test(value);
  if (value === undefined) return false;
  const order = Number.isNaN(Number(value)) ? value.localeCompare(wanted) : Number(value) - Number(wanted);
  return operator === ">" ? order > 0 : operator === "<" ? order < 0 : operator === ">=" ? order >= 0 : order <= 0;
}

const ZONE = "attribute:ecs.availability-zone";
/** ECS-062 */
const usual: sdk.PlacementStrategy[] = [
  { type: "spread", field: ZONE },
  { type: "spread", field: "instanceId" },
];

/** The value of what is spread over: a zone, an instance, any attribute. */
const spreadValue = (instance: ContainerInstance, field: string): string =>
  field === "instanceId" || field === "host" ? instance.arn : (instance.attributes.get(field.replace(/^attribute:/, "")) ?? "");

/** ECS-063: each strategy keeps the best of what the one before it left. */
function best(call: Here, fitting: ContainerInstance[], { strategies, among }: Ask): ContainerInstance {
  let left = fitting;
  for (const { type, field = "" } of strategies.length ? strategies : usual) {
    if (left.length === 1) break;
    if (type === "random") return left[Math.floor(call.random() * left.length)]!;
    const score =
      type === "binpack"
        ? (each: ContainerInstance) => each.remaining[field.toLowerCase() === "cpu" ? "cpu" : "memory"]
        : countOf(call, among, field);
    const scores = left.map(score);
    const least = Math.min(...scores);
    left = left.filter((_, at) => scores[at] === least);
  }
  return left[0]!;
}

function countOf(call: Here, among: readonly Task[], field: string): (instance: ContainerInstance) => number {
  const counts = new Map<string, number>();
  for (const { instance: arn, desiredStatus } of among) {
    const instance = desiredStatus === "RUNNING" && arn !== undefined ? call.state.instances.get(arn) : undefined;
    if (!instance) continue;
    const value = spreadValue(instance, field);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return (instance) => counts.get(spreadValue(instance, field)) ?? 0;
}

/** ECS-062, ECS-064: of which value there is most goes first. */
export function leastMissed(call: Here, tasks: readonly Task[], strategies: readonly sdk.PlacementStrategy[]): Task {
  let left = [...tasks];
  for (const { type, field = "" } of strategies.length ? strategies : usual) {
    if (left.length <= 1) break;
    if (type === "random") return left[Math.floor(call.random() * left.length)]!;
    const instanceOf = (task: Task) => (task.instance === undefined ? undefined : call.state.instances.get(task.instance));
    const count = countOf(call, tasks, field);
    const scores = left.map((task) => {
      const instance = instanceOf(task);
      if (!instance) return Number.POSITIVE_INFINITY;
      return type === "binpack" ? instance.remaining[field.toLowerCase() === "cpu" ? "cpu" : "memory"] : count(instance);
    });
    const most = Math.max(...scores);
    left = left.filter((_, at) => scores[at] === most);
  }
  return left.at(-1)!;
}
