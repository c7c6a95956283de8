/** CloudFormation: AWS::SQS::Queue and AWS::SQS::QueuePolicy. */
import type { CreateQueueRequest, CreateQueueResult, SetQueueAttributesRequest } from "@aws-sdk/client-sqs";
import { resource, type Call, type Properties, type Stack } from "../../service.ts";
import { findQueue, type Here } from "./queue.ts";

const MEMBERS = ["ContentBasedDeduplication", "DeduplicationScope", "DelaySeconds", "FifoThroughputLimit", "KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "RedriveAllowPolicy", "RedrivePolicy", "SqsManagedSseEnabled", "VisibilityTimeout"];

const text = (value: unknown) => (typeof value === "object" ? JSON.stringify(value) : String(value));

function attributesOf(properties: Properties): Record<string, string> {
  return Object.fromEntries(MEMBERS.filter((name) => properties[name] !== undefined).map((name) => [name, text(properties[name])]));
}

const tagsOf = ({ Tags = [] }: Properties, stack: Stack) => ({ ...stack.tags, ...Object.fromEntries(Tags.map(({ Key, Value }: { Key: string; Value: unknown }) => [Key, String(Value)])) });

/** The service's own operations; named here, for a type that follows from itself can't be inferred. */
type Own = { CreateQueue(input: CreateQueueRequest): CreateQueueResult; SetQueueAttributes(input: SetQueueAttributesRequest): void; DeleteQueue(input: { QueueUrl: string }): void };
const own = (call: Call): Own => call.ask("sqs") as unknown as Own;

function find(call: Call, url: string) {
  const name = url.slice(url.lastIndexOf("/") + 1);
  return (call as Here).state.queues.get(name);
}

export const resources = {
  "AWS::SQS::Queue": resource({
    create(call, properties, stack) {
      const fifo = String(properties.FifoQueue) === "true";
      const QueueName = properties.QueueName ?? (fifo ? `${stack.generatedName(75)}.fifo` : stack.generatedName(80));
      return own(call).CreateQueue({ QueueName, Attributes: { ...attributesOf(properties), ...(fifo ? { FifoQueue: "true" } : {}) }, tags: tagsOf(properties, stack) }).QueueUrl!;
    },
    update(call, id, properties, previous, stack) {
      const cleared = Object.fromEntries(MEMBERS.filter((name) => previous[name] !== undefined && properties[name] === undefined).map((name) => [name, ""]));
      own(call).SetQueueAttributes({ QueueUrl: id, Attributes: { ...cleared, ...attributesOf(properties) } });
      findQueue(call as Here, id).tags = tagsOf(properties, stack);
    },
    delete(call, id) {
      if (find(call, id)) own(call).DeleteQueue({ QueueUrl: id });
    },
    attributes: (call, id) => ({ Arn: find(call, id)?.arn, QueueName: find(call, id)?.name, QueueUrl: id }),
    read: (call, id) => {
      const queue = find(call, id);
      return queue && { QueueName: queue.name, ...queue.attributes };
    },
  }),
  "AWS::SQS::QueuePolicy": resource({
    create(call, { Queues, PolicyDocument }, stack) {
      for (const url of Queues as string[]) findQueue(call as Here, url);
      for (const url of Queues as string[]) own(call).SetQueueAttributes({ QueueUrl: url, Attributes: { Policy: JSON.stringify(PolicyDocument) } });
      return stack.generatedName(128);
    },
    update(call, _id, { Queues, PolicyDocument }, previous) {
      for (const url of Queues as string[]) findQueue(call as Here, url);
      for (const url of (previous.Queues as string[]).filter((each) => !(Queues as string[]).includes(each) && find(call, each))) own(call).SetQueueAttributes({ QueueUrl: url, Attributes: { Policy: "" } });
      for (const url of Queues as string[]) own(call).SetQueueAttributes({ QueueUrl: url, Attributes: { Policy: JSON.stringify(PolicyDocument) } });
    },
    delete(call, _id, { Queues }) {
      for (const url of Queues as string[]) if (find(call, url)) own(call).SetQueueAttributes({ QueueUrl: url, Attributes: { Policy: "" } });
    },
  }),
};
