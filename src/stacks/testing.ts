/** For the tests of parts: the reference platform with changes, and one part's template by itself. */
import { App, Stack } from "aws-cdk-lib";
import reference from "../../platform.ts";
import { definitionSchema, type Definition, type Role } from "../platform/definition.ts";
import type { Template } from "./assembly.ts";
import type { Foundation, Network } from "./parts.ts";
import { places, type Place } from "./place.ts";

/** The reference platform after `change`. */
export const define = (change: (input: any) => void = () => undefined): Definition => {
  const input = structuredClone(reference);
  change(input);
  return definitionSchema.parse(input);
};

export const placeOf = (definition: Definition, role: Role = "primary"): Place => places(definition).find((each) => each.role === role)!;

/** The template that a part makes when it is alone in a stack. */
export function template(place: Place, build: (stack: Stack, place: Place) => void): Template {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, "part", { env: { region: place.region } });
  build(stack, place);
  return app.synth().getStackByName("part").template as Template;
}

export const foundationOf = (place: Place): Foundation => ({
  keyArn: `arn:aws:kms:${place.region}:123456789012:key/mrk-1`,
  alarmTopicArn: `arn:aws:sns:${place.region}:123456789012:alarms`,
  logBucket: "logs",
  natAddresses: place.zones.map((_, zone) => `eipalloc-nat${zone}`),
  frontAddresses: place.zones.map((_, zone) => ({ allocationId: `eipalloc-front${zone}`, address: `198.51.100.${zone + 1}` })),
});

export const networkOf = (place: Place): Network => ({
  vpcId: "vpc-1",
  publicSubnets: place.zones.map((_, zone) => `subnet-public${zone}`),
  appSubnets: place.zones.map((_, zone) => `subnet-app${zone}`),
  dataSubnets: place.zones.map((_, zone) => `subnet-data${zone}`),
  publicRouteTable: "rtb-public",
  appRouteTables: place.zones.map((_, zone) => `rtb-app${zone}`),
  dataRouteTables: place.zones.map((_, zone) => `rtb-data${zone}`),
  groups: { balancer: "sg-balancer", hosts: "sg-hosts", database: "sg-database", endpoints: "sg-endpoints", fence: "sg-fence" },
});
