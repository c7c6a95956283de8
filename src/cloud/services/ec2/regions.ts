/** Regions and Availability Zones. Guide: https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html */
import type * as sdk from "@aws-sdk/client-ec2";
import regionsData from "../../../data/regions.json" with { type: "json" };
import { AwsError, type Known, type Operations } from "../../service.ts";
import { filtered } from "./filters.ts";
import type { State } from "./state.ts";

type Zone = Known<sdk.AvailabilityZone, "ZoneName" | "ZoneId" | "RegionName" | "State" | "ZoneType" | "OptInStatus" | "GroupName">;

// Regions that came after March 2019 have to be opted into; these are the others.
// docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
const ALWAYS_ON = new Set([
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-northeast-3",
  "ap-south-1",
  "ap-southeast-1",
  "ap-southeast-2",
  "ca-central-1",
  "eu-central-1",
  "eu-north-1",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "sa-east-1",
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
]);

const known = regionsData.regions.filter(({ partition }) => partition === "aws");

export const regionOperations = {
  DescribeRegions(_call, { RegionNames, Filters }) {
    const unknown = RegionNames?.filter((name) => !known.some(({ code }) => code === name)) ?? [];
    if (unknown.length > 0) throw new AwsError("InvalidParameterValue", `Invalid region name: [${unknown.join(", ")}]`);
    // `AllRegions` adds those not opted into. This account answers in every region, so it is opted into all of them.
    const regions = known
      .filter(({ code }) => !RegionNames || RegionNames.includes(code))
      .map(({ code }) => ({ RegionName: code, Endpoint: `ec2.${code}.amazonaws.com`, OptInStatus: optIn(code) }));
    return {
      Regions: filtered(regions, Filters, {
        endpoint: ({ Endpoint }) => Endpoint,
        "opt-in-status": ({ OptInStatus }) => OptInStatus,
        "region-name": ({ RegionName }) => RegionName,
      }),
    };
  },
  DescribeAvailabilityZones(call, { ZoneNames, ZoneIds, Filters }) {
    const zones = zonesOf(call.region);
    for (const [asked, member] of [
      [ZoneNames, "ZoneName"],
      [ZoneIds, "ZoneId"],
    ] as const) {
      const unknown = asked?.filter((name) => !zones.some((zone) => zone[member] === name)) ?? [];
      if (unknown.length > 0) throw new AwsError("InvalidParameterValue", `Invalid availability zone: [${unknown.join(", ")}]`);
    }
    const asked = zones.filter(
      ({ ZoneName, ZoneId }) => (!ZoneNames || ZoneNames.includes(ZoneName)) && (!ZoneIds || ZoneIds.includes(ZoneId)),
    );
    return { AvailabilityZones: filtered(asked, Filters, zoneFilters) };
  },
} satisfies Operations<sdk.EC2, State>;

const zoneFilters = {
  "group-long-name": ({ GroupLongName }: Zone) => GroupLongName,
  "group-name": ({ GroupName }: Zone) => GroupName,
  message: () => undefined,
  "opt-in-status": ({ OptInStatus }: Zone) => OptInStatus,
  "parent-zone-id": () => undefined,
  "parent-zone-name": () => undefined,
  "region-name": ({ RegionName }: Zone) => RegionName,
  state: ({ State }: Zone) => State,
  "zone-id": ({ ZoneId }: Zone) => ZoneId,
  "zone-name": ({ ZoneName }: Zone) => ZoneName,
  "zone-type": ({ ZoneType }: Zone) => ZoneType,
};

export function isRegion(code: string): boolean {
  return known.some((region) => region.code === code);
}

/** A region's zones by name, `…a` first. Local and Wavelength Zones, which `AllAvailabilityZones` would add, are not emulated. */
export function zonesOf(region: string): Zone[] {
  const found = known.find(({ code }) => code === region);
  if (!found)
    throw new AwsError("AuthFailure", `AWS was not able to validate the provided access credentials: there is no region ${region}.`, 401);
  return found.zones.map(({ name, id }, index) => ({
    OptInStatus: "opt-in-not-required",
    Messages: [],
    RegionName: region,
    // Names are an account's own; where the data has none they go by letters, in the order of the ids.
    ZoneName: name ?? `${region}${"abcdef"[index]}`,
    ZoneId: id,
    GroupName: `${region}-zg-1`,
    GroupLongName: `${found.name} 1`,
    NetworkBorderGroup: region,
    ZoneType: "availability-zone",
    State: "available",
  }));
}

function optIn(region: string): string {
  return ALWAYS_ON.has(region) ? "opt-in-not-required" : "opted-in";
}
