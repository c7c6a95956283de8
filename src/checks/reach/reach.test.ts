/** Reachability: a whole network has no findings, and each thing that is broken gives the rule that is for it. */
import { expect, test } from "vitest";
import { reach } from "./list.ts";
import { found, network, type Break } from "./testing.ts";

const hubs = ["tgw", "vgw"] as const;
const rules = (subject: ReturnType<typeof network>) => [...new Set(found(reach, subject).map((each) => each.slice(0, 6)))];
const properties = (resources: Parameters<Break>[0], id: string): Record<string, any> => resources[id]!.Properties!;

test("a network that is whole has no findings, with either hub", () => {
  for (const hub of hubs) expect(found(reach, network(hub)), hub).toEqual([]);
});

const breaks: [what: string, hub: (typeof hubs)[number], change: Break, rules: string[]][] = [
  [
    "the public subnets lead nowhere",
    "tgw",
    (all) => ["A", "B"].forEach((zone) => delete all[`Public${zone}Default`]),
    ["RCH001", "RCH005"],
  ],
  [
    "the load balancer's group lets in one company",
    "tgw",
    (all) => (properties(all, "BalancerGroup").SecurityGroupIngress[0].CidrIp = "203.0.113.0/24"),
    ["RCH001", "RCH008"],
  ],
  [
    "the database is public in the public subnets",
    "tgw",
    (all) => {
      properties(all, "Database").PubliclyAccessible = true;
      properties(all, "DatabaseSubnets").SubnetIds = [{ Ref: "PublicA" }];
      properties(all, "DatabaseGroup").SecurityGroupIngress.push({ IpProtocol: "tcp", FromPort: 5432, ToPort: 5432, CidrIp: "0.0.0.0/0" });
    },
    ["RCH002"],
  ],
  [
    "a database group that lets everybody in is no finding while nothing leads there",
    "tgw",
    (all) => properties(all, "DatabaseGroup").SecurityGroupIngress.push({ IpProtocol: "-1", CidrIp: "0.0.0.0/0" }),
    [],
  ],
  ["the load balancer reaches a part of the ports", "tgw", (all) => (properties(all, "HostsFromBalancer").ToPort = 40_000), ["RCH003"]],
  ["the hosts' rule out to the database is gone", "tgw", (all) => delete all.HostsToDatabase, ["RCH004"]],
  ["S6 both zones share a NAT gateway", "tgw", (all) => (properties(all, "AppBDefault").NatGatewayId = { Ref: "NatA" }), ["RCH005"]],
  [
    "hosts have public addresses and lead to the internet gateway",
    "tgw",
    (all) => {
      properties(all, "Template").LaunchTemplateData = {
        NetworkInterfaces: [{ AssociatePublicIpAddress: true, Groups: [{ Ref: "HostsGroup" }] }],
      };
      for (const zone of ["A", "B"]) properties(all, `App${zone}Default`).GatewayId = { Ref: "Gateway" };
      for (const zone of ["A", "B"]) delete properties(all, `App${zone}Default`).NatGatewayId;
    },
    ["RCH005"],
  ],
  [
    "S6 the database has a way out",
    "vgw",
    (all) => {
      all.Leak = {
        Type: "AWS::EC2::Route",
        Properties: { RouteTableId: { Ref: "DataATable" }, DestinationCidrBlock: "8.0.0.0/8", NatGatewayId: { Ref: "NatA" } },
      };
      properties(all, "DatabaseGroup").SecurityGroupEgress = [{ IpProtocol: "-1", CidrIp: "0.0.0.0/0" }];
    },
    ["RCH006"],
  ],
  ["S3's endpoint misses a zone's table", "tgw", (all) => properties(all, "Buckets").RouteTableIds.pop(), ["RCH007"]],
  ["an endpoint has no private DNS", "tgw", (all) => (properties(all, "Endpointlogs").PrivateDnsEnabled = false), ["RCH007", "RCH008"]],
  ["an endpoint is missing", "tgw", (all) => delete all.Endpointecsagent, ["RCH007", "RCH008"]],
  ["the data centre's way to the VPC is not attached in a zone", "tgw", (all) => properties(all, "Attachment").SubnetIds.pop(), ["RCH008"]],
  ["the VPN's connection is gone", "vgw", (all) => delete all.Vpn, ["RCH008"]],
  [
    "the recovery region's Direct Connect is not associated",
    "tgw",
    (all, { role }) => role === "recovery" && delete all.Association,
    ["RCH008", "RCH009"],
  ],
  ["a table learns nothing from the gateway", "vgw", (all) => properties(all, "SiteRoutes").RouteTableIds.pop(), ["RCH008"]],
  [
    "a transit interface carries a virtual private gateway",
    "vgw",
    (all) => all.VirtualInterface && (all.VirtualInterface.Type = "AWS::DirectConnect::TransitVirtualInterface"),
    ["RCH008", "RCH009"],
  ],
  [
    "S3 Direct Connect announces a wider prefix than the VPN",
    "tgw",
    (all, { role }) => role === "primary" && (properties(all, "Association").AllowedPrefixesToDirectConnectGateway = ["10.0.0.0/8"]),
    ["RCH009"],
  ],
  [
    "S2 the filter of a virtual private gateway does not hold the VPC",
    "vgw",
    (all) => (properties(all, "Association").AllowedPrefixesToDirectConnectGateway = ["10.9.0.0/16"]),
    ["RCH008", "RCH009"],
  ],
  [
    "S3 a static route sends the way back over the VPN",
    "tgw",
    (all) => {
      const Properties = {
        TransitGatewayRouteTableId: { Ref: "Hub" },
        DestinationCidrBlock: "10.64.0.0/16",
        TransitGatewayAttachmentId: { Ref: "Vpn" },
      };
      all.Static = { Type: "AWS::EC2::TransitGatewayRoute", Properties };
    },
    ["RCH009"],
  ],
  [
    "the transit gateway leads to the internet through the attachment's subnets",
    "tgw",
    (all) => {
      const Properties = {
        TransitGatewayRouteTableId: { Ref: "Hub" },
        DestinationCidrBlock: "0.0.0.0/0",
        TransitGatewayAttachmentId: { Ref: "Attachment" },
      };
      all.Everything = { Type: "AWS::EC2::TransitGatewayRoute", Properties };
      properties(all, "Attachment").SubnetIds = [{ Ref: "AppA" }, { Ref: "AppB" }];
    },
    ["RCH010"],
  ],
  ["hosts do not reach each other", "tgw", (all) => delete all.HostsFromHosts, ["RCH012"]],
  [
    "a network ACL forgets the answers",
    "tgw",
    (all) => {
      all.Acl = { Type: "AWS::EC2::NetworkAcl", Properties: { VpcId: { Ref: "Vpc" } } };
      const entry = (Egress: boolean, PortRange: object) => ({
        Type: "AWS::EC2::NetworkAclEntry",
        Properties: {
          NetworkAclId: { Ref: "Acl" },
          RuleNumber: 100,
          Protocol: 6,
          RuleAction: "allow",
          Egress,
          CidrBlock: "0.0.0.0/0",
          PortRange,
        },
      });
      all.AclIn = entry(false, { From: 5432, To: 5432 });
      all.AclOut = entry(true, { From: 443, To: 443 });
      all.AclData = {
        Type: "AWS::EC2::SubnetNetworkAclAssociation",
        Properties: { SubnetId: { Ref: "DataA" }, NetworkAclId: { Ref: "Acl" } },
      };
    },
    ["RCH004", "RCH008"],
  ],
  ["a table without a way back to the data centre, whose answers end in NAT", "tgw", (all) => delete all.AppATableSite, ["RCH008"]],
];

test.each(breaks)("%s (%s)", (_, hub, change, expected) => {
  expect(rules(network(hub, change))).toEqual(expected);
});

test("a peering with routes on both sides joins the regions", () => {
  const subject = network("tgw", (all, { role, other }) => {
    all.Peering = { Type: "AWS::EC2::VPCPeeringConnection", Properties: { VpcId: { Ref: "Vpc" } } };
    const Properties = {
      RouteTableId: { Ref: "AppATable" },
      DestinationCidrBlock: other!.addresses.vpc,
      VpcPeeringConnectionId: { Ref: "Peering" },
    };
    all.Across = { Type: "AWS::EC2::Route", Properties };
    if (role === "recovery") properties(all, "HostsGroup").SecurityGroupIngress = [{ IpProtocol: "-1", CidrIp: "10.0.0.0/8" }];
  });
  const [primary, recovery] = subject.places.map(({ region }) => `${region}-network`);
  const of = (stack: string, id: string) => subject.model.find(stack, id)!;
  of(primary!, "Peering").properties.PeerVpcId = { resource: of(recovery!, "Vpc") };
  of(recovery!, "Peering").properties.PeerVpcId = { resource: of(primary!, "Vpc") };
  expect(rules(subject)).toEqual(["RCH011"]);
});

test("a path that does not hold is printed hop by hop, with what refuses and where", () => {
  const subject = network("tgw", (all, { role }) => role === "primary" && delete all.DataATableSite);
  const complaints = reach.flatMap((each) => [...each.check(subject)]);
  expect(complaints).toHaveLength(2);
  expect(complaints[0]).toEqual({
    message:
      "The data centre cannot reach the database (eu-west-1-network.DataA) while Direct Connect is down: no route leads from eu-west-1-network.DataA to the data centre (the way back). " +
      "Its way: data centre → VPN (eu-west-1-network.Vpn) → eu-west-1-network.Hub; eu-west-1-network.Hub: 10.0.0.0/16 → eu-west-1-network.Attachment; " +
      "eu-west-1-network.Database in eu-west-1-network.DataA; back: eu-west-1-network.Database in eu-west-1-network.DataA.",
    place: { stack: "eu-west-1-network", resource: "DataA" },
  });
});
