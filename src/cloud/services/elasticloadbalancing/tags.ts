/** Tags of load balancers, listeners, rules and target groups. API_AddTags.html */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError, type Operations } from "../../service.ts";
import { invalid, tagList, tagMap, type Here, type State, type Tags, type Timers } from "./state.ts";

const TAGS_MAX = 50; // API_TooManyTagsException; AWS's own are not counted
const RESOURCES_MAX = 20; // API_DescribeTags.html

export function* holders({ state: { loadBalancers, listeners, rules, targetGroups } }: Here): Iterable<{ arn: string; tags: Tags }> {
  for (const { LoadBalancerArn: arn, tags } of loadBalancers.values()) yield { arn, tags };
  for (const { ListenerArn: arn, tags } of listeners.values()) yield { arn, tags };
  for (const { RuleArn: arn, tags } of rules.values()) yield { arn, tags };
  for (const { TargetGroupArn: arn, tags } of targetGroups.values()) yield { arn, tags };
}

const found = ({ state: { loadBalancers, listeners, rules, targetGroups } }: Here, arn: string): Tags | undefined =>
  (loadBalancers.get(arn) ?? listeners.get(arn) ?? rules.get(arn) ?? targetGroups.get(arn))?.tags;

function tagsOf(call: Here, arn: string): Tags {
  const tags = found(call, arn);
  if (tags) return tags;
  const kind = /:elasticloadbalancing:[^:]*:\d{12}:(loadbalancer|listener-rule|listener|targetgroup)\//.exec(arn)?.[1];
  if (kind === "loadbalancer") throw new AwsError("LoadBalancerNotFound", `Load balancer '${arn}' not found`);
  if (kind === "listener") throw new AwsError("ListenerNotFound", `Listener '${arn}' not found`);
  if (kind === "listener-rule") throw new AwsError("RuleNotFound", `Rule '${arn}' not found`);
  if (kind === "targetgroup") throw new AwsError("TargetGroupNotFound", `Target group '${arn}' not found`);
  throw invalid(`'${arn}' is not a valid ARN of a load balancer, target group, listener or listener rule`);
}

/** Of a request that brings tags with it. */
export function checkTags(tags: readonly { Key?: string; Value?: string }[] = [], known: Tags = {}): void {
  const keys = tags.map(({ Key = "" }) => Key);
  const twice = keys.find((key, at) => keys.indexOf(key) !== at);
  if (twice !== undefined) throw new AwsError("DuplicateTagKeys", `The tag key '${twice}' was specified more than once`);
  if (keys.some((key) => key.startsWith("aws:"))) throw invalid("Tag keys must not begin with 'aws:'");
  if (keys.some((key) => key === "" || key.length > 128)) throw invalid("Tag keys must have between 1 and 128 characters");
  const own = new Set([...Object.keys(known), ...keys].filter((key) => !key.startsWith("aws:")));
  if (own.size > TAGS_MAX) throw new AwsError("TooManyTags", `The maximum number of tags has been reached (${TAGS_MAX})`);
}

export const tagOperations = {
  DescribeTags(call, { ResourceArns }) {
    if (ResourceArns.length > RESOURCES_MAX) throw invalid(`Only ${RESOURCES_MAX} resources can be described at once`);
    return { TagDescriptions: ResourceArns.map((arn) => ({ ResourceArn: arn, Tags: tagList(tagsOf(call, arn)) })) };
  },
  AddTags(call, { ResourceArns, Tags }) {
    for (const arn of ResourceArns) checkTags(Tags, tagsOf(call, arn));
    for (const arn of ResourceArns) Object.assign(tagsOf(call, arn), tagMap(Tags));
  },
  RemoveTags(call, { ResourceArns, TagKeys }) {
    for (const arn of ResourceArns) tagsOf(call, arn);
    for (const arn of ResourceArns) for (const key of TagKeys) delete tagsOf(call, arn)[key];
  },
} satisfies Operations<sdk.ElasticLoadBalancingV2, State, Timers>;

export function tag(call: Here, arn: string, set: Record<string, string>, remove: readonly string[]): boolean {
  const tags = found(call, arn);
  if (!tags) return false;
  Object.assign(tags, set);
  for (const key of remove) delete tags[key];
  return true;
}
