/** An alarm for every redundancy that can be lost without anybody noticing: the platform would go on, until the second loss. */
import type { Stack } from "aws-cdk-lib";
import type { Foundation, Link } from "../parts.ts";
import type { Place } from "../place.ts";
import { backups } from "./backups.ts";
import { database } from "./database.ts";
import { files } from "./files.ts";
import { lines } from "./lines.ts";
import { alarm, type Watch } from "./watch.ts";

type Needs = { foundation: Foundation; link?: Link; gatewayId?: string };

export function alarms(stack: Stack, place: Place, { foundation, link, gatewayId }: Needs): void {
  const watches = [
    ...(link ? lines(place, link) : []),
    ...database(place),
    ...files(place, gatewayId),
    ...backups(place),
    ...waysOut(place),
  ];
  for (const watch of watches) alarm(stack, place, watch, foundation.alarmTopicArn);
}

/** docs.aws.amazon.com/vpc/latest/userguide/metrics-dimensions-nat-gateway.html */
function waysOut({ region }: Place): Watch[] {
  return [
    {
      // All of the region's, since those of a pilot light are not there yet.
      query: 'SELECT SUM(ErrorPortAllocation) FROM SCHEMA("AWS/NATGateway", NatGatewayId)',
      purpose: "nat-ports",
      description: `A NAT gateway of ${region} has no port left for one destination: new connections to it fail. Give it a second address.`,
      above: 0,
      period: 60,
      periods: 3,
      missing: "notBreaching",
    },
  ];
}
