/** Change sets: what an update would do, before it is done. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html */
import type * as sdk from "@aws-sdk/client-cloudformation";
import { seconds } from "../../kernel/units.ts";
import { AwsError } from "../service.ts";
import { startCreate, startUpdate } from "./deploy.ts";
import { changesOf, differsBeyondResources, findings } from "./diff.ts";
import { setStatus } from "./events.ts";
import { evaluate } from "./intrinsics.ts";
import { page } from "./pages.ts";
import { shownParameters } from "./parameters.ts";
import { checkCapabilities, imported, planned, prepare } from "./plan.ts";
import { schemaOf } from "./schema.ts";
import { templateText } from "./sources.ts";
import { applyRequest, checkAllowedTypes, checkRequest, checkUpdate, find, lookUp, newStack, statusError, UPDATABLE } from "./stacks.ts";
import type { ChangeSet, Here, Plan, StackRecord } from "./state.ts";
import { invalid } from "./template.ts";

/** Our figure: AWS takes a few seconds to compare. */
const EXAMINATION = seconds(2);

const absent = (name: string) => new AwsError("ChangeSetNotFoundException", `ChangeSet [${name}] does not exist`);

/** By ARN, or by name and stack. */
export function findChangeSet(call: Here, name: string, stackName?: string): ChangeSet {
  const byId = call.state.changeSets.get(name);
  if (byId) return byId;
  if (name.startsWith("arn:")) throw absent(name);
  if (stackName === undefined) throw invalid("StackName must be specified if ChangeSetName is not specified as an ARN.");
  const stack = lookUp(call, stackName);
  const found = [...call.state.changeSets.values()].find(
    ({ ChangeSetName, StackId }) => ChangeSetName === name && StackId === stack?.StackId,
  );
  if (!found) throw stack ? absent(name) : invalid(`Stack [${stackName}] does not exist`);
  return found;
}

/** The stack that the set is of: for CREATE a new one, in review. */
function stackFor(call: Here, input: sdk.CreateChangeSetInput, type: sdk.ChangeSetType): { stack: StackRecord; fresh: boolean } {
  const stack = lookUp(call, input.StackName!);
  const lives = stack && stack.StackStatus !== "DELETE_COMPLETE";
  if (type === "UPDATE") {
    if (!lives) throw invalid(`Stack [${input.StackName}] does not exist`);
    if (!UPDATABLE.test(stack.StackStatus)) throw statusError(stack, "updated");
    return { stack, fresh: false };
  }
  if (!lives) return { stack: newStack(call, input.StackName!, {}), fresh: true };
  if (stack.StackStatus !== "REVIEW_IN_PROGRESS")
    throw invalid(`Stack [${input.StackName}] already exists and cannot be created again with the changeSet [${input.ChangeSetName}].`);
  return { stack, fresh: false };
}

function CreateChangeSet(call: Here, input: sdk.CreateChangeSetInput) {
  checkRequest(call, input);
  if (!/^(?:[a-zA-Z][-a-zA-Z0-9]{0,127}|arn:[-\w:/]+)$/.test(input.ChangeSetName!)) {
    throw invalid(
      `1 validation error detected: Value '${input.ChangeSetName}' at 'changeSetName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`,
    );
  }
  const type = input.ChangeSetType ?? "UPDATE";
  if (type === "IMPORT" || input.ResourcesToImport)
    throw invalid("Causeway does not emulate the import of existing resources into a stack.");
  if (input.DeploymentMode !== undefined) throw invalid(`Causeway does not emulate DeploymentMode ${input.DeploymentMode}.`);
  const { stack, fresh } = stackFor(call, input, type);
  const sets = [...call.state.changeSets.values()].filter(({ StackId }) => StackId === stack.StackId);
  const twin = sets.find(({ ChangeSetName }) => ChangeSetName === input.ChangeSetName);
  if (twin && input.ClientToken !== undefined && twin.token === input.ClientToken) return { Id: twin.ChangeSetId, StackId: twin.StackId };
  if (twin)
    throw new AwsError(
      "AlreadyExistsException",
      `ChangeSet ${input.ChangeSetName} cannot be created due to a mismatch with existing attribute ChangeSetName: a change set of that name exists`,
    );
  const body = templateText(call, input, stack.plan?.body);
  const about = { ...stack, NotificationARNs: input.NotificationARNs ?? stack.NotificationARNs };
  const plan = prepare(call, about, {
    body,
    parameters: input.Parameters ?? [],
    tags: input.Tags ?? stack.plan?.tags ?? [],
    previous: stack.plan,
  });
  checkCapabilities(body, plan, input.Capabilities ?? [], false);
  checkAllowedTypes(plan, input.ResourceTypes);
  if (type === "UPDATE") checkUpdate(stack, plan);
  const set = changeSet(call, stack, plan, input, type);
  call.state.changeSets.set(set.ChangeSetId, set);
  if (fresh) {
    call.state.stacks.set(stack.StackId, stack);
    call.state.names.set(stack.StackName, stack.StackId);
    setStatus(call, stack, "REVIEW_IN_PROGRESS", "User Initiated");
  }
  call.after(EXAMINATION, "examine", { changeSetId: set.ChangeSetId });
  return { Id: set.ChangeSetId, StackId: stack.StackId };
}

function changeSet(call: Here, stack: StackRecord, plan: Plan, input: sdk.CreateChangeSetInput, type: sdk.ChangeSetType): ChangeSet {
  return {
    ChangeSetId: call.arn("cloudformation", `changeSet/${input.ChangeSetName}/${call.uuid()}`),
    ChangeSetName: input.ChangeSetName!,
    StackId: stack.StackId,
    StackName: stack.StackName,
    Description: input.Description,
    Parameters: shownParameters(plan.parameters),
    CreationTime: call.date,
    ExecutionStatus: "UNAVAILABLE",
    Status: "CREATE_IN_PROGRESS",
    NotificationARNs: input.NotificationARNs ?? [],
    RollbackConfiguration: input.RollbackConfiguration ?? {},
    Capabilities: input.Capabilities ?? [],
    Tags: plan.tags,
    IncludeNestedStacks: input.IncludeNestedStacks ?? false,
    OnStackFailure: input.OnStackFailure,
    DeploymentConfig: input.DeploymentConfig,
    unchecked: input.DisableValidation ?? false,
    ImportExistingResources: input.ImportExistingResources ?? false,
    type,
    plan,
    changes: [],
    roleArn: input.RoleARN,
    validations: [],
    operationId: call.uuid(),
    token: input.ClientToken,
  };
}

/** The timer: compares, and finds what would fail. */
export function examine(call: Here, { changeSetId }: { changeSetId: string }): void {
  const set = call.state.changeSets.get(changeSetId);
  const stack = set && call.state.stacks.get(set.StackId);
  if (!set || !stack || !set.plan) return;
  try {
    for (const name of set.plan.imports) imported(call, name);
    set.changes = changesOf(call, stack, set.plan);
    if (set.ImportExistingResources) refuseImports(call, stack, set.plan, set.changes);
    if (!set.unchecked) set.validations = validations(call, stack, set);
    if (set.validations.length > 0) {
      throw invalid(
        "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.",
      );
    }
    if (set.changes.length === 0 && !differsBeyondResources(call, stack, set.plan))
      throw invalid("The submitted information didn't contain changes. Submit different information to create a change set.");
    set.Status = "CREATE_COMPLETE";
    set.ExecutionStatus = "AVAILABLE";
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    set.Status = "FAILED";
    set.StatusReason = error.message;
  }
}

/** Where AWS would import what exists already under the name that a new resource is given, we say that we cannot. */
function refuseImports(call: Here, stack: StackRecord, plan: Plan, changes: readonly sdk.Change[]): void {
  for (const { ResourceChange: { Action, LogicalResourceId = "" } = {} } of changes) {
    if (Action !== "Add") continue;
    const { Type, Properties = {} } = plan.template.Resources[LogicalResourceId]!;
    const [id, ...more] = schemaOf(Type)?.id ?? [];
    const values = evaluate(Properties, planned(call, stack, plan)) as Record<string, unknown>;
    const name = id === undefined || more.length > 0 ? undefined : values[id];
    const owner = call.types.get(Type)!;
    if (typeof name !== "string" || !owner.type.read?.(call.within(owner.service), name, values)) continue;
    throw invalid(
      `${LogicalResourceId} (${name}) exists already, and Causeway does not emulate the import of existing resources into a stack.`,
    );
  }
}

function validations(call: Here, stack: StackRecord, { plan, operationId }: ChangeSet): sdk.OperationEvent[] {
  return findings(call, stack, plan!).map(({ logicalId, type, path, message }) => ({
    EventId: call.uuid(),
    StackId: stack.StackId,
    OperationId: operationId,
    OperationType: "CREATE_CHANGESET",
    EventType: "VALIDATION_ERROR",
    LogicalResourceId: logicalId,
    PhysicalResourceId: stack.resources.get(logicalId)?.physicalId ?? "",
    ResourceType: type,
    Timestamp: call.date,
    ValidationFailureMode: "FAIL",
    ValidationName: "PROPERTY_VALIDATION",
    ValidationStatus: "FAILED",
    ValidationStatusReason: message,
    ValidationPath: `/Resources/${logicalId}/Properties${path}`,
  }));
}

function DescribeChangeSet(call: Here, { ChangeSetName, StackName, NextToken }: sdk.DescribeChangeSetInput) {
  const {
    type: _type,
    plan: _plan,
    changes,
    roleArn: _role,
    validations: _validations,
    operationId: _operation,
    unchecked: _unchecked,
    token: _token,
    ...shown
  } = findChangeSet(call, ChangeSetName!, StackName);
  const { items, NextToken: next } = page(changes, NextToken);
  return { ...shown, Changes: items, NextToken: next };
}

function ListChangeSets(call: Here, { StackName, NextToken }: sdk.ListChangeSetsInput) {
  const stack = find(call, StackName!);
  const sets = [...call.state.changeSets.values()].filter(
    ({ StackId, ExecutionStatus }) => StackId === stack.StackId && !ExecutionStatus.startsWith("EXECUTE"),
  );
  const { items, NextToken: next } = page(sets, NextToken);
  const Summaries = items.map(({ StackId, StackName: name, ChangeSetId, ChangeSetName, ExecutionStatus, Status, StatusReason, CreationTime, Description, IncludeNestedStacks, ImportExistingResources }) => ({
    StackId, StackName: name, ChangeSetId, ChangeSetName, ExecutionStatus, Status, StatusReason, CreationTime, Description, IncludeNestedStacks, ImportExistingResources,
  })); // prettier-ignore
  return { Summaries, NextToken: next };
}

function ExecuteChangeSet(
  call: Here,
  { ChangeSetName, StackName, ClientRequestToken, DisableRollback, RetainExceptOnCreate }: sdk.ExecuteChangeSetInput,
) {
  const set = findChangeSet(call, ChangeSetName!, StackName);
  const stack = call.state.stacks.get(set.StackId)!;
  if (ClientRequestToken !== undefined && stack.lastToken?.token === ClientRequestToken && stack.lastToken.action === "ExecuteChangeSet")
    return {};
  if (set.ExecutionStatus !== "AVAILABLE") {
    throw new AwsError(
      "InvalidChangeSetStatusException",
      `ChangeSet [${set.ChangeSetId}] cannot be executed in its current status of [${set.Status}] and execution status of [${set.ExecutionStatus}]`,
    );
  }
  if (set.type === "CREATE" ? stack.StackStatus !== "REVIEW_IN_PROGRESS" : !UPDATABLE.test(stack.StackStatus))
    throw statusError(stack, "updated");
  const plan = set.plan!;
  const failure = set.OnStackFailure;
  const options = {
    token: ClientRequestToken,
    onFailure: failure,
    disableRollback: DisableRollback ?? (failure === undefined ? undefined : failure === "DO_NOTHING"),
    retainExceptOnCreate: RetainExceptOnCreate,
  };
  set.ExecutionStatus = "EXECUTE_IN_PROGRESS";
  set.plan = undefined;
  // A stack that changes makes all other sets of it worthless, and AWS deletes them.
  for (const [id, { StackId }] of call.state.changeSets)
    if (StackId === stack.StackId && id !== set.ChangeSetId) call.state.changeSets.delete(id);
  applyRequest(stack, {
    NotificationARNs: set.NotificationARNs!.length > 0 ? set.NotificationARNs : undefined,
    Capabilities: set.Capabilities,
    RoleARN: set.roleArn,
    RollbackConfiguration: set.RollbackConfiguration,
  });
  stack.ChangeSetId = set.ChangeSetId;
  stack.DisableRollback = options.disableRollback ?? false;
  if (ClientRequestToken !== undefined) stack.lastToken = { token: ClientRequestToken, action: "ExecuteChangeSet" };
  if (set.type === "UPDATE") startUpdate(call, stack, plan, options);
  else {
    Object.assign(stack, {
      Description: plan.template.Description,
      Tags: plan.tags,
      CreationTime: stack.CreationTime,
      LastUpdatedTime: call.date,
    });
    startCreate(call, stack, plan, options);
  }
  return {};
}

function DeleteChangeSet(call: Here, { ChangeSetName, StackName }: sdk.DeleteChangeSetInput) {
  if (!ChangeSetName!.startsWith("arn:") && StackName !== undefined) find(call, StackName);
  const stack = StackName === undefined ? undefined : lookUp(call, StackName);
  const set =
    call.state.changeSets.get(ChangeSetName!) ??
    [...call.state.changeSets.values()].find((one) => one.ChangeSetName === ChangeSetName && one.StackId === stack?.StackId);
  // Deleting what is not there succeeds, as in AWS.
  if (!set) return {};
  if (set.ExecutionStatus === "EXECUTE_IN_PROGRESS")
    throw new AwsError("InvalidChangeSetStatusException", `ChangeSet [${set.ChangeSetId}] is being executed and cannot be deleted`);
  call.state.changeSets.delete(set.ChangeSetId);
  return {};
}

export const changeSetOperations = { CreateChangeSet, DescribeChangeSet, ListChangeSets, ExecuteChangeSet, DeleteChangeSet };
