/** What EC2 knows of a region: a Map by id for each noun. The element's type is in the noun's own file. */
import type * as sdk from "@aws-sdk/client-ec2";
import type { Call, Known } from "../../service.ts";
import type { CapacityReservation } from "./capacity-reservations.ts";
import type { Address } from "./elastic-ips.ts";
import type { DhcpOptions } from "./dhcp-options.ts";
import type { Encryption } from "./encryption.ts";
import type { Image } from "./images.ts";
import type { EgressOnlyInternetGateway, InternetGateway } from "./internet-gateways.ts";
import type { FlowLog } from "./flow-logs.ts";
import type { Instance } from "./instances.ts";
import type { Interface } from "./interfaces.ts";
import type { KeyPair } from "./key-pairs.ts";
import type { LaunchTemplate } from "./launch-templates.ts";
import type { NatGateway } from "./nat-gateways.ts";
import type { NetworkAcl } from "./network-acls.ts";
import type { Peering } from "./peering.ts";
import type { PlacementGroup } from "./placement-groups.ts";
import type { PrefixList } from "./prefix-lists.ts";
import type { RouteTable } from "./route-tables.ts";
import type { Group, Rule } from "./security-group-permissions.ts";
import type { Snapshot } from "./snapshots.ts";
import type { Subnet } from "./subnets.ts";
import type { Endpoint } from "./endpoints.ts";
import type { Volume } from "./volumes.ts";
import type { Vpc } from "./vpcs.ts";

/** A virtual private gateway: the target of routes and the source of propagated ones. */
export type VpnGateway = Known<Omit<sdk.VpnGateway, "VpcAttachments">, "VpnGatewayId" | "State" | "Tags"> & {
  VpcAttachments: sdk.VpcAttachment[];
};

export const state = () => ({
  vpcs: new Map<string, Vpc>(),
  subnets: new Map<string, Subnet>(),
  routeTables: new Map<string, RouteTable>(),
  internetGateways: new Map<string, InternetGateway>(),
  egressOnlyInternetGateways: new Map<string, EgressOnlyInternetGateway>(),
  natGateways: new Map<string, NatGateway>(),
  /** Elastic IP addresses by allocation id. */
  addresses: new Map<string, Address>(),
  networkInterfaces: new Map<string, Interface>(),
  dhcpOptions: new Map<string, DhcpOptions>(),
  securityGroups: new Map<string, Group>(),
  securityGroupRules: new Map<string, Rule>(),
  networkAcls: new Map<string, NetworkAcl>(),
  vpcEndpoints: new Map<string, Endpoint>(),
  prefixLists: new Map<string, PrefixList>(),
  flowLogs: new Map<string, FlowLog>(),
  vpcPeeringConnections: new Map<string, Peering>(),
  vpnGateways: new Map<string, VpnGateway>(),
  instances: new Map<string, Instance>(),
  /** Auto Scaling group → its instances, for what EC2 reports of them together. */
  scaled: new Map<string, string[]>(),
  /** Instances whose containers have changed at this instant. */
  unmeasured: new Set<string>(),
  launchTemplates: new Map<string, LaunchTemplate>(),
  capacityReservations: new Map<string, CapacityReservation>(),
  placementGroups: new Map<string, PlacementGroup>(),
  keyPairs: new Map<string, KeyPair>(),
  images: new Map<string, Image>(),
  volumes: new Map<string, Volume>(),
  snapshots: new Map<string, Snapshot>(),
  encryption: { byDefault: false } as Encryption,
  /** What the account wants of its instances' metadata where a launch says nothing. */
  metadataDefaults: {} as Omit<sdk.InstanceMetadataDefaultsResponse, "ManagedBy" | "ManagedExceptionMessage">,
  /** Client tokens of creations, `operation/token` → what it made and of what request. */
  clientTokens: new Map<string, { id: string; request: string }>(),
});

export type State = ReturnType<typeof state>;
/** A call of EC2's, for functions that are shared between its nouns. */
export type Here = Call<State>;
