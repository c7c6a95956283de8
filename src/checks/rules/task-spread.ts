/** A service's tasks are spread over the zones before anything else. */
import type { Check } from "../check.ts";
import { placeOf } from "../reach/intent.ts";
import { members, named } from "../values.ts";

const zone = "attribute:ecs.availability-zone";

export const taskSpread: Check = {
  id: "RES046",
  title: "Tasks are spread over the zones first",
  // docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
  why: "Strategies are applied in their order: packed first, all tasks of a service may stand in one zone and be lost with it.",
  fix: `PlacementStrategies: [{ Type: spread, Field: ${zone} }, …]`,
  *check({ model }) {
    for (const service of model.byType("AWS::ECS::Service")) {
      const { LaunchType, PlacementStrategies, SchedulingStrategy } = service.properties;
      // The data centre has no zones, and a daemon is everywhere.
      if (LaunchType === "EXTERNAL" || SchedulingStrategy === "DAEMON") continue;
      const [first] = members(PlacementStrategies);
      if (first?.Type === "spread" && first.Field === zone) continue;
      yield { message: `${named(service)} does not spread its tasks over the zones first.`, place: placeOf(service) };
    }
  },
};
