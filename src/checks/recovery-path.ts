/**
 * What the way to recovery depends on: not on the region that is lost, not on the one region in which AWS changes what is global.
 * docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html
 */
import type { SynthesizedStack } from "../stacks/assembly.ts";
import type { Check, Complaint, Subject } from "./check.ts";
import type { Model } from "./model.ts";
import { isUnknown, leaves, members, named, text, type ModelResource } from "./values.ts";

const globalRegion = "us-east-1";

const inRecovery = ({ model }: Subject): ModelResource[] => model.resources.filter(({ role }) => role === "recovery");

/** Made at recovery: its template waits, or its condition does. */
const madeAtRecovery = ({ when, condition }: ModelResource): boolean => when === "recovery" || condition !== undefined;

const at = ({ stack, id }: ModelResource) => ({ stack, resource: id });

/**
 * Where naming the primary region is meant: sources and targets of copies, which stop and wait when it is lost; permissions, which ask for nothing;
 * what is only shown; runbooks, whose steps in the lost region are tried and not waited for; experiments, which nobody runs then.
 */
const meant: Record<string, readonly string[]> = {
  "AWS::RDS::DBInstance": [
    "SourceDBInstanceIdentifier",
    "SourceRegion",
    "AutomaticBackupReplicationRegion",
    "AutomaticBackupReplicationKmsKeyId",
  ],
  "AWS::S3::Bucket": ["ReplicationConfiguration"],
  "AWS::ECR::ReplicationConfiguration": ["ReplicationConfiguration"],
  "AWS::KMS::ReplicaKey": ["PrimaryKeyArn", "KeyPolicy"],
  "AWS::SecretsManager::Secret": ["ReplicaRegions"],
  "AWS::Backup::BackupPlan": ["BackupPlan"],
  "AWS::IAM::Role": ["Policies", "AssumeRolePolicyDocument"],
  "AWS::IAM::ManagedPolicy": ["PolicyDocument"],
  "AWS::IAM::Policy": ["PolicyDocument"],
  "AWS::S3::BucketPolicy": ["PolicyDocument"],
  "AWS::EC2::VPCEndpoint": ["PolicyDocument"],
  "AWS::CloudWatch::Alarm": ["Dimensions", "Metrics", "AlarmDescription"],
  "AWS::CloudWatch::Dashboard": ["DashboardBody"],
  "AWS::SSM::Document": ["Content"],
  "AWS::FIS::ExperimentTemplate": ["Actions", "Targets"],
};
const shownOnly = ["Tags", "Description"];

export const lostRegion: Check = {
  id: "CTL001",
  title: "Nothing in the recovery region needs the primary one",
  why: "When the primary region is lost, a name, an ARN or an endpoint in it leads nowhere, and recovery stops at the resource that has it.",
  fix: "Use the recovery region's own copy: same name, own region, or a handover.",
  *check(subject) {
    const primary = subject.definition.regions.primary.region;
    // `eu-west-1` inside a longer text, but not in another region's code.
    const mentioned = new RegExp(`${primary}(?!\\d)`);
    for (const resource of inRecovery(subject)) {
      const allowed = [...shownOnly, ...(meant[resource.type] ?? [])];
      for (const { path, value } of leaves(resource.properties)) {
        if (typeof value !== "string" || !mentioned.test(value) || allowed.includes(path[0]!)) continue;
        yield { message: `${named(resource)} needs ${primary}: ${path.join(".")} is ${value}.`, place: at(resource) };
      }
      yield* notExported(resource, resource.properties);
    }
  },
};

/** An import from a region that does not export it is refused when the stack is deployed. */
function* notExported(resource: ModelResource, value: unknown): Generator<Complaint> {
  if (isUnknown(value) && value.unknown === "Fn::ImportValue")
    yield { message: `${named(resource)} imports ${text(value.of)}, which no stack of ${resource.region} exports.`, place: at(resource) };
  else if (Array.isArray(value)) for (const each of value) yield* notExported(resource, each);
  else if (typeof value === "object" && value !== null && !("resource" in value))
    for (const each of Object.values(value)) yield* notExported(resource, each);
}

/** Types that AWS changes in us-east-1 only; buckets' configuration is among it. Source: the page above, and its appendices A and B. */
const global = [
  /^AWS::IAM::/,
  /^AWS::Route53::/,
  /^AWS::CloudFront::/,
  /^AWS::CertificateManager::Certificate$/,
  /^AWS::S3::Bucket(Policy)?$/,
  /^AWS::Shield::/,
  /^AWS::Organizations::/,
  /^AWS::GlobalAccelerator::/,
];

export const globalControlPlanes: Check = {
  id: "CTL002",
  title: "Recovery changes nothing that is changed in one region only",
  why: `Roles, DNS records, certificates' validation and buckets are made and changed in ${globalRegion} for all the world: recovery must not wait for it.`,
  fix: "Make it beforehand, in a stack that is deployed and without the condition.",
  *check(subject) {
    for (const resource of inRecovery(subject).filter(madeAtRecovery)) {
      if (!global.some((type) => type.test(resource.type))) continue;
      yield { message: `${named(resource)}, a ${resource.type}, is made at recovery.`, place: at(resource) };
    }
  },
};

export const balancerMadeLate: Check = {
  id: "CTL003",
  title: `No load balancer is made at recovery from ${globalRegion}`,
  why: `A new load balancer's name is published by Route 53, which is changed in ${globalRegion}, the very region that is lost.`,
  fix: 'off: "zero-scaled", or strategy: "warm-standby"',
  *check(subject) {
    // From elsewhere two regions would have to be lost at once.
    if (subject.definition.regions.primary.region !== globalRegion) return;
    for (const resource of inRecovery(subject).filter(madeAtRecovery)) {
      if (resource.type !== "AWS::ElasticLoadBalancingV2::LoadBalancer") continue;
      yield { message: `${named(resource)} is made while ${globalRegion} is lost.`, severity: "warning", place: at(resource) };
    }
  },
};

export const imagesThere: Check = {
  id: "CTL004",
  title: "The recovery region has its own images",
  why: "Machine images and registries are a region's own: instances and tasks that ask for another region's never start.",
  fix: "Name the machine image by a parameter of the region, and replicate or cache the container image there.",
  *check(subject) {
    const { model, definition } = subject;
    const elsewhere = new Set(
      model
        .byType("AWS::EC2::LaunchTemplate", definition.regions.primary.region)
        .map(({ properties }) => text(properties.LaunchTemplateData?.ImageId ?? "")),
    );
    for (const resource of inRecovery(subject)) {
      if (resource.type === "AWS::EC2::LaunchTemplate") {
        const image = text(resource.properties.LaunchTemplateData?.ImageId ?? "");
        if (image.startsWith("ami-") && elsewhere.has(image))
          yield { message: `${named(resource)} uses ${image}, which is the primary region's.`, place: at(resource) };
      }
      if (resource.type === "AWS::ECS::TaskDefinition") yield* containerImages(model, resource);
    }
  },
};

function* containerImages(model: Model, resource: ModelResource): Generator<Complaint> {
  for (const { Image } of members(resource.properties.ContainerDefinitions)) {
    const [, region, repository = ""] = /\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+\/([^@:]+)/.exec(text(Image)) ?? [];
    if (region === undefined) continue;
    if (region !== resource.region) {
      yield { message: `${named(resource)} pulls ${text(Image)} from ${region}.`, place: at(resource) };
      continue;
    }
    const cached = model
      .byType("AWS::ECR::PullThroughCacheRule", region)
      .some(({ properties }) => repository.startsWith(`${text(properties.EcrRepositoryPrefix)}/`));
    const kept = model.byType("AWS::ECR::Repository", region).some(({ properties }) => text(properties.RepositoryName) === repository);
    if (!cached && !kept)
      yield {
        message: `${region} has neither the repository ${repository} nor a cache of it, for ${named(resource)}.`,
        place: at(resource),
      };
  }
}

export const secretsThere: Check = {
  id: "CTL005",
  title: "The recovery region has its own copies of the secrets",
  why: "A container or a line that needs a secret of the lost region does not come up.",
  fix: "Name the region in the secret's ReplicaRegions, or make the secret there.",
  *check(subject) {
    const { model, definition } = subject;
    const reported = new Set<string>();
    for (const resource of inRecovery(subject)) {
      for (const { value } of leaves(resource.properties)) {
        const secret = typeof value === "string" ? secretNamed(value, definition.name) : undefined;
        if (secret === undefined || reported.has(secret) || isThere(model, secret, resource.region)) continue;
        reported.add(secret);
        yield { message: `The secret ${secret} is not in ${resource.region}, where ${named(resource)} needs it.`, place: at(resource) };
      }
    }
  },
};

/** The platform's own secret that a text names; those of others are theirs to copy. */
function secretNamed(value: string, platform: string): string | undefined {
  const name = /:secret:([^:{}]+)/.exec(value)?.[1] ?? /\{\{resolve:secretsmanager:([^:{}]+)/.exec(value)?.[1];
  return name?.startsWith(`${platform}/`) || name?.startsWith(`ecr-pullthroughcache/${platform}-`)
    ? name.replace(/-\?{6}$/, "")
    : undefined;
}

const isThere = (model: Model, secret: string, region: string): boolean =>
  model.byType("AWS::SecretsManager::Secret").some((made) => {
    const replicas = members(made.properties.ReplicaRegions);
    return text(made.properties.Name) === secret && (made.region === region || replicas.some((each) => each.Region === region));
  });

/** Written by steps in the data centre, once in each region. */
const writtenBySite = ["files/gateway-arn"];

export const parametersThere: Check = {
  id: "CTL006",
  title: "What the recovery region reads is in the recovery region",
  why: "A template reads parameters when it is deployed, in its own region only: one that nobody writes there stops the stack.",
  fix: "Hand the value over (platform/handovers.ts), or write the parameter in a stack of the region.",
  *check(subject) {
    for (const stack of subject.assembly.stacks.filter(({ role }) => role === "recovery")) {
      for (const { Type, Default } of Object.values(stack.template.Parameters ?? {})) {
        if (Type.startsWith("AWS::SSM::Parameter::Value")) yield* unwritten(subject, stack, String(Default));
      }
    }
  },
};

function* unwritten({ assembly, model, definition }: Subject, stack: SynthesizedStack, parameter: string): Generator<Complaint> {
  const own = parameter.replace(`/${definition.name}/`, "");
  if (parameter.startsWith("/aws/service/") || writtenBySite.includes(own)) return;
  if (model.byType("AWS::SSM::Parameter", stack.region).some(({ properties }) => text(properties.Name) === parameter)) return;
  const handover = assembly.handovers.find(({ name, to }) => own === `handover/${name}` && to.role === stack.role);
  const place = { stack: stack.id };
  if (!handover) {
    yield { message: `${stack.id} reads ${parameter}, which nothing writes in ${stack.region}.`, place };
    return;
  }
  const { role, part, output } = handover.from;
  const source = assembly.stacks.find((each) => each.role === role && each.part === part);
  if (!source?.template.Outputs?.[output])
    yield { message: `${stack.id} reads ${parameter}, but no stack ${part} has the output ${output}.`, place };
  else if (source.when === "recovery")
    yield { message: `${stack.id} reads ${parameter}, which ${source.id} gives at recovery only.`, place };
}

export const noCustomResources: Check = {
  id: "CTL007",
  title: "No custom resource is on the way to recovery",
  why: "A custom resource is a function that somebody has to keep running; when it fails, CloudFormation waits an hour before it says so.",
  fix: "Use a type of CloudFormation's own, or a step of the runbook.",
  *check(subject) {
    for (const resource of inRecovery(subject)) {
      if (!/^Custom::|^AWS::CloudFormation::CustomResource$/.test(resource.type)) continue;
      yield { message: `${named(resource)} is a custom resource (${resource.type}).`, place: at(resource) };
    }
  },
};

export const recoveryPath: Check[] = [
  lostRegion,
  globalControlPlanes,
  balancerMadeLate,
  imagesThere,
  secretsThere,
  parametersThere,
  noCustomResources,
];
