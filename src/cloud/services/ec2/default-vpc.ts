/**
 * The default VPC that every region of an account has from the start. Guide: https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html
 * It is a function of account and region: a question is answered out of it, the first change writes it down.
 */
import type * as sdk from "@aws-sdk/client-ec2";
import { hex, seed } from "../../../kernel/random.ts";
import { AwsError, type Operations } from "../../service.ts";
import { block, overlaps, showBlock, size } from "./cidr.ts";
import { attach, internetGatewayOf, makeInternetGateway } from "./internet-gateways.ts";
import { zonesOf } from "./regions.ts";
import { routeTableOf } from "./route-tables.ts";
import { state, type Here, type State } from "./state.ts";
import { makeSubnet, shown as shownSubnet } from "./subnets.ts";
import { furnish, makeVpc, shown as shownVpc, type Vpc } from "./vpcs.ts";

// The guide above: 172.31.0.0/16, and a /20 of it in each zone.
const CIDR = "172.31.0.0/16";
const SUBNET_LENGTH = 20;

export const defaultVpcOperations = {
  CreateDefaultVpc(call) {
    if (defaultVpcOf(call.state))
      throw new AwsError("DefaultVpcAlreadyExists", "A Default VPC already exists for this account in this region.");
    return { Vpc: shownVpc(makeDefaultVpc(call)) };
  },
  CreateDefaultSubnet(call, { AvailabilityZone, AvailabilityZoneId, Ipv6Native }) {
    if (Ipv6Native) throw new AwsError("NotImplemented", "Causeway does not emulate IPv6-only subnets.", 501);
    const vpc = defaultVpcOf(call.state);
    if (!vpc) throw new AwsError("DefaultVpcDoesNotExist", "No default VPC exists for this account in this region.");
    const zone = zonesOf(call.region).find(({ ZoneName, ZoneId }) =>
      AvailabilityZone === undefined ? ZoneId === AvailabilityZoneId : ZoneName === AvailabilityZone,
    );
    if (!zone)
      throw new AwsError(
        "InvalidParameterValue",
        `Value (${AvailabilityZone ?? AvailabilityZoneId}) for parameter availabilityZone is invalid.`,
      );
    const siblings = [...call.state.subnets.values()].filter(({ VpcId }) => VpcId === vpc.VpcId);
    if (siblings.some(({ DefaultForAz, AvailabilityZone: name }) => DefaultForAz && name === zone.ZoneName)) {
      throw new AwsError("DefaultSubnetAlreadyExistsInAvailabilityZone", `'${zone.ZoneName}' already has a default subnet.`);
    }
    const free = slices().find((cidr) => !siblings.some(({ CidrBlock }) => overlaps(block(CidrBlock), block(cidr))));
    if (free === undefined)
      throw new AwsError("InvalidSubnet.Conflict", "There is no free CIDR block of sufficient size in the default VPC.");
    return { Subnet: shownSubnet(call.state, makeSubnet(call, { vpcId: vpc.VpcId, cidr: free, zone, isDefault: true })) };
  },
} satisfies Operations<sdk.EC2, State>;

/** What a region holds before anybody does anything. The same account and region always have the same. */
export function foundation(account: string, region: string): State {
  const random = seed(`${account}/${region}/default VPC`);
  const laid = state();
  // The parts of a call that making a VPC asks for: no time passes, and the ids are the region's own.
  const call = {
    account,
    region,
    state: laid,
    id: (prefix: string, digits = 17) => `${prefix}-${hex(random, digits)}`,
    arn: (service: string, resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`,
  } as Here;
  makeDefaultVpc(call);
  return laid;
}

export function defaultVpcOf(from: Readonly<State>): Vpc | undefined {
  return [...from.vpcs.values()].find(({ IsDefault }) => IsDefault);
}

function makeDefaultVpc(call: Here): Vpc {
  const vpc = makeVpc(call, { cidr: CIDR, isDefault: true });
  furnish(call, vpc);
  const cidrs = slices();
  const subnets = zonesOf(call.region).map((zone, at) =>
    makeSubnet(call, { vpcId: vpc.VpcId, cidr: cidrs[at] ?? "", zone, isDefault: true }),
  );
  attach(makeInternetGateway(call), vpc.VpcId);
  const [first] = subnets;
  const table = first && routeTableOf(call.state, first);
  table?.Routes.push({
    DestinationCidrBlock: "0.0.0.0/0",
    GatewayId: internetGatewayOf(call.state, vpc.VpcId)?.InternetGatewayId,
    Origin: "CreateRoute",
  });
  return vpc;
}

/** The /20s of the default VPC, in their order. */
function slices(): string[] {
  const { first, length } = block(CIDR);
  return Array.from({ length: 2 ** (SUBNET_LENGTH - length) }, (_, at) =>
    showBlock({ family: 4, first: first + BigInt(at) * size(4, SUBNET_LENGTH), length: SUBNET_LENGTH }),
  );
}
