/** The load balancer's rules: who is behind it, and which rule is asked first. */
import type { Definition, Service } from "../definition.ts";
import { inUnit } from "../written.ts";
import { rule } from "./rule.ts";

type Routed = [string, Service & { route: NonNullable<Service["route"]> }];
const routed = ({ services }: Pick<Definition, "services">) =>
  Object.entries(services).filter((each): each is Routed => each[1].route !== undefined);

export const siteHasNoBalancer = rule({
  id: "SVC020",
  // docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html
  why: "ECS registers no task of the data centre with a load balancer.",
  fix: 'runsOn: "cloud" or "both", or leave out route',
  needs: ["services"],
  *check(definition) {
    for (const [name, { runsOn }] of routed(definition)) {
      if (runsOn === "site")
        yield {
          path: ["services", name, "route"],
          message: `${name} runs in the data centre only and cannot be behind the load balancer.`,
        };
    }
  },
});

export const routeHasPort = rule({
  id: "SVC021",
  why: "The load balancer forwards to a port.",
  fix: "port: 8080",
  needs: ["services"],
  *check(definition) {
    for (const [name, { port }] of routed(definition)) {
      if (port === undefined) yield { path: ["services", name, "port"], message: `${name} has a route but no port.` };
    }
  },
});

export const oneDefault = rule({
  id: "SVC022",
  why: "What no rule matches goes to one place.",
  fix: 'route: { paths: ["/api/*"] }',
  needs: ["services"],
  *check(definition) {
    const [first, ...more] = routed(definition).filter(([, { route }]) => !route.paths && !route.hosts);
    for (const [name] of more) {
      yield {
        path: ["services", name, "route"],
        message: `${name} and ${first?.[0]} are both the default: their routes name neither paths nor hosts.`,
      };
    }
  },
});

export const prioritiesUnique = rule({
  id: "SVC023",
  // docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
  why: "A listener has one rule at each priority.",
  fix: "leave priorities out: rules are then asked in the order in which services are written",
  needs: ["services"],
  *check(definition) {
    const seen = new Map<number, string>();
    for (const [name, { route }] of routed(definition)) {
      if (route.priority === undefined) continue;
      const earlier = seen.get(route.priority);
      if (earlier)
        yield { path: ["services", name, "route", "priority"], message: `${name} and ${earlier} both have priority ${route.priority}.` };
      else seen.set(route.priority, name);
    }
  },
});

export const conditionsDiffer = rule({
  id: "SVC024",
  why: "Of two rules with the same conditions the second is never asked.",
  fix: "give each route paths or hosts of its own",
  needs: ["services"],
  *check(definition) {
    const seen = new Map<string, string>();
    for (const [name, { route }] of routed(definition)) {
      if (!route.paths && !route.hosts) continue;
      const conditions = JSON.stringify([route.paths?.toSorted(), route.hosts?.toSorted()]);
      const earlier = seen.get(conditions);
      if (earlier) yield { path: ["services", name, "route"], message: `${name} and ${earlier} have the same paths and hosts.` };
      else seen.set(conditions, name);
    }
  },
});

export const conditionCount = rule({
  id: "SVC025",
  // docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html: condition values per rule
  why: "A rule takes five values in all its conditions.",
  fix: "split the service's paths over fewer patterns",
  needs: ["services"],
  *check(definition) {
    for (const [name, { route }] of routed(definition)) {
      const count = (route.paths?.length ?? 0) + (route.hosts?.length ?? 0);
      if (count > 5) yield { path: ["services", name, "route"], message: `${name} has ${count} paths and hosts in one rule.` };
    }
  },
});

export const probeEnds = rule({
  id: "SVC026",
  // docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
  why: "The load balancer begins the next probe only after the last one has ended, and refuses a timeout as long as the interval.",
  fix: "health: { interval: seconds(10), timeout: seconds(5) }",
  needs: ["services"],
  *check(definition) {
    for (const [name, { health }] of routed(definition)) {
      if (health.timeout < health.interval) continue;
      const [timeout, interval] = [health.timeout, health.interval].map((each) => inUnit(each, "milliseconds"));
      yield {
        path: ["services", name, "health", "timeout"],
        message: `${name} is probed every ${interval}, with a timeout of ${timeout}.`,
      };
    }
  },
});
