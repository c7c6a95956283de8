/** What a group launches from: a launch template, or several types of one. https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups.html */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import { AwsError, type Known } from "../../service.ts";
import { instanceType } from "../ec2/instance-types.ts";
import { invalid, unlike, type Group, type Here, type Launching, type Member } from "./state.ts";

type Candidate = {
  template: Known<sdk.LaunchTemplateSpecification, "LaunchTemplateId" | "LaunchTemplateName" | "Version">;
  type?: string;
  image?: string;
};

const STRATEGIES = ["prioritized", "lowest-price"];
// API_LaunchTemplate: 40 overrides
const OVERRIDES_MAX = 40;

/** As the API shows it, with id and name of every template, and AWS's defaults. */
export function launchingOf(
  call: Here,
  input: Launching & { LaunchConfigurationName?: string; InstanceId?: string },
): Launching | undefined {
  if (input.LaunchConfigurationName) throw unlike("launch configurations: use a launch template");
  if (input.InstanceId) throw unlike("groups made from an instance");
  const { LaunchTemplate, MixedInstancesPolicy } = input;
  if (LaunchTemplate && MixedInstancesPolicy)
    throw invalid(
      "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.",
    );
  if (LaunchTemplate) return { LaunchTemplate: named(call, LaunchTemplate) };
  return MixedInstancesPolicy && { MixedInstancesPolicy: mixed(call, MixedInstancesPolicy) };
}

function mixed(call: Here, { LaunchTemplate, InstancesDistribution: asked = {} }: sdk.MixedInstancesPolicy): sdk.MixedInstancesPolicy {
  const { LaunchTemplateSpecification: template, Overrides = [] } = LaunchTemplate ?? {};
  if (!template) throw invalid("The launch template of the mixed instances policy must be specified.");
  if (Overrides.length > OVERRIDES_MAX) throw invalid(`A mixed instances policy takes ${OVERRIDES_MAX} overrides.`);
  for (const { WeightedCapacity, InstanceRequirements, InstanceType } of Overrides) {
    if (WeightedCapacity) throw unlike("weights of instance types");
    if (InstanceRequirements) throw unlike("instance types by their requirements");
    if (InstanceType && !instanceType(InstanceType)) throw invalid(`The following supplied instance types do not exist: [${InstanceType}]`);
  }
  const strategy = asked.OnDemandAllocationStrategy ?? "prioritized";
  if (!STRATEGIES.includes(strategy)) throw invalid(`"${strategy}" is not a valid on-demand allocation strategy.`);
  if ((asked.OnDemandPercentageAboveBaseCapacity ?? 100) !== 100)
    throw unlike("Spot Instances: OnDemandPercentageAboveBaseCapacity must be 100");
  if (asked.SpotMaxPrice) throw unlike("Spot Instances: SpotMaxPrice");
  if (asked.DistributionSegments?.length) throw unlike("DistributionSegments");
  return {
    LaunchTemplate: {
      LaunchTemplateSpecification: named(call, template),
      Overrides: Overrides.map(({ LaunchTemplateSpecification: own, ...rest }) => ({
        ...rest,
        ...(own && { LaunchTemplateSpecification: named(call, own) }),
      })),
    },
    InstancesDistribution: {
      OnDemandAllocationStrategy: strategy,
      OnDemandBaseCapacity: asked.OnDemandBaseCapacity ?? 0,
      OnDemandPercentageAboveBaseCapacity: 100,
      SpotAllocationStrategy: asked.SpotAllocationStrategy ?? "lowest-price",
      ...(asked.SpotInstancePools !== undefined && { SpotInstancePools: asked.SpotInstancePools }),
    },
  };
}

/** AWS tries a launch without carrying it out: a template that is not there, or has no image, is refused. */
function named(
  call: Here,
  { LaunchTemplateId: id, LaunchTemplateName: name, Version }: sdk.LaunchTemplateSpecification,
): sdk.LaunchTemplateSpecification {
  const given = id === undefined ? { LaunchTemplateName: name } : { LaunchTemplateId: id };
  try {
    const { LaunchTemplateVersions } = call.ask("ec2").DescribeLaunchTemplateVersions({ ...given, Versions: [Version ?? "$Default"] });
    const [found] = LaunchTemplateVersions;
    if (found?.LaunchTemplateData?.ImageId === undefined)
      throw invalid("You must use a valid fully-formed launch template. The request must contain the parameter ImageId");
    if (found.LaunchTemplateData.InstanceMarketOptions) throw unlike("Spot Instances: InstanceMarketOptions of the launch template");
    return {
      LaunchTemplateId: found.LaunchTemplateId,
      LaunchTemplateName: found.LaunchTemplateName,
      ...(Version !== undefined && { Version }),
    };
  } catch (error) {
    if (!(error instanceof AwsError) || error.code === "ValidationError" || error.code === "NotImplemented") throw error;
    throw invalid(`You must use a valid fully-formed launch template. ${error.message}`);
  }
}

/** While a refresh brings another configuration, everything is launched from that one. */
function sourceOf(group: Launching & Partial<Pick<Group, "refreshes">>): Launching {
  const refresh = group.refreshes?.at(-1);
  return (refresh && /^(Pending|InProgress|Baking|Cancelling)$/.test(refresh.Status) && refresh.DesiredConfiguration) || group;
}

/** In the order in which they are tried. */
export function candidatesOf(call: Here, group: Launching & Partial<Pick<Group, "refreshes">>): Candidate[] {
  const { LaunchTemplate, MixedInstancesPolicy: policy } = sourceOf(group);
  if (!policy) return LaunchTemplate ? [{ template: resolved(call, LaunchTemplate) }] : [];
  const { LaunchTemplateSpecification: shared = {}, Overrides = [] } = policy.LaunchTemplate ?? {};
  const all = Overrides.map(({ InstanceType: type, ImageId: image, LaunchTemplateSpecification: own }) => ({
    template: resolved(call, own ?? shared),
    type,
    image,
  }));
  if (all.length === 0) return [{ template: resolved(call, shared) }];
  if (policy.InstancesDistribution?.OnDemandAllocationStrategy !== "lowest-price") return all;
  return all.toSorted((one, other) => sizeOf(one.type) - sizeOf(other.type));
}

/** The types that it may launch. */
export const typesOf = (call: Here, group: Group): string[] =>
  candidatesOf(call, group).map(({ type, template: { LaunchTemplateId, Version } }) => {
    const versions = call.peek("ec2").launchTemplates.get(LaunchTemplateId)?.versions ?? [];
    return type ?? versions.find(({ VersionNumber }) => VersionNumber === Number(Version))?.data.InstanceType ?? "";
  });

/** There is no price list in the cloud: the smaller machine is taken for the cheaper one. */
const sizeOf = (type: string | undefined): number => {
  const found = type === undefined ? undefined : instanceType(type);
  return (found?.VCpuInfo.DefaultVCpus ?? 0) * 1e9 + (found?.MemoryInfo.SizeInMiB ?? 0);
};

/** `$Latest` and `$Default` as they are now. */
function resolved(
  call: Here,
  { LaunchTemplateId = "", LaunchTemplateName = "", Version = "$Default" }: sdk.LaunchTemplateSpecification,
): Candidate["template"] {
  const template = call.peek("ec2").launchTemplates.get(LaunchTemplateId);
  const number =
    Version === "$Latest" ? template?.LatestVersionNumber : Version === "$Default" ? template?.DefaultVersionNumber : Number(Version);
  return { LaunchTemplateId, LaunchTemplateName, Version: String(number ?? Version) };
}

/** Whether an instance is what the group would launch now. */
export function isCurrent(call: Here, group: Group, { LaunchTemplate: own, InstanceType }: Member): boolean {
  return candidatesOf(call, group).some(
    ({ template, type }) =>
      own?.LaunchTemplateId === template.LaunchTemplateId &&
      own.Version === template.Version &&
      (type === undefined || type === InstanceType),
  );
}
