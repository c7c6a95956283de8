/** Topics that hear of launches and ends. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-sns-notifications.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import type { Operations } from "../../service.ts";
import { groupNamed, invalid, page, type Group, type Here, type State, type Timers } from "./state.ts";

const TYPES = [
  "autoscaling:EC2_INSTANCE_LAUNCH",
  "autoscaling:EC2_INSTANCE_LAUNCH_ERROR",
  "autoscaling:EC2_INSTANCE_TERMINATE",
  "autoscaling:EC2_INSTANCE_TERMINATE_ERROR",
  "autoscaling:TEST_NOTIFICATION",
];

export const notificationOperations = {
  PutNotificationConfiguration(call, { AutoScalingGroupName, TopicARN, NotificationTypes }) {
    const group = groupNamed(call, AutoScalingGroupName);
    const strange = NotificationTypes.find((type) => !TYPES.includes(type));
    if (strange !== undefined) throw invalid(`"${strange}" is not a valid Notification Type.`);
    if (!hasTopic(call, TopicARN)) throw invalid(`Unable to publish test message to notification target ${TopicARN}. Topic does not exist`);
    notifyOf(call, group, TopicARN, NotificationTypes);
  },

  DeleteNotificationConfiguration(call, { AutoScalingGroupName, TopicARN }) {
    groupNamed(call, AutoScalingGroupName).notifications.delete(TopicARN);
  },

  DescribeNotificationConfigurations(call, { AutoScalingGroupNames, MaxRecords, NextToken }) {
    const groups = AutoScalingGroupNames?.length
      ? AutoScalingGroupNames.map((name) => groupNamed(call, name))
      : [...call.state.groups.values()];
    const all = groups.flatMap(({ AutoScalingGroupName, notifications }) =>
      [...notifications].flatMap(([TopicARN, types]) =>
        [...types].map((NotificationType) => ({ AutoScalingGroupName, TopicARN, NotificationType })),
      ),
    );
    const { items, NextToken: next } = page(all, MaxRecords, NextToken);
    return { NotificationConfigurations: items, NextToken: next };
  },

  DescribeAutoScalingNotificationTypes: () => ({ AutoScalingNotificationTypes: TYPES }),
} satisfies Operations<sdk.AutoScaling, State, Timers>;

function notifyOf(call: Here, group: Group, topic: string, types: readonly string[]): void {
  group.notifications.set(topic, new Set(types));
  send(call, topic, `Auto Scaling: test notification for group "${group.AutoScalingGroupName}"`, {
    AccountId: call.account,
    RequestId: call.uuid(),
    AutoScalingGroupARN: group.AutoScalingGroupARN,
    AutoScalingGroupName: group.AutoScalingGroupName,
    Service: "AWS Auto Scaling",
    Event: "autoscaling:TEST_NOTIFICATION",
    Time: call.date.toISOString(),
  });
}

const subjects: Record<string, string> = {
  "autoscaling:EC2_INSTANCE_LAUNCH": "launch",
  "autoscaling:EC2_INSTANCE_LAUNCH_ERROR": "failed launch",
  "autoscaling:EC2_INSTANCE_TERMINATE": "termination",
  "autoscaling:EC2_INSTANCE_TERMINATE_ERROR": "failed termination",
};

export function publish(call: Here, group: Group, event: string, facts: object): void {
  for (const [topic, types] of group.notifications) {
    if (!types.has(event)) continue;
    send(call, topic, `Auto Scaling: ${subjects[event]} for group "${group.AutoScalingGroupName}"`, {
      ...facts,
      Progress: 50,
      AccountId: call.account,
      AutoScalingGroupARN: group.AutoScalingGroupARN,
      Service: "AWS Auto Scaling",
      Event: event,
      Time: call.date.toISOString(),
    });
  }
}

const hasTopic = (call: Here, arn: string): boolean => call.peek("sns").topics.has(arn);

/** A topic that is gone hears nothing, and nobody is told of it. */
function send(call: Here, topic: string, Subject: string, message: object): void {
  if (hasTopic(call, topic)) call.ask("sns").Publish({ TopicArn: topic, Subject: Subject.slice(0, 100), Message: JSON.stringify(message) });
}
