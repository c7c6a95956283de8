/** The data centre's containers outlive one of its hosts. */
import { gib, mib } from "../../kernel/units.ts";
import type { Definition } from "../../platform/definition.ts";
import { needOf, type Room } from "../../stacks/capacity.ts";
import type { Check } from "../check.ts";

type Host = NonNullable<Definition["site"]>["hosts"][number];

export const singleHost: Check = {
  id: "RES044",
  title: "The data centre has two container hosts at least",
  why: "What runs on one host stops with it, and nobody buys a server in an hour.",
  fix: 'hosts: [{ name: "rack-1", address: "10.64.8.11" }, { name: "rack-2", address: "10.64.9.11" }]',
  *check({ definition: { site, services } }) {
    const there = Object.entries(services).filter(([, { runsOn }]) => runsOn !== "cloud");
    if (site?.hosts.length !== 1 || there.length === 0) return;
    const message = `${there.map(([name]) => name).join(", ")} run on ${site.hosts[0]!.name} and nowhere else in the data centre.`;
    yield { message, severity: "warning", place: { path: ["site", "hosts"] } };
  },
};

export const hostLoss: Check = {
  id: "RES045",
  title: "With one host lost the others hold all tasks of the data centre",
  why: "ECS places a lost host's tasks on the others if they fit; what does not fit waits until the host is back.",
  fix: "describe another host, or give the tasks less",
  *check({ definition: { site, services } }) {
    const needs = Object.values(services)
      .filter(({ runsOn }) => runsOn !== "cloud")
      .flatMap((service) => Array.from({ length: service.scaling.min }, () => needOf(service)));
    for (const lost of site?.hosts ?? []) {
      const others = site!.hosts.filter((each) => each !== lost);
      if (others.length === 0 || hold(others, needs)) continue;
      const message = `Without ${lost.name} the other hosts do not hold the ${needs.length} tasks of the data centre.`;
      yield { message, severity: "warning", place: { path: ["site", "hosts"] } };
      return;
    }
  },
};

/** Largest tasks first, each on the first host with room for it. */
function hold(hosts: Host[], needs: Room[]): boolean {
  const rooms = hosts.map(({ cpu, memoryGiB }) => ({ cpu: cpu * 1024, memory: gib(memoryGiB) / mib(1) }));
  return needs
    .toSorted((one, other) => other.memory - one.memory || other.cpu - one.cpu)
    .every((need) => {
      const room = rooms.find(({ cpu, memory }) => cpu >= need.cpu && memory >= need.memory);
      if (!room) return false;
      room.cpu -= need.cpu;
      room.memory -= need.memory;
      return true;
    });
}
