/** Care of the machines, in AWS and in the data centre alike: scripts, patches, inventory, sessions. */
import { type Stack } from "aws-cdk-lib";
import * as ssm from "aws-cdk-lib/aws-ssm";
import { documents } from "./operations/documents.ts";
import { patching } from "./operations/patching.ts";
import type { Foundation } from "./parts.ts";
import type { Place } from "./place.ts";
import { arn } from "./template.ts";

export { operationsRoles } from "./operations/roles.ts";

export function operations(stack: Stack, place: Place, { foundation }: { foundation: Foundation }): void {
  const { definition, names } = place;
  documents(stack, place, foundation);
  patching(stack, place);
  const machines = [{ key: "tag:causeway:platform", values: [definition.name] }];
  const association = (id: string, name: string, scheduleExpression: string, parameters?: Record<string, string[]>) =>
    new ssm.CfnAssociation(stack, id, {
      associationName: names.stack(id.toLowerCase()),
      name,
      targets: machines,
      scheduleExpression,
      parameters,
      maxConcurrency: "25%",
      maxErrors: "10%",
    });
  association("Inventory", "AWS-GatherSoftwareInventory", "rate(12 hours)");
  association("AgentUpdate", "AWS-UpdateSSMAgent", "rate(14 days)");
  association("PatchScan", "AWS-RunPatchBaseline", "rate(1 day)", { Operation: ["Scan"] });
  // More than 1,000 machines, or shells on machines outside AWS, need the advanced tier, which is billed by the hour.
  if (definition.site && definition.operations.sessions.site) {
    new ssm.CfnServiceSetting(stack, "ActivationTier", {
      settingId: arn("ssm", "servicesetting/ssm/managed-instance/activation-tier"),
      settingValue: "advanced",
    });
  }
}
