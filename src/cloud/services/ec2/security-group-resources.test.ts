import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { EC2, type SecurityGroup } from "@aws-sdk/client-ec2";
import { beforeEach, expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

let cloud: Cloud;
let ec2: EC2;
let cfn: CloudFormation;
let VpcId: string;
beforeEach(async () => {
  cloud = new Cloud({ paranoid: true });
  ec2 = clients(cloud)(EC2);
  cfn = clients(cloud)(CloudFormation);
  VpcId = (await ec2.createVpc({ CidrBlock: "10.0.0.0/16" })).Vpc!.VpcId!;
});

const stack = async (verb: "createStack" | "updateStack", Resources: object, Outputs: object = {}) => {
  const request = { StackName: "net", TemplateBody: JSON.stringify({ Resources, Outputs }), Tags: [{ Key: "team", Value: "net" }] };
  await (verb === "createStack" ? cfn.createStack(request) : cfn.updateStack(request));
  cloud.settle();
  const { StackStatus, Outputs: outputs = [], StackStatusReason } = (await cfn.describeStacks({ StackName: "net" })).Stacks![0]!;
  return {
    StackStatus,
    StackStatusReason,
    outputs: Object.fromEntries(outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])) as Record<string, string>,
  };
};
const group = (more: object = {}) => ({ Type: "AWS::EC2::SecurityGroup", Properties: { GroupDescription: "web", VpcId, ...more } });
const describe = async (id?: string): Promise<SecurityGroup> => (await ec2.describeSecurityGroups({ GroupIds: [id!] })).SecurityGroups![0]!;
const inWords = (permissions: SecurityGroup["IpPermissions"]) =>
  permissions?.flatMap(({ IpProtocol, FromPort, ToPort, IpRanges = [], UserIdGroupPairs = [] }) =>
    [...IpRanges.map(({ CidrIp }) => CidrIp), ...UserIdGroupPairs.map(({ GroupId }) => GroupId)].map(
      (peer) => `${IpProtocol} ${FromPort}-${ToPort} ${peer}`,
    ),
  );

test("a group as the CDK writes it: rules inside, tags of the stack, and ids to refer to", async () => {
  const inside = {
    SecurityGroupIngress: [{ CidrIp: "0.0.0.0/0", IpProtocol: "tcp", FromPort: "443", ToPort: 443, Description: "from anywhere" }],
    Tags: [{ Key: "Name", Value: "web" }],
  };
  const { StackStatus, outputs } = await stack(
    "createStack",
    { Web: group(inside) },
    {
      Ref: { Value: { Ref: "Web" } },
      Id: { Value: { "Fn::GetAtt": ["Web", "GroupId"] } },
      Vpc: { Value: { "Fn::GetAtt": ["Web", "VpcId"] } },
    },
  );
  expect([StackStatus, outputs]).toEqual(["CREATE_COMPLETE", { Ref: outputs["Id"], Id: expect.stringMatching(/^sg-/), Vpc: VpcId }]);
  const { GroupName, IpPermissions, IpPermissionsEgress, Tags = [] } = await describe(outputs["Id"]);
  expect(GroupName).toMatch(/^net-Web-[A-Za-z0-9]+$/);
  expect([inWords(IpPermissions), inWords(IpPermissionsEgress)]).toEqual([["tcp 443-443 0.0.0.0/0"], ["-1 undefined-undefined 0.0.0.0/0"]]);
  expect(Tags.map(({ Key }) => Key)).toEqual(expect.arrayContaining(["Name", "team", "aws:cloudformation:stack-name"]));
});

test("egress rules in a group replace AWS's own, which comes back when they go", async () => {
  const closed = {
    SecurityGroupEgress: [
      { CidrIp: "255.255.255.255/32", IpProtocol: "icmp", FromPort: 252, ToPort: 86, Description: "Disallow all traffic" },
    ],
  };
  const outputs = { Id: { Value: { Ref: "Web" } } };
  const made = await stack("createStack", { Web: group(closed) }, outputs);
  expect(inWords((await describe(made.outputs["Id"])).IpPermissionsEgress)).toEqual(["icmp 252-86 255.255.255.255/32"]);
  await stack("updateStack", { Web: group() }, outputs);
  expect(inWords((await describe(made.outputs["Id"])).IpPermissionsEgress)).toEqual(["-1 undefined-undefined 0.0.0.0/0"]);
});

test("an update keeps the rules that stay, and those that others made", async () => {
  const rule = (port: number) => ({ CidrIp: "10.0.0.0/8", IpProtocol: "tcp", FromPort: port, ToPort: port });
  const outputs = { Id: { Value: { Ref: "Web" } } };
  const made = await stack("createStack", { Web: group({ SecurityGroupIngress: [rule(80), rule(443)] }) }, outputs);
  const GroupId = made.outputs["Id"]!;
  await ec2.authorizeSecurityGroupIngress({
    GroupId,
    IpPermissions: [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "10.0.0.0/8" }] }],
  });
  const ids = async () =>
    (await ec2.describeSecurityGroupRules({ Filters: [{ Name: "group-id", Values: [GroupId] }] })).SecurityGroupRules!.filter(
      ({ IsEgress }) => !IsEgress,
    );
  const kept = (await ids()).filter(({ FromPort }) => FromPort !== 80).map(({ SecurityGroupRuleId }) => SecurityGroupRuleId);
  const updated = await stack("updateStack", { Web: group({ SecurityGroupIngress: [rule(443), rule(8080)] }) }, outputs);
  expect(updated).toMatchObject({ StackStatus: "UPDATE_COMPLETE", outputs: { Id: GroupId } });
  const now = await ids();
  expect(now.map(({ FromPort }) => FromPort)).toEqual([443, 22, 8080]);
  expect(now.slice(0, 2).map(({ SecurityGroupRuleId }) => SecurityGroupRuleId)).toEqual(kept);
});

test("rules of their own connect two groups both ways, and go before the groups", async () => {
  const template = {
    Web: group(),
    Db: group({ GroupDescription: "db", SecurityGroupEgress: [{ CidrIp: "127.0.0.1/32", IpProtocol: "-1" }] }),
    In: {
      Type: "AWS::EC2::SecurityGroupIngress",
      Properties: {
        GroupId: { Ref: "Db" },
        IpProtocol: "tcp",
        FromPort: 5432,
        ToPort: 5432,
        SourceSecurityGroupId: { Ref: "Web" },
        Description: "queries",
      },
    },
    Out: {
      Type: "AWS::EC2::SecurityGroupEgress",
      Properties: { GroupId: { Ref: "Db" }, IpProtocol: "tcp", FromPort: 443, ToPort: 443, DestinationSecurityGroupId: { Ref: "Web" } },
    },
  };
  const outputs = { Db: { Value: { Ref: "Db" } }, Web: { Value: { Ref: "Web" } }, Rule: { Value: { "Fn::GetAtt": ["In", "Id"] } } };
  const made = await stack("createStack", template, outputs);
  expect(made.StackStatus).toBe("CREATE_COMPLETE");
  const { Db, Web, Rule } = made.outputs;
  const db = await describe(Db);
  expect([inWords(db.IpPermissions), inWords(db.IpPermissionsEgress)]).toEqual([
    [`tcp 5432-5432 ${Web}`],
    ["-1 undefined-undefined 127.0.0.1/32", `tcp 443-443 ${Web}`],
  ]);
  template.In.Properties.Description = "reads";
  await stack("updateStack", template, outputs);
  expect((await ec2.describeSecurityGroupRules({ SecurityGroupRuleIds: [Rule!] })).SecurityGroupRules?.[0]?.Description).toBe("reads");
  await cfn.deleteStack({ StackName: "net" });
  cloud.settle();
  await expect(describe(Web)).rejects.toMatchObject({ name: "InvalidGroup.NotFound" });
});

test("a group with a rule that is none leaves nothing behind", async () => {
  const { StackStatus } = await stack("createStack", {
    Web: group({ SecurityGroupIngress: [{ CidrIp: "10.0.0.0/64", IpProtocol: "tcp", FromPort: 80, ToPort: 80 }] }),
  });
  expect(StackStatus).toBe("ROLLBACK_COMPLETE");
  expect((await ec2.describeSecurityGroups({ Filters: [{ Name: "description", Values: ["web"] }] })).SecurityGroups).toEqual([]);
});
