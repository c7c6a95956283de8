/** Where connections begin and end: the internet, the data centre, AWS's services, and what has an address in a subnet. */
import { range, type Range } from "../../platform/cidr.ts";
import type { Model } from "../model.ts";
import { linked, linkedAll, members, text, type ModelResource } from "../values.ts";

/** One network interface, or all that are alike: same subnet, same groups. */
export type Interface = {
  kind: "interface";
  owner: ModelResource;
  subnet: ModelResource;
  groups: ModelResource[];
  /** Whether it has a public address. */
  public: boolean;
};

export type Internet = { kind: "internet" };
/** `down`: that line is cut. */
export type Site = { kind: "site"; cidrs: readonly string[]; down?: LineKind };
/** A service of AWS with public addresses that a gateway endpoint keeps inside: `s3`. */
export type PublicService = { kind: "service"; name: string };
export type End = Interface | Internet | Site | PublicService;
export type LineKind = "direct" | "tunnel";

/** Addresses that the internet does not have. docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html and RFC 6890. */
const notPublic = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "224.0.0.0/3",
];

const publicRanges: Range[] = between(notPublic.map(ranged));

/** The ranges that an end's addresses are in. */
export function rangesOf(end: End): Range[] {
  if (end.kind === "interface") return [ranged(text(end.subnet.properties.CidrBlock))];
  return end.kind === "site" ? end.cidrs.map(ranged) : publicRanges;
}

/** What is no range covers nothing that anybody asks for. */
export function ranged(cidr: string): Range {
  return range(cidr) ?? { first: -1, last: -1 };
}

function between(taken: Range[]): Range[] {
  const result: Range[] = [];
  for (const [at, { last }] of taken.entries()) {
    const next = taken[at + 1];
    if (next && last + 1 < next.first) result.push({ first: last + 1, last: next.first - 1 });
  }
  return result;
}

const inEach = (subnets: ModelResource[], end: Omit<Interface, "kind" | "subnet">): Interface[] =>
  subnets.map((subnet) => ({ kind: "interface", ...end, subnet }));

/** Application load balancers. */
export function balancers(model: Model, region: string): Interface[] {
  return model.byType("AWS::ElasticLoadBalancingV2::LoadBalancer", region).flatMap((owner) => {
    const { Subnets, SubnetMappings, SecurityGroups, Scheme } = owner.properties;
    const mapped = members(SubnetMappings).map(({ SubnetId }) => SubnetId as unknown);
    return inEach(linkedAll(Subnets ?? mapped), { owner, groups: linkedAll(SecurityGroups), public: Scheme !== "internal" });
  });
}

/** Instances of Auto Scaling groups. */
export function hosts(model: Model, region: string): Interface[] {
  return model.byType("AWS::AutoScaling::AutoScalingGroup", region).flatMap((owner) => {
    const { LaunchTemplate, MixedInstancesPolicy, VPCZoneIdentifier } = owner.properties;
    const given = LaunchTemplate ?? MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification;
    const data = linked(given?.LaunchTemplateId)?.properties.LaunchTemplateData ?? {};
    const [first] = members(data.NetworkInterfaces);
    const groups = linkedAll(first?.Groups ?? data.SecurityGroupIds ?? []);
    return linkedAll(VPCZoneIdentifier).map((subnet) => ({
      kind: "interface",
      owner,
      subnet,
      groups,
      public: first?.AssociatePublicIpAddress ?? subnet.properties.MapPublicIpOnLaunch === true,
    }));
  });
}

/** Database instances; where a runbook makes the instance, what it will be given. */
export function databases(model: Model, region: string): Interface[] {
  const made = model.byType("AWS::RDS::DBInstance", region).flatMap((owner) => {
    const { DBSubnetGroupName, VPCSecurityGroups, PubliclyAccessible } = owner.properties;
    const subnets = linkedAll(linked(DBSubnetGroupName)?.properties.SubnetIds);
    return inEach(subnets, { owner, groups: linkedAll(VPCSecurityGroups), public: PubliclyAccessible === true });
  });
  if (made.length > 0) return made;
  const groups = model.byType("AWS::EC2::SecurityGroup", region).filter(({ id }) => id === "DatabaseGroup");
  return model
    .byType("AWS::RDS::DBSubnetGroup", region)
    .flatMap((owner) => inEach(linkedAll(owner.properties.SubnetIds), { owner, groups, public: false }));
}

/** Interface endpoints, of one service (`ecr.api`) or of all. */
export function interfaceEndpoints(model: Model, region: string, service?: string): Interface[] {
  return model
    .byType("AWS::EC2::VPCEndpoint", region)
    .filter(({ properties }) => properties.VpcEndpointType === "Interface")
    .filter(({ properties }) => service === undefined || serviceOf(properties.ServiceName) === service)
    .flatMap((owner) =>
      inEach(linkedAll(owner.properties.SubnetIds), { owner, groups: linkedAll(owner.properties.SecurityGroupIds), public: false }),
    );
}

/** `com.amazonaws.eu-west-1.ecr.api` → `ecr.api`. */
export const serviceOf = (name: unknown): string => text(name).split(".").slice(3).join(".");

/** Where the data centre asks for AWS's names. */
export function resolvers(model: Model, region: string): Interface[] {
  return model
    .byType("AWS::Route53Resolver::ResolverEndpoint", region)
    .filter(({ properties }) => properties.Direction === "INBOUND")
    .flatMap((owner) => {
      const subnets = linkedAll(members(owner.properties.IpAddresses).map(({ SubnetId }) => SubnetId as unknown));
      return inEach(subnets, { owner, groups: linkedAll(owner.properties.SecurityGroupIds), public: false });
    });
}

export const vpcOf = (subnet: ModelResource): ModelResource | undefined => linked(subnet.properties.VpcId);

export const zoneOf = ({ properties }: ModelResource): string => text(properties.AvailabilityZoneId ?? properties.AvailabilityZone);

/** The VPC's ranges. */
export function vpcRanges(model: Model, vpc: ModelResource): Range[] {
  const more = model.byType("AWS::EC2::VPCCidrBlock").filter(({ properties }) => linked(properties.VpcId) === vpc);
  return [vpc, ...more].map(({ properties }) => ranged(text(properties.CidrBlock)));
}
