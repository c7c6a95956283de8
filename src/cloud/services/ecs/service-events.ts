/** What a service says of itself. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html */
import { hours } from "../../../kernel/units.ts";
import type { Here, Service, Task } from "./state.ts";

// ECS-060, ECS-050
const REPEATED = hours(6);
const KEPT = 100;

/** Omitted while the same was said last, and not so long ago. */
export function tell(call: Here, service: Service, text: string): void {
  const message = `(service ${service.name}) ${text}`;
  const last = service.events.find((event) => event.message === message);
  if (last && service.events[0] === last && call.now - last.at.getTime() < REPEATED) return;
  service.events.unshift({ id: call.uuid(), at: call.date, message });
  if (service.events.length > KEPT) service.events.length = KEPT;
}

export function say(call: Here, { service: arn }: Task, text: string): void {
  const service = arn === undefined ? undefined : call.state.services.get(arn);
  if (service) tell(call, service, text);
}

type Severity = "INFO" | "WARN" | "ERROR";

/** ECS-073 */
export function announce(
  call: Here,
  service: Service,
  detailType: "ECS Service Action" | "ECS Deployment State Change",
  eventType: Severity,
  eventName: string,
  more: object = {},
): void {
  call.tell("event", {
    source: "aws.ecs",
    detailType,
    detail: {
      eventType,
      eventName,
      clusterArn: service.arn.replace(/:service\/([^/]+)\/.*$/, ":cluster/$1"),
      createdAt: call.date.toISOString(),
      ...more,
    },
    resources: [service.arn],
  });
}
