/** Network ACLs: numbered rules at a subnet's border. Guide: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, resource, type Call, type Known, type Operations, type Properties } from "../../service.ts";
import { canonical } from "./cidr.ts";
import { madeBefore, remember } from "./client-tokens.ts";
import { filtered } from "./filters.ts";
import { byId, byIds } from "./ids.ts";
import { page } from "./pages.ts";
import type { State } from "./state.ts";
import { resourceTags, retag, tagsOf } from "./tags.ts";
import { findVpc } from "./vpcs.ts";

type Association = Known<sdk.NetworkAclAssociation, "NetworkAclAssociationId" | "NetworkAclId" | "SubnetId">;
type Entry = Known<sdk.NetworkAclEntry, "Egress" | "Protocol" | "RuleAction" | "RuleNumber">;
export type NetworkAcl = Known<
  Omit<sdk.NetworkAcl, "Associations" | "Entries">,
  "NetworkAclId" | "VpcId" | "IsDefault" | "OwnerId" | "Tags"
> & { Associations: Association[]; Entries: Entry[] };
type Here = Call<State>;

// In each direction, AWS's own last rules included: docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const ENTRIES_MAX = 20;
const ACLS_MAX = 200; // a VPC, same page
const LAST_IPV4 = 32_767;
const LAST_IPV6 = 32_768;
const EVERYWHERE = "0.0.0.0/0";
const EVERYWHERE_IPV6 = "::/0";

export const networkAclOperations = {
  CreateNetworkAcl(call, { ClientToken: token, ...request }) {
    const made = madeBefore(call, "CreateNetworkAcl", token, request);
    if (made !== undefined) return { NetworkAcl: findAcl(call, made), ClientToken: token };
    const { VpcId, TagSpecifications } = request;
    findVpc(call, VpcId);
    const acls = [...call.state.networkAcls.values()].filter((acl) => acl.VpcId === VpcId);
    if (acls.length >= ACLS_MAX) throw new AwsError("NetworkAclLimitExceeded", `The maximum number of network acls has been reached.`);
    const tags = tagsOf(call, TagSpecifications, "network-acl");
    const acl = make(call, VpcId, { isDefault: false, tags });
    remember(call, "CreateNetworkAcl", token, request, acl.NetworkAclId);
    return { NetworkAcl: acl, ClientToken: token };
  },
  DeleteNetworkAcl(call, { NetworkAclId }) {
    const acl = findAcl(call, NetworkAclId);
    if (acl.IsDefault) throw new AwsError("InvalidParameterValue", `cannot delete default network ACL ${NetworkAclId}`);
    if (acl.Associations.length > 0)
      throw new AwsError("DependencyViolation", `The networkAcl '${NetworkAclId}' has dependencies and cannot be deleted.`);
    call.state.networkAcls.delete(NetworkAclId);
  },
  CreateNetworkAclEntry(call, input) {
    const acl = findAcl(call, input.NetworkAclId);
    const entry = entryOf(input);
    if (entryIn(acl, entry))
      throw new AwsError("NetworkAclEntryAlreadyExists", `The network acl entry identified by ${entry.RuleNumber} already exists.`);
    if (acl.Entries.filter(({ Egress }) => Egress === entry.Egress).length >= ENTRIES_MAX) {
      throw new AwsError("NetworkAclEntryLimitExceeded", "The maximum number of network acl entries has been reached.");
    }
    acl.Entries.push(entry);
    sort(acl);
  },
  ReplaceNetworkAclEntry(call, input) {
    const acl = findAcl(call, input.NetworkAclId);
    const entry = entryOf(input);
    acl.Entries[acl.Entries.indexOf(findEntry(acl, entry))] = entry;
  },
  DeleteNetworkAclEntry(call, { NetworkAclId, RuleNumber, Egress }) {
    const acl = findAcl(call, NetworkAclId);
    checkNumber(RuleNumber);
    const entry = findEntry(acl, { RuleNumber, Egress });
    acl.Entries.splice(acl.Entries.indexOf(entry), 1);
  },
  ReplaceNetworkAclAssociation(call, { AssociationId, NetworkAclId }) {
    const [from, association] = findAssociation(call, AssociationId);
    const to = findAcl(call, NetworkAclId);
    if (from.VpcId !== to.VpcId)
      throw new AwsError(
        "InvalidParameterValue",
        `networkAcl ${NetworkAclId} and subnet ${association.SubnetId} belong to different networks`,
      );
    from.Associations.splice(from.Associations.indexOf(association), 1);
    return { NewAssociationId: associate(call, to, association.SubnetId) };
  },
  DescribeNetworkAcls(call, { NetworkAclIds, Filters, MaxResults, NextToken }) {
    const acls = byIds(call.state.networkAcls, "acl", NetworkAclIds);
    const { items, NextToken: next } = page(filtered(acls, Filters, aclFilters), { MaxResults, NextToken, least: 5 });
    return { NetworkAcls: items, NextToken: next };
  },
} satisfies Operations<sdk.EC2, State>;

/** A VPC's own ACL, which lets everything through. */
export function createDefaultAcl(call: Here, vpcId: string): string {
  return make(call, vpcId, { isDefault: true, tags: [] }).NetworkAclId;
}

/** With its VPC goes the default ACL; the caller has made sure that no other is left. */
export function deleteDefaultAcl(call: Here, vpcId: string): void {
  const acl = defaultAcl(call, vpcId);
  if (acl) call.state.networkAcls.delete(acl.NetworkAclId);
}

/** A new subnet starts behind its VPC's default ACL. */
export function associateDefaultAcl(call: Here, vpcId: string, subnetId: string): void {
  const acl = defaultAcl(call, vpcId);
  if (acl) associate(call, acl, subnetId);
}

/** A subnet that goes leaves its ACL. */
export function dissociateAcl(call: Here, subnetId: string): void {
  for (const acl of call.state.networkAcls.values()) acl.Associations = acl.Associations.filter(({ SubnetId }) => SubnetId !== subnetId);
}

/** The rules that AWS adds when a VPC gets its first IPv6 block: docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html */
export function addIpv6AclEntries(call: Here, vpcId: string): void {
  for (const acl of call.state.networkAcls.values()) {
    if (acl.VpcId !== vpcId || acl.Entries.some(({ RuleNumber }) => RuleNumber === LAST_IPV6)) continue;
    const isUnchanged =
      acl.IsDefault && acl.Entries.length === 4 && acl.Entries.filter(({ RuleNumber }) => RuleNumber === 100).length === 2;
    for (const Egress of [true, false]) {
      if (isUnchanged) acl.Entries.push({ Egress, Ipv6CidrBlock: EVERYWHERE_IPV6, Protocol: "-1", RuleAction: "allow", RuleNumber: 101 });
      acl.Entries.push({ Egress, Ipv6CidrBlock: EVERYWHERE_IPV6, Protocol: "-1", RuleAction: "deny", RuleNumber: LAST_IPV6 });
    }
    sort(acl);
  }
}

const each = (value: (entry: Entry) => string | number | undefined) => (acl: NetworkAcl) =>
  acl.Entries.flatMap((entry) => value(entry)?.toString() ?? []);

const aclFilters = {
  "association.association-id": ({ Associations }: NetworkAcl) =>
    Associations.map(({ NetworkAclAssociationId }) => NetworkAclAssociationId),
  "association.network-acl-id": ({ Associations }: NetworkAcl) => Associations.map(({ NetworkAclId }) => NetworkAclId),
  "association.subnet-id": ({ Associations }: NetworkAcl) => Associations.map(({ SubnetId }) => SubnetId),
  default: ({ IsDefault }: NetworkAcl) => `${IsDefault}`,
  "entry.cidr": each(({ CidrBlock }) => CidrBlock),
  "entry.icmp.code": each(({ IcmpTypeCode }) => IcmpTypeCode?.Code),
  "entry.icmp.type": each(({ IcmpTypeCode }) => IcmpTypeCode?.Type),
  "entry.ipv6-cidr": each(({ Ipv6CidrBlock }) => Ipv6CidrBlock),
  "entry.port-range.from": each(({ PortRange }) => PortRange?.From),
  "entry.port-range.to": each(({ PortRange }) => PortRange?.To),
  "entry.protocol": each(({ Protocol }) => Protocol),
  "entry.rule-action": each(({ RuleAction }) => RuleAction),
  "entry.egress": each(({ Egress }) => `${Egress}`),
  "entry.rule-number": each(({ RuleNumber }) => RuleNumber),
  "network-acl-id": ({ NetworkAclId }: NetworkAcl) => NetworkAclId,
  "owner-id": ({ OwnerId }: NetworkAcl) => OwnerId,
  "vpc-id": ({ VpcId }: NetworkAcl) => VpcId,
};

function make(call: Here, vpcId: string, { isDefault, tags }: { isDefault: boolean; tags: sdk.Tag[] }): NetworkAcl {
  const id = call.id("acl");
  const acl: NetworkAcl = {
    NetworkAclId: id,
    VpcId: vpcId,
    IsDefault: isDefault,
    OwnerId: call.account,
    Tags: tags,
    Associations: [],
    Entries: [],
  };
  const ipv6 = call.state.vpcs
    .get(vpcId)
    ?.Ipv6CidrBlockAssociationSet?.some(({ Ipv6CidrBlockState }) => Ipv6CidrBlockState?.State === "associated");
  for (const Egress of [true, false]) {
    if (isDefault) acl.Entries.push({ Egress, CidrBlock: EVERYWHERE, Protocol: "-1", RuleAction: "allow", RuleNumber: 100 });
    if (isDefault && ipv6)
      acl.Entries.push({ Egress, Ipv6CidrBlock: EVERYWHERE_IPV6, Protocol: "-1", RuleAction: "allow", RuleNumber: 101 });
    acl.Entries.push({ Egress, CidrBlock: EVERYWHERE, Protocol: "-1", RuleAction: "deny", RuleNumber: LAST_IPV4 });
    if (ipv6) acl.Entries.push({ Egress, Ipv6CidrBlock: EVERYWHERE_IPV6, Protocol: "-1", RuleAction: "deny", RuleNumber: LAST_IPV6 });
  }
  call.state.networkAcls.set(id, acl);
  return acl;
}

function associate(call: Here, acl: NetworkAcl, subnetId: string): string {
  const id = call.id("aclassoc");
  acl.Associations.push({ NetworkAclAssociationId: id, NetworkAclId: acl.NetworkAclId, SubnetId: subnetId });
  return id;
}

/** Outwards first, then by number, as AWS lists them. */
function sort(acl: NetworkAcl): void {
  acl.Entries.sort((a, b) => Number(b.Egress) - Number(a.Egress) || a.RuleNumber - b.RuleNumber);
}

/** An entry as the request spells it out, checked. */
function entryOf(input: sdk.CreateNetworkAclEntryRequest): Entry {
  const { CidrBlock, Ipv6CidrBlock, Egress = false, Protocol = "", RuleAction, RuleNumber = 0, IcmpTypeCode, PortRange } = input;
  checkNumber(RuleNumber);
  if (RuleAction !== "allow" && RuleAction !== "deny")
    throw new AwsError("InvalidParameterValue", `Invalid value '${RuleAction}' for rule action. Must be one of: allow, deny.`);
  if ((CidrBlock === undefined) === (Ipv6CidrBlock === undefined)) {
    throw new AwsError(
      CidrBlock === undefined ? "MissingParameter" : "InvalidParameterCombination",
      "Exactly one of CidrBlock and Ipv6CidrBlock must be specified.",
    );
  }
  const cidr = canonical(CidrBlock ?? Ipv6CidrBlock ?? "");
  if (!cidr || cidr.includes(":") !== (Ipv6CidrBlock !== undefined))
    throw new AwsError(
      "InvalidParameterValue",
      `Value (${CidrBlock ?? Ipv6CidrBlock}) for parameter cidrBlock is invalid. This is not a valid CIDR block.`,
    );
  const protocol = protocolNumber(Protocol);
  const entry: Entry = {
    ...(CidrBlock === undefined ? { Ipv6CidrBlock: cidr } : { CidrBlock: cidr }),
    Egress,
    Protocol: protocol,
    RuleAction,
    RuleNumber,
  };
  if (protocol === "6" || protocol === "17") entry.PortRange = ports(PortRange);
  if (protocol === "1" || protocol === "58") {
    if (IcmpTypeCode?.Type === undefined || IcmpTypeCode.Code === undefined)
      throw new AwsError("MissingParameter", "The request must contain the parameter icmpTypeCode");
    entry.IcmpTypeCode = { Type: IcmpTypeCode.Type, Code: IcmpTypeCode.Code };
  }
  return entry;
}

function ports(range: sdk.PortRange | undefined): sdk.PortRange {
  const { From, To } = range ?? {};
  if (From === undefined || To === undefined) throw new AwsError("MissingParameter", "The request must contain the parameter portRange");
  if (From < 0 || To > 65_535 || From > To)
    throw new AwsError(
      "InvalidParameterValue",
      `Invalid value '${From}-${To}' for portRange. Ports must lie in 0-65535, the first not above the last.`,
    );
  return { From, To };
}

const PROTOCOLS: Record<string, string> = { all: "-1", icmp: "1", tcp: "6", udp: "17", icmpv6: "58" };

function protocolNumber(given: string): string {
  const protocol = PROTOCOLS[given.toLowerCase()] ?? given;
  if (protocol !== "-1" && !(/^\d{1,3}$/.test(protocol) && Number(protocol) <= 255))
    throw new AwsError("InvalidParameterValue", `Invalid value '${given}' for IP protocol. Unknown protocol.`);
  return protocol;
}

/** docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html */
function checkNumber(number: number): void {
  if (!Number.isInteger(number) || number < 1 || number > 32_766)
    throw new AwsError(
      "InvalidParameterValue",
      `Value (${number}) for parameter ruleNumber is invalid. Rule numbers must be between 1 and 32766.`,
    );
}

function entryIn(acl: NetworkAcl, { RuleNumber, Egress }: Pick<Entry, "RuleNumber" | "Egress">): Entry | undefined {
  return acl.Entries.find((entry) => entry.RuleNumber === RuleNumber && entry.Egress === Egress);
}

function findEntry(acl: NetworkAcl, wanted: Pick<Entry, "RuleNumber" | "Egress">): Entry {
  const entry = entryIn(acl, wanted);
  if (!entry)
    throw new AwsError("InvalidNetworkAclEntry.NotFound", `The network acl entry identified by ${wanted.RuleNumber} does not exist`);
  return entry;
}

function findAcl(call: Here, id: string): NetworkAcl {
  return byId(call.state.networkAcls, "acl", id);
}

function findAssociation(call: Here, id: string): [NetworkAcl, Association] {
  for (const acl of call.state.networkAcls.values()) {
    const association = acl.Associations.find(({ NetworkAclAssociationId }) => NetworkAclAssociationId === id);
    if (association) return [acl, association];
  }
  throw new AwsError("InvalidAssociationID.NotFound", `The association ID '${id}' does not exist`);
}

function defaultAcl(call: Here, vpcId: string): NetworkAcl | undefined {
  return [...call.state.networkAcls.values()].find((acl) => acl.VpcId === vpcId && acl.IsDefault);
}

export const networkAclResources = {
  "AWS::EC2::NetworkAcl": resource({
    create: (call: Here, { VpcId, Tags }, stack) =>
      networkAclOperations.CreateNetworkAcl(call, {
        VpcId,
        TagSpecifications: [{ ResourceType: "network-acl", Tags: resourceTags(Tags, stack) }],
      }).NetworkAcl.NetworkAclId,
    update: (call: Here, id, { Tags }, previous, stack) => retag(call, id, Tags, previous["Tags"], stack),
    delete(call: Here, id) {
      if (call.state.networkAcls.has(id)) networkAclOperations.DeleteNetworkAcl(call, { NetworkAclId: id });
    },
    attributes: (_call, id) => ({ Id: id }),
    read(call: Here, id) {
      const acl = call.state.networkAcls.get(id);
      return acl && { VpcId: acl.VpcId, Tags: acl.Tags };
    },
  }),

  "AWS::EC2::NetworkAclEntry": resource({
    create(call: Here, properties, stack) {
      networkAclOperations.CreateNetworkAclEntry(call, entryRequest(properties));
      return stack.generatedName(255);
    },
    update: (call: Here, _id, properties) => networkAclOperations.ReplaceNetworkAclEntry(call, entryRequest(properties)),
    delete(call: Here, _id, properties) {
      const { NetworkAclId, RuleNumber, Egress } = entryRequest(properties);
      const acl = call.state.networkAcls.get(NetworkAclId);
      if (acl && entryIn(acl, { RuleNumber, Egress }))
        networkAclOperations.DeleteNetworkAclEntry(call, { NetworkAclId, RuleNumber, Egress });
    },
    attributes: (_call, id) => ({ Id: id }),
  }),

  "AWS::EC2::SubnetNetworkAclAssociation": resource({
    create(call: Here, { SubnetId, NetworkAclId }) {
      const present = [...call.state.networkAcls.values()]
        .flatMap(({ Associations }) => Associations)
        .find((association) => association.SubnetId === SubnetId);
      if (!present) throw new AwsError("InvalidSubnetID.NotFound", `The subnet ID '${SubnetId}' does not exist`);
      return networkAclOperations.ReplaceNetworkAclAssociation(call, { AssociationId: present.NetworkAclAssociationId, NetworkAclId })
        .NewAssociationId;
    },
    // Back behind the default ACL, unless another association has taken its place meanwhile.
    delete(call: Here, id) {
      const acl = [...call.state.networkAcls.values()].find(({ Associations }) =>
        Associations.some(({ NetworkAclAssociationId }) => NetworkAclAssociationId === id),
      );
      const own = acl && defaultAcl(call, acl.VpcId);
      if (own && own !== acl)
        networkAclOperations.ReplaceNetworkAclAssociation(call, { AssociationId: id, NetworkAclId: own.NetworkAclId });
    },
    attributes: (_call, id) => ({ AssociationId: id }),
  }),
};

function entryRequest({ NetworkAclId, RuleNumber, Protocol, RuleAction, Egress, CidrBlock, Ipv6CidrBlock, Icmp, PortRange }: Properties) {
  return {
    NetworkAclId: String(NetworkAclId),
    RuleNumber: Number(RuleNumber),
    Protocol: String(Protocol),
    RuleAction: RuleAction as sdk.RuleAction,
    Egress: String(Egress) === "true",
    CidrBlock,
    Ipv6CidrBlock,
    IcmpTypeCode: Icmp && { Type: Number(Icmp.Type), Code: Number(Icmp.Code) },
    PortRange: PortRange && { From: Number(PortRange.From), To: Number(PortRange.To) },
  };
}
