/** The SDK's own clients and our codec understand each other: generated inputs arrive as they were sent, generated outputs as they were answered. */
import * as backup from "@aws-sdk/client-backup";
import * as cloudformation from "@aws-sdk/client-cloudformation";
import * as logs from "@aws-sdk/client-cloudwatch-logs";
import * as ec2 from "@aws-sdk/client-ec2";
import * as ecr from "@aws-sdk/client-ecr";
import * as iam from "@aws-sdk/client-iam";
import * as kms from "@aws-sdk/client-kms";
import * as s3 from "@aws-sdk/client-s3";
import * as secretsmanager from "@aws-sdk/client-secrets-manager";
import * as sns from "@aws-sdk/client-sns";
import * as sqs from "@aws-sdk/client-sqs";
import * as ssm from "@aws-sdk/client-ssm";
import * as sts from "@aws-sdk/client-sts";
import fc, { type Arbitrary } from "fast-check";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { codec, type Api, type Codec, type WireRequest } from "./protocol.ts";
import { failuresOf, operationsOf, type Member, type Operation, type Shape } from "./schema.ts";

// The SDK has thousands of members, each with quirks of its own; another seed is a way to look for more of them.
const SEED = 2026;

type Module = Record<string, any>;
type Case = { name: string; sdk: Module; client: string; api: Api; sample: number };

const cases: Case[] = [
  { name: "ssm", sdk: ssm, client: "SSMClient", api: { protocol: "awsJson1_1", version: "1", target: "AmazonSSM" }, sample: 25 },
  { name: "kms", sdk: kms, client: "KMSClient", api: { protocol: "awsJson1_1", version: "1", target: "TrentService" }, sample: 25 },
  {
    name: "logs",
    sdk: logs,
    client: "CloudWatchLogsClient",
    api: { protocol: "awsJson1_1", version: "1", target: "Logs_20140328" },
    sample: 20,
  },
  {
    name: "secretsmanager",
    sdk: secretsmanager,
    client: "SecretsManagerClient",
    api: { protocol: "awsJson1_1", version: "1", target: "secretsmanager" },
    sample: 15,
  },
  {
    name: "ecr",
    sdk: ecr,
    client: "ECRClient",
    api: { protocol: "awsJson1_1", version: "1", target: "AmazonEC2ContainerRegistry_V20150921" },
    sample: 15,
  },
  {
    name: "sqs",
    sdk: sqs,
    client: "SQSClient",
    api: { protocol: "awsJson1_0", version: "1", target: "AmazonSQS", alsoQuery: true },
    sample: 20,
  },
  { name: "sts", sdk: sts, client: "STSClient", api: { protocol: "awsQuery", version: "1", namespace: "urn:x" }, sample: 10 },
  { name: "iam", sdk: iam, client: "IAMClient", api: { protocol: "awsQuery", version: "1", namespace: "urn:x" }, sample: 30 },
  { name: "sns", sdk: sns, client: "SNSClient", api: { protocol: "awsQuery", version: "1", namespace: "urn:x" }, sample: 20 },
  {
    name: "cloudformation",
    sdk: cloudformation,
    client: "CloudFormationClient",
    api: { protocol: "awsQuery", version: "1", namespace: "urn:x" },
    sample: 25,
  },
  { name: "ec2", sdk: ec2, client: "EC2Client", api: { protocol: "ec2Query", version: "1", namespace: "urn:x" }, sample: 60 },
  { name: "backup", sdk: backup, client: "BackupClient", api: { protocol: "restJson1", version: "1" }, sample: 30 },
  {
    name: "s3",
    sdk: s3,
    client: "S3Client",
    api: { protocol: "restXml", version: "1", namespace: "urn:x", bucketInPath: true },
    sample: 90,
  },
];

/** Operations that the SDK itself changes or checks on their way: digests of messages, presigned copies, event streams, other hosts. */
const LEFT_OUT =
  /^(SendMessage|SendMessageBatch|ReceiveMessage|CopySnapshot|SelectObjectContent|WriteGetObjectResponse|StartLiveTail|GetLogObject|CreateSession|RestoreObject|GetObject|ListDirectoryBuckets|UpdateObjectEncryption|RenameObject|.*Annotation.*|.*MetadataTable.*|.*MetadataConfiguration|.*InventoryTable.*|.*JournalTable.*)$/;
/** Members that the SDK fills in or refuses to send as they are: digests, customers' keys. */
const NOT_SENT =
  /^(Checksum.*|ContentMD5|SSECustomer.*|CopySourceSSECustomer.*|ExpectedBucketOwner|Expires|ResponseExpires|MFA|PredictEndpoint)$/;

const moments = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1000));
// XML can't hold control characters, and what travels in headers is printable and has no blanks at its ends.
const text = fc.stringMatching(/^[ -~äß€]{0,10}[!-~💥é]$/u);
const headerText = fc.stringMatching(/^[!-~]([ -~]{0,8}[!-~])?$/);
const bytes = fc.uint8Array({ minLength: 1, maxLength: 12 });

const places = (traits: Member["traits"]) =>
  Boolean(traits.httpHeader || traits.httpPrefixHeaders || traits.httpLabel || traits.httpQuery || traits.httpQueryParams);

/** Values of a shape; deep down only what must be there. Empty lists, maps and texts are left out: the query protocols can't tell them from nothing. */
function valuesOf(shape: Shape, outside: boolean, depth: number): Arbitrary<any> {
  switch (shape.kind) {
    case "string":
      return outside ? headerText.filter((each) => !each.includes(",")) : text;
    case "number":
      return fc.integer();
    case "boolean":
      return fc.boolean();
    case "timestamp":
      return moments;
    case "blob":
      return bytes;
    case "list":
      return fc.array(valuesOf(shape.element!.shape, outside, depth + 1), { minLength: 1, maxLength: 3 });
    case "map":
      return fc.dictionary(
        outside ? fc.stringMatching(/^[a-z]{1,8}$/) : fc.stringMatching(/^[A-Za-z][\w.-]{0,6}$/),
        valuesOf(shape.element!.shape, outside, depth + 1),
        { minKeys: 1, maxKeys: 3 },
      );
    case "structure":
      return structureOf(shape, depth);
    default:
      throw new Error(`no values for ${shape.kind}`);
  }
}

function structureOf(shape: Shape, depth: number): Arbitrary<any> {
  const possible = shape.members.filter(
    ({ name, shape: { kind }, traits }) => !NOT_SENT.test(name) && kind !== "stream" && kind !== "document" && !traits.httpResponseCode,
  );
  const flat = possible.filter(({ shape: { kind }, required }) => required || !["list", "map", "structure"].includes(kind));
  const members = depth < 3 ? possible : flat.length > 0 ? flat : possible.slice(0, 1);
  const labelled: Record<string, Arbitrary<unknown>> = {
    Bucket: fc.stringMatching(/^[a-z][a-z0-9]{4,12}$/),
    Key: fc.stringMatching(/^[!-~][ -~]{0,10}[!-~]$/).filter((key) => !/(^|\/)\.{1,2}(\/|$)|\/\/|^\/|\/$/.test(key)),
    CopySource: fc.constant("bucket/key"),
  };
  const model = Object.fromEntries(
    members.map((member) => [
      member.name,
      (member.traits.httpLabel || member.traits.httpHeader ? labelled[member.name] : undefined) ??
        valuesOf(member.shape, places(member.traits), depth + 1),
    ]),
  );
  const required = members
    .filter(({ required: must, traits }) => must || traits.idempotencyToken || traits.httpLabel || traits.httpPayload)
    .map(({ name }) => name);
  // A structure in which nothing is set can't be told from none at all.
  return fc
    .record(model, { requiredKeys: required })
    .filter((value) => depth === 0 || members.length === 0 || Object.keys(value).length > 0);
}

type Exchange = { received: { name: string; input: unknown }[]; send(operation: Operation, input: unknown, output: unknown): Promise<any> };

/** A client whose requests are decoded and whose answers are encoded by our codec. */
function exchange({ sdk, client }: Case, wire: Codec): Exchange {
  const received: Exchange["received"] = [];
  let output: unknown;
  const handle = async (request: any) => {
    const query = Object.entries<any>(request.query ?? {}).flatMap(([name, values]) =>
      [values]
        .flat()
        .map((value) => (value === null ? encodeURIComponent(name) : `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)),
    );
    const headers = Object.fromEntries(Object.entries<string>(request.headers).map(([name, value]) => [name.toLowerCase(), value]));
    const asked: WireRequest = {
      method: request.method,
      path: request.path,
      query: query.join("&"),
      headers,
      body: Buffer.from(request.body ?? ""),
    };
    const { name, protocol } = wire.operation(asked);
    received.push({ name, input: wire.decode(name, asked, protocol) });
    const answer = wire.encode(name, output, asked, "request-1");
    return {
      response: {
        statusCode: answer.status,
        headers: { ...answer.headers },
        body: Readable.from(answer.body === undefined ? [] : [Buffer.from(answer.body)]),
      },
    };
  };
  const connection = new sdk[client]({
    region: "eu-west-1",
    endpoint: "http://127.0.0.1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    maxAttempts: 1,
    forcePathStyle: true,
    useQueueUrlAsEndpoint: false,
    requestHandler: { handle },
  });
  return {
    received,
    async send({ name }, input, answer) {
      output = answer;
      const { $metadata: _metadata, ...rest } = await connection.send(new sdk[`${name}Command`](input));
      return rest;
    },
  };
}

const usable = ({ name, input, output }: Operation) =>
  !LEFT_OUT.test(name) && ![input, output].some((shape) => shape.members.some(({ shape: { kind } }) => kind === "stream"));

describe.each(cases)("$name ($api.protocol)", (each) => {
  const wire = codec(each.sdk, each.api);
  const all = operationsOf(each.sdk).filter(usable);
  const sample = all.filter(
    (_, index) => Math.floor((index * each.sample) / all.length) !== Math.floor(((index - 1) * each.sample) / all.length),
  );

  test(`inputs and outputs of ${sample.length} operations`, async () => {
    const talk = exchange(each, wire);
    for (const operation of sample) {
      const outputs = operation.output.kind === "unit" ? fc.constant({}) : structureOf(operation.output, 0);
      const inputs = operation.input.kind === "unit" ? fc.constant({}) : structureOf(operation.input, 0);
      await fc.assert(
        fc.asyncProperty(inputs, outputs, async (input, output) => {
          const answered = await talk.send(operation, input, output);
          expect(nothingEmpty(talk.received.at(-1)), operation.name).toEqual(nothingEmpty({ name: operation.name, input }));
          expect(nothingEmpty(answered), operation.name).toEqual(nothingEmpty(output));
        }),
        { numRuns: 4, seed: SEED },
      );
    }
  });

  test("every modelled error arrives as its own class, with its message", async () => {
    const operation = sample[0]!;
    for (const failure of new Set(failuresOf(each.sdk).values())) {
      const handle = async (request: any) => {
        const asked: WireRequest = {
          method: request.method,
          path: request.path,
          query: "",
          headers: request.headers,
          body: Buffer.from(request.body ?? ""),
        };
        const { status, headers, body } = wire.fail({ code: failure.name, message: 'said "<&>" so' }, asked, "request-1");
        return { response: { statusCode: status, headers, body: Readable.from(body === undefined ? [] : [Buffer.from(body)]) } };
      };
      const connection = new each.sdk[each.client]({
        region: "eu-west-1",
        endpoint: "http://127.0.0.1",
        credentials: { accessKeyId: "a", secretAccessKey: "b" },
        maxAttempts: 1,
        forcePathStyle: true,
        requestHandler: { handle },
      });
      const [input] = fc.sample(structureOf(operation.input, 0), { seed: 1, numRuns: 1 });
      const error = await connection.send(new each.sdk[`${operation.name}Command`](input)).then(
        () => undefined,
        (caught: unknown) => caught,
      );
      if (failure.status === 304) continue; // no body, so no name
      expect(error, failure.name).toBeInstanceOf(each.sdk[failure.name] ?? Error);
      expect(error).toMatchObject({ message: 'said "<&>" so', $metadata: { httpStatusCode: failure.status } });
    }
  });
});

/** Undefined members and empty lists, maps and structures are as good as absent. */
function nothingEmpty(value: any): any {
  if (Array.isArray(value)) return value.map(nothingEmpty);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  const kept = Object.entries(value).map(([name, item]) => [name, nothingEmpty(item)] as const);
  return Object.fromEntries(kept.filter(([, item]) => item !== undefined && !isEmpty(item)));
}

const isEmpty = (value: unknown) =>
  typeof value === "object" &&
  value !== null &&
  !(value instanceof Date) &&
  !(value instanceof Uint8Array) &&
  Object.keys(value).length === 0;
