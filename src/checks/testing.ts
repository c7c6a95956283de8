/** For the tests of checks: small assemblies written by hand. */
import type { Handover } from "../platform/handovers.ts";
import type { Assembly, SynthesizedStack, Template } from "../stacks/assembly.ts";
import type { PartName } from "../stacks/parts.ts";

type Written = {
  region: string;
  part: PartName;
  when?: SynthesizedStack["when"];
  parameters?: Template["Parameters"];
  conditions?: Template["Conditions"];
  resources: Template["Resources"];
  outputs?: Template["Outputs"];
};

/** The first stack's region is the primary one. */
export const assembly = (stacks: readonly Written[], handovers: readonly Handover[] = []): Assembly => ({
  handovers: [...handovers],
  stacks: stacks.map(({ region, part, when = "deploy", parameters, conditions, resources, outputs }) => ({
    id: `${region}-${part}`,
    name: `shop-${part}`,
    part,
    role: region === stacks[0]!.region ? "primary" : "recovery",
    region,
    when,
    dependsOn: [],
    template: { Parameters: parameters, Conditions: conditions, Resources: resources, Outputs: outputs },
  })),
});
