/** Security group rules, each with an id of its own. Guide: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Call, type Operations } from "../../service.ts";
import { filtered } from "./filters.ts";
import { byId, byIds, notFound } from "./ids.ts";
import { page } from "./pages.ts";
import { weightOf } from "./prefix-lists.ts";
import {
  checkDescription,
  inWords,
  keyOf,
  termsOf,
  termsOfRequest,
  type Group,
  type Rule,
  type Terms,
} from "./security-group-permissions.ts";
import { findGroup } from "./security-groups.ts";
import type { State } from "./state.ts";
import { tagsOf } from "./tags.ts";

type Here = Call<State>;
type Direction = "ingress" | "egress";
/** The older form of the same request: one rule, its members at the top. */
type Flat = Pick<
  sdk.AuthorizeSecurityGroupIngressRequest,
  "CidrIp" | "FromPort" | "ToPort" | "IpProtocol" | "SourceSecurityGroupName" | "SourceSecurityGroupOwnerId"
>;

// In each direction, IPv4 and IPv6 apart: docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const RULES_MAX = 60;

export const securityGroupRuleOperations = {
  AuthorizeSecurityGroupIngress(call, input) {
    return authorize(call, "ingress", groupOf(call, input), input, input.TagSpecifications);
  },
  AuthorizeSecurityGroupEgress(call, input) {
    return authorize(call, "egress", findGroup(call, input.GroupId), input, input.TagSpecifications);
  },
  RevokeSecurityGroupIngress(call, input) {
    return revoke(call, "ingress", groupOf(call, input), input, input.SecurityGroupRuleIds);
  },
  RevokeSecurityGroupEgress(call, input) {
    return revoke(call, "egress", findGroup(call, input.GroupId), input, input.SecurityGroupRuleIds);
  },
  ModifySecurityGroupRules(call, { GroupId, SecurityGroupRules }) {
    const group = findGroup(call, GroupId);
    const changes = SecurityGroupRules.map(({ SecurityGroupRuleId = "", SecurityGroupRule: request = {} }) => ({
      rule: findRule(call, SecurityGroupRuleId, group),
      terms: termsOfRequest(call, group.VpcId, request),
    }));
    const changed = new Map(changes.map(({ rule, terms }) => [rule.SecurityGroupRuleId, terms]));
    for (const { rule, terms } of changes) {
      const same = rulesOf(call, group.GroupId, rule.IsEgress).find(
        (each) => each !== rule && keyOf(changed.get(each.SecurityGroupRuleId) ?? each) === keyOf(terms),
      );
      if (same) throw duplicate(terms);
    }
    for (const egress of [true, false])
      checkQuota(
        call,
        rulesOf(call, group.GroupId, egress).map((rule) => changed.get(rule.SecurityGroupRuleId) ?? rule),
      );
    for (const { rule, terms } of changes) rewrite(rule, terms);
    return { Return: true };
  },
  UpdateSecurityGroupRuleDescriptionsIngress(call, input) {
    return describe(call, "ingress", groupOf(call, input), input);
  },
  UpdateSecurityGroupRuleDescriptionsEgress(call, input) {
    return describe(call, "egress", groupOf(call, input), input);
  },
  DescribeSecurityGroupRules(call, { SecurityGroupRuleIds, Filters, MaxResults, NextToken }) {
    const rules = byIds(call.state.securityGroupRules, "sgr", SecurityGroupRuleIds);
    const kept = filtered(rules, Filters, {
      "group-id": ({ GroupId }) => GroupId,
      "security-group-rule-id": ({ SecurityGroupRuleId }) => SecurityGroupRuleId,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken });
    return { SecurityGroupRules: items, NextToken: next };
  },
} satisfies Operations<sdk.EC2, State>;

/** The rules of a group in one direction, oldest first. */
export function rulesOf(call: Here, groupId: string, egress: boolean): Rule[] {
  return [...call.state.securityGroupRules.values()].filter((rule) => rule.GroupId === groupId && rule.IsEgress === egress);
}

export function addRule(call: Here, group: Group, direction: Direction, terms: Terms, tags: sdk.Tag[] = []): Rule {
  const id = call.id("sgr");
  const rule: Rule = {
    SecurityGroupRuleId: id,
    GroupId: group.GroupId,
    GroupOwnerId: group.OwnerId,
    IsEgress: direction === "egress",
    ...terms,
    Tags: tags,
    SecurityGroupRuleArn: call.arn("ec2", `security-group-rule/${id}`),
  };
  call.state.securityGroupRules.set(id, rule);
  return rule;
}

/** Brings a direction's rules to what is wanted now: removes those of `before` that no longer are, adds the missing, keeps the ids of those that stay. */
export function replaceRules(call: Here, group: Group, direction: Direction, terms: readonly Terms[], before: readonly Terms[]): void {
  const [wanted, known] = [new Map(terms.map((each) => [keyOf(each), each])), new Set(before.map(keyOf))];
  const present = new Map(rulesOf(call, group.GroupId, direction === "egress").map((rule) => [keyOf(rule), rule]));
  for (const [key, rule] of present) {
    const stays = wanted.get(key);
    if (stays) rewrite(rule, stays);
    else if (known.has(key)) call.state.securityGroupRules.delete(rule.SecurityGroupRuleId);
  }
  for (const [key, each] of wanted) if (!present.has(key)) addRule(call, group, direction, each);
}

/** Terms that one request asks for together: none twice, and no more than fit. */
export function checkTogether(call: Here, terms: readonly Terms[], present: readonly Terms[] = []): void {
  if (new Set(terms.map(keyOf)).size < terms.length)
    throw new AwsError("InvalidParameterValue", "The same permission must not appear multiple times");
  checkQuota(call, [...present, ...terms]);
}

function authorize(
  call: Here,
  direction: Direction,
  group: Group,
  input: Flat & { IpPermissions?: sdk.IpPermission[] },
  tagged?: sdk.TagSpecification[],
) {
  const asked = termsOf(call, group.VpcId, permissionsIn(input));
  const tags = tagsOf(call, tagged, "security-group-rule");
  const present = rulesOf(call, group.GroupId, direction === "egress");
  const keys = new Set(present.map(keyOf));
  for (const terms of asked) if (keys.has(keyOf(terms))) throw duplicate(terms);
  checkTogether(call, asked, present);
  return { Return: true, SecurityGroupRules: asked.map((terms) => addRule(call, group, direction, terms, structuredClone(tags))) };
}

function duplicate(terms: Terms): AwsError {
  return new AwsError("InvalidPermission.Duplicate", `the specified rule "${inWords(terms)}" already exists`);
}

/** A prefix list weighs as many rules as it may have entries; it and a group weigh for IPv4 and for IPv6. */
function checkQuota(call: Here, rules: readonly Terms[]): void {
  let [four, six] = [0, 0];
  for (const { CidrIpv4, CidrIpv6, PrefixListId } of rules) {
    const weight = PrefixListId === undefined ? 1 : weightOf(call, PrefixListId);
    if (CidrIpv6 === undefined) four += weight;
    if (CidrIpv4 === undefined) six += weight;
  }
  if (Math.max(four, six) > RULES_MAX)
    throw new AwsError("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.");
}

function revoke(call: Here, direction: Direction, group: Group, input: Flat & { IpPermissions?: sdk.IpPermission[] }, ids?: string[]) {
  const egress = direction === "egress";
  let unknown: Terms[] = [];
  let found: Rule[];
  if (ids && ids.length > 0) {
    if (input.IpPermissions?.length)
      throw new AwsError(
        "InvalidParameterCombination",
        "The parameter 'ipPermissions' may not be used in combination with 'securityGroupRuleIds'",
      );
    found = ids.map((id) => findRule(call, id, group, egress));
  } else {
    const asked = termsOf(call, group.VpcId, permissionsIn(input));
    const present = new Map(rulesOf(call, group.GroupId, egress).map((rule) => [keyOf(rule), rule]));
    unknown = asked.filter((terms) => !present.has(keyOf(terms)));
    found = asked.flatMap((terms) => present.get(keyOf(terms)) ?? []);
  }
  // Only a group of a default VPC tolerates it: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html
  const isDefault = call.state.vpcs.get(group.VpcId)?.IsDefault === true;
  if (unknown.length > 0 && !isDefault)
    throw new AwsError("InvalidPermission.NotFound", "The specified rule does not exist in this security group.");
  for (const { SecurityGroupRuleId } of found) call.state.securityGroupRules.delete(SecurityGroupRuleId);
  return {
    Return: true,
    ...(unknown.length > 0 && { UnknownIpPermissions: unknown.map(asPermission) }),
    RevokedSecurityGroupRules: found.map(
      ({ Tags: _tags, GroupOwnerId: _owner, SecurityGroupRuleArn: _arn, ReferencedGroupInfo, ...rule }) => ({
        ...rule,
        ReferencedGroupId: ReferencedGroupInfo?.GroupId,
      }),
    ),
  };
}

function asPermission({ IpProtocol, FromPort, ToPort, CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo }: Terms): sdk.IpPermission {
  return {
    IpProtocol,
    ...(FromPort !== -1 && { FromPort, ToPort }),
    IpRanges: CidrIpv4 === undefined ? [] : [{ CidrIp: CidrIpv4 }],
    Ipv6Ranges: CidrIpv6 === undefined ? [] : [{ CidrIpv6 }],
    PrefixListIds: PrefixListId === undefined ? [] : [{ PrefixListId }],
    UserIdGroupPairs: ReferencedGroupInfo ? [ReferencedGroupInfo] : [],
  };
}

function describe(
  call: Here,
  direction: Direction,
  group: Group,
  {
    IpPermissions,
    SecurityGroupRuleDescriptions,
  }: Pick<sdk.UpdateSecurityGroupRuleDescriptionsIngressRequest, "IpPermissions" | "SecurityGroupRuleDescriptions">,
) {
  const egress = direction === "egress";
  const present = new Map(rulesOf(call, group.GroupId, egress).map((rule) => [keyOf(rule), rule]));
  const changes = IpPermissions?.length
    ? termsOf(call, group.VpcId, IpPermissions).map((terms) => ({ rule: present.get(keyOf(terms)), Description: terms.Description }))
    : (SecurityGroupRuleDescriptions ?? []).map(({ SecurityGroupRuleId = "", Description }) => ({
        rule: findRule(call, SecurityGroupRuleId, group, egress),
        Description,
      }));
  if (changes.length === 0)
    throw new AwsError("MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleDescriptions' should be provided.");
  for (const { rule, Description } of changes) {
    if (!rule) throw new AwsError("InvalidPermission.NotFound", "The specified rule does not exist in this security group.");
    checkDescription(Description);
  }
  for (const { rule, Description } of changes) {
    if (Description === undefined) delete rule!.Description;
    else rule!.Description = Description;
  }
  return { Return: true };
}

/** Gives a rule new terms; its id, its tags and its place stay. */
function rewrite(rule: Rule, terms: Terms): void {
  for (const member of ["CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupInfo", "Description"] as const) delete rule[member];
  Object.assign(rule, terms);
}

/** Both forms of the request as permissions. */
function permissionsIn({ IpPermissions, ...flat }: Flat & { IpPermissions?: sdk.IpPermission[] }): sdk.IpPermission[] {
  const { CidrIp, FromPort, ToPort, IpProtocol, SourceSecurityGroupName, SourceSecurityGroupOwnerId } = flat;
  const isFlat = CidrIp !== undefined || IpProtocol !== undefined || SourceSecurityGroupName !== undefined;
  if (isFlat && IpPermissions?.length)
    throw new AwsError("InvalidParameterCombination", "The parameter 'ipPermissions' may not be used in combination with 'ipProtocol'");
  if (IpPermissions?.length) return IpPermissions;
  if (!isFlat) throw new AwsError("MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.");
  const peer = { GroupName: SourceSecurityGroupName, UserId: SourceSecurityGroupOwnerId };
  return [
    {
      // A source group by name means all protocols unless one is named.
      IpProtocol: IpProtocol ?? (SourceSecurityGroupName === undefined ? undefined : "-1"),
      FromPort,
      ToPort,
      IpRanges: CidrIp === undefined ? [] : [{ CidrIp }],
      UserIdGroupPairs: SourceSecurityGroupName === undefined ? [] : [peer],
    },
  ];
}

function groupOf(call: Here, { GroupId, GroupName }: { GroupId?: string; GroupName?: string }): Group {
  if (GroupId === undefined && GroupName === undefined)
    throw new AwsError("MissingParameter", "The request must contain the parameter groupName or groupId");
  return findGroup(call, GroupId, GroupName);
}

export function findRule(call: Here, id: string, group?: Group, egress?: boolean): Rule {
  const rule = byId(call.state.securityGroupRules, "sgr", id);
  if ((group && rule.GroupId !== group.GroupId) || (egress !== undefined && rule.IsEgress !== egress)) throw notFound("sgr", id);
  return rule;
}
