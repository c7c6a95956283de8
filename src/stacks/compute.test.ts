import { expect, test } from "vitest";
import type { Template, TemplateResource } from "./assembly.ts";
import { assemble } from "./assemble.ts";
import { imageOf } from "./images.ts";
import { define } from "./testing.ts";

type Change = (input: any) => void;
const stack = (id: string, change?: Change): Template => assemble(define(change)).stacks.find((each) => each.id === id)!.template;
const compute = (change?: Change) => stack("eu-west-1-compute", change);
const ofType = ({ Resources }: Template, type: string): TemplateResource[] => Object.values(Resources).filter((each) => each.Type === type);
const properties = (template: Template, id: string): Record<string, any> => template.Resources[id]!.Properties!;

test("S7 machines come from a pinned image, answer IMDSv2 only, have encrypted volumes and no public address", () => {
  const { LaunchTemplateData: data } = properties(compute(), "HostTemplate");
  expect(data.ImageId).toBe(
    "{{resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/al2023-ami-ecs-hvm-2023.0.20250610-kernel-6.1-x86_64/image_id}}",
  );
  expect(data.MetadataOptions).toMatchObject({ HttpTokens: "required", HttpPutResponseHopLimit: 1 });
  expect(data.BlockDeviceMappings[0].Ebs).toMatchObject({ Encrypted: true, KmsKeyId: expect.anything() });
  expect(data.NetworkInterfaces).toBeUndefined();
  const text = JSON.stringify(data.UserData);
  expect(text).toContain("ECS_CLUSTER=customer-three");
  // Both regions launch the very same image version.
  expect(properties(stack("eu-central-1-compute"), "HostTemplate").LaunchTemplateData.ImageId).toBe(data.ImageId);
});

test("S8 one task definition serves both sides: bridge mode, dynamic ports, health check, logs, secrets by reference", () => {
  const change: Change = (input) => (input.services.api.runsOn = "both");
  const task = properties(compute(change), "ApiTask");
  expect(task).toMatchObject({ NetworkMode: "bridge", RequiresCompatibilities: ["EC2", "EXTERNAL"] });
  const [container] = task.ContainerDefinitions;
  expect(container.PortMappings).toMatchObject([{ ContainerPort: 8080, HostPort: 0, Protocol: "tcp" }]);
  expect(container).toMatchObject({ StopTimeout: 30, ReadonlyRootFilesystem: true, LogConfiguration: { LogDriver: "awslogs" } });
  expect(container.HealthCheck.Command.at(-1)).toContain("localhost:8080/health");
  const names = container.Secrets.map(({ Name }: { Name: string }) => Name);
  expect(names.toSorted()).toEqual(["DATABASE_HOST", "DATABASE_NAME", "DATABASE_PASSWORD", "DATABASE_PORT", "DATABASE_USER"]);
  expect(JSON.stringify(container.Environment)).not.toContain("PASSWORD");
});

test("S9 a service of the data centre has nothing that ECS Anywhere lacks", () => {
  const template = compute();
  const worker = properties(template, "WorkerSiteService");
  expect(worker).toMatchObject({ LaunchType: "EXTERNAL" });
  // Without hosts a service never becomes steady and its stack would wait for hours: it starts once they are enrolled.
  expect(worker["DesiredCount"]).toEqual({ "Fn::If": ["SiteHostsAreEnrolled", 2, 0] });
  for (const absent of [
    "LoadBalancers",
    "CapacityProviderStrategy",
    "ServiceRegistries",
    "AvailabilityZoneRebalancing",
    "NetworkConfiguration",
    "ServiceConnectConfiguration",
  ])
    expect(worker[absent], absent).toBeUndefined();
  expect(worker.DeploymentConfiguration.DeploymentCircuitBreaker).toBeUndefined();
  expect(template.Resources["WorkerScaling"]).toBeUndefined();
  const task = properties(template, "WorkerTask");
  expect(task).toMatchObject({ NetworkMode: "bridge", RequiresCompatibilities: ["EXTERNAL"] });
  expect(task.Volumes).toEqual([{ Name: "reports", Host: { SourcePath: "/mnt/causeway/reports" } }]);
  // A host belongs to one region at a time: the recovery region's service waits at zero.
  expect(properties(stack("eu-central-1-compute"), "WorkerSiteService").DesiredCount).toBe(0);
});

test("S10 Docker Hub is pulled with credentials, by digest, and from the machine's own cache first", () => {
  const template = compute((input) => (input.registry = { mode: "docker-hub" }));
  const [container] = properties(template, "WebTask").ContainerDefinitions;
  expect(container.Image).toMatch(/^docker\.io\/acme\/web@sha256:/);
  expect(JSON.stringify(container.RepositoryCredentials)).toContain("customer-three/docker-hub");
  expect(JSON.stringify(properties(template, "HostTemplate"))).toContain("ECS_IMAGE_PULL_BEHAVIOR=prefer-cached");
});

test("S11 images are a function of the region, official ones live under library/, and no region pulls through the other", () => {
  const definition = define();
  const official = { ...definition.services["web"]!, image: `nginx:1.27@sha256:${"a".repeat(64)}` };
  expect(imageOf(definition, official, "eu-central-1")).toBe(
    `\${AWS::AccountId}.dkr.ecr.eu-central-1.amazonaws.com/customer-three/docker-hub/library/nginx@sha256:${"a".repeat(64)}`,
  );
  for (const region of ["eu-west-1", "eu-central-1"]) {
    const rule = properties(stack(`${region}-registry`), "ImageCacheRule");
    expect(rule).toMatchObject({ UpstreamRegistry: "docker-hub", UpstreamRegistryUrl: "registry-1.docker.io" });
    expect(properties(stack(`${region}-registry`), "DockerHubCredentials")["Name"]).toMatch(/^ecr-pullthroughcache\//);
  }
});

test("S11 own repositories are immutable, scanned, encrypted, and replicated before the first push", () => {
  const change: Change = (input) => (input.registry = { mode: "ecr" });
  const primary = stack("eu-west-1-registry", change);
  expect(ofType(primary, "AWS::ECR::Repository").map(({ Properties }) => Properties!["RepositoryName"])).toEqual([
    "customer-three/acme/web",
    "customer-three/acme/api",
    "customer-three/acme/worker",
  ]);
  for (const { Properties } of ofType(primary, "AWS::ECR::Repository"))
    expect(Properties).toMatchObject({
      ImageTagMutability: "IMMUTABLE",
      ImageScanningConfiguration: { ScanOnPush: true },
      EncryptionConfiguration: { EncryptionType: "KMS" },
    });
  expect(properties(primary, "ImageReplication").ReplicationConfiguration.Rules[0].Destinations[0].Region).toBe("eu-central-1");
  expect(ofType(stack("eu-central-1-registry", change), "AWS::ECR::ReplicationConfiguration")).toEqual([]);
});

test("S12 the group never has its desired capacity reset, protects new machines, and knows several types", () => {
  const group = properties(compute(), "Hosts");
  expect(group).not.toHaveProperty("DesiredCapacity");
  expect(group).toMatchObject({ MinSize: "4", MaxSize: "16", NewInstancesProtectedFromScaleIn: true, DefaultInstanceWarmup: 300 });
  expect(group.MixedInstancesPolicy.LaunchTemplate.Overrides).toHaveLength(3);
});

test("S13 the load balancer ends TLS, logs, cannot be deleted by mistake, and asks the shallow path", () => {
  const template = compute();
  const attributes = Object.fromEntries(
    properties(template, "LoadBalancer").LoadBalancerAttributes.map(({ Key, Value }: { Key: string; Value: unknown }) => [Key, Value]),
  );
  expect(attributes).toMatchObject({
    "access_logs.s3.enabled": "true",
    "deletion_protection.enabled": "true",
    "routing.http.drop_invalid_header_fields.enabled": "true",
  });
  expect(properties(template, "HttpsListener")).toMatchObject({
    Port: 443,
    Protocol: "HTTPS",
    SslPolicy: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
  });
  expect(properties(template, "HttpListener").DefaultActions[0]).toMatchObject({ Type: "redirect" });
  expect(properties(template, "ApiTargetGroup")).toMatchObject({ HealthCheckPath: "/health", TargetType: "instance" });
  expect(properties(template, "ApiRule").Conditions).toEqual([{ Field: "path-pattern", PathPatternConfig: { Values: ["/api/*"] } }]);
  // The service waits for listener and rule, or its first deployment fails on a target group without a load balancer.
  expect(template.Resources["ApiService"]!.DependsOn).toEqual(expect.arrayContaining(["ApiRule", "HttpsListener"]));
});

test("S14 tasks and machines are spread over the zones, and zonal shift is on", () => {
  const template = compute();
  expect(properties(template, "WebService").PlacementStrategies[0]).toEqual({ Type: "spread", Field: "attribute:ecs.availability-zone" });
  expect(properties(template, "WebService")["AvailabilityZoneRebalancing"]).toBe("ENABLED");
  expect(properties(template, "Hosts").VPCZoneIdentifier).toHaveLength(2);
  expect(properties(template, "Hosts").AvailabilityZoneImpairmentPolicy).toMatchObject({ ZonalShiftEnabled: true });
});

test("S15 the capacity provider scales, protects and drains; services name it and no launch type", () => {
  const template = compute();
  expect(properties(template, "CapacityProvider").AutoScalingGroupProvider).toMatchObject({
    ManagedScaling: {
      Status: "ENABLED",
      TargetCapacity: 80,
      MinimumScalingStepSize: 1,
      MaximumScalingStepSize: 100,
      InstanceWarmupPeriod: 300,
    },
    ManagedTerminationProtection: "ENABLED",
    ManagedDraining: "ENABLED",
  });
  expect(properties(template, "Hosts")["NewInstancesProtectedFromScaleIn"]).toBe(true);
  expect(properties(template, "WebService")).not.toHaveProperty("LaunchType");
  expect(properties(template, "WebService").CapacityProviderStrategy).toHaveLength(1);
});

test("S16 target tracking owns the desired count; the recovery region keeps its share of the minimum and may grow whole", () => {
  const template = compute();
  expect(properties(template, "WebService")).not.toHaveProperty("DesiredCount");
  expect(properties(template, "WebScaling")).toMatchObject({
    MinCapacity: 4,
    MaxCapacity: 20,
    ScalableDimension: "ecs:service:DesiredCount",
  });
  const tracking = (id: string) => properties(template, id).TargetTrackingScalingPolicyConfiguration;
  expect(tracking("WebScaleOnRequests")).toMatchObject({
    TargetValue: 1000,
    PredefinedMetricSpecification: { PredefinedMetricType: "ALBRequestCountPerTarget", ResourceLabel: expect.anything() },
  });
  expect(tracking("ApiScaleOnCpu")).toMatchObject({ TargetValue: 60, ScaleOutCooldown: 60, ScaleInCooldown: 300 });
  // Warm standby at 25 %: a quarter of 4.
  expect(properties(stack("eu-central-1-compute"), "WebScaling")).toMatchObject({ MinCapacity: 1, MaxCapacity: 20 });
});

test("S17 steps count from the threshold, meet without hole or overlap, and are open at the end", () => {
  const template = compute();
  const { StepAdjustments } = properties(template, "ApiStepOut").StepScalingPolicyConfiguration;
  expect(StepAdjustments).toEqual([
    { MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 10, ScalingAdjustment: 2 },
    { MetricIntervalLowerBound: 10, ScalingAdjustment: 6 },
  ]);
  expect(properties(template, "ApiStepOutAlarm")).toMatchObject({ Threshold: 85, ComparisonOperator: "GreaterThanOrEqualToThreshold" });
});

test("S29 a pilot light deploys nothing that is off: one parameter switches all of it on, roles and addresses being there already", () => {
  const assembly = assemble(define((input) => (input.recovery.strategy = "pilot-light")));
  const { template, when } = assembly.stacks.find(({ id }) => id === "eu-central-1-compute")!;
  expect(when).toBe("deploy");
  expect(template.Parameters!["DrActive"]).toMatchObject({ Default: "false", AllowedValues: ["true", "false"] });
  const { State, ...rest } = template.Resources;
  expect(State).not.toHaveProperty("Condition");
  expect(Object.entries(rest).filter(([, { Condition }]) => Condition !== "Active")).toEqual([]);
  expect(Object.values(template.Outputs ?? {}).filter(({ Condition }) => Condition !== "Active")).toEqual([]);
  expect(ofType(template, "AWS::EC2::NatGateway")).toHaveLength(2);
  expect(
    Object.values(template.Resources).filter(({ Type }) => Type.startsWith("AWS::IAM::") || Type.startsWith("AWS::Route53::")),
  ).toEqual([]);
  // What it finds on being switched on is deployed: roles, network, replica, buckets, records.
  const waiting = assembly.stacks.filter((each) => each.when === "recovery");
  expect(waiting).toEqual([]);
  const records = assembly.stacks.find(({ id }) => id === "eu-central-1-traffic")!.template;
  expect(properties(records, "PublicName").ResourceRecords).toHaveLength(2);
});

test("S29 zero-scaled: everything is deployed, nothing runs", () => {
  const template = stack(
    "eu-central-1-compute",
    (input) => (input.recovery = { ...input.recovery, strategy: "pilot-light", off: "zero-scaled" }),
  );
  expect(template.Parameters ?? {}).not.toHaveProperty("DrActive");
  expect(properties(template, "Hosts")).toMatchObject({ MinSize: "0", MaxSize: "16" });
  expect(properties(template, "WebScaling")).toMatchObject({ MinCapacity: 0, MaxCapacity: 20 });
});

test("S30 a warm standby is the whole thing, smaller; S31 a hot standby and active/active are the whole thing", () => {
  const minimum = (strategy: string) =>
    properties(
      stack("eu-central-1-compute", (input) => (input.recovery.strategy = strategy)),
      "Hosts",
    )["MinSize"];
  // A quarter of 4 machines; all 4.
  expect([minimum("warm-standby"), minimum("hot-standby"), minimum("active-active")]).toEqual(["1", "4", "4"]);
});
