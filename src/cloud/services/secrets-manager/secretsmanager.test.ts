import { KMS } from "@aws-sdk/client-kms";
import { SecretsManager, type GetRandomPasswordRequest } from "@aws-sdk/client-secrets-manager";
import { expect, test } from "vitest";
import { days, plus } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const start = () => {
  const cloud = new Cloud({ paranoid: true });
  const secrets = (region = "eu-west-1") => clients(cloud)(SecretsManager, { region });
  return { cloud, secrets, manager: secrets(), kms: clients(cloud)(KMS, { region: "eu-west-1" }) };
};
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => "no refusal",
    (error: Error) => `${error.name}: ${error.message}`,
  );

test("a secret is made, read by name, ARN and partial ARN, and the labels move with every new value", async () => {
  const { manager } = start();
  const { ARN, VersionId } = await manager.createSecret({ Name: "app/db", SecretString: "one" });
  expect(ARN).toMatch(/^arn:aws:secretsmanager:eu-west-1:123456789012:secret:app\/db-[A-Za-z0-9]{6}$/);
  const value = async (SecretId: string, more = {}) => (await manager.getSecretValue({ SecretId, ...more })).SecretString;
  for (const id of ["app/db", ARN!, ARN!.slice(0, -7)]) expect(await value(id)).toBe("one");
  const second = await manager.putSecretValue({ SecretId: "app/db", SecretString: "two" });
  expect([await value("app/db"), await value("app/db", { VersionStage: "AWSPREVIOUS" }), await value("app/db", { VersionId })]).toEqual([
    "two",
    "one",
    "one",
  ]);
  const third = await manager.putSecretValue({ SecretId: "app/db", SecretString: "three", VersionStages: ["AWSPENDING"] });
  expect(await value("app/db")).toBe("two");
  await manager.updateSecretVersionStage({
    SecretId: "app/db",
    VersionStage: "AWSCURRENT",
    MoveToVersionId: third.VersionId,
    RemoveFromVersionId: second.VersionId,
  });
  expect((await manager.describeSecret({ SecretId: "app/db" })).VersionIdsToStages).toEqual({
    [second.VersionId!]: ["AWSPREVIOUS"],
    [third.VersionId!]: ["AWSPENDING", "AWSCURRENT"],
  });
  expect(
    await refusal(manager.updateSecretVersionStage({ SecretId: "app/db", VersionStage: "AWSCURRENT", MoveToVersionId: VersionId })),
  ).toMatch(/RemoveFromVersionId can't be empty/);
  expect((await manager.listSecretVersionIds({ SecretId: "app/db" })).Versions?.length).toBe(2);
  expect((await manager.listSecretVersionIds({ SecretId: "app/db", IncludeDeprecated: true })).Versions?.length).toBe(3);
  expect(await refusal(value("none"))).toMatch(/^ResourceNotFoundException: Secrets Manager can't find the specified secret\.$/);
  expect(await refusal(value("app/db", { VersionStage: "x" }))).toMatch(/can't find the specified secret value for staging label: x/);
});

test("a request with the same token makes one version, and with another value is refused", async () => {
  const { manager } = start();
  const ClientRequestToken = "0123456789abcdef0123456789abcdef";
  const wanted = { Name: "s", SecretString: "x", ClientRequestToken };
  const made = await manager.createSecret(wanted);
  expect(await manager.createSecret(wanted)).toMatchObject({ ARN: made.ARN, VersionId: ClientRequestToken });
  expect((await manager.putSecretValue({ SecretId: "s", SecretString: "x", ClientRequestToken })).VersionId).toBe(ClientRequestToken);
  expect(await refusal(manager.putSecretValue({ SecretId: "s", SecretString: "y", ClientRequestToken }))).toMatch(
    /^ResourceExistsException: You can't use ClientRequestToken/,
  );
  expect(await refusal(manager.createSecret({ Name: "s", SecretString: "x" }))).toMatch(
    /^ResourceExistsException: The operation failed because the secret s already exists/,
  );
});

test("a deleted secret can be restored until its window is over, and its name is free only then", async () => {
  const { cloud, manager } = start();
  await manager.createSecret({ Name: "s", SecretString: "x" });
  expect(await refusal(manager.deleteSecret({ SecretId: "s", RecoveryWindowInDays: 6 }))).toMatch(/must be between 7 and 30 days/);
  expect((await manager.deleteSecret({ SecretId: "s" })).DeletionDate?.getTime()).toBe(plus(cloud.run.now, days(30)));
  expect(await refusal(manager.getSecretValue({ SecretId: "s" }))).toMatch(/^InvalidRequestException: .*marked for deletion/);
  expect(await refusal(manager.createSecret({ Name: "s" }))).toMatch(/already scheduled for deletion/);
  expect((await manager.listSecrets({})).SecretList).toEqual([]);
  expect((await manager.listSecrets({ IncludePlannedDeletion: true })).SecretList?.length).toBe(1);
  await manager.restoreSecret({ SecretId: "s" });
  expect((await manager.getSecretValue({ SecretId: "s" })).SecretString).toBe("x");
  await manager.deleteSecret({ SecretId: "s", RecoveryWindowInDays: 7 });
  cloud.advance(plus(cloud.run.now, days(7)));
  expect(await refusal(manager.describeSecret({ SecretId: "s" }))).toMatch(/^ResourceNotFoundException/);
  await manager.createSecret({ Name: "s" });
  await manager.deleteSecret({ SecretId: "s", ForceDeleteWithoutRecovery: true });
  expect(await refusal(manager.describeSecret({ SecretId: "s" }))).toMatch(/^ResourceNotFoundException/);
  await manager.deleteSecret({ SecretId: "s", ForceDeleteWithoutRecovery: true });
});

test("values are encrypted with the secret's key: without it nothing is read or written, and a new key takes the values over", async () => {
  const { manager, kms } = start();
  const [one, other] = [(await kms.createKey({})).KeyMetadata!.KeyId!, (await kms.createKey({})).KeyMetadata!.KeyId!];
  await manager.createSecret({ Name: "s", SecretBinary: Buffer.from([1, 2, 3]), KmsKeyId: one });
  await manager.updateSecret({ SecretId: "s", KmsKeyId: other });
  await kms.disableKey({ KeyId: one });
  expect((await manager.getSecretValue({ SecretId: "s" })).SecretBinary).toEqual(new Uint8Array([1, 2, 3]));
  await kms.disableKey({ KeyId: other });
  expect(await refusal(manager.getSecretValue({ SecretId: "s" }))).toMatch(/^DecryptionFailure/);
  expect(await refusal(manager.putSecretValue({ SecretId: "s", SecretString: "x" }))).toMatch(/^EncryptionFailure/);
  expect(await refusal(manager.createSecret({ Name: "t", SecretString: "x", KmsKeyId: "alias/none" }))).toMatch(/^EncryptionFailure/);
  expect((await manager.batchGetSecretValue({ SecretIdList: ["s", "t"] })).Errors?.map(({ ErrorCode }) => ErrorCode)).toEqual([
    "DecryptionFailure",
    "ResourceNotFoundException",
  ]);
});

test("SM-01 SM-02 a replica follows its primary, can't be changed, and stands alone when it is promoted", async () => {
  const { cloud, secrets, manager } = start();
  const there = secrets("eu-central-1");
  const { ARN } = await manager.createSecret({
    Name: "s",
    SecretString: "one",
    Tags: [{ Key: "a", Value: "1" }],
    AddReplicaRegions: [{ Region: "eu-central-1" }],
  });
  expect((await manager.describeSecret({ SecretId: "s" })).ReplicationStatus).toMatchObject([
    { Region: "eu-central-1", Status: "InProgress" },
  ]);
  cloud.settle();
  expect((await manager.describeSecret({ SecretId: "s" })).ReplicationStatus).toMatchObject([
    { Status: "InSync", KmsKeyId: "alias/aws/secretsmanager" },
  ]);
  expect(await there.describeSecret({ SecretId: "s" })).toMatchObject({
    ARN: ARN!.replace("eu-west-1", "eu-central-1"),
    PrimaryRegion: "eu-west-1",
    Tags: [{ Key: "a", Value: "1" }],
  });
  await manager.putSecretValue({ SecretId: "s", SecretString: "two" });
  await manager.putResourcePolicy({
    SecretId: "s",
    ResourcePolicy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Deny", Principal: "*", Action: "secretsmanager:DeleteSecret", Resource: "*" }],
    }),
  });
  expect((await there.getSecretValue({ SecretId: "s" })).SecretString).toBe("one");
  cloud.settle();
  expect((await there.getSecretValue({ SecretId: "s" })).SecretString).toBe("two");
  expect((await there.getResourcePolicy({ SecretId: "s" })).ResourcePolicy).toContain("Deny");
  expect(await refusal(there.putSecretValue({ SecretId: "s", SecretString: "x" }))).toMatch(
    /^InvalidRequestException: Operation not permitted on a replica secret/,
  );
  expect(await refusal(manager.deleteSecret({ SecretId: "s" }))).toMatch(/still has replica regions \[eu-central-1\]/);
  await there.stopReplicationToReplica({ SecretId: "s" });
  await there.putSecretValue({ SecretId: "s", SecretString: "three" });
  cloud.settle();
  expect((await manager.getSecretValue({ SecretId: "s" })).SecretString).toBe("two");
  await manager.replicateSecretToRegions({ SecretId: "s", AddReplicaRegions: [{ Region: "eu-central-1" }] });
  cloud.settle();
  expect((await manager.describeSecret({ SecretId: "s" })).ReplicationStatus).toMatchObject([
    { Status: "Failed", StatusMessage: "Replication failed: Secret name s already exists in region eu-central-1." },
  ]);
  await manager.replicateSecretToRegions({
    SecretId: "s",
    AddReplicaRegions: [{ Region: "eu-central-1" }],
    ForceOverwriteReplicaSecret: true,
  });
  cloud.settle();
  expect((await there.getSecretValue({ SecretId: "s" })).SecretString).toBe("two");
  await manager.removeRegionsFromReplication({ SecretId: "s", RemoveReplicaRegions: ["eu-central-1"] });
  expect(await refusal(there.describeSecret({ SecretId: "s" }))).toMatch(/^ResourceNotFoundException/);
});

test("secrets are listed by filters and page by page", async () => {
  const { manager } = start();
  for (const Name of ["app/one", "app/two", "web"])
    await manager.createSecret({ Name, Description: `The ${Name} Password`, Tags: [{ Key: "n", Value: Name }] });
  const found = async (Key: "name" | "description" | "tag-value" | "all", ...Values: string[]) =>
    (await manager.listSecrets({ Filters: [{ Key, Values }], SortOrder: "asc" })).SecretList?.map(({ Name }) => Name);
  expect(await found("name", "app/")).toEqual(["app/one", "app/two"]);
  expect(await found("name", "!app/")).toEqual(["web"]);
  expect(await found("description", "password")).toEqual(["app/one", "app/two", "web"]);
  expect(await found("tag-value", "web", "app/one")).toEqual(["app/one", "web"]);
  expect(await found("all", "two")).toEqual(["app/two"]);
  const first = await manager.listSecrets({ MaxResults: 2 });
  expect((await manager.listSecrets({ MaxResults: 2, NextToken: first.NextToken })).SecretList?.length).toBe(1);
  expect(await refusal(manager.listSecrets({ NextToken: "?" }))).toMatch(/^InvalidNextTokenException/);
});

const PASSWORDS: [GetRandomPasswordRequest, number, RegExp[]][] = [
  [{}, 32, [/[A-Z]/, /[a-z]/, /[0-9]/, /[!-/:-@[-`{-~]/]],
  [{ PasswordLength: 4 }, 4, [/[A-Z]/, /[a-z]/, /[0-9]/, /[!-/:-@[-`{-~]/]],
  [{ PasswordLength: 200, ExcludePunctuation: true, ExcludeNumbers: true, ExcludeCharacters: "abc" }, 200, [/^[A-Zd-z]*$/]],
  [{ PasswordLength: 50, ExcludePunctuation: true, ExcludeLowercase: true, ExcludeUppercase: true }, 50, [/^\d*$/]],
];
test.each(PASSWORDS)("a random password with %j has %i characters as asked for", async (options, length, forms) => {
  const { manager } = start();
  const password = (await manager.getRandomPassword(options)).RandomPassword!;
  expect(password.length).toBe(length);
  for (const form of forms) expect(password).toMatch(form);
  expect((await manager.getRandomPassword({})).RandomPassword).not.toBe((await manager.getRandomPassword({})).RandomPassword);
});

test("rotation needs a function that is there, passwords need room, and policies are checked", async () => {
  const { manager } = start();
  await manager.createSecret({ Name: "s", SecretString: "x" });
  expect(await refusal(manager.rotateSecret({ SecretId: "s" }))).toMatch(/^InvalidRequestException: No Lambda rotation function ARN/);
  const RotationLambdaARN = "arn:aws:lambda:eu-west-1:123456789012:function:f";
  expect(await refusal(manager.rotateSecret({ SecretId: "s", RotationLambdaARN, RotationRules: { AutomaticallyAfterDays: 30 } }))).toMatch(
    /^AccessDeniedException: Secrets Manager cannot invoke/,
  );
  expect(await refusal(manager.getRandomPassword({ PasswordLength: 3 }))).toMatch(/^InvalidParameterException/);
  expect(await refusal(manager.putResourcePolicy({ SecretId: "s", ResourcePolicy: "{" }))).toMatch(/^MalformedPolicyDocumentException/);
  const everybody = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }] });
  expect(await refusal(manager.putResourcePolicy({ SecretId: "s", ResourcePolicy: everybody, BlockPublicPolicy: true }))).toMatch(
    /^PublicPolicyException/,
  );
  expect((await manager.validateResourcePolicy({ ResourcePolicy: everybody })).PolicyValidationPassed).toBe(false);
});

test("a secret that an AWS service manages rotates by itself", async () => {
  const { cloud, manager } = start();
  await manager.createSecret({ Name: "rds!db-1", SecretString: JSON.stringify({ username: "admin", password: "old" }) });
  await manager.rotateSecret({ SecretId: "rds!db-1", RotationRules: { AutomaticallyAfterDays: 7 } });
  const value = async () => JSON.parse((await manager.getSecretValue({ SecretId: "rds!db-1" })).SecretString!);
  const first = await value();
  expect(first).toMatchObject({ username: "admin", password: expect.stringMatching(/^[A-Za-z0-9]{32}$/) });
  expect((await manager.describeSecret({ SecretId: "rds!db-1" })).NextRotationDate?.getTime()).toBe(plus(cloud.run.now, days(7)));
  cloud.advance(plus(cloud.run.now, days(7)));
  expect((await value()).password).not.toBe(first.password);
  await manager.cancelRotateSecret({ SecretId: "rds!db-1" });
  expect(await manager.describeSecret({ SecretId: "rds!db-1" })).toMatchObject({ RotationEnabled: false, OwningService: "rds" });
});
