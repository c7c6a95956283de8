/**
 * Values that AWS chooses in one place and that another region's stacks need. Each is an output of one stack and an SSM parameter in the other
 * region, under one name. Deploying copies them, in order; a stack that needs one reads the parameter.
 */
import type { Definition, Role } from "./definition.ts";
import { holdings } from "./strategies.ts";

export type Handover = {
  /** SSM parameter under `/NAME/handover/`, and the output's description. */
  name: string;
  from: { role: Role; part: string; output: string };
  to: { role: Role; part: string };
};

/** Every handover there is. `needed` says when. */
const all: (Handover & { needed(definition: Definition): boolean })[] = [
  {
    name: "primary-key-arn",
    from: { role: "primary", part: "foundation", output: "KeyArn" },
    to: { role: "recovery", part: "foundation" },
    needed: () => true,
  },
  {
    name: "hosted-zone-id",
    from: { role: "primary", part: "domain", output: "HostedZoneId" },
    to: { role: "recovery", part: "domain" },
    needed: ({ domain }) => domain !== undefined && domain.zone === undefined,
  },
  {
    name: "direct-connect-gateway-id",
    from: { role: "primary", part: "link", output: "DirectConnectGatewayId" },
    to: { role: "recovery", part: "link" },
    needed: ({ site }) => site?.directConnect !== undefined,
  },
];

export function handovers(definition: Definition): Handover[] {
  if (holdings(definition, "recovery").foundation === "absent") return [];
  return all.filter((each) => each.needed(definition)).map(({ name, from, to }) => ({ name, from, to }));
}
