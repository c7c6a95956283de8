/** Volumes and snapshots: made, attached, changed, copied, encrypted. https://docs.aws.amazon.com/ebs/latest/userguide/what-is-ebs.html */
import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { EC2 } from "@aws-sdk/client-ec2";
import { KMS } from "@aws-sdk/client-kms";
import { expect, test } from "vitest";
import { days, minutes, plus, seconds, type Duration } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const region = "eu-west-1";
const ImageId = "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id";

async function started() {
  const cloud = new Cloud({ paranoid: true, latencies: "median" });
  const at = clients(cloud);
  const [ec2, kms] = [at(EC2, { region }), at(KMS, { region })];
  const after = (delay: Duration) => void cloud.advance(plus(cloud.run.now, delay));
  const run = async (more: object = {}) => {
    const { Instances } = await ec2.runInstances({ ImageId, InstanceType: "m6i.large", MinCount: 1, MaxCount: 1, ...more });
    const [instance] = Instances ?? [];
    return { id: instance?.InstanceId ?? "", zone: instance?.Placement?.AvailabilityZone ?? "" };
  };
  const volume = async (id: string) => (await ec2.describeVolumes({ VolumeIds: [id] })).Volumes?.[0];
  const disksOf = async (id: string) =>
    (await ec2.describeVolumes({ Filters: [{ Name: "attachment.instance-id", Values: [id] }] })).Volumes ?? [];
  return { cloud, at, ec2, kms, after, run, volume, disksOf };
}

test("a volume is available after 3 s, attached after 2 more, and goes from one instance to another", async () => {
  const { ec2, after, run, volume } = await started();
  const [first, second] = [await run(), await run()];
  after(minutes(1));
  const { VolumeId = "", State } = await ec2.createVolume({ AvailabilityZone: first.zone, Size: 10, VolumeType: "gp3" });
  expect(State).toBe("creating");
  await expect(ec2.attachVolume({ VolumeId, InstanceId: first.id, Device: "/dev/sdf" })).rejects.toMatchObject({ name: "IncorrectState" });
  after(seconds(3));
  await expect(ec2.attachVolume({ VolumeId, InstanceId: first.id, Device: "/dev/xvda" })).rejects.toThrow("already in use");
  await ec2.attachVolume({ VolumeId, InstanceId: first.id, Device: "/dev/sdf" });
  after(seconds(2));
  expect(await volume(VolumeId)).toMatchObject({ State: "in-use", Iops: 3000, Throughput: 125, Attachments: [{ State: "attached" }] });
  await expect(ec2.deleteVolume({ VolumeId })).rejects.toMatchObject({ name: "VolumeInUse" });
  await expect(ec2.attachVolume({ VolumeId, InstanceId: second.id, Device: "/dev/sdf" })).rejects.toMatchObject({ name: "VolumeInUse" });
  // With its instance gone it is free; it was not made with it.
  await ec2.terminateInstances({ InstanceIds: [first.id] });
  after(minutes(1));
  expect(await volume(VolumeId)).toMatchObject({ State: "available", Attachments: [] });
  await ec2.attachVolume({ VolumeId, InstanceId: second.id, Device: "/dev/sdf" });
  after(seconds(2));
  await ec2.detachVolume({ VolumeId });
  expect((await volume(VolumeId))?.Attachments).toMatchObject([{ State: "detaching" }]);
  after(seconds(2));
  await ec2.deleteVolume({ VolumeId });
  await expect(volume(VolumeId)).rejects.toMatchObject({ name: "InvalidVolume.NotFound" });
});

test("a volume pulled off while it was being attached takes its two seconds anew", async () => {
  const { ec2, after, run } = await started();
  const { id: InstanceId, zone } = await run();
  after(minutes(1));
  const { VolumeId = "" } = await ec2.createVolume({ AvailabilityZone: zone, Size: 10 });
  after(seconds(3));
  const stateOf = async () => {
    const { BlockDeviceMappings } = await ec2.describeInstanceAttribute({ InstanceId, Attribute: "blockDeviceMapping" });
    return BlockDeviceMappings!.find(({ DeviceName }) => DeviceName === "/dev/sdf")?.Ebs?.Status;
  };
  await ec2.attachVolume({ VolumeId, InstanceId, Device: "/dev/sdf" });
  expect(await stateOf()).toBe("attaching");
  after(seconds(1));
  await ec2.detachVolume({ VolumeId, Force: true });
  expect(await stateOf()).toBeUndefined();
  await ec2.attachVolume({ VolumeId, InstanceId, Device: "/dev/sdf" });
  after(seconds(1)); // two after the first attempt
  expect(await stateOf()).toBe("attaching");
  after(seconds(1));
  expect(await stateOf()).toBe("attached");
});

test.each([
  [{ VolumeType: "gp3", Size: 65_537 }, "too large"],
  [{ VolumeType: "io2", Size: 10 }, "iops"],
  [{ VolumeType: "gp3", Size: 10, Iops: 6000 }, "maximum is 500"], // 600 for each GiB
  [{ VolumeType: "gp2", Size: 10, Iops: 3000 }, "not supported for gp2"],
  [{ VolumeType: "st1", Size: 10 }, "too small"],
  [{ Size: undefined }, "size/snapshotId"],
  [{ Size: 10, KmsKeyId: "alias/mine" }, "KmsKeyId requires"],
] as const)("AWS offers no volume as %j", async (asked, message) => {
  const { ec2 } = await started();
  await expect(ec2.createVolume({ AvailabilityZone: "eu-west-1a", ...asked })).rejects.toThrow(message);
});

test("a volume grows at once and is optimized for ten minutes; four changes a day, each after the one before", async () => {
  const { ec2, after, volume } = await started();
  const { VolumeId = "" } = await ec2.createVolume({ AvailabilityZone: "eu-west-1a", Size: 10, VolumeType: "gp3" });
  after(seconds(3));
  const grow = (Size: number) => ec2.modifyVolume({ VolumeId, Size });
  await expect(grow(5)).rejects.toThrow("smaller");
  expect((await grow(20)).VolumeModification).toMatchObject({ ModificationState: "modifying", OriginalSize: 10, TargetSize: 20 });
  expect((await volume(VolumeId))?.Size).toBe(20);
  await expect(grow(30)).rejects.toMatchObject({ name: "IncorrectModificationState" });
  for (const size of [30, 40, 50]) {
    after(minutes(10));
    await grow(size);
  }
  after(minutes(10));
  await expect(grow(60)).rejects.toMatchObject({ name: "VolumeModificationRateExceeded" });
  expect((await ec2.describeVolumesModifications({ VolumeIds: [VolumeId] })).VolumesModifications).toMatchObject([
    { ModificationState: "completed", Progress: 100, TargetSize: 50 },
  ]);
  after(days(1));
  await grow(60);
});

test("a launch has the image's disks with what it says of them, encrypted as the account wants it", async () => {
  const { ec2, kms, after, run, disksOf } = await started();
  const { KeyMetadata } = await kms.createKey({});
  const plain = await run();
  expect(await disksOf(plain.id)).toMatchObject([
    { Size: 30, VolumeType: "gp3", Encrypted: false, Attachments: [{ Device: "/dev/xvda" }] },
  ]);
  const root = { DeviceName: "/dev/xvda", Ebs: { VolumeSize: 50, Encrypted: true, KmsKeyId: KeyMetadata?.Arn } };
  const own = await run({ BlockDeviceMappings: [root, { DeviceName: "/dev/sdf", Ebs: { VolumeSize: 5, DeleteOnTermination: false } }] });
  expect(await disksOf(own.id)).toMatchObject([
    { Size: 50, VolumeType: "gp3", Encrypted: true, KmsKeyId: KeyMetadata?.Arn },
    { Size: 5, VolumeType: "gp2", Encrypted: false },
  ]);
  const small = { DeviceName: "/dev/xvda", Ebs: { VolumeSize: 8 } };
  await expect(run({ BlockDeviceMappings: [small] })).rejects.toMatchObject({ name: "InvalidBlockDeviceMapping" });
  await ec2.terminateInstances({ InstanceIds: [own.id, plain.id] });
  after(minutes(1));
  expect((await ec2.describeVolumes({})).Volumes).toMatchObject([{ Size: 5, State: "available" }]);
  await ec2.enableEbsEncryptionByDefault({});
  const [disk] = await disksOf((await run()).id);
  const { KeyMetadata: managed } = await kms.describeKey({ KeyId: "alias/aws/ebs" });
  expect(disk).toMatchObject({ Encrypted: true, KmsKeyId: managed?.Arn });
});

test("with a key that is disabled an instance is terminated on launch, and says so", async () => {
  const { ec2, kms, after, run } = await started();
  const { KeyMetadata } = await kms.createKey({});
  const root = { DeviceName: "/dev/xvda", Ebs: { Encrypted: true, KmsKeyId: KeyMetadata?.KeyId } };
  await kms.disableKey({ KeyId: KeyMetadata?.KeyId });
  const { id } = await run({ BlockDeviceMappings: [root] });
  after(seconds(47)); // 17 s pending, then 30 s shutting down
  const { Reservations } = await ec2.describeInstances({ InstanceIds: [id] });
  expect(Reservations?.[0]?.Instances?.[0]).toMatchObject({
    State: { Name: "terminated" },
    StateReason: { Code: "Client.InternalError", Message: "Client.InternalError: Client error on launch" },
  });
});

test("a snapshot is complete after three minutes; volumes and copies in another region come of it", async () => {
  const { at, ec2, after } = await started();
  const { VolumeId = "" } = await ec2.createVolume({ AvailabilityZone: "eu-west-1a", Size: 10, Encrypted: true });
  after(seconds(3));
  const { SnapshotId = "", State } = await ec2.createSnapshot({ VolumeId, Description: "of the day" });
  expect(State).toBe("pending");
  await expect(ec2.createVolume({ AvailabilityZone: "eu-west-1a", SnapshotId })).rejects.toMatchObject({ name: "IncorrectState" });
  after(minutes(3));
  expect((await ec2.describeSnapshots({ OwnerIds: ["self"] })).Snapshots).toMatchObject([
    { SnapshotId, State: "completed", Progress: "100%" },
  ]);
  // What comes of something encrypted is encrypted.
  expect(await ec2.createVolume({ AvailabilityZone: "eu-west-1a", SnapshotId })).toMatchObject({ Size: 10, Encrypted: true });
  const other = at(EC2, { region: "eu-central-1" });
  const copy = await other.copySnapshot({ SourceRegion: region, SourceSnapshotId: SnapshotId });
  after(minutes(3));
  expect((await other.describeSnapshots({ SnapshotIds: [copy.SnapshotId!] })).Snapshots).toMatchObject([
    { State: "completed", VolumeSize: 10, Encrypted: true, KmsKeyId: expect.stringContaining("eu-central-1") },
  ]);
});

test("CloudFormation makes a volume on an instance, enlarges it in place, keeps a snapshot when it goes", async () => {
  const { cloud, at, ec2 } = await started();
  const cloudformation = at(CloudFormation, { region });
  const body = (Size: unknown) =>
    JSON.stringify({
      Resources: {
        Machine: { Type: "AWS::EC2::Instance", Properties: { ImageId, InstanceType: "m6i.large" } },
        Disk: {
          Type: "AWS::EC2::Volume",
          DeletionPolicy: "Snapshot",
          Properties: { AvailabilityZone: { "Fn::GetAtt": ["Machine", "AvailabilityZone"] }, Size, VolumeType: "gp3" },
        },
        On: {
          Type: "AWS::EC2::VolumeAttachment",
          Properties: { VolumeId: { Ref: "Disk" }, InstanceId: { Ref: "Machine" }, Device: "/dev/sdf" },
        },
      },
    });
  await cloudformation.createStack({ StackName: "disk", TemplateBody: body("10") });
  cloud.settle();
  const status = async () => (await cloudformation.describeStacks({ StackName: "disk" })).Stacks?.[0]?.StackStatus;
  expect(await status()).toBe("CREATE_COMPLETE");
  await cloudformation.updateStack({ StackName: "disk", TemplateBody: body(20) });
  cloud.settle();
  expect(await status()).toBe("UPDATE_COMPLETE");
  expect((await ec2.describeVolumes({ Filters: [{ Name: "size", Values: ["20"] }] })).Volumes).toMatchObject([{ State: "in-use" }]);
  await cloudformation.deleteStack({ StackName: "disk" });
  cloud.settle();
  expect((await ec2.describeVolumes({})).Volumes).toEqual([]);
  expect((await ec2.describeSnapshots({})).Snapshots).toMatchObject([{ VolumeSize: 20 }]);
});
