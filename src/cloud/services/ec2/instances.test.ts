/** Instances: launched, checked, lost, terminated; what AWS refuses, and what it says. */
import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { EC2 } from "@aws-sdk/client-ec2";
import { IAM } from "@aws-sdk/client-iam";
import { SSM } from "@aws-sdk/client-ssm";
import { expect, test } from "vitest";
import { hours, minutes, plus, seconds, type Duration } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const region = "eu-west-1";
const parameter = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id";

async function started() {
  const cloud = new Cloud({ paranoid: true, latencies: "median" });
  const at = clients(cloud);
  const [ec2, ssm] = [at(EC2, { region }), at(SSM, { region })];
  const ImageId = (await ssm.getParameter({ Name: parameter })).Parameter?.Value ?? "";
  const { Vpc } = await ec2.createVpc({ CidrBlock: "10.20.0.0/16" });
  const { Subnet } = await ec2.createSubnet({ VpcId: Vpc?.VpcId, CidrBlock: "10.20.1.0/24", AvailabilityZoneId: "euw1-az1" });
  const run = (more: object = {}) =>
    ec2.runInstances({ ImageId, InstanceType: "m6i.large", SubnetId: Subnet?.SubnetId, MinCount: 1, MaxCount: 1, ...more });
  const after = (delay: Duration) => void cloud.advance(plus(cloud.run.now, delay));
  const shown = async (id: string) => (await ec2.describeInstances({ InstanceIds: [id] })).Reservations?.[0]?.Instances?.[0];
  const idOf = ({ Instances }: Awaited<ReturnType<typeof run>>) => Instances?.[0]?.InstanceId ?? "";
  return { cloud, at, ec2, run, after, shown, idOf, ImageId, subnet: Subnet?.SubnetId ?? "" };
}

test("LAT-001 LAT-002 LAT-003 an instance is pending, runs after 17 s, its system is up 13 s later and its checks pass after two minutes", async () => {
  const { cloud, ec2, run, after, shown, idOf } = await started();
  const id = idOf(await run());
  expect((await shown(id))?.State).toEqual({ Code: 0, Name: "pending" });
  after(seconds(17));
  expect(await shown(id)).toMatchObject({
    State: { Name: "running" },
    PrivateIpAddress: expect.stringMatching(/^10\.20\.1\./),
    Architecture: "x86_64",
    CpuOptions: { CoreCount: 1, ThreadsPerCore: 2 },
  });
  expect(cloud.run.universe.world.machines.get(id)).toMatchObject({
    state: "booting",
    cores: 2,
    zone: "euw1-az1",
    address: (await shown(id))?.PrivateIpAddress,
  });
  after(seconds(13));
  expect(cloud.run.universe.world.machines.get(id)?.state).toBe("on");
  const status = async () => (await ec2.describeInstanceStatus({ InstanceIds: [id] })).InstanceStatuses?.[0];
  expect((await status())?.InstanceStatus?.Status).toBe("initializing");
  after(minutes(2));
  expect(await status()).toMatchObject({ InstanceStatus: { Status: "ok" }, SystemStatus: { Status: "ok" } });
});

test("ASG-003 LAT-013 a zone without power: the instance is running by its state, and impaired by its checks after two minutes", async () => {
  const { cloud, ec2, run, after, shown, idOf } = await started();
  const id = idOf(await run());
  after(minutes(5));
  cloud.act({ act: "lose-zone", zone: "euw1-az1" });
  after(seconds(119));
  const status = async () => (await ec2.describeInstanceStatus({ InstanceIds: [id] })).InstanceStatuses?.[0];
  expect((await status())?.SystemStatus?.Status).toBe("ok");
  after(seconds(1));
  expect(await status()).toMatchObject({
    InstanceStatus: { Status: "impaired" },
    SystemStatus: { Status: "impaired", Details: [{ Name: "reachability", Status: "failed" }] },
  });
  expect((await shown(id))?.State?.Name).toBe("running");
  cloud.act({ act: "restore-zone", zone: "euw1-az1" });
  after(minutes(3));
  expect((await status())?.InstanceStatus?.Status).toBe("ok");
});

test("capacity that is not there, and a quota that is too small, are refused in AWS's words", async () => {
  const { cloud, run } = await started();
  cloud.act({ act: "short-of", zone: "euw1-az1", instanceType: "m6i.large" });
  await expect(run()).rejects.toMatchObject({
    name: "InsufficientInstanceCapacity",
    message: expect.stringMatching(/sufficient m6i\.large capacity in the Availability Zone you requested \(eu-west-1[abc]\)/),
  });
  await run({ InstanceType: "m5.large" });
  cloud.act({ act: "short-of", zone: "euw1-az1", instanceType: "*" });
  await expect(run({ InstanceType: "m5.large" })).rejects.toMatchObject({ name: "InsufficientInstanceCapacity" });
  cloud.act({ act: "enough-of", zone: "euw1-az1", instanceType: "*" });
  // A new account has 5 vCPUs: two machines of two.
  await expect(run({ InstanceType: "m5.large", MinCount: 2, MaxCount: 2 })).rejects.toMatchObject({ name: "VcpuLimitExceeded" });
  expect((await run({ InstanceType: "m5.large", MinCount: 1, MaxCount: 9 })).Instances).toHaveLength(1);
});

test("what a launch needs is checked: image, architecture, profile, type, subnet", async () => {
  const { run } = await started();
  await expect(run({ ImageId: "ami-00000000000000000" })).rejects.toMatchObject({ name: "InvalidAMIID.NotFound" });
  await expect(run({ InstanceType: "m6g.large" })).rejects.toThrow("matching architectures");
  await expect(run({ InstanceType: "m99.large" })).rejects.toThrow("do not exist");
  await expect(run({ IamInstanceProfile: { Name: "nobody" } })).rejects.toThrow("Invalid IAM Instance Profile name");
  await expect(run({ SubnetId: "subnet-00000000000000000" })).rejects.toMatchObject({ name: "InvalidSubnetID.NotFound" });
  await expect(run({ InstanceMarketOptions: { MarketType: "spot" } })).rejects.toMatchObject({ name: "NotImplemented" });
});

test("asked twice with one token, a launch is one launch; the subnet's addresses bound it", async () => {
  const { ec2, run, idOf } = await started();
  const asked = { ClientToken: "once", MaxCount: 2 };
  const [first, again] = [await run(asked), await run(asked)];
  expect([again.ReservationId, again.Instances?.map(({ InstanceId }) => InstanceId)]).toEqual([
    first.ReservationId,
    first.Instances?.map(({ InstanceId }) => InstanceId),
  ]);
  await expect(run({ ...asked, MaxCount: 3 })).rejects.toMatchObject({ name: "IdempotentParameterMismatch" });
  await ec2.terminateInstances({ InstanceIds: [idOf(first)] });
  const { Vpc } = await ec2.createVpc({ CidrBlock: "10.21.0.0/16" });
  const { Subnet } = await ec2.createSubnet({ VpcId: Vpc?.VpcId, CidrBlock: "10.21.0.0/28" });
  // 16 addresses, of which AWS keeps five.
  await expect(run({ SubnetId: Subnet?.SubnetId, InstanceType: "t3.micro", MinCount: 12, MaxCount: 12 })).rejects.toMatchObject({
    name: "InsufficientFreeAddressesInSubnet",
  });
});

test("terminated, an instance is shown for an hour; its address and its disks are free", async () => {
  const { cloud, ec2, run, after, shown, idOf } = await started();
  const id = idOf(await run({ TagSpecifications: [{ ResourceType: "volume", Tags: [{ Key: "of", Value: "it" }] }] }));
  after(minutes(1));
  const volumes = async () =>
    (await ec2.describeVolumes({ Filters: [{ Name: "tag:of", Values: ["it"] }] })).Volumes?.map(({ State }) => State);
  expect(await volumes()).toEqual(["in-use"]);
  const { TerminatingInstances } = await ec2.terminateInstances({ InstanceIds: [id] });
  expect(TerminatingInstances).toMatchObject([{ PreviousState: { Name: "running" }, CurrentState: { Name: "shutting-down" } }]);
  after(seconds(30));
  expect([(await shown(id))?.State?.Name, await volumes(), cloud.run.universe.world.machines.has(id)]).toEqual(["terminated", [], false]);
  expect((await ec2.describeNetworkInterfaces({})).NetworkInterfaces).toEqual([]);
  after(hours(1));
  await expect(ec2.describeInstances({ InstanceIds: [id] })).rejects.toMatchObject({ name: "InvalidInstanceID.NotFound" });
});

test("stopped and started, an instance keeps its address; protected, it is not terminated", async () => {
  const { ec2, run, after, shown, idOf, cloud } = await started();
  const id = idOf(await run({ DisableApiTermination: true }));
  const address = (await shown(id))?.PrivateIpAddress;
  after(minutes(1));
  await expect(ec2.terminateInstances({ InstanceIds: [id] })).rejects.toMatchObject({ name: "OperationNotPermitted" });
  await ec2.stopInstances({ InstanceIds: [id] });
  after(seconds(30));
  expect([(await shown(id))?.State?.Name, cloud.run.universe.world.machines.get(id)?.state]).toEqual(["stopped", "off"]);
  await ec2.startInstances({ InstanceIds: [id] });
  after(seconds(30));
  expect([(await shown(id))?.State?.Name, (await shown(id))?.PrivateIpAddress, cloud.run.universe.world.machines.get(id)?.state]).toEqual([
    "running",
    address,
    "on",
  ]);
});

test("a launch template's versions: the request goes over the template", async () => {
  const { ec2, ImageId, subnet } = await started();
  const tags = [{ ResourceType: "instance" as const, Tags: [{ Key: "of", Value: "template" }] }];
  const LaunchTemplateName = "hosts";
  await ec2.createLaunchTemplate({
    LaunchTemplateName,
    LaunchTemplateData: { ImageId, InstanceType: "m6i.large", TagSpecifications: tags },
  });
  await ec2.createLaunchTemplateVersion({ LaunchTemplateName, SourceVersion: "1", LaunchTemplateData: { InstanceType: "m5.large" } });
  const run = async (Version?: string, more: object = {}) =>
    (await ec2.runInstances({ LaunchTemplate: { LaunchTemplateName, Version }, SubnetId: subnet, MinCount: 1, MaxCount: 1, ...more }))
      .Instances?.[0];
  expect(await run()).toMatchObject({ InstanceType: "m6i.large", Tags: [{ Key: "of", Value: "template" }] });
  expect((await run("$Latest"))?.InstanceType).toBe("m5.large");
  await ec2.terminateInstances({
    InstanceIds: (await ec2.describeInstances({})).Reservations!.map(({ Instances }) => Instances![0]!.InstanceId!),
  });
  expect((await run("$Latest", { InstanceType: "c6i.large" }))?.InstanceType).toBe("c6i.large");
  await expect(run("7")).rejects.toMatchObject({ name: "InvalidLaunchTemplateId.VersionNotFound" });
  await ec2.modifyLaunchTemplate({ LaunchTemplateName, DefaultVersion: "2" });
  expect((await ec2.describeLaunchTemplates({})).LaunchTemplates).toMatchObject([{ DefaultVersionNumber: 2, LatestVersionNumber: 2 }]);
});

test("SSM-005 an instance with a profile is a managed node as soon as it is up", async () => {
  const { at, run, after, idOf } = await started();
  const iam = at(IAM, { region });
  const trust = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
  };
  await iam.createRole({ RoleName: "host", AssumeRolePolicyDocument: JSON.stringify(trust) });
  await iam.createInstanceProfile({ InstanceProfileName: "host" });
  await iam.addRoleToInstanceProfile({ InstanceProfileName: "host", RoleName: "host" });
  const id = idOf(await run({ IamInstanceProfile: { Name: "host" } }));
  const nodes = async () =>
    (await at(SSM, { region }).describeInstanceInformation({})).InstanceInformationList?.map(({ InstanceId }) => InstanceId);
  after(seconds(29));
  expect(await nodes()).toEqual([]);
  after(seconds(1));
  expect(await nodes()).toEqual([id]);
});

test("CloudFormation makes a template and an instance of it, waits until it runs, and until it is gone", async () => {
  const { cloud, at, ImageId, subnet, ec2 } = await started();
  const cloudformation = at(CloudFormation, { region });
  const Resources = {
    Template: {
      Type: "AWS::EC2::LaunchTemplate",
      Properties: { LaunchTemplateData: { ImageId, InstanceType: "m6i.large", Monitoring: { Enabled: "true" } } },
    },
    Machine: {
      Type: "AWS::EC2::Instance",
      Properties: {
        SubnetId: subnet,
        LaunchTemplate: { LaunchTemplateId: { Ref: "Template" }, Version: { "Fn::GetAtt": ["Template", "LatestVersionNumber"] } },
      },
    },
  };
  await cloudformation.createStack({ StackName: "machine", TemplateBody: JSON.stringify({ Resources }) });
  cloud.settle();
  const states = async () =>
    (await ec2.describeInstances({})).Reservations?.flatMap(({ Instances }) => Instances?.map(({ State }) => State?.Name));
  expect([(await cloudformation.describeStacks({ StackName: "machine" })).Stacks?.[0]?.StackStatus, await states()]).toEqual([
    "CREATE_COMPLETE",
    ["running"],
  ]);
  await cloudformation.deleteStack({ StackName: "machine" });
  cloud.settle();
  expect(await states()).toEqual(["terminated"]);
});
