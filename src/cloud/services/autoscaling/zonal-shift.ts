/** Traffic is shifted away from a zone, or back. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-zonal-shift.html */
import type { Notices } from "../../service.ts";
import { judgeAll } from "./health.ts";
import { soon, type Here } from "./state.ts";

/** ASG-028: only groups that opted in can be shifted. */
export function shifted(call: Here, { resourceArn, zone, active }: Notices["zonal-shift"]): void {
  const group = call.state.groups.get(resourceArn.slice(resourceArn.lastIndexOf("/") + 1));
  if (group?.AutoScalingGroupARN !== resourceArn || !group.AvailabilityZoneImpairmentPolicy.ZonalShiftEnabled) return;
  const name = group.AvailabilityZones[(group.AvailabilityZoneIds ?? []).indexOf(zone)] ?? zone;
  if (active) group.shifted.add(name);
  else {
    group.shifted.delete(name);
    group.unbalanced = undefined;
    judgeAll(call, group);
  }
  soon(call, group);
}
