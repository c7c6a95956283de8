/**
 * The addresses that a load balancer's name leads to: its zones in DNS.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health.html
 */
import { seconds } from "../../../kernel/units.ts";
import { counted, crosses, enough, inZone } from "./sharing.ts";
import type { Here, LoadBalancer, TargetGroup, Timers } from "./state.ts";
import { reroute } from "./traffic.ts";

/** "The TTL is 60 seconds": how-elastic-load-balancing-works.html. So long users go on with the addresses they have. ALB-017 */
const TTL = seconds(60);

/** Zones whose nodes users reach: a client that gets no connection takes the name's next address, so a dead node costs no request. */
export function doors({ world, region }: Here, { nodes, named }: LoadBalancer): string[] {
  if (world.regionsLost.has(region)) return [];
  const up = nodes.filter(({ zoneId }) => !world.zonesLost.has(zoneId)).map(({ zone }) => zone);
  return up.filter((zone) => named.includes(zone));
}

/** Zones that DNS names now: those that are well and not shifted away from; when none is, all. ALB-013, ALB-014, ALB-018 */
export function addressesOf(call: Here, balancer: LoadBalancer): string[] {
  const groups = [...balancer.groups].flatMap((arn) => call.state.targetGroups.get(arn) ?? []);
  const zones = balancer.nodes.filter(({ zone }) => zone !== balancer.shift?.zone);
  const well = zones
    .filter(({ zone, zoneId }) => !call.world.zonesLost.has(zoneId) && isWell(groups, balancer, zone))
    .map(({ zone }) => zone);
  return well.length > 0 ? well : zones.map(({ zone }) => zone);
}

/** One group with enough healthy targets will do, unless a group that does not cross zones has too few in this one. ALB-014 */
function isWell(groups: readonly TargetGroup[], balancer: LoadBalancer, zone: string): boolean {
  let [some, any] = [false, false];
  for (const group of groups) {
    const crossing = crosses(group, balancer);
    const found = counted(inZone([...group.targets.values()], crossing ? undefined : zone));
    if (found.registered === 0) continue;
    any = true;
    if (enough(group, "dns_failover", found)) some = true;
    else if (!crossing) return false;
  }
  return some || !any;
}

/** Whether DNS names other zones now; users know it when their copies have run out. */
export function rename(call: Here, balancer: LoadBalancer): void {
  const zones = addressesOf(call, balancer);
  const { renaming } = balancer;
  if (renaming && renaming.zones.join() === zones.join()) return;
  if (renaming) call.cancel(renaming.event);
  balancer.renaming = undefined;
  if (balancer.offers.size === 0 || zones.join() === balancer.named.join()) return;
  balancer.renaming = { zones, event: call.after(TTL, "renamed", { balancer: balancer.LoadBalancerArn }) };
}

export function renamed(call: Here, { balancer: arn }: Timers["renamed"]): void {
  const balancer = call.state.loadBalancers.get(arn);
  if (!balancer?.renaming) return;
  balancer.named = balancer.renaming.zones;
  balancer.renaming = undefined;
  reroute(call, balancer);
}
