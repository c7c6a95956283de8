/** Recovery: somewhere to recover to, and promises for services that exist. */
import { nearest } from "../nearest.ts";
import { rule } from "./rule.ts";

export const recoveryRegion = rule({
  id: "REC001",
  why: "The platform is recovered into a region that is known and prepared beforehand.",
  fix: 'recovery: { region: "eu-central-1", zones: ["euc1-az2", "euc1-az3"] }',
  needs: ["regions", "recovery"],
  *check({ regions, recovery: { strategy } }) {
    if (strategy !== "none" && !regions.recovery)
      yield { path: ["regions", "recovery"], message: `Strategy ${strategy} needs a recovery region.` };
  },
});

export const objectivesKnown = rule({
  id: "REC002",
  why: "A promise is kept, measured and reported by the services on the journey's way.",
  fix: "name services of this platform",
  needs: ["services", "recovery"],
  *check({ services, recovery: { objectives } }) {
    for (const [journey, objective] of Object.entries(objectives)) {
      for (const [at, name] of objective.services.entries()) {
        if (Object.hasOwn(services, name)) continue;
        const near = nearest(name, Object.keys(services));
        yield {
          path: ["recovery", "objectives", journey, "services", at],
          message: `Objective ${journey} names the service ${name}, which is not defined.`,
          ...(near && { fix: `services: ["${near}"]` }),
        };
      }
    }
  },
});
