/**
 * What the reference platform becomes, in a form for people (docs/templates): both regions in full, then what each other decision changes. A change of
 * the code shows there as what it does. Written anew by `npx vitest run test/templates.test.ts -u`.
 */
import { join } from "node:path";
import { expect, test } from "vitest";
import { assemble } from "../src/stacks/assemble.ts";
import { define } from "../src/stacks/testing.ts";
import { root } from "./running.ts";
import { alsoChanged, lines, printed, printedDifference, type Lines } from "./template-text.ts";

const decisions = {
  strategy: ["warm-standby", "none", "backup-restore", "pilot-light", "hot-standby", "active-active"],
  hub: ["tgw", "vgw"],
  registry: ["pull-through", "docker-hub", "ecr"],
} as const;
/** The reference platform's. */
const [warmStandby, tgw, pullThrough] = [decisions.strategy[0], decisions.hub[0], decisions.registry[0]];

const synthesized = (strategy: string, hub: string, registry: string): Lines =>
  lines(
    assemble(
      define((input) => {
        input.recovery.strategy = strategy;
        input.registry = { mode: registry };
        input.site.hub = hub;
        // Several paths at once and wide tunnels are a transit gateway's.
        if (hub === "vgw") Object.assign(input.site.vpn, { tunnel: "standard", ecmp: false });
      }),
    ),
  );

const reference = synthesized(warmStandby, tgw, pullThrough);
const file = (name: string) => join(root, "docs", "templates", `${name}.txt`);

test.each(["eu-west-1", "eu-central-1"])("the reference platform in %s", async (region) => {
  const here = new Map([...reference].filter(([key]) => key.startsWith(region)));
  await expect(`${printed(here)}\n`).toMatchFileSnapshot(file(region));
});

const single = new Map<string, Lines>();
for (const strategy of decisions.strategy.slice(1)) single.set(strategy, synthesized(strategy, tgw, pullThrough));
for (const hub of decisions.hub.slice(1)) single.set(hub, synthesized(warmStandby, hub, pullThrough));
for (const registry of decisions.registry.slice(1)) single.set(registry, synthesized(warmStandby, tgw, registry));

test.each([...single])("what %s changes", async (decision, changed) => {
  await expect(`${printedDifference(reference, changed)}\n`).toMatchFileSnapshot(file(`with-${decision}`));
});

test("decisions add up: what two or three of them change beyond what each changes alone", async () => {
  const beyond: string[] = [];
  for (const strategy of decisions.strategy) {
    for (const hub of decisions.hub) {
      for (const registry of decisions.registry) {
        const others = [strategy, hub, registry].filter((decision) => single.has(decision));
        if (others.length < 2) continue;
        const expected = others.slice(1).reduce((base, other) => alsoChanged(base, reference, single.get(other)!), single.get(others[0]!)!);
        const more = printedDifference(expected, synthesized(strategy, hub, registry));
        beyond.push(`# ${others.join(" and ")}\n${more || "nothing"}\n`);
      }
    }
  }
  // Six strategies, two hubs and three registries, without the reference and its eight neighbours.
  expect(beyond).toHaveLength(27);
  await expect(beyond.join("\n")).toMatchFileSnapshot(file("together"));
});
