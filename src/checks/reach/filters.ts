/**
 * What may pass: security groups, which know who asked, and network ACLs, which do not.
 * docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html and vpc-network-acls.html
 */
import { contains, overlaps, type Range } from "../../platform/cidr.ts";
import type { Model } from "../model.ts";
import { linked, members, text, type ModelResource } from "../values.ts";
import { ranged, rangesOf, type End } from "./ends.ts";

export type Flow = {
  protocol: "tcp" | "udp";
  ports: Range;
  /** Asks whether anything at all passes, on whatever port; otherwise whether all of it does. */
  anything: boolean;
};

/** Where clients answer from. docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html (ephemeral ports) */
export const answers: Range = { first: 1024, last: 65_535 };

type Rule = { by: ModelResource; protocol: string; ports: Range; range?: Range; group?: ModelResource; list?: ModelResource | string };
type Direction = "in" | "out";

/** The rule that lets it through. */
export function admits(model: Model, groups: ModelResource[], direction: Direction, other: End, flow: Flow): ModelResource | undefined {
  const all = groups.flatMap((group) => rules(model, group, direction)).filter((rule) => speaks(rule, flow));
  return all.find((rule) => named(rule, other))?.by ?? byRanges(all, other, flow);
}

const named = ({ group, list }: Rule, other: End): boolean =>
  (group !== undefined && other.kind === "interface" && other.groups.includes(group)) ||
  // A list that is AWS's own: the gateway endpoint's.
  (typeof list === "string" && other.kind === "service");

/** Everything must be covered, by whichever rules; or, when anything is asked for, something. */
function byRanges(all: Rule[], other: End, { anything }: Flow): ModelResource | undefined {
  const ranges = rangesOf(other);
  const match = (range: Range) => all.find((rule) => covered(rule).some((each) => (anything ? overlaps : contains)(each, range)));
  const found = ranges.map(match);
  return anything ? found.find((rule) => rule)?.by : found.every((rule) => rule) ? found[0]?.by : undefined;
}

function covered({ range, list }: Rule): Range[] {
  if (range) return [range];
  return list && typeof list !== "string" ? listed(list) : [];
}

/** The ranges of a prefix list that the templates make. */
export const listed = ({ properties }: ModelResource): Range[] => members(properties.Entries).map(({ Cidr }) => ranged(text(Cidr)));

function speaks({ protocol, ports }: Omit<Rule, "by">, flow: Flow): boolean {
  if (flow.anything) return true;
  return (protocol === "-1" || protocol === flow.protocol) && contains(ports, flow.ports);
}

function rules(model: Model, group: ModelResource, direction: Direction): Rule[] {
  const type = direction === "in" ? "Ingress" : "Egress";
  const inside = members(group.properties[`SecurityGroup${type}`]);
  const apart = model
    .byType(`AWS::EC2::SecurityGroup${type}`, group.region)
    .filter(({ properties }) => linked(properties.GroupId) === group);
  const written = [...inside.map((rule) => read(rule, group)), ...apart.map((each) => read(each.properties, each))];
  // EC2's own rule, which goes only when the group itself names others:
  // docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
  if (direction === "out" && inside.length === 0) written.push(read({ IpProtocol: "-1", CidrIp: "0.0.0.0/0" }, group));
  return written;
}

function read(rule: Record<string, unknown>, by: ModelResource): Rule {
  const group = linked(rule.SourceSecurityGroupId ?? rule.DestinationSecurityGroupId);
  const list = rule.SourcePrefixListId ?? rule.DestinationPrefixListId;
  return {
    by,
    protocol: protocolOf(rule.IpProtocol),
    ports: rule.FromPort === undefined ? { first: 0, last: 65_535 } : { first: Number(rule.FromPort), last: Number(rule.ToPort) },
    ...(rule.CidrIp !== undefined && { range: ranged(text(rule.CidrIp)) }),
    ...(group && { group }),
    ...(list !== undefined && { list: linked(list) ?? text(list) }),
  };
}

const numbers: Record<string, string> = { "6": "tcp", "17": "udp" };
const protocolOf = (value: unknown): string => numbers[String(value)] ?? String(value);

/** The ACL that refuses, if one does. A subnet without its own has the VPC's, which the templates leave open. */
export function refusedByAcl(model: Model, subnet: ModelResource, direction: Direction, other: End, flow: Flow): ModelResource | undefined {
  const association = model
    .byType("AWS::EC2::SubnetNetworkAclAssociation", subnet.region)
    .find(({ properties }) => linked(properties.SubnetId) === subnet);
  const acl = linked(association?.properties.NetworkAclId);
  if (!acl) return undefined;
  const entries = model
    .byType("AWS::EC2::NetworkAclEntry", subnet.region)
    .filter(({ properties }) => linked(properties.NetworkAclId) === acl && (properties.Egress === true) === (direction === "out"))
    .toSorted((one, another) => Number(one.properties.RuleNumber) - Number(another.properties.RuleNumber));
  const verdicts = rangesOf(other).map((range) => verdict(entries, range, flow));
  const passes = flow.anything ? verdicts.some((each) => each === "passes") : verdicts.every((each) => each === "passes");
  return passes ? undefined : (verdicts.find((each) => typeof each === "object") ?? acl);
}

/** The first entry that has a say decides. undefined: none had. */
function verdict(entries: ModelResource[], range: Range, flow: Flow): ModelResource | "passes" | undefined {
  for (const entry of entries) {
    const { Protocol, RuleAction, CidrBlock, PortRange } = entry.properties;
    const protocol = protocolOf(Protocol);
    const ports: Range = PortRange ? { first: Number(PortRange.From), last: Number(PortRange.To) } : { first: 0, last: 65_535 };
    const covers = ranged(text(CidrBlock));
    const whole = contains(covers, range) && (flow.anything ? protocol === "-1" : contains(ports, flow.ports));
    const touches =
      overlaps(covers, range) && (flow.anything || ((protocol === "-1" || protocol === flow.protocol) && overlaps(ports, flow.ports)));
    if (!touches) continue;
    // Of anything, a part that passes is enough, and a part that is refused is not: of all of it, the other way round.
    if (RuleAction === "allow" && (whole || flow.anything)) return "passes";
    if (RuleAction === "deny" && (whole || !flow.anything)) return entry;
  }
  return undefined;
}
