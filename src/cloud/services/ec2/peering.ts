/** VPC peering connections, within a region and between two. Guide: https://docs.aws.amazon.com/vpc/latest/peering/what-is-vpc-peering.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { date, days, hours, plus, seconds, type Duration } from "../../../kernel/units.ts";
import { AwsError, resource, type Call, type Known, type Operations } from "../../service.ts";
import { block, overlaps } from "./cidr.ts";
import { filtered } from "./filters.ts";
import { byId, byIds } from "./ids.ts";
import { page } from "./pages.ts";
import { isRegion } from "./regions.ts";
import type { State } from "./state.ts";
import { resourceTags, retag, tagsOf } from "./tags.ts";
import { findVpc, type Vpc } from "./vpcs.ts";

type Side = Known<sdk.VpcPeeringConnectionVpcInfo, "VpcId" | "OwnerId" | "Region">;
export type Peering = Known<
  Omit<sdk.VpcPeeringConnection, "RequesterVpcInfo" | "AccepterVpcInfo" | "Status">,
  "VpcPeeringConnectionId" | "Tags"
> & {
  RequesterVpcInfo: Side;
  AccepterVpcInfo: Side;
  Status: { Code: sdk.VpcPeeringConnectionStateReasonCode; Message: string };
};
export type PeeringTimers = {
  peeringStep: { peeringId: string; accept: boolean };
  peeringExpired: { peeringId: string };
  peeringForgotten: { peeringId: string };
};
type Here = Call<State, PeeringTimers>;
type Code = Peering["Status"]["Code"];

// How long it stays acceptable, and how long a dead one stays visible: docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle
const ACCEPTABLE = days(7);
const FAILED_VISIBLE = hours(2);
const ENDED_VISIBLE = days(2);
// AWS does not say how long the passing states last; about a second each is what its clients see.
const STEP = seconds(1);
// docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-peering
const ACTIVE_MAX = 50;
const OUTSTANDING_MAX = 25;

const LIVE: readonly Code[] = ["initiating-request", "pending-acceptance", "provisioning", "active"];

export const peeringOperations = {
  CreateVpcPeeringConnection(call, input) {
    return { VpcPeeringConnection: structuredClone(request(call, input, false)) };
  },
  AcceptVpcPeeringConnection(call, { VpcPeeringConnectionId }) {
    const peering = find(call, VpcPeeringConnectionId);
    checkAccepter(call, peering);
    checkState(peering, ["pending-acceptance"], "provisioning");
    if (
      [peering.RequesterVpcInfo, peering.AccepterVpcInfo].some(
        (side) => connectionsOf(at(call, side.Region), side.VpcId, ["active"]).length >= ACTIVE_MAX,
      )
    ) {
      throw new AwsError(
        "VpcPeeringConnectionsPerVpcLimitExceeded",
        "The maximum number of VPC peering connections for the VPC has been reached.",
      );
    }
    provision(call, peering);
    return { VpcPeeringConnection: structuredClone(peering) };
  },
  RejectVpcPeeringConnection(call, { VpcPeeringConnectionId }) {
    const peering = find(call, VpcPeeringConnectionId);
    checkAccepter(call, peering);
    checkState(peering, ["pending-acceptance"], "rejected");
    end(call, peering, "rejected", "Inactive", ENDED_VISIBLE);
    return { Return: true };
  },
  DeleteVpcPeeringConnection(call, { VpcPeeringConnectionId }) {
    const peering = find(call, VpcPeeringConnectionId);
    checkState(peering, ["pending-acceptance", "active"], "deleting");
    everywhere(call, peering, (each) => (each.Status = { Code: "deleting", Message: `Deleting by ${call.account}` }));
    markStale(call, peering);
    call.after(STEP, "peeringStep", { peeringId: VpcPeeringConnectionId, accept: false });
    return { Return: true };
  },
  DescribeVpcPeeringConnections(call, { VpcPeeringConnectionIds, Filters, MaxResults, NextToken }) {
    const all = byIds(call.state.vpcPeeringConnections, "pcx", VpcPeeringConnectionIds);
    const { items, NextToken: next } = page(filtered(all, Filters, peeringFilters), { MaxResults, NextToken });
    return { VpcPeeringConnections: items, NextToken: next };
  },
  ModifyVpcPeeringConnectionOptions(call, { VpcPeeringConnectionId, RequesterPeeringConnectionOptions, AccepterPeeringConnectionOptions }) {
    const peering = find(call, VpcPeeringConnectionId);
    if (peering.Status.Code !== "active")
      throw new AwsError(
        "OperationNotPermitted",
        `Peering ${VpcPeeringConnectionId} is not active. Peering options can be added only to active peerings.`,
      );
    const given = [
      ["RequesterVpcInfo", RequesterPeeringConnectionOptions],
      ["AccepterVpcInfo", AccepterPeeringConnectionOptions],
    ] as const;
    const changes = given.flatMap(([side, options]) => (options ? [{ side, options }] : []));
    for (const { side } of changes) checkOwnSide(call, peering, side);
    const resolve = (options: sdk.PeeringConnectionOptionsRequest) => ({
      AllowDnsResolutionFromRemoteVpc: options.AllowDnsResolutionFromRemoteVpc ?? false,
    });
    everywhere(call, peering, (each) => {
      for (const { side, options } of changes) each[side].PeeringOptions = { ...each[side].PeeringOptions, ...resolve(options) };
    });
    return {
      RequesterPeeringConnectionOptions: RequesterPeeringConnectionOptions && resolve(RequesterPeeringConnectionOptions),
      AccepterPeeringConnectionOptions: AccepterPeeringConnectionOptions && resolve(AccepterPeeringConnectionOptions),
    };
  },
} satisfies Operations<sdk.EC2, State, PeeringTimers>;

export const peeringTimers = {
  /** Out of a passing state into the next. */
  peeringStep(call: Here, { peeringId, accept }: PeeringTimers["peeringStep"]) {
    const peering = call.state.vpcPeeringConnections.get(peeringId);
    if (peering?.Status.Code === "initiating-request") initiated(call, peering, accept);
    else if (peering?.Status.Code === "provisioning")
      everywhere(call, peering, (each) => (each.Status = { Code: "active", Message: "Active" }));
    else if (peering?.Status.Code === "deleting") end(call, peering, "deleted", `Deleted by ${call.account}`, ENDED_VISIBLE);
  },
  peeringExpired(call: Here, { peeringId }: PeeringTimers["peeringExpired"]) {
    const peering = call.state.vpcPeeringConnections.get(peeringId);
    if (peering?.Status.Code === "pending-acceptance") end(call, peering, "expired", "Expired", ENDED_VISIBLE);
  },
  peeringForgotten(call: Here, { peeringId }: PeeringTimers["peeringForgotten"]) {
    const peering = call.state.vpcPeeringConnections.get(peeringId);
    if (peering) for (const region of regionsOf(peering)) at(call, region).state.vpcPeeringConnections.delete(peeringId);
  },
};

/** The active connection between two VPCs of this region, either way round. */
export function peeringBetween(call: Call<State>, a: string, b: string): Peering | undefined {
  return [...call.state.vpcPeeringConnections.values()].find(({ Status, RequesterVpcInfo, AccepterVpcInfo }) => {
    const [from, to] = [RequesterVpcInfo, AccepterVpcInfo];
    return (
      Status.Code === "active" &&
      from.Region === to.Region &&
      ((from.VpcId === a && to.VpcId === b) || (from.VpcId === b && to.VpcId === a))
    );
  });
}

const peeringFilters: Record<string, (peering: Peering) => string | Date | undefined> = {
  "accepter-vpc-info.cidr-block": ({ AccepterVpcInfo }) => AccepterVpcInfo.CidrBlock,
  "accepter-vpc-info.owner-id": ({ AccepterVpcInfo }) => AccepterVpcInfo.OwnerId,
  "accepter-vpc-info.vpc-id": ({ AccepterVpcInfo }) => AccepterVpcInfo.VpcId,
  "expiration-time": ({ ExpirationTime }) => ExpirationTime,
  "requester-vpc-info.cidr-block": ({ RequesterVpcInfo }) => RequesterVpcInfo.CidrBlock,
  "requester-vpc-info.owner-id": ({ RequesterVpcInfo }) => RequesterVpcInfo.OwnerId,
  "requester-vpc-info.vpc-id": ({ RequesterVpcInfo }) => RequesterVpcInfo.VpcId,
  "status-code": ({ Status }) => Status.Code,
  "status-message": ({ Status }) => Status.Message,
  "vpc-peering-connection-id": ({ VpcPeeringConnectionId }) => VpcPeeringConnectionId,
};

function request(
  call: Here,
  { VpcId, PeerVpcId, PeerOwnerId = call.account, PeerRegion = call.region, TagSpecifications }: sdk.CreateVpcPeeringConnectionRequest,
  accept: boolean,
): Peering {
  const vpc = findVpc(call, VpcId ?? "");
  if (PeerVpcId === undefined) throw new AwsError("MissingParameter", "The request must contain the parameter peerVpcId");
  if (PeerOwnerId !== call.account)
    throw new AwsError("NotImplemented", `Causeway does not emulate peering with another account (${PeerOwnerId}).`, 501);
  if (!isRegion(PeerRegion))
    throw new AwsError("InvalidParameterValue", `Value (${PeerRegion}) for parameter peerRegion is invalid. Invalid region.`);
  if (PeerRegion === call.region) findVpc(call, PeerVpcId);
  const tags = tagsOf(call, TagSpecifications, "vpc-peering-connection");
  if (
    connectionsOf(call, vpc.VpcId, LIVE).some(
      (each) => [each.RequesterVpcInfo.VpcId, each.AccepterVpcInfo.VpcId].includes(PeerVpcId) && PeerVpcId !== VpcId,
    )
  ) {
    throw new AwsError("VpcPeeringConnectionAlreadyExists", `A VPC peering connection between ${VpcId} and ${PeerVpcId} already exists.`);
  }
  if (connectionsOf(call, vpc.VpcId, ["pending-acceptance"]).length >= OUTSTANDING_MAX) {
    throw new AwsError(
      "OutstandingVpcPeeringConnectionLimitExceeded",
      "The maximum number of outstanding VPC peering connection requests has been reached.",
    );
  }
  const peering: Peering = {
    VpcPeeringConnectionId: call.id("pcx"),
    RequesterVpcInfo: sideOf(vpc, call.region),
    AccepterVpcInfo: { VpcId: PeerVpcId, OwnerId: PeerOwnerId, Region: PeerRegion },
    ExpirationTime: date(plus(call.now, ACCEPTABLE)),
    Status: { Code: "initiating-request", Message: `Initiating Request to ${PeerOwnerId}` },
    Tags: tags,
  };
  call.state.vpcPeeringConnections.set(peering.VpcPeeringConnectionId, peering);
  call.after(STEP, "peeringStep", { peeringId: peering.VpcPeeringConnectionId, accept });
  call.background(ACCEPTABLE, "peeringExpired", { peeringId: peering.VpcPeeringConnectionId });
  return peering;
}

/** The request has reached the other side, or could not. */
function initiated(call: Here, peering: Peering, accept: boolean): void {
  const { RequesterVpcInfo, AccepterVpcInfo, VpcPeeringConnectionId: id } = peering;
  const there = at(call, AccepterVpcInfo.Region);
  const peer = there.state.vpcs.get(AccepterVpcInfo.VpcId);
  const own = call.state.vpcs.get(RequesterVpcInfo.VpcId);
  if (!peer || !own || share(own, peer)) {
    end(call, peering, "failed", "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range", FAILED_VISIBLE);
    return;
  }
  peering.Status = { Code: "pending-acceptance", Message: `Pending Acceptance by ${AccepterVpcInfo.OwnerId}` };
  // Each region keeps a record of its own; tags are each side's own too.
  if (there.region !== call.region) there.state.vpcPeeringConnections.set(id, { ...structuredClone(peering), Tags: [] });
  if (accept) provision(call, peering);
}

/** Accepted: both sides learn the other's blocks, and it works a moment later. */
function provision(call: Here, peering: Peering): void {
  const { RequesterVpcInfo, AccepterVpcInfo, VpcPeeringConnectionId } = peering;
  const peer = at(call, AccepterVpcInfo.Region).state.vpcs.get(AccepterVpcInfo.VpcId);
  everywhere(call, peering, (each) => {
    delete each.ExpirationTime;
    each.Status = { Code: "provisioning", Message: "Provisioning" };
    if (peer) each.AccepterVpcInfo = sideOf(peer, AccepterVpcInfo.Region);
  });
  at(call, RequesterVpcInfo.Region).after(STEP, "peeringStep", { peeringId: VpcPeeringConnectionId, accept: false });
}

function end(call: Here, peering: Peering, Code: Code, Message: string, visible: Duration): void {
  everywhere(call, peering, (each) => {
    delete each.ExpirationTime;
    each.Status = { Code, Message };
  });
  call.background(visible, "peeringForgotten", { peeringId: peering.VpcPeeringConnectionId });
}

/** Rules that name a group of the other VPC stay and become stale. */
function markStale(call: Here, { VpcPeeringConnectionId, RequesterVpcInfo }: Peering): void {
  for (const { ReferencedGroupInfo: peer } of at(call, RequesterVpcInfo.Region).state.securityGroupRules.values()) {
    if (peer?.VpcPeeringConnectionId === VpcPeeringConnectionId) peer.PeeringStatus = "deleted";
  }
}

function everywhere(call: Here, peering: Peering, change: (each: Peering) => void): void {
  for (const region of regionsOf(peering)) {
    const own = at(call, region).state.vpcPeeringConnections.get(peering.VpcPeeringConnectionId);
    if (own) change(own);
  }
}

function regionsOf({ RequesterVpcInfo, AccepterVpcInfo }: Peering): Set<string> {
  return new Set([RequesterVpcInfo.Region, AccepterVpcInfo.Region]);
}

function at(call: Here, region: string): Here {
  return region === call.region ? call : call.elsewhere(region);
}

function sideOf(vpc: Vpc, region: string): Side {
  return {
    VpcId: vpc.VpcId,
    OwnerId: vpc.OwnerId,
    Region: region,
    CidrBlock: vpc.CidrBlock,
    CidrBlockSet: blocksOf(vpc).map((CidrBlock) => ({ CidrBlock })),
    ...(ipv6Of(vpc).length > 0 && { Ipv6CidrBlockSet: ipv6Of(vpc).map((Ipv6CidrBlock) => ({ Ipv6CidrBlock })) }),
    PeeringOptions: {
      AllowDnsResolutionFromRemoteVpc: false,
      AllowEgressFromLocalClassicLinkToRemoteVpc: false,
      AllowEgressFromLocalVpcToRemoteClassicLink: false,
    },
  };
}

const blocksOf = ({ CidrBlockAssociationSet }: Vpc) =>
  CidrBlockAssociationSet.filter(({ CidrBlockState }) => CidrBlockState.State === "associated").map(({ CidrBlock }) => CidrBlock);
const ipv6Of = ({ Ipv6CidrBlockAssociationSet }: Vpc) =>
  Ipv6CidrBlockAssociationSet.filter(({ Ipv6CidrBlockState }) => Ipv6CidrBlockState.State === "associated").map(
    ({ Ipv6CidrBlock }) => Ipv6CidrBlock,
  );

/** Two VPCs with an address in common can't be peered; nor can one with itself. */
function share(a: Vpc, b: Vpc): boolean {
  const common = (own: string[], others: string[]) => own.some((one) => others.some((other) => overlaps(block(one), block(other))));
  return a.VpcId === b.VpcId || common(blocksOf(a), blocksOf(b)) || common(ipv6Of(a), ipv6Of(b));
}

function connectionsOf(call: Here, vpcId: string, codes: readonly Code[]): Peering[] {
  return [...call.state.vpcPeeringConnections.values()].filter(
    ({ Status, RequesterVpcInfo, AccepterVpcInfo }) =>
      codes.includes(Status.Code) && (RequesterVpcInfo.VpcId === vpcId || AccepterVpcInfo.VpcId === vpcId),
  );
}

function find(call: Here, id: string): Peering {
  return byId(call.state.vpcPeeringConnections, "pcx", id);
}

function checkState({ Status, VpcPeeringConnectionId }: Peering, from: readonly Code[], to: Code): void {
  if (!from.includes(Status.Code))
    throw new AwsError(
      "InvalidStateTransition",
      `Invalid state transition for ${VpcPeeringConnectionId}, attempted to transition from ${Status.Code} to ${to}`,
    );
}

function checkAccepter(call: Here, { AccepterVpcInfo, VpcPeeringConnectionId }: Peering): void {
  if (AccepterVpcInfo.Region === call.region) return;
  throw new AwsError(
    "OperationNotPermitted",
    `Incorrect region (${call.region}) specified for this request. VPC peering connection ${VpcPeeringConnectionId} must be accepted in region ${AccepterVpcInfo.Region}`,
  );
}

function checkOwnSide(call: Here, peering: Peering, side: "RequesterVpcInfo" | "AccepterVpcInfo"): void {
  const { Region } = peering[side];
  if (Region !== call.region)
    throw new AwsError(
      "OperationNotPermitted",
      `Incorrect region (${call.region}) specified for this request. The options of this side of ${peering.VpcPeeringConnectionId} must be modified in region ${Region}`,
    );
}

export const peeringResources = {
  "AWS::EC2::VPCPeeringConnection": resource({
    /** Within an account CloudFormation accepts its own request. */
    create(call: Here, { VpcId, PeerVpcId, PeerOwnerId, PeerRegion, Tags }, stack) {
      const TagSpecifications = [{ ResourceType: "vpc-peering-connection" as const, Tags: resourceTags(Tags, stack) }];
      return request(call, { VpcId, PeerVpcId, PeerOwnerId, PeerRegion, TagSpecifications }, true).VpcPeeringConnectionId;
    },
    update: (call: Here, id, { Tags }, previous, stack) => retag(call, id, Tags, previous["Tags"], stack),
    delete(call: Here, id) {
      const code = call.state.vpcPeeringConnections.get(id)?.Status.Code;
      if (code === "active" || code === "pending-acceptance")
        peeringOperations.DeleteVpcPeeringConnection(call, { VpcPeeringConnectionId: id });
    },
    gone: (call: Here, id) => call.state.vpcPeeringConnections.get(id)?.Status.Code !== "deleting",
    attributes: (_call, id) => ({ Id: id }),
    settled(call: Here, id) {
      const { Status } = find(call, id);
      if (Status.Code === "failed") throw new AwsError("InvalidParameterValue", `VPC peering connection ${id} failed: ${Status.Message}`);
      return Status.Code === "active";
    },
  }),
};
