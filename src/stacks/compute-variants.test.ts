/** What the compute and registry parts do where a definition differs from the reference platform; each part alone in a stack. */
import { expect, test } from "vitest";
import type { Template } from "./assembly.ts";
import { compute, computeRoles } from "./compute.ts";
import { registry } from "./registry.ts";
import { define, foundationOf, networkOf, placeOf, template } from "./testing.ts";

type Change = (input: any) => void;
type Role = "primary" | "recovery";

const built = (change?: Change, role: Role = "primary"): Template =>
  template(placeOf(define(change), role), (stack, place) =>
    compute(stack, place, {
      foundation: foundationOf(place),
      network: networkOf(place),
      domain: place.definition.domain && { zoneId: "Z1", certificateArn: "arn:aws:acm:::certificate/1" },
    }),
  );
const roles = (change?: Change): Template => template(placeOf(define(change)), computeRoles);
const registryOf = (change: Change, role: Role = "primary"): Template =>
  template(placeOf(define(change), role), (stack, place) => registry(stack, place, { foundation: foundationOf(place) }));

const properties = ({ Resources }: Template, id: string): Record<string, any> => Resources[id]!.Properties!;
const attributes = (made: Template, id: string): Record<string, string> =>
  Object.fromEntries(properties(made, id).LoadBalancerAttributes.map(({ Key, Value }: { Key: string; Value: string }) => [Key, Value]));
const statements = (made: Template, id: string): any[] =>
  (properties(made, id).Policies ?? []).flatMap(({ PolicyDocument }: any) => PolicyDocument.Statement);
const granted = (made: Template, id: string): string[] => statements(made, id).flatMap(({ Action }) => Action);

const strategy =
  (name: string, more: object = {}): Change =>
  (input) =>
    (input.recovery = { ...input.recovery, strategy: name, ...more });

test("S7 a container is one hop too far from the machine's credentials, and Docker's bridge is where the address plan has it", () => {
  const made = built((input) => (input.addresses = { docker: "192.168.128.0/20" }));
  const { UserData, MetadataOptions } = properties(made, "HostTemplate").LaunchTemplateData;
  expect(MetadataOptions.HttpPutResponseHopLimit).toBe(1);
  expect(UserData["Fn::Base64"]).toContain('"bip": "192.168.128.1/20"');
});

test("S7 an ARM image is looked up among ARM images", () => {
  const made = built((input) =>
    Object.assign(input.cluster, { image: "al2023-ami-ecs-hvm-2023.0.20250610-kernel-6.1-arm64", instanceTypes: ["m7g.large"] }),
  );
  expect(properties(made, "HostTemplate").LaunchTemplateData.ImageId).toContain("/amazon-linux-2023/arm64/al2023-ami-");
});

test("S7 machines may do what their agents need: no managed policy, no parameters, no images", () => {
  const made = roles();
  expect(properties(made, "HostRole")).not.toHaveProperty("ManagedPolicyArns");
  const actions = granted(made, "HostRole");
  expect(actions.filter((each) => /\*|^ssm:GetParameter|^ecr:|^ecs:CreateCluster|^iam:/.test(each))).toEqual([]);
  expect(properties(made, "HostProfile")["InstanceProfileName"]).toBe("customer-three-host-eu-west-1");
});

test("S8 where a share is needed each side has its own definition: mounted in the data centre, a bucket to read in the region", () => {
  const made = built((input) => (input.services.worker.runsOn = "both"));
  const [cloud, site] = [properties(made, "WorkerTask"), properties(made, "WorkerSiteTask")];
  expect(cloud["RequiresCompatibilities"]).toEqual(["EC2"]);
  expect(cloud.Volumes ?? []).toEqual([]);
  const variables = cloud.ContainerDefinitions[0].Environment.map(({ Name }: { Name: string }) => Name);
  expect(variables).toContain("FILES_REPORTS_BUCKET");
  expect(site["RequiresCompatibilities"]).toEqual(["EXTERNAL"]);
  expect(site.ContainerDefinitions[0].MountPoints).toEqual([{ SourceVolume: "reports", ContainerPath: "/reports", ReadOnly: false }]);
  expect(properties(made, "WorkerService")["TaskDefinition"]).toEqual({ Ref: "WorkerTask" });
  expect(properties(made, "WorkerSiteService")["TaskDefinition"]).toEqual({ Ref: "WorkerSiteTask" });
});

test("S8 what runs in the data centre without its files can be started in the region when the data centre is lost", () => {
  const made = built((input) => delete input.services.worker.files);
  expect(properties(made, "WorkerTask")["RequiresCompatibilities"]).toEqual(["EC2", "EXTERNAL"]);
});

test("S8 the definition's own variables win, and no variable is given twice", () => {
  const made = built((input) => {
    input.services.api.environment = { DATABASE_HOST: "elsewhere", AWS_REGION: "us-east-2" };
    input.services.api.secrets = { DATABASE_PASSWORD: "database:password", TOKEN: "acme/token" };
  });
  const [{ Environment, Secrets }] = properties(made, "ApiTask").ContainerDefinitions;
  const given = [...Environment, ...Secrets].map(({ Name }: { Name: string }) => Name);
  expect(given).toHaveLength(new Set(given).size);
  expect(Environment).toContainEqual({ Name: "AWS_REGION", Value: "us-east-2" });
  const from = (variable: string) => JSON.stringify(Secrets.find(({ Name }: { Name: string }) => Name === variable));
  expect(from("DATABASE_PASSWORD")).toContain("secret:customer-three/database:password::");
  // No end of AWS's choice and no key: both regions say the same name, and the whole secret is the value.
  expect(from("TOKEN")).toMatch(/secret:acme\/token"/);
});

test("S8 each service reads its own secrets, image, log group and share, and none of another's", () => {
  const made = roles((input) => {
    input.services.web.secrets = { TOKEN: "acme/token" };
    input.services.worker.runsOn = "both";
  });
  const text = (id: string) => JSON.stringify(statements(made, id));
  expect(text("WebExecutionRole")).toContain("acme/token-??????");
  expect(text("ApiExecutionRole")).not.toContain("acme/token");
  expect(text("WebExecutionRole")).not.toContain("customer-three/database");
  expect(text("ApiExecutionRole")).toContain("customer-three/database-??????");
  expect(text("WebExecutionRole")).toContain("repository/customer-three/docker-hub/acme/web");
  expect(text("WebExecutionRole")).toContain("log-group:/customer-three/services/web:*");
  expect(text("WorkerTaskRole")).toContain("customer-three-reports-");
  // The gateway is the one writer of its bucket.
  expect(granted(made, "WorkerTaskRole").filter((each) => each.startsWith("s3:"))).toEqual(["s3:ListBucket", "s3:GetObject"]);
  // A role without rights has no policy, rather than an empty one.
  expect(properties(made, "WebTaskRole")).not.toHaveProperty("Policies");
});

test("S8 commands are run in containers only where their root can be written, which ECS Exec does", () => {
  const writable: Change = (input) => (input.services.web.readonlyRoot = false);
  expect(properties(built(), "WebService")["EnableExecuteCommand"]).toBe(false);
  expect(properties(built(writable), "WebService")["EnableExecuteCommand"]).toBe(true);
  expect(granted(roles(writable), "WebTaskRole")).toContain("ssmmessages:OpenDataChannel");
});

test("S8 services of a region find each other by name and port, as in a Compose file; the data centre has no Service Connect", () => {
  const made = built((input) => (input.services.worker.uses = ["database", "api"]));
  expect(properties(made, "ApiService").ServiceConnectConfiguration).toMatchObject({
    Enabled: true,
    Services: [{ PortName: "api", ClientAliases: [{ DnsName: "api", Port: 8080 }] }],
  });
  // Who only uses others is known to nobody.
  expect(properties(made, "WebService").ServiceConnectConfiguration).not.toHaveProperty("Services");
  expect(properties(made, "WorkerSiteService")).not.toHaveProperty("ServiceConnectConfiguration");
  const alone = built((input) => (input.services.web.uses = []));
  expect(Object.values(alone.Resources).filter(({ Type }) => Type.startsWith("AWS::ServiceDiscovery::"))).toEqual([]);
});

test("S10 each region has its own credentials under the platform's key, and tasks may read them", () => {
  const hub: Change = (input) => (input.registry = { mode: "docker-hub" });
  for (const role of ["primary", "recovery"] as const) {
    const secret = properties(registryOf(hub, role), "DockerHubCredentials");
    expect(secret).toMatchObject({ Name: "customer-three/docker-hub", KmsKeyId: expect.anything() });
    expect(secret).not.toHaveProperty("ReplicaRegions");
    expect(secret).not.toHaveProperty("SecretString");
  }
  const made = roles(hub);
  expect(JSON.stringify(statements(made, "WebExecutionRole"))).toContain("customer-three/docker-hub-??????");
  expect(granted(made, "WebExecutionRole").filter((each) => each.startsWith("ecr:"))).toEqual([]);
});

test("S11 a cache is encrypted by a role of ours, has a secret that ECR can read, and never expires what runs by digest", () => {
  const made = registryOf((input) => (input.registry = { mode: "pull-through" }), "recovery");
  expect(properties(made, "DockerHubCredentials")).not.toHaveProperty("KmsKeyId");
  const cache = properties(made, "ImageCacheTemplate");
  expect(cache).toMatchObject({
    Prefix: "customer-three/docker-hub",
    EncryptionConfiguration: { EncryptionType: "KMS", KmsKey: expect.stringContaining("eu-central-1") },
    CustomRoleArn: { "Fn::GetAtt": ["ImageCacheRole", "Arn"] },
  });
  expect(cache).not.toHaveProperty("LifecyclePolicy");
  expect(properties(made, "ImageCacheRule")["EcrRepositoryPrefix"]).toBe("customer-three/docker-hub");
  // The upstream is Docker Hub in both regions: the recovery region never pulls through the primary.
  expect(JSON.stringify(made.Resources)).not.toContain("eu-west-1");
});

test("S11 the longest name of a platform still makes a prefix that ECR takes", () => {
  const made = registryOf((input) => Object.assign(input, { name: "a-platform-of-16", registry: { mode: "pull-through" } }));
  // 2 to 30 characters: docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html
  expect(properties(made, "ImageCacheRule").EcrRepositoryPrefix.length).toBeLessThanOrEqual(30);
});

test("S11 own repositories lose untagged images by age, never by the last pull: nobody pulls in a recovery region", () => {
  const made = registryOf((input) => (input.registry = { mode: "ecr" }), "recovery");
  const { rules } = JSON.parse(properties(made, "AcmeWebRepository").LifecyclePolicy.LifecyclePolicyText);
  expect(rules).toHaveLength(1);
  expect(rules[0].selection).toEqual({ tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 14 });
});

test("S12 what a recovery raised stays raised when the stack is next updated", () => {
  expect(built().Resources["Hosts"]!.UpdatePolicy).toEqual({ AutoScalingScheduledAction: { IgnoreUnmodifiedGroupSizeProperties: true } });
});

test("S12 missing machines are reserved zone by zone, beside a stack that stands", () => {
  const reserved = (change: Change) =>
    Object.values(built(change, "recovery").Resources).flatMap(({ Type, Properties }) =>
      Type === "AWS::EC2::CapacityReservation" ? [[Properties!["AvailabilityZoneId"], Properties!["InstanceCount"]]] : [],
    );
  // 4 machines less a quarter that runs are 3: two in one zone, one in the other.
  expect(reserved(strategy("warm-standby", { reserveCapacity: true }))).toEqual([
    ["euc1-az2", 2],
    ["euc1-az3", 1],
  ]);
  expect(reserved(strategy("pilot-light", { off: "zero-scaled", reserveCapacity: true }))).toEqual([
    ["euc1-az2", 2],
    ["euc1-az3", 2],
  ]);
  expect(reserved(strategy("hot-standby", { reserveCapacity: true }))).toEqual([]);
  expect(reserved(strategy("pilot-light", { reserveCapacity: true }))).toEqual([]);
});

test("S13 without a public name the load balancer stays inside", () => {
  const made = built((input) => delete input.domain);
  expect(properties(made, "LoadBalancer")).toMatchObject({ Scheme: "internal", Subnets: ["subnet-app0", "subnet-app1"] });
  expect(made.Resources).not.toHaveProperty("HttpsListener");
  expect(properties(made, "HttpListener").DefaultActions).toEqual([{ Type: "forward", TargetGroupArn: { Ref: "WebTargetGroup" } }]);
});

test("S13 no service with a route, no load balancer", () => {
  const made = built((input) => {
    delete input.services.web.route;
    delete input.services.web.scaling.requests;
    delete input.services.api.route;
  });
  expect(Object.values(made.Resources).filter(({ Type }) => Type.startsWith("AWS::ElasticLoadBalancing"))).toEqual([]);
  expect(properties(made, "WebService")).not.toHaveProperty("LoadBalancers");
});

test("S13 rules are asked in the order in which services are written, a given priority stays, and none is there twice", () => {
  const made = built((input) => {
    const { web, api } = input.services;
    input.services = {
      web: { ...web, route: { hosts: ["a.example"] } },
      api: { ...api, route: { paths: ["/api/*"], priority: 20 } },
      third: { ...api, uses: [], route: { paths: ["/third/*"], hosts: ["c.example"] } },
      worker: input.services.worker,
    };
  });
  expect(["WebRule", "ApiRule", "ThirdRule"].map((id) => properties(made, id)["Priority"])).toEqual([10, 20, 30]);
  expect(properties(made, "ThirdRule").Conditions).toHaveLength(2);
  // Nobody is the default: what no rule matches is nobody's.
  expect(properties(made, "HttpsListener").DefaultActions[0]).toMatchObject({
    Type: "fixed-response",
    FixedResponseConfig: { StatusCode: "404" },
  });
});

test("S13 what a drill switches on can be switched off again; what stands is protected", () => {
  expect(attributes(built(), "LoadBalancer")["deletion_protection.enabled"]).toBe("true");
  const late = built(strategy("pilot-light"), "recovery");
  expect(attributes(late, "LoadBalancer")["deletion_protection.enabled"]).toBe("false");
  expect(attributes(late, "Front")["deletion_protection.enabled"]).toBeUndefined();
});

test("S13 a front that is made at recovery has the reserved addresses, and both ports lead through it", () => {
  for (const name of ["pilot-light", "backup-restore"]) {
    const made = built(strategy(name), "recovery");
    expect(properties(made, "LoadBalancer")["Scheme"]).toBe("internal");
    expect(properties(made, "Front")).toMatchObject({
      Type: "network",
      Scheme: "internet-facing",
      SubnetMappings: [
        { SubnetId: "subnet-public0", AllocationId: "eipalloc-front0" },
        { SubnetId: "subnet-public1", AllocationId: "eipalloc-front1" },
      ],
    });
    for (const [id, port] of [
      ["Https", 443],
      ["Http", 80],
    ] as const) {
      expect(properties(made, `Front${id}Listener`)).toMatchObject({ Port: port, Protocol: "TCP" });
      expect(properties(made, `Front${id}TargetGroup`)).toMatchObject({
        TargetType: "alb",
        Targets: [{ Id: { Ref: "LoadBalancer" }, Port: port }],
      });
      // A load balancer is refused as a target while it does not listen.
      expect(made.Resources[`Front${id}TargetGroup`]!.DependsOn).toEqual([`${id}Listener`]);
    }
  }
  expect(built(strategy("warm-standby"), "recovery").Resources).not.toHaveProperty("Front");
});

test("S14 zones are not rebalanced where a deployment may not start the new task first", () => {
  const made = built((input) => (input.services.web.deployment = { minimumHealthy: 50, maximum: 100 }));
  expect(properties(made, "WebService")["AvailabilityZoneRebalancing"]).toBe("DISABLED");
});

test("S15 services come after the capacity provider is the cluster's, and its name is one that ECS takes", () => {
  const made = built((input) => (input.name = "ecs-shop"));
  expect(made.Resources["WebService"]!.DependsOn).toContain("CapacityProviderAssociation");
  expect(properties(made, "CapacityProvider")["Name"]).toBe("on-ecs-shop-hosts");
  expect(properties(built(), "CapacityProvider")["Name"]).toBe("customer-three-hosts");
});

test("S16 a region that stands by empty begins with no task, and no schedule wakes it", () => {
  const nightly: Change = (input) => (input.services.web.scaling.schedule = [{ name: "night", at: "cron(0 1 * * ? *)", min: 4, max: 8 }]);
  const empty = built((input) => {
    nightly(input);
    strategy("pilot-light", { off: "zero-scaled" })(input);
  }, "recovery");
  expect(properties(empty, "WebService")["DesiredCount"]).toBe(0);
  expect(properties(empty, "WebScaling").ScheduledActions ?? []).toEqual([]);
  const standby = built((input) => {
    nightly(input);
    strategy("warm-standby")(input);
  }, "recovery");
  // A quarter of 4.
  expect(properties(standby, "WebScaling").ScheduledActions[0].ScalableTargetAction).toEqual({ MinCapacity: 1, MaxCapacity: 8 });
  expect(properties(standby, "WebService")).not.toHaveProperty("DesiredCount");
});

test("S16 the label of requests names load balancer and target group, once both are joined by a listener", () => {
  const made = built();
  const { ResourceLabel } = properties(made, "WebScaleOnRequests").TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification;
  expect(ResourceLabel["Fn::Join"]).toEqual([
    "/",
    [{ "Fn::GetAtt": ["LoadBalancer", "LoadBalancerFullName"] }, { "Fn::GetAtt": ["WebTargetGroup", "TargetGroupFullName"] }],
  ]);
  expect(made.Resources["WebScaleOnRequests"]!.DependsOn).toContain("HttpsListener");
});

test("S17 steps inward are open below the threshold, and slower than those outward", () => {
  const made = built((input) => (input.services.api.scaling.steps.in = { below: 30, remove: 2 }));
  expect(properties(made, "ApiStepIn").StepScalingPolicyConfiguration.StepAdjustments).toEqual([
    { MetricIntervalUpperBound: 0, ScalingAdjustment: -2 },
  ]);
  expect(properties(made, "ApiStepInAlarm")).toMatchObject({
    Threshold: 30,
    ComparisonOperator: "LessThanThreshold",
    EvaluationPeriods: 15,
  });
  expect(properties(made, "ApiStepOutAlarm")["EvaluationPeriods"]).toBe(1);
});

test("people hear of services without tasks, of limits reached and of failing requests, on both sides", () => {
  const { Resources } = built();
  const alarms = Object.entries(Resources).flatMap(([id, { Type, Properties }]) =>
    Type === "AWS::CloudWatch::Alarm" && JSON.stringify(Properties!["AlarmActions"]).includes("sns") ? [id] : [],
  );
  expect(alarms).toEqual([
    "HostsAtMaximumAlarm",
    "TasksWaitForHostsAlarm",
    "WebShortOfTasksAlarm",
    "WebAtMaximumAlarm",
    "ApiShortOfTasksAlarm",
    "ApiAtMaximumAlarm",
    "WorkerShortOfTasksAlarm",
    "LoadBalancerErrorsAlarm",
    "WebUnhealthyAlarm",
    "WebErrorsAlarm",
    "ApiUnhealthyAlarm",
    "ApiErrorsAlarm",
  ]);
  // Silence is what a service without tasks sounds like.
  expect(Resources["WorkerShortOfTasksAlarm"]!.Properties!["TreatMissingData"]).toBe("breaching");
});

test("nothing that is switched on at recovery makes a role, and none has a name that IAM refuses", () => {
  for (const { Type } of Object.values(built(strategy("pilot-light"), "recovery").Resources)) expect(Type).not.toMatch(/^AWS::IAM::/);
  const longest = roles((input) => {
    const { uses: _, ...service } = input.services.web;
    Object.assign(input, { name: "a-platform-of-16", services: { "twenty-characters-xy": service } });
    Object.assign(input.regions.primary, { region: "ap-northeast-1", zones: ["apne1-az1", "apne1-az2"] });
  });
  // 64 characters: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  for (const { Type, Properties } of Object.values(longest.Resources))
    if (Type === "AWS::IAM::Role") expect(Properties!["RoleName"].length).toBeLessThanOrEqual(64);
});
