import { S3 } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const Bucket = "my-files";
const arn = `arn:aws:s3:::${Bucket}`;
const allow = { Effect: "Allow", Principal: { AWS: "arn:aws:iam::123456789012:root" }, Action: "s3:GetObject", Resource: `${arn}/*` };

async function connect() {
  const s3 = clients(new Cloud({ paranoid: true }))(S3, { region: "eu-west-1" });
  await s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  const put = (change: object) =>
    s3.putBucketPolicy({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement: [{ ...allow, ...change }] }) });
  return { s3, put };
}

test.each([
  ["Missing required field Principal", { Principal: undefined }],
  ["Invalid principal in policy", { Principal: { AWS: "nobody" } }],
  ["Invalid principal in policy", { Principal: "someone" }],
  ["Missing required field Action", { Action: undefined }],
  ["Policy has invalid action", { Action: "ec2:RunInstances" }],
  ["Missing required field Resource", { Resource: undefined }],
  ["Policy has invalid resource", { Resource: `${arn}2/*` }],
  ["Policy has invalid resource", { Resource: "my-files" }],
  ["Action does not apply to any resource(s) in statement", { Resource: arn }],
  ["Action does not apply to any resource(s) in statement", { Action: "s3:ListBucket" }],
  ["Unknown field Princpal", { Princpal: "*" }],
])("%s, for %j", async (message, change) => {
  const { s3, put } = await connect();
  await expect(put(change)).rejects.toMatchObject({ name: "MalformedPolicy", message });
  await expect(s3.getBucketPolicy({ Bucket })).rejects.toMatchObject({ name: "NoSuchBucketPolicy" });
});

test.each([
  [{ Action: "s3:*", Resource: [arn, `${arn}/*`] }],
  [{ Action: ["s3:GetObject", "s3:ListBucket"], Resource: [arn, `${arn}/in/*`] }],
  [{ Principal: { Service: "logging.s3.amazonaws.com" }, Action: "s3:PutObject" }],
  [{ Principal: { AWS: ["123456789012", "arn:aws:iam::123456789012:role/reader"] } }],
  [{ Resource: "arn:aws:s3:::my-*/*" }],
  [{ Effect: "Deny", Principal: "*", Action: "s3:*", Condition: { Bool: { "aws:SecureTransport": "false" } } }],
])("a policy with %j is taken and given back byte by byte", async (change) => {
  const { s3, put } = await connect();
  await put(change);
  expect(JSON.parse((await s3.getBucketPolicy({ Bucket })).Policy!).Statement[0]).toEqual({ ...allow, ...change });
  expect((await s3.getBucketPolicyStatus({ Bucket })).PolicyStatus).toEqual({ IsPublic: false });
});

test.each([
  [{ StringEquals: { "aws:SourceVpc": "vpc-1" } }, false],
  [{ StringEquals: { "aws:SourceVpc": "*" } }, true],
  [{ IpAddress: { "aws:SourceIp": "203.0.113.0/24" } }, false],
  [{ IpAddress: { "aws:SourceIp": "0.0.0.0/1" } }, true],
  [{ ArnLike: { "aws:SourceArn": "arn:aws:cloudfront::123456789012:distribution/*" } }, false],
  [{ StringNotEquals: { "aws:SourceVpc": "vpc-1" } }, true],
  [{ Bool: { "aws:SecureTransport": "true" } }, true],
])("everybody under %j is public: %s", async (Condition, isPublic) => {
  const { s3, put } = await connect();
  const blocked = await put({ Principal: "*", Condition }).then(
    () => false,
    (error: Error) => error.name === "AccessDenied",
  );
  expect(blocked).toBe(isPublic);
  await s3.deletePublicAccessBlock({ Bucket });
  await put({ Principal: "*", Condition });
  expect((await s3.getBucketPolicyStatus({ Bucket })).PolicyStatus).toEqual({ IsPublic: isPublic });
});
