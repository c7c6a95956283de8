/** Lifecycle hooks: an instance waits until somebody has done his work with it. https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import { plus, seconds, type Instant } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { abandon, proceed } from "./lifecycle.ts";
import { groupNamed, invalid, memberOf, type Group, type Here, type Hook, type Member, type State, type Timers } from "./state.ts";

// ASG-015
const HOOKS_MAX = 50;
const HEARTBEAT = { least: 30, most: 7200, usual: 3600 };
const GLOBAL_MOST = 172_800;

const TRANSITIONS = ["autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"];

export const hookOperations = {
  PutLifecycleHook(call, input) {
    const group = groupNamed(call, input.AutoScalingGroupName);
    const hook = hookOf(group, input);
    checkTarget(call, hook);
    group.hooks.set(hook.LifecycleHookName, hook);
  },

  DeleteLifecycleHook(call, { AutoScalingGroupName, LifecycleHookName }) {
    const group = groupNamed(call, AutoScalingGroupName);
    if (!group.hooks.has(LifecycleHookName)) throw noHook(AutoScalingGroupName);
    // Who waits for it is let go: a launch is abandoned, an end goes on.
    for (const member of [...group.members.values()]) {
      if (!member.waits.has(LifecycleHookName)) continue;
      const launching = group.hooks.get(LifecycleHookName)!.LifecycleTransition === TRANSITIONS[0];
      complete(call, group, member, LifecycleHookName, launching ? "ABANDON" : "CONTINUE", "hook deleted");
    }
    group.hooks.delete(LifecycleHookName);
  },

  DescribeLifecycleHooks(call, { AutoScalingGroupName, LifecycleHookNames }) {
    const { hooks } = groupNamed(call, AutoScalingGroupName);
    return {
      LifecycleHooks: [...hooks.values()].filter(
        (each) => !LifecycleHookNames?.length || LifecycleHookNames.includes(each.LifecycleHookName),
      ),
    };
  },

  DescribeLifecycleHookTypes: () => ({ LifecycleHookTypes: TRANSITIONS }),

  CompleteLifecycleAction(call, { AutoScalingGroupName, LifecycleHookName, LifecycleActionToken, LifecycleActionResult, InstanceId }) {
    if (LifecycleActionResult !== "CONTINUE" && LifecycleActionResult !== "ABANDON")
      throw invalid("Lifecycle action result must be one of [CONTINUE, ABANDON]");
    const { group, member } = waiting(call, { AutoScalingGroupName, LifecycleHookName, LifecycleActionToken, InstanceId });
    complete(call, group, member, LifecycleHookName, LifecycleActionResult, "CompleteLifecycleAction with ABANDON Result");
  },

  RecordLifecycleActionHeartbeat(call, { AutoScalingGroupName, LifecycleHookName, LifecycleActionToken, InstanceId }) {
    const { group, member } = waiting(call, { AutoScalingGroupName, LifecycleHookName, LifecycleActionToken, InstanceId });
    const wait = member.waits.get(LifecycleHookName)!;
    call.cancel(wait.event);
    const beat = plus(call.now, seconds(group.hooks.get(LifecycleHookName)!.HeartbeatTimeout));
    wait.event = timer(call, group, member, LifecycleHookName, wait.token, Math.min(beat, wait.until) as Instant);
  },
} satisfies Operations<sdk.AutoScaling, State, Timers>;

const noHook = (name: string) => invalid(`No Lifecycle Hook found with name for AutoScaling Group ${name}`);

/** What a hook becomes by a request; what it does not say stays. */
export function hookOf(group: Pick<Group, "AutoScalingGroupName" | "hooks">, input: Partial<sdk.PutLifecycleHookType>): Hook {
  const {
    LifecycleHookName = "",
    LifecycleTransition,
    HeartbeatTimeout,
    DefaultResult,
    NotificationTargetARN,
    RoleARN,
    NotificationMetadata,
  } = input;
  const known = group.hooks.get(LifecycleHookName);
  if (!/^[A-Za-z0-9\-_/]{1,255}$/.test(LifecycleHookName)) throw invalid(`Lifecycle hook name '${LifecycleHookName}' is not valid.`);
  if (!known && group.hooks.size >= HOOKS_MAX) throw new AwsError("LimitExceeded", `A group takes ${HOOKS_MAX} lifecycle hooks.`);
  const transition = LifecycleTransition ?? known?.LifecycleTransition;
  if (transition === undefined) throw invalid("LifecycleTransition is required for a new lifecycle hook.");
  if (!TRANSITIONS.includes(transition)) throw invalid(`Lifecycle transition must be one of [${TRANSITIONS.join(", ")}]`);
  const heartbeat = HeartbeatTimeout ?? known?.HeartbeatTimeout ?? HEARTBEAT.usual;
  if (heartbeat < HEARTBEAT.least || heartbeat > HEARTBEAT.most)
    throw invalid(`Heartbeat timeout must be between ${HEARTBEAT.least} and ${HEARTBEAT.most} seconds`);
  const result = DefaultResult ?? known?.DefaultResult ?? "ABANDON";
  if (result !== "ABANDON" && result !== "CONTINUE") throw invalid("Default result must be one of [ABANDON, CONTINUE]");
  return {
    LifecycleHookName,
    AutoScalingGroupName: group.AutoScalingGroupName,
    LifecycleTransition: transition,
    NotificationTargetARN: NotificationTargetARN ?? known?.NotificationTargetARN,
    RoleARN: RoleARN ?? known?.RoleARN,
    NotificationMetadata: NotificationMetadata ?? known?.NotificationMetadata,
    HeartbeatTimeout: heartbeat,
    GlobalTimeout: Math.min(GLOBAL_MOST, 100 * heartbeat),
    DefaultResult: result,
  };
}

/** A test notification must get there. */
export function checkTarget(call: Here, { NotificationTargetARN: arn, LifecycleHookName: name }: Hook): void {
  if (!arn) return;
  const [, , service, , , resource = ""] = arn.split(":");
  if (service !== "sqs" && service !== "sns") throw invalid(`Notification target ${arn} is not an SQS queue or an SNS topic.`);
  const known = service === "sqs" ? call.peek("sqs").queues.has(resource) : call.peek("sns").topics.has(arn);
  if (!known) throw invalid(`Unable to publish test message to notification target ${arn} using IAM role of the hook ${name}.`);
}

type Named = { AutoScalingGroupName: string; LifecycleHookName: string; LifecycleActionToken?: string; InstanceId?: string };

/** By instance or by token. */
function waiting(call: Here, { AutoScalingGroupName, LifecycleHookName: hook, LifecycleActionToken: token, InstanceId }: Named) {
  const group = groupNamed(call, AutoScalingGroupName);
  if (token === undefined && InstanceId === undefined) throw invalid("Either InstanceId or LifecycleActionToken must be specified.");
  const known = InstanceId === undefined ? undefined : memberOf(call, InstanceId).member;
  const member = known ?? [...group.members.values()].find(({ waits }) => waits.get(hook)?.token === token);
  const wait = member?.waits.get(hook);
  if (!member || !wait || (token !== undefined && wait.token !== token))
    throw invalid(
      InstanceId === undefined
        ? `No active Lifecycle Action found with token ${token}`
        : `No active Lifecycle Action found with instance ID ${InstanceId}`,
    );
  return { group, member };
}

/** Every hook of the transition at once; answers whether there is one to wait for. */
export function awaitHooks(call: Here, group: Group, member: Member, transition: string): boolean {
  for (const hook of group.hooks.values()) {
    if (hook.LifecycleTransition !== transition) continue;
    const token = call.uuid();
    const until = plus(call.now, seconds(hook.GlobalTimeout));
    const event = timer(call, group, member, hook.LifecycleHookName, token, plus(call.now, seconds(hook.HeartbeatTimeout)));
    member.waits.set(hook.LifecycleHookName, { token, until, event });
    announce(call, group, member, hook, token);
  }
  return member.waits.size > 0;
}

const timer = (call: Here, group: Group, { InstanceId: instance }: Member, hook: string, token: string, at: Instant): number =>
  call.after((at - call.now) as ReturnType<typeof seconds>, "heartbeat", { group: group.AutoScalingGroupName, instance, hook, token });

export function dropWaits(call: Here, member: Member): void {
  for (const { event } of member.waits.values()) call.cancel(event);
  member.waits.clear();
}

export function silent(call: Here, { group: name, instance, hook, token }: Timers["heartbeat"]): void {
  const group = call.state.groups.get(name);
  const member = group?.members.get(instance);
  if (!group || member?.waits.get(hook)?.token !== token) return;
  complete(call, group, member, hook, group.hooks.get(hook)?.DefaultResult ?? "ABANDON", "Heartbeat Timeout");
}

function complete(call: Here, group: Group, member: Member, hook: string, result: string, why: string): void {
  const { token, event } = member.waits.get(hook)!;
  call.cancel(event);
  member.waits.delete(hook);
  if (result === "ABANDON") return abandon(call, group, member, { token, why });
  if (member.waits.size === 0) proceed(call, group, member);
}

/** docs.aws.amazon.com/autoscaling/ec2/userguide/prepare-for-lifecycle-notifications.html */
function announce(call: Here, group: Group, member: Member, hook: Hook, token: string): void {
  const launching = hook.LifecycleTransition === TRANSITIONS[0];
  const warm = member.LifecycleState.startsWith("Warmed:");
  const detail = {
    LifecycleActionToken: token,
    AutoScalingGroupName: group.AutoScalingGroupName,
    LifecycleHookName: hook.LifecycleHookName,
    EC2InstanceId: member.InstanceId,
    LifecycleTransition: hook.LifecycleTransition,
    ...(hook.NotificationMetadata !== undefined && { NotificationMetadata: hook.NotificationMetadata }),
    Origin: launching ? (member.pooled ? "WarmPool" : "EC2") : warm ? "WarmPool" : "AutoScalingGroup",
    Destination: launching ? (warm ? "WarmPool" : "AutoScalingGroup") : "EC2",
  };
  const { NotificationTargetARN: target } = hook;
  // Either a target of the hook's own, or EventBridge alone: both are told.
  call.tell("event", {
    source: "aws.autoscaling",
    detailType: `EC2 Instance-${launching ? "launch" : "terminate"} Lifecycle Action`,
    detail,
    resources: [group.AutoScalingGroupARN],
  });
  if (!target) return;
  const message = {
    ...detail,
    Service: "AWS Auto Scaling",
    Time: call.date.toISOString(),
    AccountId: call.account,
    RequestId: call.uuid(),
  };
  const [, , service, , account, resource = ""] = target.split(":");
  if (service === "sns" && call.peek("sns").topics.has(target))
    call.ask("sns").Publish({
      TopicArn: target,
      Subject: `Auto Scaling:  Lifecycle action '${launching ? "LAUNCH" : "TERMINATE"}' for instance ${member.InstanceId} in progress.`,
      Message: JSON.stringify(message),
    });
  if (service === "sqs" && call.peek("sqs").queues.has(resource))
    call.ask("sqs").SendMessage({ QueueUrl: `${account}/${resource}`, MessageBody: JSON.stringify(message) });
}
