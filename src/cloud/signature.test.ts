import { IAM } from "@aws-sdk/client-iam";
import { PutObjectCommand, GetObjectCommand, S3 } from "@aws-sdk/client-s3";
import { STS } from "@aws-sdk/client-sts";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { expect, test } from "vitest";
import { hours, instant, plus } from "../kernel/units.ts";
import { clients } from "./clients.ts";
import { Cloud } from "./cloud.ts";
import { Front } from "./front.ts";

/** A cloud that checks signatures, whose clock says what ours says, with one user's key made through IAM. */
async function connect() {
  const cloud = new Cloud({ paranoid: true, start: instant(new Date()) });
  const iam = clients(cloud)(IAM, { region: "us-east-1" });
  await iam.createUser({ UserName: "ada" });
  const { AccessKey } = await iam.createAccessKey({ UserName: "ada" });
  const keys = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
  const front = new Front(cloud, { verifySignatures: true });
  return { cloud, iam, keys, front, connection: clients(cloud, front) };
}

test("a key made through IAM signs for its user; another secret, an unknown key and a deactivated one do not", async () => {
  const { iam, keys, connection } = await connect();
  expect((await connection(STS, keys).getCallerIdentity({})).Arn).toBe("arn:aws:iam::123456789012:user/ada");
  await expect(connection(STS, { ...keys, secretAccessKey: "wrong" }).getCallerIdentity({})).rejects.toMatchObject({
    name: "SignatureDoesNotMatch",
  });
  await expect(connection(STS, { accessKeyId: "AKIAUNKNOWN", secretAccessKey: "x" }).getCallerIdentity({})).rejects.toMatchObject({
    name: "InvalidClientTokenId",
  });
  await iam.updateAccessKey({ UserName: "ada", AccessKeyId: keys.accessKeyId, Status: "Inactive" });
  await expect(connection(STS, keys).getCallerIdentity({})).rejects.toMatchObject({ name: "InvalidClientTokenId" });
});

test("bodies, queries and odd keys of S3 are signed and checked", async () => {
  const { keys, connection } = await connect();
  const s3 = connection(S3, keys);
  await s3.createBucket({ Bucket: "signed", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  for (const Key of ["plain", "with space", "ümläut/ä+b", "a=b&c", "päth//double", "star*('!)"]) {
    await s3.putObject({ Bucket: "signed", Key, Body: "content", Metadata: { note: "x" } });
    expect(await (await s3.getObject({ Bucket: "signed", Key })).Body!.transformToString()).toBe("content");
  }
  expect((await s3.listObjectsV2({ Bucket: "signed", Prefix: "with space" })).KeyCount).toBe(1);
});

test("a presigned URL works without headers until its time is over by the cloud's clock", async () => {
  const { cloud, keys, front, connection } = await connect();
  const s3 = connection(S3, keys);
  await s3.createBucket({ Bucket: "signed", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  await s3.send(new PutObjectCommand({ Bucket: "signed", Key: "a key", Body: "content" }));
  const url = new URL(await getSignedUrl(s3, new GetObjectCommand({ Bucket: "signed", Key: "a key" }), { expiresIn: 3600 }));
  const get = (search = url.search) =>
    front.answer({ method: "GET", url: `${url.pathname}${search}`, headers: { host: url.host }, body: new Uint8Array() });
  expect((await get()).status).toBe(200);
  expect((await get(url.search.replace("X-Amz-Expires=3600", "X-Amz-Expires=7200"))).status).toBe(403);
  cloud.advance(plus(cloud.run.now, hours(2)));
  const late = await get();
  expect([late.status, String(late.body)]).toEqual([403, expect.stringContaining("Request has expired")]);
});

test("without a signature nothing is answered, but what proves itself", async () => {
  const { front } = await connect();
  const form = (body: string) =>
    front.answer({ method: "POST", url: "/", headers: { "content-type": "application/x-www-form-urlencoded" }, body: Buffer.from(body) });
  expect((await form("Action=GetCallerIdentity&Version=2011-06-15")).status).toBe(403);
  expect(
    String(
      (
        await form(
          "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::123456789012:role/x&RoleSessionName=s&WebIdentityToken=no-token-at-all",
        )
      ).body,
    ),
  ).not.toContain("MissingAuthenticationToken");
  expect((await front.answer({ method: "GET", url: "/", headers: {}, body: new Uint8Array() })).status).toBe(403);
});
