/** Moving a dead-letter queue's messages back: API_StartMessageMoveTask */
import type * as sdk from "@aws-sdk/client-sqs";
import { seconds } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { findByArn, redriveOf, type Here, type MoveTask, type State, type Timers } from "./queue.ts";

const missing = () => new AwsError("ResourceNotFoundException", "The resource that you specified for the SourceArn parameter doesn't exist.", 404);

// AWS chooses the speed unless it is told; ours is the most that can be asked for: MaxNumberOfMessagesPerSecond ≤ 500
const PER_SECOND = 500;

export const moveOperations = {
  StartMessageMoveTask(call, { SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond = PER_SECOND }) {
    const source = findByArn(call, SourceArn);
    if (!source) throw missing();
    if (![...call.state.queues.values()].some((queue) => redriveOf(queue)?.deadLetterTargetArn === SourceArn)) throw new AwsError("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.", 400);
    if (DestinationArn !== undefined && !findByArn(call, DestinationArn)) throw missing();
    if (MaxNumberOfMessagesPerSecond < 1 || MaxNumberOfMessagesPerSecond > PER_SECOND) throw new AwsError("InvalidParameterValue", "Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and 500.", 400);
    if ([...call.state.tasks.values()].some((task) => task.source === SourceArn && task.status === "RUNNING")) throw new AwsError("UnsupportedOperation", "There is already a task running. Only one active task is allowed for a source queue arn at a given time.", 400);
    const handle = Buffer.from(JSON.stringify({ taskId: call.uuid(), sourceArn: SourceArn })).toString("base64");
    call.state.tasks.set(handle, { handle, source: SourceArn, destination: DestinationArn, perSecond: MaxNumberOfMessagesPerSecond, status: "RUNNING", moved: 0, toMove: source.messages.length, started: call.now });
    call.after(seconds(1), "moveMessages", { handle });
    return { TaskHandle: handle };
  },
  CancelMessageMoveTask(call, { TaskHandle }) {
    const task = call.state.tasks.get(TaskHandle);
    if (!task) throw missing();
    if (task.status !== "RUNNING") throw new AwsError("UnsupportedOperation", "Only active tasks can be cancelled.", 400);
    task.status = "CANCELLED";
    return { ApproximateNumberOfMessagesMoved: task.moved };
  },
  ListMessageMoveTasks(call, { SourceArn, MaxResults = 1 }) {
    const tasks = [...call.state.tasks.values()].filter(({ source }) => source === SourceArn).reverse();
    return {
      Results: tasks.slice(0, MaxResults).map((task) => ({
        TaskHandle: task.status === "RUNNING" ? task.handle : undefined,
        Status: task.status,
        SourceArn: task.source,
        DestinationArn: task.destination,
        MaxNumberOfMessagesPerSecond: task.perSecond,
        ApproximateNumberOfMessagesMoved: task.moved,
        ApproximateNumberOfMessagesToMove: task.toMove,
        StartedTimestamp: Number(task.started),
      })),
    };
  },
} satisfies Operations<sdk.SQS, State, Timers>;

/** A second's worth, oldest first, each to where it failed unless another queue was named. */
function move(call: Here, task: MoveTask): void {
  const source = findByArn(call, task.source);
  const batch = source?.messages.splice(0, task.perSecond) ?? [];
  for (const message of batch) {
    const target = findByArn(call, task.destination ?? message.source ?? "");
    if (target) target.messages.push({ ...message, source: undefined, receives: 0, sent: call.now, visibleAt: call.now });
    else source!.messages.push(message);
    if (target) task.moved++;
  }
  if (batch.length === task.perSecond) call.after(seconds(1), "moveMessages", { handle: task.handle });
  else task.status = "COMPLETED";
}

export const moveTimers = {
  moveMessages(call: Here, { handle }: Timers["moveMessages"]) {
    const task = call.state.tasks.get(handle);
    if (task?.status === "RUNNING") move(call, task);
  },
};
