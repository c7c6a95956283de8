/** The NAT gateways: each zone has its own in its public subnet, so the loss of a zone takes no other zone's way out. */
import { CfnResource, type Stack } from "aws-cdk-lib";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import type { Foundation, Network } from "./parts.ts";
import { letter, type Place } from "./place.ts";

export function nat(stack: Stack, { names, zones }: Place, { network, foundation }: { network: Network; foundation: Foundation }): void {
  // A NAT gateway is refused while the VPC has no way to the internet. From another stack there always is one.
  const way = stack.node.tryFindChild("InternetRoute");
  for (const zone of zones.keys()) {
    const gateway = new ec2.CfnNatGateway(stack, `NatGateway${letter(zone)}`, {
      subnetId: network.publicSubnets[zone]!,
      // Partners allow-list these, so they are the foundation's and outlive the gateways.
      allocationId: foundation.natAddresses[zone]!,
      connectivityType: "public",
      tags: [{ key: "Name", value: names.stack(`nat-${letter(zone).toLowerCase()}`) }],
    });
    if (way instanceof CfnResource) gateway.addResourceDependency(way);
    // Data subnets have none: a database that cannot reach the internet cannot be made to.
    new ec2.CfnRoute(stack, `AppDefaultRoute${letter(zone)}`, {
      routeTableId: network.appRouteTables[zone]!,
      destinationCidrBlock: "0.0.0.0/0",
      natGatewayId: gateway.ref,
    });
  }
}
