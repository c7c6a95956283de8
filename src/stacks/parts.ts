/**
 * What the parts know of each other. A part is a function `(stack, place, earlier parts) → what later parts refer to`; it puts CloudFormation
 * resources (L1 constructs, their ids are their logical ids) into the stack that it is given and decides nothing about stacks.
 */
import type { Stack } from "aws-cdk-lib";
import type { Place } from "./place.ts";

export type Part<Needs, Gives> = (stack: Stack, place: Place, needs: Needs) => Gives;

/** Keys, secrets, log buckets, topics, reserved addresses. */
export type Foundation = {
  /** The region's copy of the multi-region key. */
  keyArn: string;
  /** Alarms go there. */
  alarmTopicArn: string;
  logBucket: string;
  /** Elastic addresses of the NAT gateways, by zone: allow-listed by partners, so they outlive the gateways. */
  natAddresses: string[];
  /** Elastic addresses of the region's front, by zone, where the compute stack is switched on only when it is needed; else empty. */
  frontAddresses: { allocationId: string; address: string }[];
};

export type Network = {
  vpcId: string;
  publicSubnets: string[];
  appSubnets: string[];
  dataSubnets: string[];
  publicRouteTable: string;
  appRouteTables: string[];
  dataRouteTables: string[];
  groups: {
    balancer: string;
    /** The container instances: bridge mode, so tasks share it. */
    hosts: string;
    database: string;
    endpoints: string;
    /** Lets nothing in or out: what a database gets to be fenced. */
    fence: string;
  };
  /** S3's endpoint for a file gateway in the data centre (a share's `VPCEndpointDNSName`), where it works over the lines. */
  fileBucketsDnsName?: string;
};

export type Link = {
  hub?: { kind: "vgw" | "tgw"; id: string };
  directConnectGatewayId?: string;
  /** Identifiers as CloudWatch has them in the dimension VirtualInterfaceId. */
  virtualInterfaceIds: string[];
  connectionIds: string[];
  vpnConnectionId?: string;
};

export type Domain = { zoneId: string; certificateArn: string };

/** Buckets have deterministic names: `names.shareBucket`. */
export type Files = { buckets: Record<string, { name: string; arn: string }> };

export type Compute = {
  /** Absent when no service has a route. */
  balancer?: { arn: string; dnsName: string; zoneId: string; fullName: string };
  /** Service → `targetgroup/…`, for services with a route. */
  targetGroups: Record<string, string>;
  cluster: string;
  autoScalingGroup: string;
};

/** The parts in the order in which a region is built. Each has a stack of that name. */
export const parts = [
  "foundation",
  "roles",
  "vault",
  "network",
  "link",
  "domain",
  "registry",
  "database",
  "files",
  "shares",
  "compute",
  "operations",
  "protection",
  "observability",
  "traffic",
  "faults",
] as const;
export type PartName = (typeof parts)[number];
