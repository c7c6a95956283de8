/** Raw requests through the front: what is asked of whom, how each protocol refuses, and that nothing a client sends is answered with a 500. */
import { S3 } from "@aws-sdk/client-s3";
import { SSM } from "@aws-sdk/client-ssm";
import { STS } from "@aws-sdk/client-sts";
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { instant, minutes, plus, seconds } from "../kernel/units.ts";
import { clients } from "./clients.ts";
import { Cloud, root } from "./cloud.ts";
import { Front, type HttpRequest } from "./front.ts";

type Raw = { service?: string; region?: string; key?: string; method?: string; url?: string; headers?: Record<string, string>; body?: string | Uint8Array };

/** A request whose signature names a service but proves nothing. */
function raw({ service, region = "eu-west-1", key = "test", method = "POST", url = "/", headers = {}, body = "" }: Raw): HttpRequest {
  const authorization = `AWS4-HMAC-SHA256 Credential=${key}/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=00`;
  return { method, url, headers: { host: "127.0.0.1:4566", ...(service === undefined ? {} : { authorization }), ...headers }, body: Buffer.from(body) };
}

const json = (service: string, target: string, body = "{}"): Raw => ({ service, headers: { "x-amz-target": target }, body });
const form = (service: string, body: string): Raw => ({ service, headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" }, body });

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
    ["a service that is not emulated, by its name", json("dynamodb", "DynamoDB_20120810.ListTables"), 501, /"NotImplemented".*service \\"dynamodb\\"/],
    ["an operation that is not emulated, by its name", json("ssm", "AmazonSSM.DescribeEffectivePatchesForPatchBaseline", '{"BaselineId":"pb-1"}'), 501, /NotImplemented.*ssm:DescribeEffectivePatchesForPatchBaseline/],
    ["awsJson: an unknown operation", json("ssm", "AmazonSSM.MakeTea"), 400, /UnknownOperationException/],
    ["awsJson: another service's target", json("ssm", "TrentService.ListKeys"), 400, /UnknownOperationException/],
    ["awsJson: a member of every object as operation", json("ssm", "AmazonSSM.constructor"), 400, /UnknownOperationException/],
    ["awsJson: no target", { service: "ssm", body: "{}" }, 400, /UnknownOperationException/],
    ["awsJson: a body that is no JSON", json("ssm", "AmazonSSM.GetParameter", "{"), 400, /SerializationException/],
    ["awsJson: a body that is no structure", json("ssm", "AmazonSSM.GetParameter", "[]"), 400, /SerializationException/],
    ["awsJson: a member of another type", json("ssm", "AmazonSSM.GetParameter", '{"Name":{}}'), 400, /SerializationException.*name/],
    ["awsJson: required members that are missing", json("ssm", "AmazonSSM.PutParameter"), 400, /ValidationException.*2 validation errors detected: Value null at 'name' failed/],
    ["awsQuery: an unknown action", form("sts", "Action=MakeTea&Version=2011-06-15"), 400, /<Code>InvalidAction<\/Code><Message>Could not find operation MakeTea for version 2011-06-15/],
    ["awsQuery: no action", form("sts", "Version=2011-06-15"), 400, /<Code>MissingAction</],
    ["awsQuery: no body", form("iam", ""), 400, /<Code>MissingAction</],
    ["awsQuery: required members that are missing", form("sts", "Action=AssumeRole&Version=2011-06-15&RoleArn=a"), 400, /<Code>ValidationError<.*Value null at 'roleSessionName'/],
    ["awsQuery: a number that is none", form("sts", "Action=GetSessionToken&DurationSeconds=long"), 400, /<Code>MalformedInput<.*'long' at 'durationSeconds'/],
    ["awsQuery: broken percent-encoding", form("sts", "Action=AssumeRole&RoleArn=%zz"), 400, /<Code>MalformedQueryString</],
    ["ec2Query: an unknown action", form("ec2", "Action=MakeTea"), 400, /<Response><Errors><Error><Code>InvalidAction<\/Code><Message>The action MakeTea is not valid for this web service/],
    ["ec2Query: no action", form("ec2", "Version=2016-11-15"), 400, /<Code>MissingAction</],
    ["ec2Query: required members that are missing", form("ec2", "Action=DeleteVpc"), 400, /<Code>MissingParameter<\/Code><Message>The request must contain the parameter VpcId/],
    ["ec2Query: a truth that is none", form("ec2", "Action=DescribeVpcs&DryRun=perhaps"), 400, /<Code>InvalidParameterValue<.*perhaps/],
    ["restXml: a method without meaning", { service: "s3", method: "PATCH", url: "/bucket" }, 405, /<Code>MethodNotAllowed</],
    ["restXml: a body that is no XML", { service: "s3", method: "PUT", url: "/bucket", body: "<a" }, 400, /<Code>MalformedXML</],
    ["restXml: a document type", { service: "s3", method: "PUT", url: "/bucket?tagging", body: '<!DOCTYPE a [<!ENTITY b "c">]><Tagging>&b;</Tagging>' }, 400, /<Code>MalformedXML</],
    ["restXml: another document", { service: "s3", method: "PUT", url: "/bucket?tagging", body: "<Delete/>" }, 400, /<Code>MalformedXML</],
    ["restXml: no body where one must be", { service: "s3", method: "POST", url: "/bucket?delete" }, 400, /<Code>MissingRequestBodyError</],
    ["restXml: broken percent-encoding in the query", { service: "s3", method: "GET", url: "/bucket?prefix=%e4%f" }, 400, /<Code>InvalidURI</],
    ["restXml: broken percent-encoding in the path", { service: "s3", method: "GET", url: "/bucket/%ff" }, 400, /<Code>InvalidURI</],
    ["restXml: a number that is none", { service: "s3", method: "GET", url: "/bucket?list-type=2&max-keys=many" }, 400, /<Code>InvalidArgument</],
    ["a protocol's unsigned request that is neither STS's nor S3's", { headers: { "x-amz-target": "AmazonSSM.GetParameter" }, body: "{}" }, 403, /MissingAuthenticationToken/],
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
  expect((await ask(form("sqs", "Action=GetQueueUrl&QueueName=lost"))).text).toContain("<Code>AWS.SimpleQueueService.NonExistentQueue</Code>");
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
    const { ask, connection } = connect();
    const s3 = connection(S3);
    for (const Bucket of ["plain", "with.dots.s3-and.more"]) {
      await s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } });
      await s3.putObject({ Bucket, Key: `in ${Bucket}`, Body: "x" });
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
  const put = (key: string, region: string) => ask({ ...json("ssm", "AmazonSSM.PutParameter", '{"Name":"here","Value":"v","Type":"String"}'), key, region });
  expect((await put("test", "eu-west-1")).status).toBe(200);
  expect((await put("test", "eu-west-1")).text).toContain("ParameterAlreadyExists");
  expect((await put("test", "eu-central-1")).status).toBe(200);
  expect((await put("210987654321", "eu-west-1")).status).toBe(200);
  expect((await ask({ ...form("sts", "Action=GetCallerIdentity"), key: "210987654321" })).text).toContain("<Account>210987654321</Account>");
  expect((await ask({ ...form("sts", "Action=GetCallerIdentity"), key: "AKIAWHATEVER" })).text).toContain("<Account>123456789012</Account>");
});

test("without a signature S3 and STS are understood, unless signatures are checked", async () => {
  const web = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::123456789012:role/x&RoleSessionName=s&WebIdentityToken=no-token";
  const { ask } = connect();
  expect((await ask({ method: "GET", url: "/" })).text).toContain("<ListAllMyBucketsResult");
  expect((await ask({ ...form("sts", "Action=GetCallerIdentity&Version=2011-06-15"), service: undefined })).text).toContain(":root</Arn>");
  const strict = connect({ verifySignatures: true });
  expect((await strict.ask({ method: "GET", url: "/" })).text).toContain("<Code>AccessDenied</Code>");
  expect((await strict.ask({ ...form("sts", "Action=GetCallerIdentity&Version=2011-06-15"), service: undefined })).text).toContain("<Code>MissingAuthenticationToken</Code>");
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
