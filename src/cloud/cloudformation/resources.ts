/** CloudFormation's own resource types: nested stacks and wait conditions. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CloudFormation.html */
import { seconds, since, instant } from "../../kernel/units.ts";
import { resource, type Call } from "../service.ts";
import { startCreate, startDelete, startUpdate, startUpdateRollback } from "./deploy.ts";
import { changesOf, differsBeyondResources } from "./diff.ts";
import { nestedRequest } from "./nested.ts";
import { checkCapabilities, prepare } from "./plan.ts";
import { tally } from "./signals.ts";
import { checkUpdate, newStack } from "./stacks.ts";
import type { Here, StackRecord } from "./state.ts";
import { invalid } from "./template.ts";

const stackOf = (call: Call, id: string): StackRecord | undefined => (call as Here).state.stacks.get(id);

function find(call: Call, id: string): StackRecord {
  const stack = stackOf(call, id);
  if (!stack) throw invalid(`Stack [${id}] does not exist`);
  return stack;
}

const FAILED = /^(CREATE_FAILED|ROLLBACK_COMPLETE|ROLLBACK_FAILED|UPDATE_FAILED|UPDATE_ROLLBACK_FAILED|DELETE_FAILED)$/;

function nestedSettled(call: Call, id: string): boolean {
  const child = find(call, id);
  if (FAILED.test(child.StackStatus)) {
    const verb = child.StackStatus.startsWith("UPDATE") ? "updated" : "created";
    throw invalid(`Embedded stack ${id} was not successfully ${verb}: ${child.StackStatusReason ?? child.StackStatus}`);
  }
  // It cleans up when its root does.
  return !child.operation || (child.operation.nested && child.operation.phase === "cleanup");
}

const nested = resource({
  create(call, properties, { stackId, tags, ...about }) {
    const here = call as Here;
    const parent = find(call, stackId);
    const child = newStack(here, about.generatedName(128), {
      NotificationARNs: properties.NotificationARNs,
      Capabilities: parent.Capabilities,
      RoleARN: parent.RoleARN,
      TimeoutInMinutes: properties.TimeoutInMinutes === undefined ? undefined : Number(properties.TimeoutInMinutes),
    });
    Object.assign(child, { ParentId: parent.StackId, RootId: parent.RootId ?? parent.StackId });
    const plan = prepare(call, child, nestedRequest(call, properties, tags));
    checkCapabilities(plan.body, plan, parent.Capabilities, true);
    child.Description = plan.template.Description;
    child.Tags = plan.tags;
    here.state.stacks.set(child.StackId, child);
    here.state.names.set(child.StackName, child.StackId);
    startCreate(here, child, plan, {
      onFailure: "DO_NOTHING",
      timeoutMinutes: properties.TimeoutInMinutes === undefined ? undefined : Number(properties.TimeoutInMinutes),
    });
    return child.StackId;
  },
  update(call, id, properties, _previous, { stackId, tags }) {
    const here = call as Here;
    const child = find(call, id);
    const root = find(call, stackId);
    // Its root goes back, and so does it.
    if (root.operation?.phase === "update-rollback" && child.before) return startUpdateRollback(here, child, "ROLLBACK", {});
    const plan = prepare(call, child, { ...nestedRequest(call, properties, tags), previous: child.plan });
    checkCapabilities(plan.body, plan, root.Capabilities, true);
    const held = child.operation?.nested && child.operation.phase === "cleanup"; // its root's last update failed and was left so
    if (!held) checkUpdate(child, plan);
    if (changesOf(here, child, plan).length === 0 && !differsBeyondResources(here, child, plan)) return;
    startUpdate(here, child, plan, { disableRollback: true, nested: true });
  },
  delete(call, id) {
    const child = stackOf(call, id);
    if (!child || child.StackStatus.startsWith("DELETE_COMPLETE") || child.StackStatus === "DELETE_IN_PROGRESS") return;
    startDelete(call as Here, child, {});
  },
  gone(call, id) {
    const child = stackOf(call, id);
    if (child?.StackStatus === "DELETE_FAILED")
      throw invalid(`Embedded stack ${id} was not successfully deleted: ${child.StackStatusReason ?? ""}`);
    return !child || child.StackStatus === "DELETE_COMPLETE";
  },
  settled: nestedSettled,
  attributes: (call, id) => {
    const { Outputs = [], StackStatus, ParentId, RootId, CreationTime, LastUpdatedTime } = find(call, id);
    return {
      ...Object.fromEntries(Outputs.map(({ OutputKey, OutputValue }) => [`Outputs.${OutputKey}`, OutputValue])),
      StackId: id,
      StackStatus,
      ParentId,
      RootId,
      CreationTime: CreationTime.toISOString(),
      LastUpdateTime: LastUpdatedTime?.toISOString(),
    };
  },
});

/** The physical id of a wait condition is its stack's id and its own name. */
const split = (id: string) => ({ stackId: id.slice(0, id.lastIndexOf("/")), logicalId: id.slice(id.lastIndexOf("/") + 1) });

const waitCondition = resource({
  create: (_call, _properties, { stackId, logicalId }) => `${stackId}/${logicalId}`,
  delete() {},
  settled(call, id, { Count = 1, Timeout = 300 }) {
    const { stackId, logicalId } = split(id);
    const stack = find(call, stackId);
    const { good, bad } = tally(stack, logicalId);
    if (bad > 0) {
      const failure = stack.signals.get(logicalId)!.find(({ success }) => !success)!;
      throw invalid(`WaitCondition received failed message: '${failure.data}' for uniqueId: ${failure.id}`);
    }
    if (good >= Number(Count)) return true;
    if (since(instant(stack.resources.get(logicalId)!.at), call.now) >= seconds(Number(Timeout)))
      throw invalid(`WaitCondition timed out. Received ${good} conditions when expecting ${Count}`);
    return false;
  },
  attributes(call, id) {
    const { stackId, logicalId } = split(id);
    return {
      Id: id,
      Data: JSON.stringify(
        Object.fromEntries((find(call, stackId).signals.get(logicalId) ?? []).map((signal) => [signal.id, signal.data])),
      ),
    };
  },
});

/** Its URL has AWS's form, but nothing of ours listens there: signals come by SignalResource, with the wait condition's logical id. */
const waitConditionHandle = resource({
  create: (call, _properties, { stackId, logicalId }) =>
    `https://cloudformation-waitcondition-${call.region}.s3.${call.region}.amazonaws.com/${encodeURIComponent(`${stackId}/${logicalId}`)}`,
  delete() {},
  attributes: (_call, id) => ({ Id: id }),
});

/** What the CDK notes about its constructs: AWS makes nothing of it either. */
const metadata = resource({
  create: (call, _properties, about) => `${about.generatedName(64)}${call.region}`.slice(0, 64),
  update() {},
  delete() {},
});

export const resources = {
  "AWS::CloudFormation::Stack": nested,
  "AWS::CloudFormation::WaitCondition": waitCondition,
  "AWS::CloudFormation::WaitConditionHandle": waitConditionHandle,
  "AWS::CDK::Metadata": metadata,
};
