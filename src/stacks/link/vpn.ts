/** The region's Site-to-Site VPN: two tunnels to one router, BGP in both. docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html */
import type { Stack } from "aws-cdk-lib";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import * as logs from "aws-cdk-lib/aws-logs";
import { assert } from "../../kernel/assert.ts";
import { days, seconds } from "../../kernel/units.ts";
import type { Site } from "../../platform/definition.ts";
import { tunnelAlgorithms, tunnelLines, type TunnelLine } from "../../platform/lines.ts";
import type { Foundation } from "../parts.ts";
import type { Place } from "../place.ts";
import { arn } from "../template.ts";
import type { Hub } from "./hub.ts";
import { keySecret } from "./key-secret.ts";

/** Gives the connection's id, where the site has a VPN. */
export function vpn(stack: Stack, place: Place, hub: Hub, foundation: Foundation): string | undefined {
  const { definition, role, names } = place;
  const { site } = definition;
  const wishes = site?.vpn;
  if (!site || !wishes) return undefined;
  const tunnels = tunnelLines(definition).filter((line) => line.role === role);
  const router = site.routers.find(({ name }) => name === tunnels[0]?.router);
  assert(router, "a line ends on a router of the site");
  const tags = [{ key: "Name", value: names.stack("site") }];
  const customerGateway = new ec2.CfnCustomerGateway(stack, "CustomerGateway", {
    type: "ipsec.1",
    ipAddress: router.address,
    deviceName: router.name,
    ...asn(site.asn),
    tags: [{ key: "Name", value: `${definition.name}-${router.name}` }],
  });
  const log = new logs.CfnLogGroup(stack, "VpnLogGroup", {
    logGroupName: names.logGroup("vpn"),
    kmsKeyId: foundation.keyArn,
    retentionInDays: definition.logs / days(1),
  });
  const connection = new ec2.CfnVPNConnection(stack, "VpnConnection", {
    type: "ipsec.1",
    customerGatewayId: customerGateway.ref,
    // Static routes would win over Direct Connect on a transit gateway, and say nothing about which way is meant.
    staticRoutesOnly: false,
    ...(hub.kind === "tgw"
      ? { transitGatewayId: hub.id, ...(wishes.tunnel === "large" && { tunnelBandwidth: "large" }) }
      : { vpnGatewayId: hub.id }),
    vpnTunnelOptionsSpecifications: tunnels.map((tunnel) => options(stack, place, foundation, wishes, tunnel)),
    tags,
  });
  connection.addResourceDependency(log);
  return connection.ref;
}

/** Both sides may begin, so a tunnel that fell comes back by itself; what is agreed on is what both configurations name. */
function options(
  stack: Stack,
  place: Place,
  foundation: Foundation,
  wishes: NonNullable<Site["vpn"]>,
  tunnel: TunnelLine,
): ec2.CfnVPNConnection.VpnTunnelOptionsSpecificationProperty {
  const encryption = tunnelAlgorithms.encryption.map((value) => ({ value }));
  const integrity = tunnelAlgorithms.integrity.map((value) => ({ value }));
  const groups = tunnelAlgorithms.groups.map((value) => ({ value }));
  return {
    preSharedKey: keySecret(stack, place, foundation, `VpnTunnel${tunnel.number}Key`, tunnel.secret),
    tunnelInsideCidr: tunnel.inside,
    ikeVersions: [{ value: "ikev2" }],
    phase1EncryptionAlgorithms: encryption,
    phase1IntegrityAlgorithms: integrity,
    phase1DhGroupNumbers: groups,
    phase1LifetimeSeconds: wishes.phase1Lifetime / seconds(1),
    phase2EncryptionAlgorithms: encryption,
    phase2IntegrityAlgorithms: integrity,
    phase2DhGroupNumbers: groups,
    phase2LifetimeSeconds: wishes.phase2Lifetime / seconds(1),
    dpdTimeoutAction: "restart",
    dpdTimeoutSeconds: wishes.deadPeerTimeout / seconds(1),
    startupAction: "start",
    // AWS asks before it replaces the endpoint of a tunnel, so maintenance does not meet a Direct Connect that is down.
    enableTunnelLifecycleControl: true,
    logOptions: {
      cloudwatchLogOptions: {
        logEnabled: true,
        logGroupArn: arn("logs", `log-group:${place.names.logGroup("vpn")}`),
        logOutputFormat: "json",
        bgpLogEnabled: true,
        bgpLogGroupArn: arn("logs", `log-group:${place.names.logGroup("vpn")}`),
        bgpLogOutputFormat: "json",
      },
    },
  };
}

/** Numbers from 2^31 on have a property of their own. docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateCustomerGateway.html */
const asn = (number: number) => (number < 2 ** 31 ? { bgpAsn: number } : { bgpAsnExtended: number });
