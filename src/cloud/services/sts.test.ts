import { STS } from "@aws-sdk/client-sts";
import { expect, test } from "vitest";
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
