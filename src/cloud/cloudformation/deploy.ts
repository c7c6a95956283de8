/**
 * An operation on a stack as a machine of phases: each phase is a graph of tasks, one a resource, that run as soon as what they need is done.
 * Create → (rollback | delete); update → cleanup, or update-rollback → its clean-up; delete.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
 */
import type * as sdk from "@aws-sdk/client-cloudformation";
import { minutes, seconds } from "../../kernel/units.ts";
import { AwsError } from "../service.ts";
import { setStatus } from "./events.ts";
import { checkExports, outputsOf, publish } from "./exports.ts";
import { inverse } from "./graph.ts";
import { nestedBusy, releaseNested } from "./nested.ts";
import { imported } from "./plan.ts";
import { denied } from "./policy.ts";
import type { Before, Discarded, Here, Operation, Phase, Plan, StackRecord, StackResource, Task } from "./state.ts";
import { cancelRunning, startReady } from "./tasks.ts";
import { invalid } from "./template.ts";

/** Our figure: between a stack's status and its first resource AWS takes some seconds. */
const FIRST_RESOURCE = seconds(1);

export type Options = {
  token?: string;
  onFailure?: "ROLLBACK" | "DO_NOTHING" | "DELETE";
  disableRollback?: boolean;
  retainExceptOnCreate?: boolean;
  timeoutMinutes?: number;
  retain?: string[];
  skip?: string[];
  forced?: boolean;
  policy?: string;
  nested?: boolean;
};

function open(call: Here, stack: StackRecord, type: sdk.OperationType, phase: Phase, target: Plan, options: Options): Operation {
  const operation: Operation = {
    id: call.uuid(),
    token: options.token,
    phase,
    target,
    tasks: new Map(),
    open: 0,
    running: 0,
    failed: [],
    touched: new Set(),
    discarded: [],
    onFailure:
      options.disableRollback || options.onFailure === "DO_NOTHING" ? "nothing" : options.onFailure === "DELETE" ? "delete" : "rollback",
    retain: options.retain ?? [],
    skip: options.skip ?? [],
    retainExceptOnCreate: options.retainExceptOnCreate ?? false,
    forced: options.forced ?? false,
    policy: options.policy,
    nested: options.nested ?? false,
  };
  stack.operation = operation;
  stack.operations = [
    { id: operation.id, type, started: call.date, status: "IN_PROGRESS" as const, token: options.token },
    ...stack.operations,
  ].slice(0, 50);
  if (options.timeoutMinutes)
    operation.timeout = call.background(minutes(options.timeoutMinutes), "timeout", { stackId: stack.StackId, operation: operation.id });
  return operation;
}

function soon(call: Here, stack: StackRecord, operation: Operation): void {
  if (operation.begins !== undefined) call.cancel(operation.begins);
  operation.begins = call.after(FIRST_RESOURCE, "begin", { stackId: stack.StackId, operation: operation.id });
}

/** Our figure: a stack's last event is later than its last resource's, and tools sort by time. */
const LAST_RESOURCE = seconds(1);

export function concludeSoon(call: Here, stack: StackRecord, operation: Operation): void {
  if (operation.begins !== undefined) call.cancel(operation.begins);
  operation.begins = call.after(LAST_RESOURCE, "conclude", { stackId: stack.StackId, operation: operation.id });
}

export function startCreate(call: Here, stack: StackRecord, plan: Plan, options: Options): void {
  stack.plan = plan;
  const operation = open(call, stack, "CREATE_STACK", "create", plan, options);
  setStatus(call, stack, "CREATE_IN_PROGRESS", "User Initiated");
  soon(call, stack, operation);
}

export function startUpdate(call: Here, stack: StackRecord, plan: Plan, options: Options): void {
  const operation = open(call, stack, "UPDATE_STACK", "update", plan, options);
  // An update after a failed one that was not rolled back still returns to what was before the first.
  stack.before = { ...(stack.before ?? snapshot(stack)), attempted: plan };
  operation.discarded = [...stack.before.discarded];
  operation.touched = new Set(stack.before.touched);
  stack.LastUpdatedTime = call.date;
  setStatus(call, stack, "UPDATE_IN_PROGRESS", "User Initiated");
  soon(call, stack, operation);
}

function snapshot(stack: StackRecord): Before {
  const resources = new Map([...stack.resources].map(([id, resource]) => [id, { ...resource }]));
  return { plan: stack.plan!, attempted: stack.plan!, resources, outputs: stack.Outputs, touched: [], discarded: [] };
}

export function startDelete(call: Here, stack: StackRecord, options: Options): void {
  const operation = open(call, stack, "DELETE_STACK", "delete", stack.plan ?? nothing(), options);
  operation.from = stack.StackStatus;
  setStatus(call, stack, "DELETE_IN_PROGRESS", "User Initiated");
  soon(call, stack, operation);
}

/** From UPDATE_FAILED or UPDATE_ROLLBACK_FAILED, or a nested stack whose root fails: back to what was before the update. */
export function startUpdateRollback(call: Here, stack: StackRecord, type: sdk.OperationType, options: Options): void {
  const before = stack.before!;
  const operation = open(call, stack, type, "update-rollback", before.plan, options);
  operation.touched = new Set(before.touched);
  operation.discarded = [...before.discarded];
  setStatus(call, stack, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated");
  soon(call, stack, operation);
}

/** From CREATE_FAILED: deletes what was made. */
export function startCreateRollback(call: Here, stack: StackRecord, options: Options): void {
  const operation = open(call, stack, "ROLLBACK", "rollback", stack.plan!, options);
  setStatus(call, stack, "ROLLBACK_IN_PROGRESS", "User Initiated");
  soon(call, stack, operation);
}

/** A stack that never had a plan: a change set was never executed. */
const nothing = (): Plan => ({
  body: "",
  template: { Parameters: {}, Rules: {}, Mappings: {}, Conditions: {}, Transform: [], Resources: {}, Outputs: {} },
  parameters: [],
  conditions: {},
  dependencies: new Map(),
  imports: [],
  tags: [],
});

/** The tasks of the phase, and those that can start do. */
export function begin(call: Here, stack: StackRecord): void {
  const operation = stack.operation!;
  operation.tasks = new Map();
  operation.failed = [];
  operation.running = 0;
  refuse(call, stack, operation);
  if (operation.reason === undefined) for (const task of tasksOf(stack, operation)) operation.tasks.set(task.key, task);
  operation.open = operation.tasks.size;
  startReady(
    call,
    stack,
    [...operation.tasks.values()].filter(({ waits }) => waits === 0),
  );
  if (operation.running === 0) conclude(call, stack);
}

/** What fails an operation as a whole before its first resource. */
function refuse(call: Here, stack: StackRecord, operation: Operation): void {
  try {
    if (operation.phase === "create" || operation.phase === "update") for (const name of operation.target.imports) imported(call, name);
    if (operation.phase === "update") refuseRemovals(stack, operation.target);
    if (operation.phase === "delete") checkExports(call, stack, []);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    operation.reason = error.message;
  }
}

/** A stack policy may protect what the new template no longer has. */
function refuseRemovals(stack: StackRecord, target: Plan): void {
  for (const { logicalId, type } of stack.resources.values()) {
    const reason = target.dependencies.has(logicalId)
      ? undefined
      : denied(stack.operation?.policy ?? stack.policy, logicalId, type, "Update:Delete");
    if (reason) throw invalid(reason);
  }
}

function tasksOf(stack: StackRecord, operation: Operation): Task[] {
  const { phase, target } = operation;
  if (phase === "create" || phase === "update") return forward(target.dependencies, phase);
  if (phase === "update-rollback") {
    const { resources } = stack.before!;
    const restored = [...target.dependencies].filter(([id]) => operation.touched.has(id) && resources.has(id));
    const kept = new Set(restored.map(([id]) => id));
    return forward(new Map(restored.map(([id, needs]) => [id, needs.filter((need) => kept.has(need))])), "restore");
  }
  if (phase === "cleanup" || phase === "update-rollback-cleanup")
    return backward(operation.discarded, stack.before!.plan, stack.before!.attempted);
  return backward(deletable(stack, operation), stack.plan ?? target, target);
}

const task = (key: string, logicalId: string, action: Task["action"], waits: number, unblocks: string[], discarded?: Discarded): Task => ({
  key,
  logicalId,
  action,
  waits,
  unblocks,
  stage: "waiting",
  discarded,
});

function forward(needs: ReadonlyMap<string, readonly string[]>, action: Task["action"]): Task[] {
  const users = inverse(needs);
  return [...needs].map(([id, names]) => task(id, id, action, names.length, users.get(id)!));
}

/** Deletions: what needs a resource goes before it. The old and the new template both say who needs whom. */
function backward(discarded: readonly Discarded[], ...plans: Plan[]): Task[] {
  const keys = new Map<string, string[]>();
  for (const [index, { logicalId }] of discarded.entries()) keys.set(logicalId, [...(keys.get(logicalId) ?? []), `${logicalId}#${index}`]);
  const unblocks = new Map<string, Set<string>>();
  const waits = new Map<string, number>();
  for (const { dependencies } of plans) {
    for (const [id, needs] of dependencies) {
      for (const key of keys.get(id) ?? []) {
        const next = unblocks.get(key) ?? new Set();
        unblocks.set(key, next);
        for (const need of needs.flatMap((name) => keys.get(name) ?? [])) {
          if (next.has(need)) continue;
          next.add(need);
          waits.set(need, (waits.get(need) ?? 0) + 1);
        }
      }
    }
  }
  return discarded.map((resource, index) => {
    const key = `${resource.logicalId}#${index}`;
    return task(key, resource.logicalId, "delete", waits.get(key) ?? 0, [...(unblocks.get(key) ?? [])], resource);
  });
}

/** For a stack's deletion, or the rollback of its creation. */
function deletable(stack: StackRecord, operation: Operation): Discarded[] {
  const own = [...stack.resources.values()]
    .filter(({ physicalId, status }) => physicalId !== undefined && status !== "DELETE_COMPLETE" && status !== "DELETE_SKIPPED")
    .map((resource) =>
      discarded(
        resource,
        operation.retain.includes(resource.logicalId) ? "Retain" : leaves(resource, operation, operation.phase === "rollback"),
      ),
    );
  return [...own, ...(stack.before?.discarded ?? [])];
}

/** What becomes of a resource that leaves the stack; `fresh`: in the rollback of the operation that made it. */
function leaves({ deletionPolicy }: StackResource, { retainExceptOnCreate }: Operation, fresh: boolean): Discarded["policy"] {
  if (deletionPolicy === "RetainExceptOnCreate" || (deletionPolicy === "Retain" && retainExceptOnCreate))
    return fresh ? "Delete" : "Retain";
  return deletionPolicy === "Retain" || (deletionPolicy === "Snapshot" && !fresh) ? deletionPolicy : "Delete";
}

const discarded = ({ logicalId, type, physicalId, properties }: StackResource, policy: Discarded["policy"]): Discarded => ({
  logicalId,
  type,
  physicalId: physicalId!,
  properties,
  policy,
});

/** Nothing of the phase runs any more: what comes next. */
export function conclude(call: Here, stack: StackRecord): void {
  const operation = stack.operation!;
  const failure = failureOf(operation);
  switch (operation.phase) {
    case "create":
      return (failure ?? finishOutputs(call, stack, operation))
        ? failedCreate(call, stack, operation)
        : end(call, stack, "CREATE_COMPLETE");
    case "update":
      return (failure ?? finishOutputs(call, stack, operation)) ? failedUpdate(call, stack, operation) : updated(call, stack, operation);
    case "rollback":
      return failure ? end(call, stack, "ROLLBACK_FAILED", failure) : end(call, stack, "ROLLBACK_COMPLETE");
    case "cleanup":
      return cleaned(call, stack, "UPDATE_COMPLETE");
    case "update-rollback":
      if (failure) return end(call, stack, "UPDATE_ROLLBACK_FAILED", failure);
      return restored(call, stack, operation);
    case "update-rollback-cleanup":
      return cleaned(call, stack, "UPDATE_ROLLBACK_COMPLETE");
    case "delete":
      // An export in use stops it before anything is deleted, and the stack is as it was: github.com/aws/aws-cdk/issues/604
      if (operation.reason !== undefined) return end(call, stack, operation.from!, operation.reason);
      return failure ? end(call, stack, "DELETE_FAILED", failure) : deleted(call, stack);
  }
}

const verbs: Record<Phase, string> = {
  create: "create",
  rollback: "delete",
  update: "update",
  cleanup: "delete",
  "update-rollback": "update",
  "update-rollback-cleanup": "delete",
  delete: "delete",
};

function failureOf(operation: Operation): string | undefined {
  if (operation.reason !== undefined) return operation.reason;
  if (operation.failed.length === 0) return undefined;
  const created = operation.failed.filter((id) => operation.tasks.get(id)?.action === "create");
  const others = operation.failed.filter((id) => !created.includes(id));
  const sentence = (verb: string, ids: string[]) =>
    ids.length > 0 ? `The following resource(s) failed to ${verb}: [${ids.join(", ")}]. ` : "";
  return sentence("create", created) + sentence(verbs[operation.phase], others);
}

/** Sets outputs and exports; answers whether that failed, and leaves the reason in the operation. */
function finishOutputs(call: Here, stack: StackRecord, operation: Operation): boolean {
  try {
    const outputs = outputsOf(call, stack, operation.target);
    checkExports(call, stack, outputs);
    publish(call, stack, outputs);
    stack.Outputs = outputs;
    return false;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    operation.reason = `${error.message.replace(/\.$/, "")}. `;
    return true;
  }
}

function next(call: Here, stack: StackRecord, operation: Operation, phase: Phase, status: sdk.StackStatus, reason?: string): void {
  operation.phase = phase;
  operation.reason = undefined;
  setStatus(call, stack, status, reason);
  soon(call, stack, operation);
}

function failedCreate(call: Here, stack: StackRecord, operation: Operation): void {
  const reason = failureOf(operation)!;
  if (operation.onFailure === "nothing") return end(call, stack, "CREATE_FAILED", reason);
  const requested = `${reason.trimEnd()}${operation.onFailure === "delete" ? " Delete requested by user." : " Rollback requested by user."}`;
  if (operation.onFailure === "delete") return next(call, stack, operation, "delete", "DELETE_IN_PROGRESS", requested);
  next(call, stack, operation, "rollback", "ROLLBACK_IN_PROGRESS", requested);
}

function failedUpdate(call: Here, stack: StackRecord, operation: Operation): void {
  const before = stack.before!;
  before.touched = [...operation.touched];
  before.discarded = operation.discarded;
  const reason = failureOf(operation)!;
  if (operation.onFailure === "nothing") return end(call, stack, "UPDATE_FAILED", reason);
  operation.target = before.plan;
  next(call, stack, operation, "update-rollback", "UPDATE_ROLLBACK_IN_PROGRESS", reason);
}

/** The update has come through: what it replaced or dropped is deleted now. */
function updated(call: Here, stack: StackRecord, operation: Operation): void {
  const { target } = operation;
  stack.plan = target;
  stack.Description = target.template.Description;
  stack.Tags = target.tags;
  const dropped = [...stack.resources.values()].filter(({ logicalId }) => !target.dependencies.has(logicalId));
  for (const resource of dropped) {
    if (resource.physicalId === undefined) stack.resources.delete(resource.logicalId);
    else operation.discarded.push(discarded(resource, leaves(resource, operation, false)));
  }
  stack.before!.touched = [...operation.touched];
  stack.before!.discarded = operation.discarded;
  operation.phase = "cleanup";
  operation.reason = undefined;
  setStatus(call, stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS");
  if (!operation.nested) soon(call, stack, operation);
}

/** Every resource is as before the update; what the update made is deleted now. */
function restored(call: Here, stack: StackRecord, operation: Operation): void {
  const before = stack.before!;
  for (const id of operation.touched) {
    const resource = stack.resources.get(id);
    if (!resource || before.resources.has(id)) continue;
    if (resource.physicalId === undefined) stack.resources.delete(id);
    else operation.discarded.push(discarded(resource, leaves(resource, operation, true)));
  }
  // What was replaced is current again, so it is no longer to go.
  operation.discarded = operation.discarded.filter(
    ({ logicalId, physicalId }) => stack.resources.get(logicalId)?.physicalId !== physicalId || !before.resources.has(logicalId),
  );
  stack.plan = before.plan;
  stack.Description = before.plan.template.Description;
  stack.Tags = before.plan.tags;
  stack.Outputs = before.outputs;
  publish(call, stack, before.outputs ?? []);
  next(call, stack, operation, "update-rollback-cleanup", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS");
}

function cleaned(call: Here, stack: StackRecord, status: sdk.StackStatus): void {
  if (releaseNested(call, stack) || nestedBusy(call, stack)) return soon(call, stack, emptied(stack.operation!));
  const current = stack.plan!;
  for (const id of stack.resources.keys()) if (!current.dependencies.has(id)) stack.resources.delete(id);
  stack.before = undefined;
  end(call, stack, status);
}

/** Nothing left to delete: the next look is for the nested stacks only. */
function emptied(operation: Operation): Operation {
  operation.discarded = [];
  return operation;
}

function deleted(call: Here, stack: StackRecord): void {
  publish(call, stack, []);
  stack.before = undefined;
  stack.DeletionTime = call.date;
  end(call, stack, "DELETE_COMPLETE");
  if (call.state.names.get(stack.StackName) === stack.StackId) call.state.names.delete(stack.StackName);
  for (const [id, set] of call.state.changeSets) if (set.StackId === stack.StackId) call.state.changeSets.delete(id);
  // Deleted stacks can be described for 90 days: docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStacks.html
  call.background(minutes(90 * 24 * 60), "forget", { stackId: stack.StackId });
}

/** What an operation is to end with. */
const succeeded: Record<sdk.OperationType, sdk.StackStatus[]> = {
  CREATE_STACK: ["CREATE_COMPLETE"],
  UPDATE_STACK: ["UPDATE_COMPLETE"],
  DELETE_STACK: ["DELETE_COMPLETE"],
  ROLLBACK: ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"],
  CONTINUE_ROLLBACK: ["UPDATE_ROLLBACK_COMPLETE"],
  CREATE_CHANGESET: [],
};

function end(call: Here, stack: StackRecord, status: sdk.StackStatus, reason?: string): void {
  const operation = stack.operation!;
  if (operation.timeout !== undefined) call.cancel(operation.timeout);
  setStatus(call, stack, status, reason);
  const [record] = stack.operations;
  if (record) Object.assign(record, { ended: call.date, status: succeeded[record.type].includes(status) ? "SUCCEEDED" : "FAILED" });
  stack.operation = undefined;
  const executed = stack.ChangeSetId === undefined ? undefined : call.state.changeSets.get(stack.ChangeSetId);
  if (executed?.ExecutionStatus === "EXECUTE_IN_PROGRESS")
    executed.ExecutionStatus = /^(CREATE|UPDATE)_COMPLETE$/.test(status) ? "EXECUTE_COMPLETE" : "EXECUTE_FAILED";
}

/** The operation took longer than its time, or was cancelled: what runs is cancelled, and it fails. */
export function interrupt(call: Here, stack: StackRecord, reason: string): void {
  const operation = stack.operation!;
  operation.reason = reason;
  cancelRunning(call, stack);
  conclude(call, stack);
}
