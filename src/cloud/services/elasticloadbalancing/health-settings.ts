/** How a target group's health checks may be set. API_CreateTargetGroup.html; ALB-001 */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import { invalid, notImplemented, type TargetGroup } from "./state.ts";

type Settings = Pick<
  TargetGroup,
  | "HealthCheckProtocol"
  | "HealthCheckPort"
  | "HealthCheckEnabled"
  | "HealthCheckIntervalSeconds"
  | "HealthCheckTimeoutSeconds"
  | "HealthyThresholdCount"
  | "UnhealthyThresholdCount"
  | "HealthCheckPath"
  | "Matcher"
>;
type Group = Pick<TargetGroup, "Protocol" | "TargetType" | "ProtocolVersion">;

/** What a new group comes to: AWS's defaults, and what is asked for. */
export function settingsOf(group: Group, input: sdk.CreateTargetGroupInput | Omit<sdk.CreateTargetGroupInput, "Name">): Settings {
  const http = group.Protocol.startsWith("HTTP");
  const HealthCheckProtocol = input.HealthCheckProtocol ?? (http || group.TargetType === "alb" ? "HTTP" : "TCP");
  const asks = HealthCheckProtocol !== "TCP";
  const grpc = group.ProtocolVersion === "GRPC";
  const settings: Settings = {
    HealthCheckProtocol,
    HealthCheckPort: input.HealthCheckPort ?? "traffic-port",
    HealthCheckEnabled: input.HealthCheckEnabled ?? true,
    HealthCheckIntervalSeconds: input.HealthCheckIntervalSeconds ?? 30,
    // ALB-002: the guide's and the console's 5 s for HTTP; 10 s for the others
    HealthCheckTimeoutSeconds: input.HealthCheckTimeoutSeconds ?? (http ? 5 : asks ? 6 : 10),
    HealthyThresholdCount: input.HealthyThresholdCount ?? 5,
    UnhealthyThresholdCount: input.UnhealthyThresholdCount ?? 2,
    ...(asks && {
      HealthCheckPath: input.HealthCheckPath ?? (grpc ? "/AWS.ALB/healthcheck" : "/"),
      Matcher: input.Matcher ?? (grpc ? { GrpcCode: "12" } : { HttpCode: http ? "200" : "200-399" }),
    }),
  };
  checkSettings(group, settings);
  return settings;
}

const ranges = [
  ["HealthCheckIntervalSeconds", "Health check interval", 5, 300],
  ["HealthCheckTimeoutSeconds", "Health check timeout", 2, 120],
  ["HealthyThresholdCount", "Healthy threshold count", 2, 10],
  ["UnhealthyThresholdCount", "Unhealthy threshold count", 2, 10],
] as const;

export function checkSettings(group: Group, settings: Settings): void {
  for (const [member, name, least, most] of ranges) {
    const value = settings[member];
    if (!Number.isInteger(value) || value < least || value > most) throw invalid(`${name} '${value}' must be between ${least} and ${most}`);
  }
  const {
    HealthCheckIntervalSeconds: interval,
    HealthCheckTimeoutSeconds: timeout,
    HealthCheckProtocol: protocol,
    HealthCheckPort: port,
  } = settings;
  if (timeout >= interval) throw invalid(`Health check interval must be greater than the timeout: ${interval}, ${timeout}`);
  // "If the target type is instance, ip, or alb, health checks are always enabled and can't be disabled"
  if (settings.HealthCheckEnabled === false)
    throw invalid(`Health checks cannot be disabled for target groups of type '${group.TargetType}'`);
  if (!["HTTP", "HTTPS", "TCP"].includes(protocol)) throw invalid(`Health check protocol '${protocol}' must be one of 'HTTP, HTTPS, TCP'`);
  if (protocol === "TCP" && group.Protocol.startsWith("HTTP"))
    throw invalid(`Health check protocol 'TCP' is not supported for target groups of protocol '${group.Protocol}'`);
  if (port !== "traffic-port" && !(Number(port) >= 1 && Number(port) <= 65_535))
    throw invalid(`Health check port '${port}' must be 'traffic-port' or between 1 and 65535`);
  if (settings.HealthCheckPath !== undefined && !/^\/\S{0,1023}$/.test(settings.HealthCheckPath))
    throw invalid(`Health check path '${settings.HealthCheckPath}' is not valid`);
  checkMatcher(group, settings.Matcher);
}

function checkMatcher({ Protocol, ProtocolVersion }: Group, matcher: sdk.Matcher | undefined): void {
  if (!matcher) return;
  const grpc = ProtocolVersion === "GRPC";
  const codes = grpc ? matcher.GrpcCode : matcher.HttpCode;
  if (codes === undefined)
    throw invalid(grpc ? "Target groups of protocol version GRPC need a GrpcCode to match" : "An HttpCode to match must be specified");
  const [least, most] = grpc ? [0, 99] : [200, Protocol.startsWith("HTTP") ? 499 : 599];
  for (const part of codes.split(",")) {
    const ends = part.split("-").map(Number);
    if (ends.length > 2 || ends.some((code) => !Number.isInteger(code) || code < least || code > most))
      throw invalid(`Health check matcher '${codes}' must have codes between ${least} and ${most}`);
  }
  // A modelled container answers HTTP; what it would say in gRPC nobody has said.
  if (grpc && !codes.split(",").includes("0") && codes !== "12" && !codes.startsWith("0-"))
    throw notImplemented(`gRPC matchers like ${codes}`);
}
