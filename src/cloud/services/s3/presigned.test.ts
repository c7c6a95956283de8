import { GetObjectCommand, PutObjectCommand, S3 } from "@aws-sdk/client-s3";
import { IAM } from "@aws-sdk/client-iam";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { expect, test } from "vitest";
import { instant, minutes, plus, seconds } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";
import { Front } from "../../front.ts";

const Bucket = "my-files";
const start = instant("2026-03-01T00:00:00Z");

/** Somebody with a URL and nothing else, before a front that checks signatures. */
async function connect() {
  const cloud = new Cloud({ paranoid: true, start });
  const iam = clients(cloud)(IAM);
  await iam.createUser({ UserName: "ann" });
  const { AccessKey } = await iam.createAccessKey({ UserName: "ann" });
  const s3 = clients(cloud)(S3, { region: "eu-west-1", accessKeyId: AccessKey!.AccessKeyId, secretAccessKey: AccessKey!.SecretAccessKey });
  await s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  const front = new Front(cloud, { verifySignatures: true });
  const sign = (command: GetObjectCommand | PutObjectCommand, expiresIn = 300) =>
    getSignedUrl(s3, command, { expiresIn, signingDate: new Date(cloud.run.now) });
  const fetch = async (address: string, method = "GET", body = "") => {
    const url = new URL(address);
    const {
      status,
      headers,
      body: answered,
      stream,
    } = await front.answer({ method, url: `${url.pathname}${url.search}`, headers: { host: url.host }, body: Buffer.from(body) });
    return {
      status,
      headers,
      text: Buffer.from(
        stream ? cloud.blobs.get(stream) : typeof answered === "string" ? Buffer.from(answered) : (answered ?? []),
      ).toString(),
    };
  };
  return { cloud, s3, sign, fetch };
}

test("a presigned URL puts and gets an object without further credentials", async () => {
  const { s3, sign, fetch } = await connect();
  expect(await fetch(await sign(new PutObjectCommand({ Bucket, Key: "in box/ü.txt" })), "PUT", "hello")).toMatchObject({ status: 200 });
  expect(await (await s3.getObject({ Bucket, Key: "in box/ü.txt" })).Body!.transformToString()).toBe("hello");
  expect(await fetch(await sign(new GetObjectCommand({ Bucket, Key: "in box/ü.txt" })))).toMatchObject({ status: 200, text: "hello" });
});

test("it carries the headers of the answer", async () => {
  const { s3, sign, fetch } = await connect();
  await s3.putObject({ Bucket, Key: "a", Body: "hello" });
  const { headers } = await fetch(
    await sign(
      new GetObjectCommand({
        Bucket,
        Key: "a",
        ResponseContentType: "text/csv",
        ResponseContentDisposition: 'attachment; filename="a.csv"',
      }),
    ),
  );
  expect(headers).toMatchObject({ "content-type": "text/csv", "content-disposition": 'attachment; filename="a.csv"' });
});

test("it ends when it said it would", async () => {
  const { cloud, s3, sign, fetch } = await connect();
  await s3.putObject({ Bucket, Key: "a", Body: "hello" });
  const url = await sign(new GetObjectCommand({ Bucket, Key: "a" }), 60);
  cloud.advance(plus(start, seconds(60)));
  expect((await fetch(url)).status).toBe(200);
  cloud.advance(plus(start, minutes(2)));
  const { status, text } = await fetch(url);
  expect([status, text]).toEqual([403, expect.stringContaining("<Code>AccessDenied</Code><Message>Request has expired")]);
});

test("it opens nothing but what it was signed for", async () => {
  const { s3, sign, fetch } = await connect();
  for (const Key of ["a", "b"]) await s3.putObject({ Bucket, Key, Body: Key });
  const url = await sign(new GetObjectCommand({ Bucket, Key: "a" }));
  for (const [address, method] of [
    [url.replace("/a?", "/b?"), "GET"],
    [url, "DELETE"],
    [url.replace("X-Amz-Expires=300", "X-Amz-Expires=3000"), "GET"],
  ] as const) {
    const { status, text } = await fetch(address, method);
    expect([status, text]).toEqual([403, expect.stringContaining("SignatureDoesNotMatch")]);
  }
});

test("metadata, tags and class that the URL's maker chose are the object's", async () => {
  const { s3, sign, fetch } = await connect();
  const url = await sign(
    new PutObjectCommand({ Bucket, Key: "k", Metadata: { note: "chosen" }, Tagging: "team=web", StorageClass: "STANDARD_IA" }),
  );
  expect((await fetch(url, "PUT", "body")).status).toBe(200);
  expect(await s3.headObject({ Bucket, Key: "k" })).toMatchObject({
    Metadata: { note: "chosen" },
    StorageClass: "STANDARD_IA",
    TagCount: 1,
  });
});
