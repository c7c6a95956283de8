/** What volumes of each type may be. Guide: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError } from "../../service.ts";

type Range = readonly [least: number, most: number];
type Limits = {
  /** GiB. */
  size: Range;
  /** Absent: it can't be chosen. */
  iops?: Range & readonly [number, number];
  /** IOPS for each GiB at most. */
  perGib?: number;
  isRequired?: boolean;
  /** MiB/s. */
  throughput?: Range;
};

const limits: Record<string, Limits> = {
  gp3: { size: [1, 65_536], iops: [3000, 80_000], perGib: 500, throughput: [125, 2000] },
  gp2: { size: [1, 16_384] },
  io2: { size: [4, 65_536], iops: [100, 256_000], perGib: 1000, isRequired: true },
  io1: { size: [4, 16_384], iops: [100, 64_000], perGib: 50, isRequired: true },
  st1: { size: [125, 16_384] },
  sc1: { size: [125, 16_384] },
  standard: { size: [1, 1024] },
};

export type Performance = { Size: number; VolumeType: sdk.VolumeType; Iops?: number; Throughput?: number };

const invalid = (message: string) => new AwsError("InvalidParameterValue", message);
const within = (value: number, [least, most]: Range): boolean => value >= least && value <= most;

/** What is asked for with the type's own figures where nothing is said; refuses what the type does not offer. */
export function performanceOf(type: sdk.VolumeType, size: number, asked: { Iops?: number; Throughput?: number }): Performance {
  const rule = limits[type];
  if (!rule) throw invalid(`Value (${type}) for parameter volumeType is invalid.`);
  const bound = within(size, rule.size) ? undefined : size < rule.size[0] ? "small" : "large";
  if (bound !== undefined)
    throw invalid(`Volume of ${size}GiB is too ${bound} for volume type ${type}; must be between ${rule.size[0]} and ${rule.size[1]}GiB`);
  return { Size: size, VolumeType: type, Iops: iopsOf(rule, type, size, asked.Iops), Throughput: throughputOf(rule, type, asked) };
}

function iopsOf({ iops, perGib = 0, isRequired }: Limits, type: string, size: number, asked: number | undefined): number | undefined {
  if (!iops) {
    if (asked !== undefined) throw new AwsError("InvalidParameterCombination", `The parameter iops is not supported for ${type} volumes.`);
    // Three for each GiB, from 100 to 16,000.
    return type === "gp2" ? Math.min(16_000, Math.max(100, size * 3)) : undefined;
  }
  if (asked === undefined) {
    if (isRequired) throw new AwsError("MissingParameter", `The request must contain the parameter iops for ${type} volumes.`);
    return iops[0];
  }
  if (!within(asked, iops)) throw invalid(`Volume iops of ${asked} is not valid; must be between ${iops[0]} and ${iops[1]}.`);
  // Its baseline a volume has whatever its size.
  if (asked > size * perGib && asked > (isRequired ? 0 : iops[0]))
    throw invalid(`Iops to volume size ratio of ${asked / size} is too high; maximum is ${perGib} iops per GiB`);
  return asked;
}

function throughputOf({ throughput }: Limits, type: string, { Throughput: asked }: { Throughput?: number }): number | undefined {
  if (throughput === undefined) {
    if (asked !== undefined)
      throw new AwsError("InvalidParameterCombination", `The parameter throughput is not supported for ${type} volumes.`);
    return undefined;
  }
  if (asked !== undefined && !within(asked, throughput))
    throw invalid(`Volume throughput of ${asked} is not valid; must be between ${throughput[0]} and ${throughput[1]}.`);
  return asked ?? throughput[0];
}
