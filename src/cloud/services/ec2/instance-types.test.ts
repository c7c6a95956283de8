import { EC2, paginateDescribeInstanceTypes } from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const ec2 = () => clients(new Cloud({ paranoid: true }))(EC2, { region: "eu-west-1" });

test("VPC-15: c5.large has three interfaces of ten addresses each, and two processors", async () => {
  const { InstanceTypes = [] } = await ec2().describeInstanceTypes({ InstanceTypes: ["c5.large"] });
  expect(InstanceTypes).toMatchObject([
    {
      InstanceType: "c5.large",
      VCpuInfo: { DefaultVCpus: 2, DefaultCores: 1, DefaultThreadsPerCore: 2 },
      MemoryInfo: { SizeInMiB: 4096 },
      ProcessorInfo: { SupportedArchitectures: ["x86_64"], Manufacturer: "Intel" },
      NetworkInfo: { MaximumNetworkInterfaces: 3, Ipv4AddressesPerInterface: 10 },
      EbsInfo: { EbsOptimizedInfo: { BaselineBandwidthInMbps: 650, BaselineThroughputInMBps: 81.25 } }, // 650 Mbit/s ÷ 8
      BurstablePerformanceSupported: false,
    },
  ]);
});

test("types are filtered by what they have", async () => {
  const { InstanceTypes = [] } = await ec2().describeInstanceTypes({
    Filters: [
      { Name: "processor-info.supported-architecture", Values: ["arm64"] },
      { Name: "memory-info.size-in-mib", Values: ["8192"] },
      { Name: "burstable-performance-supported", Values: ["false"] },
    ],
  });
  expect(InstanceTypes.map(({ InstanceType }) => InstanceType)).toEqual([
    "m6g.large",
    "m7g.large",
    "m8g.large",
    "c7g.xlarge",
    "r7g.medium",
  ]);
});

test("pages hold what was asked for, and all of them all types", async () => {
  const pages = [];
  for await (const page of paginateDescribeInstanceTypes({ client: ec2(), pageSize: 30 }, {})) pages.push(page.InstanceTypes?.length);
  expect(pages).toEqual([30, 30, 9]); // of 69
  await expect(ec2().describeInstanceTypes({ MaxResults: 101 })).rejects.toMatchObject({ name: "InvalidParameterValue" });
  await expect(ec2().describeInstanceTypes({ InstanceTypes: ["z9.huge" as "c5.large"] })).rejects.toMatchObject({
    name: "InvalidInstanceType",
    message: "The following supplied instance types do not exist: [z9.huge]",
  });
});

test("an offering names the place that was asked for", async () => {
  const offered = async (LocationType: "region" | "availability-zone" | "availability-zone-id") =>
    (
      await ec2().describeInstanceTypeOfferings({ LocationType, Filters: [{ Name: "instance-type", Values: ["m7g.large"] }] })
    ).InstanceTypeOfferings?.map(({ Location }) => Location);
  expect(await offered("region")).toEqual(["eu-west-1"]);
  expect(await offered("availability-zone")).toEqual(["eu-west-1a", "eu-west-1b", "eu-west-1c"]);
  expect(await offered("availability-zone-id")).toEqual(["euw1-az3", "euw1-az1", "euw1-az2"]);
});

test("requirements choose types, by default none that is burstable", async () => {
  const fitting = async (InstanceRequirements: object) =>
    (
      await ec2().getInstanceTypesFromInstanceRequirements({
        ArchitectureTypes: ["x86_64"],
        VirtualizationTypes: ["hvm"],
        InstanceRequirements: { VCpuCount: { Min: 2, Max: 2 }, MemoryMiB: { Min: 8192, Max: 8192 }, ...InstanceRequirements },
      })
    ).InstanceTypes?.map(({ InstanceType }) => InstanceType);
  expect(await fitting({})).toEqual(["m5.large", "m6i.large", "m7i.large"]);
  expect(await fitting({ BurstablePerformance: "required" })).toEqual(["t3.large", "t3a.large"]);
  expect(await fitting({ ExcludedInstanceTypes: ["m5*"] })).toEqual(["m6i.large", "m7i.large"]);
  await expect(fitting({ RequireHibernateSupport: true })).rejects.toMatchObject({ name: "NotImplemented" });
});
