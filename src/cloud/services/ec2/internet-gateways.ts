/** Internet gateways, and those for IPv6 that let out only. Guide: https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Known, type Operations } from "../../service.ts";
import { madeBefore, remember } from "./client-tokens.ts";
import { filtered } from "./filters.ts";
import { byId, byIds } from "./ids.ts";
import { page } from "./pages.ts";
import { dissociateGateway } from "./route-tables.ts";
import type { Here, State } from "./state.ts";
import { tagsOf } from "./tags.ts";
import { findVpc } from "./vpcs.ts";

/** In AWS's own words: `available` for what the SDK's list calls `attached`. */
type Attachment = { VpcId: string; State: "available" };
export type InternetGateway = Known<Omit<sdk.InternetGateway, "Attachments">, "InternetGatewayId" | "OwnerId" | "Tags"> & {
  Attachments: Attachment[];
};
export type EgressOnlyInternetGateway = Known<
  Omit<sdk.EgressOnlyInternetGateway, "Attachments">,
  "EgressOnlyInternetGatewayId" | "Tags"
> & { Attachments: Known<sdk.InternetGatewayAttachment, "VpcId" | "State">[] };

// docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html: as many as VPCs, of each kind
const GATEWAYS_MAX = 5;

export const internetGatewayOperations = {
  CreateInternetGateway(call, { TagSpecifications }) {
    const tags = tagsOf(call, TagSpecifications, "internet-gateway");
    if (call.state.internetGateways.size >= GATEWAYS_MAX)
      throw new AwsError("InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached.");
    return { InternetGateway: shown(makeInternetGateway(call, tags)) };
  },
  DeleteInternetGateway(call, { InternetGatewayId }) {
    const gateway = findInternetGateway(call, InternetGatewayId);
    if (gateway.Attachments.length > 0)
      throw new AwsError("DependencyViolation", `The internetGateway '${InternetGatewayId}' has dependencies and cannot be deleted.`);
    call.state.internetGateways.delete(InternetGatewayId);
  },
  DescribeInternetGateways(call, { InternetGatewayIds, Filters, MaxResults, NextToken }) {
    const kept = filtered(byIds(call.state.internetGateways, "igw", InternetGatewayIds), Filters, {
      "attachment.state": ({ Attachments }) => Attachments.map(({ State }) => State),
      "attachment.vpc-id": ({ Attachments }) => Attachments.map(({ VpcId }) => VpcId),
      "internet-gateway-id": ({ InternetGatewayId }) => InternetGatewayId,
      "owner-id": ({ OwnerId }) => OwnerId,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken });
    return { InternetGateways: items.map(shown), NextToken: next };
  },
  AttachInternetGateway(call, { InternetGatewayId, VpcId }) {
    const gateway = findInternetGateway(call, InternetGatewayId);
    findVpc(call, VpcId);
    const [attachment] = gateway.Attachments;
    if (attachment)
      throw new AwsError("Resource.AlreadyAssociated", `resource ${InternetGatewayId} is already attached to network ${attachment.VpcId}`);
    const other = internetGatewayOf(call.state, VpcId);
    if (other) throw new AwsError("InvalidParameterValue", `Network ${VpcId} already has an internet gateway attached`);
    attach(gateway, VpcId);
  },
  DetachInternetGateway(call, { InternetGatewayId, VpcId }) {
    const gateway = findInternetGateway(call, InternetGatewayId);
    findVpc(call, VpcId);
    if (!gateway.Attachments.some((each) => each.VpcId === VpcId))
      throw new AwsError("Gateway.NotAttached", `resource ${InternetGatewayId} is not attached to network ${VpcId}`);
    if (hasPublicAddresses(call.state, VpcId)) {
      throw new AwsError(
        "DependencyViolation",
        `Network ${VpcId} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
      );
    }
    gateway.Attachments = [];
    dissociateGateway(call, InternetGatewayId);
  },
  CreateEgressOnlyInternetGateway(call, { VpcId, TagSpecifications, ClientToken }) {
    const made = madeBefore(call, "CreateEgressOnlyInternetGateway", ClientToken, { VpcId, TagSpecifications });
    if (made !== undefined) return { EgressOnlyInternetGateway: byId(call.state.egressOnlyInternetGateways, "eigw", made), ClientToken };
    findVpc(call, VpcId);
    const tags = tagsOf(call, TagSpecifications, "egress-only-internet-gateway");
    if (call.state.egressOnlyInternetGateways.size >= GATEWAYS_MAX) {
      throw new AwsError("EgressOnlyInternetGatewayLimitExceeded", "The maximum number of egress-only internet gateways has been reached.");
    }
    const id = call.id("eigw");
    const gateway: EgressOnlyInternetGateway = { EgressOnlyInternetGatewayId: id, Attachments: [{ VpcId, State: "attached" }], Tags: tags };
    call.state.egressOnlyInternetGateways.set(id, gateway);
    remember(call, "CreateEgressOnlyInternetGateway", ClientToken, { VpcId, TagSpecifications }, id);
    return { EgressOnlyInternetGateway: gateway, ClientToken };
  },
  DeleteEgressOnlyInternetGateway(call, { EgressOnlyInternetGatewayId }) {
    byId(call.state.egressOnlyInternetGateways, "eigw", EgressOnlyInternetGatewayId);
    call.state.egressOnlyInternetGateways.delete(EgressOnlyInternetGatewayId);
    return { ReturnCode: true };
  },
  DescribeEgressOnlyInternetGateways(call, { EgressOnlyInternetGatewayIds, Filters, MaxResults, NextToken }) {
    const kept = filtered(byIds(call.state.egressOnlyInternetGateways, "eigw", EgressOnlyInternetGatewayIds), Filters, {});
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken, most: 255 });
    return { EgressOnlyInternetGateways: items, NextToken: next };
  },
} satisfies Operations<sdk.EC2, State>;

export function findInternetGateway(call: Here, id: string): InternetGateway {
  return byId(call.state.internetGateways, "igw", id);
}

/** The gateway through which a VPC reaches the internet, if it has one. */
export function internetGatewayOf(state: State, vpcId: string): InternetGateway | undefined {
  return [...state.internetGateways.values()].find(({ Attachments }) => Attachments.some(({ VpcId }) => VpcId === vpcId));
}

export function makeInternetGateway(call: Here, tags: sdk.Tag[] = []): InternetGateway {
  const gateway: InternetGateway = { InternetGatewayId: call.id("igw"), OwnerId: call.account, Attachments: [], Tags: tags };
  call.state.internetGateways.set(gateway.InternetGatewayId, gateway);
  return gateway;
}

export function attach(gateway: InternetGateway, vpcId: string): void {
  gateway.Attachments = [{ VpcId: vpcId, State: "available" }];
}

function shown({ Attachments, ...gateway }: InternetGateway): sdk.InternetGateway {
  // The API says `available`, which is not on the SDK's list: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InternetGatewayAttachment.html
  return { ...gateway, Attachments: Attachments as { VpcId: string; State: string }[] as sdk.InternetGatewayAttachment[] };
}

function hasPublicAddresses(state: State, vpcId: string): boolean {
  const inVpc = new Map([...state.networkInterfaces].filter(([, { VpcId }]) => VpcId === vpcId));
  const isElastic = [...state.addresses.values()].some(
    ({ NetworkInterfaceId }) => NetworkInterfaceId !== undefined && inVpc.has(NetworkInterfaceId),
  );
  return isElastic || [...inVpc.values()].some(({ publicIp }) => publicIp !== undefined);
}
