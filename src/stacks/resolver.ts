/** Names across the lines: the data centre asks the region for AWS's, the region asks the data centre for its own domain. */
import type { Stack } from "aws-cdk-lib";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import * as route53resolver from "aws-cdk-lib/aws-route53resolver";
import type { Place } from "./place.ts";
import { nowhere } from "./security-groups.ts";

type Where = { vpcId: string; subnets: string[] };

export function resolver(stack: Stack, place: Place, where: Where): void {
  const { site } = place.definition;
  if (!site?.dns || place.holdings.link === "absent") return;
  const { servers, domain } = site.dns;
  endpoint(stack, place, where, "Inbound", {
    securityGroupIngress: site.cidrs.flatMap((cidr) => dns(cidr, "Questions of the data centre")),
  });
  if (!domain) return;
  const outbound = endpoint(stack, place, where, "Outbound", {
    securityGroupEgress: servers.flatMap((server) => dns(`${server}/32`, "DNS servers of the data centre")),
  });
  const rule = new route53resolver.CfnResolverRule(stack, "SiteNames", {
    name: place.names.stack("site"),
    ruleType: "FORWARD",
    domainName: domain,
    resolverEndpointId: outbound.attrResolverEndpointId,
    targetIps: servers.map((ip) => ({ ip, port: "53" })),
  });
  new route53resolver.CfnResolverRuleAssociation(stack, "SiteNamesInVpc", { resolverRuleId: rule.attrResolverRuleId, vpcId: where.vpcId });
}

type Rules = Pick<ec2.CfnSecurityGroupProps, "securityGroupIngress" | "securityGroupEgress">;

function endpoint(stack: Stack, { names }: Place, { vpcId, subnets }: Where, direction: "Inbound" | "Outbound", rules: Rules) {
  const name = names.stack(`resolver-${direction.toLowerCase()}`);
  const group = new ec2.CfnSecurityGroup(stack, `Resolver${direction}Group`, {
    groupDescription: `${direction} DNS`,
    vpcId,
    securityGroupEgress: [nowhere],
    ...rules,
    tags: [{ key: "Name", value: name }],
  });
  // Two addresses at least: docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-forwarding-inbound-queries.html
  const places = subnets.length > 1 ? subnets : [...subnets, ...subnets];
  return new route53resolver.CfnResolverEndpoint(stack, `Resolver${direction}`, {
    name,
    direction: direction.toUpperCase(),
    securityGroupIds: [group.ref],
    ipAddresses: places.map((subnetId) => ({ subnetId })),
  });
}

const dns = (cidrIp: string, description: string) =>
  ["udp", "tcp"].map((ipProtocol) => ({ ipProtocol, fromPort: 53, toPort: 53, cidrIp, description }));
