/** Images and key pairs of one's own, and AWS's. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AMIs.html */
import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { EC2 } from "@aws-sdk/client-ec2";
import { SSM } from "@aws-sdk/client-ssm";
import { expect, test } from "vitest";
import { minutes, plus, seconds, type Duration } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const region = "eu-west-1";
const parameter = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id";

async function started() {
  const cloud = new Cloud({ paranoid: true, latencies: "median" });
  const at = clients(cloud);
  const ec2 = at(EC2, { region });
  const after = (delay: Duration) => void cloud.advance(plus(cloud.run.now, delay));
  const run = async (more: object = {}) => {
    const asked = { ImageId: `resolve:ssm:${parameter}`, InstanceType: "m6i.large" as const, MinCount: 1, MaxCount: 1, ...more };
    return (await ec2.runInstances(asked)).Instances?.[0];
  };
  return { cloud, at, ec2, after, run };
}

test("AWS's image of a parameter is found by its id, with its disk, its architecture and what it asks of its metadata", async () => {
  const { at, ec2 } = await started();
  const { Parameter } = await at(SSM, { region }).getParameter({ Name: parameter });
  const { Images } = await ec2.describeImages({ ImageIds: [Parameter!.Value!] });
  expect(Images).toMatchObject([
    {
      ImageOwnerAlias: "amazon",
      Architecture: "x86_64",
      ImdsSupport: "v2.0",
      BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { VolumeSize: 30, VolumeType: "gp3", Encrypted: false } }],
    },
  ]);
  // As the CDK looks one up.
  const Filters = [
    { Name: "name", Values: ["al2023-ami-ecs-hvm-*-arm64"] },
    { Name: "state", Values: ["available"] },
  ];
  expect((await ec2.describeImages({ Owners: ["amazon"], Filters })).Images).toHaveLength(1);
  expect((await ec2.describeImages({ Owners: ["self"] })).Images).toEqual([]);
});

test("an image is made of an instance, which restarts for it, and is available after three minutes", async () => {
  const { cloud, ec2, after, run } = await started();
  const instance = await run({ BlockDeviceMappings: [{ DeviceName: "/dev/sdf", Ebs: { VolumeSize: 5 } }] });
  const InstanceId = instance?.InstanceId ?? "";
  after(minutes(1));
  const { ImageId = "" } = await ec2.createImage({ InstanceId, Name: "mine" });
  expect(cloud.run.universe.world.machines.get(InstanceId)?.state).toBe("booting");
  await expect(run({ ImageId })).rejects.toMatchObject({ name: "InvalidAMIID.Unavailable" });
  await expect(ec2.createImage({ InstanceId, Name: "mine" })).rejects.toMatchObject({ name: "InvalidAMIName.Duplicate" });
  after(minutes(3));
  expect((await ec2.describeImages({ Owners: ["self"] })).Images).toMatchObject([
    { ImageId, State: "available", Architecture: "x86_64", BlockDeviceMappings: [{ Ebs: { VolumeSize: 30 } }, { Ebs: { VolumeSize: 5 } }] },
  ]);
  const made = await run({ ImageId });
  const { Volumes } = await ec2.describeVolumes({ Filters: [{ Name: "attachment.instance-id", Values: [made?.InstanceId ?? ""] }] });
  expect(Volumes?.map(({ Size }) => Size)).toEqual([30, 5]);
  const SnapshotId = Volumes?.[1]?.SnapshotId;
  await expect(ec2.deleteSnapshot({ SnapshotId })).rejects.toMatchObject({ name: "InvalidSnapshot.InUse" });
  await ec2.deregisterImage({ ImageId });
  await expect(run({ ImageId })).rejects.toMatchObject({ name: "InvalidAMIID.NotFound" });
  await ec2.deleteSnapshot({ SnapshotId });
});

test("an image is copied to another region, encrypted there, and registered of a snapshot", async () => {
  const { at, ec2, after, run } = await started();
  const instance = await run();
  after(minutes(1));
  const { ImageId } = await ec2.createImage({ InstanceId: instance?.InstanceId, Name: "mine", NoReboot: true });
  after(minutes(3));
  const other = at(EC2, { region: "eu-central-1" });
  const copy = await other.copyImage({ SourceRegion: region, SourceImageId: ImageId, Name: "theirs", Encrypted: true });
  after(minutes(3));
  expect((await other.describeImages({ ImageIds: [copy.ImageId!] })).Images).toMatchObject([
    { State: "available", SourceImageId: ImageId, BlockDeviceMappings: [{ Ebs: { Encrypted: true, VolumeSize: 30 } }] },
  ]);
  const { Snapshots } = await ec2.describeSnapshots({ OwnerIds: ["self"] });
  const Ebs = { SnapshotId: Snapshots?.[0]?.SnapshotId };
  const registered = await ec2.registerImage({
    Name: "registered",
    Architecture: "x86_64",
    RootDeviceName: "/dev/xvda",
    BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs }],
  });
  await ec2.modifyImageAttribute({ ImageId: registered.ImageId, Description: { Value: "of a snapshot" } });
  expect(await ec2.describeImageAttribute({ ImageId: registered.ImageId, Attribute: "description" })).toMatchObject({
    Description: { Value: "of a snapshot" },
  });
});

test("a key pair's private half is given out once; its fingerprint is what openssl says of it", async () => {
  const { ec2, run } = await started();
  const { KeyMaterial = "", KeyFingerprint, KeyPairId } = await ec2.createKeyPair({ KeyName: "mine" });
  const secret = createPrivateKey(KeyMaterial);
  const digest = createHash("sha1")
    .update(secret.export({ format: "der", type: "pkcs8" }))
    .digest("hex");
  expect([KeyMaterial.split("\n")[0], KeyFingerprint]).toEqual(["-----BEGIN RSA PRIVATE KEY-----", digest.match(/../g)!.join(":")]);
  const { KeyPairs } = await ec2.describeKeyPairs({ KeyNames: ["mine"], IncludePublicKey: true });
  expect(KeyPairs).toMatchObject([{ KeyPairId, KeyType: "rsa", PublicKey: expect.stringMatching(/^ssh-rsa AAAAB3NzaC1yc2E\S+ mine$/) }]);
  // What it shows as the public half can be imported again, and goes by the MD5 of that half.
  const imported = await ec2.importKeyPair({ KeyName: "again", PublicKeyMaterial: Buffer.from(KeyPairs![0]!.PublicKey!) });
  const spki = createPublicKey(secret).export({ format: "der", type: "spki" });
  expect(imported.KeyFingerprint?.replaceAll(":", "")).toBe(createHash("md5").update(spki).digest("hex"));
  await expect(ec2.createKeyPair({ KeyName: "mine" })).rejects.toMatchObject({ name: "InvalidKeyPair.Duplicate" });
  await expect(run({ KeyName: "nobody's" })).rejects.toMatchObject({ name: "InvalidKeyPair.NotFound" });
  expect((await run({ KeyName: "mine" }))?.KeyName).toBe("mine");
  await ec2.deleteKeyPair({ KeyName: "mine" });
  expect(await ec2.deleteKeyPair({ KeyName: "mine" })).toMatchObject({ Return: true });
  const elliptic = await ec2.createKeyPair({ KeyName: "short", KeyType: "ed25519" });
  expect(createPrivateKey(elliptic.KeyMaterial!).asymmetricKeyType).toBe("ed25519");
});

test("CloudFormation keeps the private half of a key pair in Parameter Store", async () => {
  const { cloud, at, ec2, after } = await started();
  const cloudformation = at(CloudFormation, { region });
  const Resources = { Pair: { Type: "AWS::EC2::KeyPair", Properties: { KeyName: "mine", KeyType: "ed25519" } } };
  await cloudformation.createStack({ StackName: "pair", TemplateBody: JSON.stringify({ Resources }) });
  cloud.settle();
  const { KeyPairs } = await ec2.describeKeyPairs({});
  const ssm = at(SSM, { region });
  const Name = `/ec2/keypair/${KeyPairs?.[0]?.KeyPairId}`;
  expect((await ssm.getParameter({ Name, WithDecryption: true })).Parameter?.Value).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  await cloudformation.deleteStack({ StackName: "pair" });
  cloud.settle();
  after(seconds(1));
  expect((await ec2.describeKeyPairs({})).KeyPairs).toEqual([]);
  await expect(ssm.getParameter({ Name })).rejects.toMatchObject({ name: "ParameterNotFound" });
});
