/** The region's front: an Application Load Balancer, its listeners, rules and target groups. */
import { type Stack } from "aws-cdk-lib";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import * as elb from "aws-cdk-lib/aws-elasticloadbalancingv2";
import type { Service } from "../platform/definition.ts";
import type { Compute, Domain, Foundation, Network } from "./parts.ts";
import { pascal, type Place } from "./place.ts";
import { acknowledge, output, sub } from "./template.ts";

type Needs = { foundation: Foundation; network: Network; domain?: Domain };

export type Balancer = NonNullable<Compute["balancer"]> & {
  /** Service → its target group. */
  targets: Record<string, { arn: string; fullName: string }>;
  /** What a service's first deployment waits for: a target group without a listener takes no tasks. */
  listeners: elb.CfnListener[];
  rules: Record<string, elb.CfnListenerRule>;
};

const routed = ({ definition }: Place): [string, Service][] => Object.entries(definition.services).filter(([, { route }]) => route);

/** Nothing when no service has a route. */
export function balancer(stack: Stack, place: Place, needs: Needs): Balancer | undefined {
  const services = routed(place);
  if (services.length === 0) return undefined;
  const { definition, names, region } = place;
  const { network, foundation } = needs;
  const outside = definition.domain !== undefined;
  const made = new elb.CfnLoadBalancer(stack, "LoadBalancer", {
    name: names.stack("web"),
    type: "application",
    scheme: outside && !fixedFront(place) ? "internet-facing" : "internal",
    subnets: outside && !fixedFront(place) ? network.publicSubnets : network.appSubnets,
    securityGroups: [network.groups.balancer],
    loadBalancerAttributes: attributes({
      "access_logs.s3.enabled": "true",
      "access_logs.s3.bucket": sub(foundation.logBucket),
      "access_logs.s3.prefix": "balancer",
      "deletion_protection.enabled": "true",
      "routing.http.drop_invalid_header_fields.enabled": "true",
      "idle_timeout.timeout_seconds": "60",
      "zonal_shift.config.enabled": "true",
    }),
  });
  const targets = Object.fromEntries(services.map(([name, service]) => [name, targetGroup(stack, place, name, service, network)]));
  const { listeners, rules } = listen(stack, place, made, targets, needs.domain);
  const front = fixedFront(place) ? fixed(stack, place, needs, made, listeners[0]!) : made;
  output(stack, "LoadBalancerDnsName", made.attrDnsName, `The load balancer of ${region}.`);
  return {
    arn: made.ref,
    dnsName: front.attrDnsName,
    zoneId: front.attrCanonicalHostedZoneId,
    fullName: made.attrLoadBalancerFullName,
    targets: Object.fromEntries(
      Object.entries(targets).map(([name, group]) => [name, { arn: group.ref, fullName: group.attrTargetGroupFullName }]),
    ),
    listeners,
    rules,
  };
}

/** Made at recovery only, so its addresses are elastic ones that the records already name. */
const fixedFront = ({ holdings, definition }: Place): boolean =>
  definition.domain !== undefined && (holdings.compute === "off" || holdings.compute === "prepared");

const attributes = (values: Record<string, string>) => Object.entries(values).map(([key, value]) => ({ key, value }));

/** Bridge mode: targets are instances at whatever port Docker chose. */
function targetGroup(stack: Stack, { definition, names }: Place, name: string, service: Service, { vpcId }: Network): elb.CfnTargetGroup {
  const { health, route, port } = service;
  return new elb.CfnTargetGroup(stack, `${pascal(name)}TargetGroup`, {
    name: `${names.stack("")}${name}`.slice(0, 32).replace(/-$/, ""),
    targetType: "instance",
    protocol: "HTTP",
    port: port ?? 80,
    vpcId,
    // Shallow on purpose: a database that stutters must not empty the balancer.
    healthCheckPath: health.path,
    healthCheckIntervalSeconds: health.interval / 1000,
    healthCheckTimeoutSeconds: health.timeout / 1000,
    healthyThresholdCount: health.successes,
    unhealthyThresholdCount: health.failures,
    matcher: { httpCode: "200-299" },
    targetGroupAttributes: attributes({
      "deregistration_delay.timeout_seconds": String(route!.deregistrationDelay / 1000),
      "load_balancing.algorithm.type": "least_outstanding_requests",
      ...(route!.stickiness && {
        "stickiness.enabled": "true",
        "stickiness.type": "lb_cookie",
        "stickiness.lb_cookie.duration_seconds": String(route!.stickiness / 1000),
      }),
    }),
    tags: [{ key: "causeway:service", value: `${definition.name}/${name}` }],
  });
}

const unknownPage = {
  type: "fixed-response",
  fixedResponseConfig: { statusCode: "404", contentType: "text/plain", messageBody: "Nothing is here.\n" },
};
const forward = (targetGroupArn: string) => ({ type: "forward", targetGroupArn });

function listen(
  stack: Stack,
  place: Place,
  { ref: loadBalancerArn }: elb.CfnLoadBalancer,
  targets: Record<string, elb.CfnTargetGroup>,
  domain: Domain | undefined,
) {
  const services = routed(place);
  const fallback = services.find(([, { route }]) => !route!.paths && !route!.hosts)?.[0];
  const defaultActions = [fallback ? forward(targets[fallback]!.ref) : unknownPage];
  const listener = domain
    ? new elb.CfnListener(stack, "HttpsListener", {
        loadBalancerArn,
        port: 443,
        protocol: "HTTPS",
        certificates: [{ certificateArn: domain.certificateArn }],
        sslPolicy: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        defaultActions,
      })
    : new elb.CfnListener(stack, "HttpListener", { loadBalancerArn, port: 80, protocol: "HTTP", defaultActions });
  if (!domain) acknowledge(listener, "AwsSolutions-ELB2", "Without a public name there is no certificate; the load balancer is internal.");
  const listeners = [listener];
  if (domain && !fixedFront(place)) {
    listeners.push(
      new elb.CfnListener(stack, "HttpListener", {
        loadBalancerArn,
        port: 80,
        protocol: "HTTP",
        defaultActions: [{ type: "redirect", redirectConfig: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } }],
      }),
    );
  }
  const ruled = services.filter(([name]) => name !== fallback);
  const rules = ruled.map(([name, { route }], at) => {
    const conditions = [
      ...(route!.paths ? [{ field: "path-pattern", pathPatternConfig: { values: route!.paths } }] : []),
      ...(route!.hosts ? [{ field: "host-header", hostHeaderConfig: { values: route!.hosts } }] : []),
    ];
    const priority = route!.priority ?? (at + 1) * 10;
    return [
      name,
      new elb.CfnListenerRule(stack, `${pascal(name)}Rule`, {
        listenerArn: listener.ref,
        priority,
        conditions,
        actions: [forward(targets[name]!.ref)],
      }),
    ] as const;
  });
  return { listeners, rules: Object.fromEntries(rules) };
}

/** A Network Load Balancer that lends the Application Load Balancer its elastic addresses. */
function fixed(
  stack: Stack,
  { names }: Place,
  { foundation, network }: Needs,
  inner: elb.CfnLoadBalancer,
  listener: elb.CfnListener,
): elb.CfnLoadBalancer {
  const front = new elb.CfnLoadBalancer(stack, "Front", {
    name: names.stack("front"),
    type: "network",
    scheme: "internet-facing",
    subnetMappings: network.publicSubnets.map((subnetId, at) => ({ subnetId, allocationId: foundation.frontAddresses[at]!.allocationId })),
    securityGroups: [network.groups.balancer],
    loadBalancerAttributes: attributes({
      "access_logs.s3.enabled": "true",
      "access_logs.s3.bucket": sub(foundation.logBucket),
      "access_logs.s3.prefix": "front",
      "deletion_protection.enabled": "true",
      "load_balancing.cross_zone.enabled": "true",
    }),
  });
  // Both load balancers are in one group: what the outer one sends on, the group must let out and in.
  const inside = { groupId: network.groups.balancer, ipProtocol: "tcp", fromPort: 443, toPort: 443, description: "front to load balancer" };
  new ec2.CfnSecurityGroupEgress(stack, "FrontOut", { ...inside, destinationSecurityGroupId: network.groups.balancer });
  new ec2.CfnSecurityGroupIngress(stack, "FrontIn", { ...inside, sourceSecurityGroupId: network.groups.balancer });
  const targets = new elb.CfnTargetGroup(stack, "FrontTargetGroup", {
    name: names.stack("front"),
    targetType: "alb",
    protocol: "TCP",
    port: 443,
    vpcId: network.vpcId,
    targets: [{ id: inner.ref, port: 443 }],
    healthCheckProtocol: "HTTPS",
    healthCheckPath: "/",
    matcher: { httpCode: "200-499" },
  });
  // A load balancer can be a target only once it listens.
  targets.node.addDependency(listener);
  const inward = new elb.CfnListener(stack, "FrontListener", {
    loadBalancerArn: front.ref,
    port: 443,
    protocol: "TCP",
    defaultActions: [forward(targets.ref)],
  });
  acknowledge(inward, "AwsSolutions-ELB2", "TLS passes through and ends at the Application Load Balancer behind.");
  return front;
}
