/** Quotas. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Operations } from "../../service.ts";
import type { Here, State, Timers } from "./state.ts";

/** Those that Service Quotas can raise. */
const codes = { application: "L-53DA6B97", network: "L-69A177A2", groups: "L-B22855CB" } as const;

export function quotaOf(call: Here, what: keyof typeof codes): number {
  const { Quota } = call.ask("servicequotas").GetServiceQuota({ ServiceCode: "elasticloadbalancing", QuotaCode: codes[what] });
  return Quota?.Value ?? 0;
}

/** API_DescribeAccountLimits.html */
const fixed: [string, number][] = [
  ["targets-per-application-load-balancer", 1000],
  ["listeners-per-application-load-balancer", 50],
  ["rules-per-application-load-balancer", 100],
  ["certificates-per-application-load-balancer", 25],
  ["target-groups-per-application-load-balancer", 100],
  ["target-groups-per-action-on-application-load-balancer", 5],
  ["condition-values-per-alb-rule", 5],
  ["condition-wildcards-per-alb-rule", 6],
  ["target-id-registrations-per-application-load-balancer", 1000],
  ["targets-per-target-group", 1000],
  ["targets-per-network-load-balancer", 3000],
  ["targets-per-availability-zone-per-network-load-balancer", 500],
  ["listeners-per-network-load-balancer", 50],
  ["certificates-per-network-load-balancer", 25],
  ["target-groups-per-action-on-network-load-balancer", 1],
  ["gateway-load-balancers", 100],
  ["gateway-load-balancers-per-vpc", 10],
  ["geneve-target-groups", 100],
];

export const limitOperations = {
  DescribeAccountLimits(call) {
    const raised: [string, number][] = [
      ["application-load-balancers", quotaOf(call, "application")],
      ["network-load-balancers", quotaOf(call, "network")],
      ["target-groups", quotaOf(call, "groups")],
    ];
    return { Limits: [...raised, ...fixed].map(([Name, max]) => ({ Name, Max: String(max) })) };
  },
} satisfies Operations<sdk.ElasticLoadBalancingV2, State, Timers>;
