/**
 * Direct Connect: one gateway for both regions, made in the primary one with the virtual interfaces; each region associates its hub.
 * docs.aws.amazon.com/directconnect/latest/UserGuide/direct-connect-gateways-intro.html
 */
import type { Stack } from "aws-cdk-lib";
import * as directconnect from "aws-cdk-lib/aws-directconnect";
import type { Site } from "../../platform/definition.ts";
import { bgpSecret, directLines, type DirectLine } from "../../platform/lines.ts";
import type { Foundation, Link } from "../parts.ts";
import type { Place } from "../place.ts";
import { handedOver, output } from "../template.ts";
import type { Hub } from "./hub.ts";
import { keySecret } from "./key-secret.ts";
import { ports } from "./ports.ts";

type Given = Required<Pick<Link, "directConnectGatewayId" | "virtualInterfaceIds" | "connectionIds">>;

export function directConnect(stack: Stack, place: Place, hub: Hub, foundation: Foundation): Given | undefined {
  const wishes = place.definition.site?.directConnect;
  if (!wishes) return undefined;
  const given =
    place.role === "primary"
      ? primary(stack, place, hub, foundation, wishes)
      : {
          directConnectGatewayId: handedOver(stack, place, "DirectConnectGatewayId", "direct-connect-gateway-id"),
          virtualInterfaceIds: [],
          connectionIds: [],
        };
  const association = new directconnect.CfnDirectConnectGatewayAssociation(stack, "DirectConnectAssociation", {
    directConnectGatewayId: given.directConnectGatewayId,
    associatedGatewayId: hub.id,
    // A filter for a virtual private gateway, the announcement itself for a transit gateway. Exactly what the VPN announces: were it wider, the
    // data centre would prefer the VPN for its longer match.
    allowedPrefixesToDirectConnectGateway: [place.addresses.vpc],
  });
  association.addResourceDependency(hub.attachment);
  return given;
}

function primary(stack: Stack, place: Place, hub: Hub, foundation: Foundation, wishes: NonNullable<Site["directConnect"]>): Given {
  const gateway = new directconnect.CfnDirectConnectGateway(stack, "DirectConnectGateway", {
    directConnectGatewayName: place.names.stack("site"),
    amazonSideAsn: String(wishes.amazonAsn),
  });
  const directConnectGatewayId = gateway.attrDirectConnectGatewayId;
  output(stack, "DirectConnectGatewayId", directConnectGatewayId, "The Direct Connect gateway, for the other region's association.");
  const { carriers, connectionIds } = ports(stack, place, wishes);
  const authKey = keySecret(stack, place, foundation, "DirectConnectKey", bgpSecret);
  const virtualInterfaceIds = directLines(place.definition).map((line, index) =>
    virtualInterface(stack, place, hub, { line, connectionId: carriers[index]!, directConnectGatewayId, authKey }),
  );
  return { directConnectGatewayId, virtualInterfaceIds, connectionIds };
}

type Ends = { line: DirectLine; connectionId: string; directConnectGatewayId: string; authKey: string };

function virtualInterface(
  stack: Stack,
  { definition, names }: Place,
  hub: Hub,
  { line, connectionId, directConnectGatewayId, authKey }: Ends,
): string {
  const length = line.inside.slice(line.inside.indexOf("/"));
  const kind = hub.kind === "tgw" ? directconnect.CfnTransitVirtualInterface : directconnect.CfnPrivateVirtualInterface;
  return new kind(stack, `VirtualInterface${line.number}`, {
    virtualInterfaceName: names.stack(`line-${line.number}`),
    connectionId,
    directConnectGatewayId,
    vlan: line.vlan,
    mtu: line.mtu,
    bgpPeers: [
      {
        addressFamily: "ipv4",
        asn: String(definition.site!.asn),
        amazonAddress: line.aws + length,
        customerAddress: line.site + length,
        authKey,
      },
    ],
  }).attrVirtualInterfaceId;
}
