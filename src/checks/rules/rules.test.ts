/** Every resilience rule: what the reference platform would have to look like for it to speak. */
import { expect, test } from "vitest";
import { days, gbps, gib, hours, mbps, minutes, seconds } from "../../kernel/units.ts";
import { assemble } from "../../stacks/assemble.ts";
import type { Assembly, Template } from "../../stacks/assembly.ts";
import { places } from "../../stacks/place.ts";
import { define } from "../../stacks/testing.ts";
import type { Subject } from "../check.ts";
import { model } from "../model.ts";
import { resilience } from "./list.ts";

const definition = define();
const assembly = assemble(definition);
const reference: Subject = { definition, places: places(definition), assembly, model: model(assembly) };

const said = (subject: Subject): string[] =>
  resilience.flatMap((rule) => [...rule.check(subject)].map(({ severity = "error", message }) => `${rule.id} ${severity}: ${message}`));

/** Rules over the definition, with the reference's templates. */
const defined = (change: (input: any) => void): string[] => {
  const other = define(change);
  return said({ ...reference, definition: other, places: places(other) });
};

test("the reference platform breaks no rule, with any strategy", () => {
  expect(said(reference)).toEqual([]);
  for (const strategy of ["none", "backup-restore", "pilot-light", "hot-standby"]) {
    const other = define((input) => (input.recovery.strategy = strategy));
    const its = assemble(other);
    expect(said({ definition: other, places: places(other), assembly: its, model: model(its) }), strategy).toEqual([]);
  }
});

test("every rule has an id of its own, a reason and a fix of one line", () => {
  expect(new Set(resilience.map(({ id }) => id)).size).toBe(resilience.length);
  for (const { id, why, fix } of resilience) expect([id, why.endsWith("."), fix.includes("\n")]).toEqual([id, true, false]);
});

const sentences: [string, (input: any) => void, string][] = [
  ["RES010 one line", ({ site }) => delete site.vpn, "RES010 error: The data centre has one Direct Connect line and nothing beside it."],
  ["RES011 a shared router", ({ site }) => (site.vpn.router = "edge-1"), "RES011 warning: Direct Connect and VPN end on router edge-1."],
  [
    "RES012 a line too narrow",
    ({ site }) => (site.feed = gbps(12)),
    "RES012 error: The Direct Connect carries 10 Gbps, and the data centre must receive 12 Gbps.",
  ],
  [
    "RES013 a brown-out",
    ({ site }) => (site.vpn.ecmp = false),
    "RES013 warning: When a Direct Connect line is lost the VPN carries 5 Gbps of the 6 Gbps that the data centre receives.",
  ],
  ["RES014 no BFD", ({ site }) => (site.routers[0].bfd = false), "RES014 warning: Router edge-1 ends a Direct Connect line without BFD."],
  [
    "RES015 fewer ports than the model",
    ({ site }) => (site.directConnect.resiliency = "high"),
    "RES015 error: Resiliency high needs 2 locations with 1 port each, and there is 1 location with 1.",
  ],
  [
    "RES023 no room to grow",
    ({ database }) => (database.storage = { initial: gib(200), max: gib(250) }),
    "RES023 warning: Storage of 200 GiB may grow to 250 GiB only.",
  ],
  ["RES024 no restore test", ({ backup }) => (backup.restoreTest = null), "RES024 warning: No restore is ever tried."],
  [
    // 1 Gbps × 3600 s ÷ 8 = 450 GB = 419.1 GiB
    "RES025 a cache too small",
    ({ files }) => (files.shares.reports.writes = gbps(1)),
    "RES025 warning: The gateway's cache holds 150 GiB, and 1 Gbps of writes are 420 GiB in an hour.",
  ],
  [
    "RES026 no second gateway",
    ({ files }) => delete files.gateway.recoveryAddress,
    "RES026 warning: The shares are in eu-central-1 too, and the data centre has no gateway to them.",
  ],
  ["RES032 nobody hears", ({ operations }) => (operations.notify = []), "RES032 warning: Nobody is told of alarms."],
  [
    "RES033 a replica's alarm after the promise",
    (input) => (input.alarms = { replicaLag: minutes(10) }),
    "RES033 warning: replicaLag rings at minutes(10), and the journey order may lose minutes(5).",
  ],
  [
    "RES033 a share's alarm after the promise",
    (input) => (input.alarms = { replicationPending: hours(1) }),
    "RES033 warning: replicationPending rings at hours(1), and the journey report may lose minutes(15).",
  ],
  [
    // 4 + 4 tasks of 512 MiB need two machines of 7 608 MiB by memory and by CPU (3 072 of 2 048 shares each); of 3, the loss of a zone leaves 1.
    "RES040 too few machines in quiet times",
    ({ cluster }) => (cluster.min = 3),
    "RES040 warning: When a zone is lost 1 of the 3 machines are left, and the services' fewest tasks need 2.",
  ],
  [
    // 20 × 256 + 20 × 512 shares = 7.5 machines of 2 048; of 12, the loss of a zone leaves 6.
    "RES041 too few machines at the peak",
    ({ cluster }) => (cluster.max = 12),
    "RES041 warning: When a zone is lost 6 of at most 12 machines are left, and the services' most tasks need 8.",
  ],
  ["RES042 one task", ({ services }) => (services.web.scaling.min = 1), "RES042 warning: web may be down to one task."],
  [
    "RES043 one type",
    ({ cluster }) => (cluster.instanceTypes = ["m6i.large"]),
    "RES043 warning: The cluster takes m6i.large and nothing else.",
  ],
  ["RES044 one host", ({ site }) => site.hosts.pop(), "RES044 warning: worker run on rack-1 and nowhere else in the data centre."],
  [
    "RES045 hosts that are full",
    ({ services }) => Object.assign(services.worker.scaling, { min: 16, max: 16 }),
    "RES045 warning: Without rack-1 the other hosts do not hold the 16 tasks of the data centre.",
  ],
  [
    "RES050 a machine image that moves",
    ({ cluster }) => (cluster.image = "recommended"),
    "RES050 error: The image recommended is another one tomorrow.",
  ],
  ["RES051 a tag", ({ services }) => (services.web.image = "acme/web:1.4"), "RES051 warning: web runs acme/web:1.4, which is a tag."],
  [
    // 20 web + 20 api + 2 worker
    "RES052 Docker Hub at every start",
    (input) => (input.registry = { mode: "docker-hub" }),
    "RES052 warning: Up to 42 tasks pull straight from Docker Hub, and again each time they are replaced.",
  ],
  [
    "RES053 a secret in the environment",
    ({ services }) => (services.api.environment = { STRIPE_API_KEY: "sk_live_1", TOKEN_FILE: "/run/token" }),
    "RES053 error: STRIPE_API_KEY of api looks like a secret.",
  ],
  [
    "RES053 a password inside an address",
    ({ services }) => (services.api.environment = { QUEUE: "amqp://app:hunter2@10.64.8.20:5672", PAGE: "https://shop.example" }),
    "RES053 error: QUEUE of api looks like a secret.",
  ],
  [
    "RES060 a name remembered long",
    ({ domain }) => (domain.ttl = seconds(300)),
    "RES060 warning: Resolvers remember shop.customer-three.example for minutes(5).",
  ],
  [
    "RES061 slow leaving",
    ({ services }) => (services.web.route.deregistrationDelay = seconds(300)),
    "RES061 warning: Tasks of web take minutes(5) to leave the load balancer.",
  ],
  [
    "RES062 one check for both",
    ({ services }) => (services.web.health = { path: "/health", deep: "/health" }),
    "RES062 error: Load balancer and Route 53 both ask web for /health.",
  ],
  [
    // 30 s × 10 failures + 60 s of TTL = 6 minutes, more than half of 10.
    "RES063 seen late",
    ({ domain, recovery }) => {
      domain.check = { interval: 30_000, failures: 10 };
      recovery.objectives.order.rto = minutes(10);
    },
    "RES063 warning: The loss is seen after minutes(5) and resolvers ask again after minutes(1): more than half of the minutes(10) of order.",
  ],
];

test.each(sentences)("%s", (_name, change, sentence) => {
  expect(defined(change)).toEqual([sentence]);
});

test("what is meant is left alone: nothing to receive, no tasks, a share that is never written", () => {
  const quiet = defined((input) => {
    input.services.worker.scaling = { min: 0, max: 0 };
    input.files.shares.reports.writes = mbps(0);
    input.backup.plans.daily.keep = days(7);
  });
  expect(quiet).toEqual([]);
});

type Plant = (resources: any) => void;
const resources: [string, string, Plant, string[]][] = [
  [
    "RES001 a data subnet with a route to the internet gateway",
    "eu-west-1-network",
    (made) => {
      const Properties = {
        RouteTableId: { Ref: "DataRouteTableA" },
        DestinationCidrBlock: "0.0.0.0/0",
        GatewayId: { Ref: "InternetGateway" },
      };
      made.Leak = { Type: "AWS::EC2::Route", Properties };
    },
    ["RES001 eu-west-1-network/Leak"],
  ],
  [
    "RES002 hosts in one zone",
    "eu-west-1-compute",
    (made) => made.Hosts.Properties.VPCZoneIdentifier.pop(),
    ["RES002 eu-west-1-compute/Hosts"],
  ],
  [
    "RES003 a host with a public address",
    "eu-west-1-compute",
    (made) => (made.HostTemplate.Properties.LaunchTemplateData.NetworkInterfaces = [{ AssociatePublicIpAddress: true, Groups: [] }]),
    ["RES003 eu-west-1-compute/HostTemplate"],
  ],
  [
    "RES003 a subnet that gives addresses away",
    "eu-west-1-network",
    (made) => (made.AppSubnetA.Properties.MapPublicIpOnLaunch = true),
    ["RES003 eu-west-1-network/AppSubnetA"],
  ],
  [
    "RES004 a bucket in the clear",
    "eu-west-1-files",
    (made) => delete made.ReportsBucket.Properties.BucketEncryption,
    ["RES004 eu-west-1-files/ReportsBucket"],
  ],
  [
    "RES004 a share in the clear",
    "eu-west-1-shares",
    (made) => (made.ReportsShare.Properties.KMSEncrypted = false),
    ["RES004 eu-west-1-shares/ReportsShare"],
  ],
  [
    "RES005 metadata without a token",
    "eu-west-1-compute",
    (made) => (made.HostTemplate.Properties.LaunchTemplateData.MetadataOptions.HttpTokens = "optional"),
    ["RES005 eu-west-1-compute/HostTemplate"],
  ],
  ["RES020 no replica", "eu-central-1-database", (made) => delete made.Database, ["RES020 eu-central-1-database/"]],
  [
    "RES021 a share without its copy",
    "eu-west-1-files",
    (made) => delete made.ReportsBucket.Properties.ReplicationConfiguration,
    ["RES021 eu-west-1-files/ReportsBucket"],
  ],
  [
    "RES021 a copy whose delay nobody knows",
    "eu-west-1-files",
    (made) => delete made.ReportsBucket.Properties.ReplicationConfiguration.Rules[0].Destination.ReplicationTime,
    ["RES021 eu-west-1-files/ReportsBucket"],
  ],
  [
    "RES022 backups that stay",
    "eu-west-1-protection",
    (made) => delete made.DailyPlan.Properties.BackupPlan.BackupPlanRule[0].CopyActions,
    ["RES022 eu-west-1-protection/DailyPlan"],
  ],
  [
    "RES023 a replica that does not grow",
    "eu-central-1-database",
    (made) => delete made.Database.Properties.MaxAllocatedStorage,
    ["RES023 eu-central-1-database/Database"],
  ],
  [
    "RES030 no alarm for a tunnel",
    "eu-central-1-observability",
    (made) => withoutAlarms(made, "TunnelState"),
    ["RES030 eu-central-1-link/VpnConnection"],
  ],
  [
    "RES030 no alarm for a session",
    "eu-west-1-observability",
    (made) => withoutAlarms(made, "VirtualInterfaceBgpStatus"),
    ["RES030 eu-west-1-link/VirtualInterface1"],
  ],
  [
    "RES030 no alarm for the replica",
    "eu-central-1-observability",
    (made) => withoutAlarms(made, "ReplicaLag"),
    ["RES030 eu-central-1-database/Database"],
  ],
  [
    "RES030 no alarm for the cache",
    "eu-west-1-observability",
    (made) => withoutAlarms(made, "CachePercentDirty"),
    ["RES030 eu-west-1-shares/ReportsShare"],
  ],
  [
    "RES031 a silent alarm",
    "eu-west-1-compute",
    (made) => delete made.WebUnhealthyAlarm.Properties.AlarmActions,
    ["RES031 eu-west-1-compute/WebUnhealthyAlarm"],
  ],
  [
    "RES046 tasks packed first",
    "eu-west-1-compute",
    (made) => made.WebService.Properties.PlacementStrategies.reverse(),
    ["RES046 eu-west-1-compute/WebService"],
  ],
  [
    "RES047 machines that leave with their tasks",
    "eu-west-1-compute",
    (made) => (made.Hosts.Properties.NewInstancesProtectedFromScaleIn = false),
    ["RES047 eu-west-1-compute/CapacityProvider"],
  ],
  [
    "RES047 a launch type",
    "eu-west-1-compute",
    (made) => (made.WebService.Properties.LaunchType = "EC2"),
    ["RES047 eu-west-1-compute/WebService"],
  ],
  [
    "RES050 an image that moves",
    "eu-central-1-compute",
    (made) =>
      (made.HostTemplate.Properties.LaunchTemplateData.ImageId =
        "{{resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id}}"),
    ["RES050 eu-central-1-compute/HostTemplate"],
  ],
  [
    "RES054 a password in a template",
    "eu-west-1-database",
    (made) => (made.Database.Properties.MasterUserPassword = "hunter2hunter2"),
    ["RES054 eu-west-1-database/Database"],
  ],
  [
    "RES062 a load balancer that asks deep",
    "eu-west-1-compute",
    (made) => (made.WebTargetGroup.Properties.HealthCheckPath = "/health/deep"),
    ["RES062 eu-west-1-compute/WebTargetGroup"],
  ],
];

function withoutAlarms(made: Template["Resources"], metric: string): void {
  for (const [id, { Type, Properties }] of Object.entries(made))
    if (Type === "AWS::CloudWatch::Alarm" && JSON.stringify(Properties).includes(metric)) delete made[id];
}

/** The reference's templates after `change` to one of them. */
test.each(resources)("%s", (_name, stack, change, expected) => {
  const other: Assembly = structuredClone(assembly);
  change(other.stacks.find(({ id }) => id === stack)!.template.Resources);
  const subject = { ...reference, assembly: other, model: model(other) };
  const found = resilience.flatMap((rule) =>
    [...rule.check(subject)].map(({ place }) => `${rule.id} ${place?.stack}/${place?.resource ?? ""}`),
  );
  expect(found).toEqual(expected);
});
