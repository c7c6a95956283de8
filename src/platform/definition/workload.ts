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
  /** What Docker runs inside the container, after `CMD` or `CMD-SHELL`; exit 0 = well. Default: `curl -f http://localhost:PORT/PATH`. */
  command: z.array(z.string()).min(1).optional(),
  /** Shallow: answers as soon as the process can serve. The load balancer asks it. */
  path: z.string().startsWith("/").default("/health"),
  /** Deep: answers well only when the journey works (database, files). Route 53 asks it; the load balancer must not. */
  deep: z.string().startsWith("/").default("/health/deep"),
  /** From one probe to the next. Default 10 s. */
  interval: duration(seconds(5), seconds(300)).default(seconds(10)),
  /** A probe without an answer for so long has failed. Default 5 s. */
  timeout: duration(seconds(2), seconds(120)).default(seconds(5)),
  /** Failures in a row until unhealthy. Default 3. */
  failures: z.number().int().min(2).max(10).default(3),
  /** Successes in a row until healthy. Default 2. */
  successes: z.number().int().min(2).max(10).default(2),
  /** From start until failures count. */
  grace: duration(seconds(0), minutes(30)).default(seconds(60)),
});

const route = z
  .strictObject({
    /** Path patterns of the rule, such as `/api/*`. */
    paths: z.array(z.string().startsWith("/")).min(1).max(5).optional(),
    /** Host names of the rule, such as `admin.example.com`. */
    hosts: z.array(z.string()).min(1).max(5).optional(),
    /** Lower is asked first. Default: by the order in which services are written; a route without paths and hosts is the listener's default. */
    priority: z.number().int().min(1).max(50_000).optional(),
    /** Time for requests under way when a task leaves. It is part of every deployment and of the RTO. Default 30 s (AWS's own is 300 s). */
    deregistrationDelay: duration(seconds(0), hours(1)).default(seconds(30)),
    /** For so long a client stays with the task that first answered it. Default: it does not. */
    stickiness: duration(seconds(1), days(7)).optional(),
  })
  .meta({ title: "load balancer rule" });

const scaling = z.strictObject({
  /** Tasks at least. Default 2. */
  min: z.number().int().min(0).max(5000).default(2),
  /** Tasks at most: what capacity and quotas are judged by. Default 10. */
  max: z.number().int().min(0).max(5000).default(10),
  /** Percent of the tasks' reserved CPU, on average. */
  cpu: percent(1, 100).optional(),
  /** Percent of the tasks' hard memory limit, on average. */
  memory: percent(1, 100).optional(),
  /** Requests per minute and task. */
  requests: z.number().min(1).optional(),
  /** After adding, wait so long for its effect. Default 60 s. */
  scaleOutCooldown: duration(seconds(0), hours(1)).default(seconds(60)),
  /** After removing, wait so long for its effect. Default 300 s. */
  scaleInCooldown: duration(seconds(0), hours(1)).default(seconds(300)),
  /** A step policy on CPU with its alarm. Bounds count from the threshold; steps meet without hole or overlap. */
  steps: z
    .strictObject({
      /** What the alarm watches, in percent. Default `cpu`. */
      metric: z.enum(["cpu", "memory"]).default("cpu"),
      /** The alarm goes off above it. */
      threshold: percent(1, 100),
      /** Steps up: so far above the threshold, add so many tasks. */
      out: z
        .array(
          z.strictObject({
            /** Percentage points above the threshold where the step begins; the first begins at 0. */
            from: z.number().min(0),
            /** Tasks to add. */
            add: z.number().int().min(1),
          }),
        )
        .min(1)
        .max(20),
      /** One step down. Without it the policy only adds. */
      in: z
        .strictObject({
          /** The second alarm goes off below it. */
          below: percent(1, 100),
          /** Tasks to remove. Default 1. */
          remove: z.number().int().min(1).default(1),
        })
        .optional(),
      /** From one step to the next. Default 60 s. */
      cooldown: duration(seconds(0), hours(1)).default(seconds(60)),
    })
    .optional(),
  /** Other bounds at other times. */
  schedule: z
    .array(
      z.strictObject({
        /** Tells schedules of a service apart. */
        name: identifier(24),
        /** When: a cron or a rate of AWS. */
        at: cron,
        /** Tasks at least from then on. */
        min: z.number().int().min(0),
        /** Tasks at most from then on. */
        max: z.number().int().min(0),
        /** In which time zone the cron is read. Default UTC. */
        timezone: z.string().default("UTC"),
      }),
    )
    .default([]),
});

const deployment = z.strictObject({
  /** Percent of the desired tasks that stay up while a deployment runs. Default 100. */
  minimumHealthy: percent(0, 200).default(100),
  /** Percent of the desired tasks that may exist meanwhile. Default 200. */
  maximum: percent(100, 400).default(200),
  /** Stop and go back when tasks keep failing. Not for services of the data centre alone: ECS has none there. */
  circuitBreaker: z.boolean().default(true),
});

export const serviceSchema = z.strictObject({
  /** Where its tasks run: EC2 in the regions, the data centre's hosts (ECS Anywhere), or both. */
  runsOn: z.enum(["cloud", "site", "both"]).default("cloud"),
  /** As on Docker Hub, by digest: `nginx@sha256:…`, `acme/web:1.4@sha256:…`. */
  image: z.string().min(1),
  /** Instead of the image's own command. */
  command: z.array(z.string()).optional(),
  /** The port that it listens on inside its container. */
  port: port.optional(),
  /** Shares of a vCPU, 1024 a whole one. */
  cpu: z.number().int().min(128).max(196_608).default(256),
  /** Hard limit. */
  memory: size(mib(6), gib(768)).default(mib(512)),
  /** Plain settings. What must not be read belongs in `secrets`. */
  environment: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).default({}),
  /** Environment variable → name of a secret in Secrets Manager, with an optional `:key` of its JSON. Never values. */
  secrets: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().min(1)).default({}),
  /** What it opens connections to: other services by name, `database`, and `internet`. Security groups follow from it. */
  uses: z.array(z.string()).default([]),
  /** Share → where the container finds it. Data-centre hosts mount it by NFS; in the regions services read the bucket. */
  files: z.record(identifier(), z.string().startsWith("/")).default({}),
  /** How one knows that it is well. */
  health: health.prefault({}),
  /** Behind the load balancer. */
  route: route.optional(),
  /** How many tasks, and what moves their number. */
  scaling: scaling.prefault({}),
  /** How one version takes the place of another. */
  deployment: deployment.prefault({}),
  /** Which instances its tasks go to. */
  placement: z
    .strictObject({
      /** Over zones in any case; within one over all instances (`spread`, the default), or onto as few as memory allows (`binpack`). */
      strategy: z.enum(["spread", "binpack"]).default("spread"),
      /** Only on instances that it fits, in the cluster query language: `attribute:ecs.instance-type =~ m6i.*`. */
      constraint: z.string().optional(),
    })
    .prefault({}),
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
  /** Instances at least. Default 2. */
  min: z.number().int().min(0).max(5000).default(2),
  /** Instances at most. Default 10. */
  max: z.number().int().min(1).max(5000).default(10),
  /** Percent of the instances that managed scaling keeps in use; under 100 leaves room for the next task. */
  targetCapacity: percent(1, 100).default(100),
  /** Instances that managed scaling adds at a time. */
  step: z
    .strictObject({
      /** Default 1. */
      min: z.number().int().min(1).max(10_000).default(1),
      /** Default 100. */
      max: z.number().int().min(1).max(10_000).default(100),
    })
    .prefault({}),
  /** From an instance's start until it counts. Default 300 s. */
  warmUp: duration(seconds(0), seconds(10_000)).default(seconds(300)),
  /** Name of an ECS-optimized image, the same in every region; `recommended` moves under your feet and is refused by `check`. */
  image: z.string().default("al2023-ami-ecs-hvm-2023.0.20250610-kernel-6.1-x86_64"),
  /** Root volume. */
  disk: size(gib(30), gib(16_384)).default(gib(50)),
  /** What the group does in a zone that is shifted away: launch elsewhere, or nothing. */
  zoneImpairment: z.enum(["replace-unhealthy", "ignore-unhealthy"]).default("ignore-unhealthy"),
});
