/** One task definition for each service: bridge mode on both sides, so that the same one runs in AWS and in the data centre, the code unchanged. */
import { type Stack } from "aws-cdk-lib";
import * as ecs from "aws-cdk-lib/aws-ecs";
import * as iam from "aws-cdk-lib/aws-iam";
import * as logs from "aws-cdk-lib/aws-logs";
import { days, mib } from "../kernel/units.ts";
import type { Definition, Service } from "../platform/definition.ts";
import { cachePrefix, imageOf, needsHubCredentials, parsed } from "./images.ts";
import type { Foundation } from "./parts.ts";
import { pascal, type Place } from "./place.ts";
import { hubSecret } from "./registry.ts";
import { acknowledge, arn, bucketArn, roleArn, secretArn, secretArnPattern, sub } from "./template.ts";

const executionRole = (service: string) => `${service}-start`;
const taskRole = (service: string) => `${service}-task`;

const assumedByTasks = (stack: Stack) => ({
  Version: "2012-10-17",
  Statement: {
    Effect: "Allow",
    Principal: { Service: "ecs-tasks.amazonaws.com" },
    Action: "sts:AssumeRole",
    // docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    Condition: { StringEquals: { "aws:SourceAccount": stack.account }, ArnLike: { "aws:SourceArn": arn("ecs", "*") } },
  },
});

/** A service's two roles: what ECS needs to start its containers, and what the containers themselves may do. */
export function taskRoles(stack: Stack, place: Place): void {
  for (const [name, service] of Object.entries(place.definition.services)) {
    const start = new iam.CfnRole(stack, `${pascal(name)}StartRole`, {
      roleName: place.names.role(executionRole(name), place.region),
      assumeRolePolicyDocument: assumedByTasks(stack),
      policies: [{ policyName: "start", policyDocument: { Version: "2012-10-17", Statement: starting(place, name, service) } }],
    });
    acknowledge(
      start,
      "AwsSolutions-IAM5",
      "Log streams, image layers and secrets' random ends have names of AWS's choice; ECR's token has no resource.",
    );
    const task = new iam.CfnRole(stack, `${pascal(name)}TaskRole`, {
      roleName: place.names.role(taskRole(name), place.region),
      assumeRolePolicyDocument: assumedByTasks(stack),
      policies: [{ policyName: "task", policyDocument: { Version: "2012-10-17", Statement: running(place, service) } }],
    });
    acknowledge(task, "AwsSolutions-IAM5", "Session channels have no resources; objects of its own shares are all its own.");
  }
}

function starting({ definition, names }: Place, name: string, service: Service): object[] {
  const { repository } = parsed(service.image);
  const pulled = definition.registry.mode === "ecr" ? names.repository(repository) : `${cachePrefix(definition)}/${repository}`;
  const secrets = secretNames(definition, service);
  return [
    {
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: arn("logs", `log-group:${names.logGroup(`services/${name}`)}:*`),
    },
    { Effect: "Allow", Action: "ecr:GetAuthorizationToken", Resource: "*" },
    {
      Effect: "Allow",
      Action: [
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchCheckLayerAvailability",
        ...(definition.registry.mode === "pull-through" ? ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"] : []),
      ],
      Resource: arn("ecr", `repository/${pulled}`),
    },
    ...(secrets.length ? [{ Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: secrets.map(secretArnPattern) }] : []),
    ...(service.uses.includes("database")
      ? [{ Effect: "Allow", Action: "ssm:GetParameters", Resource: arn("ssm", `parameter${names.parameter("database/*")}`) }]
      : []),
    {
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: arn("kms", "key/*"),
      Condition: { "ForAnyValue:StringEquals": { "kms:ResourceAliases": names.keyAlias } },
    },
  ];
}

function running({ names, region }: Place, service: Service): object[] {
  const buckets = Object.keys(service.files).map((share) => names.shareBucket(share, region));
  return [
    {
      Effect: "Allow",
      Action: [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
      ],
      Resource: "*",
    },
    {
      Effect: "Allow",
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Resource: arn("kms", "key/*"),
      Condition: { "ForAnyValue:StringEquals": { "kms:ResourceAliases": names.keyAlias } },
    },
    ...(buckets.length
      ? [
          { Effect: "Allow", Action: "s3:ListBucket", Resource: buckets.map(bucketArn) },
          {
            Effect: "Allow",
            Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            Resource: buckets.map((bucket) => bucketArn(`${bucket}/*`)),
          },
        ]
      : []),
  ];
}

/** The secrets that a service's containers and their image need, by name. */
function secretNames(definition: Definition, service: Service): string[] {
  const own = Object.values(service.secrets).map((each) => each.split(":")[0]!);
  const database = service.uses.includes("database") ? [`${definition.name}/database`] : [];
  const hub = needsHubCredentials(definition, service) ? [hubSecret(definition)] : [];
  return [...new Set([...own, ...database, ...hub])];
}

/** Where ECS may place it. */
const compatibilities = ({ runsOn }: Service): string[] =>
  runsOn === "cloud" ? ["EC2"] : runsOn === "site" ? ["EXTERNAL"] : ["EC2", "EXTERNAL"];

export function taskDefinition(stack: Stack, place: Place, name: string, service: Service, { keyArn }: Foundation): ecs.CfnTaskDefinition {
  const { definition, names } = place;
  const log = new logs.CfnLogGroup(stack, `${pascal(name)}Log`, {
    logGroupName: names.logGroup(`services/${name}`),
    kmsKeyId: keyArn,
    retentionInDays: definition.logs / days(1),
  });
  const mounts = service.runsOn === "site" ? Object.entries(service.files) : [];
  return new ecs.CfnTaskDefinition(stack, `${pascal(name)}Task`, {
    family: names.stack(name),
    requiresCompatibilities: compatibilities(service),
    // ECS Anywhere has bridge, host and none; docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html
    networkMode: "bridge",
    executionRoleArn: roleArn(place, executionRole(name)),
    taskRoleArn: roleArn(place, taskRole(name)),
    containerDefinitions: [container(place, name, service, log.ref)],
    // The host's automount of the share: /mnt/causeway/SHARE.
    volumes: mounts.map(([share]) => ({ name: share, host: { sourcePath: `/mnt/causeway/${share}` } })),
  });
}

function container(place: Place, name: string, service: Service, logGroup: string): ecs.CfnTaskDefinition.ContainerDefinitionProperty {
  const { definition, region } = place;
  const { command, cpu, memory, port, health, files } = service;
  const environment = { CAUSEWAY_REGION: region, CAUSEWAY_SERVICE: name, ...service.environment };
  const check =
    health.command ?? (port ? ["CMD-SHELL", `curl -fsS -o /dev/null http://localhost:${port}${health.path} || exit 1`] : undefined);
  return {
    name,
    image: sub(imageOf(definition, service, region)),
    essential: true,
    command,
    cpu,
    memory: Math.floor(memory / mib(1)),
    readonlyRootFilesystem: service.readonlyRoot,
    // Docker picks the host's port: several tasks of a service share a machine.
    portMappings: port ? [{ containerPort: port, hostPort: 0, protocol: "tcp" }] : undefined,
    environment: Object.entries(environment).map(([key, value]) => ({ name: key, value })),
    secrets: secretsOf(place, service),
    healthCheck: check && {
      command: check[0] === "CMD" || check[0] === "CMD-SHELL" ? check : ["CMD", ...check],
      interval: health.interval / 1000,
      timeout: health.timeout / 1000,
      retries: health.failures,
      startPeriod: Math.min(300, health.grace / 1000),
    },
    mountPoints:
      service.runsOn === "site"
        ? Object.entries(files).map(([share, containerPath]) => ({ sourceVolume: share, containerPath }))
        : undefined,
    stopTimeout: service.stopTimeout / 1000,
    logConfiguration: {
      logDriver: "awslogs",
      // Never waits for the log service: a lost line to AWS must not stop a container in the data centre.
      options: {
        "awslogs-group": logGroup,
        "awslogs-region": region,
        "awslogs-stream-prefix": name,
        mode: "non-blocking",
        "max-buffer-size": "25m",
      },
    },
    repositoryCredentials: needsHubCredentials(definition, service)
      ? { credentialsParameter: secretArn(hubSecret(definition)) }
      : undefined,
    linuxParameters: { initProcessEnabled: true },
  };
}

function secretsOf({ definition, names }: Place, service: Service): ecs.CfnTaskDefinition.SecretProperty[] {
  const own = Object.entries(service.secrets).map(([name, secret]) => {
    const [id = "", key] = secret.split(":");
    return { name, valueFrom: key ? sub(`${rawSecretArn(id)}:${key}::`) : secretArn(id) };
  });
  if (!service.uses.includes("database")) return own;
  const secret = rawSecretArn(`${definition.name}/database`);
  return [
    ...own,
    { name: "DATABASE_HOST", valueFrom: arn("ssm", `parameter${names.parameter("database/host")}`) },
    { name: "DATABASE_PORT", valueFrom: arn("ssm", `parameter${names.parameter("database/port")}`) },
    { name: "DATABASE_USER", valueFrom: sub(`${secret}:username::`) },
    { name: "DATABASE_PASSWORD", valueFrom: sub(`${secret}:password::`) },
    { name: "DATABASE_NAME", valueFrom: sub(`${secret}:dbname::`) },
  ];
}

const rawSecretArn = (name: string): string => `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:${name}`;
