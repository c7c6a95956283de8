import { IAM } from "@aws-sdk/client-iam";
import { STS, type Credentials } from "@aws-sdk/client-sts";
import { expect, test } from "vitest";
import { hours, plus } from "../../kernel/units.ts";
import { clients } from "../clients.ts";
import { Cloud } from "../cloud.ts";

test("a caller learns who it is, and a key that is an account number chooses the account", async () => {
  const connect = clients(new Cloud({ paranoid: true }));
  expect(await connect(STS).getCallerIdentity({})).toMatchObject({ Account: "123456789012", Arn: "arn:aws:iam::123456789012:root" });
  expect(await connect(STS, { accessKeyId: "210987654321" }).getCallerIdentity({})).toMatchObject({ Account: "210987654321" });
});

test("a session's keys name the session and run out by the cloud's clock", async () => {
  const cloud = new Cloud({ paranoid: true });
  const connect = clients(cloud);
  const { Credentials } = await connect(STS).getSessionToken({ DurationSeconds: 900 });
  expect(Credentials!.Expiration).toEqual(new Date(900_000));
  expect(Credentials!.AccessKeyId).toMatch(/^ASIA[A-Z0-9]{16}$/);
  const session = connect(STS, {
    accessKeyId: Credentials!.AccessKeyId,
    secretAccessKey: Credentials!.SecretAccessKey,
    sessionToken: Credentials!.SessionToken,
  });
  expect(await session.getCallerIdentity({})).toMatchObject({ Arn: "arn:aws:iam::123456789012:root" });
});

test("a duration out of range and an operation that is lacking are refused by name", async () => {
  const sts = clients(new Cloud({ paranoid: true }))(STS);
  await expect(sts.getSessionToken({ DurationSeconds: 899 })).rejects.toMatchObject({ name: "ValidationError" });
  await expect(sts.decodeAuthorizationMessage({ EncodedMessage: "x" })).rejects.toMatchObject({
    name: "NotImplemented",
    message: "Causeway does not emulate sts:DecodeAuthorizationMessage.",
    $metadata: { httpStatusCode: 501 },
  });
  await expect(sts.getAccessKeyInfo({} as never)).rejects.toMatchObject({
    name: "ValidationError",
    message: expect.stringContaining("'accessKeyId'"),
  });
});

const trusting = (Principal: object, more: object = {}) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal, Action: ["sts:AssumeRole", "sts:TagSession", "sts:AssumeRoleWithWebIdentity"], ...more }],
  });
const allowing = (Action: string) => JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: "*" }] });
const arn = (name: string) => `arn:aws:iam::123456789012:role/${name}`;

function roles() {
  const cloud = new Cloud({ paranoid: true });
  const connect = clients(cloud);
  const iam = connect(IAM);
  const as = ({ AccessKeyId, SecretAccessKey, SessionToken }: Credentials) =>
    connect(STS, { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken });
  return { cloud, connect, iam, sts: connect(STS), as };
}

test("a user takes a role that trusts its account only with a policy of its own, one that trusts the user without", async () => {
  const { connect, iam } = roles();
  await iam.createUser({ UserName: "ana" });
  const { AccessKey } = await iam.createAccessKey({ UserName: "ana" });
  const ana = connect(STS, { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! });
  await iam.createRole({ RoleName: "account", AssumeRolePolicyDocument: trusting({ AWS: "123456789012" }) });
  await iam.createRole({ RoleName: "direct", AssumeRolePolicyDocument: trusting({ AWS: "arn:aws:iam::123456789012:user/ana" }) });
  await ana.assumeRole({ RoleArn: arn("direct"), RoleSessionName: "one" });
  await expect(ana.assumeRole({ RoleArn: arn("account"), RoleSessionName: "one" })).rejects.toMatchObject({
    name: "AccessDenied",
    message: `User: arn:aws:iam::123456789012:user/ana is not authorized to perform: sts:AssumeRole on resource: ${arn("account")}`,
  });
  await iam.putUserPolicy({ UserName: "ana", PolicyName: "p", PolicyDocument: allowing("sts:AssumeRole") });
  await ana.assumeRole({ RoleArn: arn("account"), RoleSessionName: "one" });
  await expect(ana.assumeRole({ RoleArn: arn("none"), RoleSessionName: "one" })).rejects.toMatchObject({ name: "AccessDenied" });
});

test("an external id keeps out who does not know it", async () => {
  const { iam, sts } = roles();
  const Condition = { StringEquals: { "sts:ExternalId": "secret-1" } };
  await iam.createRole({ RoleName: "r", AssumeRolePolicyDocument: trusting({ AWS: "123456789012" }, { Condition }) });
  await expect(sts.assumeRole({ RoleArn: arn("r"), RoleSessionName: "one" })).rejects.toMatchObject({ name: "AccessDenied" });
  await expect(sts.assumeRole({ RoleArn: arn("r"), RoleSessionName: "one", ExternalId: "guess" })).rejects.toMatchObject({
    name: "AccessDenied",
  });
  await sts.assumeRole({ RoleArn: arn("r"), RoleSessionName: "one", ExternalId: "secret-1" });
});

test("a role's session lasts as long as the role allows, and one hour when roles are chained", async () => {
  const { cloud, iam, sts, as } = roles();
  await iam.createRole({ RoleName: "a", AssumeRolePolicyDocument: trusting({ AWS: "123456789012" }), MaxSessionDuration: 7200 });
  await iam.createRole({ RoleName: "b", AssumeRolePolicyDocument: trusting({ AWS: arn("a") }), MaxSessionDuration: 7200 });
  const { Credentials: first } = await sts.assumeRole({ RoleArn: arn("a"), RoleSessionName: "one", DurationSeconds: 7200 });
  await expect(sts.assumeRole({ RoleArn: arn("a"), RoleSessionName: "one", DurationSeconds: 7201 })).rejects.toMatchObject({
    message: "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
  });
  const chained = as(first!);
  await expect(chained.assumeRole({ RoleArn: arn("b"), RoleSessionName: "two", DurationSeconds: 3601 })).rejects.toMatchObject({
    message: "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
  });
  const { AssumedRoleUser } = await chained.assumeRole({ RoleArn: arn("b"), RoleSessionName: "two" });
  const { Role } = await iam.getRole({ RoleName: "b" });
  expect(AssumedRoleUser).toEqual({ Arn: "arn:aws:sts::123456789012:assumed-role/b/two", AssumedRoleId: `${Role!.RoleId}:two` });
  await expect(chained.getSessionToken({})).rejects.toMatchObject({ name: "AccessDenied" });
  expect(cloud.run.universe.credentials.size).toBe(2);
  cloud.advance(plus(cloud.run.now, hours(27)));
  expect(cloud.run.universe.credentials.size).toBe(0);
});

test("a session policy narrows what the session's role may do, tags pass on when they are transitive", async () => {
  const { iam, sts, as } = roles();
  await iam.createRole({ RoleName: "a", AssumeRolePolicyDocument: trusting({ AWS: "123456789012" }) });
  await iam.putRolePolicy({ RoleName: "a", PolicyName: "p", PolicyDocument: allowing("sts:*") });
  const Condition = { StringEquals: { "aws:PrincipalTag/team": "web" } };
  await iam.createRole({ RoleName: "b", AssumeRolePolicyDocument: trusting({ AWS: "123456789012" }, { Condition }) });
  const asked = { RoleArn: arn("a"), RoleSessionName: "one", Tags: [{ Key: "team", Value: "web" }], TransitiveTagKeys: ["team"] };
  const { Credentials: wide } = await sts.assumeRole(asked);
  await as(wide!).assumeRole({ RoleArn: arn("b"), RoleSessionName: "two" });
  const { Credentials: narrow, PackedPolicySize } = await sts.assumeRole({ ...asked, Policy: allowing("s3:*") });
  expect(PackedPolicySize).toBeGreaterThan(0);
  await expect(as(narrow!).assumeRole({ RoleArn: arn("b"), RoleSessionName: "two" })).rejects.toMatchObject({ name: "AccessDenied" });
});

test("a token of a known provider takes a role that trusts it, for its own audience and subject", async () => {
  const { iam, sts } = roles();
  const { OpenIDConnectProviderArn } = await iam.createOpenIDConnectProvider({
    Url: "https://token.example.com",
    ClientIDList: ["sts.amazonaws.com"],
  });
  const Condition = { StringLike: { "token.example.com:sub": "repo:shop/*" } };
  await iam.createRole({ RoleName: "ci", AssumeRolePolicyDocument: trusting({ Federated: OpenIDConnectProviderArn }, { Condition }) });
  const token = (claims: object) =>
    `e30.${Buffer.from(JSON.stringify({ iss: "https://token.example.com", aud: "sts.amazonaws.com", sub: "repo:shop/web", ...claims })).toString("base64url")}.x`;
  const take = (claims: object) =>
    sts.assumeRoleWithWebIdentity({ RoleArn: arn("ci"), RoleSessionName: "one", WebIdentityToken: token(claims) });
  expect(await take({})).toMatchObject({ SubjectFromWebIdentityToken: "repo:shop/web", Provider: OpenIDConnectProviderArn });
  await expect(take({ sub: "repo:other/web" })).rejects.toMatchObject({
    message: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
  });
  await expect(take({ aud: "other" })).rejects.toMatchObject({ name: "InvalidIdentityTokenException" });
  await expect(take({ iss: "https://none.example.com" })).rejects.toMatchObject({ name: "InvalidIdentityTokenException" });
});
