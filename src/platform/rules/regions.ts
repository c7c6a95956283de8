/** The regions exist, differ, and their zones are theirs. */
import facts from "../../data/regions.json" with { type: "json" };
import type { Definition, Role } from "../definition.ts";
import { nearest } from "../nearest.ts";
import { rule } from "./rule.ts";

const zonesOf = new Map(facts.regions.map(({ code, zones }) => [code, zones.map(({ id }) => id)]));

/** The regions that are written, with their path. */
function* written({ regions }: Pick<Definition, "regions">) {
  for (const role of ["primary", "recovery"] satisfies Role[]) {
    const region = regions[role];
    if (region) yield { ...region, path: ["regions", role] as const };
  }
}

export const regionKnown = rule({
  id: "ADR001",
  why: "Zones, prices and quotas are known by region, and a misspelt one is found out only while deploying.",
  fix: 'region: "eu-west-1"',
  needs: ["regions"],
  *check(definition) {
    for (const { region, path } of written(definition)) {
      if (zonesOf.has(region)) continue;
      const near = nearest(region, zonesOf.keys());
      yield {
        path: [...path, "region"],
        message: `There is no region ${region}.${near ? ` Did you mean ${near}?` : ""}`,
        ...(near && { fix: `region: "${near}"` }),
      };
    }
  },
});

export const zonesInRegion = rule({
  id: "ADR002",
  why: "Subnets are made by zone id, and a zone id belongs to one region.",
  fix: "write zone ids of this region",
  needs: ["regions"],
  *check(definition) {
    for (const { region, zones, path } of written(definition)) {
      const known = zonesOf.get(region);
      if (!known) continue;
      for (const [at, zone] of zones.entries()) {
        if (known.includes(zone)) continue;
        yield {
          path: [...path, "zones", at],
          message: `${zone} is not a zone of ${region}, which has ${known.toSorted().join(", ")}.`,
          fix: `zones: [${known
            .toSorted()
            .slice(0, 2)
            .map((id) => `"${id}"`)
            .join(", ")}]`,
        };
      }
    }
  },
});

export const zonesDistinct = rule({
  id: "ADR003",
  why: "Two subnets in one zone share its fate, so the second zone would be one in name only.",
  fix: "name each zone once",
  needs: ["regions"],
  *check(definition) {
    for (const { zones, path } of written(definition)) {
      for (const [at, zone] of zones.entries()) {
        if (zones.indexOf(zone) < at) yield { path: [...path, "zones", at], message: `Zone ${zone} is named twice.` };
      }
    }
  },
});

export const twoZones = rule({
  id: "ADR004",
  why: "The load balancer and the database's subnet group need two zones, and one zone has no other to fail over to.",
  fix: "add a second zone id",
  needs: ["regions"],
  *check(definition) {
    for (const { region, zones, path } of written(definition)) {
      if (zones.length >= 2) continue;
      const another = zonesOf
        .get(region)
        ?.toSorted()
        .find((id) => !zones.includes(id));
      yield {
        path: [...path, "zones"],
        message: `${region} has ${zones.length} zone, two are needed.`,
        ...(another && { fix: `zones: [${[...zones, another].map((id) => `"${id}"`).join(", ")}]` }),
      };
    }
  },
});

export const regionsDiffer = rule({
  id: "ADR005",
  why: "A region is not recovered into itself.",
  fix: "choose another region for recovery",
  needs: ["regions"],
  *check({ regions: { primary, recovery } }) {
    if (primary.region === recovery?.region) {
      yield { path: ["regions", "recovery", "region"], message: `Primary and recovery region are both ${primary.region}.` };
    }
  },
});
