/** Patch baselines and the groups of machines that they are for. docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager-patch-baselines.html */
import type * as sdk from "@aws-sdk/client-ssm";
import { AwsError, type Known, type Operations } from "../../service.ts";
import { tagsOf } from "./commands.ts";
import type { Node } from "./nodes.ts";
import { invalid, page } from "./parameter.ts";
import { systemOf } from "./patching.ts";
import type { Here, State, Timers } from "./state.ts";
import { checkNewTags, tagMap } from "./tags.ts";

export type Baseline = Known<
  sdk.GetPatchBaselineResult,
  "BaselineId" | "Name" | "OperatingSystem" | "ApprovedPatches" | "RejectedPatches" | "CreatedDate" | "ModifiedDate"
> & { rules: sdk.PatchRule[]; tags: Record<string, string> };

const SYSTEMS = [
  "AMAZON_LINUX_2023",
  "AMAZON_LINUX_2",
  "DEBIAN",
  "UBUNTU",
  "REDHAT_ENTERPRISE_LINUX",
  "SUSE",
  "ORACLE_LINUX",
  "ROCKY_LINUX",
  "ALMA_LINUX",
  "CENTOS",
];

/** SSM-013 */
const rulesOf = (system: string): sdk.PatchRule[] => {
  const debian = system === "DEBIAN" || system === "UBUNTU";
  const filters = debian
    ? [{ Key: "PRIORITY" as const, Values: ["Required", "Important", "Standard", "Optional", "Extra"] }]
    : [{ Key: "CLASSIFICATION" as const, Values: ["Security", "Bugfix"] }];
  return [
    {
      PatchFilterGroup: { PatchFilters: filters },
      ApproveAfterDays: debian ? 0 : 7,
      ComplianceLevel: "UNSPECIFIED",
      EnableNonSecurity: false,
    },
  ];
};

/** Amazon's own for a system: its id is the same in every account of a region. */
function standard(call: Here, system: string): Baseline {
  const at = SYSTEMS.indexOf(system);
  const name = system
    .toLowerCase()
    .split("_")
    .map((word) => word[0]!.toUpperCase() + word.slice(1))
    .join("");
  return {
    BaselineId: `arn:aws:ssm:${call.region}:075727635805:patchbaseline/pb-${String(at + 1).padStart(17, "0")}`,
    Name: `AWS-${name}DefaultPatchBaseline`,
    OperatingSystem: system as sdk.OperatingSystem,
    Description: `Default Patch Baseline for ${name} Provided by AWS.`,
    ApprovedPatches: [],
    RejectedPatches: [],
    rules: rulesOf(system),
    CreatedDate: new Date(0),
    ModifiedDate: new Date(0),
    tags: {},
  };
}

export const baselineOperations = {
  CreatePatchBaseline(call, input) {
    const { Name, OperatingSystem = "WINDOWS", ApprovalRules, ApprovedPatches = [], RejectedPatches = [], Tags = [] } = input;
    checkSystem(OperatingSystem);
    check(ApprovalRules);
    checkNewTags({}, Tags);
    const baseline: Baseline = {
      BaselineId: call.id("pb"),
      Name,
      OperatingSystem,
      Description: input.Description,
      GlobalFilters: input.GlobalFilters,
      ApprovedPatches,
      ApprovedPatchesComplianceLevel: input.ApprovedPatchesComplianceLevel ?? "UNSPECIFIED",
      ApprovedPatchesEnableNonSecurity: input.ApprovedPatchesEnableNonSecurity ?? false,
      RejectedPatches,
      RejectedPatchesAction: input.RejectedPatchesAction ?? "ALLOW_AS_DEPENDENCY",
      Sources: input.Sources,
      rules: ApprovalRules?.PatchRules ?? [],
      CreatedDate: call.date,
      ModifiedDate: call.date,
      tags: tagMap(Tags),
    };
    call.state.baselines.set(baseline.BaselineId, baseline);
    return { BaselineId: baseline.BaselineId };
  },

  UpdatePatchBaseline(call, { BaselineId, ApprovalRules, ...input }) {
    const baseline = own(call, BaselineId);
    check(ApprovalRules);
    if (ApprovalRules) baseline.rules = ApprovalRules.PatchRules ?? [];
    const { Name, Description, GlobalFilters, ApprovedPatches, RejectedPatches, RejectedPatchesAction, Sources } = input;
    const given = { Name, Description, GlobalFilters, ApprovedPatches, RejectedPatches, RejectedPatchesAction, Sources };
    Object.assign(baseline, Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)), {
      ModifiedDate: call.date,
    });
    return shown(call, baseline);
  },

  DeletePatchBaseline(call, { BaselineId }) {
    if (!call.state.baselines.has(BaselineId)) return { BaselineId };
    const used =
      [...call.state.patchGroups.values()].includes(BaselineId) || [...call.state.defaultBaselines.values()].includes(BaselineId);
    if (used)
      throw new AwsError(
        "ResourceInUseException",
        "Error returned if an attempt is made to delete a patch baseline that is registered for a patch group.",
      );
    call.state.baselines.delete(BaselineId);
    return { BaselineId };
  },

  GetPatchBaseline: (call, { BaselineId }) => shown(call, find(call, BaselineId)),

  DescribePatchBaselines(call, { Filters = [], MaxResults = 50, NextToken }) {
    const all = [...SYSTEMS.map((system) => standard(call, system)), ...call.state.baselines.values()].filter((each) =>
      Filters.every(({ Key = "", Values = [] }) => {
        if (Key === "OWNER") return Values.some((value) => value === "All" || (value === "AWS") === each.BaselineId.startsWith("arn:"));
        if (Key === "NAME_PREFIX") return Values.some((value) => each.Name.startsWith(value));
        if (Key === "OPERATING_SYSTEM") return Values.includes(each.OperatingSystem);
        throw invalid(`The filter ${Key} is not valid.`);
      }),
    );
    const { items, NextToken: next } = page(all, MaxResults, NextToken, ({ BaselineId }) => BaselineId);
    const identities = items.map((each) => ({
      BaselineId: each.BaselineId,
      BaselineName: each.Name,
      OperatingSystem: each.OperatingSystem,
      BaselineDescription: each.Description,
      DefaultBaseline: defaultOf(call, each.OperatingSystem).BaselineId === each.BaselineId,
    }));
    return { BaselineIdentities: identities, NextToken: next };
  },

  RegisterDefaultPatchBaseline(call, { BaselineId }) {
    call.state.defaultBaselines.set(find(call, BaselineId).OperatingSystem, BaselineId);
    return { BaselineId };
  },

  GetDefaultPatchBaseline(call, { OperatingSystem = "WINDOWS" }) {
    checkSystem(OperatingSystem);
    return { BaselineId: defaultOf(call, OperatingSystem).BaselineId, OperatingSystem };
  },

  RegisterPatchBaselineForPatchGroup(call, { BaselineId, PatchGroup }) {
    const { OperatingSystem } = find(call, BaselineId);
    const key = groupKey(PatchGroup, OperatingSystem);
    if (call.state.patchGroups.has(key))
      throw new AwsError(
        "AlreadyExistsException",
        `Patch Group baseline has already been registered for Patch Group ${PatchGroup} for operating system ${OperatingSystem}.`,
      );
    call.state.patchGroups.set(key, BaselineId);
    return { BaselineId, PatchGroup };
  },

  DeregisterPatchBaselineForPatchGroup(call, { BaselineId, PatchGroup }) {
    const key = groupKey(PatchGroup, find(call, BaselineId).OperatingSystem);
    if (call.state.patchGroups.get(key) !== BaselineId)
      throw new AwsError("InvalidResourceId", "Patch Baseline to be deregistered is not registered for the patch group.");
    call.state.patchGroups.delete(key);
    return { BaselineId, PatchGroup };
  },

  GetPatchBaselineForPatchGroup(call, { PatchGroup, OperatingSystem = "WINDOWS" }) {
    const id = call.state.patchGroups.get(groupKey(PatchGroup, OperatingSystem)) ?? defaultOf(call, OperatingSystem).BaselineId;
    return { BaselineId: id, PatchGroup, OperatingSystem };
  },

  DescribePatchGroups(call, { MaxResults = 100, NextToken }) {
    const { items, NextToken: next } = page([...call.state.patchGroups], MaxResults, NextToken, ([key]) => key);
    return {
      Mappings: items.map(([key, id]) => {
        const { BaselineId, Name, OperatingSystem, Description } = find(call, id);
        const identity = { BaselineId, BaselineName: Name, OperatingSystem, BaselineDescription: Description, DefaultBaseline: false };
        return { PatchGroup: key.slice(0, key.lastIndexOf("/")), BaselineIdentity: identity };
      }),
      NextToken: next,
    };
  },

  DescribeInstancePatchStates(call, { InstanceIds }) {
    return { InstancePatchStates: InstanceIds.flatMap((id) => stateShown(call, call.state.nodes.get(id))) };
  },

  DescribeInstancePatches(call, { InstanceId, Filters = [], MaxResults = 50, NextToken }) {
    const all = (call.state.nodes.get(InstanceId)?.patch?.patches ?? []).filter((each) =>
      Filters.every(({ Key = "", Values = [] }) => Values.includes(String(each[Key as "State"]))),
    );
    const { items, NextToken: next } = page(all, MaxResults, NextToken, ({ Title = "" }) => Title);
    return { Patches: items, NextToken: next };
  },
} satisfies Operations<sdk.SSM, State, Timers>;

/** By the node's patch group and system, else the system's default. */
export function baselineFor(call: Here, node: Node): Baseline {
  const { PatchGroup, "Patch Group": spaced } = tagsOf(call, node);
  const system = systemOf(node);
  const id = call.state.patchGroups.get(groupKey(PatchGroup ?? spaced ?? "", system));
  return id === undefined ? defaultOf(call, system) : find(call, id);
}

const groupKey = (group: string, system: string): string => `${group}/${system}`;

function defaultOf(call: Here, system: string): Baseline {
  const id = call.state.defaultBaselines.get(system);
  return id === undefined ? standard(call, system) : find(call, id);
}

function find(call: Here, id: string): Baseline {
  const baseline =
    call.state.baselines.get(id) ?? SYSTEMS.map((system) => standard(call, system)).find(({ BaselineId }) => BaselineId === id);
  if (!baseline) throw new AwsError("DoesNotExistException", `Maintenance Window or Patch Baseline doesn't exist: ${id}`);
  return baseline;
}

function own(call: Here, id: string): Baseline {
  const baseline = call.state.baselines.get(id);
  if (!baseline) throw new AwsError("DoesNotExistException", `Patch Baseline doesn't exist: ${id}`);
  return baseline;
}

function checkSystem(system: string): void {
  if (!SYSTEMS.includes(system)) throw new AwsError("NotImplemented", `Causeway does not emulate patches of ${system}.`, 501);
}

function check(group: sdk.PatchRuleGroup | undefined): void {
  for (const { ApproveAfterDays, ApproveUntilDate } of group?.PatchRules ?? []) {
    if (ApproveAfterDays !== undefined && (ApproveAfterDays < 0 || ApproveAfterDays > 360))
      throw invalid("ApproveAfterDays must be between 0 and 360.");
    if ((ApproveAfterDays === undefined) === (ApproveUntilDate === undefined))
      throw invalid("Either ApproveAfterDays or ApproveUntilDate is required.");
  }
}

function shown(call: Here, { rules, tags: _tags, ...baseline }: Baseline): sdk.GetPatchBaselineResult {
  const groups = [...call.state.patchGroups]
    .filter(([, id]) => id === baseline.BaselineId)
    .map(([key]) => key.slice(0, key.lastIndexOf("/")));
  return { ...baseline, ApprovalRules: { PatchRules: rules }, PatchGroups: groups };
}

function stateShown(call: Here, node: Node | undefined): sdk.InstancePatchState[] {
  if (!node?.patch) return [];
  const { baseline, operation, at, patches } = node.patch;
  const count = (state: sdk.PatchComplianceDataState) => patches.filter(({ State }) => State === state).length;
  return [
    {
      InstanceId: node.id,
      PatchGroup: tagsOf(call, node).PatchGroup ?? "",
      BaselineId: baseline,
      Operation: operation,
      OperationStartTime: new Date(at),
      OperationEndTime: new Date(at),
      InstalledCount: count("INSTALLED"),
      InstalledOtherCount: count("INSTALLED_OTHER"),
      InstalledPendingRebootCount: count("INSTALLED_PENDING_REBOOT"),
      InstalledRejectedCount: count("INSTALLED_REJECTED"),
      MissingCount: count("MISSING"),
      FailedCount: 0,
      NotApplicableCount: 0,
    },
  ];
}
