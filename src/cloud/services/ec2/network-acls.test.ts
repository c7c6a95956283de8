import { EC2, type CreateNetworkAclEntryCommandInput } from "@aws-sdk/client-ec2";
import { beforeEach, expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

let ec2: EC2;
let vpcId: string;
beforeEach(async () => {
  ec2 = clients(new Cloud({ paranoid: true }))(EC2);
  vpcId = (await ec2.createVpc({ CidrBlock: "10.0.0.0/16" })).Vpc!.VpcId!;
});

const aclsOfVpc = async () => (await ec2.describeNetworkAcls({ Filters: [{ Name: "vpc-id", Values: [vpcId] }] })).NetworkAcls!;
const make = async () => (await ec2.createNetworkAcl({ VpcId: vpcId })).NetworkAcl!.NetworkAclId!;
const subnet = async () => (await ec2.createSubnet({ VpcId: vpcId, CidrBlock: "10.0.1.0/24" })).Subnet!.SubnetId!;
const entry = (NetworkAclId: string, RuleNumber: number, more: Partial<CreateNetworkAclEntryCommandInput> = {}) =>
  ec2.createNetworkAclEntry({
    NetworkAclId,
    RuleNumber,
    Protocol: "6",
    RuleAction: "allow",
    Egress: false,
    CidrBlock: "10.0.0.0/8",
    PortRange: { From: 443, To: 443 },
    ...more,
  });

test("a VPC's default ACL lets everything through, a new one nothing", async () => {
  const id = await make();
  const [byDefault, own] = await aclsOfVpc();
  const rules = (acl = byDefault) =>
    acl?.Entries?.map(({ Egress, RuleNumber, RuleAction, CidrBlock, Protocol }) => [Egress, RuleNumber, RuleAction, CidrBlock, Protocol]);
  expect(byDefault).toMatchObject({ IsDefault: true, VpcId: vpcId, OwnerId: "123456789012" });
  expect(rules()).toEqual([
    [true, 100, "allow", "0.0.0.0/0", "-1"],
    [true, 32_767, "deny", "0.0.0.0/0", "-1"],
    [false, 100, "allow", "0.0.0.0/0", "-1"],
    [false, 32_767, "deny", "0.0.0.0/0", "-1"],
  ]);
  expect([own?.NetworkAclId, own?.IsDefault, rules(own)]).toEqual([
    id,
    false,
    [
      [true, 32_767, "deny", "0.0.0.0/0", "-1"],
      [false, 32_767, "deny", "0.0.0.0/0", "-1"],
    ],
  ]);
});

test("VPC-13: entries stand in the order of their numbers and are known by number and direction", async () => {
  const id = await make();
  await entry(id, 200);
  await entry(id, 100);
  await entry(id, 100, { Egress: true, Protocol: "-1", PortRange: undefined });
  await expect(entry(id, 100)).rejects.toMatchObject({ name: "NetworkAclEntryAlreadyExists" });
  await ec2.replaceNetworkAclEntry({
    NetworkAclId: id,
    RuleNumber: 100,
    Egress: false,
    Protocol: "17",
    RuleAction: "deny",
    CidrBlock: "10.1.2.3/16",
    PortRange: { From: 53, To: 53 },
  });
  await ec2.deleteNetworkAclEntry({ NetworkAclId: id, RuleNumber: 100, Egress: true });
  const { Entries } = (await ec2.describeNetworkAcls({ NetworkAclIds: [id] })).NetworkAcls![0]!;
  expect(
    Entries?.filter(({ Egress }) => !Egress).map(({ RuleNumber, Protocol, RuleAction, CidrBlock }) => [
      RuleNumber,
      Protocol,
      RuleAction,
      CidrBlock,
    ]),
  ).toEqual([
    [100, "17", "deny", "10.1.0.0/16"],
    [200, "6", "allow", "10.0.0.0/8"],
    [32_767, "-1", "deny", "0.0.0.0/0"],
  ]);
  expect(Entries?.filter(({ Egress }) => Egress)).toHaveLength(1);
});

test.each<[string, Partial<CreateNetworkAclEntryCommandInput>, string]>([
  ["AWS's own rule number", { RuleNumber: 32_767 }, "InvalidParameterValue"],
  ["number zero", { RuleNumber: 0 }, "InvalidParameterValue"],
  ["a block that is none", { CidrBlock: "10.0.0.0" }, "InvalidParameterValue"],
  ["no block", { CidrBlock: undefined }, "MissingParameter"],
  ["two blocks", { Ipv6CidrBlock: "::/0" }, "InvalidParameterCombination"],
  ["TCP without ports", { PortRange: undefined }, "MissingParameter"],
  ["ICMP without a type", { Protocol: "icmp" }, "MissingParameter"],
  ["ports the wrong way round", { PortRange: { From: 2, To: 1 } }, "InvalidParameterValue"],
])("an entry with %s is refused", async (_what, more, code) => {
  await expect(entry(await make(), 10, more)).rejects.toMatchObject({ name: code });
});

test("VPC-13: twenty entries in each direction, AWS's last one among them", async () => {
  const id = await make();
  for (let number = 1; number <= 19; number++) await entry(id, number);
  await expect(entry(id, 20)).rejects.toMatchObject({ name: "NetworkAclEntryLimitExceeded" });
  await entry(id, 20, { Egress: true });
});

test("a subnet is always behind one ACL", async () => {
  const [id, SubnetId] = [await make(), await subnet()];
  const [byDefault] = await aclsOfVpc();
  expect(byDefault?.Associations).toMatchObject([{ SubnetId, NetworkAclId: byDefault?.NetworkAclId }]);
  const { NewAssociationId } = await ec2.replaceNetworkAclAssociation({
    AssociationId: byDefault?.Associations?.[0]?.NetworkAclAssociationId,
    NetworkAclId: id,
  });
  const [left, joined] = await aclsOfVpc();
  expect([left?.Associations, joined?.Associations]).toEqual([
    [],
    [{ NetworkAclAssociationId: NewAssociationId, NetworkAclId: id, SubnetId }],
  ]);
  await expect(ec2.deleteNetworkAcl({ NetworkAclId: id })).rejects.toMatchObject({ name: "DependencyViolation" });
  await ec2.deleteSubnet({ SubnetId });
  await ec2.deleteNetworkAcl({ NetworkAclId: id });
  await expect(ec2.deleteNetworkAcl({ NetworkAclId: byDefault?.NetworkAclId })).rejects.toMatchObject({ name: "InvalidParameterValue" });
  await ec2.deleteVpc({ VpcId: vpcId });
  expect(await aclsOfVpc()).toEqual([]);
});
