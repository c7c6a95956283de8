/** CloudFormation's types of instances and their templates. */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, resource, type Properties } from "../../service.ts";
import { instanceOperations } from "./instances.ts";
import { find, launchTemplateOperations } from "./launch-templates.ts";
import type { Here } from "./state.ts";
import { resourceTags, retag } from "./tags.ts";

const launchTemplate = resource({
  create(call: Here, properties, stack) {
    const { LaunchTemplateName = stack.generatedName(125), LaunchTemplateData, VersionDescription, TagSpecifications = [] } = properties;
    const own = (TagSpecifications as sdk.TagSpecification[]).flatMap(({ Tags = [] }) => Tags);
    const { LaunchTemplate } = launchTemplateOperations.CreateLaunchTemplate(call, {
      LaunchTemplateName: String(LaunchTemplateName),
      LaunchTemplateData: typed(LaunchTemplateData as Properties),
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
        LaunchTemplateData: typed(LaunchTemplateData as Properties),
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

const instance = resource({
  create(
    call: Here,
    {
      Tags,
      SubnetId,
      SecurityGroupIds,
      ImageId,
      InstanceType,
      IamInstanceProfile,
      UserData,
      LaunchTemplate,
      BlockDeviceMappings,
      Monitoring,
      ...others
    },
    stack,
  ) {
    const strange = Object.keys(others)[0];
    if (strange) throw new AwsError("NotImplemented", `Causeway does not emulate the property ${strange} of this type.`, 501);
    const { Instances } = instanceOperations.RunInstances(call, {
      MinCount: 1,
      MaxCount: 1,
      SubnetId: SubnetId as string,
      SecurityGroupIds: SecurityGroupIds as string[],
      ImageId: ImageId as string,
      InstanceType: InstanceType as sdk._InstanceType,
      IamInstanceProfile: IamInstanceProfile === undefined ? undefined : { Name: String(IamInstanceProfile) },
      UserData: UserData as string,
      LaunchTemplate: LaunchTemplate as sdk.LaunchTemplateSpecification,
      BlockDeviceMappings: BlockDeviceMappings as sdk.BlockDeviceMapping[],
      Monitoring: Monitoring === undefined ? undefined : { Enabled: String(Monitoring) === "true" },
      TagSpecifications: [{ ResourceType: "instance", Tags: resourceTags(Tags, stack) }],
    });
    return Instances[0]!.InstanceId;
  },
  update: (call: Here, id, { Tags }, previous, stack) => retag(call, id, Tags, previous.Tags, stack),
  delete(call: Here, id) {
    if (call.state.instances.has(id)) instanceOperations.TerminateInstances(call, { InstanceIds: [id] });
  },
  gone: (call: Here, id) => (call.state.instances.get(id)?.state ?? "terminated") === "terminated",
  settled: (call: Here, id) => call.state.instances.get(id)?.state === "running",
  attributes(call: Here, id) {
    const found = call.state.instances.get(id);
    return {
      InstanceId: id,
      PrivateIp: found?.PrivateIpAddress,
      PrivateDnsName: found?.PrivateDnsName,
      AvailabilityZone: found?.Placement.AvailabilityZone,
      VpcId: found?.VpcId,
    };
  },
});

export const instanceResources = { "AWS::EC2::LaunchTemplate": launchTemplate, "AWS::EC2::Instance": instance };

/** Texts where the API has flags and numbers: a template may have either. */
function typed(data: Properties): sdk.RequestLaunchTemplateData {
  const value = (each: unknown): unknown => {
    if (each === "true" || each === "false") return each === "true";
    if (Array.isArray(each)) return each.map(value);
    return typeof each === "object" && each !== null
      ? Object.fromEntries(Object.entries(each).map(([key, one]) => [key, value(one)]))
      : each;
  };
  return value(data) as sdk.RequestLaunchTemplateData;
}
