/** Elastic Load Balancing, version 2. API: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Operations, Service } from "../../service.ts";
import { renamed } from "./dns.ts";
import { checked } from "./health.ts";
import { limitOperations } from "./limits.ts";
import { listenerOperations } from "./listeners.ts";
import { active, loadBalancerOperations } from "./load-balancers.ts";
import { resources } from "./resources.ts";
import { ruleOperations } from "./rules.ts";
import { containerChanged, instanceChanged, lineChanged, machineChanged, zoneChanged } from "./senses.ts";
import { quicker } from "./slow-start.ts";
import { policyOperations } from "./ssl-policies.ts";
import { state, type State, type Timers } from "./state.ts";
import { holders, tag, tagOperations } from "./tags.ts";
import { targetGroupOperations } from "./target-groups.ts";
import { drained, targetOperations } from "./targets.ts";
import { demandChanged, ripple } from "./traffic.ts";
import { shiftOver } from "./zonal-shift.ts";

const operations = {
  ...limitOperations,
  ...listenerOperations,
  ...loadBalancerOperations,
  ...policyOperations,
  ...ruleOperations,
  ...tagOperations,
  ...targetGroupOperations,
  ...targetOperations,
} satisfies Operations<sdk.ElasticLoadBalancingV2, State, Timers>;

export const elasticloadbalancing = {
  api: {
    signing: "elasticloadbalancing",
    protocol: "awsQuery",
    version: "2015-12-01",
    namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
  },
  sdk: () => import("@aws-sdk/client-elastic-load-balancing-v2"),
  needs: ["acm", "cloudwatch", "ec2", "servicequotas"],
  state,
  operations,
  timers: { active, checked, drained, quicker, renamed, ripple, shiftOver },
  senses: { machine: machineChanged, container: containerChanged, demand: demandChanged, zone: zoneChanged, line: lineChanged },
  hears: { "instance-state": instanceChanged },
  tagged: holders,
  tag,
  resources,
} satisfies Service;
