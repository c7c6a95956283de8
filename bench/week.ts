/** A simulated week of services under a day curve of one-minute steps, with target tracking: seconds on the wall's clock, and memory. */
import { computeRegion, minutes } from "../test/compute.ts";
import { days, plus } from "../src/kernel/units.ts";
import { report, smoke } from "./report.ts";

const DAY = 86_400_000;
/** Requests a second over a day: a night, a morning, a peak in the afternoon; each service an hour later than the one before. */
const curve = (shift: number) =>
  Array.from({ length: 1440 }, (_, minute) => ({
    at: minute * 60_000,
    rate: Math.round(600 + 500 * Math.sin((2 * Math.PI * (minute + shift * 60)) / 1440)) / 10,
  }));

async function week(services: number) {
  const machines = Math.max(4, Math.ceil((services * 8 * 512) / 16_384) + 2);
  const world = await computeRegion({ machines, type: "m6i.4xlarge", latencies: "drawn" });
  const { cloud, ecs, elb, scaling, define, after, subnets, ec2 } = world;
  const VpcId = (await ec2.describeVpcs({ VpcIds: [(await ec2.describeSubnets({ SubnetIds: subnets })).Subnets![0]!.VpcId!] })).Vpcs![0]!
    .VpcId;
  const taskDefinition = await define("web");
  let listener = "";
  let name = "";
  for (let number = 0; number < services; number++) {
    if (number % 25 === 0) {
      const { LoadBalancers } = await elb.createLoadBalancer({ Name: `front-${number}`, Subnets: subnets });
      name = LoadBalancers![0]!.DNSName!;
      const DefaultActions = [{ Type: "fixed-response" as const, FixedResponseConfig: { StatusCode: "404" } }];
      listener = (
        await elb.createListener({ LoadBalancerArn: LoadBalancers![0]!.LoadBalancerArn, Port: 80, Protocol: "HTTP", DefaultActions })
      ).Listeners![0]!.ListenerArn!;
    }
    const { TargetGroups } = await elb.createTargetGroup({ Name: `group-${number}`, Protocol: "HTTP", Port: 80, VpcId });
    const targetGroupArn = TargetGroups![0]!.TargetGroupArn!;
    const host = `service-${number}.example.com`;
    await elb.createRule({
      ListenerArn: listener,
      Priority: (number % 25) + 1,
      Conditions: [{ Field: "host-header", Values: [host] }],
      Actions: [{ Type: "forward", TargetGroupArn: targetGroupArn }],
    });
    const serviceName = `service-${number}`;
    await ecs.createService({
      cluster: "shop",
      serviceName,
      taskDefinition,
      desiredCount: 4,
      loadBalancers: [{ targetGroupArn, containerName: "web", containerPort: 8080 }],
    });
    const target = {
      ServiceNamespace: "ecs" as const,
      ResourceId: `service/shop/${serviceName}`,
      ScalableDimension: "ecs:service:DesiredCount" as const,
    };
    await scaling.registerScalableTarget({ ...target, MinCapacity: 2, MaxCapacity: 8 });
    await scaling.putScalingPolicy({
      ...target,
      PolicyName: "cpu",
      PolicyType: "TargetTrackingScaling",
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: 50,
        PredefinedMetricSpecification: { PredefinedMetricType: "ECSServiceAverageCPUUtilization" },
      },
    });
    cloud.act({ act: "demand", id: serviceName, name, host, steps: curve(number), every: DAY });
  }
  after(minutes(10));
  const from = performance.now();
  const events = cloud.advance(plus(cloud.run.now, days(smoke ? 1 : 7)));
  const took = (performance.now() - from) / 1000;
  const running = [...cloud.run.universe.world.containers.values()].filter(({ state }) => state === "up").length;
  return { took, events, running, memory: process.memoryUsage.rss() / 1024 ** 2 };
}

const span = smoke ? "day" : "week";
for (const services of smoke ? [3] : (process.env.SERVICES ?? "3,30,300").split(",").map(Number)) {
  const { took, events, running, memory } = await week(services);
  report(`a ${span} of ${services} services, ${running} tasks at its end`, took, "s", services === 3 ? "≤ 1 s" : "");
  report(`its events`, events, "");
  report(`resident memory after it`, memory, "MiB");
}
