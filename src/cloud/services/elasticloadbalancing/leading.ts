/** Which listeners and rules lead to which target groups. Kept as they change, for there may be thousands. ALB-007 */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { forget, reportHealth } from "./metrics.ts";
import { reviseAll } from "./senses.ts";
import { groupsIn, type Here, type LoadBalancer } from "./state.ts";
import { reroute } from "./traffic.ts";

/** A listener or a rule leads elsewhere than before. */
export function lead(
  call: Here,
  balancer: LoadBalancer,
  user: string,
  { before = [], now = [] }: { before?: readonly sdk.Action[]; now?: readonly sdk.Action[] },
): void {
  const [old, wanted] = [new Set(groupsIn(before)), new Set(groupsIn(now))];
  const turned = [];
  for (const arn of new Set([...old, ...wanted])) {
    const group = call.state.targetGroups.get(arn);
    if (!group || old.has(arn) === wanted.has(arn)) continue;
    if (wanted.has(arn)) group.users.add(user);
    else group.users.delete(user);
    const used = group.users.size > 0;
    if (used === balancer.groups.has(arn)) continue;
    if (used) balancer.groups.add(arn);
    else balancer.groups.delete(arn);
    group.LoadBalancerArns = used ? [balancer.LoadBalancerArn] : [];
    if (used) reportHealth(call, group);
    else forget(call, balancer, group.told, group);
    turned.push(group);
  }
  // Requests leave a group before its targets fall out of use.
  reroute(call, balancer);
  for (const group of turned) reviseAll(call, group);
}
