/**
 * Managed nodes: machines with an SSM agent, in AWS and outside it, and how Systems Manager notices that one has gone silent.
 * docs.aws.amazon.com/systems-manager/latest/userguide/fleet-manager-troubleshooting-managed-nodes.html
 */
import type * as sdk from "@aws-sdk/client-ssm";
import { date, hours, minutes, plus, seconds, since, type Duration, type Instant } from "../../../kernel/units.ts";
import { alive, type Machine } from "../../../world/machines.ts";
import type { Change } from "../../../world/physics.ts";
import { AwsError, type Notices, type Operations } from "../../service.ts";
import { checkRole, usable } from "./activations.ts";
import { checkPageSize, invalid, page } from "./parameter.ts";
import type { PatchState } from "./patching.ts";
import { settingOf, TIER } from "./settings.ts";
import type { Here, State, Timers } from "./state.ts";

export type Node = {
  id: string;
  /** Of the world: the instance's own id, or the host's name. */
  machine: string;
  /** Of a machine outside AWS. */
  activation?: string;
  role?: string;
  name?: string;
  fingerprint?: string;
  registered: Instant;
  /** Whether the agent reaches Systems Manager. */
  connected: boolean;
  /** The last heartbeat before it stopped to. */
  lastPing: Instant;
  pingStatus: "Online" | "ConnectionLost";
  /** What is scheduled: that its silence is noticed, or that it is back. */
  event?: number;
  tags: Record<string, string>;
  /** What the last scan or installation found. */
  patch?: PatchState;
};

export type NodeTimers = { silent: { node: string }; back: { node: string } };

// SSM-005: an agent says every five minutes that it is there.
const HEARTBEAT = minutes(5);
// SSM-004: credentials of a machine outside AWS live for an hour; the agent asks for new ones with growing pauses, half an hour at most.
const CREDENTIALS = hours(1);
const BACKOFF_MAX = minutes(30);
// SSM-003: alike to 40 %; machines of the world are either the same or another.
const DENIED = minutes(30);

export const nodeOperations = {
  DescribeInstanceInformation(call, { Filters = [], InstanceInformationFilterList = [], MaxResults = 50, NextToken }) {
    checkPageSize(MaxResults, 50);
    const wanted = [
      ...Filters.map(({ Key = "", Values = [] }) => ({ key: Key, values: Values })),
      ...InstanceInformationFilterList.map(({ key = "", valueSet = [] }) => ({ key, values: valueSet })),
    ];
    const all = [...call.state.nodes.values()].filter((node) =>
      wanted.every(({ key, values }) => valuesOf(node, key).some((value) => values.includes(value))),
    );
    const { items, NextToken: next } = page(all, MaxResults, NextToken, ({ id }) => id);
    return { InstanceInformationList: items.map((node) => shown(call, node)), NextToken: next };
  },

  DeregisterManagedInstance(call, { InstanceId }) {
    const node = hybrid(call, InstanceId);
    forget(call, node);
  },

  UpdateManagedInstanceRole(call, { InstanceId, IamRole }) {
    const node = hybrid(call, InstanceId);
    checkRole(call, IamRole);
    node.role = IamRole;
  },

  /** SSM-007 */
  GetConnectionStatus(call, { Target }) {
    const node = call.state.nodes.get(Target);
    const may = node && (node.activation === undefined || settingOf(call, TIER) === "advanced");
    return { Target, Status: may && node.connected ? "connected" : "notconnected" };
  },
} satisfies Operations<sdk.SSM, State, Timers>;

type Registration = { ActivationId: string; ActivationCode: string; Machine: string; Fingerprint?: string };

/** What the agent's own `-register` asks: an operation that AWS publishes in no SDK. Answers the new node's id. */
export function RegisterManagedInstance(call: Here, { ActivationId, ActivationCode, Machine: id, Fingerprint = id }: Registration) {
  const machine = call.world.machines.get(id);
  if (!machine || !reaches(call, machine)) throw invalid(`The machine ${id} does not reach Systems Manager.`);
  const activation = usable(call, ActivationId, ActivationCode);
  activation.RegistrationsCount++;
  // The agent forgets what it was before.
  for (const node of [...call.state.nodes.values()]) if (node.machine === id) forget(call, node);
  const node = made(call, call.id("mi"), id);
  Object.assign(node, {
    activation: ActivationId,
    role: activation.IamRole,
    name: activation.DefaultInstanceName,
    fingerprint: Fingerprint,
    tags: { ...activation.tags },
  });
  return { InstanceId: node.id };
}

function made(call: Here, id: string, machine: string): Node {
  const node: Node = { id, machine, registered: call.now, connected: true, lastPing: call.now, pingStatus: "Online", tags: {} };
  call.state.nodes.set(id, node);
  call.tell("node-changed", { instanceId: id, pingStatus: "Online" });
  return node;
}

function forget(call: Here, node: Node): void {
  if (node.event !== undefined) call.cancel(node.event);
  call.state.nodes.delete(node.id);
}

export function findNode(call: Here, id: string): Node {
  const node = call.state.nodes.get(id);
  if (!node) throw new AwsError("InvalidInstanceId", "");
  return node;
}

function hybrid(call: Here, id: string): Node {
  if (!id.startsWith("mi-")) throw invalid(`Instance ${id} is not a managed instance with the prefix mi-.`);
  return findNode(call, id);
}

export const machineOf = ({ world }: Here, { machine }: Node): Machine | undefined => world.machines.get(machine);

/** Whether what is on the machine reaches this region's endpoints. */
function reaches({ world, region }: Here, machine: Machine | undefined): boolean {
  if (!machine || !alive(machine) || world.regionsLost.has(region)) return false;
  return machine.site === undefined || !world.linesCut.has(`${machine.site}/${region}`);
}

/** The heartbeat before `at`: they come five minutes apart from the registration on. */
const heartbeat = ({ registered }: Node, at: Instant): Instant =>
  plus(registered, (Math.floor((at - registered) / HEARTBEAT) * HEARTBEAT) as Duration);

const lastPing = (call: Here, node: Node): Instant => (node.connected ? heartbeat(node, call.now) : node.lastPing);

/** A machine, a line or a region is another: its nodes go silent, or find back. */
export function sensed(call: Here, change: Change): void {
  for (const node of call.state.nodes.values()) {
    if (change.kind === "machine" && node.machine !== change.machine) continue;
    if (change.kind === "line" && machineOf(call, node)?.site !== change.site) continue;
    judge(call, node, change.kind === "machine");
  }
}

/** An instance of EC2 with a profile has its agent in its image, and is a node as soon as it is up. */
export function instanceChanged(call: Here, { instanceId, state }: Notices["instance-state"]): void {
  const node = call.state.nodes.get(instanceId);
  if (state === "terminated" && node) forget(call, node);
}

export function machineChanged(call: Here, change: Extract<Change, { kind: "machine" }>): void {
  const machine = call.world.machines.get(change.machine);
  const instance = machine?.region === call.region && machine.site === undefined;
  if (instance && alive(machine) && !call.state.nodes.has(change.machine) && hasProfile(call, change.machine))
    made(call, change.machine, change.machine);
  sensed(call, change);
}

const hasProfile = (call: Here, id: string): boolean => call.peek("ec2").instances.get(id)?.IamInstanceProfile !== undefined;

function judge(call: Here, node: Node, started: boolean): void {
  const reached = reaches(call, machineOf(call, node));
  if (reached === node.connected && (reached || node.event !== undefined || node.pingStatus === "ConnectionLost")) return;
  if (node.event !== undefined) call.cancel(node.event);
  node.event = undefined;
  if (!reached && node.connected) {
    node.lastPing = heartbeat(node, call.now);
    node.connected = false;
  }
  if (reached) node.event = call.background(since(call.now, backAt(call, node, started)), "back", { node: node.id });
  else if (node.pingStatus === "Online") {
    const noticed = plus(node.lastPing, call.latency("node-lost"));
    node.event = call.background(since(call.now, noticed > call.now ? noticed : call.now), "silent", { node: node.id });
  }
}

/** An agent that has just started asks at once. Else: when the agent that can reach Systems Manager again does: at its next heartbeat, or when it next asks for the credentials that ran out meanwhile. */
function backAt(call: Here, node: Node, started: boolean): Instant {
  if (started) return call.now;
  const next = plus(heartbeat(node, call.now), HEARTBEAT);
  if (node.activation === undefined) return next;
  const ran = plus(node.lastPing, CREDENTIALS);
  if (call.now <= ran) return next;
  if (node.fingerprint !== undefined && node.fingerprint !== node.machine) return plus(call.now, DENIED);
  let attempt = ran;
  for (let pause = seconds(1); attempt <= call.now; pause = Math.min(pause * 2, BACKOFF_MAX) as Duration) attempt = plus(attempt, pause);
  return attempt;
}

export const nodeTimers = {
  silent(call: Here, { node: id }: NodeTimers["silent"]) {
    const node = call.state.nodes.get(id);
    if (!node || node.connected) return;
    node.event = undefined;
    status(call, node, "ConnectionLost");
  },
  back(call: Here, { node: id }: NodeTimers["back"]) {
    const node = call.state.nodes.get(id);
    if (!node) return;
    node.event = undefined;
    node.connected = true;
    status(call, node, "Online");
  },
};

function status(call: Here, node: Node, pingStatus: Node["pingStatus"]): void {
  const was = node.pingStatus;
  node.pingStatus = pingStatus;
  // Also when nobody had noticed: what waits for the node goes on.
  if (was !== pingStatus || pingStatus === "Online") call.tell("node-changed", { instanceId: node.id, pingStatus });
}

function valuesOf(node: Node, key: string): string[] {
  if (key.startsWith("tag:")) return [node.tags[key.slice(4)] ?? "\0"];
  const known: Record<string, string[]> = {
    InstanceIds: [node.id],
    PingStatus: [node.pingStatus],
    ActivationIds: [node.activation ?? ""],
    IamRole: [node.role ?? ""],
    ResourceType: [node.activation === undefined ? "EC2Instance" : "ManagedInstance"],
    PlatformTypes: ["Linux"],
    AgentVersion: [AGENT],
    "tag-key": Object.keys(node.tags),
  };
  if (!known[key]) throw new AwsError("InvalidInstanceInformationFilterValue", `The filter ${key} is not valid.`);
  return known[key];
}

// The version of the agent's sources that docs/semantics reads.
const AGENT = "3.3.987.0";

function shown(call: Here, node: Node): sdk.InstanceInformation {
  const machine = machineOf(call, node);
  const outside = node.activation !== undefined;
  return {
    InstanceId: node.id,
    PingStatus: node.pingStatus,
    LastPingDateTime: date(lastPing(call, node)),
    AgentVersion: AGENT,
    IsLatestVersion: true,
    PlatformType: "Linux",
    PlatformName: outside ? "Debian GNU/Linux" : "Amazon Linux",
    PlatformVersion: outside ? "12" : "2023",
    ActivationId: node.activation,
    IamRole: node.role,
    RegistrationDate: outside ? date(node.registered) : undefined,
    ResourceType: outside ? "ManagedInstance" : "EC2Instance",
    Name: node.name,
    IPAddress: machine?.address,
    ComputerName: outside ? node.machine : undefined,
    SourceId: node.id,
    SourceType: outside ? "AWS::SSM::ManagedInstance" : "AWS::EC2::Instance",
  };
}
