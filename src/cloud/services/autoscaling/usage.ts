/** What the group's instances use: AWS/EC2's CPUUtilization over all of them. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html */
import { coresUsed } from "../../../world/containers.ts";
import type { Change } from "../../../world/physics.ts";
import { level } from "../cloudwatch/report.ts";
import { serves, warmupOf } from "./replacement.ts";
import type { Group, Here, Timers } from "./state.ts";

export function loadChanged(call: Here, { containers }: Extract<Change, { kind: "load" }>): void {
  if (call.state.instances.size === 0) return;
  const machines = new Set<string>();
  for (const id of containers) {
    const machine = call.world.containers.get(id)?.machine;
    if (machine !== undefined) machines.add(machine);
  }
  recount(call, machines);
}

export function containerChanged(call: Here, { container }: Extract<Change, { kind: "container" }>): void {
  const machine = call.world.containers.get(container)?.machine;
  if (machine !== undefined) recount(call, [machine]);
}

export function warmed(call: Here, { group }: Timers["warmed"]): void {
  const found = call.state.groups.get(group);
  if (found) reportUsage(call, found);
}

/** Only machines on which something is different are added up again. */
function recount(call: Here, machines: Iterable<string>): void {
  const touched = new Set<Group>();
  for (const id of machines) {
    const group = call.state.groups.get(call.state.instances.get(id) ?? "");
    const member = group?.members.get(id);
    const machine = call.world.machines.get(id);
    if (!group || !member || !machine) continue;
    let cores = 0;
    for (const container of machine.containers) {
      const found = call.world.containers.get(container);
      if (found) cores += coresUsed(found);
    }
    member.used = cores / machine.cores;
    touched.add(group);
  }
  for (const group of touched) reportUsage(call, group);
}

/** ASG-018: who warms up is left out. */
export function reportUsage(call: Here, group: Group): void {
  const warmup = warmupOf(group);
  let [sum, count] = [0, 0];
  for (const member of group.members.values()) {
    if (!serves(call, member, warmup)) continue;
    sum += member.used ?? 0;
    count++;
  }
  const dimensions = { AutoScalingGroupName: group.AutoScalingGroupName };
  const value = count === 0 ? undefined : Number(((100 * sum) / count).toPrecision(12));
  level(call, { namespace: "AWS/EC2", name: "CPUUtilization", dimensions, unit: "Percent" }, value);
}
