import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { IAM } from "@aws-sdk/client-iam";
import { STS } from "@aws-sdk/client-sts";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const trust = (Service: string) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }] });
const allow = (Action: string | string[], Resource = "*") =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource }] });

function connect() {
  const cloud = new Cloud({ paranoid: true });
  const connection = clients(cloud);
  return { cloud, connection, iam: connection(IAM, { region: "us-east-1" }) };
}

test("a role is made, read back, tagged, changed and only deleted when nothing hangs on it", async () => {
  const { iam } = connect();
  const { Role } = await iam.createRole({
    RoleName: "worker",
    AssumeRolePolicyDocument: trust("ec2.amazonaws.com"),
    Tags: [{ Key: "team", Value: "web" }],
  });
  expect(Role).toMatchObject({
    Arn: "arn:aws:iam::123456789012:role/worker",
    RoleId: expect.stringMatching(/^AROA[A-Z0-9]{17}$/),
    Path: "/",
  });
  expect(decodeURIComponent(Role!.AssumeRolePolicyDocument!)).toBe(trust("ec2.amazonaws.com"));
  await iam.putRolePolicy({ RoleName: "worker", PolicyName: "inline", PolicyDocument: allow("s3:GetObject") });
  await iam.attachRolePolicy({ RoleName: "worker", PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" });
  await expect(iam.deleteRole({ RoleName: "worker" })).rejects.toMatchObject({ name: "DeleteConflictException" });
  expect((await iam.listRolePolicies({ RoleName: "worker" })).PolicyNames).toEqual(["inline"]);
  expect(decodeURIComponent((await iam.getRolePolicy({ RoleName: "worker", PolicyName: "inline" })).PolicyDocument!)).toBe(
    allow("s3:GetObject"),
  );
  await iam.updateRole({ RoleName: "worker", Description: "works", MaxSessionDuration: 7200 });
  expect((await iam.getRole({ RoleName: "WORKER" })).Role).toMatchObject({
    Description: "works",
    MaxSessionDuration: 7200,
    Tags: [{ Key: "team", Value: "web" }],
  });
  await iam.detachRolePolicy({ RoleName: "worker", PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" });
  await iam.deleteRolePolicy({ RoleName: "worker", PolicyName: "inline" });
  await iam.deleteRole({ RoleName: "worker" });
  await expect(iam.getRole({ RoleName: "worker" })).rejects.toMatchObject({ name: "NoSuchEntityException" });
});

test("names are unique whatever their case, and documents must be policies", async () => {
  const { iam } = connect();
  await iam.createRole({ RoleName: "worker", AssumeRolePolicyDocument: trust("ec2.amazonaws.com") });
  await expect(iam.createRole({ RoleName: "Worker", AssumeRolePolicyDocument: trust("ec2.amazonaws.com") })).rejects.toMatchObject({
    name: "EntityAlreadyExistsException",
  });
  for (const document of ["{", "{}", '{"Version":"2012-10-17","Statement":[{"Effect":"Perhaps","Action":"*","Resource":"*"}]}']) {
    await expect(iam.createPolicy({ PolicyName: "p", PolicyDocument: document })).rejects.toMatchObject({
      name: "MalformedPolicyDocumentException",
    });
  }
});

test("a managed policy has up to five versions, one of them the default", async () => {
  const { iam } = connect();
  const { Policy } = await iam.createPolicy({ PolicyName: "p", PolicyDocument: allow("s3:v1") });
  const PolicyArn = Policy!.Arn!;
  for (let version = 2; version <= 5; version++)
    await iam.createPolicyVersion({ PolicyArn, PolicyDocument: allow(`s3:v${version}`), SetAsDefault: version === 3 });
  await expect(iam.createPolicyVersion({ PolicyArn, PolicyDocument: allow("s3:v6") })).rejects.toMatchObject({
    name: "LimitExceededException",
  });
  const { Versions } = await iam.listPolicyVersions({ PolicyArn });
  expect(Versions!.map(({ VersionId, IsDefaultVersion }) => `${VersionId}${IsDefaultVersion ? "*" : ""}`)).toEqual([
    "v5",
    "v4",
    "v3*",
    "v2",
    "v1",
  ]);
  await expect(iam.deletePolicyVersion({ PolicyArn, VersionId: "v3" })).rejects.toMatchObject({ name: "DeleteConflictException" });
  await iam.deletePolicyVersion({ PolicyArn, VersionId: "v1" });
  await iam.createPolicyVersion({ PolicyArn, PolicyDocument: allow("s3:v6") });
  expect((await iam.getPolicy({ PolicyArn })).Policy).toMatchObject({ DefaultVersionId: "v3", AttachmentCount: 0 });
});

test("the simulator judges a role by what is attached, a boundary and a deny", async () => {
  const { iam } = connect();
  const { Role } = await iam.createRole({ RoleName: "worker", AssumeRolePolicyDocument: trust("ec2.amazonaws.com") });
  await iam.putRolePolicy({ RoleName: "worker", PolicyName: "own", PolicyDocument: allow(["s3:*", "sqs:SendMessage"]) });
  const judge = async () => {
    const { EvaluationResults } = await iam.simulatePrincipalPolicy({
      PolicySourceArn: Role!.Arn!,
      ActionNames: ["s3:GetObject", "s3:DeleteObject", "sqs:SendMessage", "ec2:RunInstances"],
    });
    return EvaluationResults!.map(({ EvalDecision }) => EvalDecision);
  };
  expect(await judge()).toEqual(["allowed", "allowed", "allowed", "implicitDeny"]);
  await iam.putRolePolicy({
    RoleName: "worker",
    PolicyName: "not",
    PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Deny", Action: "s3:Delete*", Resource: "*" }] }),
  });
  expect(await judge()).toEqual(["allowed", "explicitDeny", "allowed", "implicitDeny"]);
  const { Policy } = await iam.createPolicy({ PolicyName: "boundary", PolicyDocument: allow("s3:*") });
  await iam.putRolePermissionsBoundary({ RoleName: "worker", PermissionsBoundary: Policy!.Arn! });
  expect(await judge()).toEqual(["allowed", "explicitDeny", "implicitDeny", "implicitDeny"]);
});

test("a user has at most two keys, groups and their policies, and is listed by path and page", async () => {
  const { iam } = connect();
  for (const name of ["ada", "bob", "cyd"]) await iam.createUser({ UserName: name, Path: name === "cyd" ? "/other/" : "/" });
  await iam.createAccessKey({ UserName: "ada" });
  await iam.createAccessKey({ UserName: "ada" });
  await expect(iam.createAccessKey({ UserName: "ada" })).rejects.toMatchObject({ name: "LimitExceededException" });
  expect((await iam.listAccessKeys({ UserName: "ada" })).AccessKeyMetadata).toHaveLength(2);
  await iam.createGroup({ GroupName: "admins" });
  await iam.addUserToGroup({ GroupName: "admins", UserName: "ada" });
  expect((await iam.listGroupsForUser({ UserName: "ada" })).Groups!.map(({ GroupName }) => GroupName)).toEqual(["admins"]);
  expect((await iam.listUsers({ PathPrefix: "/other/" })).Users!.map(({ UserName }) => UserName)).toEqual(["cyd"]);
  const first = await iam.listUsers({ MaxItems: 2 });
  expect(first).toMatchObject({ IsTruncated: true });
  expect((await iam.listUsers({ Marker: first.Marker })).Users!.map(({ UserName }) => UserName)).toEqual(["cyd"]);
});

test("instance profiles, service-linked roles and identity providers are made and found", async () => {
  const { cloud, iam } = connect();
  await iam.createRole({ RoleName: "worker", AssumeRolePolicyDocument: trust("ec2.amazonaws.com") });
  await iam.createInstanceProfile({ InstanceProfileName: "worker" });
  await iam.addRoleToInstanceProfile({ InstanceProfileName: "worker", RoleName: "worker" });
  await expect(iam.addRoleToInstanceProfile({ InstanceProfileName: "worker", RoleName: "worker" })).rejects.toMatchObject({
    name: "LimitExceededException",
  });
  expect((await iam.listInstanceProfilesForRole({ RoleName: "worker" })).InstanceProfiles).toHaveLength(1);

  const { Role } = await iam.createServiceLinkedRole({ AWSServiceName: "ecs.amazonaws.com" });
  expect(Role!.Arn).toBe("arn:aws:iam::123456789012:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS");
  const { DeletionTaskId } = await iam.deleteServiceLinkedRole({ RoleName: Role!.RoleName! });
  cloud.settle();
  expect((await iam.getServiceLinkedRoleDeletionStatus({ DeletionTaskId: DeletionTaskId! })).Status).toBe("SUCCEEDED");

  const { OpenIDConnectProviderArn } = await iam.createOpenIDConnectProvider({
    Url: "https://token.example.com",
    ClientIDList: ["sts.amazonaws.com"],
    ThumbprintList: ["0".repeat(40)],
  });
  expect(OpenIDConnectProviderArn).toBe("arn:aws:iam::123456789012:oidc-provider/token.example.com");
  expect((await iam.listOpenIDConnectProviders({})).OpenIDConnectProviderList).toHaveLength(1);
});

test("a role is assumed by whom it trusts, and by nobody else", async () => {
  const { connection, iam } = connect();
  const sts = connection(STS);
  const RoleArn = "arn:aws:iam::123456789012:role/deployer";
  await expect(sts.assumeRole({ RoleArn, RoleSessionName: "session" })).rejects.toMatchObject({ name: "AccessDenied" });
  await iam.createRole({
    RoleName: "deployer",
    AssumeRolePolicyDocument: JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS: "arn:aws:iam::123456789012:root" }, Action: "sts:AssumeRole" }],
    }),
  });
  await iam.createRole({ RoleName: "machine", AssumeRolePolicyDocument: trust("ec2.amazonaws.com") });
  const { Credentials, AssumedRoleUser } = await sts.assumeRole({ RoleArn, RoleSessionName: "session" });
  expect(AssumedRoleUser!.Arn).toBe("arn:aws:sts::123456789012:assumed-role/deployer/session");
  const session = connection(STS, {
    accessKeyId: Credentials!.AccessKeyId,
    secretAccessKey: Credentials!.SecretAccessKey,
    sessionToken: Credentials!.SessionToken,
  });
  expect((await session.getCallerIdentity({})).Arn).toBe(AssumedRoleUser!.Arn);
  await expect(sts.assumeRole({ RoleArn: "arn:aws:iam::123456789012:role/machine", RoleSessionName: "session" })).rejects.toMatchObject({
    name: "AccessDenied",
  });
  await expect(sts.assumeRole({ RoleArn, RoleSessionName: "session", DurationSeconds: 7200 })).rejects.toMatchObject({
    name: "ValidationError",
  });
});

test("a stack makes roles and policies, changes them in place and takes them away", async () => {
  const { cloud, connection, iam } = connect();
  const cloudformation = connection(CloudFormation);
  const template = (actions: string[]) =>
    JSON.stringify({
      Resources: {
        Role: {
          Type: "AWS::IAM::Role",
          Properties: {
            AssumeRolePolicyDocument: JSON.parse(trust("ecs-tasks.amazonaws.com")),
            ManagedPolicyArns: ["arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"],
          },
        },
        Policy: {
          Type: "AWS::IAM::Policy",
          Properties: { PolicyName: "own", Roles: [{ Ref: "Role" }], PolicyDocument: JSON.parse(allow(actions)) },
        },
        Managed: {
          Type: "AWS::IAM::ManagedPolicy",
          Properties: { PolicyDocument: JSON.parse(allow("s3:GetObject")), Roles: [{ Ref: "Role" }] },
        },
        Profile: { Type: "AWS::IAM::InstanceProfile", Properties: { Roles: [{ Ref: "Role" }] } },
      },
      Outputs: { Role: { Value: { Ref: "Role" } }, Arn: { Value: { "Fn::GetAtt": ["Role", "Arn"] } } },
    });
  await cloudformation.createStack({ StackName: "s", TemplateBody: template(["sqs:SendMessage"]), Capabilities: ["CAPABILITY_IAM"] });
  cloud.settle();
  const output = async (key: string) =>
    (await cloudformation.describeStacks({ StackName: "s" })).Stacks![0]!.Outputs!.find(({ OutputKey }) => OutputKey === key)!.OutputValue!;
  const RoleName = await output("Role");
  expect(await output("Arn")).toBe(`arn:aws:iam::123456789012:role/${RoleName}`);
  expect((await iam.listAttachedRolePolicies({ RoleName })).AttachedPolicies).toHaveLength(2);
  await cloudformation.updateStack({
    StackName: "s",
    TemplateBody: template(["sqs:SendMessage", "sqs:ReceiveMessage"]),
    Capabilities: ["CAPABILITY_IAM"],
  });
  cloud.settle();
  expect(await output("Role")).toBe(RoleName);
  expect(decodeURIComponent((await iam.getRolePolicy({ RoleName, PolicyName: "own" })).PolicyDocument!)).toContain("sqs:ReceiveMessage");
  await cloudformation.deleteStack({ StackName: "s" });
  cloud.settle();
  expect((await iam.listRoles({})).Roles).toEqual([]);
  expect((await iam.listPolicies({ Scope: "Local" })).Policies).toEqual([]);
});
