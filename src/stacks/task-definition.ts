/** What ECS starts for a service: its container, unchanged, on Docker's bridge on both sides, so that one definition runs in AWS and in the data centre. */
import type { Stack } from "aws-cdk-lib";
import * as ecs from "aws-cdk-lib/aws-ecs";
import { mib, minutes } from "../kernel/units.ts";
import type { Definition, Service } from "../platform/definition.ts";
import { dockerHubSecret } from "../platform/docker-hub.ts";
import { imageOf, needsHubCredentials } from "./images.ts";
import { pascal, type Place } from "./place.ts";
import { acknowledge, arn, roleArn, secretArn, sub } from "./template.ts";

export type Side = "cloud" | "site";

/** Purposes of its roles, for `names.role`: with the longest names 62 of IAM's 64 characters. */
export const executionRole = (service: string): string => `${service}-execution`;
export const taskRole = (service: string): string => `${service}-task`;

const hasFiles = ({ files }: Service): boolean => Object.keys(files).length > 0;

/**
 * A task definition that fits the side. Only shares make a difference: a data-centre host has them mounted, and on a machine of the region the
 * same path would be an empty directory whose files nobody keeps.
 */
export function taskDefinitions(stack: Stack, place: Place, name: string, logGroup: string): Record<Side, ecs.CfnTaskDefinition> {
  const service = place.definition.services[name]!;
  const define = (id: string, family: string, side: Side) => taskDefinition(stack, place, { id, family, name, service, side, logGroup });
  const { runsOn } = service;
  const main = define(`${pascal(name)}Task`, place.names.stack(name), runsOn === "site" ? "site" : "cloud");
  const site = runsOn === "both" && hasFiles(service) ? define(`${pascal(name)}SiteTask`, place.names.stack(`${name}-site`), "site") : main;
  return { cloud: main, site };
}

type Task = { id: string; family: string; name: string; service: Service; side: Side; logGroup: string };

function taskDefinition(stack: Stack, place: Place, task: Task): ecs.CfnTaskDefinition {
  const { id, family, name, service, side } = task;
  const mounts = side === "site" ? Object.entries(service.files) : [];
  const made = new ecs.CfnTaskDefinition(stack, id, {
    family,
    requiresCompatibilities: compatibilities(service, side),
    // The data centre has bridge, host and none: docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-anywhere.html
    networkMode: "bridge",
    executionRoleArn: roleArn(place, executionRole(name)),
    taskRoleArn: roleArn(place, taskRole(name)),
    volumes: mounts.map(([share]) => ({ name: share, host: { sourcePath: place.names.mountPoint(share) } })),
    containerDefinitions: [
      {
        ...container(place, task),
        mountPoints: mounts.map(([sourceVolume, containerPath]) => ({ sourceVolume, containerPath, readOnly: false })),
      },
    ],
  });
  acknowledge(made, "AwsSolutions-ECS2", "Settings that are no secrets; secrets come by reference when the task starts.");
  return made;
}

/** What runs in the data centre can run in the region when the data centre is lost, unless it needs what is mounted there. */
const compatibilities = (service: Service, side: Side): string[] => {
  if (service.runsOn === "cloud") return ["EC2"];
  if (hasFiles(service)) return [side === "cloud" ? "EC2" : "EXTERNAL"];
  return ["EC2", "EXTERNAL"];
};

function container(place: Place, { name, service, side, logGroup }: Task): ecs.CfnTaskDefinition.ContainerDefinitionProperty {
  const { definition, region } = place;
  const { command, cpu, memory, port } = service;
  return {
    name,
    image: sub(imageOf(definition, service, region)),
    essential: true,
    command,
    cpu,
    memory: Math.floor(memory / mib(1)),
    readonlyRootFilesystem: service.readonlyRoot,
    // Docker chooses the host's port, so that several tasks of a service fit on a machine. The name is for services that use this one.
    portMappings: port === undefined ? undefined : [{ name, containerPort: port, hostPort: 0, protocol: "tcp" }],
    environment: environment(place, service, side),
    secrets: secrets(place, service),
    healthCheck: healthCheck(service),
    stopTimeout: service.stopTimeout / 1000,
    // Signals reach the application and its dead children are reaped, whatever the image starts first.
    linuxParameters: { initProcessEnabled: true },
    logConfiguration: {
      logDriver: "awslogs",
      options: {
        "awslogs-group": logGroup,
        "awslogs-region": region,
        "awslogs-stream-prefix": name,
        // A line that cannot be sent is kept for a while, then lost; it never holds up the application. The size is our choice.
        mode: "non-blocking",
        "max-buffer-size": "25m",
      },
    },
    repositoryCredentials: needsHubCredentials(definition, service)
      ? { credentialsParameter: secretArn(dockerHubSecret(definition)) }
      : undefined,
  };
}

/** The definition's own wins. On EC2 and in the data centre ECS sets no AWS_REGION, without which AWS's SDKs guess. */
function environment({ names, region }: Place, service: Service, side: Side): ecs.CfnTaskDefinition.KeyValuePairProperty[] {
  const buckets = side === "cloud" ? Object.keys(service.files) : [];
  const all: Record<string, string> = {
    AWS_REGION: region,
    PLATFORM_REGION: region,
    ...Object.fromEntries(
      buckets.map((share) => [`FILES_${share.toUpperCase().replaceAll("-", "_")}_BUCKET`, sub(names.shareBucket(share, region))]),
    ),
    ...service.environment,
  };
  return Object.entries(all)
    .filter(([variable]) => !Object.hasOwn(service.secrets, variable))
    .map(([variable, value]) => ({ name: variable, value }));
}

/** `database:password` is the platform's own secret; any other name is as it stands in Secrets Manager. */
export function namedSecret({ definition, names }: Place, text: string): { name: string; key?: string } {
  const [name = "", key] = text.split(":");
  return { name: name === "database" && definition.database ? names.secret("database") : name, key };
}

/** A secret, or one key of its JSON: docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html */
const valueFrom = (name: string, key?: string): string => (key ? arn("secretsmanager", `secret:${name}:${key}::`) : secretArn(name));

/** The database is found by parameters, so that one that was restored under another address needs no new task definition. */
function secrets(place: Place, service: Service): ecs.CfnTaskDefinition.SecretProperty[] {
  const { names } = place;
  const parameter = (name: string) => arn("ssm", `parameter${names.parameter(`database/${name}`)}`);
  const all: Record<string, string> = {
    ...(service.uses.includes("database") && {
      DATABASE_HOST: parameter("host"),
      DATABASE_PORT: parameter("port"),
      DATABASE_NAME: valueFrom(names.secret("database"), "dbname"),
      DATABASE_USER: valueFrom(names.secret("database"), "username"),
      DATABASE_PASSWORD: valueFrom(names.secret("database"), "password"),
    }),
    ...Object.fromEntries(
      Object.entries(service.secrets).map(([variable, text]) => {
        const { name, key } = namedSecret(place, text);
        return [variable, valueFrom(name, key)];
      }),
    ),
  };
  return Object.entries(all)
    .filter(([variable]) => !Object.hasOwn(service.environment, variable))
    .map(([variable, from]) => ({ name: variable, valueFrom: from }));
}

function healthCheck({ health, port }: Service): ecs.CfnTaskDefinition.HealthCheckProperty | undefined {
  const command = health.command ?? (port && ["CMD-SHELL", `curl -f http://localhost:${port}${health.path} || exit 1`]);
  if (!command) return undefined;
  return {
    command,
    interval: health.interval / 1000,
    timeout: health.timeout / 1000,
    retries: health.failures,
    // 300 s is the most that ECS takes: docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
    startPeriod: Math.min(health.grace, minutes(5)) / 1000,
  };
}

/** ECS Exec writes into the container's root: docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html */
export const commandable = ({ operations: { sessions } }: Definition, { readonlyRoot, runsOn }: Service): boolean =>
  !readonlyRoot && (runsOn === "site" ? sessions.site : sessions.cloud);
