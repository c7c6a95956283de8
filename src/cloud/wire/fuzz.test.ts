/** Broken requests, 50,000 for each protocol: whatever comes in, a refusal in AWS's form goes out, and nothing grows. */
import * as backup from "@aws-sdk/client-backup";
import * as cloudformation from "@aws-sdk/client-cloudformation";
import * as logs from "@aws-sdk/client-cloudwatch-logs";
import * as ec2 from "@aws-sdk/client-ec2";
import * as iam from "@aws-sdk/client-iam";
import * as kms from "@aws-sdk/client-kms";
import * as s3 from "@aws-sdk/client-s3";
import * as sqs from "@aws-sdk/client-sqs";
import * as ssm from "@aws-sdk/client-ssm";
import { describe, expect, test } from "vitest";
import { integer, seed, unit, type Random } from "../../kernel/random.ts";
import { codec, WireError, type Api, type Codec, type WireRequest } from "./protocol.ts";

const BODIES = 50_000;

type Valid = { wire: Codec; request: () => Omit<WireRequest, "body"> & { body: string } };

const json = (schemas: unknown, target: string, operation: string, input: unknown): Valid => ({
  wire: codec(schemas, { protocol: "awsJson1_1", version: "1", target }),
  request: () => ({
    method: "POST",
    path: "/",
    query: "",
    headers: { "x-amz-target": `${target}.${operation}` },
    body: JSON.stringify(input),
  }),
});

const form = (schemas: unknown, api: Api, body: string): Valid => ({
  wire: codec(schemas, { namespace: "urn:test", ...api }),
  request: () => ({ method: "POST", path: "/", query: "", headers: { "content-type": "application/x-www-form-urlencoded" }, body }),
});

const rest = (schemas: unknown, api: Api, method: string, url: string, body: string, headers: Record<string, string> = {}): Valid => ({
  wire: codec(schemas, api),
  request: () => ({ method, path: url.split("?")[0]!, query: url.split("?")[1] ?? "", headers: { ...headers }, body }),
});

const s3Api: Api = { protocol: "restXml", version: "2006-03-01", namespace: "urn:s3", bucketInPath: true };
const backupApi: Api = { protocol: "restJson1", version: "2018-11-15" };
const ec2Api: Api = { protocol: "ec2Query", version: "2016-11-15" };
const queryApi: Api = { protocol: "awsQuery", version: "1" };

const valid: Record<string, Valid[]> = {
  awsJson: [
    json(ssm, "AmazonSSM", "PutParameter", { Name: "/a", Value: "b", Type: "String", Overwrite: true, Tags: [{ Key: "k", Value: "v" }] }),
    json(ssm, "AmazonSSM", "DescribeParameters", { ParameterFilters: [{ Key: "Name", Values: ["a", "b"] }], MaxResults: 5 }),
    json(kms, "TrentService", "Encrypt", { KeyId: "alias/x", Plaintext: "aGVsbG8=", EncryptionContext: { a: "b", c: "d" } }),
    json(logs, "Logs_20140328", "PutLogEvents", {
      logGroupName: "g",
      logStreamName: "s",
      logEvents: [{ timestamp: 1_700_000_000_000, message: "m" }],
    }),
    json(sqs, "AmazonSQS", "SendMessage", {
      QueueUrl: "http://q",
      MessageBody: "b",
      MessageAttributes: { a: { DataType: "Binary", BinaryValue: "AQID" } },
    }),
  ],
  awsQuery: [
    form(
      iam,
      queryApi,
      "Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=%7B%7D&Tags.member.1.Key=a&Tags.member.1.Value=b&MaxSessionDuration=3600",
    ),
    form(
      cloudformation,
      queryApi,
      "Action=CreateStack&StackName=s&Parameters.member.1.ParameterKey=a&Parameters.member.1.ParameterValue=b&Capabilities.member.1=CAPABILITY_IAM&DisableRollback=true",
    ),
    form(
      sqs,
      { ...queryApi, protocol: "awsJson1_0", target: "AmazonSQS", alsoQuery: true },
      "Action=SendMessage&QueueUrl=q&MessageBody=b&MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=v",
    ),
  ],
  ec2Query: [
    form(
      ec2,
      ec2Api,
      "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0%2F16&TagSpecification.1.ResourceType=vpc&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=x&DryRun=false",
    ),
    form(ec2, ec2Api, "Action=DescribeSubnets&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1&Filter.1.Value.2=vpc-2&MaxResults=5"),
    form(
      ec2,
      ec2Api,
      "Action=AuthorizeSecurityGroupIngress&GroupId=sg-1&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=1&IpPermissions.1.ToPort=2&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0%2F0",
    ),
  ],
  restJson1: [
    rest(
      backup,
      backupApi,
      "PUT",
      "/backup/plans/",
      JSON.stringify({
        BackupPlan: { BackupPlanName: "p", Rules: [{ RuleName: "r", TargetBackupVaultName: "v", Lifecycle: { DeleteAfterDays: 35 } }] },
      }),
    ),
    rest(backup, backupApi, "PUT", "/backup-vaults/v", JSON.stringify({ BackupVaultTags: { a: "b" }, CreatorRequestId: "c" })),
    rest(backup, backupApi, "GET", "/backup-jobs/?maxResults=5&createdAfter=2026-01-01T00%3A00%3A00Z", ""),
  ],
  restXml: [
    rest(
      s3,
      s3Api,
      "PUT",
      "/b",
      '<CreateBucketConfiguration xmlns="urn:s3"><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>',
    ),
    rest(
      s3,
      s3Api,
      "POST",
      "/b?delete",
      "<Delete><Object><Key>a</Key></Object><Object><Key>b</Key><VersionId>1</VersionId></Object><Quiet>true</Quiet></Delete>",
    ),
    rest(
      s3,
      s3Api,
      "PUT",
      "/b?lifecycle",
      "<LifecycleConfiguration><Rule><ID>i</ID><Filter><Prefix>p</Prefix></Filter><Status>Enabled</Status><Expiration><Days>3</Days></Expiration></Rule></LifecycleConfiguration>",
    ),
    rest(s3, s3Api, "GET", "/b/k/e/y?versionId=1&partNumber=2", "", {
      range: "bytes=0-5",
      "if-modified-since": "Mon, 02 Mar 2026 10:00:00 GMT",
    }),
    rest(s3, s3Api, "PUT", "/b/k?tagging", "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"),
    rest(s3, s3Api, "GET", "/b?list-type=2&max-keys=5&prefix=a%2F", ""),
  ],
};

const TOKENS = [
  ...[
    "{",
    "}",
    "[",
    "]",
    "null",
    "true",
    "1e999",
    "-1",
    "0.5",
    '"',
    '"__proto__":{"polluted":1},',
    '"constructor":{"prototype":{"polluted":1}},',
    "\\u0000",
    "\\ud800",
    "NaN",
  ],
  ...[
    "&",
    "=",
    "%",
    "%zz",
    "%00",
    "+",
    ".",
    ".member.",
    ".999999999.",
    ".1.1.1.1",
    "__proto__.polluted=1&",
    "Action=",
    "Tags.member.0.Key=x&",
    "&Filter.-1.Name=a",
  ],
  ...[
    '<!DOCTYPE a [<!ENTITY b "c">]>',
    "&b;",
    "&#0;",
    "&#xD800;",
    "<a>",
    "</a>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "<?x?>",
    "<__proto__><polluted>1</polluted></__proto__>",
    'xmlns:x="y"',
    "<Key/>",
  ],
  ...["\u0000", "\u2028", "\ufeff", "💥", "9".repeat(400), "a".repeat(2000)],
];

const NESTED = ["[", '{"a":', '{"Tags":[', "<a>", "<Rule>", "A.", "Tags.member.1."];

function mutate(random: Random, text: string): Uint8Array {
  let bytes: Buffer = Buffer.from(text);
  for (let times = 1 + integer(random, 4); times > 0; times--) bytes = mutateOnce(random, bytes);
  return bytes;
}

function mutateOnce(random: Random, bytes: Buffer): Buffer {
  const at = integer(random, bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + integer(random, 40));
  switch (integer(random, 8)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      if (flipped.length > 0) flipped[at % flipped.length]! ^= 1 << integer(random, 8);
      return flipped;
    }
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]); // a part twice
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    case 4:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(Array.from({ length: integer(random, 12) }, () => integer(random, 256))),
        bytes.subarray(at),
      ]);
    case 5:
      return unit(random) < 0.02
        ? Buffer.concat([bytes.subarray(0, at), Buffer.from(NESTED[integer(random, NESTED.length)]!.repeat(3000)), bytes.subarray(at)])
        : bytes;
    default:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(TOKENS[integer(random, TOKENS.length)]!), bytes.subarray(at)]);
  }
}

const asText = (random: Random, text: string) => Buffer.from(mutate(random, text)).toString("latin1");

/** Most often the body is broken, of requests without one always something else. */
function broken(random: Random, { request }: Valid): WireRequest {
  const { method, path, query, headers, body } = request();
  const which = body === "" ? 1 + integer(random, 3) : integer(random, 10);
  return {
    method,
    path: which === 1 ? `/${asText(random, path)}` : path,
    query: which === 2 ? asText(random, query) : query,
    headers:
      which === 3
        ? Object.fromEntries(
            Object.entries(headers).map(([name, value]) => [name, name === "x-amz-target" ? value : asText(random, value)]),
          )
        : headers,
    body: mutate(random, body),
  };
}

/** `decoded`, or the code of the refusal; throws what must not be. */
function attempt({ wire }: Valid, request: WireRequest): string {
  try {
    const { name, protocol } = wire.operation(request);
    wire.decode(name, request, protocol);
    return "decoded";
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const answer = wire.fail(error, request, "0");
    if (answer.status < 400 || answer.status > 499) throw new Error(`answered ${answer.status}`, { cause: error });
    return error.code;
  }
}

describe.each(Object.keys(valid))("%s", (protocol) => {
  test(`${BODIES} broken requests are refused or understood, and nothing else happens`, () => {
    const random = seed(`fuzz ${protocol}`);
    const seen = new Map<string, number>();
    const round = (count: number) => {
      for (let index = 0; index < count; index++) {
        const from = valid[protocol]![integer(random, valid[protocol]!.length)]!;
        const request = broken(random, from);
        try {
          const outcome = attempt(from, request);
          seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
        } catch (error) {
          throw new Error(
            `request ${index}: ${request.method} ${request.path}?${request.query} ${JSON.stringify(request.headers)} ${Buffer.from(request.body).toString().slice(0, 500)}`,
            { cause: error },
          );
        }
      }
    };
    round(BODIES / 2);
    const before = process.memoryUsage().heapUsed;
    round(BODIES / 2);
    // What is not yet collected may be there; what is kept for each request would be far more.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(200 * 1024 ** 2);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    // The mutations must reach both sides of the decoder, or they prove nothing.
    expect(seen.get("decoded")).toBeGreaterThan(BODIES / 100);
    expect([...seen].filter(([outcome]) => outcome !== "decoded").reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(BODIES / 20);
  });
});
