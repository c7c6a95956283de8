import { KMS } from "@aws-sdk/client-kms";
import { S3, type PutObjectCommandInput } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const Bucket = "my-files";
async function connect() {
  const client = clients(new Cloud({ paranoid: true }));
  const [s3, kms] = [client(S3, { region: "eu-west-1" }), client(KMS, { region: "eu-west-1" })];
  await s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  const put = (options: Partial<PutObjectCommandInput> = {}) => s3.putObject({ Bucket, Key: "a", Body: "hello", ...options });
  return { s3, kms, put };
}

test("under aws:kms without a key it is the key that AWS manages for S3", async () => {
  const { s3, kms, put } = await connect();
  const { SSEKMSKeyId } = await put({ ServerSideEncryption: "aws:kms" });
  const { KeyMetadata } = await kms.describeKey({ KeyId: "alias/aws/s3" });
  expect(SSEKMSKeyId).toBe(KeyMetadata!.Arn);
  expect((await s3.headObject({ Bucket, Key: "a" })).SSEKMSKeyId).toBe(SSEKMSKeyId);
});

test("an alias is kept as the key's ARN, and the bucket's key flag only when it is set", async () => {
  const { kms, put } = await connect();
  const { KeyMetadata } = await kms.createKey({});
  await kms.createAlias({ AliasName: "alias/files", TargetKeyId: KeyMetadata!.KeyId });
  expect(await put({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: "alias/files", BucketKeyEnabled: true })).toMatchObject({
    SSEKMSKeyId: KeyMetadata!.Arn,
    BucketKeyEnabled: true,
  });
});

test("KMS-06 a key that is gone, disabled or to be deleted stops writes and reads, until it is back", async () => {
  const { s3, kms, put } = await connect();
  const { KeyMetadata } = await kms.createKey({});
  const KeyId = KeyMetadata!.KeyId!;
  const under = { ServerSideEncryption: "aws:kms", SSEKMSKeyId: KeyId } as const;
  await put(under);
  await kms.disableKey({ KeyId });
  await expect(put(under)).rejects.toMatchObject({ name: "KMS.DisabledException" });
  await expect(s3.getObject({ Bucket, Key: "a" })).rejects.toMatchObject({ name: "KMS.DisabledException" });
  await kms.scheduleKeyDeletion({ KeyId });
  await expect(s3.getObject({ Bucket, Key: "a" })).rejects.toMatchObject({ name: "KMS.KMSInvalidStateException" });
  await kms.cancelKeyDeletion({ KeyId });
  await kms.enableKey({ KeyId });
  expect(await (await s3.getObject({ Bucket, Key: "a" })).Body!.transformToString()).toBe("hello");
  await expect(put({ ...under, SSEKMSKeyId: "00000000-0000-4000-8000-000000000000" })).rejects.toMatchObject({
    name: "KMS.NotFoundException",
  });
});

const SSECustomerKey = "0123456789abcdef0123456789abcdef";
const customer = { SSECustomerAlgorithm: "AES256", SSECustomerKey } as const;

test("customers' keys are blocked until the bucket allows them, and then must be the right ones", async () => {
  const { s3, put } = await connect();
  await expect(put(customer)).rejects.toMatchObject({ name: "AccessDenied" });
  const BlockedEncryptionTypes = { EncryptionType: ["NONE" as const] };
  await s3.putBucketEncryption({ Bucket, ServerSideEncryptionConfiguration: { Rules: [{ BlockedEncryptionTypes }] } });
  expect((await put(customer)).ETag).not.toBe('"5d41402abc4b2a76b9719d911017c592"');
  await expect(s3.getObject({ Bucket, Key: "a" })).rejects.toMatchObject({ name: "InvalidRequest" });
  await expect(s3.getObject({ Bucket, Key: "a", ...customer, SSECustomerKey: "f".repeat(32) })).rejects.toMatchObject({
    name: "AccessDenied",
  });
  expect((await s3.getObject({ Bucket, Key: "a", ...customer })).SSECustomerAlgorithm).toBe("AES256");
  await expect(put({ ...customer, SSECustomerKey: "short" })).rejects.toMatchObject({ name: "InvalidArgument" });
});

test.each<[string, Partial<PutObjectCommandInput>]>([
  ["another algorithm", { ServerSideEncryption: "rot13" as "AES256" }],
  ["a key without its algorithm", { SSEKMSKeyId: "alias/files" }],
  ["a key for AES256", { ServerSideEncryption: "AES256", SSEKMSKeyId: "alias/files" }],
])("%s is refused", async (_what, options) => {
  const { put } = await connect();
  await expect(put(options)).rejects.toMatchObject({ name: "InvalidArgument" });
});

test("a bucket's default applies to copies and to uploads in parts", async () => {
  const { s3, kms, put } = await connect();
  await put();
  const { KeyMetadata } = await kms.createKey({});
  const ApplyServerSideEncryptionByDefault = { SSEAlgorithm: "aws:kms", KMSMasterKeyID: KeyMetadata!.Arn } as const;
  await s3.putBucketEncryption({
    Bucket,
    ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault, BucketKeyEnabled: true }] },
  });
  const under = { ServerSideEncryption: "aws:kms", SSEKMSKeyId: KeyMetadata!.Arn, BucketKeyEnabled: true };
  expect(await s3.copyObject({ Bucket, Key: "b", CopySource: `${Bucket}/a` })).toMatchObject(under);
  const { UploadId, ...begun } = await s3.createMultipartUpload({ Bucket, Key: "c" });
  expect(begun).toMatchObject(under);
  const { ETag } = await s3.uploadPart({ Bucket, Key: "c", UploadId, PartNumber: 1, Body: "hello" });
  const done = await s3.completeMultipartUpload({ Bucket, Key: "c", UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } });
  expect(done).toMatchObject({ ...under, ETag: expect.stringMatching(/^"[0-9a-f]{32}-1"$/) });
});
