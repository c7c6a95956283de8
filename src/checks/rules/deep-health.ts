/** The load balancer asks whether a task serves, Route 53 whether the journey works. */
import type { Check } from "../check.ts";
import { placeOf } from "../reach/intent.ts";
import { named, text } from "../values.ts";

export const deepHealth: Check = {
  id: "RES062",
  title: "The load balancer does not ask the deep health check",
  why: "When the load balancer asks about the database, a second without it makes every task unhealthy in both regions, and nothing is left to fail over to.",
  fix: 'health: { path: "/health", deep: "/health/deep" }',
  *check({ definition: { services }, model }) {
    const same = Object.entries(services).filter(([, { route, health }]) => route && health.path === health.deep);
    for (const [name, { health }] of same)
      yield {
        message: `Load balancer and Route 53 both ask ${name} for ${health.path}.`,
        place: { path: ["services", name, "health", "deep"] },
      };
    if (same.length > 0) return;
    const deep = new Set(Object.values(services).map(({ health }) => health.deep));
    for (const group of model.byType("AWS::ElasticLoadBalancingV2::TargetGroup")) {
      const path = text(group.properties.HealthCheckPath ?? "");
      if (deep.has(path)) yield { message: `${named(group)} asks for ${path}, the deep health check.`, place: placeOf(group) };
    }
  },
};
