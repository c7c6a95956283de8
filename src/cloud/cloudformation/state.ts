/** What CloudFormation remembers. https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Types.html */
import type * as sdk from "@aws-sdk/client-cloudformation";
import type { Call, Known, Properties, Stack } from "../service.ts";
import type { ResolvedParameter } from "./parameters.ts";
import type { Template } from "./template.ts";

/** A template with everything decided that can be before a resource exists: what an operation works towards. */
export type Plan = {
  /** As it was submitted. */
  body: string;
  /** After transforms. */
  template: Template;
  parameters: ResolvedParameter[];
  conditions: Record<string, boolean>;
  /** Logical ids whose conditions hold, each with those that must exist before it. */
  dependencies: Map<string, string[]>;
  /** Names of the exports that it imports. */
  imports: string[];
  tags: sdk.Tag[];
};

export type StackResource = {
  logicalId: string;
  type: string;
  physicalId?: string;
  status: sdk.ResourceStatus;
  reason?: string;
  at: Date;
  /** Resolved, but for dynamic references: those are followed each time and never kept. */
  properties: Properties;
  /** The same with `****` for NoEcho parameters, when there are any. */
  shown?: Properties;
  deletionPolicy: string;
  updateReplacePolicy: string;
  drift?: { status: sdk.StackResourceDriftStatus; at: Date; differences: sdk.PropertyDifference[]; actual?: string; expected?: string };
};

export type StackRecord = Known<
  sdk.Stack,
  "StackId" | "StackName" | "CreationTime" | "StackStatus" | "Tags" | "NotificationARNs" | "Capabilities"
> & {
  /** The last that was deployed, or is being deployed by the first operation. */
  plan?: Plan;
  resources: Map<string, StackResource>;
  /** Oldest first. */
  events: StackEvent[];
  policy?: string;
  operation?: Operation;
  /** What an update started from, until its clean-up begins: what a rollback returns to. */
  before?: Before;
  /** Signals by logical id, for creation policies and wait conditions. */
  signals: Map<string, { id: string; success: boolean; data: string }[]>;
  /** The last operations, newest first. */
  operations: OperationRecord[];
  lastToken?: { token: string; action: string };
};

export type StackEvent = Omit<sdk.StackEvent, "ResourceProperties"> & { properties?: Properties };

export type OperationRecord = {
  id: string;
  type: sdk.OperationType;
  started: Date;
  ended?: Date;
  status: sdk.BeaconStackOperationStatus;
  token?: string;
};

export type Before = {
  plan: Plan;
  /** What the update works towards. */
  attempted: Plan;
  resources: Map<string, StackResource>;
  outputs: sdk.Output[] | undefined;
  /** Of updates since then that were not rolled back. */
  touched: string[];
  discarded: Discarded[];
};

/** A resource that is no longer in the stack and is to be deleted. */
export type Discarded = {
  logicalId: string;
  type: string;
  physicalId: string;
  properties: Properties;
  policy: "Delete" | "Retain" | "Snapshot";
};

/** What a type adds that can be kept as a snapshot when it is deleted. */
export type Snapshots = { snapshot?(call: Call, id: string, properties: Properties, stack: Stack): void };

export type Phase = "create" | "rollback" | "update" | "cleanup" | "update-rollback" | "update-rollback-cleanup" | "delete";

export type Task = {
  key: string;
  logicalId: string;
  action: "create" | "update" | "restore" | "delete";
  /** Tasks that must end first. */
  waits: number;
  /** Tasks that wait for this one. */
  unblocks: string[];
  stage: "waiting" | "acting" | "settling" | "done" | "failed";
  /** For `delete`. */
  discarded?: Discarded;
  /** For `delete`: a snapshot has been taken, where one is wanted. */
  saved?: boolean;
  /** For `update`: what the new properties demand. */
  replaces?: boolean;
  /** The pending event. */
  timer?: number;
  /** When the handler was called, for time-outs. */
  acted?: number;
};

export type Operation = {
  id: string;
  token?: string;
  phase: Phase;
  target: Plan;
  tasks: Map<string, Task>;
  /** Tasks that have neither ended nor failed. */
  open: number;
  running: number;
  failed: string[];
  /** Resources that this operation has made, changed or begun to change. */
  touched: Set<string>;
  discarded: Discarded[];
  /** The status that a deletion began in. */
  from?: sdk.StackStatus;
  onFailure: "rollback" | "nothing" | "delete";
  /** Why the operation fails as a whole, beyond its resources. */
  reason?: string;
  /** The pending event of the phase's end, or the next one's begin. */
  begins?: number;
  timeout?: number;
  retain: string[];
  skip: string[];
  retainExceptOnCreate: boolean;
  forced: boolean;
  /** Instead of the stack's own policy, for this update only. */
  policy?: string;
  /** A nested stack waits for its root before it cleans up. */
  nested: boolean;
};

export type ChangeSet = Known<
  sdk.DescribeChangeSetOutput,
  "ChangeSetId" | "ChangeSetName" | "StackId" | "StackName" | "Status" | "ExecutionStatus" | "CreationTime"
> & {
  type: sdk.ChangeSetType;
  plan?: Plan;
  changes: sdk.Change[];
  roleArn?: string;
  /** What validation before the deployment found. */
  validations: sdk.OperationEvent[];
  operationId: string;
  token?: string;
  /** Whether the caller asked to do without validation. */
  unchecked: boolean;
};

export type Export = Known<sdk.Export, "ExportingStackId" | "Name" | "Value">;

export const state = () => ({
  /** By id; deleted ones stay for 90 days. */
  stacks: new Map<string, StackRecord>(),
  /** Ids of those that are not deleted. */
  names: new Map<string, string>(),
  exports: new Map<string, Export>(),
  changeSets: new Map<string, ChangeSet>(),
  driftDetections: new Map<
    string,
    Known<sdk.DescribeStackDriftDetectionStatusOutput, "StackId" | "StackDriftDetectionId" | "DetectionStatus" | "Timestamp">
  >(),
});

export type State = ReturnType<typeof state>;

export type Timers = {
  step: { stackId: string; operation: string; key: string };
  timeout: { stackId: string; operation: string };
  forget: { stackId: string };
  begin: { stackId: string; operation: string };
  conclude: { stackId: string; operation: string };
  examine: { changeSetId: string };
};

export type Here = Call<State, Timers>;
