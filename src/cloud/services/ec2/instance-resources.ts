/** CloudFormation's types of instances and their templates. */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, resource, type Properties, type Stack } from "../../service.ts";
import { instanceAttributeOperations } from "./instance-attributes.ts";
import { instanceMetadataOperations } from "./instance-metadata.ts";
import { monitoringOperations } from "./instance-metrics.ts";
import { instanceProfileOperations } from "./instance-profiles.ts";
import { shown } from "./instance-view.ts";
import { findInstance, instanceOperations, type Instance } from "./instances.ts";
import { find, launchTemplateOperations } from "./launch-templates.ts";
import type { Here } from "./state.ts";
import { resourceTags, retag } from "./tags.ts";
import { flag, refuse } from "./template-values.ts";

const launchTemplate = resource({
  create(call: Here, properties, stack) {
    const { LaunchTemplateName = stack.generatedName(125), LaunchTemplateData, VersionDescription, TagSpecifications = [] } = properties;
    const own = (TagSpecifications as sdk.TagSpecification[]).flatMap(({ Tags = [] }) => Tags);
    const { LaunchTemplate } = launchTemplateOperations.CreateLaunchTemplate(call, {
      LaunchTemplateName: String(LaunchTemplateName),
      LaunchTemplateData: typed(LaunchTemplateData as sdk.RequestLaunchTemplateData),
      VersionDescription: VersionDescription as string | undefined,
      TagSpecifications: [{ ResourceType: "launch-template", Tags: resourceTags(own, stack) }],
    });
    return LaunchTemplate.LaunchTemplateId ?? "";
  },
  // Every change is a new version; the default stays the first: aws-resource-ec2-launchtemplate.html
  update(call: Here, id, { LaunchTemplateData, VersionDescription, TagSpecifications }, previous, stack) {
    if (JSON.stringify(LaunchTemplateData) !== JSON.stringify(previous.LaunchTemplateData))
      launchTemplateOperations.CreateLaunchTemplateVersion(call, {
        LaunchTemplateId: id,
        LaunchTemplateData: typed(LaunchTemplateData as sdk.RequestLaunchTemplateData),
        VersionDescription: VersionDescription as string | undefined,
      });
    const tags = (all: unknown) => ((all as sdk.TagSpecification[] | undefined) ?? []).flatMap(({ Tags = [] }) => Tags);
    retag(call, id, tags(TagSpecifications), tags(previous.TagSpecifications), stack);
  },
  delete: (call: Here, id) => void call.state.launchTemplates.delete(id),
  attributes(call: Here, id) {
    const { LatestVersionNumber, DefaultVersionNumber } = find(call, { LaunchTemplateId: id });
    return { LaunchTemplateId: id, LatestVersionNumber: String(LatestVersionNumber), DefaultVersionNumber: String(DefaultVersionNumber) };
  },
  read(call: Here, id, properties) {
    return call.state.launchTemplates.has(id) ? properties : undefined;
  },
});

/** Acted upon by AWS, and not here. */
const REFUSED = [
  "AdditionalInfo", "Affinity", "CpuOptions", "ElasticGpuSpecifications", "ElasticInferenceAccelerators", "HostId", "HostResourceGroupArn",
  "KernelId", "LicenseSpecifications", "RamdiskId", "SsmAssociations", "Volumes",
]; // prettier-ignore

const instance = resource({
  create(call: Here, properties, stack) {
    refuse(properties, REFUSED);
    const { Instances } = instanceOperations.RunInstances(call, { MinCount: 1, MaxCount: 1, ...requestOf(properties, stack) });
    const id = Instances[0]!.InstanceId;
    if (properties["SourceDestCheck"] !== undefined) setSourceCheck(call, id, properties["SourceDestCheck"]);
    return id;
  },
  update(call: Here, id, properties, previous, stack) {
    refuse(properties, REFUSED);
    const differs = (name: string) => JSON.stringify(properties[name]) !== JSON.stringify(previous[name]);
    if (differs("BlockDeviceMappings") || differs("Tenancy") || differs("PrivateDnsNameOptions"))
      throw new AwsError("NotImplemented", "Causeway does not emulate this change of an instance that is there.", 501);
    const set = (change: object) => instanceAttributeOperations.ModifyInstanceAttribute(call, { InstanceId: id, ...change });
    const { DisableApiTermination, InstanceInitiatedShutdownBehavior: onShutdown = "stop", SecurityGroupIds, Monitoring } = properties;
    if (differs("DisableApiTermination")) set({ DisableApiTermination: { Value: flag(DisableApiTermination) } });
    if (differs("InstanceInitiatedShutdownBehavior")) set({ InstanceInitiatedShutdownBehavior: { Value: String(onShutdown) } });
    if (differs("SecurityGroupIds") && SecurityGroupIds) set({ Groups: SecurityGroupIds as string[] });
    if (differs("SourceDestCheck")) setSourceCheck(call, id, properties["SourceDestCheck"] ?? true);
    if (differs("Monitoring"))
      monitoringOperations[flag(Monitoring) ? "MonitorInstances" : "UnmonitorInstances"](call, { InstanceIds: [id] });
    if (differs("MetadataOptions"))
      instanceMetadataOperations.ModifyInstanceMetadataOptions(call, { InstanceId: id, ...typed(properties["MetadataOptions"] ?? {}) });
    if (differs("IamInstanceProfile")) changeProfile(call, id, properties["IamInstanceProfile"]);
    if (differs("CreditSpecification")) changeCredits(call, id, properties["CreditSpecification"] as Properties | undefined);
    // What a running instance does not take: aws-resource-ec2-instance.html, "some interruptions".
    const waiting = Object.keys(whileStopped).filter(differs);
    if (waiting.length > 0) restartLater(call, findInstance(call, id), waiting);
    retag(call, id, properties["Tags"], previous["Tags"], stack);
  },
  delete(call: Here, id) {
    if (call.state.instances.has(id)) instanceOperations.TerminateInstances(call, { InstanceIds: [id] });
  },
  gone: (call: Here, id) => (call.state.instances.get(id)?.state ?? "terminated") === "terminated",
  /** An instance that was stopped for an update is started by whoever stopped it, which is CloudFormation. */
  settled(call: Here, id, properties) {
    const found = findInstance(call, id);
    if (found.state === "terminated" || found.state === "shutting-down")
      throw new AwsError("NotStabilized", `Instance ${id} failed to reach the running state: ${found.StateReason?.Message ?? found.state}`);
    if (!found.restarts) return found.state === "running" || found.state === "stopped";
    if (found.state === "stopped") comeUp(call, found, properties);
    return false;
  },
  attributes(call: Here, id) {
    const found = shown(call, findInstance(call, id));
    return {
      InstanceId: id,
      PrivateIp: found.PrivateIpAddress,
      PrivateDnsName: found.PrivateDnsName,
      PublicIp: found.PublicIpAddress ?? "",
      PublicDnsName: found.PublicDnsName,
      AvailabilityZone: found.Placement.AvailabilityZone,
      VpcId: found.VpcId,
      State: found.State,
    };
  },
  read(call: Here, id, properties) {
    const found = call.state.instances.get(id);
    if (!found || found.state === "terminated") return undefined;
    const { InstanceType, ImageId, SubnetId, Tags, protection, KeyName } = found;
    const now = { InstanceType, ImageId, SubnetId, Tags, KeyName, DisableApiTermination: protection.termination };
    return { ...properties, ...Object.fromEntries(Object.entries(now).filter(([name]) => properties[name] !== undefined)) };
  },
});

export const instanceResources = { "AWS::EC2::LaunchTemplate": launchTemplate, "AWS::EC2::Instance": instance };

/** A template's instance as RunInstances has it. */
function requestOf(properties: Properties, stack: Stack): Partial<sdk.RunInstancesRequest> {
  const {
    Tags,
    PropagateTagsToVolumeOnCreation,
    AvailabilityZone,
    PlacementGroupName,
    Tenancy,
    IamInstanceProfile,
    Monitoring,
    NetworkInterfaces,
    CreditSpecification,
    SourceDestCheck: _afterwards,
    ...others
  } = properties;
  const tags = resourceTags(Tags, stack);
  const placement = { AvailabilityZone, GroupName: PlacementGroupName, Tenancy } as sdk.Placement;
  return {
    ...(typed(others) as Partial<sdk.RunInstancesRequest>),
    Placement: Object.values(placement).some((value) => value !== undefined) ? placement : undefined,
    IamInstanceProfile: IamInstanceProfile === undefined ? undefined : { Name: String(IamInstanceProfile) },
    Monitoring: Monitoring === undefined ? undefined : { Enabled: flag(Monitoring) },
    NetworkInterfaces: (NetworkInterfaces as Properties[] | undefined)?.map(({ GroupSet, ...each }) => ({
      ...typed(each),
      Groups: GroupSet,
    })),
    CreditSpecification: CreditSpecification && { CpuCredits: String((CreditSpecification as Properties)["CPUCredits"]) },
    TagSpecifications: [
      { ResourceType: "instance", Tags: tags },
      ...(flag(PropagateTagsToVolumeOnCreation) ? [{ ResourceType: "volume" as const, Tags: tags }] : []),
    ],
  };
}

function setSourceCheck(call: Here, InstanceId: string, value: unknown): void {
  instanceAttributeOperations.ModifyInstanceAttribute(call, { InstanceId, SourceDestCheck: { Value: flag(value) } });
}

function changeProfile(call: Here, InstanceId: string, name: unknown): void {
  const { association } = findInstance(call, InstanceId);
  const IamInstanceProfile = { Name: String(name) };
  if (association && name === undefined) instanceProfileOperations.DisassociateIamInstanceProfile(call, { AssociationId: association.id });
  else if (association)
    instanceProfileOperations.ReplaceIamInstanceProfileAssociation(call, { AssociationId: association.id, IamInstanceProfile });
  else instanceProfileOperations.AssociateIamInstanceProfile(call, { InstanceId, IamInstanceProfile });
}

function changeCredits(call: Here, InstanceId: string, wanted: Properties | undefined): void {
  if (wanted === undefined) return;
  const InstanceCreditSpecifications = [{ InstanceId, CpuCredits: String(wanted["CPUCredits"]) }];
  instanceAttributeOperations.ModifyInstanceCreditSpecification(call, { InstanceCreditSpecifications });
}

/** Property → attribute, and what it is when the template says nothing. */
const whileStopped: Record<string, { attribute: sdk.InstanceAttributeName; otherwise: string }> = {
  InstanceType: { attribute: "instanceType", otherwise: "m1.small" },
  UserData: { attribute: "userData", otherwise: "" },
  EbsOptimized: { attribute: "ebsOptimized", otherwise: "false" },
};

function restartLater(call: Here, found: Instance, properties: string[]): void {
  if (found.state === "running") instanceOperations.StopInstances(call, { InstanceIds: [found.InstanceId] });
  found.restarts = properties;
}

function comeUp(call: Here, found: Instance, properties: Properties): void {
  const { InstanceId, restarts = [] } = found;
  for (const name of restarts) {
    const { attribute, otherwise } = whileStopped[name]!;
    const Value = String(properties[name] ?? otherwise);
    instanceAttributeOperations.ModifyInstanceAttribute(call, { InstanceId, Attribute: attribute, Value });
  }
  instanceOperations.StartInstances(call, { InstanceIds: [InstanceId] });
  found.restarts = undefined;
}

const NUMBERS = new Set([
  "DeviceIndex", "HttpPutResponseHopLimit", "Iops", "Ipv4PrefixCount", "Ipv6AddressCount", "Ipv6PrefixCount", "NetworkCardIndex",
  "SecondaryPrivateIpAddressCount", "Throughput", "VolumeSize", "CoreCount", "ThreadsPerCore",
]); // prettier-ignore
/** Members whose value is a text even where it reads like a truth. */
const TEXTS = new Set(["Key", "Value", "Description", "KeyName", "UserData", "DeviceName", "GroupName"]);

/** Texts where the API has flags and numbers: a template may have either. */
function typed<Value>(data: Value): Value {
  const value = (each: unknown, member: string): unknown => {
    if (NUMBERS.has(member)) return each === undefined ? undefined : Number(each);
    if ((each === "true" || each === "false") && !TEXTS.has(member)) return each === "true";
    if (Array.isArray(each)) return each.map((one) => value(one, member));
    return typeof each === "object" && each !== null
      ? Object.fromEntries(Object.entries(each).map(([key, one]) => [key, value(one, key)]))
      : each;
  };
  return value(data, "") as Value;
}
