/** AWS's services behind VPC endpoints. List: https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Known, type Operations } from "../../service.ts";
import { filtered } from "./filters.ts";
import { page } from "./pages.ts";
import { zonesOf } from "./regions.ts";
import type { State } from "./state.ts";

export type EndpointService = Known<
  sdk.ServiceDetail,
  "ServiceName" | "ServiceId" | "ServiceType" | "ServiceRegion" | "AvailabilityZones" | "AvailabilityZoneIds" | "BaseEndpointDnsNames"
> & {
  kind: "Gateway" | "Interface";
  /** Host names in the VPC that lead to an interface endpoint with private DNS. */
  privateNames: string[];
};

// docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
const GATEWAY = ["dynamodb", "s3"];

// Those of the list whose private name is the last part of the service's name.
const INTERFACE = [
  "access-analyzer",
  "acm-pca",
  "appmesh",
  "application-autoscaling",
  "appconfig",
  "appconfigdata",
  "athena",
  "autoscaling",
  "backup",
  "backup-gateway",
  "batch",
  "cloudformation",
  "cloudtrail",
  "codebuild",
  "codecommit",
  "codedeploy",
  "codepipeline",
  "config",
  "datasync",
  "dms",
  "drs",
  "dynamodb",
  "ebs",
  "ec2",
  "ec2messages",
  "ecs",
  "eks",
  "eks-auth",
  "elasticache",
  "elasticfilesystem",
  "elasticloadbalancing",
  "email-smtp",
  "events",
  "evidently",
  "fis",
  "fsx",
  "glue",
  "guardduty-data",
  "inspector2",
  "kinesis-firehose",
  "kinesis-streams",
  "kms",
  "lambda",
  "logs",
  "monitoring",
  "network-firewall",
  "organizations",
  "pipes",
  "rds",
  "rds-data",
  "redshift",
  "rum",
  "scheduler",
  "secretsmanager",
  "securityhub",
  "servicecatalog",
  "servicediscovery",
  "sns",
  "sqs",
  "ssm",
  "ssm-contacts",
  "ssm-incidents",
  "ssmmessages",
  "states",
  "storagegateway",
  "sts",
  "sync-states",
  "synthetics",
  "tagging",
  "transfer",
  "xray",
];

// The others, by the service's page in the same guide.
const NAMED_OTHERWISE: Record<string, (domain: string) => string[]> = {
  "data-servicediscovery": (domain) => [`data-servicediscovery.${domain}`],
  "ecr.api": (domain) => [`api.ecr.${domain}`],
  "ecr.dkr": (domain) => [`*.dkr.ecr.${domain}`],
  "ecs-agent": (domain) => [`ecs-a.${domain}`],
  "ecs-telemetry": (domain) => [`ecs-t.${domain}`],
  "execute-api": (domain) => [`*.execute-api.${domain}`],
  "kinesis-firehose": (domain) => [`firehose.${domain}`],
  "kinesis-streams": (domain) => [`kinesis.${domain}`],
  s3: (domain) => [`s3.${domain}`, `*.s3.${domain}`, `*.s3-accesspoint.${domain}`, `*.s3-control.${domain}`],
};

export const endpointServiceOperations = {
  DescribeVpcEndpointServices(call, { ServiceNames, ServiceRegions, Filters, MaxResults, NextToken }) {
    const other = ServiceRegions?.find((region) => region !== call.region);
    if (other !== undefined)
      throw new AwsError("NotImplemented", `Causeway does not emulate cross-Region VPC endpoint services (${other}).`, 501);
    const all = servicesOf(call.region);
    const unknown = ServiceNames?.find((name) => !all.some(({ ServiceName }) => ServiceName === name));
    if (unknown !== undefined) throw noService(unknown);
    const kept = filtered<EndpointService>(
      all.filter(({ ServiceName }) => !ServiceNames?.length || ServiceNames.includes(ServiceName)),
      Filters,
      {
        owner: ({ Owner }) => Owner,
        "service-name": ({ ServiceName }) => ServiceName,
        "service-region": ({ ServiceRegion }) => ServiceRegion,
        "service-type": ({ kind }) => kind,
        "supported-ip-address-types": ({ SupportedIpAddressTypes }) => SupportedIpAddressTypes,
      },
    );
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken, least: 1 });
    return {
      ServiceDetails: items.map(({ kind: _kind, privateNames: _names, ...detail }) => detail),
      ServiceNames: [...new Set(items.map(({ ServiceName }) => ServiceName))],
      NextToken: next,
    };
  },
} satisfies Operations<sdk.EC2, State>;

/** The service of that name and kind, or AWS's refusal. */
export function findService(region: string, name: string, kind: "Gateway" | "Interface"): EndpointService {
  const named = servicesOf(region).filter(({ ServiceName }) => ServiceName === name);
  if (named.length === 0) throw noService(name);
  const service = named.find((each) => each.kind === kind);
  if (!service)
    throw new AwsError(
      "InvalidParameter",
      `Endpoint type (${kind}) does not match available service types ([${named.map((each) => each.kind).join(", ")}]).`,
    );
  return service;
}

function noService(name: string): AwsError {
  return new AwsError("InvalidServiceName", `The Vpc Endpoint Service '${name}' does not exist`);
}

function servicesOf(region: string): EndpointService[] {
  const names = [...new Set([...INTERFACE, ...Object.keys(NAMED_OTHERWISE)])].sort();
  return [...GATEWAY.map((name) => service(region, name, "Gateway")), ...names.map((name) => service(region, name, "Interface"))];
}

function service(region: string, name: string, kind: EndpointService["kind"]): EndpointService {
  const zones = zonesOf(region);
  const domain = `${region}.amazonaws.com`;
  const privateNames = kind === "Gateway" ? [] : (NAMED_OTHERWISE[name]?.(domain) ?? [`${name}.${domain}`]);
  return {
    kind,
    privateNames,
    ServiceName: `com.amazonaws.${region}.${name}`,
    ServiceId: `vpce-svc-${digits(`${region} ${name} ${kind}`)}`,
    ServiceType: [{ ServiceType: kind }],
    ServiceRegion: region,
    AvailabilityZones: zones.map(({ ZoneName }) => ZoneName),
    AvailabilityZoneIds: zones.map(({ ZoneId }) => ZoneId),
    Owner: "amazon",
    // `ecr.api` stands in names the other way round: api.ecr
    BaseEndpointDnsNames: [
      kind === "Gateway" ? `${name}.${domain}` : `${name.split(".").reverse().join(".")}.${region}.vpce.amazonaws.com`,
    ],
    ...(privateNames.length > 0 && {
      PrivateDnsName: privateNames[0],
      PrivateDnsNames: privateNames.map((PrivateDnsName) => ({ PrivateDnsName })),
      PrivateDnsNameVerificationState: "verified" as const,
    }),
    VpcEndpointPolicySupported: true,
    AcceptanceRequired: false,
    ManagesVpcEndpoints: false,
    SupportedIpAddressTypes: ["ipv4"],
    Tags: [],
  };
}

/** 17 hexadecimal digits, the same for a service in every run. */
export function digits(text: string): string {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const character of text) hash = BigInt.asUintN(68, (hash ^ BigInt(character.codePointAt(0)!)) * 0x100_0000_01b3n);
  return hash.toString(16).padStart(17, "0");
}
