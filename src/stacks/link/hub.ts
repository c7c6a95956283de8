/** Where the lines end in a region: a virtual private gateway on the VPC, or a transit gateway beside it; and the VPC's routes to the data centre. */
import type { CfnResource, Stack } from "aws-cdk-lib";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import { assert } from "../../kernel/assert.ts";
import type { Site } from "../../platform/definition.ts";
import { hubAsn } from "../../platform/lines.ts";
import type { Network } from "../parts.ts";
import { letter, type Place } from "../place.ts";

export type Hub = {
  kind: Site["hub"];
  id: string;
  /** What ties it to the VPC. A Direct Connect gateway takes no virtual private gateway that is tied to none. */
  attachment: CfnResource;
};

export function hub(stack: Stack, place: Place, network: Network): Hub {
  const { site } = place.definition;
  assert(site, "a link has a site at its other end");
  return site.hub === "tgw" ? transit(stack, place, network, site) : virtual(stack, place, network);
}

const title = { vgw: "VirtualGateway", tgw: "TransitGateway" } as const;

function virtual(stack: Stack, { definition, role, names }: Place, network: Network): Hub {
  const gateway = new ec2.CfnVPNGateway(stack, title.vgw, {
    type: "ipsec.1",
    amazonSideAsn: hubAsn(definition, role),
    tags: [{ key: "Name", value: names.stack("site") }],
  });
  const attachment = new ec2.CfnVPCGatewayAttachment(stack, "VirtualGatewayAttachment", {
    vpcId: network.vpcId,
    vpnGatewayId: gateway.ref,
  });
  // No route is written down: what BGP learns goes into the tables, Direct Connect before VPN for equal prefixes.
  // docs.aws.amazon.com/vpn/latest/s2svpn/vpn-route-priority.html
  new ec2.CfnVPNGatewayRoutePropagation(stack, "SiteRoutes", {
    vpnGatewayId: gateway.ref,
    routeTableIds: tables(network).map(({ id }) => id),
  }).addResourceDependency(attachment);
  return { kind: "vgw", id: gateway.ref, attachment };
}

function transit(stack: Stack, { definition, role, names }: Place, network: Network, site: Site): Hub {
  const tags = [{ key: "Name", value: names.stack("site") }];
  const gateway = new ec2.CfnTransitGateway(stack, title.tgw, {
    amazonSideAsn: hubAsn(definition, role),
    description: `${definition.name} to ${site.name}`,
    // Attachments of VPN and Direct Connect have ids that templates never learn, so the default table takes all: VPC, VPN and Direct Connect.
    defaultRouteTableAssociation: "enable",
    defaultRouteTablePropagation: "enable",
    autoAcceptSharedAttachments: "disable",
    dnsSupport: "enable",
    multicastSupport: "disable",
    vpnEcmpSupport: site.vpn?.ecmp ? "enable" : "disable",
    tags,
  });
  const attachment = new ec2.CfnTransitGatewayVpcAttachment(stack, "TransitGatewayAttachment", {
    transitGatewayId: gateway.ref,
    vpcId: network.vpcId,
    // What arrives is routed by the attachment's subnet: the data tables lead to no internet, so the site cannot leave through the NAT gateways.
    subnetIds: network.dataSubnets,
    options: { DnsSupport: "enable", Ipv6Support: "disable", ApplianceModeSupport: "disable" },
    tags,
  });
  for (const table of tables(network)) {
    for (const [index, cidr] of site.cidrs.entries()) {
      new ec2.CfnRoute(stack, `${table.name}SiteRoute${site.cidrs.length > 1 ? index + 1 : ""}`, {
        routeTableId: table.id,
        destinationCidrBlock: cidr,
        transitGatewayId: gateway.ref,
      }).addResourceDependency(attachment);
    }
  }
  return { kind: "tgw", id: gateway.ref, attachment };
}

/** Every table: load balancer nodes in the public subnets answer the data centre, too. */
const tables = ({ publicRouteTable, appRouteTables, dataRouteTables }: Network) => [
  { name: "Public", id: publicRouteTable },
  ...appRouteTables.map((id, zone) => ({ name: `App${letter(zone)}`, id })),
  ...dataRouteTables.map((id, zone) => ({ name: `Data${letter(zone)}`, id })),
];
