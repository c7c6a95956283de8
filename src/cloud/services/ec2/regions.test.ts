import { EC2 } from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const ec2 = (region = "eu-west-1") => clients(new Cloud({ paranoid: true }))(EC2, { region });

test("a region's zones have this account's names and AWS's ids", async () => {
  const { AvailabilityZones = [] } = await ec2().describeAvailabilityZones();
  expect(AvailabilityZones.map(({ ZoneName, ZoneId }) => [ZoneName, ZoneId])).toEqual([
    ["eu-west-1a", "euw1-az3"],
    ["eu-west-1b", "euw1-az1"],
    ["eu-west-1c", "euw1-az2"],
  ]);
  expect(AvailabilityZones[0]).toMatchObject({
    State: "available",
    OptInStatus: "opt-in-not-required",
    RegionName: "eu-west-1",
    GroupName: "eu-west-1-zg-1",
    ZoneType: "availability-zone",
  });
});

test("zones are found by id, by name and by filter", async () => {
  const aws = ec2("us-east-1");
  const names = async (input: object) => (await aws.describeAvailabilityZones(input)).AvailabilityZones?.map(({ ZoneName }) => ZoneName);
  expect(await names({})).toHaveLength(6);
  expect(await names({ ZoneIds: ["use1-az4"] })).toEqual(["us-east-1d"]);
  expect(await names({ Filters: [{ Name: "zone-name", Values: ["*-1a", "*-1f"] }] })).toEqual(["us-east-1a", "us-east-1f"]);
  expect(await names({ AllAvailabilityZones: true, Filters: [{ Name: "opt-in-status", Values: ["not-opted-in"] }] })).toEqual([]);
  await expect(names({ ZoneNames: ["us-east-1z"] })).rejects.toMatchObject({
    name: "InvalidParameterValue",
    message: "Invalid availability zone: [us-east-1z]",
  });
});

test("regions say whether they had to be opted into", async () => {
  const { Regions = [] } = await ec2().describeRegions({ RegionNames: ["eu-west-1", "af-south-1"] });
  expect(Regions).toEqual([
    { RegionName: "af-south-1", Endpoint: "ec2.af-south-1.amazonaws.com", OptInStatus: "opted-in" },
    { RegionName: "eu-west-1", Endpoint: "ec2.eu-west-1.amazonaws.com", OptInStatus: "opt-in-not-required" },
  ]);
  expect((await ec2().describeRegions({ AllRegions: true })).Regions?.some(({ RegionName }) => RegionName?.startsWith("cn-"))).toBe(false);
  await expect(ec2().describeRegions({ RegionNames: ["eu-west-9"] })).rejects.toMatchObject({ name: "InvalidParameterValue" });
});
