/** Whether an agent reaches its region: what it does not hear it does not do, and what it cannot say nobody knows. */
import { alive } from "../../../world/machines.ts";
import type { Here } from "./state.ts";

export function reaches({ world, region }: Here, machine: string): boolean {
  const host = world.machines.get(machine);
  if (!host || !alive(host) || world.regionsLost.has(region)) return false;
  return host.site === undefined || !world.linesCut.has(`${host.site}/${region}`);
}
