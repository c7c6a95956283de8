/** Elastic Load Balancing, version 2. API: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Operations, Service, Tagged } from "../../service.ts";
import { checked, containerChanged, drained, machineChanged } from "./health.ts";
import { listenerOperations } from "./listeners.ts";
import { active, loadBalancerOperations } from "./load-balancers.ts";
import { resources } from "./resources.ts";
import { invalid, state, tagList, tagMap, type Here, type State, type Tags, type Timers } from "./state.ts";
import { targetGroupOperations } from "./target-groups.ts";
import { demandChanged, flow, flowSoon } from "./traffic.ts";

type Holder = { arn: string; tags: Tags };

function* holders({ state: { loadBalancers, listeners, rules, targetGroups } }: Here): Iterable<Holder> {
  for (const { LoadBalancerArn: arn, tags } of loadBalancers.values()) yield { arn, tags };
  for (const { ListenerArn: arn, tags } of listeners.values()) yield { arn, tags };
  for (const { RuleArn: arn, tags } of rules.values()) yield { arn, tags };
  for (const { TargetGroupArn: arn, tags } of targetGroups.values()) yield { arn, tags };
}

function tagsOf(call: Here, asked: string): Tags {
  for (const { arn, tags } of holders(call)) if (arn === asked) return tags;
  throw invalid(`'${asked}' is not a valid load balancer, listener, rule or target group ARN`);
}

const tagOperations = {
  DescribeTags: (call, { ResourceArns }) => ({
    TagDescriptions: ResourceArns.map((arn) => ({ ResourceArn: arn, Tags: tagList(tagsOf(call, arn)) })),
  }),
  AddTags(call, { ResourceArns, Tags }) {
    for (const arn of ResourceArns) tagsOf(call, arn);
    for (const arn of ResourceArns) Object.assign(tagsOf(call, arn), tagMap(Tags));
  },
  RemoveTags(call, { ResourceArns, TagKeys }) {
    for (const arn of ResourceArns) tagsOf(call, arn);
    for (const arn of ResourceArns) for (const key of TagKeys) delete tagsOf(call, arn)[key];
  },
} satisfies Operations<sdk.ElasticLoadBalancingV2, State, Timers>;

const operations = { ...listenerOperations, ...loadBalancerOperations, ...tagOperations, ...targetGroupOperations } satisfies Operations<
  sdk.ElasticLoadBalancingV2,
  State,
  Timers
>;

function tag(call: Here, asked: string, set: Record<string, string>, remove: readonly string[]): boolean {
  for (const { arn, tags } of holders(call)) {
    if (arn !== asked) continue;
    Object.assign(tags, set);
    for (const key of remove) delete tags[key];
    return true;
  }
  return false;
}

export const elasticloadbalancing = {
  api: {
    signing: "elasticloadbalancing",
    protocol: "awsQuery",
    version: "2015-12-01",
    namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
  },
  sdk: () => import("@aws-sdk/client-elastic-load-balancing-v2"),
  needs: ["acm", "cloudwatch", "ec2"],
  state,
  operations,
  timers: {
    active(call: Here, said: Timers["active"]) {
      active(call, said);
      flowSoon(call, said.balancer);
    },
    flow,
    checked,
    drained,
  },
  senses: { machine: machineChanged, container: containerChanged, demand: demandChanged },
  *tagged(call: Here): Iterable<Tagged> {
    yield* holders(call);
  },
  tag,
  resources,
} satisfies Service;
