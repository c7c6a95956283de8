/** A region with two zones and a launch template, for the stories of this folder. */
import { AutoScaling, type CreateAutoScalingGroupType } from "@aws-sdk/client-auto-scaling";
import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { EC2 } from "@aws-sdk/client-ec2";
import { ElasticLoadBalancingV2 } from "@aws-sdk/client-elastic-load-balancing-v2";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { ServiceQuotas } from "@aws-sdk/client-service-quotas";
import { SQS } from "@aws-sdk/client-sqs";
import { SSM } from "@aws-sdk/client-ssm";
import { hours, instant, plus, type Duration } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

export const region = "eu-west-1";
export const zones = ["euw1-az1", "euw1-az2"] as const;
const image = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id";

/** From a group's look to instances in service: 6 s and RunInstances' 17. */
export const LAUNCH = 23;

/** Time begins on a Monday at noon. Latencies are their medians, so that time lines can be worked out. */
export async function stage({ zoneIds = [...zones] as string[], seed = "groups" } = {}) {
  const cloud = new Cloud({ seed, latencies: "median", paranoid: true, start: instant("2026-03-01T12:00:00Z") });
  const at = clients(cloud);
  const [groups, ec2, elb, cloudwatch] = [
    at(AutoScaling, { region }),
    at(EC2, { region }),
    at(ElasticLoadBalancingV2, { region }),
    at(CloudWatch, { region }),
  ];
  await at(ServiceQuotas, { region }).requestServiceQuotaIncrease({ ServiceCode: "ec2", QuotaCode: "L-1216C47A", DesiredValue: 10_000 });
  const after = (delay: Duration) => void cloud.advance(plus(cloud.run.now, delay));
  after(hours(24));
  const ImageId = (await at(SSM, { region }).getParameter({ Name: image })).Parameter?.Value ?? "";
  const { Vpc } = await ec2.createVpc({ CidrBlock: "10.20.0.0/16" });
  const subnets: string[] = [];
  for (const [number, AvailabilityZoneId] of zoneIds.entries())
    subnets.push(
      (await ec2.createSubnet({ VpcId: Vpc?.VpcId, CidrBlock: `10.20.${number}.0/24`, AvailabilityZoneId })).Subnet?.SubnetId ?? "",
    );
  await ec2.createLaunchTemplate({ LaunchTemplateName: "web", LaunchTemplateData: { ImageId, InstanceType: "t3.micro" } });
  const make = (more: Partial<CreateAutoScalingGroupType> = {}) =>
    groups.createAutoScalingGroup({
      AutoScalingGroupName: "web",
      LaunchTemplate: more.MixedInstancesPolicy ? undefined : { LaunchTemplateName: "web", Version: "$Latest" },
      MinSize: 0,
      MaxSize: 10,
      VPCZoneIdentifier: subnets.join(","),
      ...more,
    });
  const group = async (name = "web") => (await groups.describeAutoScalingGroups({ AutoScalingGroupNames: [name] })).AutoScalingGroups![0]!;
  const members = async (name = "web") => (await group(name)).Instances ?? [];
  /** How many are in each zone, whatever their state. */
  const spread = async () => {
    const all = await members();
    return zoneIds.map((zone) => all.filter(({ AvailabilityZoneId }) => AvailabilityZoneId === zone).length);
  };
  /** `InService` thrice, `Pending`: how many of each. */
  const states = async () => {
    const found: Record<string, number> = {};
    for (const { LifecycleState = "" } of await members()) found[LifecycleState] = (found[LifecycleState] ?? 0) + 1;
    return found;
  };
  const activities = async () => (await groups.describeScalingActivities({ AutoScalingGroupName: "web" })).Activities ?? [];
  const events = () => listener(at);
  return {
    cloud, at, groups, ec2, elb, cloudwatch, after, make, group, members, spread, states, activities, events, subnets, ImageId,
    vpc: Vpc?.VpcId ?? "",
  }; // prettier-ignore
}

export type Stage = Awaited<ReturnType<typeof stage>>;

/** What EventBridge delivers of Auto Scaling from now on. */
async function listener(at: ReturnType<typeof clients>) {
  const [bridge, sqs] = [at(EventBridge, { region }), at(SQS, { region })];
  const { QueueUrl = "" } = await sqs.createQueue({ QueueName: "heard" });
  const arn = `arn:aws:sqs:${region}:123456789012:heard`;
  await bridge.putRule({ Name: "all", EventPattern: JSON.stringify({ source: ["aws.autoscaling"] }) });
  await bridge.putTargets({ Rule: "all", Targets: [{ Id: "queue", Arn: arn }] });
  return async () => {
    const heard: { "detail-type": string; detail: Record<string, string> }[] = [];
    for (;;) {
      const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
      if (Messages.length === 0) return heard;
      for (const { Body = "", ReceiptHandle } of Messages) {
        heard.push(JSON.parse(Body) as (typeof heard)[number]);
        await sqs.deleteMessage({ QueueUrl, ReceiptHandle });
      }
    }
  };
}
