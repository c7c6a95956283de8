/** Registries that are not AWS's: Docker Hub, with its limits, reachable or not. */
import { hours, type Duration, type Instant } from "../kernel/units.ts";
import type { Physics } from "./physics.ts";

export type Registry = {
  host: string;
  reachable: boolean;
  /** Pulls that one who pulls (an address, or an account) has within the window; absent = no limit. */
  limit: { anonymous?: number; authenticated?: number };
  window: Duration;
  /** Who → when their pulls of the window were. */
  pulls: Map<string, Instant[]>;
};

/** docs.docker.com/docker-hub/usage: 100 pulls in 6 hours for an address, 200 for a personal account; paid accounts without. */
export const dockerHub = (): Registry => ({
  host: "docker.io",
  reachable: true,
  limit: { anonymous: 100, authenticated: 200 },
  window: hours(6),
  pulls: new Map(),
});

type Pulled = { outcome: "ok" | "unreachable" } | { outcome: "limited"; limit: number; window: Duration };

/** One manifest is fetched. `who` is an address, or `account:name`. Counts it, unless it is refused. */
export function pull({ world, now }: Physics, host: string, who: string): Pulled {
  const registry = registryOf(world.registries, host);
  if (!registry.reachable) return { outcome: "unreachable" };
  const limit = who.startsWith("account:") ? registry.limit.authenticated : registry.limit.anonymous;
  const recent = (registry.pulls.get(who) ?? []).filter((at) => at > now - registry.window);
  registry.pulls.set(who, recent);
  if (limit !== undefined && recent.length >= limit) return { outcome: "limited", limit, window: registry.window };
  recent.push(now);
  return { outcome: "ok" };
}

export function registryOf(registries: Map<string, Registry>, host: string): Registry {
  let registry = registries.get(host);
  if (!registry) {
    registry = { ...dockerHub(), host, limit: host === "docker.io" ? dockerHub().limit : {} };
    registries.set(host, registry);
  }
  return registry;
}
