import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { IAM } from "@aws-sdk/client-iam";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const Capabilities = ["CAPABILITY_NAMED_IAM" as const];
const document = (Action: string) => ({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: "*" }] });
const AssumeRolePolicyDocument = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" }],
};

function start() {
  const cloud = new Cloud({ paranoid: true });
  const cfn = clients(cloud)(CloudFormation);
  const put = async (Resources: object, Outputs: object = {}, again = false) => {
    const asked = {
      StackName: "s",
      TemplateBody: JSON.stringify({ Resources, Outputs }),
      Capabilities,
      Tags: [{ Key: "stack", Value: "s" }],
    };
    await (again ? cfn.updateStack(asked) : cfn.createStack(asked));
    cloud.settle();
    const stack = (await cfn.describeStacks({ StackName: "s" })).Stacks![0]!;
    return {
      status: stack.StackStatus,
      out: Object.fromEntries((stack.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])),
    };
  };
  const remove = async () => {
    await cfn.deleteStack({ StackName: "s" });
    cloud.settle();
  };
  return { cloud, cfn, put, remove, iam: clients(cloud)(IAM) };
}

test("a role whose policy does not exist is not left half made", async () => {
  const { put, iam } = start();
  const Properties = {
    AssumeRolePolicyDocument,
    ManagedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/None"],
  };
  expect((await put({ R: { Type: "AWS::IAM::Role", Properties } })).status).toBe("ROLLBACK_COMPLETE");
  expect((await iam.listRoles({})).Roles).toEqual([]);
});

test("a role's properties change in place, and what others attached stops its deletion", async () => {
  const { put, iam, remove, cfn } = start();
  const role = (more: object) => ({ R: { Type: "AWS::IAM::Role", Properties: { RoleName: "r", AssumeRolePolicyDocument, ...more } } });
  await put(
    role({
      Policies: [{ PolicyName: "a", PolicyDocument: document("s3:*") }],
      Tags: [{ Key: "x", Value: "1" }],
      MaxSessionDuration: "7200",
    }),
  );
  expect((await iam.getRole({ RoleName: "r" })).Role).toMatchObject({
    MaxSessionDuration: 7200,
    Tags: expect.arrayContaining([
      { Key: "x", Value: "1" },
      { Key: "stack", Value: "s" },
      { Key: "aws:cloudformation:stack-name", Value: "s" },
    ]),
  });
  const changed = {
    Policies: [{ PolicyName: "b", PolicyDocument: document("s3:*") }],
    ManagedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
  };
  expect((await put(role(changed), {}, true)).status).toBe("UPDATE_COMPLETE");
  expect((await iam.listRolePolicies({ RoleName: "r" })).PolicyNames).toEqual(["b"]);
  const after = (await iam.getRole({ RoleName: "r" })).Role!;
  expect(after.MaxSessionDuration).toBe(3600);
  expect(after.Tags!.map(({ Key }) => Key)).not.toContain("x");
  await iam.attachRolePolicy({ RoleName: "r", PolicyArn: "arn:aws:iam::aws:policy/PowerUserAccess" });
  await remove();
  const { Stacks } = await cfn.describeStacks({ StackName: "s" });
  expect(Stacks![0]!.StackStatus).toBe("DELETE_FAILED");
});

test("a managed policy keeps its ARN through seven documents, five of them kept", async () => {
  const { put, iam, remove } = start();
  const policy = (version: number) => ({
    P: { Type: "AWS::IAM::ManagedPolicy", Properties: { PolicyDocument: document(`s3:v${version}`) } },
  });
  const { out } = await put(policy(1), { Arn: { Value: { Ref: "P" } } });
  for (let version = 2; version <= 7; version++) await put(policy(version), { Arn: { Value: { Ref: "P" } } }, true);
  const { Versions = [] } = await iam.listPolicyVersions({ PolicyArn: out.Arn });
  expect(Versions.map(({ VersionId }) => VersionId)).toEqual(["v7", "v6", "v5", "v4", "v3"]);
  expect(Versions[0]!.IsDefaultVersion).toBe(true);
  await remove();
  expect((await iam.listPolicies({ Scope: "Local" })).Policies).toEqual([]);
});

test("users, groups, keys and memberships come and go together", async () => {
  const { put, iam, remove, cloud } = start();
  const resources = {
    U: { Type: "AWS::IAM::User", Properties: { Policies: [{ PolicyName: "own", PolicyDocument: document("s3:*") }] } },
    G: { Type: "AWS::IAM::Group", Properties: { ManagedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"] } },
    K: { Type: "AWS::IAM::AccessKey", Properties: { UserName: { Ref: "U" } } },
    M: { Type: "AWS::IAM::UserToGroupAddition", Properties: { GroupName: { Ref: "G" }, Users: [{ Ref: "U" }] } },
    P: { Type: "AWS::IAM::UserPolicy", Properties: { PolicyName: "more", UserName: { Ref: "U" }, PolicyDocument: document("sqs:*") } },
  };
  const outputs = {
    User: { Value: { Ref: "U" } },
    Key: { Value: { Ref: "K" } },
    Secret: { Value: { "Fn::GetAtt": ["K", "SecretAccessKey"] } },
  };
  const { status, out } = await put(resources, outputs);
  expect(status).toBe("CREATE_COMPLETE");
  expect(out.Secret).toBe(cloud.run.universe.credentials.get(out.Key ?? "")?.secretAccessKey);
  expect((await iam.listGroupsForUser({ UserName: out.User! })).Groups).toHaveLength(1);
  expect((await iam.listUserPolicies({ UserName: out.User! })).PolicyNames).toEqual(["more", "own"]);
  await remove();
  expect((await iam.listUsers({})).Users).toEqual([]);
  expect((await iam.listGroups({})).Groups).toEqual([]);
  expect(cloud.run.universe.credentials.size).toBe(0);
});

test("a service-linked role and an identity provider are made by a stack and taken away", async () => {
  const { put, iam, remove } = start();
  const resources = {
    S: { Type: "AWS::IAM::ServiceLinkedRole", Properties: { AWSServiceName: "ecs.amazonaws.com" } },
    O: { Type: "AWS::IAM::OIDCProvider", Properties: { Url: "https://token.example.com", ClientIdList: ["sts.amazonaws.com"] } },
  };
  const { out } = await put(resources, { Role: { Value: { Ref: "S" } }, Provider: { Value: { "Fn::GetAtt": ["O", "Arn"] } } });
  expect(out).toEqual({ Role: "AWSServiceRoleForECS", Provider: "arn:aws:iam::123456789012:oidc-provider/token.example.com" });
  await expect(iam.deleteRole({ RoleName: "AWSServiceRoleForECS" })).rejects.toMatchObject({ name: "UnmodifiableEntityException" });
  await remove();
  expect((await iam.listRoles({})).Roles).toEqual([]);
});
