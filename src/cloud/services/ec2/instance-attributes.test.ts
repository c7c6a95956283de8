/** What instances are told after their launch: attributes, profiles, metadata, credits. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Instances.html */
import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { EC2 } from "@aws-sdk/client-ec2";
import { IAM } from "@aws-sdk/client-iam";
import { STS } from "@aws-sdk/client-sts";
import { expect, test } from "vitest";
import { hours, minutes, plus, seconds, type Duration } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { ACCOUNT, Cloud, root } from "../../cloud.ts";
import { credentialsOf } from "./instance-profiles.ts";

const region = "eu-west-1";
const ImageId = "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id";

async function started() {
  const cloud = new Cloud({ paranoid: true, latencies: "median" });
  const at = clients(cloud);
  const ec2 = at(EC2, { region });
  const after = (delay: Duration) => void cloud.advance(plus(cloud.run.now, delay));
  const run = async (more: object = {}) =>
    (await ec2.runInstances({ ImageId, InstanceType: "m6i.large", MinCount: 1, MaxCount: 1, ...more })).Instances?.[0]?.InstanceId ?? "";
  const shown = async (id: string) => (await ec2.describeInstances({ InstanceIds: [id] })).Reservations?.[0]?.Instances?.[0];
  return { cloud, at, ec2, after, run, shown };
}

async function profile(at: ReturnType<typeof clients>, name: string) {
  const iam = at(IAM, { region });
  const Statement = [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }];
  await iam.createRole({ RoleName: name, AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement }) });
  await iam.createInstanceProfile({ InstanceProfileName: name });
  await iam.addRoleToInstanceProfile({ InstanceProfileName: name, RoleName: name });
}

test("another type, other user data: only while it is stopped, and it comes up as that machine", async () => {
  const { cloud, ec2, after, run, shown } = await started();
  const id = await run();
  after(minutes(1));
  const become = (Value: string) => ec2.modifyInstanceAttribute({ InstanceId: id, InstanceType: { Value } });
  await expect(become("c6i.xlarge")).rejects.toMatchObject({ name: "IncorrectInstanceState" });
  await ec2.stopInstances({ InstanceIds: [id] });
  after(minutes(1));
  await expect(become("m6g.large")).rejects.toThrow("matching architectures");
  await become("c6i.xlarge");
  await ec2.modifyInstanceAttribute({ InstanceId: id, UserData: { Value: Buffer.from("echo new") } });
  await ec2.startInstances({ InstanceIds: [id] });
  after(minutes(1));
  expect(await shown(id)).toMatchObject({ InstanceType: "c6i.xlarge", CpuOptions: { CoreCount: 2, ThreadsPerCore: 2 } });
  expect(cloud.run.universe.world.machines.get(id)).toMatchObject({ cores: 4, state: "on" });
  const { UserData } = await ec2.describeInstanceAttribute({ InstanceId: id, Attribute: "userData" });
  expect(Buffer.from(UserData!.Value!, "base64").toString()).toBe("echo new");
});

test("groups and the source check are the interface's; termination is allowed and refused by attribute", async () => {
  const { ec2, run, shown } = await started();
  const id = await run();
  const { GroupId = "" } = await ec2.createSecurityGroup({ GroupName: "own", Description: "own" });
  await ec2.modifyInstanceAttribute({ InstanceId: id, Groups: [GroupId] });
  await ec2.modifyInstanceAttribute({ InstanceId: id, SourceDestCheck: { Value: false } });
  await ec2.modifyInstanceAttribute({ InstanceId: id, Attribute: "disableApiTermination", Value: "true" });
  expect(await shown(id)).toMatchObject({
    SecurityGroups: [{ GroupId }],
    SourceDestCheck: false,
    NetworkInterfaces: [{ Groups: [{ GroupId }] }],
  });
  await expect(ec2.terminateInstances({ InstanceIds: [id] })).rejects.toMatchObject({ name: "OperationNotPermitted" });
  expect((await ec2.describeInstanceAttribute({ InstanceId: id, Attribute: "disableApiTermination" })).DisableApiTermination?.Value).toBe(
    true,
  );
  await expect(ec2.modifyInstanceAttribute({ InstanceId: id, Kernel: { Value: "aki-1" } })).rejects.toMatchObject({
    name: "NotImplemented",
  });
});

test.each([
  ["stop", "stopped"],
  ["terminate", "terminated"],
] as const)("shut down by its own system an instance %ss: its attribute says which", async (behaviour, state) => {
  const { cloud, after, run, shown } = await started();
  const id = await run({ InstanceInitiatedShutdownBehavior: behaviour, DisableApiTermination: true });
  after(minutes(1));
  cloud.act({ act: "power-off", machine: id });
  after(seconds(30));
  expect(await shown(id)).toMatchObject({
    State: { Name: state },
    StateReason: { Code: "Client.InstanceInitiatedShutdown" },
    StateTransitionReason: "",
  });
});

test("metadata: the launch's wish over the account's over the image's", async () => {
  const { ec2, run, shown } = await started();
  // The image asks for tokens, and for two hops so that containers reach it.
  expect((await shown(await run()))?.MetadataOptions).toMatchObject({ HttpTokens: "required", HttpPutResponseHopLimit: 2 });
  await ec2.modifyInstanceMetadataDefaults({ HttpPutResponseHopLimit: 3, InstanceMetadataTags: "enabled" });
  const id = await run({ MetadataOptions: { HttpTokens: "optional" } });
  const all = { HttpTokens: "optional", HttpPutResponseHopLimit: 3, InstanceMetadataTags: "enabled" };
  expect((await shown(id))?.MetadataOptions).toMatchObject(all);
  await ec2.modifyInstanceMetadataOptions({ InstanceId: id, HttpTokens: "required" });
  expect((await shown(id))?.MetadataOptions).toMatchObject({ ...all, HttpTokens: "required", State: "applied" });
  await expect(run({ MetadataOptions: { HttpPutResponseHopLimit: 65 } })).rejects.toThrow("HttpPutResponseHopLimit");
  await expect(run({ UserData: "not base64!" })).rejects.toMatchObject({ name: "InvalidUserData.Malformed" });
  await expect(run({ UserData: Buffer.alloc(16_385).toString("base64") })).rejects.toThrow("limited to 16384 bytes");
});

test("an instance's software is its role's session, renewed before it ends; another profile is another role", async () => {
  const { cloud, at, ec2, after, run } = await started();
  await profile(at, "Host");
  await profile(at, "Other");
  const id = await run({ IamInstanceProfile: { Name: "Host" } });
  const here = () => cloud.context("ec2", region, root(ACCOUNT));
  const asked = async () => {
    const { accessKeyId, secretAccessKey, sessionToken } = credentialsOf(here(), id)!;
    const sts = at(STS, { region, accessKeyId, secretAccessKey, sessionToken });
    return { accessKeyId, arn: (await sts.getCallerIdentity({})).Arn };
  };
  const first = await asked();
  expect(first.arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/Host/${id}`);
  after(minutes(50));
  expect((await asked()).accessKeyId).toBe(first.accessKeyId);
  // A role without a longer maximum is taken for an hour; new keys are there five minutes before.
  after(minutes(6));
  expect((await asked()).accessKeyId).not.toBe(first.accessKeyId);
  const { IamInstanceProfileAssociations } = await ec2.describeIamInstanceProfileAssociations({});
  const [association] = IamInstanceProfileAssociations!;
  expect(association).toMatchObject({ InstanceId: id, State: "associated" });
  await ec2.replaceIamInstanceProfileAssociation({ AssociationId: association?.AssociationId, IamInstanceProfile: { Name: "Other" } });
  expect((await asked()).arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/Other/${id}`);
  await expect(ec2.associateIamInstanceProfile({ InstanceId: id, IamInstanceProfile: { Name: "Host" } })).rejects.toThrow(
    "existing association",
  );
  const { IamInstanceProfileAssociations: now } = await ec2.describeIamInstanceProfileAssociations({});
  await ec2.disassociateIamInstanceProfile({ AssociationId: now?.[0]?.AssociationId });
  expect(credentialsOf(here(), id)).toBeUndefined();
});

test("a public address comes with a start and goes with a stop; an elastic one stays", async () => {
  const { ec2, after, run, shown } = await started();
  const id = await run();
  after(minutes(1));
  const first = (await shown(id))?.PublicIpAddress;
  expect(first).toMatch(/^54\./);
  const restart = async () => {
    await ec2.stopInstances({ InstanceIds: [id] });
    after(minutes(1));
    const between = (await shown(id))?.PublicIpAddress;
    await ec2.startInstances({ InstanceIds: [id] });
    after(minutes(1));
    return [between, (await shown(id))?.PublicIpAddress];
  };
  const [stopped, second] = await restart();
  expect([stopped, second === first, second]).toEqual([undefined, false, expect.stringMatching(/^54\./)]);
  const { AllocationId, PublicIp } = await ec2.allocateAddress({});
  await ec2.associateAddress({ AllocationId, InstanceId: id });
  expect(await restart()).toEqual([PublicIp, PublicIp]);
});

test("one's own interface is the instance's primary one, and outlives it", async () => {
  const { ec2, after, run, shown } = await started();
  const { Subnets } = await ec2.describeSubnets({});
  const { NetworkInterface } = await ec2.createNetworkInterface({ SubnetId: Subnets?.[0]?.SubnetId });
  const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId;
  const id = await run({ NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId }] });
  expect((await shown(id))?.PrivateIpAddress).toBe(NetworkInterface?.PrivateIpAddress);
  await expect(run({ NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId }] })).rejects.toThrow("in use");
  await ec2.terminateInstances({ InstanceIds: [id] });
  after(minutes(1));
  expect((await ec2.describeNetworkInterfaces({})).NetworkInterfaces).toMatchObject([{ NetworkInterfaceId, Status: "available" }]);
  const both = { SubnetId: Subnets?.[0]?.SubnetId, NetworkInterfaces: [{ DeviceIndex: 0 }] };
  await expect(run(both)).rejects.toMatchObject({ name: "InvalidParameterCombination" });
  await expect(run({ NetworkInterfaces: [{ DeviceIndex: 0 }, { DeviceIndex: 1 }] })).rejects.toMatchObject({ name: "NotImplemented" });
});

test("burstable instances have credits, and others none", async () => {
  const { ec2, run } = await started();
  const id = await run({ InstanceType: "t3.micro" });
  const credits = async () => (await ec2.describeInstanceCreditSpecifications({ InstanceIds: [id] })).InstanceCreditSpecifications;
  expect(await credits()).toEqual([{ InstanceId: id, CpuCredits: "unlimited" }]);
  await ec2.modifyInstanceCreditSpecification({ InstanceCreditSpecifications: [{ InstanceId: id, CpuCredits: "standard" }] });
  expect(await credits()).toEqual([{ InstanceId: id, CpuCredits: "standard" }]);
  await expect(run({ CreditSpecification: { CpuCredits: "standard" } })).rejects.toMatchObject({ name: "InvalidParameterCombination" });
});

test("CloudFormation changes an instance's type by stopping it, in place, and makes another for another image", async () => {
  const { cloud, at, after, ec2 } = await started();
  const cloudformation = at(CloudFormation, { region });
  const body = (InstanceType: string, more: object = {}) =>
    JSON.stringify({
      Resources: {
        Machine: {
          Type: "AWS::EC2::Instance",
          Properties: { ImageId, InstanceType, PropagateTagsToVolumeOnCreation: "true", Tags: [{ Key: "on", Value: "true" }], ...more },
        },
      },
      Outputs: { Id: { Value: { Ref: "Machine" } }, Address: { Value: { "Fn::GetAtt": ["Machine", "PrivateIp"] } } },
    });
  const all = async () => (await ec2.describeInstances({})).Reservations?.flatMap(({ Instances = [] }) => Instances);
  await cloudformation.createStack({ StackName: "machine", TemplateBody: body("m6i.large") });
  cloud.settle();
  const [before] = (await all())!;
  expect(before?.Tags).toContainEqual({ Key: "on", Value: "true" });
  expect((await ec2.describeVolumes({ Filters: [{ Name: "tag:on", Values: ["true"] }] })).Volumes).toHaveLength(1);
  const more = { DisableApiTermination: "true", Monitoring: true };
  await cloudformation.updateStack({ StackName: "machine", TemplateBody: body("c6i.large", more) });
  cloud.settle();
  expect(await all()).toMatchObject([
    { InstanceId: before?.InstanceId, InstanceType: "c6i.large", State: { Name: "running" }, Monitoring: { State: "enabled" } },
  ]);
  const { Stacks } = await cloudformation.describeStacks({ StackName: "machine" });
  expect(Stacks?.[0]).toMatchObject({
    StackStatus: "UPDATE_COMPLETE",
    Outputs: [{ OutputValue: before?.InstanceId }, { OutputValue: before?.PrivateIpAddress }],
  });
  after(hours(1));
});
