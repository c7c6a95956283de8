/** The folder's list: every service, loaded when first needed. A new service is one line here and one in `Services`. */
import type { cloudformation } from "../cloudformation/cloudformation.ts";
import type { Service } from "../service.ts";
import type { acm } from "./acm.ts";
import type { applicationautoscaling } from "./applicationautoscaling/applicationautoscaling.ts";
import type { autoscaling } from "./autoscaling/autoscaling.ts";
import type { cloudwatch } from "./cloudwatch/cloudwatch.ts";
import type { ecs } from "./ecs/ecs.ts";
import type { elasticloadbalancing } from "./elasticloadbalancing/elasticloadbalancing.ts";
import type { logs } from "./cloudwatch-logs/logs.ts";
import type { ec2 } from "./ec2/ec2.ts";
import type { ecr } from "./ecr.ts";
import type { events } from "./eventbridge/events.ts";
import type { iam } from "./iam/iam.ts";
import type { kms } from "./kms/kms.ts";
import type { tagging } from "./resource-groups-tagging.ts";
import type { s3 } from "./s3/s3.ts";
import type { secretsmanager } from "./secrets-manager/secretsmanager.ts";
import type { servicequotas } from "./service-quotas.ts";
import type { sns } from "./sns/sns.ts";
import type { sqs } from "./sqs/sqs.ts";
import type { ssm } from "./ssm/ssm.ts";
import type { sts } from "./sts.ts";

export type Services = {
  acm: typeof acm;
  applicationautoscaling: typeof applicationautoscaling;
  autoscaling: typeof autoscaling;
  cloudwatch: typeof cloudwatch;
  ecs: typeof ecs;
  elasticloadbalancing: typeof elasticloadbalancing;
  cloudformation: typeof cloudformation;
  ec2: typeof ec2;
  ecr: typeof ecr;
  events: typeof events;
  iam: typeof iam;
  kms: typeof kms;
  logs: typeof logs;
  s3: typeof s3;
  secretsmanager: typeof secretsmanager;
  servicequotas: typeof servicequotas;
  sns: typeof sns;
  sqs: typeof sqs;
  ssm: typeof ssm;
  sts: typeof sts;
  tagging: typeof tagging;
};

export type ServiceName = keyof Services;

/** Each key is the service's name in ARNs; `signing` its name in a signature's credential scope. */
export const services: { [Name in ServiceName]: { signing: string; load: () => Promise<Service> } } = {
  acm: { signing: "acm", load: async () => (await import("./acm.ts")).acm },
  applicationautoscaling: {
    signing: "application-autoscaling",
    load: async () => (await import("./applicationautoscaling/applicationautoscaling.ts")).applicationautoscaling,
  },
  autoscaling: {
    signing: "autoscaling",
    load: async () => (await import("./autoscaling/autoscaling.ts")).autoscaling,
  },
  cloudwatch: {
    signing: "monitoring",
    load: async () => (await import("./cloudwatch/cloudwatch.ts")).cloudwatch,
  },
  ecs: {
    signing: "ecs",
    load: async () => (await import("./ecs/ecs.ts")).ecs,
  },
  elasticloadbalancing: {
    signing: "elasticloadbalancing",
    load: async () => (await import("./elasticloadbalancing/elasticloadbalancing.ts")).elasticloadbalancing,
  },
  cloudformation: { signing: "cloudformation", load: async () => (await import("../cloudformation/cloudformation.ts")).cloudformation },
  ec2: { signing: "ec2", load: async () => (await import("./ec2/ec2.ts")).ec2 },
  ecr: { signing: "ecr", load: async () => (await import("./ecr.ts")).ecr },
  events: { signing: "events", load: async () => (await import("./eventbridge/events.ts")).events },
  iam: { signing: "iam", load: async () => (await import("./iam/iam.ts")).iam },
  kms: { signing: "kms", load: async () => (await import("./kms/kms.ts")).kms },
  logs: { signing: "logs", load: async () => (await import("./cloudwatch-logs/logs.ts")).logs },
  s3: { signing: "s3", load: async () => (await import("./s3/s3.ts")).s3 },
  secretsmanager: { signing: "secretsmanager", load: async () => (await import("./secrets-manager/secretsmanager.ts")).secretsmanager },
  servicequotas: { signing: "servicequotas", load: async () => (await import("./service-quotas.ts")).servicequotas },
  sns: { signing: "sns", load: async () => (await import("./sns/sns.ts")).sns },
  sqs: { signing: "sqs", load: async () => (await import("./sqs/sqs.ts")).sqs },
  ssm: { signing: "ssm", load: async () => (await import("./ssm/ssm.ts")).ssm },
  sts: { signing: "sts", load: async () => (await import("./sts.ts")).sts },
  tagging: { signing: "tagging", load: async () => (await import("./resource-groups-tagging.ts")).tagging },
};
