/** Groups in CloudFormation: as the CDK writes them for the reference platform, and what belongs to them. */
import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { ResourceGroupsTaggingAPI } from "@aws-sdk/client-resource-groups-tagging-api";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { minutes, seconds } from "../../../kernel/units.ts";
import { LAUNCH, region, stage } from "./stage.ts";

async function stacks() {
  const all = await stage();
  const cfn = all.at(CloudFormation, { region });
  const { TopicArn = "" } = await all.at(SNS, { region }).createTopic({ Name: "alarms" });
  const deploy = async (Resources: object, how: "createStack" | "updateStack" = "createStack") => {
    const stack = { StackName: "cluster", TemplateBody: JSON.stringify({ Resources }), Tags: [{ Key: "stack", Value: "cluster" }] };
    await (how === "createStack" ? cfn.createStack(stack) : cfn.updateStack(stack));
    all.after(minutes(10));
    return (await cfn.describeStacks({ StackName: "cluster" })).Stacks![0]!.StackStatus;
  };
  return { ...all, cfn, deploy, TopicArn };
}

const template = (ImageId: string) => ({
  Type: "AWS::EC2::LaunchTemplate",
  Properties: { LaunchTemplateData: { ImageId, Monitoring: { Enabled: true } } },
});

/** The group of src/stacks/hosts.ts. */
const hosts = (VPCZoneIdentifier: string[], TopicARN: string, more: object = {}) => ({
  Type: "AWS::AutoScaling::AutoScalingGroup",
  Properties: {
    AutoScalingGroupName: "shop-hosts",
    VPCZoneIdentifier,
    MinSize: "2",
    MaxSize: "6",
    MixedInstancesPolicy: {
      LaunchTemplate: {
        LaunchTemplateSpecification: {
          LaunchTemplateId: { Ref: "Template" },
          Version: { "Fn::GetAtt": ["Template", "LatestVersionNumber"] },
        },
        Overrides: [{ InstanceType: "m6i.large" }, { InstanceType: "m5.large" }],
      },
      InstancesDistribution: {
        OnDemandAllocationStrategy: "prioritized",
        OnDemandBaseCapacity: 0,
        OnDemandPercentageAboveBaseCapacity: "100",
      },
    },
    NewInstancesProtectedFromScaleIn: true,
    DefaultInstanceWarmup: 120,
    HealthCheckType: "EC2",
    HealthCheckGracePeriod: 120,
    InstanceMaintenancePolicy: { MinHealthyPercentage: 100, MaxHealthyPercentage: 110 },
    AvailabilityZoneDistribution: { CapacityDistributionStrategy: "balanced-best-effort" },
    AvailabilityZoneImpairmentPolicy: { ZonalShiftEnabled: true, ImpairedZoneHealthCheckBehavior: "ReplaceUnhealthy" },
    MetricsCollection: [{ Granularity: "1Minute" }],
    NotificationConfigurations: [{ TopicARN: [TopicARN], NotificationTypes: ["autoscaling:EC2_INSTANCE_LAUNCH_ERROR"] }],
    Tags: [{ Key: "AmazonECSManaged", Value: "", PropagateAtLaunch: true }],
    ...more,
  },
  UpdatePolicy: { AutoScalingScheduledAction: { IgnoreUnmodifiedGroupSizeProperties: true } },
});

test("the reference platform's group deploys, keeps what scaling made of it, and goes", async () => {
  const { deploy, group, groups, subnets, TopicArn, ImageId, cfn, after, at, ec2 } = await stacks();
  const resources = (more?: object) => ({ Template: template(ImageId), Hosts: hosts(subnets, TopicArn, more) });
  expect(await deploy(resources())).toBe("CREATE_COMPLETE");
  const made = await group("shop-hosts");
  expect(made).toMatchObject({
    MinSize: 2,
    DesiredCapacity: 2,
    DefaultInstanceWarmup: 120,
    MixedInstancesPolicy: { LaunchTemplate: { LaunchTemplateSpecification: { Version: "1" } } },
    AvailabilityZoneImpairmentPolicy: { ZonalShiftEnabled: true },
    ServiceLinkedRoleARN: "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
  });
  expect(
    made.Instances?.map(({ LifecycleState, ProtectedFromScaleIn, InstanceType }) => [LifecycleState, ProtectedFromScaleIn, InstanceType]),
  ).toEqual([
    ["InService", true, "m6i.large"],
    ["InService", true, "m6i.large"],
  ]);
  expect(made.EnabledMetrics?.length).toBe(20);
  const tags = Object.fromEntries(made.Tags!.map(({ Key = "", Value }) => [Key, Value]));
  expect(tags).toMatchObject({ AmazonECSManaged: "", stack: "cluster", "aws:cloudformation:logical-id": "Hosts" });
  const tagging = at(ResourceGroupsTaggingAPI, { region });
  const found = await tagging.getResources({
    TagFilters: [{ Key: "AmazonECSManaged" }],
    ResourceTypeFilters: ["autoscaling:autoScalingGroup"],
  });
  expect(found.ResourceTagMappingList?.map(({ ResourceARN }) => ResourceARN)).toEqual([made.AutoScalingGroupARN]);
  // ECS scales it, somebody raises its least size; then the stack is updated for another reason.
  await groups.updateAutoScalingGroup({ AutoScalingGroupName: "shop-hosts", MinSize: 3, DesiredCapacity: 4 });
  after(minutes(2));
  expect(await deploy(resources({ HealthCheckGracePeriod: 60 }), "updateStack")).toBe("UPDATE_COMPLETE");
  expect(await group("shop-hosts")).toMatchObject({ MinSize: 3, MaxSize: 6, DesiredCapacity: 4, HealthCheckGracePeriod: 60 });
  await cfn.deleteStack({ StackName: "cluster" });
  after(minutes(5));
  expect((await groups.describeAutoScalingGroups({})).AutoScalingGroups).toEqual([]);
  const { Reservations = [] } = await ec2.describeInstances({ Filters: [{ Name: "instance-state-name", Values: ["running"] }] });
  expect(Reservations).toEqual([]);
});

test("hooks, policies, scheduled actions and a warm pool come and go with their stack", async () => {
  const { deploy, subnets, TopicArn, ImageId, groups, cfn, after, group } = await stacks();
  const AutoScalingGroupName = { Ref: "Hosts" };
  const resources = (target: number) => ({
    Template: template(ImageId),
    Hosts: hosts(subnets, TopicArn, { MinSize: "0", NewInstancesProtectedFromScaleIn: "false" }),
    Hook: {
      Type: "AWS::AutoScaling::LifecycleHook",
      Properties: { AutoScalingGroupName, LifecycleTransition: "autoscaling:EC2_INSTANCE_TERMINATING", HeartbeatTimeout: "60" },
    },
    Policy: {
      Type: "AWS::AutoScaling::ScalingPolicy",
      Properties: {
        AutoScalingGroupName,
        PolicyType: "TargetTrackingScaling",
        TargetTrackingConfiguration: {
          TargetValue: target,
          PredefinedMetricSpecification: { PredefinedMetricType: "ASGAverageCPUUtilization" },
        },
      },
    },
    Morning: { Type: "AWS::AutoScaling::ScheduledAction", Properties: { AutoScalingGroupName, Recurrence: "0 8 * * *", MinSize: 1 } },
    Pool: { Type: "AWS::AutoScaling::WarmPool", Properties: { AutoScalingGroupName, MaxGroupPreparedCapacity: 1 } },
  });
  expect(await deploy(resources(40))).toBe("CREATE_COMPLETE");
  const [policy] = (await groups.describePolicies({})).ScalingPolicies!;
  expect([policy?.TargetTrackingConfiguration?.TargetValue, policy?.Alarms?.length]).toEqual([40, 2]);
  expect((await groups.describeLifecycleHooks({ AutoScalingGroupName: "shop-hosts" })).LifecycleHooks).toMatchObject([
    { HeartbeatTimeout: 60 },
  ]);
  expect((await group("shop-hosts")).WarmPoolSize).toBe(1);
  expect(await deploy(resources(50), "updateStack")).toBe("UPDATE_COMPLETE");
  expect((await groups.describePolicies({})).ScalingPolicies?.[0]?.TargetTrackingConfiguration?.TargetValue).toBe(50);
  await cfn.deleteStack({ StackName: "cluster" });
  after(minutes(15));
  expect((await cfn.describeStacks({})).Stacks).toEqual([]);
  expect((await groups.describePolicies({})).ScalingPolicies).toEqual([]);
});

test("a group that can't launch fails its stack, and launch configurations are refused by name", async () => {
  const { deploy, subnets, TopicArn, ImageId, cloud, cfn } = await stacks();
  cloud.act({ act: "short-of", zone: "euw1-az1", instanceType: "*" });
  cloud.act({ act: "short-of", zone: "euw1-az2", instanceType: "*" });
  await deploy({ Template: template(ImageId), Hosts: hosts(subnets, TopicArn) });
  const { StackEvents = [] } = await cfn.describeStackEvents({ StackName: "cluster" });
  expect(StackEvents.find(({ ResourceStatus }) => ResourceStatus === "CREATE_FAILED")?.ResourceStatusReason).toMatch(
    /Group did not stabilize\. \{current\/minimum\/maximum group size\} = \{0\/2\/6\}\. Failed Scaling Activity: Could not launch On-Demand Instances\. InsufficientInstanceCapacity - /,
  );
  await cfn.createStack({
    StackName: "old",
    TemplateBody: JSON.stringify({
      Resources: { Old: { Type: "AWS::AutoScaling::LaunchConfiguration", Properties: { ImageId, InstanceType: "t3.micro" } } },
    }),
  });
  cloud.settle();
  const { StackEvents: old = [] } = await cfn.describeStackEvents({ StackName: "old" });
  expect(old.find(({ ResourceStatus }) => ResourceStatus === "CREATE_FAILED")?.ResourceStatusReason).toContain(
    "use AWS::EC2::LaunchTemplate",
  );
});

test("subscribers of the group's topic hear of launches that succeed and that fail", async () => {
  const { make, groups, at, after, cloud } = await stage();
  const [sns, sqs] = [at(SNS, { region }), at(SQS, { region })];
  const { TopicArn = "" } = await sns.createTopic({ Name: "news" });
  const { QueueUrl = "" } = await sqs.createQueue({ QueueName: "news" });
  await sns.subscribe({
    TopicArn,
    Protocol: "sqs",
    Endpoint: `arn:aws:sqs:${region}:123456789012:news`,
    Attributes: { RawMessageDelivery: "true" },
  });
  await make();
  await groups.putNotificationConfiguration({
    AutoScalingGroupName: "web",
    TopicARN: TopicArn,
    NotificationTypes: ["autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:EC2_INSTANCE_LAUNCH_ERROR"],
  });
  await groups.setDesiredCapacity({ AutoScalingGroupName: "web", DesiredCapacity: 1 });
  after(seconds(LAUNCH));
  cloud.act({ act: "short-of", zone: "euw1-az1", instanceType: "*" });
  cloud.act({ act: "short-of", zone: "euw1-az2", instanceType: "*" });
  await groups.setDesiredCapacity({ AutoScalingGroupName: "web", DesiredCapacity: 2 });
  after(seconds(10));
  const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
  const heard = Messages.map(({ Body = "" }) => JSON.parse(Body) as Record<string, string>);
  expect(heard.map(({ Event }) => Event)).toEqual([
    "autoscaling:TEST_NOTIFICATION",
    "autoscaling:EC2_INSTANCE_LAUNCH",
    "autoscaling:EC2_INSTANCE_LAUNCH_ERROR",
    "autoscaling:EC2_INSTANCE_LAUNCH_ERROR", // once in each zone
  ]);
  expect(heard[1]).toMatchObject({
    AutoScalingGroupName: "web",
    Service: "AWS Auto Scaling",
    StatusCode: "InProgress",
    Details: { "Availability Zone": expect.any(String) as string },
  });
  await expect(
    groups.putNotificationConfiguration({
      AutoScalingGroupName: "web",
      TopicARN: `${TopicArn}x`,
      NotificationTypes: ["autoscaling:EC2_INSTANCE_LAUNCH"],
    }),
  ).rejects.toThrow("Unable to publish test message");
});

test("tags, pages and what can be asked about", async () => {
  const { make, groups } = await stage();
  for (const AutoScalingGroupName of ["a", "b", "c"]) await make({ AutoScalingGroupName });
  const page = await groups.describeAutoScalingGroups({ MaxRecords: 2 });
  expect(page.AutoScalingGroups?.map(({ AutoScalingGroupName }) => AutoScalingGroupName)).toEqual(["a", "b"]);
  expect((await groups.describeAutoScalingGroups({ NextToken: page.NextToken })).AutoScalingGroups).toHaveLength(1);
  await groups.createOrUpdateTags({
    Tags: [{ ResourceId: "b", ResourceType: "auto-scaling-group", Key: "team", Value: "shop", PropagateAtLaunch: false }],
  });
  const tagged = await groups.describeAutoScalingGroups({ Filters: [{ Name: "tag:team", Values: ["shop"] }] });
  expect(tagged.AutoScalingGroups?.map(({ AutoScalingGroupName }) => AutoScalingGroupName)).toEqual(["b"]);
  expect((await groups.describeTags({ Filters: [{ Name: "key", Values: ["team"] }] })).Tags).toMatchObject([
    { ResourceId: "b", Value: "shop" },
  ]);
  await groups.deleteTags({ Tags: [{ ResourceId: "b", ResourceType: "auto-scaling-group", Key: "team" }] });
  expect((await groups.describeTags({})).Tags).toEqual([]);
  expect((await groups.describeAccountLimits({})).NumberOfAutoScalingGroups).toBe(3);
  expect((await groups.describeTerminationPolicyTypes({})).TerminationPolicyTypes).toHaveLength(7);
  expect((await groups.describeScalingProcessTypes({})).Processes).toHaveLength(9);
  expect((await groups.describeMetricCollectionTypes({})).Granularities).toEqual([{ Granularity: "1Minute" }]);
  await expect(make({ AutoScalingGroupName: "a" })).rejects.toMatchObject({ name: "AlreadyExistsFault" });
  await expect(make({ AutoScalingGroupName: "d", VPCZoneIdentifier: "subnet-0" })).rejects.toThrow("does not exist");
  await expect(make({ AutoScalingGroupName: "d", LaunchTemplate: { LaunchTemplateName: "none" } })).rejects.toThrow(
    "You must use a valid fully-formed launch template.",
  );
});
