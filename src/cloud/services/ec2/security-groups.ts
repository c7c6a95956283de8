/** Security groups. Guide: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Call, type Operations } from "../../service.ts";
import { filtered } from "./filters.ts";
import { byId } from "./ids.ts";
import { page } from "./pages.ts";
import { permissionsOf, type Group, type Rule, type Terms } from "./security-group-permissions.ts";
import { addRule, rulesOf } from "./security-group-rules.ts";
import type { State } from "./state.ts";
import { tagsOf } from "./tags.ts";
import { findVpc } from "./vpcs.ts";

type Here = Call<State>;

// docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const GROUPS_MAX = 2500;
const NAME = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{1,255}$/;

export const securityGroupOperations = {
  CreateSecurityGroup(call, { GroupName, Description, VpcId, TagSpecifications }) {
    checkName(GroupName);
    checkGroupDescription(Description);
    const vpcId = VpcId ?? defaultVpcId(call);
    findVpc(call, vpcId);
    if (named(call, vpcId, GroupName))
      throw new AwsError("InvalidGroup.Duplicate", `The security group '${GroupName}' already exists for VPC '${vpcId}'`);
    if (call.state.securityGroups.size >= GROUPS_MAX)
      throw new AwsError("SecurityGroupLimitExceeded", "The maximum number of security groups for your account has been reached.");
    const group = make(call, vpcId, GroupName, Description, tagsOf(call, TagSpecifications, "security-group"));
    return { GroupId: group.GroupId, Tags: group.Tags, SecurityGroupArn: group.SecurityGroupArn };
  },
  DeleteSecurityGroup(call, { GroupId, GroupName }) {
    const group = findGroup(call, GroupId, GroupName);
    if (group.GroupName === "default")
      throw new AwsError("CannotDelete", `the specified group: "${group.GroupId}" name: "default" cannot be deleted by a user`);
    if (isInUse(call, group)) throw new AwsError("DependencyViolation", `resource ${group.GroupId} has a dependent object`);
    remove(call, group);
    return { Return: true, GroupId: group.GroupId };
  },
  DescribeSecurityGroups(call, { GroupIds, GroupNames, Filters, MaxResults, NextToken }) {
    const groups =
      GroupIds || GroupNames
        ? [...(GroupIds ?? []).map((id) => findGroup(call, id)), ...(GroupNames ?? []).map((name) => findGroup(call, undefined, name))]
        : [...call.state.securityGroups.values()];
    const shown = withPermissions(call, [...new Set(groups)]);
    const { items, NextToken: next } = page(filtered(shown, Filters, groupFilters), { MaxResults, NextToken, least: 5 });
    return { SecurityGroups: items, NextToken: next };
  },
  DescribeSecurityGroupReferences(call, { GroupId }) {
    const groups = GroupId.map((id) => findGroup(call, id));
    const rules = [...call.state.securityGroupRules.values()];
    const references = groups.flatMap(({ GroupId: id, VpcId }) =>
      rules
        .filter(
          ({ ReferencedGroupInfo }) => ReferencedGroupInfo?.GroupId === id && ReferencedGroupInfo.VpcPeeringConnectionId !== undefined,
        )
        .map((rule) => ({
          GroupId: id,
          ReferencingVpcId: findGroup(call, rule.GroupId).VpcId,
          VpcPeeringConnectionId: rule.ReferencedGroupInfo?.VpcPeeringConnectionId,
          VpcId,
        }))
        .map(({ VpcId: _own, ...reference }) => reference),
    );
    return {
      SecurityGroupReferenceSet: [...new Map(references.map((each) => [`${each.GroupId} ${each.ReferencingVpcId}`, each])).values()],
    };
  },
  /** Groups with rules that name a group of a VPC that is no longer peered. */
  DescribeStaleSecurityGroups(call, { VpcId, MaxResults, NextToken }) {
    findVpc(call, VpcId);
    const stale = [...call.state.securityGroupRules.values()].filter(
      ({ ReferencedGroupInfo }) => ReferencedGroupInfo?.PeeringStatus === "deleted",
    );
    const groups = [...call.state.securityGroups.values()].flatMap((group) => {
      const rules = stale.filter(({ GroupId }) => GroupId === group.GroupId);
      if (group.VpcId !== VpcId || rules.length === 0) return [];
      const { Description, GroupId, GroupName } = group;
      const permissions = (egress: boolean) => stalePermissions(rules.filter(({ IsEgress }) => IsEgress === egress));
      return [
        { Description, GroupId, GroupName, VpcId, StaleIpPermissions: permissions(false), StaleIpPermissionsEgress: permissions(true) },
      ];
    });
    const { items, NextToken: next } = page(groups, { MaxResults, NextToken, most: 255 });
    return { StaleSecurityGroupSet: items, NextToken: next };
  },
  GetSecurityGroupsForVpc(call, { VpcId, Filters, MaxResults, NextToken }) {
    findVpc(call, VpcId);
    const groups = [...call.state.securityGroups.values()].filter((group) => group.VpcId === VpcId);
    const { items, NextToken: next } = page(filtered(groups, Filters, plainFilters), { MaxResults, NextToken, least: 5 });
    return {
      SecurityGroupForVpcs: items.map(({ Description, GroupName, OwnerId, GroupId, Tags }) => ({
        Description,
        GroupName,
        OwnerId,
        GroupId,
        Tags,
        PrimaryVpcId: VpcId,
      })),
      NextToken: next,
    };
  },
} satisfies Operations<sdk.EC2, State>;

/** A VPC's own group: its members reach each other, and everything else outwards. */
export function createDefaultSecurityGroup(call: Here, vpcId: string): string {
  const group = make(call, vpcId, "default", "default VPC security group", []);
  addRule(call, group, "ingress", {
    IpProtocol: "-1",
    FromPort: -1,
    ToPort: -1,
    ReferencedGroupInfo: { GroupId: group.GroupId, UserId: call.account },
  });
  return group.GroupId;
}

/** With its VPC goes the default group; the caller has made sure that no other is left. */
export function deleteDefaultSecurityGroup(call: Here, vpcId: string): void {
  const group = named(call, vpcId, "default");
  if (group) remove(call, group);
}

export function defaultSecurityGroup(call: Here, vpcId: string): Group {
  const group = named(call, vpcId, "default");
  if (!group) throw new AwsError("InvalidGroup.NotFound", `The security group 'default' does not exist in VPC '${vpcId}'`);
  return group;
}

/** By id, or by name in the default VPC, as for all operations that take both. */
export function findGroup(call: Here, id: string | undefined, name?: string): Group {
  if (id !== undefined) return byId(call.state.securityGroups, "sg", id);
  if (name === undefined) throw new AwsError("MissingParameter", "The request must contain the parameter groupName or groupId");
  const vpcId = [...call.state.vpcs.values()].find(({ IsDefault }) => IsDefault)?.VpcId;
  const group = vpcId === undefined ? undefined : named(call, vpcId, name);
  if (!group)
    throw new AwsError("InvalidGroup.NotFound", `The security group '${name}' does not exist in default VPC '${vpcId ?? "none"}'`);
  return group;
}

const plainFilters = {
  description: ({ Description }: Group) => Description,
  "group-id": ({ GroupId }: Group) => GroupId,
  "group-name": ({ GroupName }: Group) => GroupName,
  "owner-id": ({ OwnerId }: Group) => OwnerId,
  "primary-vpc-id": ({ VpcId }: Group) => VpcId,
  "vpc-id": ({ VpcId }: Group) => VpcId,
};

type Shown = Group & { IpPermissions: sdk.IpPermission[]; IpPermissionsEgress: sdk.IpPermission[] };

const groupFilters = {
  ...plainFilters,
  ...permissionFilters("ip-permission", ({ IpPermissions }) => IpPermissions),
  ...permissionFilters("egress.ip-permission", ({ IpPermissionsEgress }) => IpPermissionsEgress),
};

function permissionFilters(prefix: string, permissions: (group: Shown) => sdk.IpPermission[]): Record<string, (group: Shown) => string[]> {
  const all = (values: (permission: sdk.IpPermission) => (string | number | undefined)[]) => (group: Shown) =>
    permissions(group)
      .flatMap(values)
      .flatMap((value) => value?.toString() ?? []);
  return {
    [`${prefix}.cidr`]: all(({ IpRanges = [] }) => IpRanges.map(({ CidrIp }) => CidrIp)),
    [`${prefix}.ipv6-cidr`]: all(({ Ipv6Ranges = [] }) => Ipv6Ranges.map(({ CidrIpv6 }) => CidrIpv6)),
    [`${prefix}.prefix-list-id`]: all(({ PrefixListIds = [] }) => PrefixListIds.map(({ PrefixListId }) => PrefixListId)),
    [`${prefix}.group-id`]: all(({ UserIdGroupPairs = [] }) => UserIdGroupPairs.map(({ GroupId }) => GroupId)),
    [`${prefix}.group-name`]: all(({ UserIdGroupPairs = [] }) => UserIdGroupPairs.map(({ GroupName }) => GroupName)),
    [`${prefix}.user-id`]: all(({ UserIdGroupPairs = [] }) => UserIdGroupPairs.map(({ UserId }) => UserId)),
    [`${prefix}.protocol`]: all(({ IpProtocol }) => [IpProtocol]),
    [`${prefix}.from-port`]: all(({ FromPort }) => [FromPort]),
    [`${prefix}.to-port`]: all(({ ToPort }) => [ToPort]),
  };
}

/** The groups with their rules: one pass over all rules, however many groups there are. */
function withPermissions(call: Here, groups: Group[]): Shown[] {
  const byGroup = new Map<string, Rule[]>();
  for (const rule of call.state.securityGroupRules.values()) {
    const rules = byGroup.get(rule.GroupId);
    if (rules) rules.push(rule);
    else byGroup.set(rule.GroupId, [rule]);
  }
  return groups.map((group) => {
    const rules = byGroup.get(group.GroupId) ?? [];
    return {
      ...group,
      IpPermissions: permissionsOf(rules.filter(({ IsEgress }) => !IsEgress)),
      IpPermissionsEgress: permissionsOf(rules.filter(({ IsEgress }) => IsEgress)),
    };
  });
}

/** In this answer sources are bare texts. */
function stalePermissions(rules: Rule[]): sdk.StaleIpPermission[] {
  return permissionsOf(rules).map(({ FromPort, IpProtocol, ToPort, UserIdGroupPairs }) => ({
    FromPort,
    IpProtocol,
    ToPort,
    IpRanges: [],
    PrefixListIds: [],
    UserIdGroupPairs,
  }));
}

function make(call: Here, vpcId: string, name: string, description: string, tags: sdk.Tag[]): Group {
  const id = call.id("sg");
  const group: Group = {
    GroupId: id,
    GroupName: name,
    Description: description,
    VpcId: vpcId,
    OwnerId: call.account,
    SecurityGroupArn: call.arn("ec2", `security-group/${id}`),
    Tags: tags,
  };
  call.state.securityGroups.set(id, group);
  addDefaultEgress(call, group);
  return group;
}

/** Everything outwards, over IPv6 too where the VPC has it: docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html */
function addDefaultEgress(call: Here, group: Group): void {
  for (const terms of defaultEgress(call, group.VpcId)) addRule(call, group, "egress", terms);
}

export function defaultEgress(call: Here, vpcId: string): Terms[] {
  const ipv6 = call.state.vpcs
    .get(vpcId)
    ?.Ipv6CidrBlockAssociationSet?.some(({ Ipv6CidrBlockState }) => Ipv6CidrBlockState?.State === "associated");
  const all = { IpProtocol: "-1", FromPort: -1, ToPort: -1 };
  return [{ ...all, CidrIpv4: "0.0.0.0/0" }, ...(ipv6 ? [{ ...all, CidrIpv6: "::/0" }] : [])];
}

function remove(call: Here, group: Group): void {
  for (const rule of [...rulesOf(call, group.GroupId, true), ...rulesOf(call, group.GroupId, false)])
    call.state.securityGroupRules.delete(rule.SecurityGroupRuleId);
  call.state.securityGroups.delete(group.GroupId);
}

/** Worn by an interface or an endpoint, or named by another group of the VPC; a rule in a peered VPC only becomes stale. */
function isInUse(call: Here, { GroupId, VpcId }: Group): boolean {
  const { networkInterfaces, vpcEndpoints, securityGroupRules, securityGroups } = call.state;
  const wears = ({ Groups }: { Groups?: sdk.GroupIdentifier[] }) => Groups?.some((group) => group.GroupId === GroupId) === true;
  if ([...networkInterfaces.values()].some(wears) || [...vpcEndpoints.values()].some(wears)) return true;
  return [...securityGroupRules.values()].some(
    (rule) =>
      rule.ReferencedGroupInfo?.GroupId === GroupId && rule.GroupId !== GroupId && securityGroups.get(rule.GroupId)?.VpcId === VpcId,
  );
}

function named(call: Here, vpcId: string, name: string): Group | undefined {
  return [...call.state.securityGroups.values()].find((group) => group.VpcId === vpcId && group.GroupName === name);
}

export function defaultVpcId(call: Here): string {
  const vpc = [...call.state.vpcs.values()].find(({ IsDefault }) => IsDefault);
  if (!vpc) throw new AwsError("VPCIdNotSpecified", "No default VPC for this user");
  return vpc.VpcId;
}

function checkName(name: string): void {
  if (name.startsWith("sg-"))
    throw new AwsError(
      "InvalidParameterValue",
      `Value (${name}) for parameter GroupName is invalid. Group names may not be in the format sg-*.`,
    );
  if (name.toLowerCase() === "default") throw new AwsError("InvalidParameterValue", `Cannot use reserved security group name: ${name}`);
  checkCharacters("GroupName", name);
  if (!NAME.test(name)) {
    throw new AwsError(
      "InvalidParameterValue",
      "Invalid security group name. Valid names are non-empty strings less than 256 characters from the following set: 0-9a-zA-Z ._-:/()#,@[]+=&;{}!$*",
    );
  }
}

function checkGroupDescription(description: string): void {
  checkCharacters("GroupDescription", description);
  if (!NAME.test(description)) {
    throw new AwsError(
      "InvalidParameterValue",
      "Invalid security group description. Valid descriptions are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
    );
  }
}

function checkCharacters(parameter: string, value: string): void {
  if (/[^\x20-\x7e]/.test(value))
    throw new AwsError(
      "InvalidParameterValue",
      `Value (${value}) for parameter ${parameter} is invalid. Character sets beyond ASCII are not supported.`,
    );
}
