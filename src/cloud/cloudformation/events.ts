/** What happened, as DescribeStackEvents tells it and as the stack's topics hear it. */
import type * as sdk from "@aws-sdk/client-cloudformation";
import { AwsError } from "../service.ts";
import type { Here, StackEvent, StackRecord, StackResource } from "./state.ts";

const STACK = "AWS::CloudFormation::Stack";

export function setStatus(call: Here, stack: StackRecord, status: sdk.StackStatus, reason?: string): void {
  stack.StackStatus = status;
  stack.StackStatusReason = reason;
  emit(call, stack, {
    EventId: call.uuid(),
    LogicalResourceId: stack.StackName,
    PhysicalResourceId: stack.StackId,
    ResourceType: STACK,
    ResourceStatus: status as sdk.ResourceStatus,
    ResourceStatusReason: reason,
  });
}

/** `as` when the event is of another physical resource than the current one, e.g. the one that was replaced. */
export function setResourceStatus(
  call: Here,
  stack: StackRecord,
  resource: StackResource,
  status: sdk.ResourceStatus,
  reason?: string,
): void {
  resource.status = status;
  resource.reason = reason;
  resource.at = call.date;
  tell(call, stack, resource, status, reason);
}

export function tell(
  call: Here,
  stack: StackRecord,
  { logicalId, type, physicalId, properties, shown }: Pick<StackResource, "logicalId" | "type" | "physicalId" | "properties" | "shown">,
  status: sdk.ResourceStatus,
  reason?: string,
): void {
  emit(call, stack, {
    EventId: `${logicalId}-${status}-${call.date.toISOString()}`,
    LogicalResourceId: logicalId,
    PhysicalResourceId: physicalId ?? "",
    ResourceType: type,
    ResourceStatus: status,
    ResourceStatusReason: reason,
    properties: shown ?? properties,
  });
}

function emit(call: Here, stack: StackRecord, event: Omit<StackEvent, "StackId" | "StackName" | "Timestamp">): void {
  const told: StackEvent = {
    ...event,
    StackId: stack.StackId,
    StackName: stack.StackName,
    Timestamp: call.date,
    OperationId: stack.operations[0]?.id,
    ClientRequestToken: stack.operation?.token,
  };
  stack.events.push(told);
  for (const topic of stack.NotificationARNs) notify(call, topic, told);
}

/** The message's lines: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-create-stack.html and what subscribers receive. */
function notify(call: Here, topic: string, event: StackEvent): void {
  const { properties, ...members } = event;
  const lines = Object.entries({
    ...members,
    Timestamp: event.Timestamp!.toISOString(),
    Namespace: call.account,
    ResourceProperties: properties ? JSON.stringify(properties) : "null",
  })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}='${String(value)}'\n`);
  const sns = call.ask("sns") as unknown as { Publish(input: object): unknown };
  try {
    sns.Publish({ TopicArn: topic, Subject: "AWS CloudFormation Notification", Message: lines.join("") });
  } catch (error) {
    // A topic that has gone does not stop a deployment.
    if (!(error instanceof AwsError)) throw error;
  }
}

/** As answers show it. */
export function shownEvent({ properties, ...event }: StackEvent): sdk.StackEvent {
  return {
    ...event,
    ResourceProperties: properties && Object.keys(properties).length > 0 ? JSON.stringify(properties) : undefined,
  };
}
