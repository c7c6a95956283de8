/**
 * Where the public name leads. Every record exists before the disaster and is decided by health checks, which run outside of any region's control
 * plane: no failover needs a record change. (The records' control plane is in us-east-1, the answers and the checks are not.)
 */
import type { Stack } from "aws-cdk-lib";
import * as route53 from "aws-cdk-lib/aws-route53";
import { standby } from "./observability/database.ts";
import type { Compute, Domain, Foundation } from "./parts.ts";
import type { Place } from "./place.ts";
import { output } from "./template.ts";

type Target = Pick<route53.CfnRecordSetProps, "aliasTarget" | "resourceRecords" | "ttl">;

export function traffic(stack: Stack, place: Place, needs: { domain: Domain; foundation: Foundation; compute?: Compute }): void {
  const { definition, names, role, region, holdings } = place;
  const { name } = definition.domain!;
  const target = front(place, needs);
  if (!target) return;
  const regional = names.regional(role, name);
  const { zoneId: hostedZoneId } = needs.domain;
  new route53.CfnRecordSet(stack, "RegionalName", { hostedZoneId, name: regional, type: "A", ...target });
  const answers = endpointCheck(stack, place, regional);
  const check = mustBePromoted(place) ? both(stack, place, [answers, promotedCheck(stack, place)]) : answers;
  const policy = routing(place);
  new route53.CfnRecordSet(stack, "PublicName", {
    hostedZoneId,
    name,
    type: "A",
    ...target,
    ...policy,
    ...(policy && { setIdentifier: region, healthCheckId: check.attrHealthCheckId }),
  });
  output(stack, "HealthCheckId", check.attrHealthCheckId, `Whether ${region} may have the public name's traffic, as Route 53 sees it.`);
  output(stack, "RegionalUrl", `https://${regional}`, `This region's own name, whatever the public one leads to (${holdings.traffic}).`);
}

/**
 * What the names lead to. Where the load balancer is made at recovery only, its name is not known beforehand; its elastic addresses are.
 */
function front(
  { definition, holdings }: Place,
  { foundation, compute }: { foundation: Foundation; compute?: Compute },
): Target | undefined {
  if (compute?.balancer) {
    const { dnsName, zoneId } = compute.balancer;
    return { aliasTarget: { dnsName, hostedZoneId: zoneId, evaluateTargetHealth: true } };
  }
  if (holdings.compute === "live" || holdings.compute === "zero" || foundation.frontAddresses.length === 0) return undefined;
  return { resourceRecords: foundation.frontAddresses.map(({ address }) => address), ttl: String(definition.domain!.ttl / 1000) };
}

function routing({ definition, role, region, holdings }: Place): Partial<route53.CfnRecordSetProps> | undefined {
  if (holdings.traffic === "shared") return definition.domain!.routing === "latency" ? { region } : { weight: 50 };
  // Without a second region there is nothing to choose from.
  if (definition.recovery.strategy === "none") return undefined;
  return { failover: role === "primary" ? "PRIMARY" : "SECONDARY" };
}

/** Asks for the deep path, which answers well only when database and files do; the load balancer's own checks are shallow. */
function endpointCheck(stack: Stack, place: Place, host: string): route53.CfnHealthCheck {
  const { interval, failures } = place.definition.domain!.check;
  const routed = Object.values(place.definition.services).filter(({ route }) => route);
  const entry = routed.find(({ route }) => !route!.paths && !route!.hosts) ?? routed[0];
  return healthCheck(stack, place, "HealthCheck", "answers", {
    type: "HTTPS",
    fullyQualifiedDomainName: host,
    port: 443,
    resourcePath: entry?.health.deep ?? "/",
    requestInterval: interval / 1000,
    failureThreshold: failures,
    enableSni: true,
    measureLatency: true,
  });
}

/**
 * A standby that answers is not yet one that can take over: while its database is a replica, every write would fail, and a short trouble of the
 * primary region would move all users to it. So the standby gets the public name's traffic only once its database is promoted. Under
 * active/active reads are served by the replica too, and a lag is no reason to send anybody away: it grows most when the other region is lost.
 * That the primary region answers again after a promotion is no reason to go back either: the runbook fences it.
 */
const mustBePromoted = ({ holdings }: Place): boolean => holdings.database === "replica" && holdings.traffic === "secondary";

/**
 * Only a replica has a lag, whatever its value; the metric ends with the promotion. Route 53 follows the metric in this region, not the alarm's
 * state, and takes silence for the end: docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
 */
const promotedCheck = (stack: Stack, place: Place): route53.CfnHealthCheck =>
  healthCheck(stack, place, "PromotedCheck", "promoted", {
    type: "CLOUDWATCH_METRIC",
    alarmIdentifier: { name: place.names.stack(standby), region: place.region },
    insufficientDataHealthStatus: "Healthy",
  });

const both = (stack: Stack, place: Place, checks: route53.CfnHealthCheck[]): route53.CfnHealthCheck =>
  healthCheck(stack, place, "ReadyCheck", "ready", {
    type: "CALCULATED",
    childHealthChecks: checks.map(({ attrHealthCheckId }) => attrHealthCheckId),
    healthThreshold: checks.length,
  });

const healthCheck = (
  stack: Stack,
  { definition, names, role }: Place,
  id: string,
  what: string,
  healthCheckConfig: route53.CfnHealthCheck.HealthCheckConfigProperty,
): route53.CfnHealthCheck =>
  new route53.CfnHealthCheck(stack, id, {
    healthCheckConfig,
    healthCheckTags: [
      { key: "Name", value: names.stack(`${role}-${what}`) },
      { key: "causeway:platform", value: definition.name },
    ],
  });
