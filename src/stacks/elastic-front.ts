/**
 * A Network Load Balancer with reserved elastic addresses before the Application Load Balancer, which cannot have any. Where the region's front is
 * made at recovery only, records that stand for years name these addresses, and no record changes on the day.
 * docs.aws.amazon.com/elasticloadbalancing/latest/network/application-load-balancer-target.html
 */
import type { Stack } from "aws-cdk-lib";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import * as elb from "aws-cdk-lib/aws-elasticloadbalancingv2";
import type { Foundation, Network } from "./parts.ts";
import type { Place } from "./place.ts";
import { sub } from "./template.ts";

export function elasticFront(
  stack: Stack,
  { names }: Place,
  { foundation, network }: { foundation: Foundation; network: Network },
  inner: elb.CfnLoadBalancer,
  listeners: elb.CfnListener[],
): elb.CfnLoadBalancer {
  const front = new elb.CfnLoadBalancer(stack, "Front", {
    name: names.stack("front"),
    type: "network",
    scheme: "internet-facing",
    subnetMappings: network.publicSubnets.map((subnetId, zone) => ({
      subnetId,
      allocationId: foundation.frontAddresses[zone]!.allocationId,
    })),
    securityGroups: [network.groups.balancer],
    // No deletion protection: what a drill switches on must be possible to switch off.
    loadBalancerAttributes: [
      { key: "access_logs.s3.enabled", value: "true" },
      { key: "access_logs.s3.bucket", value: sub(foundation.logBucket) },
      { key: "access_logs.s3.prefix", value: "front" },
      { key: "load_balancing.cross_zone.enabled", value: "true" },
    ],
  });
  for (const [at, listener] of listeners.entries())
    passThrough(stack, { front, inner, listener, vpcId: network.vpcId }, at === 0 ? "Https" : "Http");
  const { balancer } = network.groups;
  for (const listener of listeners) {
    const { port } = listener;
    // Both load balancers are in one group: what the outer one sends on, the group must let out and in.
    const inside = { groupId: balancer, ipProtocol: "tcp", fromPort: port, toPort: port, description: "Front to load balancer" };
    new ec2.CfnSecurityGroupEgress(stack, `FrontOut${port}`, { ...inside, destinationSecurityGroupId: balancer });
    new ec2.CfnSecurityGroupIngress(stack, `FrontIn${port}`, { ...inside, sourceSecurityGroupId: balancer });
  }
  return front;
}

type Passage = { front: elb.CfnLoadBalancer; inner: elb.CfnLoadBalancer; listener: elb.CfnListener; vpcId: string };

/** TCP, so TLS ends at the inner load balancer and both ports behave as if it stood alone. */
function passThrough(stack: Stack, { front, inner, listener, vpcId }: Passage, protocol: "Https" | "Http"): void {
  const port = listener.port!;
  const targets = new elb.CfnTargetGroup(stack, `Front${protocol}TargetGroup`, {
    targetType: "alb",
    protocol: "TCP",
    port,
    vpcId,
    targets: [{ id: inner.ref, port }],
    healthCheckProtocol: protocol.toUpperCase(),
    healthCheckPath: "/",
    // Whether the inner load balancer answers at all: its services' health is its own affair.
    matcher: { httpCode: "200-499" },
  });
  // A load balancer can be a target only where it listens.
  targets.addResourceDependency(listener);
  new elb.CfnListener(stack, `Front${protocol}Listener`, {
    loadBalancerArn: front.ref,
    port,
    protocol: "TCP",
    defaultActions: [{ type: "forward", targetGroupArn: targets.ref }],
  });
}
