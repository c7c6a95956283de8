import { EC2, type IpPermission } from "@aws-sdk/client-ec2";
import * as fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

let ec2: EC2;
let vpcId: string;
let GroupId: string;
beforeEach(async () => {
  ec2 = clients(new Cloud({ paranoid: true }))(EC2);
  vpcId = (await ec2.createVpc({ CidrBlock: "10.0.0.0/16" })).Vpc!.VpcId!;
  GroupId = (await ec2.createSecurityGroup({ GroupName: "web", Description: "a group", VpcId: vpcId })).GroupId!;
});

const allow = (...IpPermissions: IpPermission[]) => ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions });
const https = (...cidrs: string[]): IpPermission => ({
  IpProtocol: "tcp",
  FromPort: 443,
  ToPort: 443,
  IpRanges: cidrs.map((CidrIp) => ({ CidrIp })),
});
const permissions = async () => (await ec2.describeSecurityGroups({ GroupIds: [GroupId] })).SecurityGroups![0]!.IpPermissions!;
const rules = async () =>
  (await ec2.describeSecurityGroupRules({ Filters: [{ Name: "group-id", Values: [GroupId] }] })).SecurityGroupRules!.filter(
    ({ IsEgress }) => !IsEgress,
  );

test("each source becomes a rule with an id, and one port range one permission", async () => {
  const { SecurityGroupRules = [], Return } = await allow({
    ...https("10.1.0.0/16", "10.2.0.0/16"),
    Ipv6Ranges: [{ CidrIpv6: "2001:DB8::/32", Description: "v6" }],
  });
  expect(Return).toBe(true);
  expect(SecurityGroupRules.map(({ SecurityGroupRuleId }) => SecurityGroupRuleId)).toEqual(
    SecurityGroupRules.map(() => expect.stringMatching(/^sgr-[0-9a-f]{17}$/)),
  );
  expect(await permissions()).toEqual([
    {
      IpProtocol: "tcp",
      FromPort: 443,
      ToPort: 443,
      IpRanges: [{ CidrIp: "10.1.0.0/16" }, { CidrIp: "10.2.0.0/16" }],
      Ipv6Ranges: [{ CidrIpv6: "2001:db8::/32", Description: "v6" }],
      PrefixListIds: [],
      UserIdGroupPairs: [],
    },
  ]);
});

test("the older form with its members at the top makes the same rule", async () => {
  await ec2.authorizeSecurityGroupIngress({ GroupId, IpProtocol: "tcp", FromPort: 22, ToPort: 22, CidrIp: "192.0.2.7/32" });
  expect(await rules()).toMatchObject([
    { IpProtocol: "tcp", FromPort: 22, ToPort: 22, CidrIpv4: "192.0.2.7/32", IsEgress: false, GroupId },
  ]);
  await ec2.revokeSecurityGroupIngress({ GroupId, IpProtocol: "tcp", FromPort: 22, ToPort: 22, CidrIp: "192.0.2.7/32" });
  expect(await rules()).toEqual([]);
});

test("a rule that is there already is refused, and with it all of the request", async () => {
  await allow(https("10.0.0.0/8"));
  await expect(allow(https("10.9.0.0/16", "10.0.0.1/8"))).rejects.toMatchObject({
    name: "InvalidPermission.Duplicate",
    message: 'the specified rule "peer: 10.0.0.0/8, TCP, from port: 443, to port: 443, ALLOW" already exists', // 10.0.0.1/8 is 10.0.0.0/8
  });
  const twice = [{ CidrIp: "0.0.0.0/0" }, { CidrIp: "0.0.0.0/0", Description: "again" }];
  await expect(allow({ IpProtocol: "-1", IpRanges: twice })).rejects.toMatchObject({
    name: "InvalidParameterValue",
    message: "The same permission must not appear multiple times",
  });
  expect(await rules()).toHaveLength(1);
});

test("a group may name itself, and one of the same VPC", async () => {
  await allow({ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId, Description: "members" }] });
  expect(await rules()).toMatchObject([
    { IpProtocol: "-1", FromPort: -1, ToPort: -1, Description: "members", ReferencedGroupInfo: { GroupId, UserId: "123456789012" } },
  ]);
  expect(await ec2.deleteSecurityGroup({ GroupId })).toMatchObject({ Return: true });
});

test("a group of a VPC that is not peered cannot be named", async () => {
  const other = (await ec2.createVpc({ CidrBlock: "10.1.0.0/16" })).Vpc!.VpcId;
  const foreign = (await ec2.createSecurityGroup({ GroupName: "far", Description: "a group", VpcId: other })).GroupId;
  await expect(allow({ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: foreign }] })).rejects.toMatchObject({
    name: "InvalidGroup.NotFound",
  });
});

test.each<[string, IpPermission, string]>([
  ["an unknown protocol", { IpProtocol: "carrier-pigeon", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }, "InvalidParameterValue"],
  ["no ports for TCP", { IpProtocol: "tcp", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }, "InvalidParameterValue"],
  ["a port beyond 65535", { IpProtocol: "udp", FromPort: 1, ToPort: 65_536, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }, "InvalidParameterValue"],
  [
    "ports the wrong way round",
    { IpProtocol: "tcp", FromPort: 2, ToPort: 1, IpRanges: [{ CidrIp: "0.0.0.0/0" }] },
    "InvalidParameterValue",
  ],
  ["a block that is none", https("10.0.0.0/33"), "InvalidParameterValue"],
  ["IPv6 where IPv4 belongs", https("::/0"), "InvalidParameterValue"],
  ["nobody to allow", https(), "MissingParameter"],
  [
    "a prefix list that is none",
    { IpProtocol: "-1", PrefixListIds: [{ PrefixListId: "pl-00000000000000000" }] },
    "InvalidPrefixListID.NotFound",
  ],
  [
    "a description with an umlaut",
    { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0", Description: "für alle" }] },
    "InvalidParameterValue",
  ],
])("%s is refused", async (_what, permission, code) => {
  await expect(allow(permission)).rejects.toMatchObject({ name: code });
});

test.each<[string, IpPermission, object]>([
  ["protocol 6 is TCP", { IpProtocol: "6", FromPort: 1, ToPort: 2 }, { IpProtocol: "tcp", FromPort: 1, ToPort: 2 }],
  ["ICMP has type and code", { IpProtocol: "icmp", FromPort: 8, ToPort: -1 }, { IpProtocol: "icmp", FromPort: 8, ToPort: -1 }],
  ["other protocols have all ports", { IpProtocol: "50", FromPort: 1, ToPort: 2 }, { IpProtocol: "50", FromPort: -1, ToPort: -1 }],
  ["all protocols have all ports", { IpProtocol: "all", FromPort: 0, ToPort: 0 }, { IpProtocol: "-1", FromPort: -1, ToPort: -1 }],
])("%s", async (_what, permission, rule) => {
  await allow({ ...permission, IpRanges: [{ CidrIp: "0.0.0.0/0" }] });
  expect(await rules()).toMatchObject([rule]);
});

test("VPC-13: sixty rules in each direction, IPv4 and IPv6 apart, a prefix list counting as all it may hold", async () => {
  await allow(https(...Array.from({ length: 59 }, (_, at) => `10.0.${at}.0/24`)));
  await allow({ IpProtocol: "tcp", FromPort: 443, ToPort: 443, PrefixListIds: [{ PrefixListId: "pl-6da54004" }] }); // S3 counts as one: the sixtieth
  await expect(allow(https("10.1.0.0/16"))).rejects.toMatchObject({ name: "RulesPerSecurityGroupLimitExceeded" });
  const v6 = (count: number) => ({
    IpProtocol: "tcp",
    FromPort: 443,
    ToPort: 443,
    Ipv6Ranges: Array.from({ length: count }, (_, at) => ({ CidrIpv6: `2001:db8:${at}::/48` })),
  });
  await expect(allow(v6(60))).rejects.toMatchObject({ name: "RulesPerSecurityGroupLimitExceeded" }); // the prefix list counts here too
  await allow(v6(59));
  await ec2.authorizeSecurityGroupEgress({ GroupId, IpPermissions: [https("10.1.0.0/16")] });
});

test("what is revoked must be there; by id it must be the group's", async () => {
  const { SecurityGroupRules = [] } = await allow(https("10.1.0.0/16", "10.2.0.0/16"));
  await expect(ec2.revokeSecurityGroupIngress({ GroupId, IpPermissions: [https("10.1.0.0/16", "10.3.0.0/16")] })).rejects.toMatchObject({
    name: "InvalidPermission.NotFound",
  });
  const ids = [SecurityGroupRules[0]!.SecurityGroupRuleId!];
  await expect(ec2.revokeSecurityGroupEgress({ GroupId, SecurityGroupRuleIds: ids })).rejects.toMatchObject({
    name: "InvalidSecurityGroupRuleId.NotFound",
  });
  const { RevokedSecurityGroupRules } = await ec2.revokeSecurityGroupIngress({ GroupId, SecurityGroupRuleIds: ids });
  expect(RevokedSecurityGroupRules).toMatchObject([{ SecurityGroupRuleId: ids[0], CidrIpv4: "10.1.0.0/16" }]);
  expect(await rules()).toHaveLength(1);
});

test("in the default VPC what is not there is only reported", async () => {
  const { GroupId: own } = await ec2.createSecurityGroup({ GroupName: "plain", Description: "a group" });
  const { Return, UnknownIpPermissions } = await ec2.revokeSecurityGroupIngress({ GroupId: own, IpPermissions: [https("10.3.0.0/16")] });
  expect([Return, UnknownIpPermissions]).toMatchObject([true, [{ IpRanges: [{ CidrIp: "10.3.0.0/16" }] }]]);
});

test("a rule can be changed and keeps its id, unless it would become another's twin", async () => {
  const { SecurityGroupRules = [] } = await allow(https("10.1.0.0/16", "10.2.0.0/16"));
  const change = (CidrIpv4: string) =>
    ec2.modifySecurityGroupRules({
      GroupId,
      SecurityGroupRules: [
        {
          SecurityGroupRuleId: SecurityGroupRules[0]!.SecurityGroupRuleId,
          SecurityGroupRule: { IpProtocol: "tcp", FromPort: 443, ToPort: 443, CidrIpv4, Description: "office" },
        },
      ],
    });
  await expect(change("10.2.0.0/16")).rejects.toMatchObject({ name: "InvalidPermission.Duplicate" });
  await change("10.3.0.0/16");
  expect(await rules()).toMatchObject([
    { SecurityGroupRuleId: SecurityGroupRules[0]!.SecurityGroupRuleId, CidrIpv4: "10.3.0.0/16", Description: "office" },
    { CidrIpv4: "10.2.0.0/16" },
  ]);
});

test("descriptions are changed by the rule's content or by its id", async () => {
  const { SecurityGroupRules = [] } = await allow(https("10.1.0.0/16"));
  await ec2.updateSecurityGroupRuleDescriptionsIngress({
    GroupId,
    IpPermissions: [{ ...https(), IpRanges: [{ CidrIp: "10.1.0.0/16", Description: "office" }] }],
  });
  expect((await rules())[0]?.Description).toBe("office");
  const SecurityGroupRuleId = SecurityGroupRules[0]!.SecurityGroupRuleId;
  await ec2.updateSecurityGroupRuleDescriptionsIngress({
    GroupId,
    SecurityGroupRuleDescriptions: [{ SecurityGroupRuleId, Description: "home" }],
  });
  expect((await rules())[0]?.Description).toBe("home");
  await expect(
    ec2.updateSecurityGroupRuleDescriptionsEgress({ GroupId, SecurityGroupRuleDescriptions: [{ SecurityGroupRuleId }] }),
  ).rejects.toMatchObject({
    name: "InvalidSecurityGroupRuleId.NotFound",
  });
});

test("rules carry tags of their own", async () => {
  await ec2.authorizeSecurityGroupIngress({
    GroupId,
    IpPermissions: [https("10.1.0.0/16", "10.2.0.0/16")],
    TagSpecifications: [{ ResourceType: "security-group-rule", Tags: [{ Key: "why", Value: "test" }] }],
  });
  const [first, second] = await rules();
  await ec2.createTags({ Resources: [second!.SecurityGroupRuleId!], Tags: [{ Key: "why", Value: "change" }] });
  const found = async (value: string) =>
    (await ec2.describeSecurityGroupRules({ Filters: [{ Name: "tag:why", Values: [value] }] })).SecurityGroupRules?.map(
      ({ SecurityGroupRuleId }) => SecurityGroupRuleId,
    );
  expect([await found("test"), await found("change")]).toEqual([[first!.SecurityGroupRuleId], [second!.SecurityGroupRuleId]]);
});

test("whatever was authorised can be revoked as DescribeSecurityGroups shows it", async () => {
  const port = fc.integer({ min: 0, max: 65_535 });
  const source = fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 5 });
  const permission = fc.tuple(fc.constantFrom("tcp", "udp"), port, port, source);
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(permission, { maxLength: 6, selector: ([protocol, a, b]) => `${protocol} ${Math.min(a, b)} ${Math.max(a, b)}` }),
      async (asked) => {
        if (asked.length === 0) return;
        await allow(
          ...asked.map(([IpProtocol, a, b, nets]) => ({
            IpProtocol,
            FromPort: Math.min(a, b),
            ToPort: Math.max(a, b),
            IpRanges: nets.map((net) => ({ CidrIp: `10.${net}.0.0/16` })),
          })),
        );
        const shown = await permissions();
        expect(shown).toHaveLength(asked.length);
        await ec2.revokeSecurityGroupIngress({ GroupId, IpPermissions: shown });
        expect(await permissions()).toEqual([]);
      },
    ),
    { numRuns: 20 },
  );
});
