/** What tasks use of what they reserve: AWS/ECS's metrics. docs.aws.amazon.com/AmazonECS/latest/developerguide/service_utilization.html */
import { mib } from "../../../kernel/units.ts";
import { coresUsed, memoryUsed } from "../../../world/containers.ts";
import type { Change } from "../../../world/physics.ts";
import { level, seriesOf } from "../cloudwatch/report.ts";
import { definitionOf, type Here, type Service, type Task } from "./state.ts";

/** Its containers do more or less, or it has begun or ended: its service's sums are others. CW-017, CW-018 */
export function usageChanged(call: Here, task: Task): void {
  const service = recount(call, task);
  if (service) report(call, service);
}

/** Many at once: each service is reported once. */
export function loadChanged(call: Here, { containers }: Extract<Change, { kind: "load" }>): void {
  const touched = new Set<Service>();
  for (const id of containers) {
    const task = call.state.tasks.get(call.state.containers.get(id) ?? "");
    const service = task && recount(call, task);
    if (service) touched.add(service);
  }
  for (const service of touched) report(call, service);
}

function recount(call: Here, task: Task): Service | undefined {
  const before = task.used;
  const running = task.lastStatus === "RUNNING" || task.lastStatus === "DEACTIVATING" || task.lastStatus === "STOPPING";
  task.used = { cores: 0, memory: 0 };
  for (const { id } of running ? task.containers : []) {
    const container = call.world.containers.get(id);
    if (!container) continue;
    task.used.cores += coresUsed(container);
    task.used.memory += memoryUsed(container);
  }
  const service = task.service === undefined ? undefined : call.state.services.get(task.service);
  if (!service) return undefined;
  service.used.cores += task.used.cores - before.cores;
  service.used.memory += task.used.memory - before.memory;
  service.used.tasks += Number(task.used.memory > 0) - Number(before.memory > 0);
  return service;
}

/** CW-018: used over reserved; only while tasks run. */
function report(call: Here, service: Service): void {
  const { needs } = definitionOf(call, service.definition);
  const { cores, memory, tasks } = service.used;
  const share = (used: number, reserved: number) =>
    tasks === 0 || reserved === 0 ? undefined : Number(((100 * used) / (reserved * tasks)).toPrecision(12));
  const series = (name: string) =>
    seriesOf({ namespace: "AWS/ECS", name, dimensions: { ClusterName: service.cluster, ServiceName: service.name }, unit: "Percent" });
  service.reported ??= { cpu: series("CPUUtilization"), memory: series("MemoryUtilization") };
  level(call, service.reported.cpu, share(cores * 1024, needs.cpu));
  level(call, service.reported.memory, share(memory / mib(1), needs.memory));
}
