/** The VPC, its security groups, endpoints and names. */
import { expect, test } from "vitest";
import { contains, overlaps, range } from "../platform/cidr.ts";
import type { Role } from "../platform/definition.ts";
import type { Template, TemplateResource } from "./assembly.ts";
import { network, networkRoles } from "./network.ts";
import { resolver } from "./resolver.ts";
import { define, foundationOf, placeOf, template } from "./testing.ts";

const built = (change?: (input: any) => void, role?: Role): Template =>
  template(placeOf(define(change), role), (stack, place) => network(stack, place, { foundation: foundationOf(place) }));

const of = ({ Resources }: Template, type: string): Record<string, TemplateResource> =>
  Object.fromEntries(Object.entries(Resources).filter(([, { Type }]) => Type === type));

const reference = built();

test("S5 each zone has a public, an app and a data subnet, by zone id, in the VPC and apart from each other", () => {
  for (const [role, zones] of [
    ["primary", ["euw1-az1", "euw1-az2"]],
    ["recovery", ["euc1-az2", "euc1-az3"]],
  ] as const) {
    const made = built(undefined, role);
    const subnets = of(made, "AWS::EC2::Subnet");
    expect(Object.keys(subnets)).toEqual(["PublicSubnetA", "PublicSubnetB", "AppSubnetA", "AppSubnetB", "DataSubnetA", "DataSubnetB"]);
    for (const [id, { Properties }] of Object.entries(subnets)) {
      expect(Properties!.AvailabilityZoneId, id).toBe(zones[id.endsWith("A") ? 0 : 1]);
      expect(Properties).not.toHaveProperty("AvailabilityZone");
    }
    const ranges = Object.values(subnets).map(({ Properties }) => range(Properties!.CidrBlock)!);
    const vpc = range(made.Resources.Vpc!.Properties!.CidrBlock)!;
    expect(ranges.every((each) => contains(vpc, each))).toBe(true);
    expect(ranges.some((one, at) => ranges.slice(at + 1).some((other) => overlaps(one, other)))).toBe(false);
  }
});

test("S5 the two regions, the data centre and Docker's bridge do not overlap", () => {
  const vpcs = (["primary", "recovery"] as const).map((role) => built(undefined, role).Resources.Vpc!.Properties!.CidrBlock);
  const ranges = [...vpcs, "10.64.0.0/16", "172.17.0.0/16"].map((each) => range(each)!);
  expect(ranges.some((one, at) => ranges.slice(at + 1).some((other) => overlaps(one, other)))).toBe(false);
});

test("S5 three zones make nine subnets", () => {
  const made = built((input) => (input.regions.primary.zones = ["euw1-az1", "euw1-az2", "euw1-az3"]));
  expect(Object.keys(of(made, "AWS::EC2::Subnet"))).toHaveLength(9);
});

test("S6 only the public subnets have the table that leads to the internet gateway; every other has its own and no default route", () => {
  const routes = Object.values(of(reference, "AWS::EC2::Route"));
  expect(routes.map(({ Properties }) => [Properties!.RouteTableId, Properties!.DestinationCidrBlock, Properties!.GatewayId])).toEqual([
    [{ Ref: "PublicRouteTable" }, "0.0.0.0/0", { Ref: "InternetGateway" }],
  ]);
  const tables = Object.values(of(reference, "AWS::EC2::SubnetRouteTableAssociation")).map(({ Properties }) => [
    Properties!.SubnetId.Ref,
    Properties!.RouteTableId.Ref,
  ]);
  expect(tables).toEqual([
    ["PublicSubnetA", "PublicRouteTable"],
    ["PublicSubnetB", "PublicRouteTable"],
    ["AppSubnetA", "AppRouteTableA"],
    ["AppSubnetB", "AppRouteTableB"],
    ["DataSubnetA", "DataRouteTableA"],
    ["DataSubnetB", "DataRouteTableB"],
  ]);
  for (const { Properties } of Object.values(of(reference, "AWS::EC2::Subnet"))) expect(Properties!.MapPublicIpOnLaunch).toBe(false);
});

const services = (made: Template, type: string): string[] =>
  Object.values(of(made, "AWS::EC2::VPCEndpoint"))
    .filter(({ Properties }) => Properties!.VpcEndpointType === type)
    .map(({ Properties }) => Properties!.ServiceName.replace(/^com\.amazonaws\.[a-z0-9-]+\./, ""));

test("S5 AWS's services are reached inside the VPC, in each zone, under their usual names", () => {
  expect(services(reference, "Gateway")).toEqual(["s3"]);
  expect(services(reference, "Interface").toSorted()).toEqual(
    [
      ...["ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "ssm", "ssmmessages", "ec2messages", "logs", "secretsmanager", "kms"],
      ...["storagegateway", "s3"],
    ].toSorted(),
  );
  for (const { Properties } of Object.values(of(reference, "AWS::EC2::VPCEndpoint")).filter(
    (each) => each.Properties!.VpcEndpointType === "Interface",
  )) {
    expect(Properties!.SubnetIds).toEqual([{ Ref: "AppSubnetA" }, { Ref: "AppSubnetB" }]);
    expect(Properties!.SecurityGroupIds).toEqual([{ "Fn::GetAtt": ["EndpointsGroup", "GroupId"] }]);
    expect(Properties!.PrivateDnsEnabled).toBe(true);
  }
  expect(reference.Resources.S3Endpoint!.Properties!.RouteTableIds.map((each: { Ref: string }) => each.Ref)).toEqual([
    ...["AppRouteTableA", "AppRouteTableB", "DataRouteTableA", "DataRouteTableB"],
  ]);
  // The data centre's questions get S3's private addresses, those of the VPC go on to the gateway endpoint.
  expect(reference.Resources.S3InterfaceEndpoint!.Properties!.DnsOptions).toEqual({
    PrivateDnsOnlyForInboundResolverEndpoint: "OnlyInboundResolver",
  });
  expect(reference.Resources.S3InterfaceEndpoint!.DependsOn).toEqual(["S3Endpoint"]);
});

test("S5 without a data centre there are no endpoints for one, and no resolver", () => {
  const made = built((input) => {
    delete input.site;
    delete input.files;
    delete input.services.worker;
    delete input.recovery.objectives.report;
  });
  expect(services(made, "Interface")).not.toContain("storagegateway");
  expect(services(made, "Interface")).not.toContain("s3");
  expect(of(made, "AWS::Route53Resolver::ResolverEndpoint")).toEqual({});
  expect(made.Resources.EndpointsGroup!.Properties).not.toHaveProperty("SecurityGroupIngress");
});

test("S5 endpoints serve the account's principals only, besides hosts that enrol and AWS's own buckets", () => {
  const own = { StringEquals: { "aws:PrincipalAccount": { Ref: "AWS::AccountId" } } };
  for (const [id, { Properties }] of Object.entries(of(reference, "AWS::EC2::VPCEndpoint"))) {
    if (id === "StoragegatewayEndpoint") continue;
    const [first, ...more] = Properties!.PolicyDocument.Statement;
    expect(first.Condition, id).toMatchObject(own);
    for (const each of more)
      expect(
        [each.Action].flat().every((action: string) => /^ssm:R|^ssm:UpdateManaged|^s3:GetObject$/.test(action)),
        id,
      ).toBe(true);
  }
});

test("S5 every connection is logged, encrypted, by a role that was made beforehand", () => {
  expect(reference.Resources.FlowLog!.Properties).toMatchObject({
    ResourceId: { Ref: "Vpc" },
    TrafficType: "ALL",
    LogGroupName: { Ref: "FlowLogGroup" },
  });
  expect(reference.Resources.FlowLogGroup!.Properties).toMatchObject({ KmsKeyId: expect.stringContaining(":key/"), RetentionInDays: 30 });
  expect(Object.values(reference.Resources).some(({ Type }) => Type.startsWith("AWS::IAM::"))).toBe(false);
  const role = template(placeOf(define()), networkRoles).Resources.FlowLogRole!.Properties!.RoleName;
  expect(JSON.stringify(reference.Resources.FlowLog!.Properties!.DeliverLogsPermissionArn)).toContain(`:role/${role}"`);
});

type Ends = [rule: string, from: number, to: number];
/** What a group lets in or out: `peer, from port, to port`. */
function rules(made: Template, group: string, direction: "Ingress" | "Egress"): Ends[] {
  const inline = made.Resources[group]!.Properties![`SecurityGroup${direction}`] ?? [];
  const apart = Object.values(of(made, `AWS::EC2::SecurityGroup${direction}`))
    .map(({ Properties }) => Properties!)
    .filter(({ GroupId }) => GroupId["Fn::GetAtt"][0] === group);
  return [...inline, ...apart].map((rule: Record<string, any>) => [
    rule.CidrIp ?? (rule.SourceSecurityGroupId ?? rule.DestinationSecurityGroupId)["Fn::GetAtt"][0],
    rule.FromPort,
    rule.ToPort,
  ]);
}
const nothing = [["127.0.0.1/32", undefined, undefined]];

test("S5 the internet reaches the load balancer alone, and that the hosts' dynamic ports alone", () => {
  expect(rules(reference, "BalancerGroup", "Ingress")).toEqual([
    ["0.0.0.0/0", 80, 80],
    ["0.0.0.0/0", 443, 443],
  ]);
  expect(rules(reference, "BalancerGroup", "Egress")).toEqual([...nothing, ["HostsGroup", 32_768, 65_535]]);
  for (const group of ["HostsGroup", "DatabaseGroup", "EndpointsGroup", "FenceGroup"]) {
    expect(
      rules(reference, group, "Ingress").some(([peer]) => peer === "0.0.0.0/0"),
      group,
    ).toBe(false);
  }
});

test("S5 without a public name the load balancer is the data centre's", () => {
  expect(
    rules(
      built((input) => delete input.domain),
      "BalancerGroup",
      "Ingress",
    ),
  ).toEqual([
    ["10.64.0.0/16", 80, 80],
    ["10.64.0.0/16", 443, 443],
  ]);
});

test("S5 the database is open to who uses it, and reaches nothing", () => {
  expect(rules(reference, "DatabaseGroup", "Ingress")).toEqual([
    ["10.64.0.0/16", 5432, 5432],
    ["HostsGroup", 5432, 5432],
  ]);
  expect(rules(reference, "DatabaseGroup", "Egress")).toEqual(nothing);
  const mysql = built((input) => {
    input.database.engine = "mysql";
    input.services.worker.uses = [];
  });
  expect(rules(mysql, "DatabaseGroup", "Ingress")).toEqual([["HostsGroup", 3306, 3306]]);
  const unused = built((input) => (input.services.api.uses = []));
  expect(rules(unused, "DatabaseGroup", "Ingress")).toEqual([["10.64.0.0/16", 5432, 5432]]);
});

test("S5 hosts reach each other only where services use each other, and the data centre only where a service there is used", () => {
  expect(rules(reference, "HostsGroup", "Egress")).toContainEqual(["HostsGroup", 32_768, 65_535]);
  expect(
    rules(
      built((input) => (input.services.web.uses = [])),
      "HostsGroup",
      "Ingress",
    ),
  ).toEqual([["BalancerGroup", 32_768, 65_535]]);
  const toSite = built((input) => {
    input.services.worker.port = 9090;
    input.services.web.uses = ["worker"];
  });
  expect(rules(toSite, "HostsGroup", "Egress")).toContainEqual(["10.64.0.0/16", 9090, 9090]);
});

test("S20 the file gateway of each region may be activated over the lines", () => {
  const ports = (made: Template) => rules(made, "EndpointsGroup", "Ingress").filter(([peer]) => peer.endsWith("/32"));
  expect(ports(reference)).toEqual([
    ["10.64.16.5/32", 1026, 1028],
    ["10.64.16.5/32", 1031, 1031],
    ["10.64.16.5/32", 2222, 2222],
  ]);
  expect(ports(built(undefined, "recovery"))[0]).toEqual(["10.64.16.6/32", 1026, 1028]);
});

test("S5 a fenced database has no connection left", () => {
  expect(rules(reference, "FenceGroup", "Ingress")).toEqual([]);
  expect(rules(reference, "FenceGroup", "Egress")).toEqual(nothing);
});

test("S5 no group keeps EC2's rule that lets everything out, and descriptions have the characters that EC2 takes", () => {
  for (const [id, { Properties }] of Object.entries(of(reference, "AWS::EC2::SecurityGroup"))) {
    expect(Properties!.SecurityGroupEgress.length, id).toBeGreaterThan(0);
  }
  const texts = JSON.stringify(Object.values(reference.Resources).filter(({ Type }) => Type.startsWith("AWS::EC2::SecurityGroup")));
  for (const [, text] of texts.matchAll(/"(?:Group)?Description":"([^"]*)"/g)) expect(text).toMatch(/^[\w .:/()#,@[\]+=&;{}!$*-]{1,255}$/);
});

test("S24 names cross the lines: AWS's into the data centre, its domain into the region", () => {
  const made = template(placeOf(define()), (stack, place) => resolver(stack, place, { vpcId: "vpc-1", subnets: ["subnet-a", "subnet-b"] }));
  const { ResolverInbound, ResolverOutbound, SiteNames, SiteNamesInVpc } = made.Resources;
  for (const each of [ResolverInbound, ResolverOutbound]) expect(each!.Properties!.IpAddresses).toHaveLength(2);
  expect(SiteNames!.Properties).toMatchObject({
    RuleType: "FORWARD",
    DomainName: "dublin.customer-three.example",
    TargetIps: [{ Ip: "10.64.0.53", Port: "53" }],
  });
  expect(SiteNamesInVpc!.Properties!.VPCId).toBe("vpc-1");
  expect(rules(made, "ResolverInboundGroup", "Ingress").map(([peer]) => peer)).toEqual(["10.64.0.0/16", "10.64.0.0/16"]);
  expect(rules(made, "ResolverInboundGroup", "Egress")).toEqual(nothing);
});
