/**
 * What is off in a pilot light is not deployed: every resource of its stack depends on the parameter `DrActive`. One UpdateStack with the previous
 * template and `DrActive=true` deploys all of it, without a tool, a repository or a person who knows either.
 */
import { CfnCondition, CfnOutput, CfnParameter, CfnResource, Fn, type Stack } from "aws-cdk-lib";
import * as ssm from "aws-cdk-lib/aws-ssm";
import type { Place } from "./place.ts";

export function onlyWhenActive(stack: Stack, { names }: Place): void {
  const parameter = new CfnParameter(stack, "DrActive", {
    type: "String",
    default: "false",
    allowedValues: ["true", "false"],
    description: "true: the platform runs here. Switch on with UpdateStack, UsePreviousTemplate and DrActive=true.",
  });
  const active = new CfnCondition(stack, "Active", { expression: Fn.conditionEquals(parameter.valueAsString, "true") });
  for (const each of stack.node.findAll()) {
    if (each instanceof CfnResource) {
      const own = each.cfnOptions.condition;
      each.cfnOptions.condition = own ? combined(stack, active, own) : active;
    }
    if (each instanceof CfnOutput) each.condition = active;
  }
  // A stack needs one resource even while all else is off; runbooks read it to observe before they act.
  new ssm.CfnParameter(stack, "State", {
    name: names.parameter("compute/active"),
    type: "String",
    value: parameter.valueAsString,
    description: "Whether this region's compute is switched on.",
  });
}

function combined(stack: Stack, active: CfnCondition, own: NonNullable<CfnResource["cfnOptions"]["condition"]>): CfnCondition {
  const id = `Active${own.logicalId}`;
  return (
    (stack.node.tryFindChild(id) as CfnCondition | undefined) ?? new CfnCondition(stack, id, { expression: Fn.conditionAnd(active, own) })
  );
}
