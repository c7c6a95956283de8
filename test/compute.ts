/** A region with a cluster on machines of two zones and a load balancer before it, for stories about compute. */
import { ApplicationAutoScaling } from "@aws-sdk/client-application-auto-scaling";
import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { EC2 } from "@aws-sdk/client-ec2";
import { ECS } from "@aws-sdk/client-ecs";
import { ElasticLoadBalancingV2 } from "@aws-sdk/client-elastic-load-balancing-v2";
import { ServiceQuotas } from "@aws-sdk/client-service-quotas";
import { SSM } from "@aws-sdk/client-ssm";
import { clients } from "../src/cloud/clients.ts";
import { Cloud } from "../src/cloud/cloud.ts";
import { minutes, plus, seconds, type Duration } from "../src/kernel/units.ts";

export const region = "eu-west-1";
const image = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id";

type Options = { machines?: number; seed?: string; latencies?: "median" | "drawn"; paranoid?: boolean; type?: "m6i.large" | "m6i.4xlarge" };

/** Machines of two vCPUs, the first in zone 1, the second in zone 2, and so on; all registered. Two minutes have passed. */
export async function computeRegion({
  machines = 2,
  seed = "compute",
  latencies = "median",
  paranoid = false,
  type = "m6i.large",
}: Options = {}) {
  const cloud = new Cloud({ seed, latencies, paranoid });
  const at = clients(cloud);
  const [ec2, ecs, elb, cloudwatch, scaling] = [
    at(EC2, { region }),
    at(ECS, { region }),
    at(ElasticLoadBalancingV2, { region }),
    at(CloudWatch, { region }),
    at(ApplicationAutoScaling, { region }),
  ];
  const after = (delay: Duration) => void cloud.advance(plus(cloud.run.now, delay));
  await scaling.describeScalableTargets({ ServiceNamespace: "ecs" });
  await at(ServiceQuotas, { region }).requestServiceQuotaIncrease({ ServiceCode: "ec2", QuotaCode: "L-1216C47A", DesiredValue: 100_000 });
  after(minutes(24 * 60));
  const ImageId = (await at(SSM, { region }).getParameter({ Name: image })).Parameter?.Value ?? "";
  const { Vpc } = await ec2.createVpc({ CidrBlock: "10.20.0.0/16" });
  const subnets: string[] = [];
  for (const [number, AvailabilityZoneId] of ["euw1-az1", "euw1-az2"].entries())
    subnets.push(
      (await ec2.createSubnet({ VpcId: Vpc?.VpcId, CidrBlock: `10.20.${number}.0/24`, AvailabilityZoneId })).Subnet?.SubnetId ?? "",
    );
  await ecs.createCluster({ clusterName: "shop" });
  const UserData = Buffer.from("#!/bin/sh\necho ECS_CLUSTER=shop >> /etc/ecs/ecs.config\n").toString("base64");
  const instances: string[] = [];
  const launch = async (zone: number) => {
    const { Instances } = await ec2.runInstances({
      ImageId,
      InstanceType: type,
      SubnetId: subnets[zone],
      UserData,
      MinCount: 1,
      MaxCount: 1,
    });
    instances.push(Instances?.[0]?.InstanceId ?? "");
  };
  for (let number = 0; number < machines; number++) await launch(number % 2);
  after(minutes(2));
  const front = async (path = "/health", more: object = {}) => {
    const { LoadBalancers } = await elb.createLoadBalancer({ Name: "front", Subnets: subnets });
    const { LoadBalancerArn = "", DNSName = "" } = LoadBalancers?.[0] ?? {};
    const { TargetGroups } = await elb.createTargetGroup({
      Name: "web",
      Protocol: "HTTP",
      Port: 80,
      VpcId: Vpc?.VpcId,
      HealthCheckPath: path,
      HealthCheckIntervalSeconds: 10,
      ...more,
    });
    const { TargetGroupArn = "" } = TargetGroups?.[0] ?? {};
    await elb.modifyTargetGroupAttributes({ TargetGroupArn, Attributes: [{ Key: "deregistration_delay.timeout_seconds", Value: "30" }] });
    await elb.createListener({ LoadBalancerArn, Port: 80, Protocol: "HTTP", DefaultActions: [{ Type: "forward", TargetGroupArn }] });
    after(minutes(2));
    return { LoadBalancerArn, DNSName, TargetGroupArn };
  };
  /** Half a vCPU and 512 MiB; a request takes 10 ms of a core, so a task serves fifty a second at most. */
  const define = async (family: string, image = "acme/web", more: object = {}) =>
    (
      await ecs.registerTaskDefinition({
        family,
        cpu: "512",
        memory: "512",
        containerDefinitions: [{ name: "web", image, portMappings: [{ containerPort: 8080 }], ...more }],
      })
    ).taskDefinition?.taskDefinitionArn ?? "";
  const service = async (name: string) => (await ecs.describeServices({ cluster: "shop", services: [name] })).services![0]!;
  const events = async (name: string) =>
    (await service(name)).events!.map(({ message = "" }) =>
      message
        .replace(/\(task \w+\)/g, "(task)")
        .replace(/ecs-svc\/\d+/g, "ecs-svc/N")
        .replace(/targetgroup\/web\/\w+/, "web"),
    );
  const health = async (TargetGroupArn: string) =>
    (await elb.describeTargetHealth({ TargetGroupArn }))
      .TargetHealthDescriptions!.map(({ TargetHealth }) => String(TargetHealth?.State))
      .toSorted((one, other) => one.localeCompare(other));
  return { cloud, ec2, ecs, elb, cloudwatch, scaling, after, instances, launch, front, define, service, events, health, subnets };
}

export { minutes, seconds };
