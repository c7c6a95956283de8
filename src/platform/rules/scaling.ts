/** Service auto scaling: bounds in order, steps without holes, metrics that exist. */
import type { Definition } from "../definition.ts";
import { rule } from "./rule.ts";

const each = ({ services }: Pick<Definition, "services">) => Object.entries(services);

export const scalingBounds = rule({
  id: "SVC030",
  why: "Auto Scaling keeps the count between both.",
  fix: "scaling: { min: 2, max: 10 }",
  needs: ["services"],
  *check(definition) {
    for (const [name, { scaling }] of each(definition)) {
      if (scaling.min > scaling.max)
        yield {
          path: ["services", name, "scaling", "min"],
          message: `${name} has a min of ${scaling.min} above its max of ${scaling.max}.`,
        };
    }
  },
});

export const scheduleWithin = rule({
  id: "SVC031",
  why: "Capacity, quotas and the surviving zone are judged by scaling.min and max, so a schedule moves between them.",
  fix: "widen scaling.min and max, or narrow the schedule",
  needs: ["services"],
  *check(definition) {
    for (const [name, { scaling }] of each(definition)) {
      for (const [at, { name: action, min, max }] of scaling.schedule.entries()) {
        const path = ["services", name, "scaling", "schedule", at];
        if (min > max) yield { path, message: `Schedule ${action} of ${name} has a min of ${min} above its max of ${max}.` };
        else if (scaling.min <= scaling.max && (min < scaling.min || max > scaling.max)) {
          yield { path, message: `Schedule ${action} of ${name} sets ${min} to ${max} tasks, outside ${scaling.min} to ${scaling.max}.` };
        }
      }
    }
  },
});

export const scheduleNames = rule({
  id: "SVC032",
  why: "A scheduled action is told apart by its name, and its time is read in a zone of the IANA database.",
  fix: 'timezone: "Europe/Dublin", and a name for each',
  needs: ["services"],
  *check(definition) {
    for (const [name, { scaling }] of each(definition)) {
      const names = scaling.schedule.map((action) => action.name);
      for (const [at, { name: action, timezone }] of scaling.schedule.entries()) {
        const path = ["services", name, "scaling", "schedule", at];
        if (names.indexOf(action) < at) yield { path: [...path, "name"], message: `Two schedules of ${name} are called ${action}.` };
        if (!isTimezone(timezone)) yield { path: [...path, "timezone"], message: `There is no time zone "${timezone}".` };
      }
    }
  },
});

function isTimezone(name: string): boolean {
  try {
    return name === "UTC" || (name.includes("/") && Boolean(new Intl.DateTimeFormat("en", { timeZone: name })));
  } catch {
    return false; // a RangeError is how the runtime says that it does not know the zone
  }
}

export const stepsMeet = rule({
  id: "SVC033",
  // docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
  why: "Bounds count from the alarm's threshold: the first step begins at 0, each next one where the last ends, the last is open.",
  fix: "out: [{ from: 0, add: 2 }, { from: 10, add: 6 }]",
  needs: ["services"],
  *check(definition) {
    for (const [name, { scaling }] of each(definition)) {
      if (!scaling.steps) continue;
      const { out } = scaling.steps;
      const path = ["services", name, "scaling", "steps", "out"];
      if (out[0]!.from !== 0)
        yield { path: [...path, 0, "from"], message: `The first step of ${name} begins at ${out[0]!.from}, which leaves a hole from 0.` };
      for (const [at, { from }] of out.entries()) {
        if (at > 0 && from <= out[at - 1]!.from)
          yield { path: [...path, at, "from"], message: `Step ${at + 1} of ${name} begins at ${from}, not above the one before.` };
      }
    }
  },
});

export const stepsApart = rule({
  id: "SVC034",
  why: "Between scaling out and in there must be rest, or each undoes the other.",
  fix: "in: { below: 40 }",
  needs: ["services"],
  *check(definition) {
    for (const [name, { scaling }] of each(definition)) {
      const { threshold = 0, in: inward } = scaling.steps ?? {};
      if (!inward || inward.below < threshold) continue;
      yield {
        path: ["services", name, "scaling", "steps", "in", "below"],
        message: `${name} scales in below ${inward.below} % and out above ${threshold} %.`,
      };
    }
  },
});

export const requestsNeedRoute = rule({
  id: "SVC035",
  // docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html: ALBRequestCountPerTarget
  why: "Requests are counted by the load balancer.",
  fix: "route: {}, or scale on cpu or memory",
  needs: ["services"],
  *check(definition) {
    for (const [name, { scaling, route }] of each(definition)) {
      if (scaling.requests !== undefined && !route)
        yield { path: ["services", name, "scaling", "requests"], message: `${name} scales on requests but has no route.` };
    }
  },
});
