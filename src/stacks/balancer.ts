/** The region's front: an Application Load Balancer, its listeners, rules and target groups. */
import type { CfnResource, Stack } from "aws-cdk-lib";
import * as elb from "aws-cdk-lib/aws-elasticloadbalancingv2";
import type { Service } from "../platform/definition.ts";
import { elasticFront } from "./elastic-front.ts";
import type { Compute, Domain, Foundation, Network } from "./parts.ts";
import { pascal, type Place } from "./place.ts";
import { output, sub } from "./template.ts";

type Needs = { foundation: Foundation; network: Network; domain?: Domain };

export type Balancer = NonNullable<Compute["balancer"]> & {
  /** Service → its target group. */
  targets: Record<string, { arn: string; fullName: string }>;
  /** What must be there before a service can register tasks or scale on requests. */
  ready: CfnResource[];
};

type Routed = Service & { route: NonNullable<Service["route"]> };

/** Services behind the load balancer, in the order in which they are written. */
const routed = ({ definition }: Place): [string, Routed][] =>
  Object.entries(definition.services).filter((each): each is [string, Routed] => each[1].route !== undefined);

/** Nothing when no service has a route. */
export function balancer(stack: Stack, place: Place, needs: Needs): Balancer | undefined {
  const services = routed(place);
  if (services.length === 0) return undefined;
  const { network } = needs;
  const made = loadBalancer(stack, place, needs);
  const groups = Object.fromEntries(services.map(([name, service]) => [name, targetGroup(stack, name, service, network)]));
  const { listeners, rules } = listen(stack, place, made.ref, groups, needs.domain);
  // The names that lead here were written before there was a load balancer to name: to addresses that were reserved for it.
  const front = late(place) ? elasticFront(stack, place, needs, made, listeners) : made;
  output(stack, "LoadBalancerDnsName", front.attrDnsName, "The region's front, which the region's own name leads to.");
  output(stack, "LoadBalancerArn", made.ref, "The load balancer that knows the services.");
  return {
    arn: made.ref,
    dnsName: front.attrDnsName,
    zoneId: front.attrCanonicalHostedZoneId,
    fullName: made.attrLoadBalancerFullName,
    targets: Object.fromEntries(
      Object.entries(groups).map(([name, group]) => [name, { arn: group.ref, fullName: group.attrTargetGroupFullName }]),
    ),
    ready: [...listeners, ...rules],
  };
}

/** Whether it is made at recovery only, though a public name leads here before. */
const late = ({ definition, holdings }: Place): boolean =>
  definition.domain !== undefined && (holdings.compute === "off" || holdings.compute === "prepared");

function loadBalancer(stack: Stack, place: Place, { foundation, network }: Needs): elb.CfnLoadBalancer {
  const { definition, names, holdings } = place;
  // Without a public name it serves the data centre and stays inside.
  const outside = definition.domain !== undefined && !late(place);
  return new elb.CfnLoadBalancer(stack, "LoadBalancer", {
    // The scheme cannot change on a load balancer that stands; another name lets its successor be made first.
    name: names.stack(outside ? "public" : "internal"),
    type: "application",
    scheme: outside ? "internet-facing" : "internal",
    subnets: outside ? network.publicSubnets : network.appSubnets,
    securityGroups: [network.groups.balancer],
    loadBalancerAttributes: attributes({
      "access_logs.s3.enabled": true,
      "access_logs.s3.bucket": sub(foundation.logBucket),
      "access_logs.s3.prefix": "balancer",
      // What a drill switches on must be possible to switch off.
      "deletion_protection.enabled": holdings.compute === "live" || holdings.compute === "zero",
      "routing.http.drop_invalid_header_fields.enabled": true,
      "zonal_shift.config.enabled": true,
    }),
  });
}

const attributes = (values: Record<string, string | number | boolean>) =>
  Object.entries(values).map(([key, value]) => ({ key, value: String(value) }));

/** Targets are machines at whatever port Docker chose. No name: 32 characters are too few for a platform's and a service's. */
function targetGroup(stack: Stack, name: string, { health, route, port }: Routed, { vpcId }: Network): elb.CfnTargetGroup {
  return new elb.CfnTargetGroup(stack, `${pascal(name)}TargetGroup`, {
    targetType: "instance",
    protocol: "HTTP",
    port,
    vpcId,
    // Shallow: a database that stutters must not empty the load balancer.
    healthCheckPath: health.path,
    healthCheckPort: "traffic-port",
    healthCheckIntervalSeconds: health.interval / 1000,
    healthCheckTimeoutSeconds: health.timeout / 1000,
    healthyThresholdCount: health.successes,
    unhealthyThresholdCount: health.failures,
    matcher: { httpCode: "200-299" },
    targetGroupAttributes: attributes({
      "deregistration_delay.timeout_seconds": route.deregistrationDelay / 1000,
      // Machines of several types and tasks that come and go: who has the least to do is next.
      "load_balancing.algorithm.type": "least_outstanding_requests",
      "stickiness.enabled": route.stickiness !== undefined,
      ...(route.stickiness && { "stickiness.type": "lb_cookie", "stickiness.lb_cookie.duration_seconds": route.stickiness / 1000 }),
    }),
  });
}

const nothingHere = {
  type: "fixed-response",
  fixedResponseConfig: { statusCode: "404", contentType: "text/plain", messageBody: "Nothing is here.\n" },
};
const forward = (targetGroupArn: string) => ({ type: "forward", targetGroupArn });

function listen(
  stack: Stack,
  place: Place,
  loadBalancerArn: string,
  groups: Record<string, elb.CfnTargetGroup>,
  domain: Domain | undefined,
) {
  const services = routed(place);
  const main = services.find(([, { route }]) => !route.paths && !route.hosts)?.[0];
  const defaultActions = [main ? forward(groups[main]!.ref) : nothingHere];
  const listeners = domain
    ? [
        new elb.CfnListener(stack, "HttpsListener", {
          loadBalancerArn,
          port: 443,
          protocol: "HTTPS",
          certificates: [{ certificateArn: domain.certificateArn }],
          // TLS 1.3 and 1.2, forward secrecy only: docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
          sslPolicy: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
          defaultActions,
        }),
        new elb.CfnListener(stack, "HttpListener", {
          loadBalancerArn,
          port: 80,
          protocol: "HTTP",
          defaultActions: [{ type: "redirect", redirectConfig: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } }],
        }),
      ]
    : // No public name, no certificate; the data centre's lines are its own.
      [new elb.CfnListener(stack, "HttpListener", { loadBalancerArn, port: 80, protocol: "HTTP", defaultActions })];
  const others = services.filter(([name]) => name !== main);
  const priority = priorities(others.map(([, { route }]) => route.priority));
  const rules = others.map(([name, { route }], at) => {
    const conditions = [
      ...(route.paths ? [{ field: "path-pattern", pathPatternConfig: { values: route.paths } }] : []),
      ...(route.hosts ? [{ field: "host-header", hostHeaderConfig: { values: route.hosts } }] : []),
    ];
    return new elb.CfnListenerRule(stack, `${pascal(name)}Rule`, {
      listenerArn: listeners[0]!.ref,
      priority: priority[at]!,
      conditions,
      actions: [forward(groups[name]!.ref)],
    });
  });
  return { listeners, rules };
}

/** Those given stay; the others come in order, ten apart so that one can be put between, and never twice the same. */
function priorities(given: (number | undefined)[]): number[] {
  const taken = new Set(given);
  let next = 0;
  return given.map((each) => {
    if (each !== undefined) return each;
    do next += 10;
    while (taken.has(next));
    return next;
  });
}
