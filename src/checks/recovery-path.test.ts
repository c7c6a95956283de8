/** What the way to recovery depends on, on templates written by hand. */
import { expect, test } from "vitest";
import type { Handover } from "../platform/handovers.ts";
import { places } from "../stacks/place.ts";
import { define } from "../stacks/testing.ts";
import { model } from "./model.ts";
import { recoveryPath } from "./recovery-path.ts";
import { assembly } from "./testing.ts";

type Stack = Parameters<typeof assembly>[0][number];

/** The findings about `recovery`, beside an empty primary region that `primary` adds to. */
function findings(recovery: Partial<Stack>, primary: Partial<Stack> = {}, handovers: Handover[] = [], from = "eu-west-1"): string[] {
  const definition = define((input) => {
    input.regions.primary = { region: from, zones: [1, 2].map((zone) => `${from === "us-east-1" ? "use1" : "euw1"}-az${zone}`) };
  });
  const made = assembly(
    [
      { region: from, part: "network", resources: {}, ...primary },
      { region: "eu-central-1", part: "compute", resources: {}, ...recovery },
    ],
    handovers,
  );
  const subject = { definition, places: places(definition), assembly: made, model: model(made) };
  return recoveryPath.flatMap((each) => [...each.check(subject)].map(({ message }) => `${each.id} ${message}`));
}

const one = (Type: string, Properties: Record<string, unknown> = {}, more: object = {}) => ({
  resources: { It: { Type, Properties, ...more } },
});

test("CTL001 a resource that names the lost region is found, with the property", () => {
  expect(findings(one("AWS::ECS::Service", { Cluster: "arn:aws:ecs:eu-west-1:123456789012:cluster/shop" }))).toEqual([
    "CTL001 eu-central-1-compute.It needs eu-west-1: Cluster is arn:aws:ecs:eu-west-1:123456789012:cluster/shop.",
  ]);
  expect(findings(one("T", { Here: "eu-west-12" }))).toEqual([]);
});

test("CTL001 sources of copies, permissions and labels may name it", () => {
  expect(findings(one("AWS::RDS::DBInstance", { SourceRegion: "eu-west-1", Tags: [{ Key: "from", Value: "eu-west-1" }] }))).toEqual([]);
  expect(findings(one("AWS::RDS::DBInstance", { KmsKeyId: "arn:aws:kms:eu-west-1:123456789012:alias/shop" }))).toHaveLength(1);
});

test("CTL001 an export of the other region cannot be imported", () => {
  const outputs = { Id: { Value: "vpc-1", Export: { Name: "shop-network:Id" } } };
  expect(findings(one("T", { VpcId: { "Fn::ImportValue": "shop-network:Id" } }), { outputs })).toEqual([
    "CTL001 eu-central-1-compute.It imports shop-network:Id, which no stack of eu-central-1 exports.",
  ]);
});

test("CTL002 what AWS changes in us-east-1 only is made beforehand", () => {
  for (const type of ["AWS::IAM::Role", "AWS::Route53::RecordSet", "AWS::CertificateManager::Certificate", "AWS::S3::Bucket"]) {
    const said = [`CTL002 eu-central-1-compute.It, a ${type}, is made at recovery.`];
    expect(findings({ ...one(type), when: "recovery" })).toEqual(said);
    expect(findings(one(type, {}, { Condition: "Active" }))).toEqual(said);
    expect(findings(one(type))).toEqual([]);
  }
});

test("CTL003 a load balancer made at recovery is a finding when us-east-1 is what is lost", () => {
  const late = { ...one("AWS::ElasticLoadBalancingV2::LoadBalancer"), when: "recovery" as const };
  expect(findings(late)).toEqual([]);
  expect(findings(late, {}, [], "us-east-1")).toEqual(["CTL003 eu-central-1-compute.It is made while us-east-1 is lost."]);
});

test("CTL004 machine images and container images are the region's own", () => {
  const machine = (ImageId: string) => one("AWS::EC2::LaunchTemplate", { LaunchTemplateData: { ImageId } });
  expect(findings(machine("ami-1"), machine("ami-1"))).toEqual([
    "CTL004 eu-central-1-compute.It uses ami-1, which is the primary region's.",
  ]);
  expect(findings(machine("ami-2"), machine("ami-1"))).toEqual([]);
  const task = (region: string) => ({
    Type: "AWS::ECS::TaskDefinition",
    Properties: { ContainerDefinitions: [{ Image: `123456789012.dkr.ecr.${region}.amazonaws.com/shop-hub/acme/web@sha256:00` }] },
  });
  expect(findings({ resources: { It: task("eu-west-1") } }).map((each) => each.slice(0, 6))).toEqual(["CTL001", "CTL004"]);
  expect(findings({ resources: { It: task("eu-central-1") } })).toEqual([
    "CTL004 eu-central-1 has neither the repository shop-hub/acme/web nor a cache of it, for eu-central-1-compute.It.",
  ]);
  const cache = { Type: "AWS::ECR::PullThroughCacheRule", Properties: { EcrRepositoryPrefix: "shop-hub" } };
  expect(findings({ resources: { It: task("eu-central-1"), Cache: cache } })).toEqual([]);
});

test("CTL005 the platform's secrets have copies in the recovery region", () => {
  const needs = one("AWS::ECS::TaskDefinition", {
    Secret: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:customer-three/database:password::",
  });
  const secret = (replicas: string[]) =>
    one("AWS::SecretsManager::Secret", { Name: "customer-three/database", ReplicaRegions: replicas.map((Region) => ({ Region })) });
  expect(findings(needs, secret([]))).toEqual([
    "CTL005 The secret customer-three/database is not in eu-central-1, where eu-central-1-compute.It needs it.",
  ]);
  expect(findings(needs, secret(["eu-central-1"]))).toEqual([]);
  expect(findings(one("T", { Key: "{{resolve:secretsmanager:acme/own:SecretString}}" }))).toEqual([]);
});

test("CTL006 parameters are handed over or written in the region", () => {
  const reads = (parameter: string) => ({
    parameters: { P: { Type: "AWS::SSM::Parameter::Value<String>", Default: `/customer-three/${parameter}` } },
  });
  const handover: Handover = {
    name: "key",
    from: { role: "primary", part: "network", output: "Key" },
    to: { role: "recovery", part: "compute" },
  };
  expect(findings(reads("handover/key"))).toEqual([
    "CTL006 eu-central-1-compute reads /customer-three/handover/key, which nothing writes in eu-central-1.",
  ]);
  expect(findings(reads("handover/key"), {}, [handover])).toEqual([
    "CTL006 eu-central-1-compute reads /customer-three/handover/key, but no stack network has the output Key.",
  ]);
  expect(findings(reads("handover/key"), { outputs: { Key: { Value: "k" } } }, [handover])).toEqual([]);
  expect(findings(reads("files/gateway-arn"))).toEqual([]);
  expect(findings({ ...reads("own"), ...one("AWS::SSM::Parameter", { Name: "/customer-three/own", Value: "x" }) })).toEqual([]);
});

test("CTL007 custom resources are found", () => {
  expect(findings(one("Custom::CrossRegionExportReader"))).toEqual([
    "CTL007 eu-central-1-compute.It is a custom resource (Custom::CrossRegionExportReader).",
  ]);
});
