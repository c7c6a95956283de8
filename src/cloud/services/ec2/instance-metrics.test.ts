/** CPUUtilization of instances and of their Auto Scaling groups, out of what runs on them. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html */
import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { EC2 } from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { gib, minutes, plus, type Duration } from "../../../kernel/units.ts";
import { loads, setLoad, start } from "../../../world/containers.ts";
import { clients } from "../../clients.ts";
import { ACCOUNT, Cloud, root } from "../../cloud.ts";
import { joinGroup } from "./instance-metrics.ts";
import { resourceTags } from "./tags.ts";

const region = "eu-west-1";
const ImageId = "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id";

async function started() {
  const cloud = new Cloud({ paranoid: true, latencies: "median" });
  const at = clients(cloud);
  const [ec2, cloudwatch] = [at(EC2, { region }), at(CloudWatch, { region })];
  const after = (delay: Duration) => void cloud.advance(plus(cloud.run.now, delay));
  /** The last whole minute's. */
  const last = async (MetricName: string, Name: string, Value: string) => {
    const minute = Math.floor(cloud.run.now / 60_000) * 60_000;
    const { Datapoints } = await cloudwatch.getMetricStatistics({
      Namespace: "AWS/EC2",
      MetricName,
      Dimensions: [{ Name, Value }],
      StartTime: new Date(minute - 60_000),
      EndTime: new Date(minute),
      Period: 60,
      Statistics: ["Average"],
    });
    return Datapoints?.[0]?.Average;
  };
  /** As an agent would start it, and users would load it. */
  const work = (machine: string, id: string, rate: number) => {
    const { physics, run } = cloud;
    start(physics, { id, machine, image: "web", limit: { cores: 2, memory: gib(1) }, ports: [] });
    after(minutes(1));
    setLoad(run.universe.world.containers.get(id)!, rate);
    loads(run.universe.world, [id], region);
    cloud.act({ act: "no-demand", id: "none" }); // whoever acts on the world lets the cloud know
  };
  return { cloud, ec2, after, last, work };
}

test("an instance's CPU is its containers' over its cores, changes with their load, and is missing when it is off", async () => {
  const { cloud, ec2, after, last, work } = await started();
  const { Instances } = await ec2.runInstances({ ImageId, InstanceType: "m6i.large", MinCount: 1, MaxCount: 1 });
  const id = Instances?.[0]?.InstanceId ?? "";
  after(minutes(4));
  const cpu = () => last("CPUUtilization", "InstanceId", id);
  expect([await cpu(), await last("StatusCheckFailed", "InstanceId", id)]).toEqual([0, 0]);
  work(id, "web-1", 99.5);
  after(minutes(2));
  // 0.005 idle + 99.5 requests/s × 0.01 core-seconds = 1 of 2 cores
  expect(await cpu()).toBe(50);
  cloud.act({ act: "end-container", container: "web-1", code: 0 });
  after(minutes(3));
  expect(await cpu()).toBe(0);
  cloud.act({ act: "hang", machine: id });
  after(minutes(4));
  expect([await last("StatusCheckFailed_Instance", "InstanceId", id), await last("StatusCheckFailed_System", "InstanceId", id)]).toEqual([
    1, 0,
  ]);
  await ec2.stopInstances({ InstanceIds: [id] });
  after(minutes(3));
  expect([await cpu(), await last("StatusCheckFailed", "InstanceId", id)]).toEqual([undefined, undefined]);
});

test("an Auto Scaling group's CPU is the mean of those that run and carry its tag", async () => {
  const { cloud, ec2, after, last, work } = await started();
  await ec2.describeInstances({});
  const Tags = resourceTags([], { tags: { "aws:autoscaling:groupName": "hosts" } });
  const here = cloud.context("ec2", region, root(ACCOUNT, "autoscaling"));
  const { Instances } = here.ask("ec2").RunInstances({
    ImageId,
    InstanceType: "m6i.large",
    MinCount: 2,
    MaxCount: 2,
    TagSpecifications: [{ ResourceType: "instance", Tags }],
  });
  const [first = "", second = ""] = Instances.map(({ InstanceId }: { InstanceId: string }) => InstanceId);
  after(minutes(2));
  work(first, "web-1", 99.5);
  after(minutes(2));
  const cpu = () => last("CPUUtilization", "AutoScalingGroupName", "hosts");
  expect(await cpu()).toBe(25); // 50 and 0
  await ec2.terminateInstances({ InstanceIds: [second] });
  after(minutes(3));
  expect(await cpu()).toBe(50);
  joinGroup(here.within("ec2"), first, undefined);
  after(minutes(3));
  expect(await cpu()).toBeUndefined();
  expect((await ec2.describeTags({ Filters: [{ Name: "resource-id", Values: [first] }] })).Tags).toEqual([]);
});
