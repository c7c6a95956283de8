import { KMS } from "@aws-sdk/client-kms";
import { SSM } from "@aws-sdk/client-ssm";
import { expect, test } from "vitest";
import { days, hours, minutes, plus } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";
import { publicImages } from "./public-parameters.ts";

const start = () => {
  const cloud = new Cloud({ paranoid: true });
  return { cloud, ssm: clients(cloud)(SSM, { region: "eu-west-1" }), kms: clients(cloud)(KMS, { region: "eu-west-1" }) };
};
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => "no refusal",
    (error: Error) => `${error.name}: ${error.message}`,
  );

test("a parameter is put, got by name, by ARN, by version and by label, overwritten, and deleted", async () => {
  const { ssm } = start();
  expect(await ssm.putParameter({ Name: "/shop/url", Value: "one", Type: "String", Tags: [{ Key: "team", Value: "shop" }] })).toMatchObject(
    { Version: 1, Tier: "Standard" },
  );
  expect(await refusal(ssm.putParameter({ Name: "/shop/url", Value: "two", Type: "String" }))).toMatch(
    /^ParameterAlreadyExists: The parameter already exists/,
  );
  expect((await ssm.putParameter({ Name: "/shop/url", Value: "two", Overwrite: true })).Version).toBe(2);
  await ssm
    .labelParameterVersion({ Name: "/shop/url", ParameterVersion: 1, Labels: ["prod", "aws-no"] })
    .then((answer) => expect(answer.InvalidLabels).toEqual(["aws-no"]));
  const value = async (Name: string) => (await ssm.getParameter({ Name })).Parameter?.Value;
  expect(await value("/shop/url")).toBe("two");
  expect(await value("/shop/url:1")).toBe("one");
  expect(await value("/shop/url:prod")).toBe("one");
  expect(await value("arn:aws:ssm:eu-west-1:123456789012:parameter/shop/url")).toBe("two");
  expect(await refusal(value("/shop/url:9"))).toMatch(/^ParameterVersionNotFound/);
  expect(await ssm.getParameter({ Name: "/shop/url:prod" })).toMatchObject({
    Parameter: { Selector: ":prod", Version: 1, DataType: "text" },
  });
  expect((await ssm.getParameterHistory({ Name: "/shop/url" })).Parameters?.map(({ Labels, Value }) => [Value, Labels])).toEqual([
    ["one", ["prod"]],
    ["two", []],
  ]);
  await ssm.deleteParameter({ Name: "/shop/url" });
  expect(await refusal(value("/shop/url"))).toMatch(/^ParameterNotFound/);
});

test("a SecureString is kept as a ciphertext that only KMS can open, whatever its tier", async () => {
  const { ssm, kms } = start();
  const { KeyMetadata } = await kms.createKey({});
  await ssm.putParameter({ Name: "plain", Value: "hush", Type: "SecureString" });
  await ssm.putParameter({ Name: "own", Value: "hush", Type: "SecureString", KeyId: KeyMetadata!.KeyId });
  await ssm.putParameter({ Name: "long", Value: "x".repeat(5000), Type: "SecureString", Tier: "Intelligent-Tiering" });
  for (const Name of ["plain", "own", "long"])
    expect((await ssm.getParameter({ Name })).Parameter?.Value).toMatch(Name === "long" ? /^[A-Za-z0-9+/=]{6000,}$/ : /^AQICAH/);
  const { Parameters } = await ssm.getParameters({ Names: ["plain", "own", "long", "none"], WithDecryption: true });
  expect(Parameters?.map(({ Value }) => Value?.slice(0, 5))).toEqual(["hush", "hush", "xxxxx"]);
  const context = { PARAMETER_ARN: "arn:aws:ssm:eu-west-1:123456789012:parameter/own" };
  const cipher = Buffer.from((await ssm.getParameter({ Name: "own" })).Parameter!.Value!, "base64");
  expect(Buffer.from((await kms.decrypt({ CiphertextBlob: cipher, EncryptionContext: context })).Plaintext!).toString()).toBe("hush");
  await kms.disableKey({ KeyId: KeyMetadata!.KeyId! });
  expect(await refusal(ssm.getParameter({ Name: "own", WithDecryption: true }))).toMatch(
    /^InvalidKeyId: .* is disabled\..*DisabledException/,
  );
  expect(await refusal(ssm.putParameter({ Name: "new", Value: "x", Type: "SecureString", KeyId: "alias/none" }))).toMatch(
    /^InvalidKeyId: Alias/,
  );
  expect((await kms.listAliases({})).Aliases).toMatchObject([{ AliasName: "alias/aws/ssm" }]);
});

test.each([
  ["aws-mine", /^ValidationException: Parameter name: can't be prefixed with "aws" or "ssm"/],
  ["/aws/mine", /^AccessDeniedException: No access to reserved parameter name/],
  ["/ssm/mine", /^ValidationException: Parameter name: can't be prefixed with "ssm"/],
  ["a/b", /^ValidationException: Parameter name must be a fully qualified name/],
  ["/a b", /^ValidationException/],
  [
    `/${Array.from({ length: 16 }, () => "x").join("/")}`,
    /^HierarchyLevelLimitExceededException: A hierarchy can have a maximum of 15 levels/,
  ],
])("the name %s is refused", async (Name, message) => {
  const { ssm } = start();
  expect(await refusal(ssm.putParameter({ Name, Value: "x", Type: "String" }))).toMatch(message);
});

test.each([
  [{ Value: "x".repeat(4097) }, /^ValidationException: Standard tier parameters support a maximum parameter value of 4096/],
  [{ Value: "x".repeat(8193), Tier: "Advanced" as const }, /^ValidationException: Advanced tier/],
  [{ AllowedPattern: "\\d+" }, /^ParameterPatternMismatchException/],
  [{ AllowedPattern: "(" }, /^InvalidAllowedPatternException/],
  [{ Type: undefined }, /^ValidationException: A parameter type is required/],
  [{ KeyId: "alias/x" }, /^ValidationException: KeyId is required for SecureString/],
  [{ DataType: "colour" }, /^ValidationException: The following data type is not supported: colour/],
  [{ Tags: [{ Key: "aws:x", Value: "" }] }, /^ValidationException/],
  [{ Policies: "[]", Value: "{{other}}" }, /^ValidationException: Parameter value can't nest/],
])("a parameter with %j is refused", async (more, message) => {
  const { ssm } = start();
  expect(await refusal(ssm.putParameter({ Name: "p", Value: "x", Type: "String", ...more }))).toMatch(message);
});

test("an advanced parameter stays advanced, and a hundred versions are kept unless the oldest has a label", async () => {
  const { ssm } = start();
  await ssm.putParameter({ Name: "big", Value: "x".repeat(5000), Type: "String", Tier: "Intelligent-Tiering" });
  expect(await refusal(ssm.putParameter({ Name: "big", Value: "x", Overwrite: true, Tier: "Standard" }))).toMatch(/You can't downgrade/);
  for (let count = 0; count < 101; count++) await ssm.putParameter({ Name: "p", Value: `${count}`, Type: "String", Overwrite: true });
  const { Parameters, NextToken } = await ssm.getParameterHistory({ Name: "p" });
  expect([Parameters?.[0]?.Version, Parameters?.length, NextToken !== undefined]).toEqual([2, 50, true]);
  await ssm.labelParameterVersion({ Name: "p", ParameterVersion: 2, Labels: ["keep"] });
  expect(await refusal(ssm.putParameter({ Name: "p", Value: "x", Overwrite: true }))).toMatch(/^ParameterMaxVersionLimitExceeded/);
}, 20_000);

test("a parameter with an expiration is gone when its time has come, and its notice is marked before", async () => {
  const { cloud, ssm } = start();
  const Timestamp = new Date(plus(cloud.run.now, days(2))).toISOString();
  const Policies = JSON.stringify([
    { Type: "Expiration", Version: "1.0", Attributes: { Timestamp } },
    { Type: "ExpirationNotification", Version: "1.0", Attributes: { Before: "6", Unit: "Hours" } },
  ]);
  await ssm.putParameter({ Name: "soon", Value: "x", Type: "String", Tier: "Advanced", Policies });
  const statuses = async () => (await ssm.describeParameters({})).Parameters?.[0]?.Policies?.map(({ PolicyStatus }) => PolicyStatus);
  expect(await statuses()).toEqual(["Pending", "Pending"]);
  cloud.advance(plus(cloud.run.now, hours(43)));
  expect(await statuses()).toEqual(["Pending", "Finished"]);
  cloud.advance(plus(cloud.run.now, hours(4)));
  expect((await ssm.putParameter({ Name: "soon", Value: "y", Overwrite: true })).Version).toBe(2); // putting a value does not move the date
  cloud.advance(plus(cloud.run.now, hours(1)));
  expect((await ssm.describeParameters({})).Parameters).toEqual([]);
});

test("a notice that nothing has changed is due again after each change", async () => {
  const { cloud, ssm } = start();
  const Policies = JSON.stringify([{ Type: "NoChangeNotification", Version: "1.0", Attributes: { After: "2", Unit: "Days" } }]);
  await ssm.putParameter({ Name: "still", Value: "x", Type: "String", Tier: "Advanced", Policies });
  const status = async () => (await ssm.describeParameters({})).Parameters?.[0]?.Policies?.[0]?.PolicyStatus;
  cloud.advance(plus(cloud.run.now, days(2)));
  expect(await status()).toBe("Finished");
  await ssm.putParameter({ Name: "still", Value: "y", Overwrite: true });
  expect(await status()).toBe("Pending");
  await ssm.putParameter({ Name: "still", Value: "z", Overwrite: true, Policies: "{}" });
  expect(await status()).toBe(undefined);
});

test("parameters are found under a path, page by page, and by the filters of DescribeParameters", async () => {
  const { ssm } = start();
  for (const Name of ["/a/1", "/a/2", "/a/b/3", "/c/4", "five"])
    await ssm.putParameter({ Name, Value: Name, Type: Name === "/c/4" ? "StringList" : "String", Tags: [{ Key: "n", Value: Name }] });
  const names = async (input: Parameters<typeof ssm.getParametersByPath>[0]) =>
    (await ssm.getParametersByPath(input)).Parameters?.map(({ Name }) => Name);
  expect(await names({ Path: "/a" })).toEqual(["/a/1", "/a/2"]);
  expect(await names({ Path: "/a/", Recursive: true })).toEqual(["/a/1", "/a/2", "/a/b/3"]);
  expect(await names({ Path: "/", Recursive: true, ParameterFilters: [{ Key: "Type", Values: ["StringList"] }] })).toEqual(["/c/4"]);
  const first = await ssm.getParametersByPath({ Path: "/a", MaxResults: 1 });
  expect(await names({ Path: "/a", MaxResults: 1, NextToken: first.NextToken })).toEqual(["/a/2"]);
  const found = async (Key: string, Option: string, ...Values: string[]) =>
    (await ssm.describeParameters({ ParameterFilters: [{ Key, Option, Values }] })).Parameters?.map(({ Name }) => Name);
  expect(await found("Name", "Equals", "/a/1", "five")).toEqual(["/a/1", "five"]);
  expect(await found("Name", "Contains", "b/")).toEqual(["/a/b/3"]);
  expect(await found("Path", "Recursive", "/a")).toEqual(["/a/1", "/a/2", "/a/b/3"]);
  expect(await found("tag:n", "Equals", "five")).toEqual(["five"]);
  expect(await refusal(found("Label", "Equals", "x"))).toMatch(/^InvalidFilterKey/);
  expect(await refusal(found("Type", "Contains", "x"))).toMatch(/^InvalidFilterOption/);
  expect(await ssm.deleteParameters({ Names: ["/a/1", "none"] })).toMatchObject({
    DeletedParameters: ["/a/1"],
    InvalidParameters: ["none"],
  });
});

test("the images that AWS publishes are found by their parameters, differ between regions, and nobody can put one", async () => {
  const { cloud, ssm } = start();
  const value = async (Name: string, client = ssm) => (await client.getParameter({ Name })).Parameter!.Value!;
  const recommended = JSON.parse(await value("/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended"));
  expect(recommended).toMatchObject({
    os: "Amazon Linux 2023",
    schema_version: 1,
    image_name: expect.stringMatching(/^al2023-ami-ecs-hvm-2023\.0\.\d{8}-kernel-6\.1-x86_64$/),
  });
  const image = await value("/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id");
  expect(image).toBe(recommended.image_id);
  expect(image).toMatch(/^ami-[0-9a-f]{17}$/);
  expect(
    await value("/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id", clients(cloud)(SSM, { region: "us-east-1" })),
  ).not.toBe(image);
  for (const name of [
    "ecs/optimized-ami/amazon-linux-2/recommended/image_id",
    "ecs/optimized-ami/amazon-linux-2/arm64/recommended/image_id",
    "ecs/optimized-ami/amazon-linux-2/kernel-5.10/gpu/recommended/image_id",
    "ecs/optimized-ami/amazon-linux-2023/neuron/recommended/image_id",
    "ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
    "ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2",
    "bottlerocket/aws-ecs-2/x86_64/latest/image_id",
  ])
    expect(publicImages("eu-west-1").map(({ imageId }) => imageId)).toContain(await value(`/aws/service/${name}`));
  const { Parameters } = await ssm.getParametersByPath({ Path: "/aws/service/bottlerocket/aws-ecs-2/x86_64", Recursive: true });
  expect(Parameters?.length).toBe(6);
  expect(Parameters?.[0]?.ARN).toMatch(/^arn:aws:ssm:eu-west-1::parameter\/aws\/service/);
  expect(await value("/aws/service/global-infrastructure/regions/eu-west-1/longName")).toBe("Europe (Ireland)");
  expect(new Set(publicImages("eu-west-1").map(({ imageId }) => imageId)).size).toBe(publicImages("eu-west-1").length);
});

test("tags are added, listed and removed, and the default tier can be set", async () => {
  const { cloud, ssm } = start();
  await ssm.putParameter({ Name: "/t", Value: "x", Type: "String" });
  const resource = { ResourceType: "Parameter" as const, ResourceId: "/t" };
  await ssm.addTagsToResource({
    ...resource,
    Tags: [
      { Key: "a", Value: "1" },
      { Key: "b", Value: "2" },
    ],
  });
  await ssm.removeTagsFromResource({ ...resource, TagKeys: ["a"] });
  expect((await ssm.listTagsForResource(resource)).TagList).toEqual([{ Key: "b", Value: "2" }]);
  expect(await refusal(ssm.listTagsForResource({ ...resource, ResourceId: "/none" }))).toMatch(/^InvalidResourceId/);
  await ssm.updateServiceSetting({ SettingId: "/ssm/parameter-store/default-parameter-tier", SettingValue: "Advanced" });
  expect((await ssm.putParameter({ Name: "u", Value: "x", Type: "String" })).Tier).toBe("Advanced");
  cloud.advance(plus(cloud.run.now, minutes(1)));
  expect((await ssm.resetServiceSetting({ SettingId: "/ssm/parameter-store/default-parameter-tier" })).ServiceSetting).toMatchObject({
    SettingValue: "Standard",
    Status: "Default",
  });
});
