import { IAM } from "@aws-sdk/client-iam";
import { STS } from "@aws-sdk/client-sts";
import { expect, test } from "vitest";
import { instant } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";
import { Front } from "../../front.ts";

test("a key signs as its user until it is made inactive, follows a new name, and is deleted", async () => {
  // The SDK signs with the machine's clock, so that the cloud's begins there.
  const cloud = new Cloud({ paranoid: true, start: instant(Date.now()) });
  const open = clients(cloud);
  const strict = clients(cloud, new Front(cloud, { verifySignatures: true }));
  const iam = open(IAM);
  await iam.createUser({ UserName: "ana" });
  const { AccessKey } = await iam.createAccessKey({ UserName: "ana" });
  const keys = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
  expect(keys.accessKeyId).toMatch(/^AKIA[A-Z0-9]{16}$/);
  expect(keys.secretAccessKey).toHaveLength(40);
  const me = strict(STS, keys);
  expect((await me.getCallerIdentity({})).Arn).toBe("arn:aws:iam::123456789012:user/ana");
  await expect(strict(STS, { ...keys, secretAccessKey: "wrong" }).getCallerIdentity({})).rejects.toMatchObject({
    name: "SignatureDoesNotMatch",
  });
  await iam.updateUser({ UserName: "ana", NewUserName: "anna", NewPath: "/team/" });
  expect((await me.getCallerIdentity({})).Arn).toBe("arn:aws:iam::123456789012:user/team/anna");
  expect((await strict(IAM, keys).getUser({})).User).toMatchObject({ UserName: "anna" });
  await strict(IAM, keys).updateAccessKey({ AccessKeyId: keys.accessKeyId, Status: "Inactive" });
  await expect(me.getCallerIdentity({})).rejects.toMatchObject({ name: "InvalidClientTokenId" });
  await expect(iam.deleteUser({ UserName: "anna" })).rejects.toMatchObject({
    message: "Cannot delete entity, must delete access keys first.",
  });
  await iam.deleteAccessKey({ UserName: "anna", AccessKeyId: keys.accessKeyId });
  await iam.deleteUser({ UserName: "anna" });
  expect(cloud.run.universe.credentials.has(keys.accessKeyId)).toBe(false);
});

test("a user leaves nothing behind, and its login follows the account's password policy", async () => {
  const iam = clients(new Cloud({ paranoid: true }))(IAM);
  await iam.createUser({ UserName: "ana" });
  await expect(iam.getAccountPasswordPolicy({})).rejects.toMatchObject({
    name: "NoSuchEntityException",
    message: "The Password Policy with domain name 123456789012 cannot be found.",
  });
  await iam.updateAccountPasswordPolicy({ MinimumPasswordLength: 12, RequireNumbers: true, MaxPasswordAge: 90 });
  expect((await iam.getAccountPasswordPolicy({})).PasswordPolicy).toMatchObject({ ExpirePasswords: true, RequireSymbols: false });
  await expect(iam.createLoginProfile({ UserName: "ana", Password: "long enough it is" })).rejects.toMatchObject({
    name: "PasswordPolicyViolationException",
  });
  await iam.createLoginProfile({ UserName: "ana", Password: "long enough 1", PasswordResetRequired: true });
  await expect(iam.deleteUser({ UserName: "ana" })).rejects.toMatchObject({ name: "DeleteConflictException" });
  await iam.deleteLoginProfile({ UserName: "ana" });
  await iam.deleteUser({ UserName: "ana" });
});

test("the account's summary, alias and details show what there is", async () => {
  const iam = clients(new Cloud({ paranoid: true }))(IAM);
  await iam.createAccountAlias({ AccountAlias: "causeway" });
  expect((await iam.listAccountAliases({})).AccountAliases).toEqual(["causeway"]);
  await iam.createUser({ UserName: "ana", Tags: [{ Key: "team", Value: "web" }] });
  await iam.attachUserPolicy({ UserName: "ana", PolicyArn: "arn:aws:iam::aws:policy/PowerUserAccess" });
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] });
  await iam.createPolicy({ PolicyName: "own", PolicyDocument });
  expect((await iam.getAccountSummary({})).SummaryMap).toMatchObject({ Users: 1, Policies: 1, Roles: 0, AccessKeysPerUserQuota: 2 });
  const all = await iam.getAccountAuthorizationDetails({});
  expect(all.UserDetailList).toMatchObject([
    { UserName: "ana", AttachedManagedPolicies: [{ PolicyName: "PowerUserAccess" }], Tags: [{ Key: "team", Value: "web" }] },
  ]);
  expect(new Set(all.Policies!.map(({ PolicyName }) => PolicyName))).toEqual(new Set(["PowerUserAccess", "own"]));
  const local = await iam.getAccountAuthorizationDetails({ Filter: ["LocalManagedPolicy"] });
  expect(local).toMatchObject({ UserDetailList: [], Policies: [{ PolicyName: "own", PolicyVersionList: [{ IsDefaultVersion: true }] }] });
});

test("AWS's own policies are attached, counted, listed and not to be changed", async () => {
  const iam = clients(new Cloud({ paranoid: true }))(IAM);
  const PolicyArn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
  await iam.createGroup({ GroupName: "g" });
  await iam.attachGroupPolicy({ GroupName: "g", PolicyArn });
  await iam.attachGroupPolicy({ GroupName: "g", PolicyArn });
  expect((await iam.getPolicy({ PolicyArn })).Policy).toMatchObject({ AttachmentCount: 1, Path: "/service-role/", DefaultVersionId: "v1" });
  const { PolicyVersion } = await iam.getPolicyVersion({ PolicyArn, VersionId: "v1" });
  expect(JSON.parse(decodeURIComponent(PolicyVersion!.Document!)).Statement[0].Action).toContain("ecr:GetAuthorizationToken");
  expect((await iam.listPolicies({ OnlyAttached: true })).Policies!.map(({ Arn }) => Arn)).toEqual([PolicyArn]);
  expect((await iam.listEntitiesForPolicy({ PolicyArn })).PolicyGroups).toMatchObject([{ GroupName: "g" }]);
  await expect(iam.deletePolicy({ PolicyArn })).rejects.toMatchObject({ name: "AccessDenied" });
  await expect(iam.attachGroupPolicy({ GroupName: "g", PolicyArn: "arn:aws:iam::aws:policy/None" })).rejects.toMatchObject({
    name: "NoSuchEntityException",
    message: "Policy arn:aws:iam::aws:policy/None does not exist or is not attachable.",
  });
});

test("tags: 50 at most, keys alike but for case are one, aws: is reserved", async () => {
  const iam = clients(new Cloud({ paranoid: true }))(IAM);
  await iam.createUser({ UserName: "ana" });
  const tags = (count: number) => Array.from({ length: count }, (_, index) => ({ Key: `k${index}`, Value: "v" }));
  await iam.tagUser({ UserName: "ana", Tags: tags(50) });
  await iam.tagUser({ UserName: "ana", Tags: [{ Key: "K0", Value: "new" }] });
  expect((await iam.listUserTags({ UserName: "ana" })).Tags).toHaveLength(50);
  await expect(iam.tagUser({ UserName: "ana", Tags: tags(51) })).rejects.toMatchObject({ name: "InvalidInputException" });
  await expect(iam.tagUser({ UserName: "ana", Tags: [{ Key: "aws:x", Value: "" }] })).rejects.toMatchObject({
    name: "InvalidInputException",
  });
  await iam.untagUser({ UserName: "ana", TagKeys: tags(50).map(({ Key }) => Key) });
  expect((await iam.listUserTags({ UserName: "ana" })).Tags).toEqual([]);
});
