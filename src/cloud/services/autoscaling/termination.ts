/** Which instances go when there are too many. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html */
import { hours } from "../../../kernel/units.ts";
import { candidatesOf } from "./launch-source.ts";
import { spread } from "./launching.ts";
import { counts, invalid, unlike, type Group, type Here, type Member } from "./state.ts";

/** What a policy leaves of the candidates. ASG-013 */
type Choice = (call: Here, group: Group, candidates: Member[]) => Member[];

/** All with the least of something. */
const least = (members: Member[], of: (member: Member) => number): Member[] => {
  let lowest = Number.POSITIVE_INFINITY;
  for (const member of members) lowest = Math.min(lowest, of(member));
  return members.filter((member) => of(member) === lowest);
};

const oldestTemplate: Choice = (call, group, members) => {
  const current = new Set(candidatesOf(call, group).map(({ template }) => template.LaunchTemplateId));
  const others = members.filter(({ LaunchTemplate }) => !current.has(LaunchTemplate?.LaunchTemplateId ?? ""));
  return least(others.length ? others : members, ({ LaunchTemplate }) => Number(LaunchTemplate?.Version ?? 0));
};

/** What is further from how the group would buy now goes first: the type that comes last in its order. */
const allocation: Choice = (call, group, members) => {
  const order = candidatesOf(call, group).map(({ type }) => type);
  if (order.length < 2) return members;
  const rank = ({ InstanceType }: Member) => (order.includes(InstanceType) ? order.indexOf(InstanceType) : order.length);
  return least(members, (member) => -rank(member));
};

/** Instances were once billed by the hour from their launch. */
const nextHour: Choice = (call, _group, members) => least(members, ({ launched }) => hours(1) - ((call.now - launched) % hours(1)));

/** ASG-012 */
const usual: Choice = (call, group, members) => {
  const shed = group.MixedInstancesPolicy ? allocation(call, group, members) : members;
  return nextHour(call, group, oldestTemplate(call, group, shed));
};

const choices: Record<string, Choice> = {
  AllocationStrategy: allocation,
  ClosestToNextInstanceHour: nextHour,
  Default: usual,
  NewestInstance: (_call, _group, members) => least(members, ({ launched }) => -Number(launched)),
  OldestInstance: (_call, _group, members) => least(members, ({ launched }) => launched),
  // There are no launch configurations: all are alike.
  OldestLaunchConfiguration: (_call, _group, members) => members,
  OldestLaunchTemplate: oldestTemplate,
};

export const terminationPolicyTypes = Object.keys(choices);

export function checkTerminationPolicies(policies: readonly string[] | undefined): string[] {
  const lambda = policies?.find((policy) => policy.startsWith("arn:aws:lambda:"));
  if (lambda !== undefined) throw unlike(`termination policies by Lambda: ${lambda}`);
  const strange = policies?.find((policy) => !(policy in choices));
  if (strange !== undefined) throw invalid(`The termination policies given are not valid: ${strange}`);
  return policies?.length ? [...policies] : ["Default"];
}

/** So many at most; fewer when the rest is protected. Zones come first, whatever the policies say. */
export function chooseForScaleIn(
  call: Here,
  group: Group,
  count: number,
  among: readonly Member[] = [...group.members.values()],
): Member[] {
  const chosen: Member[] = [];
  let candidates = among.filter(({ LifecycleState, ProtectedFromScaleIn }) => LifecycleState === "InService" && !ProtectedFromScaleIn);
  const have = spread(group, counts);
  while (chosen.length < count && candidates.length > 0) {
    const victim = chooseOne(call, group, candidates, have);
    chosen.push(victim);
    candidates = candidates.filter((each) => each !== victim);
    have.set(victim.AvailabilityZone, (have.get(victim.AvailabilityZone) ?? 0) - 1);
  }
  return chosen;
}

function chooseOne(call: Here, group: Group, candidates: Member[], have: ReadonlyMap<string, number>): Member {
  // ASG-008: the unhealthy pass all policies by.
  const ill = candidates.filter(({ HealthStatus }) => HealthStatus !== "Healthy");
  // What is in a zone that the group has left goes before what is in the fullest.
  const crowd = ({ AvailabilityZone: zone }: Member) =>
    group.AvailabilityZones.includes(zone) ? (have.get(zone) ?? 0) : Number.POSITIVE_INFINITY;
  let left = ill.length ? ill : least(candidates, (member) => -crowd(member));
  for (const policy of group.TerminationPolicies) {
    if (left.length === 1) break;
    left = choices[policy]!(call, group, left);
  }
  return left.length === 1 ? left[0]! : left[Math.floor(call.random() * left.length)]!;
}
