/** The vocabulary of a service: what an operation is given, what it may answer, how it refuses. */
import type { Duration, Instant } from "../kernel/units.ts";
import type { Change, Physics } from "../world/physics.ts";
import type { World } from "../world/world.ts";
import type { Blob, Blobs } from "./blobs.ts";
import type { LatencyName } from "./latencies.ts";
import type { ServiceName, Services } from "./services/list.ts";
import type { Api } from "./wire/protocol.ts";

/** A refusal that AWS would give: the client raises it as the class of that name. `status` only where the model names none. */
export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    /** HTTP status; absent = the model's, else 400. */
    readonly status?: number,
    /** Further members of the modelled error (e.g. `resourceIds`). */
    readonly members: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = code;
  }
}

/** Who calls: as `sts:GetCallerIdentity` names them. */
export type Principal = {
  account: string;
  /** `arn:aws:iam::…:user/x`, `arn:aws:sts::…:assumed-role/role/session`, or `arn:aws:iam::…:root`. */
  arn: string;
  userId: string;
  accessKeyId?: string;
  /** Set when an AWS service calls on behalf of somebody, e.g. `cloudformation.amazonaws.com`. */
  service?: string;
};

/** An access key, long-lived (IAM) or of a session (STS). */
export type Credential = Omit<Principal, "accessKeyId"> & {
  secretAccessKey: string;
  sessionToken?: string;
  /** Absent = does not expire. */
  expires?: Instant;
  active: boolean;
};

/** A resource as the tagging API sees it. */
export type Tagged = { arn: string; tags: Record<string, string> };

/** The SDK's shape `Shape` in which the members `Always` are never missing. */
export type Known<Shape, Always extends keyof Shape> = Omit<Shape, Always> & { [Member in Always]-?: NonNullable<Shape[Member]> };

/** An input as the wire has checked it: required members are there. */
export type Checked<Input> = { [Member in keyof Input]: {} extends Pick<Input, Member> ? Input[Member] : NonNullable<Input[Member]> };

type Signature<In, Out> = {
  (input: In, options?: any): Promise<Out>;
  (input: In, callback: (...all: any[]) => void): void;
  (input: In, options: any, callback: (...all: any[]) => void): void;
};

/** One function per operation of the SDK's aggregated client, `createVpc` → `CreateVpc(call, input)`. */
export type Operations<Client, State, Timers = {}> = {
  [Method in keyof Client & string as Capitalize<Method>]?: Client[Method] extends Signature<infer In, infer Out>
    ? (call: Call<State, Timers>, input: Checked<In>) => Omit<Out, "$metadata"> | void
    : never;
};

/** What a handler is given; there is nothing else that it may touch. */
export interface Call<State = any, Timers = any> {
  readonly account: string;
  /** The region's code; `us-east-1` for the services that have one endpoint for the world. */
  readonly region: string;
  readonly partition: "aws";
  readonly principal: Principal;
  readonly now: Instant;
  /** `now` as AWS puts it into answers. */
  readonly date: Date;
  readonly state: State;
  readonly world: World;
  /** The hands for those that act on the world: what EC2 does to machines, an agent to containers. */
  readonly physics: Physics;
  /** A draw of that row of `latencies.ts`; its median where the run is told to take medians. */
  latency(name: LatencyName): Duration;
  /** Lets other services of the account and region know, at this instant; those that `hear` such. */
  tell<Topic extends keyof Notices>(topic: Topic, data: Notices[Topic]): void;
  /** `id("vpc")` → `vpc-0a1b…` with 17 hexadecimal digits, as AWS's long ids. */
  id(prefix: string, digits?: number): string;
  uuid(): string;
  /** Upper-case letters and digits, for suffixes and unique ids. */
  token(length: number): string;
  /** Uniform in [0, 1). */
  random(): number;
  /** Random bytes, e.g. key material; part of the run, so that a replay makes the same. */
  bytes(length: number): Uint8Array;
  /** Work that somebody waits for: `Pace` at speed `max` runs until none is left. Returns a handle for `cancel`. */
  after<Type extends keyof Timers & string>(delay: Duration, type: Type, data: Timers[Type]): number;
  /** A moment nobody waits for: schedules, expiry, retention. */
  background<Type extends keyof Timers & string>(delay: Duration, type: Type, data: Timers[Type]): number;
  cancel(event: number): void;
  /** Another service's state, read only, same account and region. */
  peek<Name extends ServiceName>(service: Name): Readonly<ReturnType<Services[Name]["state"]>>;
  /** Another service's operations, same account and region; the principal becomes that service's caller. */
  ask<Name extends ServiceName>(service: Name): Asked<Services[Name]["operations"]>;
  /** The same in another region: for replicas. */
  elsewhere(region: string): Call<State, Timers>;
  /** A stored object body. Its content never changes, so reading it keeps a handler deterministic. */
  body(blob: Blob): Uint8Array;
  readonly blobs: Blobs;
  /** Access keys and sessions by access key id, over all accounts: IAM and STS write them, the front reads them. */
  readonly credentials: Map<string, Credential>;
  /** The CloudFormation types of all services. Only complete for a service that `needs` all. */
  readonly types: ReadonlyMap<string, { service: ServiceName; type: ResourceType }>;
  /** Every loaded service with a call bound to it, for the few that look over all of them. */
  services(): Iterable<{ name: ServiceName; service: Service; call: Call }>;
  /** The same call bound to another service's state, for running that service's resource handlers. */
  within(service: ServiceName): Call;
  /** The service's address as its clients reach it: AWS's own, or where this cloud listens. Queue URLs begin with it. */
  endpoint(): string;
  arn(service: string, resource: string, scope?: { region?: string; account?: string }): string;
}

/** What services tell each other inside AWS, without an API: topic → what is said. */
export type Notices = {
  /** EC2: an instance has another state, by its API. */
  "instance-state": { instanceId: string; state: "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped" };
  /** EC2: a running instance's status checks have another result. */
  "instance-status": { instanceId: string; status: "ok" | "impaired" | "initializing" };
  /** Elastic Load Balancing: a target has another health. */
  "target-health": { targetGroupArn: string; id: string; port: number; state: string; reason?: string };
  /** Application Recovery Controller: traffic of that resource is shifted away from a zone, by its id, or back. */
  "zonal-shift": { resourceArn: string; zone: string; active: boolean };
  /** CloudWatch: an alarm that has a scaling policy among its actions is in the state of those actions; said again each minute (CW-012). */
  "alarm-action": {
    action: string;
    alarmName: string;
    alarmArn: string;
    state: "OK" | "ALARM" | "INSUFFICIENT_DATA";
    /** The datapoints that it was judged by, newest first. */
    values: number[];
  };
  /** ECS: a service's tasks or wishes are others. */
  "service-changed": { clusterArn: string; serviceArn: string };
  /** Any service: what its users may have rules for in EventBridge. */
  event: { source: `aws.${string}`; detailType: string; detail: Record<string, unknown>; resources: string[] };
  /** Systems Manager: a command has ended on all of its nodes. */
  "command-over": { commandId: string; status: string };
  /** Systems Manager: a managed node came, went, or can or cannot be reached. */
  "node-changed": { instanceId: string; pingStatus: string };
};

export type Notice = { [Topic in keyof Notices]: { account: string; region: string; topic: Topic; data: Notices[Topic] } }[keyof Notices];

/** `ask("s3").PutObject(input)`: the operations without their first parameter. */
export type Asked<Ops> = {
  [Name in keyof Ops]-?: NonNullable<Ops[Name]> extends (call: any, input: infer In) => infer Out
    ? (input: In) => Exclude<Out, void>
    : never;
};

/** What a resource's handlers learn from the stack. */
export type Stack = {
  stackName: string;
  stackId: string;
  logicalId: string;
  /** CloudFormation's own name for what has none: `stack-Logical-1ABCDEFGHIJKL`, cut to `max`. */
  generatedName(max: number): string;
  /** The stack's tags and `aws:cloudformation:*`, as key → value. */
  tags: Record<string, string>;
  /** The resource's `UpdatePolicy` as the template has it; `{}` = it has none. */
  updatePolicy?: Record<string, any>;
};

export type Properties = Record<string, any>;

/** A CloudFormation type over the operations of its service. */
export interface ResourceType {
  /** Makes it and answers the physical id, which is also what `Ref` gives unless `ref` says otherwise. */
  create(call: Call, properties: Properties, stack: Stack): string;
  /** Changes it in place; only called when the published schema allows all changes without replacement. May answer a new physical id. */
  update?(call: Call, id: string, properties: Properties, previous: Properties, stack: Stack): string | void;
  /** Must not fail on what is gone already. */
  delete(call: Call, id: string, properties: Properties, stack: Stack): void;
  /** What `Fn::GetAtt` gives. */
  attributes?(call: Call, id: string, properties: Properties): Record<string, unknown>;
  ref?(call: Call, id: string, properties: Properties): string;
  /** Asked every virtual second until true; throws an AwsError when it never will be. Absent = at once. */
  settled?(call: Call, id: string, properties: Properties): boolean;
  /** Asked after `delete` until true. Absent = at once. */
  gone?(call: Call, id: string, properties: Properties): boolean;
  /** Keeps a copy before `delete`, for the Snapshot policy. Absent = a template with that policy is refused. */
  snapshot?(call: Call, id: string, properties: Properties, stack: Stack): void;
  /** The properties as they are now, for drift detection; undefined = it no longer exists. Absent = drift not supported. */
  read?(call: Call, id: string, properties: Properties): Properties | undefined;
}

/** Marks a type's handlers; exists for the uniform shape and the place to check it. */
export const resource = (type: ResourceType): ResourceType => type;

export interface Service {
  /** How it speaks. */
  api: Api & {
    /** The service in the SigV4 credential scope, e.g. `monitoring`; also how a request finds it. */
    signing: string;
  };
  /** Loads the SDK's schemas; only the wire needs them. */
  sdk: () => Promise<any>;
  /** `region` (the default): a state per account and region. `account`: one for the account (IAM). `partition`: one for all accounts (S3's names). */
  scope?: "region" | "account" | "partition";
  /** Services that its handlers peek at or ask; loaded with it. `all` for those that reach any service (CloudFormation, EventBridge). */
  needs?: readonly ServiceName[] | "all";
  /** What it knows before anybody does anything: the same account and region always begin alike. `-` where the scope has none. */
  state: (account: string, region: string) => any;
  operations: Record<string, (call: any, input: any) => any>;
  /** Events that `after` and `background` name. */
  timers?: Record<string, (call: any, data: any) => void>;
  /** What it perceives of the world: called at the instant of a change, for each account and region that it has state of. */
  senses?: { [Kind in Change["kind"]]?: (call: any, change: Extract<Change, { kind: Kind }>) => void };
  /** What other services of its account and region tell it. */
  hears?: { [Topic in keyof Notices]?: (call: any, said: Notices[Topic]) => void };
  /** All of its resources that can carry tags, for the Resource Groups Tagging API. */
  tagged?: (call: any) => Iterable<Tagged>;
  /** Sets and removes tags of the resource with that ARN; answers false when it is not one of its own. */
  tag?: (call: any, arn: string, set: Record<string, string>, remove: readonly string[]) => boolean;
  /** CloudFormation types that it owns. */
  resources?: Record<string, ResourceType>;
  /**
   * Operations that change the run though their name reads like a question, or the other way round.
   * Default: List, Describe, Get, Head, BatchGet, Lookup, Simulate, Search, Filter, Test, Validate, Estimate are questions;
   * a question is not journalled and must leave the run byte-equal.
   */
  changes?: Record<string, boolean>;
}
