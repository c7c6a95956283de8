/** For the tests of reachability: a network of two regions and a data centre, written by hand as plain templates, and broken on purpose. */
import type { Definition } from "../../platform/definition.ts";
import type { Handover } from "../../platform/handovers.ts";
import type { SynthesizedStack } from "../../stacks/assembly.ts";
import { letter, places, type Place } from "../../stacks/place.ts";
import { define } from "../../stacks/testing.ts";
import type { Check, Subject } from "../check.ts";
import { model } from "../model.ts";
import { assembly } from "../testing.ts";
import { agentServices } from "./outward.ts";

type Resources = SynthesizedStack["template"]["Resources"];
/** Changes the resources of both regions' templates. */
export type Break = (resources: Resources, place: Place) => void;

const ref = (id: string) => ({ Ref: id });
const tcp = (from: number, to: number) => ({ IpProtocol: "tcp", FromPort: from, ToPort: to });

function ground({ addresses, zones }: Place): Resources {
  const made: Resources = {
    Vpc: { Type: "AWS::EC2::VPC", Properties: { CidrBlock: addresses.vpc } },
    Gateway: { Type: "AWS::EC2::InternetGateway" },
    GatewayAttachment: { Type: "AWS::EC2::VPCGatewayAttachment", Properties: { VpcId: ref("Vpc"), InternetGatewayId: ref("Gateway") } },
  };
  for (const kind of ["Public", "App", "Data"] as const) {
    for (const [at, zone] of zones.entries()) {
      const id = `${kind}${letter(at)}`;
      const CidrBlock = addresses[kind.toLowerCase() as "public" | "app" | "data"][at];
      made[id] = { Type: "AWS::EC2::Subnet", Properties: { VpcId: ref("Vpc"), CidrBlock, AvailabilityZoneId: zone } };
      made[`${id}Table`] = { Type: "AWS::EC2::RouteTable", Properties: { VpcId: ref("Vpc") } };
      made[`${id}Uses`] = {
        Type: "AWS::EC2::SubnetRouteTableAssociation",
        Properties: { SubnetId: ref(id), RouteTableId: ref(`${id}Table`) },
      };
    }
  }
  return made;
}

const defaultRoute = (table: string, to: object) => ({
  Type: "AWS::EC2::Route",
  Properties: { RouteTableId: ref(table), DestinationCidrBlock: "0.0.0.0/0", ...to },
});

function waysOut({ zones }: Place): Resources {
  const made: Resources = {};
  for (const at of zones.keys()) {
    const zone = letter(at);
    made[`Nat${zone}`] = { Type: "AWS::EC2::NatGateway", Properties: { SubnetId: ref(`Public${zone}`) } };
    made[`Public${zone}Default`] = defaultRoute(`Public${zone}Table`, { GatewayId: ref("Gateway") });
    made[`App${zone}Default`] = defaultRoute(`App${zone}Table`, { NatGatewayId: ref(`Nat${zone}`) });
  }
  return made;
}

const group = (inward: object[], outward: object[]) => ({
  Type: "AWS::EC2::SecurityGroup",
  Properties: { VpcId: ref("Vpc"), SecurityGroupIngress: inward, SecurityGroupEgress: outward },
});
const nowhere = { IpProtocol: "-1", CidrIp: "127.0.0.1/32" };
const between = (from: string, to: string, ports: object): Resources => ({
  [`${from}To${to}`]: {
    Type: "AWS::EC2::SecurityGroupEgress",
    Properties: { GroupId: ref(`${from}Group`), DestinationSecurityGroupId: ref(`${to}Group`), ...ports },
  },
  [`${to}From${from}`]: {
    Type: "AWS::EC2::SecurityGroupIngress",
    Properties: { GroupId: ref(`${to}Group`), SourceSecurityGroupId: ref(`${from}Group`), ...ports },
  },
});

function groups({ definition }: Place): Resources {
  const site = definition.site!.cidrs[0];
  return {
    BalancerGroup: group([{ ...tcp(443, 443), CidrIp: "0.0.0.0/0" }], [nowhere]),
    HostsGroup: group([], [{ ...tcp(443, 443), CidrIp: "0.0.0.0/0" }]),
    DatabaseGroup: group([{ ...tcp(5432, 5432), CidrIp: site }], [nowhere]),
    EndpointsGroup: group([{ ...tcp(443, 443), CidrIp: site }], [nowhere]),
    ResolverGroup: group([{ IpProtocol: "udp", FromPort: 53, ToPort: 53, CidrIp: site }], [nowhere]),
    ...between("Balancer", "Hosts", tcp(32_768, 65_535)),
    ...between("Hosts", "Hosts", tcp(32_768, 65_535)),
    ...between("Hosts", "Database", tcp(5432, 5432)),
    ...between("Hosts", "Endpoints", tcp(443, 443)),
  };
}

const inEach = ({ zones }: Place, kind: string) => zones.map((_, at) => ref(`${kind}${letter(at)}`));

function machines(place: Place): Resources {
  const LaunchTemplateData = { SecurityGroupIds: [ref("HostsGroup")] };
  const made: Resources = {
    Balancer: {
      Type: "AWS::ElasticLoadBalancingV2::LoadBalancer",
      Properties: { Scheme: "internet-facing", Subnets: inEach(place, "Public"), SecurityGroups: [ref("BalancerGroup")] },
    },
    Template: { Type: "AWS::EC2::LaunchTemplate", Properties: { LaunchTemplateData } },
    Hosts: {
      Type: "AWS::AutoScaling::AutoScalingGroup",
      Properties: { VPCZoneIdentifier: inEach(place, "App"), LaunchTemplate: { LaunchTemplateId: ref("Template") } },
    },
    DatabaseSubnets: { Type: "AWS::RDS::DBSubnetGroup", Properties: { SubnetIds: inEach(place, "Data") } },
    Database: {
      Type: "AWS::RDS::DBInstance",
      Properties: { DBSubnetGroupName: ref("DatabaseSubnets"), VPCSecurityGroups: [ref("DatabaseGroup")] },
    },
    Resolver: {
      Type: "AWS::Route53Resolver::ResolverEndpoint",
      Properties: {
        Direction: "INBOUND",
        SecurityGroupIds: [ref("ResolverGroup")],
        IpAddresses: inEach(place, "App").map((SubnetId) => ({ SubnetId })),
      },
    },
    Buckets: {
      Type: "AWS::EC2::VPCEndpoint",
      Properties: {
        ServiceName: `com.amazonaws.${place.region}.s3`,
        VpcEndpointType: "Gateway",
        RouteTableIds: inEach(place, "App").map(({ Ref }) => ref(`${Ref}Table`)),
      },
    },
  };
  for (const service of [...agentServices, "s3", "storagegateway"]) {
    made[`Endpoint${service.replaceAll(/\W/g, "")}`] = {
      Type: "AWS::EC2::VPCEndpoint",
      Properties: {
        ServiceName: `com.amazonaws.${place.region}.${service}`,
        VpcEndpointType: "Interface",
        PrivateDnsEnabled: true,
        SubnetIds: inEach(place, "App"),
        SecurityGroupIds: [ref("EndpointsGroup")],
      },
    };
  }
  return made;
}

function lines(place: Place): Resources {
  const { definition, addresses, role } = place;
  const transit = definition.site!.hub === "tgw";
  const tables = ["Public", "App", "Data"].flatMap((kind) => inEach(place, kind).map(({ Ref }) => `${Ref}Table`));
  const direct = role === "primary" ? ref("DirectConnectGateway") : ref("HandedOver");
  const made: Resources = {
    Association: {
      Type: "AWS::DirectConnect::DirectConnectGatewayAssociation",
      Properties: {
        DirectConnectGatewayId: direct,
        AssociatedGatewayId: ref("Hub"),
        AllowedPrefixesToDirectConnectGateway: [addresses.vpc],
      },
    },
    Vpn: {
      Type: "AWS::EC2::VPNConnection",
      Properties: { StaticRoutesOnly: false, [transit ? "TransitGatewayId" : "VpnGatewayId"]: ref("Hub") },
    },
  };
  if (role === "primary") {
    made.DirectConnectGateway = { Type: "AWS::DirectConnect::DirectConnectGateway" };
    made.VirtualInterface = {
      Type: `AWS::DirectConnect::${transit ? "Transit" : "Private"}VirtualInterface`,
      Properties: { DirectConnectGatewayId: ref("DirectConnectGateway") },
    };
  }
  if (transit) {
    made.Hub = {
      Type: "AWS::EC2::TransitGateway",
      Properties: { DefaultRouteTableAssociation: "enable", DefaultRouteTablePropagation: "enable" },
    };
    made.Attachment = {
      Type: "AWS::EC2::TransitGatewayVpcAttachment",
      Properties: { TransitGatewayId: ref("Hub"), VpcId: ref("Vpc"), SubnetIds: inEach(place, "Data") },
    };
    for (const table of tables) {
      const Properties = { RouteTableId: ref(table), DestinationCidrBlock: definition.site!.cidrs[0], TransitGatewayId: ref("Hub") };
      made[`${table}Site`] = { Type: "AWS::EC2::Route", Properties };
    }
  } else {
    made.Hub = { Type: "AWS::EC2::VPNGateway" };
    made.Attachment = { Type: "AWS::EC2::VPCGatewayAttachment", Properties: { VpcId: ref("Vpc"), VpnGatewayId: ref("Hub") } };
    made.SiteRoutes = {
      Type: "AWS::EC2::VPNGatewayRoutePropagation",
      Properties: { VpnGatewayId: ref("Hub"), RouteTableIds: tables.map(ref) },
    };
  }
  return made;
}

const handover: Handover = {
  name: "direct-connect-gateway-id",
  from: { role: "primary", part: "network", output: "DirectConnectGatewayId" },
  to: { role: "recovery", part: "network" },
};

/** Each region is one stack. */
export function network(hub: "tgw" | "vgw", change: Break = () => undefined): Subject {
  const definition: Definition = define((input) => {
    input.site.hub = hub;
    if (hub === "vgw") Object.assign(input.site, { vpn: {}, directConnect: { ...input.site.directConnect, mtu: 9001 } });
  });
  const made = places(definition).map((place) => {
    const resources = { ...ground(place), ...waysOut(place), ...groups(place), ...machines(place), ...lines(place) };
    change(resources, place);
    return {
      region: place.region,
      part: "network" as const,
      parameters: { HandedOver: { Type: "AWS::SSM::Parameter::Value<String>", Default: "/x/handover/direct-connect-gateway-id" } },
      resources,
      ...(place.role === "primary" && { outputs: { DirectConnectGatewayId: { Value: ref("DirectConnectGateway") } } }),
    };
  });
  const synthesized = assembly(made, [handover]);
  return { definition, places: places(definition), assembly: synthesized, model: model(synthesized) };
}

export const found = (checks: readonly Check[], subject: Subject): string[] =>
  checks.flatMap((each) => [...each.check(subject)].map(({ message }) => `${each.id} ${message}`));
