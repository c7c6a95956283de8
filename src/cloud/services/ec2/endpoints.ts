/** VPC endpoints: gateways are routes, interfaces are network interfaces. Guide: https://docs.aws.amazon.com/vpc/latest/privatelink/concepts.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { minutes, seconds } from "../../../kernel/units.ts";
import { AwsError, type Call, type Known, type Operations } from "../../service.ts";
import { awsPrefixLists } from "./aws-prefix-lists.ts";
import { madeBefore, remember } from "./client-tokens.ts";
import { dnsEntries } from "./endpoint-names.ts";
import { findService, type EndpointService } from "./endpoint-services.ts";
import { filtered } from "./filters.ts";
import { byId, byIds } from "./ids.ts";
import { createInterface, deleteInterface } from "./interfaces.ts";
import { page } from "./pages.ts";
import { addEndpointRoute, findRouteTable, removeEndpointRoute } from "./route-tables.ts";
import { defaultSecurityGroup, findGroup } from "./security-groups.ts";
import type { State } from "./state.ts";
import { freeAddresses } from "./subnet-addresses.ts";
import { findSubnet, type Subnet } from "./subnets.ts";
import { tagsOf } from "./tags.ts";
import { findVpc, type Vpc } from "./vpcs.ts";

export type Endpoint = Known<
  Omit<sdk.VpcEndpoint, "State" | "VpcEndpointType" | "Groups">,
  | "VpcEndpointId"
  | "VpcId"
  | "ServiceName"
  | "PolicyDocument"
  | "RouteTableIds"
  | "SubnetIds"
  | "PrivateDnsEnabled"
  | "NetworkInterfaceIds"
  | "DnsEntries"
  | "CreationTimestamp"
  | "OwnerId"
  | "Tags"
> & {
  VpcEndpointType: "Gateway" | "Interface";
  Groups: Known<sdk.SecurityGroupIdentifier, "GroupId">[];
  /** In small letters, as AWS sends it; the SDK's own list of states is capitalised. */
  State: "pending" | "available" | "deleting";
};
export type EndpointTimers = { endpointReady: { endpointId: string }; endpointGone: { endpointId: string } };
type Here = Call<State, EndpointTimers>;

// docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html
const GATEWAYS_MAX = 20; // a region
const INTERFACES_MAX = 50; // a VPC
const POLICY_MAX = 20_480; // characters
// AWS does not say how long they take: a minute or two is usual for an interface endpoint, a gateway endpoint is there at once.
const READY = minutes(1);
const GONE = minutes(1);
const GATEWAY_GONE = seconds(5);

const FULL_ACCESS = JSON.stringify({ Statement: [{ Action: "*", Effect: "Allow", Principal: "*", Resource: "*" }] });
const FULL_ACCESS_GATEWAY = JSON.stringify({
  Version: "2008-10-17",
  Statement: [{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }],
});

export const endpointOperations = {
  CreateVpcEndpoint(call, input) {
    const { ClientToken: token, ...request } = input;
    const { VpcEndpointType = "Gateway", VpcId } = request;
    if (VpcEndpointType !== "Gateway" && VpcEndpointType !== "Interface")
      throw new AwsError("NotImplemented", `Causeway does not emulate VPC endpoints of type ${VpcEndpointType}.`, 501);
    const made = madeBefore(call, "CreateVpcEndpoint", token, request);
    if (made !== undefined) return { VpcEndpoint: shown(findEndpoint(call, made)), ClientToken: token };
    refuseUnsupported(input);
    const service = findService(call.region, input.ServiceName ?? "", VpcEndpointType);
    const vpc = findVpc(call, VpcId);
    checkPolicy(input.PolicyDocument);
    const tags = tagsOf(call, input.TagSpecifications, "vpc-endpoint");
    const endpoint =
      VpcEndpointType === "Gateway"
        ? createGateway(call, vpc, service, input, tags)
        : createInterfaceEndpoint(call, vpc, service, input, tags);
    remember(call, "CreateVpcEndpoint", token, request, endpoint.VpcEndpointId);
    return { VpcEndpoint: shown(endpoint), ClientToken: token };
  },
  ModifyVpcEndpoint(call, input) {
    const endpoint = findEndpoint(call, input.VpcEndpointId);
    if (endpoint.State === "deleting")
      throw new AwsError("IncorrectState", `The Vpc Endpoint '${endpoint.VpcEndpointId}' is in state deleting`);
    checkPolicy(input.PolicyDocument);
    if (endpoint.VpcEndpointType === "Gateway") modifyGateway(call, endpoint, input);
    else modifyInterface(call, endpoint, input);
    if (input.ResetPolicy) endpoint.PolicyDocument = endpoint.VpcEndpointType === "Gateway" ? FULL_ACCESS_GATEWAY : FULL_ACCESS;
    else if (input.PolicyDocument !== undefined) endpoint.PolicyDocument = input.PolicyDocument;
    return { Return: true };
  },
  DeleteVpcEndpoints(call, { VpcEndpointIds }) {
    const unknown = VpcEndpointIds.filter((id) => !call.state.vpcEndpoints.has(id));
    for (const id of VpcEndpointIds) {
      const endpoint = call.state.vpcEndpoints.get(id);
      if (endpoint && endpoint.State !== "deleting") close(call, endpoint);
    }
    return {
      Unsuccessful: unknown.map((ResourceId) => ({
        ResourceId,
        Error: { Code: "InvalidVpcEndpoint.NotFound", Message: `The Vpc Endpoint Id '${ResourceId}' does not exist` },
      })),
    };
  },
  DescribeVpcEndpoints(call, { VpcEndpointIds, Filters, MaxResults, NextToken }) {
    const kept = filtered(byIds(call.state.vpcEndpoints, "vpce", VpcEndpointIds), Filters, {
      "ip-address-type": ({ IpAddressType }) => IpAddressType,
      "service-name": ({ ServiceName }) => ServiceName,
      "service-region": ({ ServiceRegion }) => ServiceRegion,
      "vpc-endpoint-id": ({ VpcEndpointId }) => VpcEndpointId,
      "vpc-endpoint-state": ({ State }) => State,
      "vpc-endpoint-type": ({ VpcEndpointType }) => VpcEndpointType,
      "vpc-id": ({ VpcId }) => VpcId,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken, least: 1 });
    return { VpcEndpoints: items.map(shown), NextToken: next };
  },
} satisfies Operations<sdk.EC2, State, EndpointTimers>;

export const endpointTimers = {
  endpointReady(call: Here, { endpointId }: EndpointTimers["endpointReady"]) {
    const endpoint = call.state.vpcEndpoints.get(endpointId);
    if (endpoint?.State === "pending") endpoint.State = "available";
  },
  endpointGone(call: Here, { endpointId }: EndpointTimers["endpointGone"]) {
    const endpoint = call.state.vpcEndpoints.get(endpointId);
    for (const id of endpoint?.NetworkInterfaceIds ?? []) deleteInterface(call, id);
    call.state.vpcEndpoints.delete(endpointId);
  },
};

/** A route table that goes is no longer any endpoint's. */
export function forgetRouteTable(call: Call<State>, routeTableId: string): void {
  for (const endpoint of call.state.vpcEndpoints.values())
    endpoint.RouteTableIds = endpoint.RouteTableIds.filter((id) => id !== routeTableId);
}

export function findEndpoint(call: Call<State>, id: string): Endpoint {
  return byId(call.state.vpcEndpoints, "vpce", id);
}

function createGateway(call: Here, vpc: Vpc, service: EndpointService, input: sdk.CreateVpcEndpointRequest, tags: sdk.Tag[]): Endpoint {
  if (input.SubnetIds?.length || input.SecurityGroupIds?.length)
    throw new AwsError("InvalidParameter", "Subnets and security groups cannot be specified for gateway endpoints.");
  if (input.PrivateDnsEnabled)
    throw new AwsError(
      "InvalidParameter",
      "Private DNS can't be enabled because the service does not support private DNS for gateway endpoints.",
    );
  const tables = [...new Set(input.RouteTableIds ?? [])];
  checkTables(call, vpc.VpcId, tables, prefixListOf(call, service.ServiceName));
  if ([...call.state.vpcEndpoints.values()].filter(({ VpcEndpointType }) => VpcEndpointType === "Gateway").length >= GATEWAYS_MAX) {
    throw new AwsError("VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached.");
  }
  const endpoint: Endpoint = {
    ...blank(call, vpc, service, tags),
    State: "available",
    PolicyDocument: input.PolicyDocument ?? FULL_ACCESS_GATEWAY,
    RouteTableIds: tables,
  };
  call.state.vpcEndpoints.set(endpoint.VpcEndpointId, endpoint);
  for (const table of tables) addEndpointRoute(call, table, prefixListOf(call, service.ServiceName), endpoint.VpcEndpointId);
  return endpoint;
}

function createInterfaceEndpoint(
  call: Here,
  vpc: Vpc,
  service: EndpointService,
  input: sdk.CreateVpcEndpointRequest,
  tags: sdk.Tag[],
): Endpoint {
  if (input.RouteTableIds?.length)
    throw new AwsError("InvalidParameter", "Route table IDs are only supported for Gateway type VPC Endpoints.");
  const subnets = subnetsOf(call, vpc, input.SubnetIds ?? [], []);
  const groups = groupsOf(call, vpc, input.SecurityGroupIds ?? []);
  // The API's default: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
  const privateDns = input.PrivateDnsEnabled ?? true;
  if (privateDns) checkPrivateDns(call, vpc, service);
  const inVpc = [...call.state.vpcEndpoints.values()].filter((each) => each.VpcId === vpc.VpcId && each.VpcEndpointType === "Interface");
  if (inVpc.length >= INTERFACES_MAX)
    throw new AwsError("VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached.");
  const endpoint: Endpoint = {
    ...blank(call, vpc, service, tags),
    PolicyDocument: input.PolicyDocument ?? FULL_ACCESS,
    Groups: groups,
    IpAddressType: "ipv4",
    DnsOptions: { DnsRecordIpType: "ipv4", ...input.DnsOptions },
    PrivateDnsEnabled: privateDns,
  };
  call.state.vpcEndpoints.set(endpoint.VpcEndpointId, endpoint);
  join(call, endpoint, subnets);
  endpoint.DnsEntries = dnsEntries(call, endpoint, service);
  call.after(READY, "endpointReady", { endpointId: endpoint.VpcEndpointId });
  return endpoint;
}

function blank(call: Here, { VpcId }: Vpc, { ServiceName, kind }: EndpointService, tags: sdk.Tag[]): Endpoint {
  return {
    VpcEndpointId: call.id("vpce"),
    VpcEndpointType: kind,
    VpcId,
    ServiceName,
    ServiceRegion: call.region,
    State: "pending",
    PolicyDocument: FULL_ACCESS,
    RouteTableIds: [],
    SubnetIds: [],
    Groups: [],
    PrivateDnsEnabled: false,
    RequesterManaged: false,
    NetworkInterfaceIds: [],
    DnsEntries: [],
    CreationTimestamp: call.date,
    Tags: tags,
    OwnerId: call.account,
  };
}

function modifyGateway(call: Here, endpoint: Endpoint, input: sdk.ModifyVpcEndpointRequest): void {
  if (
    input.AddSubnetIds?.length ||
    input.RemoveSubnetIds?.length ||
    input.AddSecurityGroupIds?.length ||
    input.RemoveSecurityGroupIds?.length ||
    input.PrivateDnsEnabled !== undefined
  ) {
    throw new AwsError("InvalidParameter", "Subnets, security groups and private DNS cannot be modified on gateway endpoints.");
  }
  const prefixList = prefixListOf(call, endpoint.ServiceName);
  const removed = input.RemoveRouteTableIds ?? [];
  const missing = removed.find((id) => !endpoint.RouteTableIds.includes(id));
  if (missing !== undefined)
    throw new AwsError(
      "InvalidRouteTableId.NotFound",
      `Route table ID '${missing}' is not associated with the VPC endpoint '${endpoint.VpcEndpointId}'`,
    );
  // One that is associated already stays as it is.
  const added = [...new Set(input.AddRouteTableIds ?? [])].filter((id) => !endpoint.RouteTableIds.includes(id));
  checkTables(call, endpoint.VpcId, added, prefixList);
  for (const id of removed) removeEndpointRoute(call, id, endpoint.VpcEndpointId);
  for (const id of added) addEndpointRoute(call, id, prefixList, endpoint.VpcEndpointId);
  endpoint.RouteTableIds = [...endpoint.RouteTableIds.filter((id) => !removed.includes(id)), ...added];
}

function modifyInterface(call: Here, endpoint: Endpoint, input: sdk.ModifyVpcEndpointRequest): void {
  if (input.AddRouteTableIds?.length || input.RemoveRouteTableIds?.length)
    throw new AwsError("InvalidParameter", "Route table IDs are only supported for Gateway type VPC Endpoints.");
  if (input.SubnetConfigurations?.length || (input.IpAddressType !== undefined && input.IpAddressType !== "ipv4"))
    throw new AwsError("NotImplemented", "Causeway emulates interface endpoints with IPv4 addresses of AWS's choice.", 501);
  const vpc = findVpc(call, endpoint.VpcId);
  const service = findService(call.region, endpoint.ServiceName, "Interface");
  const removed = input.RemoveSubnetIds ?? [];
  const missing = removed.find((id) => !endpoint.SubnetIds.includes(id));
  if (missing !== undefined)
    throw new AwsError(
      "InvalidSubnetId.NotFound",
      `The subnet ID '${missing}' is not associated with the VPC endpoint '${endpoint.VpcEndpointId}'`,
    );
  const kept = endpoint.SubnetIds.filter((id) => !removed.includes(id));
  const added = subnetsOf(
    call,
    vpc,
    (input.AddSubnetIds ?? []).filter((id) => !kept.includes(id)),
    kept,
  );
  const groupIds = [
    ...endpoint.Groups.map(({ GroupId }) => GroupId).filter((id) => !input.RemoveSecurityGroupIds?.includes(id)),
    ...(input.AddSecurityGroupIds ?? []),
  ];
  if (groupIds.length === 0) throw new AwsError("InvalidParameter", "At least one security group is required.");
  const groups = groupsOf(call, vpc, groupIds);
  const privateDns = input.PrivateDnsEnabled ?? endpoint.PrivateDnsEnabled;
  if (privateDns && !endpoint.PrivateDnsEnabled) checkPrivateDns(call, vpc, service);
  leave(call, endpoint, removed);
  endpoint.Groups = groups;
  endpoint.PrivateDnsEnabled = privateDns;
  for (const id of endpoint.NetworkInterfaceIds) {
    const own = call.state.networkInterfaces.get(id);
    if (own) own.Groups = structuredClone(groups);
  }
  join(call, endpoint, added);
  if (input.DnsOptions) endpoint.DnsOptions = { ...endpoint.DnsOptions, ...input.DnsOptions };
  endpoint.DnsEntries = dnsEntries(call, endpoint, service);
}

/** An interface in each of the subnets. */
function join(call: Here, endpoint: Endpoint, subnets: Subnet[]): void {
  for (const { SubnetId } of subnets) {
    const made = createInterface(call, {
      subnetId: SubnetId,
      groups: endpoint.Groups.map(({ GroupId }) => GroupId),
      description: `VPC Endpoint Interface ${endpoint.VpcEndpointId}`,
      type: "vpc_endpoint",
      requesterManaged: true,
      attachment: {
        AttachmentId: call.id("ela-attach"),
        InstanceOwnerId: "amazon-aws",
        DeviceIndex: 1,
        Status: "attached",
        DeleteOnTermination: false,
      },
    });
    endpoint.SubnetIds.push(SubnetId);
    endpoint.NetworkInterfaceIds.push(made.NetworkInterfaceId);
  }
}

function leave(call: Here, endpoint: Endpoint, subnetIds: readonly string[]): void {
  const isLeft = (id: string) => subnetIds.includes(call.state.networkInterfaces.get(id)?.SubnetId ?? "");
  const left = endpoint.NetworkInterfaceIds.filter(isLeft);
  endpoint.NetworkInterfaceIds = endpoint.NetworkInterfaceIds.filter((id) => !left.includes(id));
  for (const id of left) deleteInterface(call, id);
  endpoint.SubnetIds = endpoint.SubnetIds.filter((id) => !subnetIds.includes(id));
}

/** A gateway's routes go at once, an interface's addresses with the endpoint. */
function close(call: Here, endpoint: Endpoint): void {
  for (const id of endpoint.RouteTableIds) removeEndpointRoute(call, id, endpoint.VpcEndpointId);
  endpoint.State = "deleting";
  call.after(endpoint.VpcEndpointType === "Gateway" ? GATEWAY_GONE : GONE, "endpointGone", { endpointId: endpoint.VpcEndpointId });
}

function prefixListOf(call: Here, serviceName: string): string {
  const list = awsPrefixLists(call.region).find(({ PrefixListName }) => PrefixListName === serviceName);
  if (!list) throw new AwsError("InvalidServiceName", `The Vpc Endpoint Service '${serviceName}' does not exist`);
  return list.PrefixListId;
}

/** One gateway endpoint for a service and table. */
function checkTables(call: Here, vpcId: string, ids: readonly string[], prefixList: string): void {
  for (const id of ids) {
    const table = findRouteTable(call, id);
    if (table.VpcId !== vpcId) throw new AwsError("InvalidParameter", `Route table ${id} does not belong to VPC ${vpcId}`);
    if (table.Routes.some(({ DestinationPrefixListId }) => DestinationPrefixListId === prefixList)) {
      throw new AwsError("RouteAlreadyExists", `route table ${id} already has a route with destination-prefix-list-id ${prefixList}`);
    }
  }
}

/** The subnets, no two of which are in one zone. */
function subnetsOf(call: Here, vpc: Vpc, ids: readonly string[], present: readonly string[]): Subnet[] {
  const zones = new Set(present.map((id) => findSubnet(call, id).AvailabilityZone));
  return [...new Set(ids)].map((id) => {
    const subnet = findSubnet(call, id);
    if (subnet.VpcId !== vpc.VpcId) throw new AwsError("InvalidParameter", `Subnet ${id} does not belong to VPC ${vpc.VpcId}`);
    if (zones.has(subnet.AvailabilityZone))
      throw new AwsError(
        "DuplicateSubnetsInSameZone",
        `Found another VPC endpoint subnet in the availability zone of ${id}. VPC endpoint subnets should be in different availability zones supported by the VPC endpoint service.`,
      );
    if (freeAddresses(call.state, subnet) < 1)
      throw new AwsError(
        "InsufficientFreeAddressesInSubnet",
        `There aren't sufficient free Ipv4 addresses in subnet ${id} to create the VPC endpoint`,
      );
    zones.add(subnet.AvailabilityZone);
    return subnet;
  });
}

function groupsOf(call: Here, vpc: Vpc, ids: readonly string[]): Endpoint["Groups"] {
  const groups = ids.length > 0 ? [...new Set(ids)].map((id) => findGroup(call, id)) : [defaultSecurityGroup(call, vpc.VpcId)];
  const foreign = groups.find(({ VpcId }) => VpcId !== vpc.VpcId);
  if (foreign) throw new AwsError("InvalidParameter", `Security group ${foreign.GroupId} does not belong to VPC ${vpc.VpcId}`);
  // docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
  if (groups.length > 5)
    throw new AwsError("SecurityGroupsPerInterfaceLimitExceeded", "You have reached the maximum number of security groups per interface.");
  return groups.map(({ GroupId, GroupName }) => ({ GroupId, GroupName }));
}

/** Two private zones of one name can't be in a VPC, and without DNS there is none: docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html */
function checkPrivateDns(call: Here, vpc: Vpc, service: EndpointService): void {
  if (!vpc.attributes.enableDnsSupport || !vpc.attributes.enableDnsHostnames) {
    throw new AwsError(
      "InvalidParameter",
      `Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${vpc.VpcId}`,
    );
  }
  const taken = [...call.state.vpcEndpoints.values()].some(
    (each) => each.VpcId === vpc.VpcId && each.PrivateDnsEnabled && each.ServiceName === service.ServiceName,
  );
  if (taken)
    throw new AwsError(
      "InvalidParameter",
      `private-dns-enabled cannot be set because there is already a conflicting DNS domain for ${service.privateNames[0]} in the VPC ${vpc.VpcId}`,
    );
}

function checkPolicy(document: string | undefined): void {
  if (document === undefined || document === "") return;
  if (document.length > POLICY_MAX) throw new AwsError("InvalidParameter", `The policy document is longer than ${POLICY_MAX} characters.`);
  let policy: unknown;
  try {
    policy = JSON.parse(document);
  } catch (error) {
    throw new AwsError("InvalidPolicyDocument", `The policy document is not valid JSON: ${(error as Error).message}`);
  }
  if (!(policy as { Statement?: unknown } | null)?.Statement)
    throw new AwsError("InvalidPolicyDocument", "The policy document has no statement.");
}

function refuseUnsupported(input: sdk.CreateVpcEndpointRequest): void {
  const { SubnetConfigurations, ServiceNetworkArn, ResourceConfigurationArn, ServiceRegion, IpAddressType } = input;
  const unsupported = Object.entries({ SubnetConfigurations, ServiceNetworkArn, ResourceConfigurationArn, ServiceRegion }).find(
    ([, value]) => value !== undefined && value.length > 0,
  );
  if (unsupported) throw new AwsError("NotImplemented", `Causeway does not emulate VPC endpoints with ${unsupported[0]}.`, 501);
  if (IpAddressType !== undefined && IpAddressType !== "ipv4")
    throw new AwsError("NotImplemented", `Causeway does not emulate VPC endpoints with IpAddressType ${IpAddressType}.`, 501);
}

/** As the SDK's type has it; see `State`. */
function shown(endpoint: Endpoint): sdk.VpcEndpoint {
  return structuredClone(endpoint) as unknown as sdk.VpcEndpoint;
}
