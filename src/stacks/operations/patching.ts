/** Patches: what is approved, for which machines, in which window, and never a machine that still has tasks. */
import { type Stack } from "aws-cdk-lib";
import * as ssm from "aws-cdk-lib/aws-ssm";
import { days, hours } from "../../kernel/units.ts";
import type { Definition } from "../../platform/definition.ts";
import { pascal, type Place } from "../place.ts";
import { roleArn } from "../template.ts";
import { windowRole } from "./roles.ts";

type Side = keyof Definition["operations"]["patch"];

/** The machines' own tag, set by the launch template and by the hybrid activation. */
const patchGroup = ({ names }: Place, side: Side): string => names.stack(side);

const systems = {
  cloud: { operatingSystem: "AMAZON_LINUX_2023", rule: [{ key: "CLASSIFICATION", values: ["Security", "Bugfix"] }] },
  site: { operatingSystem: "DEBIAN", rule: [{ key: "PRIORITY", values: ["Required", "Important", "Standard", "Optional", "Extra"] }] },
} as const;

export function patching(stack: Stack, place: Place): void {
  const sides: Side[] = place.definition.site?.hosts.length ? ["cloud", "site"] : ["cloud"];
  for (const side of sides) {
    const wishes = place.definition.operations.patch[side];
    const { operatingSystem, rule } = systems[side];
    new ssm.CfnPatchBaseline(stack, `${pascal(side)}PatchBaseline`, {
      name: patchGroup(place, side),
      operatingSystem,
      patchGroups: [patchGroup(place, side)],
      approvalRules: {
        patchRules: [
          {
            approveAfterDays: wishes.approveAfter / days(1),
            complianceLevel: "HIGH",
            patchFilterGroup: { patchFilters: rule.map(({ key, values }) => ({ key, values: [...values] })) },
          },
        ],
      },
    });
    window(stack, place, side);
  }
}

function window(stack: Stack, place: Place, side: Side): void {
  const { definition } = place;
  const { schedule, length, concurrency } = definition.operations.patch[side];
  const id = pascal(side);
  const made = new ssm.CfnMaintenanceWindow(stack, `${id}Window`, {
    name: patchGroup(place, side),
    description: side === "cloud" ? "The region's container hosts" : "The data centre's container hosts",
    schedule,
    scheduleTimezone: "UTC",
    duration: length / hours(1),
    cutoff: 1,
    allowUnassociatedTargets: false,
  });
  const target = new ssm.CfnMaintenanceWindowTarget(stack, `${id}WindowTarget`, {
    windowId: made.ref,
    resourceType: "INSTANCE",
    targets: [
      { key: "tag:causeway:platform", values: [definition.name] },
      { key: "tag:PatchGroup", values: [patchGroup(place, side)] },
    ],
  });
  new ssm.CfnMaintenanceWindowTask(stack, `${id}WindowTask`, {
    windowId: made.ref,
    name: patchGroup(place, side),
    taskType: "AUTOMATION",
    // Drains before it patches: a patch that reboots under running tasks is an outage with a schedule.
    taskArn: place.names.document("patch-host"),
    serviceRoleArn: roleArn(place, windowRole),
    targets: [{ key: "WindowTargetIds", values: [target.ref] }],
    maxConcurrency: `${concurrency}%`,
    maxErrors: "1",
    priority: 1,
    taskInvocationParameters: {
      maintenanceWindowAutomationParameters: {
        documentVersion: "$DEFAULT",
        parameters: { InstanceId: ["{{TARGET_ID}}"], AutomationAssumeRole: [roleArn(place, windowRole)] },
      },
    },
  }).node.addDependency(stack.node.findChild("PatchHost"));
}
