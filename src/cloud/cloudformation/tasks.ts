/** One resource's way through a phase: begun, its handler called, looked at every second until it has settled. */
import { seconds, since, type Duration, type Instant } from "../../kernel/units.ts";
import { AwsError, type ResourceType, type Stack } from "../service.ts";
import { concludeSoon } from "./deploy.ts";
import { follow } from "./dynamic-references.ts";
import { setResourceStatus, tell } from "./events.ts";
import { evaluate } from "./intrinsics.ts";
import { nestedDiffers } from "./nested.ts";
import { scopeOf } from "./plan.ts";
import { denied } from "./policy.ts";
import { changed, check, recreation, schemaOf } from "./schema.ts";
import { signalled } from "./signals.ts";
import type { Discarded, Here, Operation, Plan, Snapshots, StackRecord, StackResource, Task, Timers } from "./state.ts";
import { invalid } from "./template.ts";

/** Our figures; AWS documents none. Between a resource's CREATE_IN_PROGRESS and the call to its service. */
const HANDLER = seconds(1);
/** Between two looks at whether it has settled: as `ResourceType.settled` promises. */
const LOOK = seconds(1);
/** Between two attempts to delete what something else still uses, and for how long. */
const RETRY = seconds(10);
const PATIENCE = seconds(600);

/** Refusals that pass once something else has gone. */
const IN_USE = /DependencyViolation|InUse|DeleteConflict|IncorrectState|DependencyTimeout/;

/** Starts tasks, and those that they unblock by being done at once. Works off a list: chains of unchanged resources are long. */
export function startReady(call: Here, stack: StackRecord, ready: Task[]): void {
  const operation = stack.operation!;
  for (const task of ready) {
    if (stopped(operation)) return;
    const before = operation.failed.length;
    const instantly = start(call, stack, operation, task);
    if (operation.failed.length > before) return;
    if (instantly) ready.push(...done(operation, task));
  }
}

/** Creations and updates stop at the first failure; deletions go on with what they can. */
const stopped = ({ phase, failed, reason }: Operation) =>
  reason !== undefined || (failed.length > 0 && (phase === "create" || phase === "update" || phase === "update-rollback"));

function done(operation: Operation, task: Task): Task[] {
  task.stage = "done";
  operation.open--;
  return task.unblocks.map((key) => operation.tasks.get(key)!).filter((next) => --next.waits === 0);
}

/** Answers whether there is nothing to do. */
function start(call: Here, stack: StackRecord, operation: Operation, task: Task): boolean {
  try {
    if (task.action === "delete") return startDeletion(call, stack, operation, task);
    if (task.action === "restore") return startRestore(call, stack, operation, task);
    return startChange(call, stack, operation, task);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    operation.running++;
    failTask(call, stack, operation, task, error.message);
    return false;
  }
}

function run(call: Here, stack: StackRecord, operation: Operation, task: Task, delay: Duration, stage: Task["stage"] = "acting"): false {
  if (task.stage === "waiting") operation.running++;
  task.stage = stage;
  const next = { stackId: stack.StackId, operation: operation.id, key: task.key };
  // Signals come from outside, so nobody's time is to run because one is awaited.
  task.timer =
    stage === "settling" && awaitsSignals(operation, task) ? call.background(delay, "step", next) : call.after(delay, "step", next);
  return false;
}

function awaitsSignals({ target }: Operation, { logicalId, action }: Task): boolean {
  const definition = action === "create" ? target.template.Resources[logicalId] : undefined;
  return definition?.Type === "AWS::CloudFormation::WaitCondition" || definition?.CreationPolicy?.ResourceSignal !== undefined;
}

/** A signal has come: its resource is looked at now. */
export function lookNow(call: Here, stack: StackRecord, logicalId: string): void {
  const task = stack.operation?.tasks.get(logicalId);
  if (task?.stage !== "settling") return;
  if (task.timer !== undefined) call.cancel(task.timer);
  task.timer = call.after(seconds(0), "step", { stackId: stack.StackId, operation: stack.operation!.id, key: task.key });
}

function resolved(call: Here, stack: StackRecord, plan: Plan, id: string): Pick<StackResource, "properties" | "shown"> {
  const definition = plan.template.Resources[id]!;
  const properties = evaluate(definition.Properties ?? {}, scopeOf(call, stack, plan)) as Record<string, unknown>;
  const secrets = plan.parameters.some(({ secret }) => secret);
  return {
    properties,
    shown: secrets ? (evaluate(definition.Properties ?? {}, scopeOf(call, stack, plan, true)) as Record<string, unknown>) : undefined,
  };
}

const policyOf = (value: unknown, otherwise: string) => (typeof value === "string" ? value : otherwise);

function startChange(call: Here, stack: StackRecord, operation: Operation, task: Task): boolean {
  const { logicalId } = task;
  const definition = operation.target.template.Resources[logicalId]!;
  const current = stack.resources.get(logicalId);
  const policies = {
    deletionPolicy: policyOf(definition.DeletionPolicy, "Delete"),
    updateReplacePolicy: policyOf(definition.UpdateReplacePolicy, "Delete"),
  };
  const fresh =
    current?.physicalId === undefined ||
    current.type !== definition.Type ||
    /^(CREATE_FAILED|DELETE_COMPLETE|DELETE_SKIPPED)$/.test(current.status);
  if (fresh) {
    task.action = "create";
    if (current?.physicalId !== undefined && /^(CREATE_FAILED|CREATE_COMPLETE|UPDATE_COMPLETE)$/.test(current.status))
      discard(operation, current);
    const resource: StackResource = {
      logicalId,
      type: definition.Type,
      status: "CREATE_IN_PROGRESS",
      at: call.date,
      properties: {},
      ...policies,
    };
    stack.resources.set(logicalId, resource);
    operation.touched.add(logicalId);
    Object.assign(resource, resolved(call, stack, operation.target, logicalId));
    setResourceStatus(call, stack, resource, "CREATE_IN_PROGRESS");
    return run(call, stack, operation, task, HANDLER);
  }
  task.action = "update";
  const wanted = resolved(call, stack, operation.target, logicalId);
  const names = changed(current.properties, wanted.properties);
  const tagged =
    changed(tagsOf(stack.plan), tagsOf(operation.target)).length > 0 && schemaOf(current.type)?.properties.has("Tags") === true;
  Object.assign(current, policies);
  if (names.length === 0 && !tagged && current.status !== "UPDATE_FAILED" && !nestedDiffers(call, current, operation.target)) return true;
  task.replaces = replaces(call, current, wanted.properties, names);
  operation.touched.add(logicalId);
  const deny = denied(operation.policy ?? stack.policy, logicalId, current.type, task.replaces ? "Update:Replace" : "Update:Modify");
  if (deny) throw invalid(deny);
  if (task.replaces) refuseSameName(current, wanted.properties);
  stack.resources.set(logicalId, { ...current, properties: wanted.properties, shown: wanted.shown });
  setResourceStatus(
    call,
    stack,
    stack.resources.get(logicalId)!,
    "UPDATE_IN_PROGRESS",
    task.replaces ? "Requested update requires the creation of a new physical resource; hence creating one." : undefined,
  );
  return run(call, stack, operation, task, HANDLER);
}

const tagsOf = (plan: Plan | undefined) => Object.fromEntries((plan?.tags ?? []).map(({ Key, Value }) => [Key!, Value]));

function replaces(call: Here, { type, properties }: StackResource, wanted: Record<string, unknown>, names: string[]): boolean {
  if (!call.types.get(type)!.type.update) return names.length > 0;
  return names.some((name) => recreation(type, name, properties[name], wanted[name]) === "Always");
}

/** The new one could not be made while the old one has its name. */
function refuseSameName({ type, properties }: StackResource, wanted: Record<string, unknown>): void {
  const kind = type.split("::")[2]!;
  const named = [...(schemaOf(type)?.id ?? []), `${kind}Name`, "Name"].filter(
    (name) => name.endsWith("Name") && schemaOf(type)?.properties.get(name)?.recreation === "Always",
  );
  const clash =
    (schemaOf(type)?.id.length ?? 0) <= 1
      ? named.find((name) => properties[name] !== undefined && properties[name] === wanted[name])
      : undefined;
  if (clash)
    throw invalid(
      `CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename ${String(wanted[clash])} and update the stack again.`,
    );
}

function discard(operation: Operation, { logicalId, type, physicalId, properties, updateReplacePolicy }: StackResource): void {
  operation.discarded.push({
    logicalId,
    type,
    physicalId: physicalId!,
    properties,
    policy: updateReplacePolicy === "Retain" || updateReplacePolicy === "Snapshot" ? updateReplacePolicy : "Delete",
  });
}

function startRestore(call: Here, stack: StackRecord, operation: Operation, task: Task): boolean {
  const old = stack.before!.resources.get(task.logicalId)!;
  const current = stack.resources.get(task.logicalId)!;
  if (operation.skip.includes(task.logicalId)) {
    setResourceStatus(call, stack, current, "UPDATE_COMPLETE");
    return true;
  }
  // Already back, by a rollback that then failed elsewhere.
  if (current.status === "UPDATE_COMPLETE" && current.properties === old.properties && current.physicalId === old.physicalId) return true;
  setResourceStatus(call, stack, current, "UPDATE_IN_PROGRESS");
  return run(call, stack, operation, task, HANDLER);
}

function startDeletion(call: Here, stack: StackRecord, operation: Operation, task: Task): boolean {
  const gone = task.discarded!;
  const record = current(stack, gone);
  if (gone.policy === "Retain") {
    if (record) setResourceStatus(call, stack, record, "DELETE_SKIPPED");
    else tell(call, stack, gone, "DELETE_SKIPPED");
    return true;
  }
  if (record) setResourceStatus(call, stack, record, "DELETE_IN_PROGRESS");
  else tell(call, stack, gone, "DELETE_IN_PROGRESS");
  return run(call, stack, operation, task, HANDLER);
}

/** The stack's record when it is of that physical resource. */
function current(stack: StackRecord, { logicalId, physicalId }: Discarded): StackResource | undefined {
  const record = stack.resources.get(logicalId);
  return record?.physicalId === physicalId ? record : undefined;
}

/** The timer. */
export function step(call: Here, { stackId, operation: id, key }: Timers["step"]): void {
  const stack = call.state.stacks.get(stackId);
  const operation = stack?.operation;
  const task = operation?.tasks.get(key);
  if (!stack || !operation || operation.id !== id || !task || (task.stage !== "acting" && task.stage !== "settling")) return;
  try {
    if (task.stage === "acting" ? act(call, stack, operation, task) : look(call, stack, operation, task))
      complete(call, stack, operation, task);
    else run(call, stack, operation, task, LOOK, "settling");
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (task.action === "delete" && IN_USE.test(error.code) && since(task.acted as Instant, call.now) < PATIENCE)
      run(call, stack, operation, task, RETRY, "acting");
    else failTask(call, stack, operation, task, wording(call, stack, task, error));
  }
  if (operation.running === 0) concludeSoon(call, stack, operation);
}

/** A service's refusal as CloudFormation passes it on. Its own are texts already. */
function wording(call: Here, stack: StackRecord, task: Task, { code, message }: AwsError): string {
  const type = task.discarded?.type ?? stack.resources.get(task.logicalId)?.type;
  if (type !== undefined && call.types.get(type)?.service === "cloudformation") return message;
  if (
    code === "ValidationError" &&
    /^(Template|Encountered|Property|Value of property|No export|Embedded|WaitCondition|Failed to receive)/.test(message)
  )
    return message;
  return `Resource handler returned message: "${message}" (RequestToken: ${call.uuid()}, HandlerErrorCode: ${handlerCode(code)})`;
}

/** https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html */
function handlerCode(code: string): string {
  if (/AlreadyExists|AlreadyOwned|Duplicate|ResourceExists|EntityAlready/.test(code)) return "AlreadyExists";
  if (/NotFound|NoSuch|NonExistent/.test(code)) return "NotFound";
  if (/LimitExceeded|QuotaExceeded|ServiceQuota/.test(code)) return "ServiceLimitExceeded";
  if (/AccessDenied|UnauthorizedOperation/.test(code)) return "AccessDenied";
  if (/Conflict|InUse|DependencyViolation/.test(code)) return "ResourceConflict";
  if (/Throttl|TooManyRequests/.test(code)) return "Throttling";
  if (/NotStabilized|Timeout/.test(code)) return "NotStabilized";
  return /^(Invalid|Validation|Malformed|Missing|Unsupported)|BadRequest/.test(code) ? "InvalidRequest" : "GeneralServiceException";
}

/** What a type's handlers learn. */
function stackOf(call: Here, stack: StackRecord, plan: Plan, logicalId: string): Stack {
  return {
    stackName: stack.StackName,
    stackId: stack.StackId,
    logicalId,
    generatedName: (max) => generatedName(stack.StackName, logicalId, call.token(12), max),
    tags: {
      ...tagsOf(plan),
      "aws:cloudformation:stack-name": stack.StackName,
      "aws:cloudformation:logical-id": logicalId,
      "aws:cloudformation:stack-id": stack.StackId,
    },
    updatePolicy: plan.template.Resources[logicalId]?.UpdatePolicy ?? {},
  };
}

/** Where the whole is too long, the stack's and the resource's names share the room. */
function generatedName(stackName: string, logicalId: string, suffix: string, max: number): string {
  const room = max - suffix.length - 2;
  if (stackName.length + logicalId.length <= room) return `${stackName}-${logicalId}-${suffix}`;
  const half = Math.floor(room / 2);
  const first = stackName.slice(0, Math.max(half, room - logicalId.length));
  return `${first}-${logicalId.slice(0, room - first.length)}-${suffix}`;
}

const handlersOf = (call: Here, name: string): { type: ResourceType; within: Here } => {
  const owner = call.types.get(name)!;
  return { type: owner.type, within: call.within(owner.service) as Here };
};

/** Calls the handler; answers whether it has settled at once. */
function act(call: Here, stack: StackRecord, operation: Operation, task: Task): boolean {
  task.acted ??= call.now;
  if (task.action === "delete") {
    const { type: name, physicalId, properties, logicalId, policy } = task.discarded!;
    const { type, within } = handlersOf(call, name);
    const about = stackOf(call, stack, operation.target, logicalId);
    if (policy === "Snapshot" && !task.saved) (type as Snapshots).snapshot?.(within, physicalId, properties, about);
    task.saved = true;
    type.delete(within, physicalId, properties, about);
    return !type.gone || type.gone(within, physicalId, properties);
  }
  const resource = stack.resources.get(task.logicalId)!;
  const { type, within } = handlersOf(call, resource.type);
  if (task.action === "restore") return restore(call, stack, operation, task, resource);
  const [finding] = check(resource.type, resource.properties);
  if (finding) throw invalid(finding.message);
  const properties = follow(call, resource.properties) as Record<string, unknown>;
  const about = stackOf(call, stack, operation.target, task.logicalId);
  if (task.action === "create" || task.replaces) {
    const physicalId = type.create(within, properties, about);
    if (task.replaces)
      discard(operation, { ...resource, properties: stack.before!.resources.get(task.logicalId)?.properties ?? resource.properties });
    resource.physicalId = physicalId;
    setResourceStatus(call, stack, resource, task.replaces ? "UPDATE_IN_PROGRESS" : "CREATE_IN_PROGRESS", "Resource creation Initiated");
    return false;
  }
  const previous = stack.before!.resources.get(task.logicalId)?.properties ?? {};
  resource.physicalId =
    type.update?.(within, resource.physicalId!, properties, follow(call, previous) as Record<string, unknown>, about) ??
    resource.physicalId;
  return false;
}

function restore(call: Here, stack: StackRecord, operation: Operation, task: Task, resource: StackResource): boolean {
  const old = stack.before!.resources.get(task.logicalId)!;
  const { type, within } = handlersOf(call, old.type);
  if (resource.physicalId !== old.physicalId) {
    if (resource.physicalId !== undefined)
      operation.discarded.push({
        logicalId: task.logicalId,
        type: resource.type,
        physicalId: resource.physicalId,
        properties: resource.properties,
        policy: "Delete",
      });
    stack.resources.set(task.logicalId, { ...old, status: resource.status, at: call.date });
    return true;
  }
  const properties = follow(call, old.properties) as Record<string, unknown>;
  const moved = type.update?.(
    within,
    old.physicalId!,
    properties,
    follow(call, resource.properties) as Record<string, unknown>,
    stackOf(call, stack, operation.target, task.logicalId),
  );
  stack.resources.set(task.logicalId, { ...old, physicalId: moved ?? old.physicalId, status: resource.status, at: call.date });
  return false;
}

function look(call: Here, stack: StackRecord, operation: Operation, task: Task): boolean {
  if (task.action === "delete") {
    const { type: name, physicalId, properties } = task.discarded!;
    const { type, within } = handlersOf(call, name);
    return !type.gone || type.gone(within, physicalId, properties);
  }
  const resource = stack.resources.get(task.logicalId)!;
  const { type, within } = handlersOf(call, resource.type);
  if (type.settled && !type.settled(within, resource.physicalId!, resource.properties)) return false;
  return (
    task.action === "restore" ||
    task.action === "update" ||
    signalled(call, stack, operation.target.template.Resources[task.logicalId]!, task.logicalId, since(task.acted as Instant, call.now))
  );
}

function complete(call: Here, stack: StackRecord, operation: Operation, task: Task): void {
  if (task.action === "delete") {
    const gone = task.discarded!;
    const record = current(stack, gone);
    if (record) setResourceStatus(call, stack, record, "DELETE_COMPLETE");
    else tell(call, stack, gone, "DELETE_COMPLETE");
  } else {
    setResourceStatus(call, stack, stack.resources.get(task.logicalId)!, task.action === "create" ? "CREATE_COMPLETE" : "UPDATE_COMPLETE");
  }
  operation.running--;
  startReady(call, stack, done(operation, task));
}

function failTask(call: Here, stack: StackRecord, operation: Operation, task: Task, reason: string): void {
  if (operation.forced && task.discarded) {
    const record = current(stack, task.discarded);
    if (record) setResourceStatus(call, stack, record, "DELETE_SKIPPED", reason);
    else tell(call, stack, task.discarded, "DELETE_SKIPPED", reason);
    operation.running--;
    return startReady(call, stack, done(operation, task));
  }
  task.stage = "failed";
  operation.open--;
  operation.running--;
  operation.failed.push(task.logicalId);
  markFailed(call, stack, task, reason);
  if (stopped(operation)) cancelRunning(call, stack);
}

function markFailed(call: Here, stack: StackRecord, task: Task, reason: string): void {
  const status = task.action === "delete" ? "DELETE_FAILED" : task.action === "create" ? "CREATE_FAILED" : "UPDATE_FAILED";
  const record = task.discarded ? current(stack, task.discarded) : stack.resources.get(task.logicalId);
  if (record) setResourceStatus(call, stack, record, status, reason);
  else if (task.discarded) tell(call, stack, task.discarded, status, reason);
}

/** The others of a phase that has failed. */
export function cancelRunning(call: Here, stack: StackRecord): void {
  const operation = stack.operation!;
  for (const task of operation.tasks.values()) {
    if (task.stage !== "acting" && task.stage !== "settling") continue;
    if (task.timer !== undefined) call.cancel(task.timer);
    task.stage = "failed";
    operation.open--;
    operation.running--;
    operation.failed.push(task.logicalId);
    markFailed(call, stack, task, task.action === "create" ? "Resource creation cancelled" : "Resource update cancelled");
  }
}
