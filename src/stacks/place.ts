/** Where a part is built: one region of one platform, with everything that is decided about it before any resource is. */
import { addresses, type Addresses, type RegionAddresses } from "../platform/addresses.ts";
import type { Definition, Role } from "../platform/definition.ts";
import { names, type Names } from "../platform/names.ts";
import { holdings, type Holdings } from "../platform/strategies.ts";

export type Place = {
  definition: Definition;
  names: Names;
  role: Role;
  /** The region's code. */
  region: string;
  /** Zone ids; their order is the order of the subnets. */
  zones: string[];
  addresses: RegionAddresses;
  holdings: Holdings;
  /** The other region, where there is one. */
  other?: { role: Role; region: string; zones: string[]; addresses: RegionAddresses; holdings: Holdings };
  /** The whole address plan. */
  plan: Addresses;
};

/** The primary place, and the recovery place unless the strategy is `none`. */
export function places(definition: Definition): Place[] {
  const plan = addresses(definition);
  const side = (role: Role) => {
    const { region, zones } = definition.regions[role]!;
    return { role, region, zones, addresses: plan[role]!, holdings: holdings(definition, role) };
  };
  const roles: Role[] = definition.regions.recovery && definition.recovery.strategy !== "none" ? ["primary", "recovery"] : ["primary"];
  return roles.map((role) => {
    const otherRole = roles.find((each) => each !== role);
    return { definition, names: names(definition), plan, ...side(role), ...(otherRole && { other: side(otherRole) }) };
  });
}

/** Zones' letters, for logical ids: `AppSubnetA`. */
export const letter = (zone: number): string => "ABC"[zone]!;

/** `web-shop` → `WebShop`, for logical ids that say what they are. */
export const pascal = (name: string): string =>
  name.replaceAll(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, first: string) => first.toUpperCase()).replaceAll(/[^A-Za-z0-9]/g, "");
