/** Requests put together by chance: whatever the method, address, headers and body, the front answers, and never with a 500. */
import { S3 } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { integer, seed } from "../kernel/random.ts";
import { clients } from "./clients.ts";
import { Cloud } from "./cloud.ts";
import { Front } from "./front.ts";
import { raw } from "./raw-request.ts";
import { services, type ServiceName } from "./services/list.ts";

const NAMES = Object.keys(services) as ServiceName[];
const METHODS = ["GET", "GET", "PUT", "PUT", "POST", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW"];
const URLS = [
  "/",
  "",
  "*",
  "/bbb",
  "/bbb/",
  "/bbb/k",
  "//",
  "/bbb//k/../k",
  "/%",
  "/bbb/%00",
  "/bbb/%ff",
  "/bbb/%2e%2e/k",
  "/bbb/💥",
  `/bbb/${"k".repeat(2000)}`,
  "/__proto__/constructor",
];
const QUERIES = [
  "",
  "?",
  "?&&=",
  "?delete",
  "?uploads",
  "?uploadId=x&partNumber=1",
  "?partNumber=0&uploadId",
  "?versions&max-keys=-1",
  "?list-type=2&max-keys=",
  "?list-type=2&continuation-token=%00",
  "?acl",
  "?tagging",
  "?versioning",
];
const MORE_QUERIES = [
  "?location&a=%",
  "?X-Amz-Credential=x",
  "?X-Amz-Credential=AKIA/1/mars-1/s3/aws4_request",
  "?Action=DescribeVpcs",
  "?__proto__=1&constructor=2",
  "?versionId=null",
  "?encryption",
  "?lifecycle",
  "?cors",
  "?restore",
  "?select&select-type=2",
];
const HEADERS: Record<string, string>[] = [
  {},
  { "content-type": "application/x-www-form-urlencoded" },
  { "content-md5": "x" },
  { range: "bytes=5-2" },
  { range: "bytes=-0,1-2" },
  { "if-modified-since": "never", "if-match": "*" },
  { "x-amz-copy-source": "/%ff/%" },
  { "x-amz-copy-source": "bbb/k?versionId=" },
  { "content-encoding": "aws-chunked" },
  { "x-amz-meta-__proto__": "x", "x-amz-meta-": "" },
  { "x-amz-tagging": "a=b&a=%" },
  { "x-amz-acl": "everyone", "x-amz-grant-read": 'id="' },
  { authorization: "AWS4-HMAC-SHA256 Credential=///s3/aws4_request, SignedHeaders=;, Signature=0" },
  { authorization: "Bearer x" },
  { "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-trailer": "x-amz-checksum-crc32" },
  { "x-amz-server-side-encryption-customer-algorithm": "AES256", "x-amz-server-side-encryption-customer-key": "x" },
  { host: "%zz.localhost" },
  { host: "" },
];
const BODIES = [
  "",
  "{}",
  "[]",
  "null",
  "<a/>",
  "Action=",
  "Action=GetCallerIdentity&Version=2011-06-15",
  "\u0000",
  '{"__proto__":{"polluted":1}}',
  "0\r\n\r\n",
  "<Delete><Object><Key>k</Key></Object></Delete>",
  "<Tagging><TagSet/></Tagging>",
  "<VersioningConfiguration/>",
];

test("30,000 requests put together by chance are answered, and none with a 500", { timeout: 60_000 }, async () => {
  const cloud = new Cloud();
  const front = new Front(cloud);
  await clients(cloud, front)(S3).createBucket({ Bucket: "bbb", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
  const random = seed("front");
  const one = <Item>(items: readonly Item[]): Item => items[integer(random, items.length)]!;
  const operations = await Promise.all(NAMES.map(async (name) => Object.keys((await services[name].load()).operations)));
  const statuses = new Map<number, number>();
  const faults: string[] = [];
  for (let count = 0; count < 30_000; count++) {
    const index = integer(random, 4) === 0 ? NAMES.indexOf("s3") : integer(random, NAMES.length);
    const { api } = await services[NAMES[index]!].load();
    const operation = integer(random, 20) === 0 ? "MakeTea" : one(operations[index]!);
    const form = api.protocol.endsWith("Query");
    const headers = {
      ...(api.target ? { "x-amz-target": `${api.target}.${operation}` } : {}),
      ...(integer(random, 3) === 0 ? one(HEADERS) : {}),
    };
    const body = form && integer(random, 4) > 0 ? `Action=${operation}&${one(BODIES)}` : one(BODIES);
    const rest = api.protocol === "restXml";
    const request = raw({
      service: integer(random, 50) === 0 ? undefined : api.signing,
      method: rest ? one(METHODS) : "POST",
      url: rest ? `${one(URLS)}${one([...QUERIES, ...MORE_QUERIES])}` : "/",
      headers,
      body,
    });
    const { status, body: text } = await front.answer(request);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status === 500)
      faults.push(
        `${request.method} ${request.url} ${JSON.stringify({ ...request.headers, authorization: undefined })} ${request.body.toString()}: ${String(text)}`,
      );
  }
  expect(faults.slice(0, 10)).toEqual([]);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  expect([...statuses.keys()].sort((a, b) => a - b)).toEqual(expect.arrayContaining([200, 400, 403, 404]));
});
