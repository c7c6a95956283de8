/** Load balancer, cluster and services: what serves, and what a pilot light switches on as one. */
import type { Stack } from "aws-cdk-lib";
import { balancer } from "./balancer.ts";
import { cluster, clusterRoles, groupName } from "./cluster.ts";
import { computeAlarms } from "./compute-alarms.ts";
import type { Compute, Domain, Files, Foundation, Network } from "./parts.ts";
import type { Place } from "./place.ts";
import { services } from "./services.ts";
import { taskRoles } from "./task-definition.ts";

export function computeRoles(stack: Stack, place: Place): void {
  clusterRoles(stack, place);
  taskRoles(stack, place);
}

export function compute(
  stack: Stack,
  place: Place,
  needs: { foundation: Foundation; network: Network; domain?: Domain; files?: Files },
): Compute {
  const front = balancer(stack, place, needs);
  cluster(stack, place, needs);
  services(stack, place, needs.foundation, front);
  computeAlarms(stack, place, needs.foundation, front);
  return {
    balancer: front && { arn: front.arn, dnsName: front.dnsName, zoneId: front.zoneId, fullName: front.fullName },
    targetGroups: Object.fromEntries(Object.entries(front?.targets ?? {}).map(([name, { fullName }]) => [name, fullName])),
    cluster: place.names.cluster,
    autoScalingGroup: groupName(place),
  };
}
