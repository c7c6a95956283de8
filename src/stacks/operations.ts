/** Care of the machines, in AWS and in the data centre alike: scripts, patches, inventory, sessions. */
import type { Stack } from "aws-cdk-lib";
import * as ssm from "aws-cdk-lib/aws-ssm";
import { documents } from "./operations/documents.ts";
import { inventory } from "./operations/inventory.ts";
import { patching } from "./operations/patching.ts";
import type { Foundation } from "./parts.ts";
import type { Place } from "./place.ts";
import { arn } from "./template.ts";

export { operationsRoles } from "./operations/roles.ts";

export function operations(stack: Stack, place: Place, { foundation }: { foundation: Foundation }): void {
  const { definition } = place;
  documents(stack, place, foundation);
  patching(stack, place);
  // A recovery makes no bucket: S3's names are given out in us-east-1.
  if (place.holdings.operations === "live") inventory(stack, place);
  associations(stack, place);
  // More than 1,000 machines, or shells on machines outside AWS, need the advanced tier, which is billed by the hour.
  if (definition.site && definition.operations.sessions.site) {
    new ssm.CfnServiceSetting(stack, "ActivationTier", {
      settingId: arn("ssm", "servicesetting/ssm/managed-instance/activation-tier"),
      settingValue: "advanced",
    });
  }
}

/** What each machine does by itself, as soon as it is there and on a schedule. */
function associations(stack: Stack, { definition, names }: Place): void {
  const associate = (id: string, about: string, name: string, scheduleExpression: string, parameters?: Record<string, string[]>) =>
    new ssm.CfnAssociation(stack, id, {
      associationName: names.stack(about),
      name,
      targets: [{ key: "tag:causeway:platform", values: [definition.name] }],
      scheduleExpression,
      parameters,
      maxConcurrency: "25%",
      maxErrors: "10%",
    });
  associate("Inventory", "inventory", "AWS-GatherSoftwareInventory", "rate(12 hours)");
  associate("AgentUpdate", "agent-update", "AWS-UpdateSSMAgent", "rate(14 days)");
  associate("PatchScan", "patch-scan", "AWS-RunPatchBaseline", "rate(1 day)", { Operation: ["Scan"] });
}
