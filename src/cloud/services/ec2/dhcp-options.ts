/** DHCP option sets: what a VPC tells its hosts of names and time. Guide: https://docs.aws.amazon.com/vpc/latest/userguide/VPC_DHCP_Options.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { isDeepStrictEqual } from "node:util";
import { AwsError, resource, type Call, type Known, type Operations, type Properties } from "../../service.ts";
import { filtered } from "./filters.ts";
import { byId, byIds } from "./ids.ts";
import { page } from "./pages.ts";
import type { State } from "./state.ts";
import { resourceTags, retag, tagsOf } from "./tags.ts";

type Configuration = { Key: string; Values: { Value: string }[] };
export type DhcpOptions = Known<Omit<sdk.DhcpOptions, "DhcpConfigurations">, "DhcpOptionsId" | "OwnerId" | "Tags"> & {
  DhcpConfigurations: Configuration[];
};
type Here = Call<State>;

// How many values each takes: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateDhcpOptions.html
const VALUES_MAX: Record<string, number> = {
  "domain-name": 1,
  "domain-name-servers": 4,
  "ntp-servers": 4,
  "netbios-name-servers": 4,
  "netbios-node-type": 1,
  "ipv6-address-preferred-lease-time": 1,
};

export const dhcpOptionsOperations = {
  CreateDhcpOptions(call, { DhcpConfigurations, TagSpecifications }) {
    const configurations = checked(DhcpConfigurations);
    return { DhcpOptions: make(call, configurations, tagsOf(call, TagSpecifications, "dhcp-options")) };
  },
  DeleteDhcpOptions(call, { DhcpOptionsId }) {
    byId(call.state.dhcpOptions, "dopt", DhcpOptionsId);
    if ([...call.state.vpcs.values()].some((vpc) => vpc.DhcpOptionsId === DhcpOptionsId)) {
      throw new AwsError("DependencyViolation", `The dhcpOptions '${DhcpOptionsId}' has dependencies and cannot be deleted.`);
    }
    call.state.dhcpOptions.delete(DhcpOptionsId);
  },
  DescribeDhcpOptions(call, { DhcpOptionsIds, Filters, MaxResults, NextToken }) {
    const kept = filtered(byIds(call.state.dhcpOptions, "dopt", DhcpOptionsIds), Filters, {
      "dhcp-options-id": (options) => options.DhcpOptionsId,
      key: (options) => options.DhcpConfigurations.map(({ Key }) => Key),
      value: (options) => options.DhcpConfigurations.flatMap(({ Values }) => Values.map(({ Value }) => Value)),
      "owner-id": ({ OwnerId }) => OwnerId,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken });
    return { DhcpOptions: items, NextToken: next };
  },
  /** The word `default` instead of an id leaves the VPC without a set. */
  AssociateDhcpOptions(call, { DhcpOptionsId, VpcId }) {
    const vpc = byId(call.state.vpcs, "vpc", VpcId);
    if (DhcpOptionsId !== "default") byId(call.state.dhcpOptions, "dopt", DhcpOptionsId);
    vpc.DhcpOptionsId = DhcpOptionsId;
  },
} satisfies Operations<sdk.EC2, State>;

/** The set that a new VPC gets: made with the region's first VPC, and again should somebody have deleted it. */
export function defaultDhcpOptions(call: Here): string {
  // docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSet.html: us-east-1 has the older domain
  const domain = call.region === "us-east-1" ? "ec2.internal" : `${call.region}.compute.internal`;
  const standard: Configuration[] = [
    { Key: "domain-name", Values: [{ Value: domain }] },
    { Key: "domain-name-servers", Values: [{ Value: "AmazonProvidedDNS" }] },
  ];
  const present = [...call.state.dhcpOptions.values()].find(({ DhcpConfigurations }) => isDeepStrictEqual(DhcpConfigurations, standard));
  return (present ?? make(call, standard, [])).DhcpOptionsId;
}

function make(call: Here, configurations: Configuration[], tags: sdk.Tag[]): DhcpOptions {
  const id = call.id("dopt");
  const options: DhcpOptions = { DhcpOptionsId: id, OwnerId: call.account, Tags: tags, DhcpConfigurations: configurations };
  call.state.dhcpOptions.set(id, options);
  return options;
}

function checked(given: readonly sdk.NewDhcpConfiguration[]): Configuration[] {
  const configurations = given.map(({ Key = "", Values = [] }) => {
    const most = VALUES_MAX[Key];
    if (most === undefined)
      throw new AwsError("InvalidParameterValue", `Value (${Key}) for parameter dhcpConfiguration.key is invalid. Unknown DHCP option.`);
    const values = Values.flatMap((value) => (Key === "domain-name" ? [value] : value.split(",").map((each) => each.trim())));
    if (values.length < 1 || values.length > most)
      throw new AwsError(
        "InvalidParameterValue",
        `Value (${values.join(", ")}) for parameter ${Key} is invalid. It takes 1 to ${most} values.`,
      );
    if (Key === "netbios-node-type" && !["1", "2", "4", "8"].includes(values[0]!))
      throw new AwsError(
        "InvalidParameterValue",
        `Value (${values[0]}) for parameter netbios-node-type is invalid. It must be 1, 2, 4 or 8.`,
      );
    return { Key, Values: values.map((Value) => ({ Value })) };
  });
  if (configurations.length === 0) throw new AwsError("MissingParameter", "The request must contain the parameter dhcpConfiguration");
  return configurations;
}

export const dhcpOptionsResources = {
  "AWS::EC2::DHCPOptions": resource({
    create(call: Here, properties, stack) {
      const { DhcpOptions } = dhcpOptionsOperations.CreateDhcpOptions(call, {
        DhcpConfigurations: configurationsOf(properties),
        TagSpecifications: [{ ResourceType: "dhcp-options", Tags: resourceTags(properties["Tags"], stack) }],
      });
      return DhcpOptions.DhcpOptionsId;
    },
    update: (call: Here, id, { Tags }, previous, stack) => retag(call, id, Tags, previous["Tags"], stack),
    delete(call: Here, id) {
      if (call.state.dhcpOptions.has(id)) dhcpOptionsOperations.DeleteDhcpOptions(call, { DhcpOptionsId: id });
    },
    attributes: (_call, id) => ({ DhcpOptionsId: id }),
  }),

  "AWS::EC2::VPCDHCPOptionsAssociation": resource({
    create(call: Here, { DhcpOptionsId, VpcId }) {
      dhcpOptionsOperations.AssociateDhcpOptions(call, { DhcpOptionsId, VpcId });
      return `${DhcpOptionsId}|${VpcId}`;
    },
    update(call: Here, _id, { DhcpOptionsId, VpcId }) {
      dhcpOptionsOperations.AssociateDhcpOptions(call, { DhcpOptionsId, VpcId });
      return `${DhcpOptionsId}|${VpcId}`;
    },
    delete(call: Here, _id, { DhcpOptionsId, VpcId }) {
      if (call.state.vpcs.get(VpcId)?.DhcpOptionsId === DhcpOptionsId)
        dhcpOptionsOperations.AssociateDhcpOptions(call, { DhcpOptionsId: "default", VpcId });
    },
  }),
};

function configurationsOf({
  DomainName,
  DomainNameServers,
  NtpServers,
  NetbiosNameServers,
  NetbiosNodeType,
  Ipv6AddressPreferredLeaseTime,
}: Properties): sdk.NewDhcpConfiguration[] {
  const values: Record<string, unknown[] | undefined> = {
    "domain-name": DomainName === undefined ? undefined : [DomainName],
    "domain-name-servers": DomainNameServers,
    "ntp-servers": NtpServers,
    "netbios-name-servers": NetbiosNameServers,
    "netbios-node-type": NetbiosNodeType === undefined ? undefined : [NetbiosNodeType],
    "ipv6-address-preferred-lease-time": Ipv6AddressPreferredLeaseTime === undefined ? undefined : [Ipv6AddressPreferredLeaseTime],
  };
  return Object.entries(values).flatMap(([Key, Values]) => (Values ? [{ Key, Values: Values.map(String) }] : []));
}
