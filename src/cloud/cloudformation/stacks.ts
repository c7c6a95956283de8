/** Stacks: made, changed, deleted, and taken back. */
import type * as sdk from "@aws-sdk/client-cloudformation";
import { AwsError } from "../service.ts";
import { startCreate, startCreateRollback, startDelete, startUpdate, startUpdateRollback, interrupt } from "./deploy.ts";
import { changesOf, differsBeyondResources } from "./diff.ts";
import { checkCapabilities, prepare } from "./plan.ts";
import { checkPolicy } from "./policy.ts";
import { download, templateText } from "./sources.ts";
import type { Here, Plan, StackRecord } from "./state.ts";
import { lookNow } from "./tasks.ts";
import { invalid, LIMITS } from "./template.ts";

export const missing = (name: string) => invalid(`Stack with id ${name} does not exist`);

/** By name or id; deleted ones by id only. */
export function lookUp(call: Here, name: string): StackRecord | undefined {
  return call.state.stacks.get(call.state.names.get(name) ?? name);
}

export function find(call: Here, name: string, message = `Stack [${name}] does not exist`): StackRecord {
  const stack = lookUp(call, name);
  if (!stack || stack.StackStatus === "DELETE_COMPLETE") throw invalid(message);
  return stack;
}

export const newStack = (
  call: Here,
  name: string,
  {
    NotificationARNs = [],
    Capabilities = [],
    RoleARN,
    TimeoutInMinutes,
  }: Pick<sdk.CreateStackInput, "NotificationARNs" | "Capabilities" | "RoleARN" | "TimeoutInMinutes">,
): StackRecord => ({
  StackId: call.arn("cloudformation", `stack/${name}/${call.uuid()}`),
  StackName: name,
  CreationTime: call.date,
  StackStatus: "REVIEW_IN_PROGRESS",
  DisableRollback: false,
  RollbackConfiguration: {},
  NotificationARNs,
  Capabilities,
  RoleARN,
  TimeoutInMinutes,
  Tags: [],
  EnableTerminationProtection: false,
  DriftInformation: { StackDriftStatus: "NOT_CHECKED" },
  resources: new Map(),
  events: [],
  signals: new Map(),
  operations: [],
});

type Shared = Pick<sdk.CreateStackInput, "StackName" | "Tags" | "NotificationARNs" | "RollbackConfiguration" | "DeploymentConfig">;

/** What is wrong with the members that stacks and change sets share. */
export function checkRequest(
  call: Here,
  { StackName, Tags = [], NotificationARNs = [], RollbackConfiguration, DeploymentConfig }: Shared,
): void {
  // Names: docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
  if (!/^(?:[a-zA-Z][-a-zA-Z0-9]{0,127}|arn:[-\w:/]+)$/.test(StackName ?? "")) {
    throw invalid(
      `1 validation error detected: Value '${StackName}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`,
    );
  }
  if (Tags.length > 50)
    throw invalid(
      "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50",
    );
  if (Tags.some(({ Key }) => Key?.startsWith("aws:"))) throw invalid("Tag keys must not start with the reserved prefix 'aws:'");
  if (new Set(Tags.map(({ Key }) => Key)).size < Tags.length) throw invalid("Duplicate tag keys found. Please check your input.");
  if (NotificationARNs.length > 5)
    throw invalid(
      "1 validation error detected: Value at 'notificationARNs' failed to satisfy constraint: Member must have length less than or equal to 5",
    );
  if (RollbackConfiguration?.RollbackTriggers?.length || RollbackConfiguration?.MonitoringTimeInMinutes)
    throw invalid("Causeway does not emulate rollback triggers: deploy without RollbackTriggers and MonitoringTimeInMinutes.");
  if (DeploymentConfig?.Mode === "EXPRESS") throw invalid("Causeway does not emulate the deployment mode EXPRESS: deploy with STANDARD.");
  if (call.state.names.size >= LIMITS.stacks && !lookUp(call, StackName!))
    throw new AwsError("LimitExceededException", `Stack limit (${LIMITS.stacks}) exceeded`);
}

export const statusError = (stack: StackRecord, what: string) =>
  invalid(`Stack:${stack.StackId} is in ${stack.StackStatus} state and can not be ${what}.`);

function policyText(call: Here, body: string | undefined, url: string | undefined): string | undefined {
  if (body !== undefined && url !== undefined) throw invalid("You cannot specify both StackPolicyURL and StackPolicyBody.");
  const text = url === undefined ? body : download(call, url);
  if (text !== undefined) checkPolicy(text);
  return text;
}

/** The caller may allow only some types, e.g. `AWS::EC2::*`. */
export function checkAllowedTypes({ template, dependencies }: Plan, allowed: readonly string[] | undefined): void {
  if (!allowed) return;
  const matches = (type: string) => allowed.some((one) => one === type || (one.endsWith("*") && type.startsWith(one.slice(0, -1))));
  const others = [...new Set([...dependencies.keys()].map((id) => template.Resources[id]!.Type))].filter((type) => !matches(type));
  if (others.length > 0) throw invalid(`Resource type ${others[0]} is not allowed by parameter ResourceTypes [${allowed.join(", ")}]`);
}

/** A stack's own token: the same request again is answered as the first was. */
const repeated = (stack: StackRecord | undefined, token: string | undefined, action: string) =>
  token !== undefined && stack?.lastToken?.token === token && stack.lastToken.action === action;

const remember = (stack: StackRecord, token: string | undefined, action: string) => {
  if (token !== undefined) stack.lastToken = { token, action };
};

function CreateStack(call: Here, input: sdk.CreateStackInput) {
  checkRequest(call, input);
  const existing = lookUp(call, input.StackName!);
  if (existing && repeated(existing, input.ClientRequestToken, "CreateStack")) return { StackId: existing.StackId };
  if (existing && existing.StackStatus !== "DELETE_COMPLETE")
    throw new AwsError("AlreadyExistsException", `Stack [${input.StackName}] already exists`);
  if (input.OnFailure !== undefined && input.DisableRollback !== undefined)
    throw invalid("You can only specify one of OnFailure and DisableRollback.");
  const stack = newStack(call, input.StackName!, input);
  const body = templateText(call, input);
  const policy = policyText(call, input.StackPolicyBody, input.StackPolicyURL);
  const plan = prepare(call, stack, { body, parameters: input.Parameters ?? [], tags: input.Tags ?? [] });
  checkCapabilities(body, plan, input.Capabilities ?? [], true);
  checkAllowedTypes(plan, input.ResourceTypes);
  Object.assign(stack, {
    policy,
    Description: plan.template.Description,
    Tags: plan.tags,
    DisableRollback: input.DisableRollback ?? input.OnFailure === "DO_NOTHING",
    EnableTerminationProtection: input.EnableTerminationProtection ?? false,
  });
  if (input.RollbackConfiguration) stack.RollbackConfiguration = input.RollbackConfiguration;
  call.state.stacks.set(stack.StackId, stack);
  call.state.names.set(stack.StackName, stack.StackId);
  remember(stack, input.ClientRequestToken, "CreateStack");
  startCreate(call, stack, plan, {
    token: input.ClientRequestToken,
    onFailure: input.OnFailure,
    disableRollback: input.DisableRollback,
    retainExceptOnCreate: input.RetainExceptOnCreate,
    timeoutMinutes: input.TimeoutInMinutes,
  });
  return { StackId: stack.StackId, OperationId: stack.operation!.id };
}

/** Statuses from which an update may start. */
export const UPDATABLE =
  /^(CREATE_COMPLETE|CREATE_FAILED|UPDATE_COMPLETE|UPDATE_ROLLBACK_COMPLETE|UPDATE_FAILED|IMPORT_COMPLETE|IMPORT_ROLLBACK_COMPLETE)$/;

/** What an update may not do. */
export function checkUpdate(stack: StackRecord, plan: Plan): void {
  if (!UPDATABLE.test(stack.StackStatus)) throw statusError(stack, "updated");
  const moved = [...plan.dependencies.keys()].filter((id) => {
    const type = stack.resources.get(id)?.type;
    return (
      type !== undefined &&
      stack.resources.get(id)!.physicalId !== undefined &&
      stack.resources.get(id)!.status !== "DELETE_COMPLETE" &&
      type !== plan.template.Resources[id]!.Type
    );
  });
  if (moved.length > 0)
    throw invalid(
      `Update of resource type is not permitted. The new template modifies resource type of the following resources: [${moved.join(", ")}]`,
    );
}

function UpdateStack(call: Here, input: sdk.UpdateStackInput) {
  checkRequest(call, input);
  const stack = find(call, input.StackName!);
  if (repeated(stack, input.ClientRequestToken, "UpdateStack")) return { StackId: stack.StackId };
  if (stack.RootId) throw invalid(`Stack ${stack.StackName} is a nested stack and can be updated through its root only.`);
  if (!UPDATABLE.test(stack.StackStatus)) throw statusError(stack, "updated");
  const body = templateText(call, input, stack.plan?.body);
  const policy = policyText(call, input.StackPolicyBody, input.StackPolicyURL);
  const during = policyText(call, input.StackPolicyDuringUpdateBody, input.StackPolicyDuringUpdateURL);
  const plan = prepare(
    call,
    { ...stack, NotificationARNs: input.NotificationARNs ?? stack.NotificationARNs },
    { body, parameters: input.Parameters ?? [], tags: input.Tags ?? stack.plan?.tags ?? [], previous: stack.plan },
  );
  checkCapabilities(body, plan, input.Capabilities ?? [], true);
  checkAllowedTypes(plan, input.ResourceTypes);
  checkUpdate(stack, plan);
  if (changesOf(call, stack, plan).length === 0 && !differsBeyondResources(call, stack, plan) && stack.StackStatus !== "UPDATE_FAILED")
    throw invalid("No updates are to be performed.");
  applyRequest(stack, input);
  if (policy !== undefined) stack.policy = policy;
  remember(stack, input.ClientRequestToken, "UpdateStack");
  startUpdate(call, stack, plan, {
    token: input.ClientRequestToken,
    policy: during,
    disableRollback: input.DisableRollback ?? stack.DisableRollback,
    retainExceptOnCreate: input.RetainExceptOnCreate,
  });
  return { StackId: stack.StackId, OperationId: stack.operation!.id };
}

/** The members of a request that stay with the stack. */
export function applyRequest(
  stack: StackRecord,
  {
    NotificationARNs,
    Capabilities,
    RoleARN,
    RollbackConfiguration,
  }: Pick<sdk.UpdateStackInput, "NotificationARNs" | "Capabilities" | "RoleARN" | "RollbackConfiguration">,
): void {
  if (NotificationARNs) stack.NotificationARNs = NotificationARNs;
  if (RoleARN) stack.RoleARN = RoleARN;
  if (RollbackConfiguration) stack.RollbackConfiguration = RollbackConfiguration;
  stack.Capabilities = Capabilities ?? [];
}

function DeleteStack(call: Here, input: sdk.DeleteStackInput) {
  const stack = lookUp(call, input.StackName!);
  // Deleting what is not there succeeds, as in AWS.
  if (!stack || /^DELETE_(COMPLETE|IN_PROGRESS)$/.test(stack.StackStatus)) return {};
  const protector = stack.RootId ? (call.state.stacks.get(stack.RootId) ?? stack) : stack;
  if (protector.EnableTerminationProtection)
    throw invalid(`Stack [${stack.StackName}] cannot be deleted while TerminationProtection is enabled`);
  const retain = input.RetainResources ?? [];
  if (retain.length > 0 && stack.StackStatus !== "DELETE_FAILED")
    throw invalid(
      `Invalid operation on stack [${stack.StackId}]: RetainResources can only be specified for stacks in DELETE_FAILED state.`,
    );
  if (input.DeletionMode === "FORCE_DELETE_STACK" && stack.StackStatus !== "DELETE_FAILED")
    throw invalid(
      `Invalid operation on stack [${stack.StackId}]. FORCE_DELETE_STACK can only be specified for stacks in DELETE_FAILED state.`,
    );
  const strangers = retain.filter((id) => !stack.resources.has(id));
  if (strangers.length > 0)
    throw invalid(`The following resource(s) do not exist in stack [${stack.StackName}]: [${strangers.join(", ")}]`);
  if (stack.operation && !/^CREATE_IN_PROGRESS$/.test(stack.StackStatus)) throw statusError(stack, "deleted");
  for (const task of stack.operation?.tasks.values() ?? []) if (task.timer !== undefined) call.cancel(task.timer);
  if (stack.operation?.timeout !== undefined) call.cancel(stack.operation.timeout);
  startDelete(call, stack, { token: input.ClientRequestToken, retain, forced: input.DeletionMode === "FORCE_DELETE_STACK" });
  return { OperationId: stack.operation!.id };
}

function CancelUpdateStack(call: Here, { StackName }: sdk.CancelUpdateStackInput) {
  const stack = find(call, StackName!);
  if (stack.StackStatus !== "UPDATE_IN_PROGRESS") throw invalid(`CancelUpdateStack cannot be called from current stack status`);
  interrupt(call, stack, "User Initiated");
  return {};
}

function ContinueUpdateRollback(call: Here, { StackName, ResourcesToSkip = [], ClientRequestToken }: sdk.ContinueUpdateRollbackInput) {
  const stack = find(call, StackName!);
  if (repeated(stack, ClientRequestToken, "ContinueUpdateRollback")) return {};
  if (stack.StackStatus !== "UPDATE_ROLLBACK_FAILED") throw statusError(stack, "continued");
  const failed = [...stack.resources.values()].filter(({ status }) => status === "UPDATE_FAILED").map(({ logicalId }) => logicalId);
  const strangers = ResourcesToSkip.filter((id) => !failed.includes(id));
  if (strangers.length > 0) throw invalid(`The following resources to skip are not in the UPDATE_FAILED state: [${strangers.join(", ")}]`);
  remember(stack, ClientRequestToken, "ContinueUpdateRollback");
  startUpdateRollback(call, stack, "CONTINUE_ROLLBACK", { token: ClientRequestToken, skip: ResourcesToSkip });
  return {};
}

function RollbackStack(call: Here, { StackName, ClientRequestToken, RetainExceptOnCreate }: sdk.RollbackStackInput) {
  const stack = find(call, StackName!);
  if (repeated(stack, ClientRequestToken, "RollbackStack")) return { StackId: stack.StackId };
  const options = { token: ClientRequestToken, retainExceptOnCreate: RetainExceptOnCreate };
  if (stack.StackStatus === "CREATE_FAILED") startCreateRollback(call, stack, options);
  else if (stack.StackStatus === "UPDATE_FAILED") startUpdateRollback(call, stack, "ROLLBACK", options);
  else throw statusError(stack, "rolled back");
  remember(stack, ClientRequestToken, "RollbackStack");
  return { StackId: stack.StackId, OperationId: stack.operation!.id };
}

function SignalResource(call: Here, { StackName, LogicalResourceId, UniqueId, Status }: sdk.SignalResourceInput) {
  const stack = find(call, StackName!);
  if (!stack.StackStatus.endsWith("IN_PROGRESS")) throw statusError(stack, "signaled");
  const resource = stack.resources.get(LogicalResourceId!);
  if (!resource) throw invalid(`Resource ${LogicalResourceId} does not exist for stack ${stack.StackName}`);
  if (!/^(CREATE|UPDATE)_IN_PROGRESS$/.test(resource.status))
    throw invalid(`Resource ${LogicalResourceId} is in ${resource.status} state and cannot be signaled`);
  const received = stack.signals.get(LogicalResourceId!) ?? [];
  if (received.some(({ id }) => id === UniqueId)) return {};
  stack.signals.set(LogicalResourceId!, [...received, { id: UniqueId!, success: Status === "SUCCESS", data: "" }]);
  lookNow(call, stack, LogicalResourceId!);
  return {};
}

function UpdateTerminationProtection(call: Here, { StackName, EnableTerminationProtection }: sdk.UpdateTerminationProtectionInput) {
  const stack = find(call, StackName!);
  if (stack.RootId) throw invalid("Termination protection cannot be updated on nested stacks: set it on the root stack.");
  if (stack.StackStatus.startsWith("DELETE")) throw statusError(stack, "updated");
  stack.EnableTerminationProtection = EnableTerminationProtection;
  return { StackId: stack.StackId };
}

function SetStackPolicy(call: Here, { StackName, StackPolicyBody, StackPolicyURL }: sdk.SetStackPolicyInput) {
  const stack = find(call, StackName!);
  const text = policyText(call, StackPolicyBody, StackPolicyURL);
  if (text === undefined) throw invalid("Either StackPolicyURL or StackPolicyBody must be specified.");
  stack.policy = text;
  return {};
}

export const stackOperations = {
  CreateStack,
  UpdateStack,
  DeleteStack,
  CancelUpdateStack,
  ContinueUpdateRollback,
  RollbackStack,
  SignalResource,
  UpdateTerminationProtection,
  SetStackPolicy,
};
