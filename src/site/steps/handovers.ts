/** What AWS named in one region, told to the other: platform/handovers.ts. */
import type { Definition } from "../../platform/definition.ts";
import { handovers } from "../../platform/handovers.ts";
import { names } from "../../platform/names.ts";
import type { Step } from "./step.ts";

export function handingOver(definition: Definition): Step[] {
  const known = names(definition);
  return handovers(definition).map(({ name, from, to }) => {
    const [source, target] = [definition.regions[from.role]!.region, definition.regions[to.role]!.region];
    const parameter = known.parameter(`handover/${name}`);
    const output = `aws cloudformation describe-stacks --region ${source} --stack-name ${known.stack(from.part)} --query "Stacks[0].Outputs[?OutputKey=='${from.output}'].OutputValue" --output text`;
    return {
      id: `handover-${name}`,
      who: "machine",
      title: `Hand ${name} over from ${source} to ${target}`,
      why: `The stack ${known.stack(to.part)} of ${target} reads it. Deploying does this by itself; this is the way by hand.`,
      check: {
        command: `aws ssm get-parameter --region ${target} --name ${parameter} --query Parameter.Value --output text`,
        done: `what ${known.stack(from.part)} of ${source} has as ${from.output}`,
      },
      do: [`aws ssm put-parameter --region ${target} --name ${parameter} --type String --overwrite --value "$(${output})"`],
      when: `after ${known.stack(from.part)} of ${source}, before ${known.stack(to.part)} of ${target}`,
    };
  });
}
