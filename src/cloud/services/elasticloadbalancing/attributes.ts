/**
 * The attributes of load balancers, target groups and listeners, with AWS's defaults and what they may be. docs.aws.amazon.com/elasticloadbalancing/
 * latest/APIReference/API_LoadBalancerAttribute.html, API_TargetGroupAttribute.html and API_ListenerAttribute.html
 */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { AwsError } from "../../service.ts";
import { invalid, type LoadBalancer, type Tags, type TargetGroup } from "./state.ts";

type Kind = { usual: string; fits: (value: string) => boolean; is: string };

const flag = (usual: boolean): Kind => ({
  usual: String(usual),
  fits: (value) => value === "true" || value === "false",
  is: "'true' or 'false'",
});
const text = (usual = ""): Kind => ({ usual, fits: () => true, is: "a text" });
const among = (usual: string, ...others: string[]): Kind => ({
  usual,
  fits: (value) => value === usual || others.includes(value),
  is: `one of '${[usual, ...others].join("', '")}'`,
});
const whole = (usual: number | string, least: number, most: number, also?: string): Kind => ({
  usual: String(usual),
  fits: (value) => value === also || (/^\d+$/.test(value) && Number(value) >= least && Number(value) <= most),
  is: `between ${least} and ${most}${also === undefined ? "" : ` or '${also}'`}`,
});

const logs = (what: string) => ({ [`${what}.s3.enabled`]: flag(false), [`${what}.s3.bucket`]: text(), [`${what}.s3.prefix`]: text() });

const ofAll = { ...logs("access_logs"), "deletion_protection.enabled": flag(false), "zonal_shift.config.enabled": flag(false) };

const ofApplication: Record<string, Kind> = {
  ...ofAll,
  ...logs("connection_logs"),
  ...logs("health_check_logs"),
  // ALB-019
  "client_keep_alive.seconds": whole(3600, 60, 604_800),
  "idle_timeout.timeout_seconds": whole(60, 1, 4000),
  "load_balancing.cross_zone.enabled": flag(true), // ALB-016
  "routing.http.desync_mitigation_mode": among("defensive", "monitor", "strictest"),
  "routing.http.drop_invalid_header_fields.enabled": flag(false),
  "routing.http.preserve_host_header.enabled": flag(false),
  "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": flag(false),
  "routing.http.xff_client_port.enabled": flag(false),
  "routing.http.xff_header_processing.mode": among("append", "preserve", "remove"),
  "routing.http2.enabled": flag(true),
  "waf.fail_open.enabled": flag(false),
};

const ofNetwork: Record<string, Kind> = {
  ...ofAll,
  "dns_record.client_routing_policy": among("any_availability_zone", "availability_zone_affinity", "partial_availability_zone_affinity"),
  "load_balancing.cross_zone.enabled": flag(false),
  "secondary_ips.auto_assigned.per_subnet": whole(0, 0, 7),
};

const balancerKinds = (type: string, internal: boolean): Record<string, Kind> => ({
  ...(type === "network" ? ofNetwork : ofApplication),
  "ipv6.deny_all_igw_traffic": flag(internal),
});

// ALB-012; the count for DNS alone may be off.
const health: Record<string, Kind> = {
  "target_group_health.dns_failover.minimum_healthy_targets.count": whole(1, 1, 1000, "off"),
  "target_group_health.dns_failover.minimum_healthy_targets.percentage": whole("off", 1, 100, "off"),
  "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": whole(1, 1, 1000),
  "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": whole("off", 1, 100, "off"),
};

const crossZone = among("use_load_balancer_configuration", "true", "false");
const delay = whole(300, 0, 3600); // ALB-008

const ofHttp: Record<string, Kind> = {
  "deregistration_delay.timeout_seconds": delay,
  "load_balancing.algorithm.anomaly_mitigation": among("off", "on"),
  "load_balancing.algorithm.type": among("round_robin", "least_outstanding_requests", "weighted_random"), // ALB-011
  "load_balancing.cross_zone.enabled": crossZone,
  // ALB-010: 30 to 900 seconds, or off
  "slow_start.duration_seconds": whole(0, 30, 900, "0"),
  "stickiness.app_cookie.cookie_name": text(),
  "stickiness.app_cookie.duration_seconds": whole(86_400, 1, 604_800),
  "stickiness.enabled": flag(false),
  "stickiness.lb_cookie.duration_seconds": whole(86_400, 1, 604_800),
  "stickiness.type": among("lb_cookie", "app_cookie"),
  ...health,
};

const ofOthers = (protocol: string, targetType: string): Record<string, Kind> => ({
  "deregistration_delay.connection_termination.enabled": flag(protocol.includes("UDP")),
  "deregistration_delay.timeout_seconds": delay,
  "load_balancing.cross_zone.enabled": crossZone,
  "preserve_client_ip.enabled": flag(!(targetType === "ip" && (protocol === "TCP" || protocol === "TLS"))),
  "proxy_protocol_v2.enabled": flag(false),
  "stickiness.enabled": flag(false),
  "stickiness.type": among("source_ip"),
  "target_health_state.unhealthy.connection_termination.enabled": flag(true),
  "target_health_state.unhealthy.draining_interval_seconds": whole(0, 0, 360_000),
  ...health,
});

const groupKinds = ({ Protocol, TargetType }: Pick<TargetGroup, "Protocol" | "TargetType">): Record<string, Kind> =>
  Protocol.startsWith("HTTP") ? ofHttp : ofOthers(Protocol, TargetType);

const tls = ["clientcert_serial_number", "clientcert_issuer", "clientcert_subject", "clientcert_validity", "clientcert_leaf", "clientcert"];
const responses = [
  "strict_transport_security",
  "access_control_allow_origin",
  "access_control_allow_methods",
  "access_control_allow_headers",
  "access_control_allow_credentials",
  "access_control_expose_headers",
  "access_control_max_age",
  "content_security_policy",
  "x_content_type_options",
  "x_frame_options",
];

function listenerKinds(protocol: string): Record<string, Kind> {
  if (!protocol.startsWith("HTTP")) return protocol === "TCP" ? { "tcp.idle_timeout.seconds": whole(350, 60, 6000) } : {};
  const headers = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [`routing.http.request.${name}.header_name`, text()]));
  return {
    ...(protocol === "HTTPS" && headers([...tls.map((name) => `x_amzn_mtls_${name}`), "x_amzn_tls_version", "x_amzn_tls_cipher_suite"])),
    "routing.http.response.server.enabled": flag(true),
    ...Object.fromEntries(responses.map((name) => [`routing.http.response.${name}.header_value`, text()])),
  };
}

const usual = (kinds: Record<string, Kind>): Tags => Object.fromEntries(Object.entries(kinds).map(([key, kind]) => [key, kind.usual]));

export const balancerDefaults = (type: string, scheme: string): Tags => usual(balancerKinds(type, scheme === "internal"));
export const groupDefaults = (group: Pick<TargetGroup, "Protocol" | "TargetType">): Tags => usual(groupKinds(group));
export const listenerDefaults = (protocol: string): Tags => usual(listenerKinds(protocol));

type Given = readonly { Key?: string; Value?: string }[];

function checked(what: string, kinds: Record<string, Kind>, given: Given): Tags {
  const found: Tags = {};
  for (const { Key = "", Value = "" } of given) {
    const kind = kinds[Key];
    if (!kind) throw invalid(`${what} attribute key '${Key}' is not recognized`);
    if (!kind.fits(Value)) throw invalid(`${what} attribute '${Key}' must be ${kind.is}`);
    found[Key] = Value;
  }
  return found;
}

const unsupported = (message: string): AwsError => new AwsError("InvalidConfigurationRequest", message);

/** All attributes as they will be. */
export function balancerAttributes({ Type, Scheme, attributes }: LoadBalancer, given: Given): Tags {
  const all = { ...attributes, ...checked("Load balancer", balancerKinds(Type, Scheme === "internal"), given) };
  for (const log of ["access_logs", "connection_logs", "health_check_logs"])
    if (all[`${log}.s3.enabled`] === "true" && !all[`${log}.s3.bucket`])
      throw unsupported(`The value of '${log}.s3.bucket' cannot be empty when '${log}.s3.enabled' is true`);
  // ALB-016: "The default for Application Load Balancers is true, and can't be changed"
  if (Type === "application" && all["load_balancing.cross_zone.enabled"] === "false")
    throw unsupported("Cross-zone load balancing cannot be turned off for an Application Load Balancer; turn it off for its target groups");
  return all;
}

export function groupAttributes(group: TargetGroup, given: Given): Tags {
  const all = { ...group.attributes, ...checked("Target group", groupKinds(group), given) };
  const algorithm = all["load_balancing.algorithm.type"] ?? "round_robin";
  if (Number(all["slow_start.duration_seconds"] ?? 0) > 0 && algorithm !== "round_robin")
    throw unsupported(`Slow start is not supported with the load balancing algorithm '${algorithm}'`); // ALB-010
  if (all["load_balancing.algorithm.anomaly_mitigation"] === "on" && algorithm !== "weighted_random")
    throw unsupported("Anomaly mitigation requires the load balancing algorithm 'weighted_random'"); // ALB-011
  // ALB-016: docs.aws.amazon.com/elasticloadbalancing/latest/application/disable-cross-zone.html
  if (all["stickiness.enabled"] === "true" && all["load_balancing.cross_zone.enabled"] === "false" && group.Protocol.startsWith("HTTP"))
    throw unsupported("Stickiness is not supported when cross-zone load balancing is off");
  if (all["stickiness.enabled"] === "true" && all["stickiness.type"] === "app_cookie") {
    const name = all["stickiness.app_cookie.cookie_name"] ?? "";
    if (name === "") throw unsupported("A cookie name must be specified for application-based stickiness");
    if (name.startsWith("AWSALB")) throw unsupported(`The cookie name '${name}' is reserved`);
  }
  return all;
}

export const listenerAttributes = (protocol: string, now: Tags, given: Given): Tags => ({
  ...now,
  ...checked("Listener", listenerKinds(protocol), given),
});

export const attributeList = (attributes: Tags): sdk.LoadBalancerAttribute[] =>
  Object.entries(attributes).map(([Key, Value]) => ({ Key, Value }));
