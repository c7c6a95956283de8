import { EC2 } from "@aws-sdk/client-ec2";
import { beforeEach, expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

let ec2: EC2;
let vpcId: string;
beforeEach(async () => {
  ec2 = clients(new Cloud({ paranoid: true }))(EC2);
  vpcId = (await ec2.createVpc({ CidrBlock: "10.0.0.0/16" })).Vpc!.VpcId!;
});

const make = async (GroupName: string, more: object = {}) =>
  (await ec2.createSecurityGroup({ GroupName, Description: "a group", VpcId: vpcId, ...more })).GroupId!;
const describe = async (id: string) => (await ec2.describeSecurityGroups({ GroupIds: [id] })).SecurityGroups![0]!;
const defaultGroup = async () =>
  (
    await ec2.describeSecurityGroups({
      Filters: [
        { Name: "vpc-id", Values: [vpcId] },
        { Name: "group-name", Values: ["default"] },
      ],
    })
  ).SecurityGroups![0]!;

test("a new group lets everything out and nothing in", async () => {
  const id = await make("web", { TagSpecifications: [{ ResourceType: "security-group", Tags: [{ Key: "tier", Value: "front" }] }] });
  expect(await describe(id)).toEqual({
    GroupId: id,
    GroupName: "web",
    Description: "a group",
    VpcId: vpcId,
    OwnerId: "123456789012",
    SecurityGroupArn: `arn:aws:ec2:eu-west-1:123456789012:security-group/${id}`,
    Tags: [{ Key: "tier", Value: "front" }],
    IpPermissions: [],
    IpPermissionsEgress: [
      { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }], Ipv6Ranges: [], PrefixListIds: [], UserIdGroupPairs: [] },
    ],
  });
});

test("a VPC's default group lets its members reach each other and cannot be deleted", async () => {
  const { GroupId, IpPermissions, Description } = await defaultGroup();
  expect(Description).toBe("default VPC security group");
  expect(IpPermissions).toMatchObject([{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId, UserId: "123456789012" }] }]);
  await expect(ec2.deleteSecurityGroup({ GroupId })).rejects.toMatchObject({ name: "CannotDelete" });
});

test("the default group goes with its VPC, another keeps it", async () => {
  const id = await make("web");
  await expect(ec2.deleteVpc({ VpcId: vpcId })).rejects.toMatchObject({ name: "DependencyViolation" });
  await ec2.deleteSecurityGroup({ GroupId: id });
  await ec2.deleteVpc({ VpcId: vpcId });
  const { SecurityGroupRules } = await ec2.describeSecurityGroupRules();
  const { SecurityGroups } = await ec2.describeSecurityGroups({ Filters: [{ Name: "vpc-id", Values: [vpcId] }] });
  expect(SecurityGroups).toEqual([]);
  expect(SecurityGroupRules).toHaveLength(2); // the default VPC's own: in from itself, out to everywhere
});

test.each([
  [{ GroupName: "web" }, "InvalidGroup.Duplicate"],
  [{ GroupName: "default" }, "InvalidParameterValue"],
  [{ GroupName: "sg-web" }, "InvalidParameterValue"],
  [{ GroupName: "größe" }, "InvalidParameterValue"],
  [{ GroupName: "x".repeat(256) }, "InvalidParameterValue"],
  [{ GroupName: "a", Description: "naïve" }, "InvalidParameterValue"],
  [{ GroupName: "a", VpcId: "vpc-00000000000000000" }, "InvalidVpcID.NotFound"],
])("a group like %o is refused with %s", async (input, code) => {
  await make("web");
  await expect(make("web", input)).rejects.toMatchObject({ name: code });
});

test("a name may come again in another VPC", async () => {
  await make("web");
  const other = (await ec2.createVpc({ CidrBlock: "10.1.0.0/16" })).Vpc!.VpcId;
  await expect(make("web", { VpcId: other })).resolves.toMatch(/^sg-[0-9a-f]{17}$/);
});

test("a group that another names, or that an interface wears, cannot be deleted", async () => {
  const [web, db] = [await make("web"), await make("db")];
  const IpPermissions = [{ IpProtocol: "tcp", FromPort: 5432, ToPort: 5432, UserIdGroupPairs: [{ GroupId: web }] }];
  await ec2.authorizeSecurityGroupIngress({ GroupId: db, IpPermissions });
  await expect(ec2.deleteSecurityGroup({ GroupId: web })).rejects.toMatchObject({
    name: "DependencyViolation",
    message: `resource ${web} has a dependent object`,
  });
  await ec2.revokeSecurityGroupIngress({ GroupId: db, IpPermissions });
  const subnet = (await ec2.createSubnet({ VpcId: vpcId, CidrBlock: "10.0.0.0/24" })).Subnet!.SubnetId;
  const { NetworkInterface } = await ec2.createNetworkInterface({ SubnetId: subnet, Groups: [web] });
  await expect(ec2.deleteSecurityGroup({ GroupId: web })).rejects.toMatchObject({ name: "DependencyViolation" });
  await ec2.deleteNetworkInterface({ NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId });
  expect(await ec2.deleteSecurityGroup({ GroupId: web })).toMatchObject({ Return: true, GroupId: web });
  await expect(describe(web)).rejects.toMatchObject({
    name: "InvalidGroup.NotFound",
    message: `The security group '${web}' does not exist`,
  });
});

test("groups are found by what their rules say", async () => {
  const [web, db] = [await make("web"), await make("db")];
  await ec2.authorizeSecurityGroupIngress({
    GroupId: web,
    IpPermissions: [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: "10.0.0.0/8" }] }],
  });
  await ec2.authorizeSecurityGroupIngress({
    GroupId: db,
    IpPermissions: [{ IpProtocol: "tcp", FromPort: 5432, ToPort: 5432, UserIdGroupPairs: [{ GroupId: web }] }],
  });
  const found = async (Name: string, value: string) =>
    (await ec2.describeSecurityGroups({ Filters: [{ Name, Values: [value] }] })).SecurityGroups?.map(({ GroupName }) => GroupName);
  expect(await found("ip-permission.from-port", "443")).toEqual(["web"]);
  expect(await found("ip-permission.cidr", "10.*")).toEqual(["web"]);
  expect(await found("ip-permission.group-id", web)).toEqual(["db"]);
  expect(await found("egress.ip-permission.to-port", "443")).toEqual([]);
  await expect(found("colour", "red")).rejects.toMatchObject({ name: "InvalidParameterValue" });
});

test("without a VPC a group is in the default VPC, where its name is enough", async () => {
  const { GroupId } = await ec2.createSecurityGroup({ GroupName: "plain", Description: "a group" });
  expect((await ec2.describeSecurityGroups({ GroupNames: ["plain"] })).SecurityGroups).toMatchObject([{ GroupId }]);
  await ec2.deleteSecurityGroup({ GroupName: "plain" });
  await expect(ec2.describeSecurityGroups({ GroupNames: ["plain"] })).rejects.toMatchObject({ name: "InvalidGroup.NotFound" });
});

test("pages of groups follow on each other", async () => {
  for (let at = 0; at < 6; at++) await make(`g${at}`);
  const Filters = [{ Name: "vpc-id", Values: [vpcId] }];
  const first = await ec2.describeSecurityGroups({ Filters, MaxResults: 5 });
  const second = await ec2.describeSecurityGroups({ Filters, MaxResults: 5, NextToken: first.NextToken });
  expect([first.SecurityGroups?.length, second.SecurityGroups?.length, second.NextToken]).toEqual([5, 2, undefined]); // six and the default one
  expect((await ec2.getSecurityGroupsForVpc({ VpcId: vpcId })).SecurityGroupForVpcs).toHaveLength(7);
});
