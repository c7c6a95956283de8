/** The templates of every strategy with either hub: everything is reached that must be, nothing that must not, and recovery stands on its own. */
import { expect, test } from "vitest";
import type { Strategy } from "../platform/definition.ts";
import { assemble } from "../stacks/assemble.ts";
import { places } from "../stacks/place.ts";
import { define } from "../stacks/testing.ts";
import type { Subject } from "./check.ts";
import { model } from "./model.ts";
import { databases, hosts, interfaceEndpoints, resolvers } from "./reach/ends.ts";
import { reach } from "./reach/list.ts";
import { found } from "./reach/testing.ts";
import { recoveryPath } from "./recovery-path.ts";

function subject(strategy: Strategy, hub: "tgw" | "vgw", change: (input: any) => void = () => undefined): Subject {
  const definition = define((input) => {
    input.recovery.strategy = strategy;
    if (hub === "vgw") Object.assign(input.site, { hub, vpn: {}, directConnect: { ...input.site.directConnect, mtu: 9001 } });
    change(input);
  });
  const assembly = assemble(definition);
  return { definition, places: places(definition), assembly, model: model(assembly) };
}

const strategies: Strategy[] = ["none", "backup-restore", "pilot-light", "warm-standby", "hot-standby", "active-active"];
const variants = strategies.flatMap((strategy) => (["tgw", "vgw"] as const).map((hub) => [strategy, hub] as const));

test.each(variants)("%s with %s has no findings", (strategy, hub) => {
  const all = subject(strategy, hub);
  expect(found([...reach, ...recoveryPath], all)).toEqual([]);
  // None of it holds because there is nothing to ask about.
  for (const { region } of all.places) {
    for (const ends of [hosts, databases, interfaceEndpoints, resolvers]) {
      const seen = ends(all.model, region);
      expect(seen.length, `${ends.name} of ${region}`).toBeGreaterThanOrEqual(2);
      expect(
        seen.every(({ groups }) => groups.length === 1),
        `${ends.name} of ${region}`,
      ).toBe(true);
    }
  }
});

test("what is off in a pilot light is proven as if it were on", () => {
  const off = subject("pilot-light", "tgw", (input) => {
    input.override = ({ part, role, stack }: { part: string; role: string; stack: any }) => {
      if (part === "compute" && role === "recovery") stack.node.tryRemoveChild("AppDefaultRouteB");
    };
  });
  const said = found(reach, off);
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^RCH005 A host \(eu-central-1-network\.AppSubnetB\) cannot reach the internet: no route leads from/);
});
