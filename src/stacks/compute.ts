/** Load balancer, cluster and services: what serves, and what a pilot light switches on as one. */
import type { Stack } from "aws-cdk-lib";
import { balancer } from "./balancer.ts";
import { cluster } from "./cluster.ts";
import { clusterRoles } from "./cluster-roles.ts";
import { computeAlarms } from "./compute-alarms.ts";
import { groupName } from "./hosts.ts";
import type { Compute, Domain, Files, Foundation, Network } from "./parts.ts";
import type { Place } from "./place.ts";
import { services } from "./services.ts";
import { taskRoles } from "./task-roles.ts";

/** Made beforehand and always there, so that what is switched on at recovery needs nothing of IAM. */
export function computeRoles(stack: Stack, place: Place): void {
  clusterRoles(stack, place);
  taskRoles(stack, place);
}

type Needs = { foundation: Foundation; network: Network; domain?: Domain; files?: Files };

export function compute(stack: Stack, place: Place, { foundation, network, domain }: Needs): Compute {
  const front = balancer(stack, place, { foundation, network, domain });
  const own = cluster(stack, place, { foundation, network });
  services(stack, place, { foundation, cluster: own, balancer: front });
  computeAlarms(stack, place, { foundation, cluster: own, balancer: front });
  return {
    balancer: front && { arn: front.arn, dnsName: front.dnsName, zoneId: front.zoneId, fullName: front.fullName },
    targetGroups: Object.fromEntries(Object.entries(front?.targets ?? {}).map(([name, { fullName }]) => [name, fullName])),
    cluster: place.names.cluster,
    autoScalingGroup: groupName(place),
  };
}
