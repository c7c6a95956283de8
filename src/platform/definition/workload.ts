/** What runs: registry, services, the cluster they run on. */
import { z } from "zod";
import { days, gbps, gib, hours, mbps, mib, minutes, seconds } from "../../kernel/units.ts";
import { bitRate, cron, duration, identifier, percent, port, size } from "./scalars.ts";

export const registrySchema = z.strictObject({
  /** `docker-hub`: pull from there with credentials; `pull-through`: through an ECR cache in each region; `ecr`: own repositories, replicated. */
  mode: z.enum(["docker-hub", "pull-through", "ecr"]).default("pull-through"),
  /** Images that nobody pulled for so long leave the repositories. */
  expireUntagged: duration(days(1), days(365)).default(days(14)),
});

const health = z.strictObject({
  /** What Docker runs inside the container, exit 0 = well. Default: `curl -f http://localhost:PORT/PATH`. */
  command: z.array(z.string()).min(1).optional(),
  /** Shallow: answers as soon as the process can serve. The load balancer asks it. */
  path: z.string().startsWith("/").default("/health"),
  /** Deep: answers well only when the journey works (database, files). Route 53 asks it; the load balancer must not. */
  deep: z.string().startsWith("/").default("/health/deep"),
  interval: duration(seconds(5), seconds(300)).default(seconds(10)),
  timeout: duration(seconds(2), seconds(120)).default(seconds(5)),
  /** Failures in a row until unhealthy, successes until healthy. */
  failures: z.number().int().min(2).max(10).default(3),
  successes: z.number().int().min(2).max(10).default(2),
  /** From start until failures count. */
  grace: duration(seconds(0), minutes(30)).default(seconds(60)),
});

const route = z
  .strictObject({
    /** Path patterns of the rule, such as `/api/*`. */
    paths: z.array(z.string().startsWith("/")).min(1).max(5).optional(),
    hosts: z.array(z.string()).min(1).max(5).optional(),
    /** Lower is asked first. Default: by the order in which services are written; a route without paths and hosts is the listener's default. */
    priority: z.number().int().min(1).max(50_000).optional(),
    /** Time for requests under way when a task leaves. It is part of every deployment and of the RTO. Default 30 s (AWS's own is 300 s). */
    deregistrationDelay: duration(seconds(0), hours(1)).default(seconds(30)),
    stickiness: duration(seconds(1), days(7)).optional(),
  })
  .meta({ title: "load balancer rule" });

const scaling = z.strictObject({
  min: z.number().int().min(0).max(5000).default(2),
  max: z.number().int().min(0).max(5000).default(10),
  /** Percent of the tasks' reserved CPU, on average. */
  cpu: percent(1, 100).optional(),
  memory: percent(1, 100).optional(),
  /** Requests per minute and task. */
  requests: z.number().min(1).optional(),
  scaleOutCooldown: duration(seconds(0), hours(1)).default(seconds(60)),
  scaleInCooldown: duration(seconds(0), hours(1)).default(seconds(300)),
  /** A step policy on CPU with its alarm. Bounds count from the threshold; steps meet without hole or overlap. */
  steps: z
    .strictObject({
      metric: z.enum(["cpu", "memory"]).default("cpu"),
      threshold: percent(1, 100),
      out: z
        .array(z.strictObject({ from: z.number().min(0), add: z.number().int().min(1) }))
        .min(1)
        .max(20),
      in: z.strictObject({ below: percent(1, 100), remove: z.number().int().min(1).default(1) }).optional(),
      cooldown: duration(seconds(0), hours(1)).default(seconds(60)),
    })
    .optional(),
  schedule: z
    .array(
      z.strictObject({
        name: identifier(24),
        at: cron,
        min: z.number().int().min(0),
        max: z.number().int().min(0),
        timezone: z.string().default("UTC"),
      }),
    )
    .default([]),
});

const deployment = z.strictObject({
  /** Percent of the desired tasks that stay up, and that may exist, while a deployment runs. */
  minimumHealthy: percent(0, 200).default(100),
  maximum: percent(100, 400).default(200),
  /** Stop and go back when tasks keep failing. Not for services of the data centre alone: ECS has none there. */
  circuitBreaker: z.boolean().default(true),
});

export const serviceSchema = z.strictObject({
  /** Where its tasks run: EC2 in the regions, the data centre's hosts (ECS Anywhere), or both. */
  runsOn: z.enum(["cloud", "site", "both"]).default("cloud"),
  /** As on Docker Hub, by digest: `nginx@sha256:…`, `acme/web:1.4@sha256:…`. */
  image: z.string().min(1),
  command: z.array(z.string()).optional(),
  /** The port that it listens on inside its container. */
  port: port.optional(),
  /** Shares of a vCPU, 1024 a whole one. */
  cpu: z.number().int().min(128).max(196_608).default(256),
  /** Hard limit. */
  memory: size(mib(6), gib(768)).default(mib(512)),
  environment: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).default({}),
  /** Environment variable → name of a secret in Secrets Manager, with an optional `:key` of its JSON. Never values. */
  secrets: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().min(1)).default({}),
  /** What it opens connections to: other services by name, `database`, and `internet`. Security groups follow from it. */
  uses: z.array(z.string()).default([]),
  /** Share → where the container finds it. Data-centre hosts mount it by NFS; in the regions services read the bucket. */
  files: z.record(identifier(), z.string().startsWith("/")).default({}),
  health: health.prefault({}),
  /** Behind the load balancer. */
  route: route.optional(),
  scaling: scaling.prefault({}),
  deployment: deployment.prefault({}),
  placement: z.strictObject({ strategy: z.enum(["spread", "binpack"]).default("spread"), constraint: z.string().optional() }).prefault({}),
  /** Time between SIGTERM and SIGKILL. */
  stopTimeout: duration(seconds(2), minutes(2)).default(seconds(30)),
  /** What it receives from AWS in the data centre at its peak; the lines must carry the sum. */
  receives: bitRate(mbps(0), gbps(400)).default(mbps(0)),
  /** Writable paths without a share are refused: the container's root is read-only unless this says so. */
  readonlyRoot: z.boolean().default(true),
});

export const clusterSchema = z.strictObject({
  /** In order of preference; several, so that one type's shortage is not an outage. */
  instanceTypes: z
    .array(z.string().regex(/^[a-z0-9-]+\.[a-z0-9-]+$/, "an instance type such as m6i.large"))
    .min(1)
    .max(20)
    .default(["m6i.large", "m5.large"]),
  min: z.number().int().min(0).max(5000).default(2),
  max: z.number().int().min(1).max(5000).default(10),
  /** Percent of the instances that managed scaling keeps in use; under 100 leaves room for the next task. */
  targetCapacity: percent(1, 100).default(100),
  step: z
    .strictObject({ min: z.number().int().min(1).max(10_000).default(1), max: z.number().int().min(1).max(10_000).default(100) })
    .prefault({}),
  warmUp: duration(seconds(0), seconds(10_000)).default(seconds(300)),
  /** Name of an ECS-optimized image, the same in every region; `recommended` moves under your feet and is refused by `check`. */
  image: z.string().default("al2023-ami-ecs-hvm-2023.0.20250610-kernel-6.1-x86_64"),
  /** Root volume. */
  disk: size(gib(30), gib(16_384)).default(gib(50)),
  /** What the group does in a zone that is shifted away: launch elsewhere, or nothing. */
  zoneImpairment: z.enum(["replace-unhealthy", "ignore-unhealthy"]).default("ignore-unhealthy"),
});
