/** Status checks: whether a machine has power and its system answers. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { alive } from "../../../world/machines.ts";
import type { Change } from "../../../world/physics.ts";
import { level } from "../cloudwatch/report.ts";
import type { InstanceTimers } from "./instance-states.ts";
import type { Instance } from "./instances.ts";
import type { Here, State } from "./state.ts";
import type { Call } from "../../service.ts";

type Result = "ok" | "impaired" | "initializing" | "not-applicable";
export type Status = { instance: Result; system: Result; since?: Date; event?: number };

const timed = (call: Here): Call<State, InstanceTimers> => call;

export function statusBegins(call: Here, instance: Instance): void {
  instance.status = { instance: "initializing", system: "initializing" };
  checkLater(call, instance, "status-check-passed");
}

export function statusEnds(instance: Instance): void {
  instance.status = { ...instance.status, instance: "not-applicable", system: "not-applicable" };
}

function checkLater(call: Here, instance: Instance, latency: "status-check-passed" | "status-check-impaired"): void {
  if (instance.status.event !== undefined) call.cancel(instance.status.event);
  instance.status.event = timed(call).background(call.latency(latency), "statusChecked", { id: instance.InstanceId });
}

/** Its machine is another: the checks find out in their own time. */
export function machineChanged(call: Here, { machine }: Extract<Change, { kind: "machine" }>): void {
  const instance = call.state.instances.get(machine);
  if (instance?.state !== "running") return;
  const well = alive(call.world.machines.get(machine));
  if (well === (instance.status.instance === "ok") && instance.status.event === undefined) return;
  checkLater(call, instance, well ? "status-check-passed" : "status-check-impaired");
}

export const statusTimers = {
  statusChecked(call: Here, { id }: InstanceTimers["statusChecked"]) {
    const instance = call.state.instances.get(id);
    if (instance?.state !== "running") return;
    const machine = call.world.machines.get(id);
    const found = { instance: alive(machine) ? "ok" : "impaired", system: machine?.state === "dark" ? "impaired" : "ok" } as const;
    instance.status.event = undefined;
    const before = instance.status.instance;
    Object.assign(instance.status, found, { since: found.instance === "impaired" ? call.date : undefined });
    report(call, instance);
    if (before !== found.instance) call.tell("instance-status", { instanceId: id, status: found.instance });
  },
};

/** docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html */
function report(call: Here, { InstanceId, status }: Instance): void {
  const failed = {
    StatusCheckFailed: status.instance === "impaired" || status.system === "impaired",
    StatusCheckFailed_Instance: status.instance === "impaired",
    StatusCheckFailed_System: status.system === "impaired",
  };
  for (const [name, value] of Object.entries(failed))
    level(call, { namespace: "AWS/EC2", name, dimensions: { InstanceId }, unit: "Count" }, value ? 1 : 0);
}

export const instanceStatus = ({ InstanceId, Placement, status }: Instance, InstanceState: sdk.InstanceState): sdk.InstanceStatus => ({
  InstanceId,
  AvailabilityZone: Placement.AvailabilityZone,
  AvailabilityZoneId: Placement.AvailabilityZoneId,
  InstanceState,
  InstanceStatus: summary(status.instance, status.since),
  SystemStatus: summary(status.system, status.since),
  Events: [],
});

const summary = (result: Result, since: Date | undefined): sdk.InstanceStatusSummary => ({
  Status: result,
  Details: [
    {
      Name: "reachability",
      Status: result === "ok" ? "passed" : result === "impaired" ? "failed" : "initializing",
      ImpairedSince: result === "impaired" ? since : undefined,
    },
  ],
});
