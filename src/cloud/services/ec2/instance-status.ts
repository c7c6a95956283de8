/** Status checks: whether a machine has power and its system answers. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { alive } from "../../../world/machines.ts";
import type { Change } from "../../../world/physics.ts";
import type { Call } from "../../service.ts";
import { level } from "../cloudwatch/report.ts";
import { measure } from "./instance-metrics.ts";
import { shutDownItself } from "./instance-states.ts";
import { codes } from "./instance-view.ts";
import type { Instance } from "./instances.ts";
import type { Here, State } from "./state.ts";

type Result = "ok" | "impaired" | "initializing" | "not-applicable";
export type Status = { instance: Result; system: Result; since?: Date; event?: number };
export type StatusTimers = { statusChecked: { id: string } };

const timed = (call: Here): Call<State, StatusTimers> => call;

export function statusBegins(call: Here, instance: Instance): void {
  instance.status = { instance: "initializing", system: "initializing" };
  checkLater(call, instance, "status-check-passed");
}

/** It is not checked any more, and has no datapoints. */
export function statusEnds(call: Here, instance: Instance): void {
  if (instance.status.event !== undefined) call.cancel(instance.status.event);
  instance.status = { instance: "not-applicable", system: "not-applicable" };
  report(call, instance);
}

function checkLater(call: Here, instance: Instance, latency: "status-check-passed" | "status-check-impaired"): void {
  if (instance.status.event !== undefined) call.cancel(instance.status.event);
  instance.status.event = timed(call).background(call.latency(latency), "statusChecked", { id: instance.InstanceId });
}

/** Its machine is another: the checks find out in their own time. */
export function machineChanged(call: Here, { machine: id }: Extract<Change, { kind: "machine" }>): void {
  const instance = call.state.instances.get(id);
  if (instance?.state !== "running") return;
  const machine = call.world.machines.get(id);
  if (machine?.state === "off") return shutDownItself(call, instance);
  measure(call, instance);
  const well = alive(machine);
  if (well === (instance.status.instance === "ok") && instance.status.event === undefined) return;
  checkLater(call, instance, well ? "status-check-passed" : "status-check-impaired");
}

export const statusTimers = {
  statusChecked(call: Here, { id }: StatusTimers["statusChecked"]) {
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
  const isChecked = status.instance !== "not-applicable";
  const failed = {
    StatusCheckFailed: status.instance === "impaired" || status.system === "impaired",
    StatusCheckFailed_Instance: status.instance === "impaired",
    StatusCheckFailed_System: status.system === "impaired",
  };
  for (const [name, value] of Object.entries(failed))
    level(call, { namespace: "AWS/EC2", name, dimensions: { InstanceId }, unit: "Count" }, isChecked ? Number(value) : undefined);
}

export const instanceStatus = ({ InstanceId, Placement, status, state }: Instance): sdk.InstanceStatus => ({
  InstanceId,
  AvailabilityZone: Placement.AvailabilityZone,
  AvailabilityZoneId: Placement.AvailabilityZoneId,
  InstanceState: { Code: codes[state], Name: state },
  InstanceStatus: summary(status.instance, status.since),
  SystemStatus: summary(status.system, status.since),
  Events: [],
});

function summary(Status: Result, since: Date | undefined): sdk.InstanceStatusSummary {
  if (Status === "not-applicable") return { Status };
  const ImpairedSince = Status === "impaired" ? since : undefined;
  const found = ({ ok: "passed", impaired: "failed", initializing: "initializing" } as const)[Status];
  return { Status, Details: [{ Name: "reachability", Status: found, ImpairedSince }] };
}

// docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceStatus.html
export const statusFilters = {
  "availability-zone": ({ Placement }: Instance) => Placement.AvailabilityZone,
  "availability-zone-id": ({ Placement }: Instance) => Placement.AvailabilityZoneId,
  "instance-state-code": ({ state }: Instance) => codes[state],
  "instance-state-name": ({ state }: Instance) => state,
  "instance-status.reachability": ({ status }: Instance) => summary(status.instance, undefined).Details?.[0]?.Status,
  "instance-status.status": ({ status }: Instance) => status.instance,
  "system-status.reachability": ({ status }: Instance) => summary(status.system, undefined).Details?.[0]?.Status,
  "system-status.status": ({ status }: Instance) => status.system,
};
