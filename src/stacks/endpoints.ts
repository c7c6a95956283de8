/** Endpoints of AWS's services inside the VPC: hosts here and in the data centre reach them by private addresses. */
import { Fn, type Stack } from "aws-cdk-lib";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import { pascal, type Place } from "./place.ts";

type Where = { vpcId: string; subnets: string[]; routeTables: string[]; group: string };

/**
 * What the ECS and SSM agents, image pulls, logs and secrets need.
 * docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html
 * docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html
 */
const services = [
  "ecr.api",
  "ecr.dkr",
  "ecs",
  "ecs-agent",
  "ecs-telemetry",
  "ssm",
  "ssmmessages",
  "ec2messages",
  "logs",
  "secretsmanager",
  "kms",
];

/** `fileBucketsDnsName`: where a file gateway in the data centre reaches its buckets. */
export function endpoints(stack: Stack, place: Place, where: Where): { fileBucketsDnsName?: string } {
  const inside = new ec2.CfnVPCEndpoint(stack, "S3Endpoint", {
    vpcId: where.vpcId,
    serviceName: serviceName(place, "s3"),
    vpcEndpointType: "Gateway",
    routeTableIds: where.routeTables,
    policyDocument: bucketPolicy(stack, place),
  });
  for (const service of services) {
    const statements = service === "ssm" ? [ownPrincipals(stack), registration] : [ownPrincipals(stack)];
    interfaceEndpoint(stack, place, where, service, policy(...statements));
  }
  if (filesOverLine(place)) {
    // The gateway signs with an identity that is AWS's, not the account's.
    interfaceEndpoint(stack, place, where, "storagegateway", policy({ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }));
  }
  if (!filesOverLine(place) && !imagesOverLine(place)) return {};
  const fromSite = interfaceEndpoint(stack, place, where, "s3", bucketPolicy(stack, place), {
    // The VPC keeps to the gateway endpoint, which costs nothing; only what asks from the data centre gets these addresses.
    // docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html
    privateDnsOnlyForInboundResolverEndpoint: "OnlyInboundResolver",
  });
  fromSite.addResourceDependency(inside);
  // An entry is "zone:*.name", the first one the region's; buckets take the star's place.
  return { fileBucketsDnsName: Fn.select(1, Fn.split(":*.", Fn.select(0, fromSite.attrDnsEntries))) };
}

const linked = ({ definition, holdings }: Place): boolean => definition.site !== undefined && holdings.link !== "absent";

/** Whether a file gateway in the data centre works over the lines. */
const filesOverLine = (place: Place): boolean => linked(place) && place.definition.files.gateway !== undefined;

/** Whether data-centre hosts pull over the lines: ECR keeps layers in S3. */
const imagesOverLine = (place: Place): boolean =>
  linked(place) && place.definition.site!.hosts.length > 0 && !place.definition.site!.internet;

function interfaceEndpoint(
  stack: Stack,
  place: Place,
  { vpcId, subnets, group }: Where,
  service: string,
  policyDocument: object,
  dnsOptions?: ec2.CfnVPCEndpoint.DnsOptionsSpecificationProperty,
): ec2.CfnVPCEndpoint {
  return new ec2.CfnVPCEndpoint(stack, `${pascal(service)}${service === "s3" ? "Interface" : ""}Endpoint`, {
    vpcId,
    serviceName: serviceName(place, service),
    vpcEndpointType: "Interface",
    privateDnsEnabled: true,
    subnetIds: subnets,
    securityGroupIds: [group],
    policyDocument,
    dnsOptions,
  });
}

const serviceName = ({ region }: Place, service: string): string => `com.amazonaws.${region}.${service}`;

const policy = (...statements: object[]) => ({ Version: "2012-10-17", Statement: statements });

/** Credentials of another account do not work from inside: nothing leaves that way. */
const ownPrincipals = (stack: Stack, more: Record<string, string> = {}) => ({
  Effect: "Allow",
  Principal: "*",
  Action: "*",
  Resource: "*",
  Condition: { StringEquals: { "aws:PrincipalAccount": stack.account, ...more } },
});

/** A data-centre host that enrols, or renews its credentials, has none yet: it proves itself by activation code and key pair. */
const registration = {
  Effect: "Allow",
  Principal: "*",
  Action: ["ssm:RegisterManagedInstance", "ssm:RequestManagedInstanceRoleToken", "ssm:UpdateManagedInstancePublicKey"],
  Resource: "*",
};

/** The account's own buckets, and AWS's that machines read: ECR's layers, SSM's packages and patch lists, the agents, Amazon Linux. */
const bucketPolicy = (stack: Stack, { region }: Place) =>
  policy(ownPrincipals(stack, { "aws:ResourceAccount": stack.account }), {
    Effect: "Allow",
    Principal: "*",
    Action: "s3:GetObject",
    Resource: [
      // docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
      `prod-${region}-starport-layer-bucket`,
      // docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-minimum-s3-permissions.html
      `amazon-ssm-${region}`,
      `amazon-ssm-packages-${region}`,
      `aws-ssm-${region}`,
      `aws-ssm-document-attachments-${region}`,
      `patch-baseline-snapshot-${region}`,
      `${region}-birdwatcher-prod`,
      // docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere-registration.html
      "amazon-ecs-agent",
      `amazon-ecs-agent-${region}`,
      // docs.aws.amazon.com/linux/al2023/ug/managing-repos-os-updates.html
      `al2023-repos-${region}-de612dc2`,
    ].map((bucket) => Fn.sub(`arn:\${AWS::Partition}:s3:::${bucket}/*`)),
  });
