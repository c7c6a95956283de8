/** Patches that systems' makers have published, and which machine has which. */
import type { Instant } from "../kernel/units.ts";
import type { World } from "./world.ts";

export type System = "AMAZON_LINUX_2023" | "DEBIAN" | "UBUNTU";

export type Patch = {
  name: string;
  system: System;
  released: Instant;
  /** In the maker's words: `Security`, `Bugfix`; Debian and Ubuntu have priorities instead. */
  classification: string;
  severity: string;
  priority: string;
  /** Takes effect only when the machine has restarted. */
  reboot: boolean;
};

/** `pending`: installed, and waits for a restart. */
export type Installed = { at: Instant; pending: boolean };

export const published = ({ patches }: World, system: System): Patch[] => [...patches.values()].filter((patch) => patch.system === system);

/** Patch → since when a machine has it. A machine has what its image had: nothing that was published after it was made counts. */
export const installedOn = ({ installed }: World, machine: string): ReadonlyMap<string, Installed> => installed.get(machine) ?? new Map();

export function install({ installed }: World, machine: string, { name, reboot }: Patch, at: Instant): void {
  const its = installed.get(machine) ?? new Map<string, Installed>();
  its.set(name, { at, pending: reboot });
  installed.set(machine, its);
}

/** It has restarted: what waited for that is in effect. */
export function restarted({ installed }: World, machine: string): void {
  for (const each of installed.get(machine)?.values() ?? []) each.pending = false;
}
