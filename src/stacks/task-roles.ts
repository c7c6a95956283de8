/** A service's two roles: with one ECS starts its containers, the other is what they themselves may do. */
import type { Stack } from "aws-cdk-lib";
import type { Service } from "../platform/definition.ts";
import { dockerHubSecret } from "../platform/docker-hub.ts";
import { needsHubCredentials, ownRepository } from "./images.ts";
import { decrypts } from "./own-key.ts";
import { pascal, type Place } from "./place.ts";
import { allow, makeRole, type Statement } from "./role.ts";
import { commandable, executionRole, namedSecret, taskRole } from "./task-definition.ts";
import { acknowledge, arn, bucketArn, secretArnPattern } from "./template.ts";

export function taskRoles(stack: Stack, place: Place): void {
  const role = (purpose: string, statements: Statement[]) =>
    makeRole(stack, `${pascal(purpose)}Role`, place, purpose, {
      service: "ecs-tasks.amazonaws.com",
      // docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
      condition: { ArnLike: { "aws:SourceArn": arn("ecs", "*") } },
      // A role without rights has no policy: an empty one is refused.
      statements: statements.length ? statements : undefined,
    });
  for (const [name, service] of Object.entries(place.definition.services)) {
    const execution = role(executionRole(name), [...logging(place, name), ...pulling(place, service), ...reading(place, service)]);
    acknowledge(
      execution,
      "AwsSolutions-IAM5",
      "Streams of its own log group and the random ends of its own secrets; ECR's token knows no resource.",
    );
    const task = role(taskRole(name), [...commands(place, service), ...files(place, service)]);
    acknowledge(task, "AwsSolutions-IAM5", "Objects of its own shares; channels of sessions know no resource.");
  }
}

const logging = ({ names }: Place, name: string): Statement[] => [
  allow(["logs:CreateLogStream", "logs:PutLogEvents"], arn("logs", `log-group:${names.logGroup(`services/${name}`)}:*`)),
];

/** Of its own image's repository only. The first pull through the cache makes the repository. */
function pulling({ definition }: Place, service: Service): Statement[] {
  const repository = ownRepository(definition, service);
  if (!repository) return [];
  const through = definition.registry.mode === "pull-through" ? ["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"] : [];
  return [
    allow(["ecr:GetAuthorizationToken"], "*"),
    allow(
      ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", ...through],
      arn("ecr", `repository/${repository}`),
    ),
  ];
}

function reading(place: Place, service: Service): Statement[] {
  const { definition, names } = place;
  const database = service.uses.includes("database");
  const secrets = [
    ...Object.values(service.secrets).map((each) => namedSecret(place, each).name),
    ...(database ? [names.secret("database")] : []),
    ...(needsHubCredentials(definition, service) ? [dockerHubSecret(definition)] : []),
  ];
  return [
    ...(secrets.length ? [allow(["secretsmanager:GetSecretValue"], [...new Set(secrets)].map(secretArnPattern)), decrypts(names)] : []),
    ...(database
      ? [
          allow(
            ["ssm:GetParameters"],
            ["host", "port"].map((each) => arn("ssm", `parameter${names.parameter(`database/${each}`)}`)),
          ),
        ]
      : []),
  ];
}

/** docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html, "ECS Exec permissions"; output goes to the cluster's command log. */
function commands({ definition, names }: Place, service: Service): Statement[] {
  if (!commandable(definition, service)) return [];
  return [
    allow(
      [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
      ],
      "*",
    ),
    allow(["logs:DescribeLogGroups"], "*"),
    allow(["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], arn("logs", `log-group:${names.logGroup("exec")}:*`)),
    decrypts(names),
  ];
}

/** Reads what is in the buckets; the gateway is their one writer, since what is written beside it stays invisible to it. The data centre has NFS. */
function files({ names, region }: Place, { runsOn, files: mounts }: Service): Statement[] {
  const buckets = runsOn === "site" ? [] : Object.keys(mounts).map((share) => names.shareBucket(share, region));
  if (buckets.length === 0) return [];
  return [
    allow(["s3:ListBucket"], buckets.map(bucketArn)),
    allow(
      ["s3:GetObject"],
      buckets.map((bucket) => bucketArn(`${bucket}/*`)),
    ),
    decrypts(names),
  ];
}
