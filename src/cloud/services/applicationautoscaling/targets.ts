/** Scalable targets: which services scale, between what. */
import type * as sdk from "@aws-sdk/client-application-auto-scaling";
import { AwsError, type Operations } from "../../service.ts";
import { clamp } from "./activities.ts";
import { deletePolicy } from "./policies.ts";
import { forgetScheduled } from "./schedules.ts";
import {
  checkDimension,
  DIMENSION,
  invalid,
  missing,
  NAMESPACE,
  page,
  partsOf,
  policiesOf,
  targetOf,
  type Here,
  type State,
  type Target,
  type Timers,
} from "./state.ts";

// AAS-028
const TARGETS_MAX = 3000;
const ROLE = "aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService";

export const targetOperations = {
  RegisterScalableTarget(call, input) {
    checkDimension(input.ServiceNamespace, input.ScalableDimension);
    const known = call.state.targets.get(input.ResourceId);
    const { MinCapacity = known?.MinCapacity, MaxCapacity = known?.MaxCapacity } = input;
    if (MinCapacity === undefined) throw invalid("MinCapacity cannot be null for new scalable targets.");
    if (MaxCapacity === undefined) throw invalid("MaxCapacity cannot be null for new scalable targets.");
    if (MinCapacity < 0) throw invalid("Minimum capacity cannot be negative.");
    if (MaxCapacity < MinCapacity) throw invalid("Maximum capacity cannot be less than minimum capacity.");
    if (!known && call.state.targets.size >= TARGETS_MAX)
      throw new AwsError("LimitExceededException", `Scalable target limit of ${TARGETS_MAX} is exceeded.`);
    const { cluster, service } = partsOf(input.ResourceId);
    const { services } = call.ask("ecs").DescribeServices({ cluster, services: [service] });
    if (!services.some(({ status }) => status === "ACTIVE")) throw invalid(`ECS service doesn't exist: ${input.ResourceId}`);
    const suspended = { ...(known?.SuspendedState ?? running), ...input.SuspendedState } as Required<sdk.SuspendedState>;
    const target = known ?? made(call, input.ResourceId, input.RoleARN, input.Tags ?? {});
    Object.assign(target, { MinCapacity, MaxCapacity, SuspendedState: suspended });
    if (input.RoleARN) target.RoleARN = input.RoleARN;
    call.state.targets.set(input.ResourceId, target);
    clamp(call, target); // AAS-001
    return { ScalableTargetARN: target.ScalableTargetARN };
  },

  DeregisterScalableTarget(call, { ServiceNamespace, ResourceId, ScalableDimension }) {
    checkDimension(ServiceNamespace, ScalableDimension);
    for (const policy of [...policiesOf(call, targetOf(call, ResourceId))]) deletePolicy(call, policy);
    for (const action of [...call.state.scheduledActions.values()]) if (action.ResourceId === ResourceId) forgetScheduled(call, action);
    call.state.targets.delete(ResourceId);
  },

  DescribeScalableTargets(call, { ServiceNamespace, ResourceIds, ScalableDimension, MaxResults, NextToken }) {
    checkDimension(ServiceNamespace, ScalableDimension);
    const all = [...call.state.targets.values()].filter(({ ResourceId }) => !ResourceIds?.length || ResourceIds.includes(ResourceId));
    const { items, next } = page(all, MaxResults, NextToken);
    return { ScalableTargets: items.map(shown), NextToken: next };
  },

  ListTagsForResource(call, { ResourceARN }) {
    return { Tags: byArn(call, ResourceARN).tags };
  },

  TagResource(call, { ResourceARN, Tags }) {
    const target = byArn(call, ResourceARN);
    if (Object.keys({ ...target.tags, ...Tags }).length > 50)
      throw new AwsError("TooManyTagsException", "The number of tags exceeds the limit of 50.", 400, { ResourceName: ResourceARN });
    Object.assign(target.tags, Tags);
  },

  UntagResource(call, { ResourceARN, TagKeys }) {
    const target = byArn(call, ResourceARN);
    for (const key of TagKeys) delete target.tags[key];
  },
} satisfies Operations<sdk.ApplicationAutoScaling, State, Timers>;

const running = { DynamicScalingInSuspended: false, DynamicScalingOutSuspended: false, ScheduledScalingSuspended: false };

function made(call: Here, resource: string, role: string | undefined, tags: Record<string, string>): Target {
  return {
    ServiceNamespace: NAMESPACE,
    ResourceId: resource,
    ScalableDimension: DIMENSION,
    MinCapacity: 0,
    MaxCapacity: 0,
    RoleARN: role ?? `arn:aws:iam::${call.account}:role/${ROLE}`,
    CreationTime: call.date,
    ScalableTargetARN: call.arn("application-autoscaling", `scalable-target/${call.token(32).toLowerCase()}`),
    SuspendedState: running,
    tags: { ...tags },
    policies: new Set(),
    cooldowns: {},
  };
}

const shown = ({ tags: _tags, policies: _policies, cooldowns: _cooldowns, pending: _pending, ...target }: Target): sdk.ScalableTarget =>
  target;

function byArn(call: Here, arn: string): Target {
  const target = [...call.state.targets.values()].find(({ ScalableTargetARN }) => ScalableTargetARN === arn);
  if (target) return target;
  const { message } = missing(`No scalable target found for resource ARN: ${arn}`);
  throw new AwsError("ResourceNotFoundException", message, 400, { ResourceName: arn });
}
