/** Reserved capacity: kept through a shortage, used by what matches, counted once. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-capacity-reservations.html */
import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { EC2, type CreateCapacityReservationCommandInput } from "@aws-sdk/client-ec2";
import { ServiceQuotas } from "@aws-sdk/client-service-quotas";
import { expect, test } from "vitest";
import { hours, minutes, plus, type Duration } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const region = "eu-west-1";
const ImageId = "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id";

async function started() {
  const cloud = new Cloud({ paranoid: true, latencies: "median" });
  const at = clients(cloud);
  const ec2 = at(EC2, { region });
  const quotas = at(ServiceQuotas, { region });
  const after = (delay: Duration) => void cloud.advance(plus(cloud.run.now, delay));
  await quotas.requestServiceQuotaIncrease({ ServiceCode: "ec2", QuotaCode: "L-1216C47A", DesiredValue: 20 });
  after(hours(1));
  const { Vpc } = await ec2.createVpc({ CidrBlock: "10.20.0.0/16" });
  const { Subnet } = await ec2.createSubnet({ VpcId: Vpc?.VpcId, CidrBlock: "10.20.1.0/24", AvailabilityZoneId: "euw1-az1" });
  const SubnetId = Subnet?.SubnetId;
  const run = async (more: object = {}) =>
    (await ec2.runInstances({ ImageId, InstanceType: "m6i.large", SubnetId, MinCount: 1, MaxCount: 1, ...more })).Instances ?? [];
  const reserve = async (InstanceCount: number, more: Partial<CreateCapacityReservationCommandInput> = {}) => {
    const asked = { InstanceType: "m6i.large", InstancePlatform: "Linux/UNIX" as const, AvailabilityZoneId: "euw1-az1", InstanceCount };
    return (await ec2.createCapacityReservation({ ...asked, ...more })).CapacityReservation?.CapacityReservationId ?? "";
  };
  const shown = async (id: string) => (await ec2.describeCapacityReservations({ CapacityReservationIds: [id] })).CapacityReservations?.[0];
  const short = () => cloud.act({ act: "short-of", zone: "euw1-az1", instanceType: "*" });
  const target = (CapacityReservationId: string) => ({
    CapacityReservationSpecification: { CapacityReservationTarget: { CapacityReservationId } },
  });
  return { cloud, at, ec2, after, run, reserve, shown, short, target, zone: Subnet?.AvailabilityZone };
}

test("what is reserved is there when the zone is short, for as many as are reserved, and no longer when the zone is lost", async () => {
  const { cloud, run, reserve, shown, short } = await started();
  const id = await reserve(2);
  short();
  const [first] = await run({ MinCount: 1, MaxCount: 5 });
  expect(first?.CapacityReservationId).toBe(id);
  expect(await shown(id)).toMatchObject({ AvailableInstanceCount: 0, CapacityAllocations: [{ AllocationType: "used", Count: 2 }] });
  await expect(run()).rejects.toMatchObject({ name: "InsufficientInstanceCapacity" });
  await expect(reserve(1)).rejects.toMatchObject({ name: "InsufficientInstanceCapacity" });
  const other = await started();
  await other.reserve(1);
  other.cloud.act({ act: "lose-zone", zone: "euw1-az1" });
  await expect(other.run()).rejects.toMatchObject({ name: "InsufficientInstanceCapacity" });
  expect(cloud.run.universe.world.machines.size).toBe(2);
});

test("a place is free when its instance has stopped, and the instance takes it again when it starts, whoever else is short", async () => {
  const { ec2, after, run, reserve, shown, short } = await started();
  const id = await reserve(1);
  const InstanceIds = [(await run())[0]!.InstanceId!];
  after(minutes(1));
  await ec2.stopInstances({ InstanceIds });
  expect((await shown(id))?.AvailableInstanceCount).toBe(0);
  after(minutes(1)); // stopped after 30 s
  expect((await shown(id))?.AvailableInstanceCount).toBe(1);
  short();
  await ec2.startInstances({ InstanceIds });
  expect((await shown(id))?.AvailableInstanceCount).toBe(0);
  after(minutes(1));
  await ec2.cancelCapacityReservation({ CapacityReservationId: id });
  const { Reservations } = await ec2.describeInstances({ InstanceIds });
  // It runs on, outside; stopped, it does not come up again.
  expect(Reservations?.[0]?.Instances?.[0]).toMatchObject({ State: { Name: "running" } });
  expect(Reservations?.[0]?.Instances?.[0]?.CapacityReservationId).toBeUndefined();
  await ec2.stopInstances({ InstanceIds });
  after(minutes(1));
  await expect(ec2.startInstances({ InstanceIds })).rejects.toMatchObject({ name: "InsufficientInstanceCapacity" });
});

test("an open reservation takes in what runs and matches; a targeted one only who names it; none stays outside", async () => {
  const { ec2, run, reserve, shown, target } = await started();
  await run({ CapacityReservationSpecification: { CapacityReservationPreference: "none" } });
  const [outside] = await run();
  const open = await reserve(1);
  expect((await ec2.getCapacityReservationUsage({ CapacityReservationId: open })).InstanceUsages).toMatchObject([{ UsedInstanceCount: 1 }]);
  const { Reservations } = await ec2.describeInstances({ Filters: [{ Name: "capacity-reservation-id", Values: [open] }] });
  expect(Reservations?.[0]?.Instances?.[0]?.InstanceId).toBe(outside?.InstanceId);
  const targeted = await reserve(1, { InstanceMatchCriteria: "targeted" });
  expect((await run())[0]?.CapacityReservationId).toBeUndefined();
  await expect(run({ InstanceType: "m5.large", ...target(targeted) })).rejects.toThrow("do not match");
  expect((await run(target(targeted)))[0]?.CapacityReservationId).toBe(targeted);
  await expect(run(target(targeted))).rejects.toMatchObject({ name: "ReservationCapacityExceeded" });
  await expect(run(target("cr-00000000000000000"))).rejects.toMatchObject({ name: "InvalidCapacityReservationId.NotFound" });
  await expect(ec2.modifyCapacityReservation({ CapacityReservationId: targeted, InstanceMatchCriteria: "open" })).rejects.toThrow("in use");
  // One more place in the open one: the instance that was launched into none of them is in it.
  await ec2.modifyCapacityReservation({ CapacityReservationId: open, InstanceCount: 2 });
  expect(await shown(open)).toMatchObject({ TotalInstanceCount: 2, AvailableInstanceCount: 0 });
  await expect(ec2.modifyCapacityReservation({ CapacityReservationId: open, InstanceCount: 1 })).rejects.toThrow("cannot be less");
});

test("reserved machines count against the quota, used or not, and once", async () => {
  const { run, reserve } = await started();
  // 20 vCPUs: eight machines of two reserved leave room for two more.
  await reserve(8);
  await expect(reserve(3)).rejects.toMatchObject({ name: "VcpuLimitExceeded" });
  expect(await run({ MinCount: 1, MaxCount: 50 })).toHaveLength(10);
  await expect(run()).rejects.toMatchObject({ name: "VcpuLimitExceeded" });
});

test("a reservation with an end expires then; its metrics say how far it is used", async () => {
  const { cloud, at, after, run, reserve, shown } = await started();
  const begin = cloud.run.now;
  const id = await reserve(4, { EndDateType: "limited", EndDate: new Date(plus(begin, hours(2))) });
  await run();
  after(minutes(10));
  const { Datapoints } = await at(CloudWatch, { region }).getMetricStatistics({
    Namespace: "AWS/EC2CapacityReservations",
    MetricName: "InstanceUtilization",
    Dimensions: [{ Name: "CapacityReservationId", Value: id }],
    StartTime: new Date(plus(begin, minutes(2))),
    EndTime: new Date(plus(begin, minutes(7))),
    Period: 300,
    Statistics: ["Average"],
  });
  expect(Datapoints?.map(({ Average }) => Average)).toContain(25); // one of four
  after(hours(2));
  expect(await shown(id)).toMatchObject({ State: "expired", AvailableInstanceCount: 0, CapacityAllocations: [] });
  await expect(reserve(1, { EndDateType: "limited" })).rejects.toMatchObject({ name: "MissingParameter" });
  await expect(reserve(1, { InstanceType: "m99.large" })).rejects.toThrow("do not exist");
  await expect(reserve(1, { InstancePlatform: "Windows" })).rejects.toMatchObject({ name: "NotImplemented" });
});

test("CloudFormation reserves by zone id as the platform's recovery stack does, resizes in place and cancels", async () => {
  const { cloud, at, ec2, zone } = await started();
  const cloudformation = at(CloudFormation, { region });
  const body = (InstanceCount: unknown) =>
    JSON.stringify({
      Resources: {
        Reserved: {
          Type: "AWS::EC2::CapacityReservation",
          Properties: {
            AvailabilityZoneId: "euw1-az1",
            InstanceType: "m6i.large",
            InstancePlatform: "Linux/UNIX",
            InstanceCount,
            InstanceMatchCriteria: "open",
            EndDateType: "unlimited",
          },
        },
        Group: { Type: "AWS::EC2::PlacementGroup", Properties: { Strategy: "spread" } },
      },
      Outputs: {
        Zone: { Value: { "Fn::GetAtt": ["Reserved", "AvailabilityZone"] } },
        Free: { Value: { "Fn::GetAtt": ["Reserved", "AvailableInstanceCount"] } },
      },
    });
  await cloudformation.createStack({ StackName: "kept", TemplateBody: body(2), Tags: [{ Key: "of", Value: "stack" }] });
  cloud.settle();
  const outputs = async () =>
    (await cloudformation.describeStacks({ StackName: "kept" })).Stacks?.[0]?.Outputs?.map(({ OutputValue }) => OutputValue);
  expect(await outputs()).toEqual([zone, "2"]);
  const [before] = (await ec2.describeCapacityReservations({ Filters: [{ Name: "tag:of", Values: ["stack"] }] })).CapacityReservations!;
  await cloudformation.updateStack({ StackName: "kept", TemplateBody: body("3"), Tags: [{ Key: "of", Value: "stack" }] });
  cloud.settle();
  const all = async () => (await ec2.describeCapacityReservations({})).CapacityReservations;
  expect(await all()).toMatchObject([{ CapacityReservationId: before?.CapacityReservationId, TotalInstanceCount: 3, State: "active" }]);
  await cloudformation.deleteStack({ StackName: "kept" });
  cloud.settle();
  expect(await all()).toMatchObject([{ State: "cancelled" }]);
  expect((await ec2.describePlacementGroups({})).PlacementGroups).toEqual([]);
});

test("a spread placement group takes seven instances in a zone", async () => {
  const { ec2, run } = await started();
  await ec2.createPlacementGroup({ GroupName: "apart", Strategy: "spread" });
  await expect(ec2.createPlacementGroup({ GroupName: "apart" })).rejects.toMatchObject({ name: "InvalidPlacementGroup.Duplicate" });
  const Placement = { GroupName: "apart" };
  expect(await run({ MinCount: 1, MaxCount: 9, Placement })).toHaveLength(7);
  await expect(run({ Placement })).rejects.toMatchObject({ name: "InsufficientInstanceCapacity" });
  await expect(run({ Placement: { GroupName: "none" } })).rejects.toMatchObject({ name: "InvalidPlacementGroup.Unknown" });
  await expect(ec2.deletePlacementGroup({ GroupName: "apart" })).rejects.toMatchObject({ name: "InvalidPlacementGroup.InUse" });
});
