/** Moving dead letters back to where they came from. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html */
import type * as sdk from "@aws-sdk/client-sqs";
import { plus, seconds } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { byArn, checkBetween, dropExpired, inFlight, invalid, nextSequence, numberOf, redrivePolicyOf, type Here, type Message, type Move, type State, type Timers } from "./queue.ts"; // prettier-ignore

// The most that may be asked for; without a wish AWS optimizes the rate by itself. docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
const RATE_MAX = 500;

export const moveOperations = {
  StartMessageMoveTask(call, { SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond }) {
    const source = byArn(call, SourceArn);
    if (!source) throw notFound();
    checkBetween("MaxNumberOfMessagesPerSecond", MaxNumberOfMessagesPerSecond, 1, RATE_MAX);
    if (![...call.state.queues.values()].some((queue) => redrivePolicyOf(queue)?.deadLetterTargetArn === SourceArn)) {
      throw new AwsError("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.");
    }
    const destination = byArn(call, DestinationArn);
    if (DestinationArn !== undefined && !destination) throw notFound();
    if (destination === source)
      throw invalid("DestinationArn", DestinationArn, "Source queue arn and destination queue arn cannot be the same.");
    if (destination && destination.fifo !== source.fifo)
      throw invalid("DestinationArn", DestinationArn, "The destination must be the same type of queue as the source.");
    if ([...call.state.moves.values()].some((move) => move.source === SourceArn && move.status === "RUNNING")) {
      throw new AwsError(
        "UnsupportedOperation",
        "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
      );
    }
    const id = call.uuid();
    const handle = Buffer.from(JSON.stringify({ taskId: id, sourceArn: SourceArn })).toString("base64");
    const total = [...source.messages.values()].filter((message) => !inFlight(message, call.now)).length;
    const move: Move = {
      id,
      handle,
      source: SourceArn,
      destination: DestinationArn,
      rate: MaxNumberOfMessagesPerSecond,
      status: "RUNNING",
      moved: 0,
      total,
      started: call.now,
    };
    call.state.moves.set(id, move);
    // Somebody waits for it, and it ends: not a background matter.
    call.after(seconds(1), "move", { id });
    return { TaskHandle: handle };
  },
  CancelMessageMoveTask(call, { TaskHandle }) {
    const move = [...call.state.moves.values()].find(({ handle }) => handle === TaskHandle);
    if (!move) throw notFound("Task does not exist.");
    if (move.status !== "RUNNING") throw new AwsError("UnsupportedOperation", "The message movement task is not active.");
    move.status = "CANCELLED";
    return { ApproximateNumberOfMessagesMoved: move.moved };
  },
  ListMessageMoveTasks(call, { SourceArn, MaxResults = 1 }) {
    if (!byArn(call, SourceArn)) throw notFound();
    checkBetween("MaxResults", MaxResults, 1, 10);
    const moves = [...call.state.moves.values()].filter(({ source }) => source === SourceArn).reverse();
    return { Results: moves.slice(0, MaxResults).map(describe) };
  },
} satisfies Operations<sdk.SQS, State, Timers>;

export const moveTimers = {
  move(call: Here, { id }: Timers["move"]) {
    const move = call.state.moves.get(id);
    if (move?.status !== "RUNNING") return;
    const source = byArn(call, move.source);
    if (!source) return fail(move, "AWS.SimpleQueueService.NonExistentQueue");
    dropExpired(source, call.now);
    const movable = [...source.messages.values()].filter((message) => !inFlight(message, call.now)).slice(0, move.rate ?? RATE_MAX);
    for (const message of movable) {
      const target = byArn(call, move.destination ?? message.deadLetterSource);
      if (!target) return fail(move, "CouldNotDetermineMessageSource");
      source.messages.delete(message.id);
      const again: Message = renewed(call, message, numberOf(target, "DelaySeconds"));
      if (target.fifo) again.sequence = nextSequence(target);
      target.messages.set(again.id, again);
      move.moved++;
    }
    if (movable.length < (move.rate ?? RATE_MAX)) move.status = "COMPLETED";
    else call.after(seconds(1), "move", { id });
  },
};

/** A redriven message is a new one, with a new id and age. */
function renewed(call: Here, { body, attributes, trace, sender, group, deduplication }: Message, delay: number): Message {
  const visibleAt = plus(call.now, seconds(delay));
  return { id: call.uuid(), body, attributes, trace, sender, group, deduplication, sent: call.now, visibleAt, receives: 0 };
}

function fail(move: Move, reason: string): void {
  move.status = "FAILED";
  move.failure = reason;
}

const notFound = (message = "The resource that you specified for the SourceArn parameter doesn't exist.") =>
  new AwsError("ResourceNotFoundException", message);

function describe({
  handle,
  status,
  source,
  destination,
  rate,
  moved,
  total,
  failure,
  started,
}: Move): sdk.ListMessageMoveTasksResultEntry {
  return {
    TaskHandle: status === "RUNNING" ? handle : undefined,
    Status: status,
    SourceArn: source,
    DestinationArn: destination,
    MaxNumberOfMessagesPerSecond: rate,
    ApproximateNumberOfMessagesMoved: moved,
    ApproximateNumberOfMessagesToMove: total,
    FailureReason: failure,
    StartedTimestamp: started,
  };
}
