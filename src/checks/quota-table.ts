/**
 * What an AWS account is given by default, and how much of it the templates need. Codes and defaults are those of Service Quotas:
 * docs.aws.amazon.com/general/latest/gr/aws-service-information.html. The pages named beside the numbers are the services' own.
 */
import catalogue from "../data/instance-types.json" with { type: "json" };
import type { Model } from "./model.ts";
import { zoneOf } from "./reach/ends.ts";
import { linked, members, named, text, type ModelResource } from "./values.ts";

/** So much in one region; `of` says of what, where the quota is for each of several. */
export type Need = { used: number; of?: string };

export type Quota = { service: string; title: string; default: number; needs(model: Model, region: string): Need[] };

const nameOf = (value: unknown): string => {
  const resource = linked(value);
  return resource ? named(resource) : text(value ?? "nothing");
};

const count =
  (...types: string[]) =>
  (model: Model, region: string): Need[] => [{ used: types.reduce((sum, type) => sum + model.byType(type, region).length, 0) }];

/** How many there are of each value of `key`. */
function each(resources: readonly ModelResource[], key: (resource: ModelResource) => string): Need[] {
  const counts = new Map<string, number>();
  for (const resource of resources) counts.set(key(resource), (counts.get(key(resource)) ?? 0) + 1);
  return [...counts].map(([of, used]) => ({ of, used }));
}

const per = (type: string, property: string) => (model: Model, region: string) =>
  each(model.byType(type, region), ({ properties }) => nameOf(properties[property]));

/** Inbound and outbound rules count apart. */
function rulesOfGroups(model: Model, region: string): Need[] {
  return ["Ingress", "Egress"].flatMap((way) => {
    const alone = per(`AWS::EC2::SecurityGroup${way}`, "GroupId")(model, region);
    return model.byType("AWS::EC2::SecurityGroup", region).map((group) => ({
      of: named(group),
      used: members(group.properties[`SecurityGroup${way}`]).length + (alone.find(({ of }) => of === named(group))?.used ?? 0),
    }));
  });
}

/** The local route and each gateway endpoint's are in the table too. */
function routesOfTables(model: Model, region: string): Need[] {
  const tables = model.byType("AWS::EC2::VPCEndpoint", region).map(({ properties }) => [properties.RouteTableIds ?? []].flat().map(nameOf));
  return per("AWS::EC2::Route", "RouteTableId")(model, region).map(({ of, used }) => ({
    of,
    used: used + 1 + tables.filter((names) => names.includes(of!)).length,
  }));
}

const rulesOfBalancers = (model: Model, region: string): Need[] =>
  each(model.byType("AWS::ElasticLoadBalancingV2::ListenerRule", region), ({ properties }) =>
    nameOf(linked(properties.ListenerArn)?.properties.LoadBalancerArn),
  );

const balancers = (kind: string) => (model: Model, region: string) => [
  {
    used: model
      .byType("AWS::ElasticLoadBalancingV2::LoadBalancer", region)
      .filter(({ properties: { Type = "application" } }) => Type === kind).length,
  },
];

const endpoints = (kind: string) => (model: Model, region: string) =>
  each(
    model.byType("AWS::EC2::VPCEndpoint", region).filter(({ properties }) => (properties.VpcEndpointType ?? "Gateway") === kind),
    ({ properties }) => nameOf(properties.VpcId),
  );

const natOfZones = (model: Model, region: string): Need[] =>
  each(model.byType("AWS::EC2::NatGateway", region), ({ properties }) => {
    const subnet = linked(properties.SubnetId);
    return subnet ? zoneOf(subnet) : "nothing";
  });

const groupsOfHosts = (model: Model, region: string): Need[] =>
  model.byType("AWS::EC2::LaunchTemplate", region).map((template) => ({
    of: named(template),
    used: [template.properties.LaunchTemplateData?.SecurityGroupIds ?? []].flat().length,
  }));

const vcpus = new Map(catalogue.types.map(({ type, vcpu }) => [type, vcpu]));

/** Types of a region's groups of which it is not known how many vCPUs they have, so that nothing is counted for them. */
export const uncounted = (model: Model, region: string): { group: ModelResource; type: string }[] =>
  model.byType("AWS::AutoScaling::AutoScalingGroup", region).flatMap((group) =>
    typesOf(group)
      .filter((type) => !vcpus.has(type))
      .map((type) => ({ group, type })),
  );

const typesOf = ({ properties: { MixedInstancesPolicy } }: ModelResource): string[] =>
  members(MixedInstancesPolicy?.LaunchTemplate?.Overrides).map(({ InstanceType }) => text(InstanceType));

/** vCPUs of all groups at their largest, when every machine is of the largest type of these families that the group takes. */
const machines = (families: RegExp) => (model: Model, region: string) => {
  const largest = model.byType("AWS::AutoScaling::AutoScalingGroup", region).map((group) => {
    const types = typesOf(group);
    return (
      Number(group.properties.MaxSize) * Math.max(0, ...types.filter((type) => families.test(type)).map((type) => vcpus.get(type) ?? 0))
    );
  });
  return [{ used: largest.reduce((sum, used) => sum + used, 0) }];
};

/** Grown as far as they may: storage that cannot grow stops the writer. */
const storage = (model: Model, region: string): Need[] => [
  {
    used: model
      .byType("AWS::RDS::DBInstance", region)
      .reduce((sum, { properties }) => sum + Number(properties.MaxAllocatedStorage ?? properties.AllocatedStorage ?? 0), 0),
  },
];

const policiesOfRoles = (model: Model, region: string): Need[] =>
  model
    .byType("AWS::IAM::Role", region)
    .map((role) => ({ of: named(role), used: [role.properties.ManagedPolicyArns ?? []].flat().length }));

type Row = [code: string, title: string, usual: number, needs: Quota["needs"]];

const rows: Record<string, Row[]> = {
  // docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html: a new account has 5 vCPUs, and none of the special families.
  // docs.aws.amazon.com/vpn/latest/s2svpn/vpn-limits.html and docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-quotas.html for the lines.
  ec2: [
    ["L-1216C47A", "vCPUs of On-Demand Standard instances", 5, machines(/^([acdhmrtz]|i|im|is)\d/)],
    ["L-DB2E81BA", "vCPUs of On-Demand G and VT instances", 0, machines(/^(gr?|vt)\d/)],
    ["L-417A185B", "vCPUs of On-Demand P instances", 0, machines(/^p\d/)],
    ["L-7295265B", "vCPUs of On-Demand X instances", 0, machines(/^x\d/)],
    ["L-0263D0A3", "Elastic IP addresses", 5, count("AWS::EC2::EIP")],
    ["L-3E6EC3A3", "VPN connections", 50, count("AWS::EC2::VPNConnection")],
    ["L-4FB7FF5D", "Customer gateways", 50, count("AWS::EC2::CustomerGateway")],
    ["L-7029FAB6", "Virtual private gateways", 5, count("AWS::EC2::VPNGateway")],
    ["L-A2478D36", "Transit gateways", 5, count("AWS::EC2::TransitGateway")],
  ],
  // docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
  vpc: [
    ["L-F678F1CE", "VPCs", 5, count("AWS::EC2::VPC")],
    ["L-A4707A72", "Internet gateways", 5, count("AWS::EC2::InternetGateway")],
    ["L-FE5A380F", "NAT gateways per zone", 5, natOfZones],
    ["L-407747CB", "Subnets per VPC", 200, per("AWS::EC2::Subnet", "VpcId")],
    ["L-589F43AA", "Route tables per VPC", 200, per("AWS::EC2::RouteTable", "VpcId")],
    ["L-93826ACB", "Routes per route table", 500, routesOfTables],
    ["L-E79EC296", "Security groups", 2500, count("AWS::EC2::SecurityGroup")],
    ["L-0EA8095F", "Inbound or outbound rules per security group", 60, rulesOfGroups],
    ["L-2AFB9258", "Security groups per network interface", 5, groupsOfHosts],
    ["L-29B6F2EB", "Interface endpoints per VPC", 50, endpoints("Interface")],
    ["L-1B52E74A", "Gateway endpoints", 20, endpoints("Gateway")],
  ],
  // docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
  elasticloadbalancing: [
    ["L-53DA6B97", "Application Load Balancers", 50, balancers("application")],
    // docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html
    ["L-69A177A2", "Network Load Balancers", 50, balancers("network")],
    ["L-7EED9B64", "Rules per Application Load Balancer", 100, rulesOfBalancers],
    ["L-B22855CB", "Target groups", 3000, count("AWS::ElasticLoadBalancingV2::TargetGroup")],
  ],
  // docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html
  route53resolver: [["L-4A669CC0", "Resolver endpoints", 4, count("AWS::Route53Resolver::ResolverEndpoint")]],
  // docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
  rds: [
    ["L-7B6409FD", "Database instances", 40, count("AWS::RDS::DBInstance")],
    ["L-7ADDB58A", "GiB of storage of all database instances", 100_000, storage],
  ],
  // docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  iam: [["L-0DA4ABF3", "Managed policies per role", 10, policiesOfRoles]],
};

/** By their codes, which are what a definition's `quotas` and the Service Quotas console call them. */
export const known: Record<string, Quota> = Object.fromEntries(
  Object.entries(rows).flatMap(([service, its]) =>
    its.map(([code, title, usual, needs]) => [code, { service, title, default: usual, needs }]),
  ),
);
