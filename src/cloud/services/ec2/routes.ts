/** Routes: what may be one, which one decides. Guide: https://docs.aws.amazon.com/vpc/latest/userguide/RouteTables.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Known, type Operations } from "../../service.ts";
import { block, canonical, contains, holds, parseAddress, parseBlock, type Block } from "./cidr.ts";
import { cidrsOf, findPrefixList, weightOf } from "./prefix-lists.ts";
import { findTarget, isReachable, mayBeInsideVpc, type Target } from "./route-targets.ts";
import { findRouteTable, type RouteTable } from "./route-tables.ts";
import type { Here, State } from "./state.ts";

/** A route without its state, which is its target's. */
export type Route = Known<Omit<sdk.Route, "State">, "Origin">;
type Destination = Pick<sdk.Route, "DestinationCidrBlock" | "DestinationIpv6CidrBlock" | "DestinationPrefixListId">;

const ROUTES_MAX = 500; // a table, those that are propagated not counted: docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
// For AWS's own use: docs.aws.amazon.com/vpc/latest/userguide/RouteTables.html
const FORBIDDEN = ["169.254.168.0/22", "fd00:ec2::/32"].map(block);

export const routeOperations = {
  CreateRoute(call, input) {
    const table = findRouteTable(call, input.RouteTableId);
    const destination = destinationOf(call, input);
    const target = findTarget(call, table, input);
    checkDestination(call, table, destination, target);
    if (find(table, destination) || isLocal(call, table, destination))
      throw new AwsError("RouteAlreadyExists", `The route identified by ${keyOf(destination)} already exists.`);
    const weight = destination.DestinationPrefixListId === undefined ? 1 : weightOf(call, destination.DestinationPrefixListId);
    if (weightOfAll(call, table) + weight > ROUTES_MAX)
      throw new AwsError("RouteLimitExceeded", "The maximum number of routes has been reached.");
    table.Routes.push({ ...destination, ...target, Origin: "CreateRoute" });
    return { Return: true };
  },
  ReplaceRoute(call, { LocalTarget, ...input }) {
    const table = findRouteTable(call, input.RouteTableId);
    const destination = destinationOf(call, input);
    const present = find(table, destination);
    const wasLocal = isLocal(call, table, destination);
    if (!present && !wasLocal)
      throw new AwsError(
        "InvalidParameterValue",
        `There is no route defined for '${keyOf(destination)}' in the route table. Use CreateRoute instead.`,
      );
    if (LocalTarget) return backToLocal(table, present, wasLocal, keyOf(destination));
    if (present && isEndpoint(present)) throw endpointRoute("replace", keyOf(destination), table);
    const target = findTarget(call, table, input);
    checkDestination(call, table, destination, target);
    const replaced: Route = { ...destination, ...target, Origin: wasLocal ? "CreateRouteTable" : "CreateRoute" };
    if (present) table.Routes[table.Routes.indexOf(present)] = replaced;
    else table.Routes.push(replaced);
  },
  DeleteRoute(call, input) {
    const table = findRouteTable(call, input.RouteTableId);
    const destination = destinationOf(call, input);
    const present = find(table, destination);
    if (isLocal(call, table, destination))
      throw new AwsError("InvalidParameterValue", `cannot remove local route ${keyOf(destination)} in route table ${table.RouteTableId}`);
    if (!present)
      throw new AwsError("InvalidRoute.NotFound", `no route with ${described(destination)} in route table ${table.RouteTableId}`);
    if (isEndpoint(present)) throw endpointRoute("remove", keyOf(destination), table);
    table.Routes = table.Routes.filter((route) => route !== present);
  },
} satisfies Operations<sdk.EC2, State>;

/** All routes of a table, each with its state: the VPC's own first. */
export function routesOf(call: Here, table: RouteTable): sdk.Route[] {
  const local = localRoutes(call, table).filter((route) => !find(table, route));
  return [...local, ...table.Routes].map((route) => ({
    ...route,
    State: route.GatewayId === "local" || isReachable(call, table, route) ? ("active" as const) : ("blackhole" as const),
  }));
}

/**
 * The route that a packet to this address takes; undefined = it is dropped. The longest prefix decides, then static before prefix list
 * before propagated; a local route beats every propagated one: docs.aws.amazon.com/vpc/latest/userguide/route-tables-priority.html
 */
export function routeTo(call: Here, table: RouteTable, address: string): sdk.Route | undefined {
  const parsed = parseAddress(address);
  if (!parsed) return undefined;
  const matching = routesOf(call, table)
    .flatMap((route) =>
      blocksOf(call, route).map((each) => ({
        route,
        length: each.length,
        rank: rankOf(route),
        matches: holds(each, parsed.family, parsed.value),
      })),
    )
    .filter(({ matches }) => matches);
  const isLocallyHeld = matching.some(({ route }) => route.GatewayId === "local");
  const candidates = matching.filter(({ route }) => !isLocallyHeld || route.Origin !== "EnableVgwRoutePropagation");
  return candidates.reduce<(typeof candidates)[number] | undefined>(
    (best, each) => (!best || each.length > best.length || (each.length === best.length && each.rank < best.rank) ? each : best),
    undefined,
  )?.route;
}

const rankOf = ({ Origin, DestinationPrefixListId }: sdk.Route) =>
  Origin === "EnableVgwRoutePropagation" ? 2 : DestinationPrefixListId === undefined ? 0 : 1;

function blocksOf(call: Here, { DestinationCidrBlock, DestinationIpv6CidrBlock, DestinationPrefixListId }: Destination): Block[] {
  const texts =
    DestinationPrefixListId === undefined
      ? [DestinationCidrBlock ?? DestinationIpv6CidrBlock ?? ""]
      : cidrsOf(call, DestinationPrefixListId);
  return texts.map(block);
}

/** One for each block of the VPC; they can't be removed, and follow the blocks. */
function localRoutes(call: Here, table: RouteTable): Route[] {
  const vpc = call.state.vpcs.get(table.VpcId);
  const local = { GatewayId: "local", Origin: "CreateRouteTable" as const };
  return [
    ...(vpc?.CidrBlockAssociationSet ?? []).map(({ CidrBlock }) => ({ DestinationCidrBlock: CidrBlock, ...local })),
    ...(vpc?.Ipv6CidrBlockAssociationSet ?? []).map(({ Ipv6CidrBlock }) => ({ DestinationIpv6CidrBlock: Ipv6CidrBlock, ...local })),
  ];
}

function isLocal(call: Here, table: RouteTable, destination: Destination): boolean {
  return localRoutes(call, table).some((route) => keyOf(route) === keyOf(destination));
}

/** The route of that destination that somebody has made; propagated ones are beside it. */
function find(table: RouteTable, destination: Destination): Route | undefined {
  return table.Routes.find((route) => route.Origin !== "EnableVgwRoutePropagation" && keyOf(route) === keyOf(destination));
}

function keyOf({ DestinationCidrBlock, DestinationIpv6CidrBlock, DestinationPrefixListId }: Destination): string {
  return DestinationCidrBlock ?? DestinationIpv6CidrBlock ?? DestinationPrefixListId ?? "";
}

function described({ DestinationCidrBlock, DestinationIpv6CidrBlock, DestinationPrefixListId }: Destination): string {
  if (DestinationCidrBlock !== undefined) return `destination-cidr-block ${DestinationCidrBlock}`;
  if (DestinationIpv6CidrBlock !== undefined) return `destination-ipv6-cidr-block ${DestinationIpv6CidrBlock}`;
  return `destination-prefix-list-id ${DestinationPrefixListId}`;
}

function destinationOf(
  call: Here,
  { DestinationCidrBlock: ipv4, DestinationIpv6CidrBlock: ipv6, DestinationPrefixListId: prefixList }: Destination,
): Destination {
  if ([ipv4, ipv6, prefixList].filter((each) => each !== undefined).length !== 1) {
    throw new AwsError(
      "MissingParameter",
      "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock or destinationPrefixListId",
    );
  }
  if (prefixList !== undefined) return { DestinationPrefixListId: findPrefixList(call, prefixList).PrefixListId };
  const [parameter, text, family] =
    ipv4 === undefined ? (["destinationIpv6CidrBlock", ipv6 ?? "", 6] as const) : (["destinationCidrBlock", ipv4, 4] as const);
  if (parseBlock(text)?.family !== family)
    throw new AwsError("InvalidParameterValue", `Value (${text}) for parameter ${parameter} is invalid. This is not a valid CIDR block.`);
  return family === 4 ? { DestinationCidrBlock: canonical(text) } : { DestinationIpv6CidrBlock: canonical(text) };
}

/** Inside the VPC a route may only lead through a middlebox. */
function checkDestination(call: Here, table: RouteTable, destination: Destination, target: Target): void {
  if (target.EgressOnlyInternetGatewayId !== undefined && destination.DestinationCidrBlock !== undefined) {
    throw new AwsError("InvalidParameterValue", "An egress-only internet gateway can only be the target of IPv6 destinations.");
  }
  if (destination.DestinationPrefixListId !== undefined) return;
  const wanted = block(keyOf(destination));
  if (FORBIDDEN.some((each) => contains(each, wanted)))
    throw new AwsError("InvalidParameterValue", `The destination CIDR block ${keyOf(destination)} is reserved for use by AWS services.`);
  const isInside = localRoutes(call, table).some((route) => contains(block(keyOf(route)), wanted));
  if (isInside && !mayBeInsideVpc(target)) {
    throw new AwsError(
      "InvalidParameterValue",
      `The destination CIDR block ${keyOf(destination)} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.`,
    );
  }
}

function backToLocal(table: RouteTable, present: Route | undefined, wasLocal: boolean, key: string): void {
  if (!wasLocal) throw new AwsError("InvalidParameterValue", `The route identified by ${key} is not a local route.`);
  table.Routes = table.Routes.filter((route) => route !== present);
}

function weightOfAll(call: Here, table: RouteTable): number {
  const counted = table.Routes.filter(({ Origin }) => Origin !== "EnableVgwRoutePropagation");
  return counted.reduce(
    (sum, route) =>
      sum + (route.DestinationPrefixListId === undefined || isEndpoint(route) ? 1 : weightOf(call, route.DestinationPrefixListId)),
    localRoutes(call, table).length,
  );
}

/** A gateway endpoint's route is made and removed with its association. */
const isEndpoint = ({ GatewayId, DestinationPrefixListId }: Route) =>
  DestinationPrefixListId !== undefined && GatewayId?.startsWith("vpce-") === true;

function endpointRoute(verb: string, key: string, { RouteTableId }: RouteTable): AwsError {
  return new AwsError("InvalidParameterValue", `cannot ${verb} VPC endpoint route ${key} in route table ${RouteTableId}`);
}
