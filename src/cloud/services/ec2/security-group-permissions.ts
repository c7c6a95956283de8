/**
 * The two ways of writing security group rules and the way between them: `IpPermission`s (one protocol and port range, many sources) and
 * rules (one source each). Shapes: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
 */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Call, type Known } from "../../service.ts";
import { canonical } from "./cidr.ts";
import { peeringBetween } from "./peering.ts";
import { findPrefixList } from "./prefix-lists.ts";
import type { State } from "./state.ts";

export type Group = Known<sdk.SecurityGroup, "GroupId" | "GroupName" | "Description" | "VpcId" | "OwnerId" | "SecurityGroupArn" | "Tags">;
export type Rule = Known<
  sdk.SecurityGroupRule,
  "SecurityGroupRuleId" | "GroupId" | "GroupOwnerId" | "IsEgress" | "IpProtocol" | "FromPort" | "ToPort" | "SecurityGroupRuleArn" | "Tags"
>;
/** What a rule says, without whose it is. */
export type Terms = Pick<
  Rule,
  "IpProtocol" | "FromPort" | "ToPort" | "CidrIpv4" | "CidrIpv6" | "PrefixListId" | "ReferencedGroupInfo" | "Description"
>;
type Here = Call<State>;

const NAMED: Record<string, string> = { "1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", all: "-1" };

/** The terms that a list of permissions spells out for a group of that VPC, each checked. */
export function termsOf(call: Here, vpcId: string, permissions: readonly sdk.IpPermission[]): Terms[] {
  return permissions.flatMap((permission) => {
    const range = protocolAndPorts(permission.IpProtocol, permission.FromPort, permission.ToPort);
    const terms = [
      ...(permission.IpRanges ?? []).map(({ CidrIp, Description }) => ({ ...range, CidrIpv4: cidr4(CidrIp), Description })),
      ...(permission.Ipv6Ranges ?? []).map(({ CidrIpv6, Description }) => ({ ...range, CidrIpv6: cidr6(CidrIpv6), Description })),
      ...(permission.PrefixListIds ?? []).map(({ PrefixListId, Description }) => ({
        ...range,
        PrefixListId: prefixList(call, PrefixListId),
        Description,
      })),
      ...(permission.UserIdGroupPairs ?? []).map((pair) => ({
        ...range,
        ReferencedGroupInfo: referenced(call, vpcId, pair),
        Description: pair.Description,
      })),
    ];
    if (terms.length === 0)
      throw new AwsError(
        "MissingParameter",
        "The request must contain at least one of IpRanges, Ipv6Ranges, PrefixListIds or UserIdGroupPairs for each permission.",
      );
    for (const { Description } of terms) checkDescription(Description);
    return terms.map(withoutAbsent);
  });
}

/** The terms of `ModifySecurityGroupRules`: exactly one source. */
export function termsOfRequest(call: Here, vpcId: string, request: sdk.SecurityGroupRuleRequest): Terms {
  const range = protocolAndPorts(request.IpProtocol, request.FromPort, request.ToPort);
  const sources = [request.CidrIpv4, request.CidrIpv6, request.PrefixListId, request.ReferencedGroupId].filter(
    (source) => source !== undefined,
  );
  if (sources.length !== 1)
    throw new AwsError(
      "InvalidParameterCombination",
      "Exactly one of CidrIpv4, CidrIpv6, PrefixListId or ReferencedGroupId must be specified.",
    );
  checkDescription(request.Description);
  return withoutAbsent({
    ...range,
    CidrIpv4: request.CidrIpv4 === undefined ? undefined : cidr4(request.CidrIpv4),
    CidrIpv6: request.CidrIpv6 === undefined ? undefined : cidr6(request.CidrIpv6),
    PrefixListId: request.PrefixListId === undefined ? undefined : prefixList(call, request.PrefixListId),
    ReferencedGroupInfo:
      request.ReferencedGroupId === undefined ? undefined : referenced(call, vpcId, { GroupId: request.ReferencedGroupId }),
    Description: request.Description,
  });
}

/** Rules as `DescribeSecurityGroups` shows them: one permission for each protocol and port range. */
export function permissionsOf(rules: Iterable<Rule>): sdk.IpPermission[] {
  const permissions = new Map<
    string,
    Required<Pick<sdk.IpPermission, "IpRanges" | "Ipv6Ranges" | "PrefixListIds" | "UserIdGroupPairs">> & sdk.IpPermission
  >();
  for (const { IpProtocol, FromPort, ToPort, CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo, Description } of rules) {
    const key = `${IpProtocol} ${FromPort} ${ToPort}`;
    const ports = hasPorts(IpProtocol) ? { FromPort, ToPort } : {};
    const permission = permissions.get(key) ?? {
      IpProtocol,
      ...ports,
      UserIdGroupPairs: [],
      IpRanges: [],
      Ipv6Ranges: [],
      PrefixListIds: [],
    };
    permissions.set(key, permission);
    const described = Description === undefined ? {} : { Description };
    if (CidrIpv4 !== undefined) permission.IpRanges.push({ ...described, CidrIp: CidrIpv4 });
    if (CidrIpv6 !== undefined) permission.Ipv6Ranges.push({ ...described, CidrIpv6 });
    if (PrefixListId !== undefined) permission.PrefixListIds.push({ ...described, PrefixListId });
    if (ReferencedGroupInfo) permission.UserIdGroupPairs.push({ ...described, ...ReferencedGroupInfo });
  }
  return [...permissions.values()];
}

/** Two rules with the same key are the same rule: a description does not distinguish them. */
export function keyOf({ IpProtocol, FromPort, ToPort, CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo }: Terms): string {
  return `${IpProtocol} ${FromPort} ${ToPort} ${CidrIpv4 ?? CidrIpv6 ?? PrefixListId ?? ReferencedGroupInfo?.GroupId}`;
}

/** A rule in the words of AWS's refusals: `peer: 10.0.0.0/8, TCP, from port: 80, to port: 80, ALLOW`. */
export function inWords({ IpProtocol, FromPort, ToPort, CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo }: Terms): string {
  const peer = CidrIpv4 ?? CidrIpv6 ?? PrefixListId ?? ReferencedGroupInfo?.GroupId;
  if (IpProtocol === "-1") return `peer: ${peer}, ALL, ALLOW`;
  const all = (value: number) => (value === -1 ? "ALL" : value);
  const isIcmp = IpProtocol === "icmp" || IpProtocol === "icmpv6";
  const ports = isIcmp
    ? `, type: ${all(FromPort)}, code: ${all(ToPort)}`
    : hasPorts(IpProtocol)
      ? `, from port: ${FromPort}, to port: ${ToPort}`
      : "";
  return `peer: ${peer}, ${IpProtocol.toUpperCase()}${ports}, ALLOW`;
}

export function checkDescription(description: string | undefined): void {
  // Up to 255 characters of this set: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html
  if (description !== undefined && !/^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{0,255}$/.test(description)) {
    throw new AwsError(
      "InvalidParameterValue",
      "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
    );
  }
}

function hasPorts(protocol: string): boolean {
  return ["tcp", "udp", "icmp", "icmpv6"].includes(protocol);
}

function protocolAndPorts(
  given: string | undefined,
  from: number | undefined,
  to: number | undefined,
): Pick<Terms, "IpProtocol" | "FromPort" | "ToPort"> {
  if (given === undefined) throw new AwsError("MissingParameter", "The request must contain the parameter ipProtocol");
  const lower = given.toLowerCase();
  const IpProtocol = NAMED[lower] ?? lower;
  if (!hasPorts(IpProtocol) && !(IpProtocol === "-1" || (/^\d{1,3}$/.test(IpProtocol) && Number(IpProtocol) <= 255))) {
    throw new AwsError("InvalidParameterValue", `Invalid value '${given}' for IP protocol. Unknown protocol.`);
  }
  // Of the other protocols all ports are allowed, whatever is given: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
  if (!hasPorts(IpProtocol)) return { IpProtocol, FromPort: -1, ToPort: -1 };
  if (IpProtocol === "icmp" || IpProtocol === "icmpv6") return { IpProtocol, ...icmp(IpProtocol, from, to) };
  if (from === undefined || to === undefined)
    throw new AwsError("InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.");
  for (const port of [from, to]) {
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw new AwsError("InvalidParameterValue", `TCP/UDP port (${port}) out of range`);
  }
  if (from > to) throw new AwsError("InvalidParameterValue", `Invalid TCP/UDP port range (${from}:${to})`);
  return { IpProtocol, FromPort: from, ToPort: to };
}

/** Type and code; ICMPv6 may leave both out and means all: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html */
function icmp(protocol: string, type: number | undefined, code: number | undefined): { FromPort: number; ToPort: number } {
  if (protocol === "icmp" && (type === undefined || code === undefined)) {
    throw new AwsError("InvalidParameterValue", "Invalid value 'ICMP protocol must specify both type and code.' for portRange.");
  }
  const [FromPort, ToPort] = [type ?? -1, type === -1 || type === undefined ? -1 : (code ?? -1)];
  if (FromPort < -1 || FromPort > 255) throw new AwsError("InvalidParameterValue", `ICMP type (${FromPort}) out of range`);
  if (ToPort < -1 || ToPort > 255) throw new AwsError("InvalidParameterValue", `ICMP code (${ToPort}) out of range`);
  return { FromPort, ToPort };
}

/** AWS makes 100.68.0.18/18 into 100.68.0.0/18: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html */
function cidr4(given: string | undefined): string {
  if (!given?.includes(".")) throw malformed(given);
  return canonical(given) ?? refuse(malformed(given));
}

function cidr6(given: string | undefined): string {
  if (!given?.includes(":")) throw malformed(given);
  return canonical(given) ?? refuse(malformed(given));
}

function malformed(cidr: string | undefined): AwsError {
  return new AwsError("InvalidParameterValue", `CIDR block ${cidr ?? ""} is malformed`);
}

function refuse(error: AwsError): never {
  throw error;
}

function prefixList(call: Here, id: string | undefined): string {
  if (id === undefined) throw new AwsError("MissingParameter", "The request must contain the parameter prefixListId");
  findPrefixList(call, id);
  return id;
}

/** The group that a rule names as its peer: of the same VPC, or of one that is peered with it in the same region. */
function referenced(call: Here, vpcId: string, pair: sdk.UserIdGroupPair): sdk.ReferencedSecurityGroup {
  const { GroupId, GroupName, UserId = call.account } = pair;
  if (GroupId === undefined && GroupName === undefined)
    throw new AwsError("MissingParameter", "Missing source specification: include source security group or CIDR information");
  const found =
    GroupId === undefined
      ? [...call.state.securityGroups.values()].find((each) => each.GroupName === GroupName && each.VpcId === vpcId)
      : call.state.securityGroups.get(GroupId);
  if (!found || UserId !== found.OwnerId)
    throw new AwsError("InvalidGroup.NotFound", `The security group '${GroupId ?? GroupName}' does not exist`);
  if (found.VpcId === vpcId) return { GroupId: found.GroupId, UserId };
  const peering = peeringBetween(call, vpcId, found.VpcId);
  if (!peering) throw new AwsError("InvalidGroup.NotFound", `You have specified two resources that belong to different networks.`);
  return {
    GroupId: found.GroupId,
    UserId,
    VpcId: found.VpcId,
    VpcPeeringConnectionId: peering.VpcPeeringConnectionId,
    PeeringStatus: peering.Status.Code,
  };
}

function withoutAbsent(terms: Terms): Terms {
  return Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined)) as Terms;
}
