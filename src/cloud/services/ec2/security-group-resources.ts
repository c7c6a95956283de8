/**
 * Security groups and their rules in CloudFormation.
 * Types: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
 */
import type * as sdk from "@aws-sdk/client-ec2";
import { resource, type Call, type Properties } from "../../service.ts";
import { termsOf, type Rule, type Terms } from "./security-group-permissions.ts";
import { checkTogether, findRule, replaceRules, rulesOf, securityGroupRuleOperations } from "./security-group-rules.ts";
import { defaultEgress, defaultVpcId, findGroup, securityGroupOperations } from "./security-groups.ts";
import type { State } from "./state.ts";
import { resourceTags, retag } from "./tags.ts";

type Here = Call<State>;

export const securityGroupResources = {
  "AWS::EC2::SecurityGroup": resource({
    create(call: Here, { GroupName, GroupDescription, VpcId, SecurityGroupIngress, SecurityGroupEgress, Tags }, stack) {
      const vpcId = VpcId ?? defaultVpcId(call);
      const [ingress, egress] = [
        inline(call, vpcId, SecurityGroupIngress, "Source"),
        inline(call, vpcId, SecurityGroupEgress, "Destination"),
      ];
      for (const terms of [ingress, egress]) checkTogether(call, terms);
      const { GroupId } = securityGroupOperations.CreateSecurityGroup(call, {
        GroupName: GroupName ?? stack.generatedName(255),
        Description: GroupDescription,
        VpcId,
        TagSpecifications: [{ ResourceType: "security-group", Tags: resourceTags(Tags, stack) }],
      });
      const group = findGroup(call, GroupId);
      replaceRules(call, group, "ingress", ingress, []);
      if (egress.length > 0) replaceRules(call, group, "egress", egress, defaultEgress(call, vpcId));
      return GroupId;
    },
    update(call: Here, id, { SecurityGroupIngress, SecurityGroupEgress, Tags }, previous, stack) {
      const group = findGroup(call, id);
      const terms = (rules: Properties[] | undefined, peer: Peer) => inline(call, group.VpcId, rules, peer);
      const [ingress, ingressBefore] = [terms(SecurityGroupIngress, "Source"), terms(previous["SecurityGroupIngress"], "Source")];
      const [egress, egressBefore] = [terms(SecurityGroupEgress, "Destination"), terms(previous["SecurityGroupEgress"], "Destination")];
      for (const together of [ingress, egress]) checkTogether(call, together);
      // Where the template says nothing of egress, an empty list included, AWS's own rule stands.
      const byDefault = defaultEgress(call, group.VpcId);
      replaceRules(call, group, "ingress", ingress, ingressBefore);
      replaceRules(call, group, "egress", egress.length > 0 ? egress : byDefault, egressBefore.length > 0 ? egressBefore : byDefault);
      retag(call, id, Tags, previous["Tags"], stack);
    },
    delete(call: Here, id) {
      if (call.state.securityGroups.has(id)) securityGroupOperations.DeleteSecurityGroup(call, { GroupId: id });
    },
    attributes(call: Here, id) {
      const { GroupId, VpcId } = findGroup(call, id);
      return { GroupId, Id: GroupId, VpcId };
    },
    // Without a VpcId its name, as in the days of EC2-Classic: the type's schema says so of `Id`.
    ref: (call: Here, id, { VpcId }) => (VpcId === undefined ? findGroup(call, id).GroupName : id),
    read(call: Here, id) {
      const group = call.state.securityGroups.get(id);
      if (!group) return undefined;
      return {
        GroupName: group.GroupName,
        GroupDescription: group.Description,
        VpcId: group.VpcId,
        SecurityGroupIngress: rulesOf(call, id, false).map((rule) => shown(rule, "Source")),
        SecurityGroupEgress: rulesOf(call, id, true).map((rule) => shown(rule, "Destination")),
        Tags: group.Tags,
      };
    },
  }),

  "AWS::EC2::SecurityGroupIngress": resource({
    create(call: Here, properties) {
      const { GroupId, GroupName } = properties;
      const { SecurityGroupRules } = securityGroupRuleOperations.AuthorizeSecurityGroupIngress(call, {
        GroupId,
        GroupName,
        IpPermissions: [ingressPermission(properties)],
      });
      return SecurityGroupRules[0]!.SecurityGroupRuleId;
    },
    update: (call: Here, id, { Description }) => describe(call, id, Description),
    delete: (call: Here, id) => void call.state.securityGroupRules.delete(id),
    attributes: (_call, id) => ({ Id: id }),
    read: (call: Here, id) => readRule(call, id, "Source"),
  }),

  "AWS::EC2::SecurityGroupEgress": resource({
    create(call: Here, properties) {
      const { SecurityGroupRules } = securityGroupRuleOperations.AuthorizeSecurityGroupEgress(call, {
        GroupId: properties["GroupId"],
        IpPermissions: [egressPermission(properties)],
      });
      return SecurityGroupRules[0]!.SecurityGroupRuleId;
    },
    update: (call: Here, id, { Description }) => describe(call, id, Description),
    delete: (call: Here, id) => void call.state.securityGroupRules.delete(id),
    attributes: (_call, id) => ({ Id: id }),
    read: (call: Here, id) => readRule(call, id, "Destination"),
  }),
};

type Peer = "Source" | "Destination";

/** The rules that stand in the group itself. */
function inline(call: Here, vpcId: string, rules: Properties[] | undefined, peer: Peer): Terms[] {
  return termsOf(call, vpcId, (rules ?? []).map(peer === "Source" ? ingressPermission : egressPermission));
}

function ingressPermission(properties: Properties): sdk.IpPermission {
  const { SourceSecurityGroupId, SourceSecurityGroupName, SourceSecurityGroupOwnerId, SourcePrefixListId } = properties;
  const isGroup = SourceSecurityGroupId !== undefined || SourceSecurityGroupName !== undefined;
  return permission(
    properties,
    SourcePrefixListId,
    isGroup ? { GroupId: SourceSecurityGroupId, GroupName: SourceSecurityGroupName, UserId: SourceSecurityGroupOwnerId } : undefined,
  );
}

function egressPermission(properties: Properties): sdk.IpPermission {
  const { DestinationSecurityGroupId, DestinationPrefixListId } = properties;
  return permission(
    properties,
    DestinationPrefixListId,
    DestinationSecurityGroupId === undefined ? undefined : { GroupId: DestinationSecurityGroupId },
  );
}

function permission(
  { IpProtocol, FromPort, ToPort, CidrIp, CidrIpv6, Description }: Properties,
  prefixListId: string | undefined,
  group: sdk.UserIdGroupPair | undefined,
): sdk.IpPermission {
  return {
    IpProtocol: String(IpProtocol),
    FromPort: FromPort === undefined ? undefined : Number(FromPort),
    ToPort: ToPort === undefined ? undefined : Number(ToPort),
    IpRanges: CidrIp === undefined ? [] : [{ CidrIp, Description }],
    Ipv6Ranges: CidrIpv6 === undefined ? [] : [{ CidrIpv6, Description }],
    PrefixListIds: prefixListId === undefined ? [] : [{ PrefixListId: prefixListId, Description }],
    UserIdGroupPairs: group ? [{ ...group, Description }] : [],
  };
}

function describe(call: Here, id: string, Description: string | undefined): void {
  const rule = findRule(call, id);
  const change = { GroupId: rule.GroupId, SecurityGroupRuleDescriptions: [{ SecurityGroupRuleId: id, Description }] };
  if (rule.IsEgress) securityGroupRuleOperations.UpdateSecurityGroupRuleDescriptionsEgress(call, change);
  else securityGroupRuleOperations.UpdateSecurityGroupRuleDescriptionsIngress(call, change);
}

function readRule(call: Here, id: string, peer: Peer): Properties | undefined {
  const rule = call.state.securityGroupRules.get(id);
  return rule && { GroupId: rule.GroupId, ...shown(rule, peer) };
}

/** A rule in the template's words. */
function shown(
  { IpProtocol, FromPort, ToPort, CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo, Description }: Rule,
  peer: Peer,
): Properties {
  const members = {
    IpProtocol,
    ...(IpProtocol !== "-1" && { FromPort, ToPort }),
    CidrIp: CidrIpv4,
    CidrIpv6,
    [`${peer}PrefixListId`]: PrefixListId,
    [`${peer}SecurityGroupId`]: ReferencedGroupInfo?.GroupId,
    Description,
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
