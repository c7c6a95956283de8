/** Raw requests through the front: what is asked of whom, how each protocol refuses, and that nothing a client sends is answered with a 500. */
import { EC2 } from "@aws-sdk/client-ec2";
import { ListObjectsV2Command, S3 } from "@aws-sdk/client-s3";
import { SSM } from "@aws-sdk/client-ssm";
import { STS } from "@aws-sdk/client-sts";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { instant, minutes, plus, seconds } from "../kernel/units.ts";
import { clients } from "./clients.ts";
import { Cloud, root } from "./cloud.ts";
import { Front, type HttpRequest } from "./front.ts";
import { raw, type Raw } from "./raw-request.ts";

const json = (service: string, target: string, body = "{}"): Raw => ({ service, headers: { "x-amz-target": target }, body });
const form = (service: string, body: string): Raw => ({
  service,
  headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
  body,
});

function connect({ verifySignatures = false, start = instant(0) } = {}) {
  const cloud = new Cloud({ paranoid: true, start });
  const front = new Front(cloud, { verifySignatures });
  const ask = async (request: Raw) => {
    const { status, headers, body } = await front.answer(raw(request));
    return { status, headers, text: body === undefined ? "" : Buffer.from(body as string).toString() };
  };
  return { cloud, front, ask, connection: clients(cloud, front) };
}

describe("what can't be understood is refused in the protocol's own words", () => {
  const cases: [string, Raw, number, RegExp][] = [
    [
      "a service that is not emulated, by its name",
      json("dynamodb", "DynamoDB_20120810.ListTables"),
      501,
      /"NotImplemented".*service \\"dynamodb\\"/,
    ],
    [
      "an operation that is not emulated, by its name",
      json("ssm", "AmazonSSM.DescribeEffectivePatchesForPatchBaseline", '{"BaselineId":"pb-1"}'),
      501,
      /NotImplemented.*ssm:DescribeEffectivePatchesForPatchBaseline/,
    ],
    ["awsJson: an unknown operation", json("ssm", "AmazonSSM.MakeTea"), 400, /UnknownOperationException/],
    ["awsJson: another service's target", json("ssm", "TrentService.ListKeys"), 400, /UnknownOperationException/],
    ["awsJson: a member of every object as operation", json("ssm", "AmazonSSM.constructor"), 400, /UnknownOperationException/],
    ["awsJson: no target", { service: "ssm", body: "{}" }, 400, /UnknownOperationException/],
    ["awsJson: a body that is no JSON", json("ssm", "AmazonSSM.GetParameter", "{"), 400, /SerializationException/],
    ["awsJson: a body that is no structure", json("ssm", "AmazonSSM.GetParameter", "[]"), 400, /SerializationException/],
    ["awsJson: a member of another type", json("ssm", "AmazonSSM.GetParameter", '{"Name":{}}'), 400, /SerializationException.*name/],
    [
      "awsJson: required members that are missing",
      json("ssm", "AmazonSSM.PutParameter"),
      400,
      /ValidationException.*2 validation errors detected: Value null at 'name' failed/,
    ],
    [
      "awsQuery: an unknown action",
      form("sts", "Action=MakeTea&Version=2011-06-15"),
      400,
      /<Code>InvalidAction<\/Code><Message>Could not find operation MakeTea for version 2011-06-15/,
    ],
    ["awsQuery: no action", form("sts", "Version=2011-06-15"), 400, /<Code>MissingAction</],
    ["awsQuery: no body", form("iam", ""), 400, /<Code>MissingAction</],
    [
      "awsQuery: required members that are missing",
      form("sts", "Action=AssumeRole&Version=2011-06-15&RoleArn=a"),
      400,
      /<Code>ValidationError<.*Value null at 'roleSessionName'/,
    ],
    [
      "awsQuery: a number that is none",
      form("sts", "Action=GetSessionToken&DurationSeconds=long"),
      400,
      /<Code>MalformedInput<.*'long' at 'durationSeconds'/,
    ],
    ["awsQuery: broken percent-encoding", form("sts", "Action=AssumeRole&RoleArn=%zz"), 400, /<Code>MalformedQueryString</],
    [
      "ec2Query: an unknown action",
      form("ec2", "Action=MakeTea"),
      400,
      /<Response><Errors><Error><Code>InvalidAction<\/Code><Message>The action MakeTea is not valid for this web service/,
    ],
    ["ec2Query: no action", form("ec2", "Version=2016-11-15"), 400, /<Code>MissingAction</],
    [
      "ec2Query: required members that are missing",
      form("ec2", "Action=DeleteVpc"),
      400,
      /<Code>MissingParameter<\/Code><Message>The request must contain the parameter VpcId/,
    ],
    ["ec2Query: a truth that is none", form("ec2", "Action=DescribeVpcs&DryRun=perhaps"), 400, /<Code>InvalidParameterValue<.*perhaps/],
    ["restXml: a method without meaning", { service: "s3", method: "PATCH", url: "/bucket" }, 405, /<Code>MethodNotAllowed</],
    ["restXml: a body that is no XML", { service: "s3", method: "PUT", url: "/bucket", body: "<a" }, 400, /<Code>MalformedXML</],
    [
      "restXml: a document type",
      { service: "s3", method: "PUT", url: "/bucket?tagging", body: '<!DOCTYPE a [<!ENTITY b "c">]><Tagging>&b;</Tagging>' },
      400,
      /<Code>MalformedXML</,
    ],
    ["restXml: another document", { service: "s3", method: "PUT", url: "/bucket?tagging", body: "<Delete/>" }, 400, /<Code>MalformedXML</],
    ["restXml: no body where one must be", { service: "s3", method: "POST", url: "/bucket?delete" }, 400, /<Code>MissingRequestBodyError</],
    [
      "restXml: broken percent-encoding in the query",
      { service: "s3", method: "GET", url: "/bucket?prefix=%e4%f" },
      400,
      /<Code>InvalidURI</,
    ],
    ["restXml: broken percent-encoding in the path", { service: "s3", method: "GET", url: "/bucket/%ff" }, 400, /<Code>InvalidURI</],
    [
      "restXml: a number that is none",
      { service: "s3", method: "GET", url: "/bucket?list-type=2&max-keys=many" },
      400,
      /<Code>InvalidArgument</,
    ],
    [
      "a protocol's unsigned request that is neither STS's nor S3's",
      { headers: { "x-amz-target": "AmazonSSM.GetParameter" }, body: "{}" },
      403,
      /MissingAuthenticationToken/,
    ],
  ];
  test.each(cases)("%s", async (_name, request, status, expected) => {
    const answer = await connect().ask(request);
    expect(answer.text).toMatch(expected);
    expect(answer.status).toBe(status);
    expect(answer.headers["x-amzn-requestid"] ?? answer.headers["x-amz-request-id"]).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  test("HEAD is refused without a body", async () => {
    const { ask } = connect();
    expect(await ask({ service: "s3", method: "HEAD", url: "/no-such-bucket" })).toMatchObject({ status: 404, text: "" });
    expect(await ask({ service: "s3", method: "HEAD", url: "/bucket/%ff" })).toMatchObject({ status: 400, text: "" });
  });
});

test("SQS is understood in both of its protocols", async () => {
  const { ask } = connect();
  expect((await ask(form("sqs", "Action=CreateQueue&QueueName=q"))).text).toMatch(/<CreateQueueResponse.*<QueueUrl>.*\/q<\/QueueUrl>/);
  expect((await ask(json("sqs", "AmazonSQS.ListQueues"))).text).toMatch(/"QueueUrls":\[".*\/q"\]/);
  const lost = await ask(json("sqs", "AmazonSQS.GetQueueUrl", '{"QueueName":"lost"}'));
  expect([lost.status, lost.headers["x-amzn-query-error"]]).toEqual([400, "AWS.SimpleQueueService.NonExistentQueue;Sender"]);
  expect((await ask(form("sqs", "Action=GetQueueUrl&QueueName=lost"))).text).toContain(
    "<Code>AWS.SimpleQueueService.NonExistentQueue</Code>",
  );
});

describe("the bucket stands in the path or in the host", () => {
  const hosts: [string, string, boolean][] = [
    ["plain.localhost:4566", "/", true],
    ["plain.localhost", "/", true],
    ["plain.s3.localhost:4566", "/", true],
    ["plain.s3.eu-west-1.localhost:4566", "/", true],
    ["plain.s3.amazonaws.com", "/", true],
    ["PLAIN.s3.eu-west-1.amazonaws.com", "/", true],
    ["plain.s3.dualstack.eu-west-1.amazonaws.com", "/", true],
    ["plain.s3-eu-west-1.amazonaws.com", "/", true],
    ["with.dots.s3-and.more.s3.eu-west-1.amazonaws.com", "/", true],
    ["127.0.0.1:4566", "/plain", false],
    ["localhost:4566", "/plain", false],
    ["[::1]:4566", "/plain", false],
    ["s3.localhost:4566", "/plain", false],
    ["s3.eu-west-1.localhost:4566", "/plain", false],
    ["s3.amazonaws.com", "/plain", false],
    ["s3-eu-west-1.amazonaws.com", "/plain", false],
  ];
  test.each(hosts)("%s%s", async (host, url) => {
    const { ask } = connect();
    const location = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    for (const bucket of ["plain", "with.dots.s3-and.more"]) {
      await ask({ service: "s3", method: "PUT", url: `/${bucket}`, body: location });
      await ask({ service: "s3", method: "PUT", url: `/${bucket}/in%20${bucket}`, body: "x" });
    }
    const bucket = host.startsWith("with") ? "with.dots.s3-and.more" : "plain";
    const list = await ask({ service: "s3", method: "GET", url: `${url}?list-type=2`, headers: { host } });
    expect(list.text).toContain(`<Key>in ${bucket}</Key>`);
    const get = await ask({ service: "s3", method: "HEAD", url: `${url === "/" ? "" : url}/in%20${bucket}`, headers: { host } });
    expect([get.status, get.headers["content-length"]]).toEqual([200, "1"]);
  });
});

test("the key says which account, the signature which region", async () => {
  const { ask } = connect();
  const put = (key: string, region: string) =>
    ask({ ...json("ssm", "AmazonSSM.PutParameter", '{"Name":"here","Value":"v","Type":"String"}'), key, region });
  expect((await put("test", "eu-west-1")).status).toBe(200);
  expect((await put("test", "eu-west-1")).text).toContain("ParameterAlreadyExists");
  expect((await put("test", "eu-central-1")).status).toBe(200);
  expect((await put("210987654321", "eu-west-1")).status).toBe(200);
  expect((await ask({ ...form("sts", "Action=GetCallerIdentity"), key: "210987654321" })).text).toContain(
    "<Account>210987654321</Account>",
  );
  expect((await ask({ ...form("sts", "Action=GetCallerIdentity"), key: "AKIAWHATEVER" })).text).toContain(
    "<Account>123456789012</Account>",
  );
});

test("without a signature S3 and STS are understood, unless signatures are checked", async () => {
  const web =
    "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::123456789012:role/x&RoleSessionName=s&WebIdentityToken=no-token";
  const { ask } = connect();
  expect((await ask({ method: "GET", url: "/" })).text).toContain("<ListAllMyBucketsResult");
  expect((await ask({ ...form("sts", "Action=GetCallerIdentity&Version=2011-06-15"), service: undefined })).text).toContain(":root</Arn>");
  const strict = connect({ verifySignatures: true });
  expect((await strict.ask({ method: "GET", url: "/" })).text).toContain("<Code>AccessDenied</Code>");
  expect((await strict.ask({ ...form("sts", "Action=GetCallerIdentity&Version=2011-06-15"), service: undefined })).text).toContain(
    "<Code>MissingAuthenticationToken</Code>",
  );
  expect((await strict.ask({ ...form("sts", web), service: undefined })).text).not.toContain("MissingAuthenticationToken");
});

test("coverage counts each operation's answers, refusals and what is lacking", async () => {
  const { ask, front } = connect();
  await ask(json("ssm", "AmazonSSM.PutParameter", '{"Name":"a","Value":"v","Type":"String"}'));
  await ask(json("ssm", "AmazonSSM.GetParameter", '{"Name":"a"}'));
  await ask(json("ssm", "AmazonSSM.GetParameter", '{"Name":"b"}'));
  await ask(json("ssm", "AmazonSSM.GetParameter", "{}"));
  await ask(json("ssm", "AmazonSSM.DescribeEffectivePatchesForPatchBaseline", '{"BaselineId":"pb-1"}'));
  await ask(json("ssm", "AmazonSSM.MakeTea"));
  expect(front.coverage).toEqual({
    "ssm:PutParameter": { answered: 1, refused: 0, notImplemented: 0 },
    "ssm:GetParameter": { answered: 1, refused: 2, notImplemented: 0 },
    "ssm:DescribeEffectivePatchesForPatchBaseline": { answered: 0, refused: 0, notImplemented: 1 },
  });
});

/** A cloud with one key that IAM never heard of, and a client whose every request is at hand before it is answered. */
function signed(tamper: (request: HttpRequest) => HttpRequest = (request) => request) {
  const start = instant(new Date());
  const cloud = new Cloud({ paranoid: true, start });
  const keys = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
  const credential = { ...root("123456789012"), secretAccessKey: keys.secretAccessKey, active: true };
  cloud.run.universe.credentials.set(keys.accessKeyId, credential);
  const front = new Front(cloud, { verifySignatures: true });
  const answer = (request: HttpRequest) => front.answer(tamper(request));
  return { cloud, front, keys, credential, connection: clients(cloud, Object.assign(Object.create(front), { answer })) };
}

describe("signatures are checked", () => {
  const altered = (headers: Record<string, string>) => (request: HttpRequest) => ({
    ...request,
    headers: { ...request.headers, ...headers },
  });
  const cases: [string, (request: HttpRequest) => HttpRequest, { s3: string; ec2: string; json: string; query: string }][] = [
    [
      "another body",
      (request) => ({ ...request, body: Buffer.concat([request.body, Buffer.from(" ")]) }),
      { s3: "XAmzContentSHA256Mismatch", ec2: "AuthFailure", json: "InvalidSignatureException", query: "SignatureDoesNotMatch" },
    ],
    [
      "another query",
      (request) => ({ ...request, url: `${request.url}${request.url.includes("?") ? "&" : "?"}a=b` }),
      { s3: "SignatureDoesNotMatch", ec2: "AuthFailure", json: "InvalidSignatureException", query: "SignatureDoesNotMatch" },
    ],
    [
      "a header that was signed and is gone",
      altered({ host: "elsewhere" }),
      { s3: "SignatureDoesNotMatch", ec2: "AuthFailure", json: "InvalidSignatureException", query: "SignatureDoesNotMatch" },
    ],
    [
      "an older date",
      altered({ "x-amz-date": "20200101T000000Z" }),
      { s3: "RequestTimeTooSkewed", ec2: "RequestExpired", json: "InvalidSignatureException", query: "SignatureDoesNotMatch" },
    ],
    [
      "a date that is none",
      altered({ "x-amz-date": "yesterday" }),
      { s3: "IncompleteSignature", ec2: "IncompleteSignature", json: "IncompleteSignature", query: "IncompleteSignature" },
    ],
    [
      "a session token that the key lacks",
      altered({ "x-amz-security-token": "token" }),
      { s3: "InvalidToken", ec2: "AuthFailure", json: "UnrecognizedClientException", query: "InvalidClientTokenId" },
    ],
  ];
  test.each(cases)("%s", async (_name, tamper, names) => {
    const { connection, keys } = signed(tamper);
    await expect(connection(S3, keys).listBuckets({})).rejects.toMatchObject({ name: names.s3 });
    await expect(connection(EC2, keys).describeVpcs({})).rejects.toMatchObject({ name: names.ec2 });
    await expect(connection(SSM, keys).getParameter({ Name: "a" })).rejects.toMatchObject({ name: names.json });
    await expect(connection(STS, keys).getCallerIdentity({})).rejects.toMatchObject({ name: names.query });
  });

  test("as they come they are answered; with a wrong secret, a key of nobody or one that is over they are not", async () => {
    const { connection, keys, credential, cloud } = signed();
    await connection(S3, keys).listBuckets({});
    await connection(EC2, keys).describeVpcs({});
    await connection(SSM, keys).describeParameters({});
    await connection(STS, keys).getCallerIdentity({});
    const everywhere = async (given: typeof keys, names: string[]) => {
      const results = await Promise.allSettled([
        connection(S3, given).listBuckets({}),
        connection(EC2, given).describeVpcs({}),
        connection(SSM, given).describeParameters({}),
        connection(STS, given).getCallerIdentity({}),
      ]);
      expect(results.map((result) => result.status === "rejected" && result.reason.name)).toEqual(names);
    };
    await everywhere({ ...keys, secretAccessKey: "x" }, [
      "SignatureDoesNotMatch",
      "AuthFailure",
      "InvalidSignatureException",
      "SignatureDoesNotMatch",
    ]);
    await everywhere({ ...keys, accessKeyId: "AKIANOBODY" }, [
      "InvalidAccessKeyId",
      "AuthFailure",
      "UnrecognizedClientException",
      "InvalidClientTokenId",
    ]);
    cloud.run.universe.credentials.set(keys.accessKeyId, { ...credential, expires: plus(cloud.run.now, seconds(-1)) });
    await everywhere(keys, ["ExpiredToken", "RequestExpired", "ExpiredTokenException", "ExpiredToken"]);
    cloud.run.universe.credentials.set(keys.accessKeyId, { ...credential, active: false });
    await everywhere(keys, ["InvalidAccessKeyId", "AuthFailure", "UnrecognizedClientException", "InvalidClientTokenId"]);
  });

  test("a presigned URL lasts as long as it says by the cloud's clock, and a week at most", async () => {
    const { cloud, front, connection, keys } = signed();
    const s3 = connection(S3, keys);
    await s3.createBucket({ Bucket: "signed", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
    const presigned = async (expiresIn: number) =>
      new URL(await getSignedUrl(s3, new ListObjectsV2Command({ Bucket: "signed" }), { expiresIn }));
    const get = async ({ pathname, search, host }: URL) => {
      const { status, body } = await front.answer({
        method: "GET",
        url: `${pathname}${search}`,
        headers: { host },
        body: new Uint8Array(),
      });
      return `${status} ${/<Code>(\w+)<.Code>/.exec(String(body))?.[1] ?? ""}`;
    };
    const url = await presigned(300);
    expect(await get(url)).toBe("200 ");
    expect(await get(new URL(url.href.replace("X-Amz-Expires=300", "X-Amz-Expires=soon")))).toBe("400 AuthorizationQueryParametersError");
    expect(await get(new URL(url.href.replace("X-Amz-Expires=300", "X-Amz-Expires=604801")))).toBe("400 AuthorizationQueryParametersError");
    expect(await get(new URL(url.href.replace("X-Amz-Expires=300", "X-Amz-Expires=-1")))).toBe("400 AuthorizationQueryParametersError");
    expect(await get(new URL(url.href.replace("X-Amz-Expires=300", "X-Amz-Expires=301")))).toBe("403 SignatureDoesNotMatch");
    expect(await get(new URL(url.href.replace("&X-Amz-Expires=300", "")))).toBe("400 AuthorizationQueryParametersError");
    expect(await get(new URL(url.href.replace(/X-Amz-Signature=\w+/, "X-Amz-Signature=")))).toBe("403 SignatureDoesNotMatch");
    cloud.advance(plus(cloud.run.now, minutes(4)));
    expect(await get(url)).toBe("200 ");
    cloud.advance(plus(cloud.run.now, minutes(2)));
    expect(await get(url)).toBe("403 AccessDenied");
  });
});

describe("what a request says of its body must be so", () => {
  const put = (headers: Record<string, string>, body: string | Uint8Array): Raw => ({
    service: "s3",
    method: "PUT",
    url: "/bodies/key",
    headers,
    body,
  });
  const md5 = (body: string) => createHash("md5").update(body).digest("base64");
  const crc = (body: string) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(crc32(body));
    return bytes.toString("base64");
  };
  const chunked = (chunks: string[], trailer = "") =>
    `${[...chunks, ""].map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}${chunk && "\r\n"}`).join("")}${trailer}\r\n`;
  const streaming = (length: number) => ({
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "content-encoding": "aws-chunked",
    "x-amz-decoded-content-length": String(length),
  });
  const trailing = (length: number) => ({ ...streaming(length), "x-amz-trailer": "x-amz-checksum-crc32" });

  const good: [string, Raw, string][] = [
    ["plain", put({}, "content"), "content"],
    ["Content-MD5", put({ "content-md5": md5("content") }, "content"), "content"],
    ["CRC32", put({ "x-amz-checksum-crc32": crc("content") }, "content"), "content"],
    ["chunks", put(streaming(14), chunked(["content", "content"])), "contentcontent"],
    [
      "chunks with signatures",
      put(
        { "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" },
        `3;chunk-signature=${"0".repeat(64)}\r\nabc\r\n0;chunk-signature=${"1".repeat(64)}\r\n\r\n`,
      ),
      "abc",
    ],
    [
      "chunks and a trailing checksum",
      put(trailing(14), chunked(["content", "content"], `x-amz-checksum-crc32:${crc("contentcontent")}\r\n`)),
      "contentcontent",
    ],
    ["no chunk at all", put(trailing(0), chunked([], `x-amz-checksum-crc32:${crc("")}\r\n`)), ""],
    ["chunks in the words of a header", put({ "content-encoding": "gzip, aws-chunked" }, chunked(["zip"])), "zip"],
  ];
  test.each(good)("%s", async (_name, request, content) => {
    const { ask, connection } = connect();
    await connection(S3).createBucket({ Bucket: "bodies", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
    expect(await ask(request)).toMatchObject({ status: 200, headers: { etag: `"${createHash("md5").update(content).digest("hex")}"` } });
  });

  const bad: [string, Raw, string][] = [
    ["another MD5", put({ "content-md5": md5("other") }, "content"), "BadDigest"],
    ["an MD5 that is none", put({ "content-md5": "short" }, "content"), "InvalidDigest"],
    ["another SHA-256", put({ "x-amz-content-sha256": "0".repeat(64) }, "content"), "XAmzContentSHA256Mismatch"],
    ["another CRC32", put({ "x-amz-checksum-crc32": crc("other") }, "content"), "BadDigest"],
    ["a CRC32 that is none", put({ "x-amz-checksum-crc32": "AA" }, "content"), "InvalidRequest"],
    ["two checksums", put({ "x-amz-checksum-crc32": crc("content"), "x-amz-checksum-sha1": "AA" }, "content"), "InvalidRequest"],
    ["another trailing checksum", put(trailing(7), chunked(["content"], `x-amz-checksum-crc32:${crc("other")}\r\n`)), "BadDigest"],
    ["a trailing checksum that is announced and missing", put(trailing(7), chunked(["content"])), "MalformedTrailerError"],
    ["another decoded length", put(streaming(8), chunked(["content"])), "IncompleteBody"],
    ["an end within a chunk", put(streaming(7), "7\r\ncon"), "IncompleteBody"],
    ["a chunk longer than it says", put(streaming(7), "3\r\ncontent\r\n0\r\n\r\n"), "IncompleteBody"],
    ["a length that is no number", put(streaming(7), "seven\r\ncontent\r\n0\r\n\r\n"), "IncompleteBody"],
    ["no last chunk", put(streaming(7), "7\r\ncontent\r\n"), "IncompleteBody"],
    ["nothing", put(streaming(7), ""), "IncompleteBody"],
  ];
  test.each(bad)("%s is refused", async (_name, request, code) => {
    const { ask, cloud, connection } = connect();
    await connection(S3).createBucket({ Bucket: "bodies", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
    expect(await ask(request)).toMatchObject({ status: 400, text: expect.stringContaining(`<Code>${code}</Code>`) });
    expect(cloud.blobs.size).toBe(0);
  });

  test("a digest of a JSON body is checked as well", async () => {
    const { ask } = connect();
    const headers = { "x-amz-target": "AmazonSSM.DescribeParameters", "content-md5": md5("other") };
    expect(await ask({ service: "ssm", headers, body: "{}" })).toMatchObject({ status: 400, text: expect.stringContaining("BadDigest") });
  });
});
