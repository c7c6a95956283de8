/** Patches: what is approved for which system, and the windows in which machines get it. */
import type { Stack } from "aws-cdk-lib";
import * as ssm from "aws-cdk-lib/aws-ssm";
import { days, hours } from "../../kernel/units.ts";
import type { Definition } from "../../platform/definition.ts";
import { pascal, type Place } from "../place.ts";
import { roleArn } from "../template.ts";
import { automation } from "./automations.ts";
import { windowRole } from "./roles.ts";

type Side = keyof Definition["operations"]["patch"];

/** The machines' own tag, set by the launch template and by the hybrid activation. */
const patchGroup = ({ names }: Place, side: Side): string => names.stack(side);

export function patching(stack: Stack, place: Place): void {
  baseline(stack, place, "AmazonLinux");
  // A pilot light has no group yet, and what it will start is new.
  if (place.holdings.compute !== "off") refresh(stack, place);
  if (!place.definition.site?.hosts.length) return;
  baseline(stack, place, "Debian");
  baseline(stack, place, "Ubuntu");
  drainAndPatch(stack, place);
}

const packages = { PRIORITY: ["Required", "Important", "Standard", "Optional", "Extra"] };
/** docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager-predefined-and-custom-patch-baselines.html */
const systems = {
  AmazonLinux: { side: "cloud", operatingSystem: "AMAZON_LINUX_2023", filters: { CLASSIFICATION: ["Security", "Bugfix"] } },
  Debian: { side: "site", operatingSystem: "DEBIAN", filters: packages },
  Ubuntu: { side: "site", operatingSystem: "UBUNTU", filters: packages },
} as const satisfies Record<string, { side: Side; operatingSystem: string; filters: object }>;

function baseline(stack: Stack, place: Place, system: keyof typeof systems): void {
  const { side, operatingSystem, filters } = systems[system];
  new ssm.CfnPatchBaseline(stack, `${system}PatchBaseline`, {
    name: place.names.stack(operatingSystem.toLowerCase().replaceAll("_", "-")),
    operatingSystem,
    patchGroups: [patchGroup(place, side)],
    approvalRules: {
      patchRules: [
        {
          // Debian and Ubuntu do not say when a package was released, so their patches cannot wait:
          // docs.aws.amazon.com/systems-manager/latest/APIReference/API_PatchRule.html
          approveAfterDays: side === "site" ? 0 : place.definition.operations.patch.cloud.approveAfter / days(1),
          complianceLevel: "HIGH",
          patchFilterGroup: { patchFilters: Object.entries(filters).map(([key, values]) => ({ key, values: [...values] })) },
        },
      ],
    },
  });
}

/** Machines in AWS are not patched but replaced: what runs is always what was tested, and what a scale-out starts. */
function refresh(stack: Stack, place: Place): void {
  const document = automation(stack, place, "refresh-hosts");
  const { ref: windowId } = window(stack, place, "cloud");
  new ssm.CfnMaintenanceWindowTask(stack, "CloudWindowTask", {
    ...task(place, windowId, document),
    taskInvocationParameters: {
      maintenanceWindowAutomationParameters: {
        documentVersion: "$DEFAULT",
        parameters: { AutomationAssumeRole: [roleArn(place, windowRole)] },
      },
    },
  }).addResourceDependency(document);
}

function drainAndPatch(stack: Stack, place: Place): void {
  const document = automation(stack, place, "patch-host");
  const { ref: windowId } = window(stack, place, "site");
  const target = new ssm.CfnMaintenanceWindowTarget(stack, "SiteWindowTarget", {
    windowId,
    resourceType: "INSTANCE",
    targets: [
      { key: "tag:causeway:platform", values: [place.definition.name] },
      { key: "tag:PatchGroup", values: [patchGroup(place, "site")] },
    ],
  });
  new ssm.CfnMaintenanceWindowTask(stack, "SiteWindowTask", {
    ...task(place, windowId, document),
    targets: [{ key: "WindowTargetIds", values: [target.ref] }],
    maxConcurrency: `${place.definition.operations.patch.site.concurrency}%`,
    maxErrors: "0",
    taskInvocationParameters: {
      maintenanceWindowAutomationParameters: {
        documentVersion: "$DEFAULT",
        parameters: { InstanceId: ["{{TARGET_ID}}"], AutomationAssumeRole: [roleArn(place, windowRole)] },
      },
    },
  }).addResourceDependency(document);
}

const task = (place: Place, windowId: string, { name }: ssm.CfnDocument) => ({
  windowId,
  name: name!,
  taskType: "AUTOMATION",
  taskArn: name!,
  serviceRoleArn: roleArn(place, windowRole),
  priority: 1,
});

function window(stack: Stack, place: Place, side: Side): ssm.CfnMaintenanceWindow {
  const { schedule, length } = place.definition.operations.patch[side];
  return new ssm.CfnMaintenanceWindow(stack, `${pascal(side)}Window`, {
    name: patchGroup(place, side),
    description: side === "cloud" ? "The region's container hosts" : "The data centre's container hosts",
    schedule,
    scheduleTimezone: "UTC",
    duration: length / hours(1),
    // No machine is begun within the last hour.
    cutoff: length > hours(1) ? 1 : 0,
    allowUnassociatedTargets: false,
  });
}
