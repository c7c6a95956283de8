/** The machines: types that exist, of one architecture, large enough for the tasks that go there. */
import families from "../../data/instance-families.json" with { type: "json" };
import facts from "../../data/instance-types.json" with { type: "json" };
import { gib, mib } from "../../kernel/units.ts";
import type { Definition, Service } from "../definition.ts";
import { nearest } from "../nearest.ts";
import { inUnit } from "../written.ts";
import { rule } from "./rule.ts";

const byName = new Map(facts.types.map((each) => [each.type, each]));

/** Graviton carries a `g` after its generation: docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html; a1 is older than that. */
const architecture = (type: string): string =>
  byName.get(type)?.arch ?? (/^(a1$|[a-z]+\d+[a-z]*g)/.test(type.split(".")[0]!) ? "arm64" : "x86_64");

export const typesKnown = rule({
  id: "SVC040",
  why: "Auto Scaling refuses a type that EC2 does not have.",
  fix: 'instanceTypes: ["m6i.large", "m5.large"]',
  needs: ["cluster"],
  *check({ cluster }) {
    for (const [at, type] of cluster.instanceTypes.entries()) {
      const [family = "", size = ""] = type.split(".");
      const path = ["cluster", "instanceTypes", at];
      if (cluster.instanceTypes.indexOf(type) < at)
        yield { path, message: `Instance type ${type} is named twice.`, fix: "name each type once" };
      if (families.families.includes(family) && families.sizes.includes(size)) continue;
      const near = nearest(type, byName.keys());
      yield {
        path,
        message: `There is no instance type ${type}.${near ? ` Did you mean ${near}?` : ""}`,
        ...(near && { fix: `"${near}"` }),
      };
    }
  },
});

export const oneArchitecture = rule({
  id: "SVC041",
  why: "The group has one machine image, and an image is for one architecture.",
  fix: "choose types with one architecture",
  needs: ["cluster"],
  *check({ cluster: { instanceTypes } }) {
    const first = instanceTypes[0]!;
    const at = instanceTypes.findIndex((type) => architecture(type) !== architecture(first));
    if (at < 0) return;
    const other = instanceTypes[at]!;
    yield { path: ["cluster", "instanceTypes", at], message: `${other} is ${architecture(other)}, ${first} is ${architecture(first)}.` };
  },
});

export const clusterBounds = rule({
  id: "SVC042",
  why: "Managed scaling keeps the count between both.",
  fix: "cluster: { min: 2, max: 10 }",
  needs: ["cluster"],
  *check({ cluster: { min, max, step } }) {
    if (min > max) yield { path: ["cluster", "min"], message: `The cluster has a min of ${min} above its max of ${max}.` };
    if (step.min > step.max)
      yield { path: ["cluster", "step", "min"], message: `The smallest step, ${step.min}, is above the largest, ${step.max}.` };
  },
});

/** Of a machine's memory its kernel keeps some: a task of the whole is never placed. docs.aws.amazon.com/AmazonECS/latest/developerguide/memory-management.html */
const holds = (machine: { cpu: number; memory: number }, { cpu, memory }: Service): boolean =>
  cpu <= machine.cpu * 1024 && memory < machine.memory;

const wants = ({ cpu, memory }: Service) => `${cpu} CPU shares and ${inUnit(memory, "bytes")}`;

export const tasksFitInstances = rule({
  id: "SVC043",
  why: "A task that is larger than every machine waits for ever, and capacity is added in vain.",
  fix: "choose a larger instance type, or give the service less",
  needs: ["services", "cluster"],
  *check({ services, cluster: { instanceTypes } }) {
    const machines = instanceTypes.map((type) => byName.get(type));
    for (const [name, service] of Object.entries(services)) {
      // A type whose size is not at hand may be large enough.
      if (service.runsOn === "site" || machines.some((each) => !each || holds({ cpu: each.vcpu, memory: mib(each.memoryMiB) }, service)))
        continue;
      yield { path: ["services", name], message: `A task of ${name}, ${wants(service)}, fits on none of ${instanceTypes.join(", ")}.` };
    }
  },
});

export const tasksFitHosts = rule({
  id: "SVC044",
  why: "A task that is larger than every machine waits for ever.",
  fix: "give the service less, or write what the hosts really have (cpu, memoryGiB)",
  needs: ["services", "site"],
  *check({ services, site }: Pick<Definition, "services" | "site">) {
    const hosts = site?.hosts ?? [];
    if (hosts.length === 0) return;
    for (const [name, service] of Object.entries(services)) {
      if (service.runsOn === "cloud" || hosts.some(({ cpu, memoryGiB }) => holds({ cpu, memory: gib(memoryGiB) }, service))) continue;
      yield { path: ["services", name], message: `A task of ${name}, ${wants(service)}, fits on none of the site's hosts.` };
    }
  },
});
