/** Instance types and where they are offered. API: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html */
import type * as sdk from "@aws-sdk/client-ec2";
import catalogue from "../../../data/instance-types.json" with { type: "json" };
import { AwsError, type Known, type Operations } from "../../service.ts";
import { filtered } from "./filters.ts";
import { page } from "./pages.ts";
import { zonesOf } from "./regions.ts";
import type { State } from "./state.ts";

type Row = (typeof catalogue.types)[number];
export type InstanceType = Known<
  sdk.InstanceTypeInfo,
  "InstanceType" | "VCpuInfo" | "MemoryInfo" | "ProcessorInfo" | "NetworkInfo" | "EbsInfo" | "InstanceStorageSupported"
>;

// The two accelerated types of the catalogue: docs.aws.amazon.com/ec2/latest/instancetypes/ac.html
const GPUS: Record<string, sdk.GpuDeviceInfo> = {
  "g5.xlarge": { Name: "A10G", Manufacturer: "NVIDIA", Count: 1, MemoryInfo: { SizeInMiB: 24_576 } },
  "p4d.24xlarge": { Name: "A100", Manufacturer: "NVIDIA", Count: 8, MemoryInfo: { SizeInMiB: 40_960 } },
};
// docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-free-tier-usage.html (accounts made since 15 July 2025)
const FREE_TIER = new Set(["t3.micro", "t3.small", "t4g.micro", "t4g.small"]);

const rows = new Map(catalogue.types.map((row) => [row.type, row]));

export const instanceTypeOperations = {
  DescribeInstanceTypes(_call, { InstanceTypes, Filters, MaxResults, NextToken }) {
    const unknown = InstanceTypes?.filter((name) => !rows.has(name)) ?? [];
    if (unknown.length > 0)
      throw new AwsError("InvalidInstanceType", `The following supplied instance types do not exist: [${unknown.join(", ")}]`);
    const types = InstanceTypes ? [...new Set(InstanceTypes)].map((name) => instanceType(name)!) : [...rows.values()].map(described);
    const { items, NextToken: next } = page(filtered(types, Filters, typeFilters), {
      MaxResults: MaxResults ?? 100,
      NextToken,
      least: 5,
      most: 100,
    });
    return { InstanceTypes: items, NextToken: next };
  },
  DescribeInstanceTypeOfferings(call, { LocationType = "region", Filters, MaxResults, NextToken }) {
    const offerings = locations(call.region, LocationType).flatMap((Location) =>
      [...rows.keys()].map((name) => ({ InstanceType: name as sdk._InstanceType, LocationType, Location })),
    );
    const kept = filtered(offerings, Filters, {
      "instance-type": ({ InstanceType }) => InstanceType,
      location: ({ Location }) => Location,
    });
    const { items, NextToken: next } = page(kept, { MaxResults: MaxResults ?? 1000, NextToken, least: 5, most: 1000 });
    return { InstanceTypeOfferings: items, NextToken: next };
  },
  GetInstanceTypesFromInstanceRequirements(_call, { ArchitectureTypes, VirtualizationTypes, InstanceRequirements, MaxResults, NextToken }) {
    checkRequirements(InstanceRequirements);
    const fitting = VirtualizationTypes.includes("hvm")
      ? [...rows.values()].filter((row) => ArchitectureTypes.includes(row.arch as sdk.ArchitectureType) && fits(row, InstanceRequirements))
      : [];
    const { items, NextToken: next } = page(fitting, { MaxResults: MaxResults ?? 1000, NextToken, least: 1, most: 1000 });
    return { InstanceTypes: items.map(({ type }) => ({ InstanceType: type })), NextToken: next };
  },
} satisfies Operations<sdk.EC2, State>;

export function instanceType(name: string): InstanceType | undefined {
  const row = rows.get(name);
  return row && described(row);
}

/** The data does not say which zones lack which types, so all zones offer all. */
function locations(region: string, kind: string): string[] {
  if (kind === "region") return [region];
  if (kind === "availability-zone") return zonesOf(region).map(({ ZoneName }) => ZoneName);
  if (kind === "availability-zone-id") return zonesOf(region).map(({ ZoneId }) => ZoneId);
  if (kind === "outpost") return [];
  throw new AwsError(
    "InvalidParameterValue",
    `Value (${kind}) for parameter locationType is invalid. Valid values are [region, availability-zone, availability-zone-id, outpost].`,
  );
}

/** A type as AWS describes it. What the data does not know is left out rather than guessed. */
function described(row: Row): InstanceType {
  const gpu = GPUS[row.type];
  return {
    InstanceType: row.type as sdk._InstanceType,
    CurrentGeneration: true,
    FreeTierEligible: FREE_TIER.has(row.type),
    SupportedUsageClasses: ["on-demand", "spot"],
    SupportedRootDeviceTypes: ["ebs"],
    SupportedVirtualizationTypes: ["hvm"],
    BareMetal: row.bareMetal,
    Hypervisor: row.hypervisor as sdk.InstanceTypeHypervisor,
    ProcessorInfo: {
      SupportedArchitectures: [row.arch as sdk.ArchitectureType],
      SustainedClockSpeedInGhz: row.clockGHz,
      Manufacturer: manufacturer(row),
    },
    VCpuInfo: { DefaultVCpus: row.vcpu, DefaultCores: row.cores, DefaultThreadsPerCore: row.vcpu / row.cores },
    MemoryInfo: { SizeInMiB: row.memoryMiB },
    InstanceStorageSupported: row.instanceStorageGB !== null,
    ...(row.instanceStorageGB !== null && {
      InstanceStorageInfo: { TotalSizeInGB: row.instanceStorageGB, NvmeSupport: "required", EncryptionSupport: "required" },
    }),
    EbsInfo: ebs(row),
    NetworkInfo: network(row),
    ...(gpu && { GpuInfo: { Gpus: [gpu], TotalGpuMemoryInMiB: (gpu.Count ?? 0) * (gpu.MemoryInfo?.SizeInMiB ?? 0) } }),
    // T types can't join a cluster: docs.aws.amazon.com/AWSEC2/latest/UserGuide/placement-strategies.html
    PlacementGroupInfo: { SupportedStrategies: row.burstable ? ["partition", "spread"] : ["cluster", "partition", "spread"] },
    BurstablePerformanceSupported: row.burstable,
    SupportedBootModes: row.arch === "arm64" ? ["uefi"] : ["legacy-bios", "uefi"],
  };
}

function ebs({ ebsBaselineMbps, ebsMaxMbps, ebsBaselineIops, ebsMaxIops }: Row): sdk.EbsInfo {
  return {
    EbsOptimizedSupport: "default",
    EncryptionSupport: "supported",
    EbsOptimizedInfo: {
      BaselineBandwidthInMbps: ebsBaselineMbps,
      BaselineThroughputInMBps: ebsBaselineMbps / 8,
      BaselineIops: ebsBaselineIops,
      MaximumBandwidthInMbps: ebsMaxMbps,
      MaximumThroughputInMBps: ebsMaxMbps / 8,
      MaximumIops: ebsMaxIops,
    },
    NvmeSupport: "required",
  };
}

function network({ networkPerformance, networkBaselineGbps, networkBurstGbps, maxEnis, ipv4PerEni }: Row): sdk.NetworkInfo {
  const card = {
    NetworkCardIndex: 0,
    NetworkPerformance: networkPerformance,
    MaximumNetworkInterfaces: maxEnis,
    BaselineBandwidthInGbps: networkBaselineGbps,
    PeakBandwidthInGbps: networkBurstGbps,
  };
  return {
    NetworkPerformance: networkPerformance,
    MaximumNetworkInterfaces: maxEnis,
    MaximumNetworkCards: 1,
    DefaultNetworkCardIndex: 0,
    NetworkCards: [card],
    Ipv4AddressesPerInterface: ipv4PerEni,
    // As many of either: docs.aws.amazon.com/AWSEC2/latest/UserGuide/AvailableIpPerENI.html
    Ipv6AddressesPerInterface: ipv4PerEni,
    Ipv6Supported: true,
    EnaSupport: "required",
  };
}

/** By the letter after the generation: `a` AMD, `g` Graviton, else Intel: docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html */
function manufacturer({ type, arch }: Row): string {
  if (arch === "arm64") return "AWS";
  return /^[a-z]+\d+a/.test(type) || type.startsWith("g5.") ? "AMD" : "Intel";
}

const typeFilters: Record<string, (type: InstanceType) => string | readonly string[] | undefined> = {
  "bare-metal": ({ BareMetal }) => `${BareMetal}`,
  "burstable-performance-supported": ({ BurstablePerformanceSupported }) => `${BurstablePerformanceSupported}`,
  "current-generation": ({ CurrentGeneration }) => `${CurrentGeneration}`,
  "ebs-info.ebs-optimized-info.baseline-bandwidth-in-mbps": ({ EbsInfo }) => `${EbsInfo.EbsOptimizedInfo?.BaselineBandwidthInMbps}`,
  "ebs-info.ebs-optimized-info.baseline-iops": ({ EbsInfo }) => `${EbsInfo.EbsOptimizedInfo?.BaselineIops}`,
  "ebs-info.ebs-optimized-info.maximum-bandwidth-in-mbps": ({ EbsInfo }) => `${EbsInfo.EbsOptimizedInfo?.MaximumBandwidthInMbps}`,
  "ebs-info.ebs-optimized-info.maximum-iops": ({ EbsInfo }) => `${EbsInfo.EbsOptimizedInfo?.MaximumIops}`,
  "ebs-info.ebs-optimized-support": ({ EbsInfo }) => EbsInfo.EbsOptimizedSupport,
  "ebs-info.encryption-support": ({ EbsInfo }) => EbsInfo.EncryptionSupport,
  "ebs-info.nvme-support": ({ EbsInfo }) => EbsInfo.NvmeSupport,
  "free-tier-eligible": ({ FreeTierEligible }) => `${FreeTierEligible}`,
  hypervisor: ({ Hypervisor }) => Hypervisor,
  "instance-storage-info.nvme-support": ({ InstanceStorageInfo }) => InstanceStorageInfo?.NvmeSupport,
  "instance-storage-info.total-size-in-gb": ({ InstanceStorageInfo }) => InstanceStorageInfo?.TotalSizeInGB?.toString(),
  "instance-storage-supported": ({ InstanceStorageSupported }) => `${InstanceStorageSupported}`,
  "instance-type": ({ InstanceType }) => InstanceType,
  "memory-info.size-in-mib": ({ MemoryInfo }) => `${MemoryInfo.SizeInMiB}`,
  "network-info.ena-support": ({ NetworkInfo }) => NetworkInfo.EnaSupport,
  "network-info.ipv4-addresses-per-interface": ({ NetworkInfo }) => `${NetworkInfo.Ipv4AddressesPerInterface}`,
  "network-info.ipv6-addresses-per-interface": ({ NetworkInfo }) => `${NetworkInfo.Ipv6AddressesPerInterface}`,
  "network-info.ipv6-supported": ({ NetworkInfo }) => `${NetworkInfo.Ipv6Supported}`,
  "network-info.maximum-network-interfaces": ({ NetworkInfo }) => `${NetworkInfo.MaximumNetworkInterfaces}`,
  "network-info.network-performance": ({ NetworkInfo }) => NetworkInfo.NetworkPerformance,
  "processor-info.supported-architecture": ({ ProcessorInfo }) => ProcessorInfo.SupportedArchitectures,
  "processor-info.sustained-clock-speed-in-ghz": ({ ProcessorInfo }) => `${ProcessorInfo.SustainedClockSpeedInGhz}`,
  "supported-boot-mode": ({ SupportedBootModes }) => SupportedBootModes,
  "supported-root-device-type": ({ SupportedRootDeviceTypes }) => SupportedRootDeviceTypes,
  "supported-usage-class": ({ SupportedUsageClasses }) => SupportedUsageClasses,
  "supported-virtualization-type": ({ SupportedVirtualizationTypes }) => SupportedVirtualizationTypes,
  "vcpu-info.default-cores": ({ VCpuInfo }) => `${VCpuInfo.DefaultCores}`,
  "vcpu-info.default-threads-per-core": ({ VCpuInfo }) => `${VCpuInfo.DefaultThreadsPerCore}`,
  "vcpu-info.default-vcpus": ({ VCpuInfo }) => `${VCpuInfo.DefaultVCpus}`,
};

const DECIDED = new Set([
  "VCpuCount",
  "MemoryMiB",
  "MemoryGiBPerVCpu",
  "CpuManufacturers",
  "InstanceGenerations",
  "BareMetal",
  "BurstablePerformance",
  "LocalStorage",
  "AllowedInstanceTypes",
  "ExcludedInstanceTypes",
  "AcceleratorCount",
  "NetworkInterfaceCount",
  "BaselineEbsBandwidthMbps",
  "NetworkBandwidthGbps",
]);

/** A requirement that we could not decide must not be passed over in silence. */
function checkRequirements(requirements: sdk.InstanceRequirementsRequest): void {
  const undecided = Object.entries(requirements).filter(([name, value]) => value !== undefined && !DECIDED.has(name));
  if (undecided.length > 0)
    throw new AwsError(
      "NotImplemented",
      `Causeway does not decide instance requirements by ${undecided.map(([name]) => name).join(", ")}.`,
      501,
    );
  if (requirements.AllowedInstanceTypes && requirements.ExcludedInstanceTypes) {
    throw new AwsError("InvalidParameterCombination", "AllowedInstanceTypes and ExcludedInstanceTypes cannot be specified together.");
  }
}

/** Defaults (no burstable, no bare metal): docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceRequirementsRequest.html */
function fits(row: Row, requirements: sdk.InstanceRequirementsRequest): boolean {
  const {
    BareMetal = "excluded",
    BurstablePerformance = "excluded",
    LocalStorage = "included",
    CpuManufacturers,
    InstanceGenerations,
    AllowedInstanceTypes,
    ExcludedInstanceTypes,
  } = requirements;
  const like = (pattern: string) => new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", ".*")}$`).test(row.type);
  return (
    within(row.vcpu, requirements.VCpuCount) &&
    within(row.memoryMiB, requirements.MemoryMiB) &&
    within(row.memoryMiB / 1024 / row.vcpu, requirements.MemoryGiBPerVCpu) &&
    within(row.maxEnis, requirements.NetworkInterfaceCount) &&
    within(row.networkBaselineGbps, requirements.NetworkBandwidthGbps) &&
    within(row.ebsBaselineMbps, requirements.BaselineEbsBandwidthMbps) &&
    within(GPUS[row.type]?.Count ?? 0, requirements.AcceleratorCount) &&
    allowed(row.bareMetal, BareMetal) &&
    allowed(row.burstable, BurstablePerformance) &&
    allowed(row.instanceStorageGB !== null, LocalStorage) &&
    (!CpuManufacturers || CpuManufacturers.includes(MANUFACTURERS[manufacturer(row)]!)) &&
    (!InstanceGenerations || InstanceGenerations.includes("current")) &&
    (!AllowedInstanceTypes || AllowedInstanceTypes.some(like)) &&
    !ExcludedInstanceTypes?.some(like)
  );
}

const MANUFACTURERS: Record<string, sdk.CpuManufacturer> = { AWS: "amazon-web-services", AMD: "amd", Intel: "intel" };

function within(value: number, range: { Min?: number; Max?: number } | undefined): boolean {
  return value >= (range?.Min ?? 0) && value <= (range?.Max ?? Infinity);
}

function allowed(has: boolean, rule: string): boolean {
  return rule === "included" || has === (rule === "required");
}
