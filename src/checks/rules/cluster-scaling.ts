/** Machines come when tasks wait for them, and leave without taking tasks along. */
import type { Check, Complaint } from "../check.ts";
import { placeOf } from "../reach/intent.ts";
import { linked, named, type ModelResource } from "../values.ts";

export const clusterScaling: Check = {
  id: "RES047",
  title: "The cluster scales by its services' need and drains what it takes away",
  // docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-termination-protection.html
  why: "Without managed scaling tasks wait for machines that nobody orders; without protection and draining Auto Scaling ends machines with tasks on them.",
  fix: "ManagedScaling, ManagedTerminationProtection and ManagedDraining: ENABLED, NewInstancesProtectedFromScaleIn: true",
  *check({ model }) {
    for (const provider of model.byType("AWS::ECS::CapacityProvider")) yield* provided(provider);
    for (const service of model.byType("AWS::ECS::Service")) {
      const { LaunchType } = service.properties;
      if (LaunchType === undefined || LaunchType === "EXTERNAL") continue;
      const message = `${named(service)} has launch type ${LaunchType}, which passes the capacity provider by.`;
      yield { message, fix: "CapacityProviderStrategy instead of LaunchType", place: placeOf(service) };
    }
  },
};

function* provided(provider: ModelResource): Generator<Complaint> {
  const { AutoScalingGroupArn, ManagedScaling, ManagedTerminationProtection, ManagedDraining } =
    provider.properties.AutoScalingGroupProvider;
  const group = linked(AutoScalingGroupArn);
  const lacks = [
    ManagedScaling?.Status === "ENABLED" ? [] : "managed scaling",
    ManagedTerminationProtection === "ENABLED" ? [] : "managed termination protection",
    ManagedDraining === "DISABLED" ? "managed draining" : [],
    group && group.properties.NewInstancesProtectedFromScaleIn !== true ? "machines protected from scale-in" : [],
  ].flat();
  if (lacks.length > 0) yield { message: `${named(provider)} is without ${lacks.join(", ")}.`, place: placeOf(provider) };
}
