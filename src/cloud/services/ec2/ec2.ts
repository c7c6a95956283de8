/** Amazon EC2: networking and instances. Each noun has its own file. API: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-ec2";
import type { Operations, Service } from "../../service.ts";
import { accountAttributeOperations } from "./account-attributes.ts";
import { addressResources } from "./address-resources.ts";
import { capacityReservationOperations, capacityTimers } from "./capacity-reservations.ts";
import { capacityResources } from "./capacity-resources.ts";
import { defaultVpcOperations, foundation } from "./default-vpc.ts";
import { dhcpOptionsOperations, dhcpOptionsResources } from "./dhcp-options.ts";
import { honouringDryRun } from "./dry-run.ts";
import { addressOperations } from "./elastic-ips.ts";
import { encryptionOperations } from "./encryption.ts";
import { endpointResources } from "./endpoint-resources.ts";
import { endpointServiceOperations } from "./endpoint-services.ts";
import { endpointOperations, endpointTimers } from "./endpoints.ts";
import { flowLogOperations, flowLogResources } from "./flow-logs.ts";
import { imageOperations } from "./images.ts";
import { instanceAttributeOperations } from "./instance-attributes.ts";
import { instanceMetadataOperations } from "./instance-metadata.ts";
import { containerChanged, loadChanged, measureTimers, monitoringOperations } from "./instance-metrics.ts";
import { instanceProfileOperations } from "./instance-profiles.ts";
import { instanceResources } from "./instance-resources.ts";
import { instanceTimers } from "./instance-states.ts";
import { machineChanged, statusTimers } from "./instance-status.ts";
import { instanceTypeOperations } from "./instance-types.ts";
import { instanceOperations } from "./instances.ts";
import { interfaceAddressOperations } from "./interface-addresses.ts";
import { interfaceOperations } from "./interfaces.ts";
import { internetGatewayOperations } from "./internet-gateways.ts";
import { keyPairOperations } from "./key-pairs.ts";
import { keyPairResources } from "./key-pair-resource.ts";
import { launchTemplateOperations } from "./launch-templates.ts";
import { natGatewayAddressOperations, natGatewayAddressTimers } from "./nat-gateway-addresses.ts";
import { natGatewayOperations, natGatewayTimers } from "./nat-gateways.ts";
import { networkAclOperations, networkAclResources } from "./network-acls.ts";
import { imageTimers, ownImageOperations } from "./own-images.ts";
import { placementGroupOperations } from "./placement-groups.ts";
import { peeringOperations, peeringResources, peeringTimers } from "./peering.ts";
import { prefixListOperations, prefixListResources, prefixListTimers } from "./prefix-lists.ts";
import { regionOperations } from "./regions.ts";
import { routeTableOperations } from "./route-tables.ts";
import { routeTableResources } from "./route-table-resources.ts";
import { routeOperations } from "./routes.ts";
import { securityGroupResources } from "./security-group-resources.ts";
import { securityGroupRuleOperations } from "./security-group-rules.ts";
import { securityGroupOperations } from "./security-groups.ts";
import { snapshotOperations, snapshotTimers } from "./snapshots.ts";
import type { State } from "./state.ts";
import { subnetOperations } from "./subnets.ts";
import { tag, tagged, tagOperations } from "./tags.ts";
import { volumeChangeOperations, volumeChangeTimers } from "./volume-changes.ts";
import { volumeResources } from "./volume-resources.ts";
import { volumeOperations, volumeTimers } from "./volumes.ts";
import { vpcBlockOperations } from "./vpc-blocks.ts";
import { vpcResources } from "./vpc-resources.ts";
import { vpcOperations } from "./vpcs.ts";

const operations = honouringDryRun({
  ...accountAttributeOperations,
  ...addressOperations,
  ...capacityReservationOperations,
  ...defaultVpcOperations,
  ...dhcpOptionsOperations,
  ...encryptionOperations,
  ...endpointOperations,
  ...endpointServiceOperations,
  ...flowLogOperations,
  ...imageOperations,
  ...instanceAttributeOperations,
  ...instanceMetadataOperations,
  ...instanceOperations,
  ...instanceProfileOperations,
  ...instanceTypeOperations,
  ...interfaceAddressOperations,
  ...interfaceOperations,
  ...internetGatewayOperations,
  ...keyPairOperations,
  ...launchTemplateOperations,
  ...monitoringOperations,
  ...natGatewayAddressOperations,
  ...natGatewayOperations,
  ...networkAclOperations,
  ...ownImageOperations,
  ...peeringOperations,
  ...placementGroupOperations,
  ...prefixListOperations,
  ...regionOperations,
  ...routeOperations,
  ...routeTableOperations,
  ...securityGroupOperations,
  ...securityGroupRuleOperations,
  ...snapshotOperations,
  ...subnetOperations,
  ...tagOperations,
  ...vpcBlockOperations,
  ...volumeChangeOperations,
  ...volumeOperations,
  ...vpcOperations,
}) satisfies Operations<sdk.EC2, State>;

export const ec2 = {
  needs: ["cloudwatch", "iam", "kms", "servicequotas", "ssm", "sts"],
  api: { signing: "ec2", protocol: "ec2Query", version: "2016-11-15", namespace: "http://ec2.amazonaws.com/doc/2016-11-15/" },
  sdk: () => import("@aws-sdk/client-ec2"),
  state: foundation,
  operations,
  timers: {
    ...capacityTimers,
    ...endpointTimers,
    ...imageTimers,
    ...instanceTimers,
    ...measureTimers,
    ...natGatewayAddressTimers,
    ...natGatewayTimers,
    ...peeringTimers,
    ...prefixListTimers,
    ...snapshotTimers,
    ...statusTimers,
    ...volumeChangeTimers,
    ...volumeTimers,
  },
  senses: { container: containerChanged, load: loadChanged, machine: machineChanged },
  tagged,
  tag,
  resources: {
    ...addressResources,
    ...capacityResources,
    ...dhcpOptionsResources,
    ...endpointResources,
    ...flowLogResources,
    ...instanceResources,
    ...keyPairResources,
    ...networkAclResources,
    ...peeringResources,
    ...prefixListResources,
    ...routeTableResources,
    ...securityGroupResources,
    ...volumeResources,
    ...vpcResources,
  },
} satisfies Service;
