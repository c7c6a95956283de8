import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { KMS } from "@aws-sdk/client-kms";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const start = () => {
  const cloud = new Cloud({ paranoid: true });
  const cfn = (region = "eu-west-1") => clients(cloud)(CloudFormation, { region });
  const put = async (StackName: string, Resources: object, { region = "eu-west-1", again = false } = {}) => {
    const TemplateBody = JSON.stringify({
      Resources,
      Outputs: { Ref: { Value: { Ref: "Key" } }, Arn: { Value: { "Fn::GetAtt": ["Key", "Arn"] } } },
    });
    const asked = { StackName, TemplateBody, Tags: [{ Key: "stack", Value: StackName }] };
    await (again ? cfn(region).updateStack(asked) : cfn(region).createStack(asked));
    cloud.settle();
    const [stack] = (await cfn(region).describeStacks({ StackName })).Stacks!;
    return {
      status: stack?.StackStatus,
      reason: stack?.StackStatusReason,
      outputs: Object.fromEntries((stack?.Outputs ?? []).map((output) => [output.OutputKey, output.OutputValue])),
    };
  };
  return { cloud, cfn, put, kms: clients(cloud)(KMS, { region: "eu-west-1" }) };
};
const policy = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: "arn:aws:iam::123456789012:root" }, Action: "kms:*", Resource: "*" }],
};
const key = (Properties: object) => ({ Type: "AWS::KMS::Key", Properties: { KeyPolicy: policy, ...Properties } });

test("a stack makes a key with its alias, changes it in place, and schedules its end", async () => {
  const { cfn, put, kms, cloud } = start();
  const alias = { Type: "AWS::KMS::Alias", Properties: { AliasName: "alias/app", TargetKeyId: { Ref: "Key" } } };
  const made = await put("keys", { Key: key({ EnableKeyRotation: true, Tags: [{ Key: "a", Value: "1" }] }), Alias: alias });
  expect(made).toMatchObject({ status: "CREATE_COMPLETE", outputs: { Arn: `arn:aws:kms:eu-west-1:123456789012:key/${made.outputs.Ref}` } });
  const KeyId = made.outputs.Ref!;
  expect((await kms.getKeyRotationStatus({ KeyId })).KeyRotationEnabled).toBe(true);
  expect((await kms.listResourceTags({ KeyId })).Tags).toEqual(
    expect.arrayContaining([
      { TagKey: "a", TagValue: "1" },
      { TagKey: "stack", TagValue: "keys" },
    ]),
  );
  expect((await kms.describeKey({ KeyId: "alias/app" })).KeyMetadata?.KeyId).toBe(KeyId);
  const next = await put(
    "keys",
    { Key: key({ Description: "new", Enabled: false, PendingWindowInDays: 7 }), Alias: alias },
    { again: true },
  );
  expect(next).toMatchObject({ status: "UPDATE_COMPLETE", outputs: { Ref: KeyId } });
  expect((await kms.describeKey({ KeyId })).KeyMetadata).toMatchObject({ Description: "new", KeyState: "Disabled" });
  expect((await kms.getKeyRotationStatus({ KeyId })).KeyRotationEnabled).toBe(false);
  await cfn().deleteStack({ StackName: "keys" });
  cloud.settle();
  expect((await kms.describeKey({ KeyId })).KeyMetadata?.KeyState).toBe("PendingDeletion");
  expect((await kms.listAliases({})).Aliases).toEqual([]);
});

test("KMS-02 a stack in the recovery region makes the replica with a policy and tags of its own", async () => {
  const { put } = start();
  const primary = await put("primary", { Key: key({ MultiRegion: true }) });
  const replica = await put(
    "replica",
    { Key: { Type: "AWS::KMS::ReplicaKey", Properties: { PrimaryKeyArn: primary.outputs.Arn, KeyPolicy: policy } } },
    { region: "eu-central-1" },
  );
  expect(replica).toMatchObject({
    status: "CREATE_COMPLETE",
    outputs: { Ref: primary.outputs.Ref, Arn: primary.outputs.Arn!.replace("eu-west-1", "eu-central-1") },
  });
});

test("a key whose policy would lock its account out is refused and rolled back", async () => {
  const { put } = start();
  const locked = { ...policy, Statement: [{ ...policy.Statement[0], Action: "kms:Decrypt" }] };
  expect((await put("locked", { Key: key({ KeyPolicy: locked }) })).status).toBe("ROLLBACK_COMPLETE");
});
