import { IAM } from "@aws-sdk/client-iam";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const policy = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const connect = () => clients(new Cloud({ paranoid: true }))(IAM);

test("a custom policy is judged for each action and resource, and what decided is told with its place", async () => {
  const PolicyInputList = [
    policy(
      { Effect: "Allow", Action: "s3:*", Resource: "arn:aws:s3:::photos/*" },
      { Effect: "Deny", Action: "s3:Put*", Resource: "*", Condition: { Bool: { "aws:SecureTransport": "false" } } },
    ),
  ];
  const asked = {
    PolicyInputList,
    ActionNames: ["s3:GetObject", "s3:PutObject"],
    ResourceArns: ["arn:aws:s3:::photos/a", "arn:aws:s3:::b/a"],
  };
  const iam = connect();
  const { EvaluationResults: plain = [] } = await iam.simulateCustomPolicy(asked);
  expect(plain.map(({ EvalDecision }) => EvalDecision)).toEqual(["allowed", "implicitDeny", "allowed", "implicitDeny"]);
  expect(plain[0]).toMatchObject({
    EvalActionName: "s3:GetObject",
    EvalResourceName: "arn:aws:s3:::photos/a",
    MissingContextValues: ["aws:SecureTransport"],
    MatchedStatements: [{ SourcePolicyId: "PolicyInputList.1", StartPosition: { Line: 1, Column: 38 }, EndPosition: { Line: 1 } }],
  });
  const ContextEntries = [{ ContextKeyName: "aws:securetransport", ContextKeyValues: ["false"], ContextKeyType: "boolean" as const }];
  const { EvaluationResults: insecure = [] } = await iam.simulateCustomPolicy({ ...asked, ContextEntries });
  expect(insecure.map(({ EvalDecision }) => EvalDecision)).toEqual(["allowed", "implicitDeny", "explicitDeny", "explicitDeny"]);
  expect(insecure[0]!.MissingContextValues).toEqual([]);
});

test("a user is judged with its groups, its boundary and a resource's policy", async () => {
  const iam = connect();
  const { User } = await iam.createUser({ UserName: "ana" });
  await iam.createGroup({ GroupName: "readers" });
  await iam.addUserToGroup({ GroupName: "readers", UserName: "ana" });
  await iam.putGroupPolicy({
    GroupName: "readers",
    PolicyName: "read",
    PolicyDocument: policy({ Effect: "Allow", Action: "s3:Get*", Resource: "arn:aws:s3:::homes/${aws:username}/*" }),
  });
  const PolicySourceArn = User!.Arn!;
  const judge = async (more: object = {}) =>
    (
      await iam.simulatePrincipalPolicy({
        PolicySourceArn,
        ActionNames: ["s3:GetObject"],
        ResourceArns: ["arn:aws:s3:::homes/ana/x"],
        ...more,
      })
    ).EvaluationResults![0]!;
  const named = { ContextEntries: [{ ContextKeyName: "aws:username", ContextKeyValues: ["ana"], ContextKeyType: "string" }] };
  expect(await judge()).toMatchObject({ EvalDecision: "implicitDeny", MissingContextValues: ["aws:username"] });
  expect(await judge(named)).toMatchObject({
    EvalDecision: "allowed",
    MatchedStatements: [{ SourcePolicyId: "group_readers_read", SourcePolicyType: "group" }],
  });
  const narrow = { PermissionsBoundaryPolicyInputList: [policy({ Effect: "Allow", Action: "ec2:*", Resource: "*" })] };
  expect(await judge({ ...named, ...narrow })).toMatchObject({
    EvalDecision: "implicitDeny",
    PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false },
  });
  const ResourcePolicy = policy({ Effect: "Allow", Principal: { AWS: PolicySourceArn }, Action: "s3:*", Resource: "*" });
  expect(await judge({ ResourcePolicy })).toMatchObject({ EvalDecision: "allowed", MatchedStatements: [{ SourcePolicyType: "resource" }] });
  expect(await judge({ ResourcePolicy, ResourceOwner: "arn:aws:iam::444455556666:root" })).toMatchObject({
    EvalDecision: "implicitDeny",
    EvalDecisionDetails: { "IAM Policy": "implicitDeny", "Resource Policy": "allowed" },
  });
  expect((await iam.getContextKeysForPrincipalPolicy({ PolicySourceArn })).ContextKeyNames).toEqual(["aws:username"]);
});

test("the simulator pages, and refuses what is no action, no policy, nobody", async () => {
  const iam = connect();
  const PolicyInputList = [policy({ Effect: "Allow", Action: "*", Resource: "*" })];
  const first = await iam.simulateCustomPolicy({ PolicyInputList, ActionNames: ["s3:GetObject", "s3:PutObject"], MaxItems: 1 });
  expect(first.IsTruncated).toBe(true);
  const second = await iam.simulateCustomPolicy({ PolicyInputList, ActionNames: ["s3:GetObject", "s3:PutObject"], Marker: first.Marker });
  expect(second.EvaluationResults!.map(({ EvalActionName }) => EvalActionName)).toEqual(["s3:PutObject"]);
  await expect(iam.simulateCustomPolicy({ PolicyInputList, ActionNames: ["GetObject"] })).rejects.toMatchObject({
    name: "InvalidInputException",
  });
  await expect(iam.simulateCustomPolicy({ PolicyInputList: ["{"], ActionNames: ["s3:GetObject"] })).rejects.toMatchObject({
    name: "InvalidInputException",
  });
  await expect(
    iam.simulatePrincipalPolicy({ PolicySourceArn: "arn:aws:iam::123456789012:user/none", ActionNames: ["s3:GetObject"] }),
  ).rejects.toMatchObject({ name: "NoSuchEntityException" });
});
