/** VPC endpoints in CloudFormation. Type: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpcendpoint.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, resource, type Call, type Properties } from "../../service.ts";
import { endpointOperations, findEndpoint, type EndpointTimers } from "./endpoints.ts";
import type { State } from "./state.ts";
import { resourceTags, retag } from "./tags.ts";

type Here = Call<State, EndpointTimers>;

export const endpointResources = {
  "AWS::EC2::VPCEndpoint": resource({
    create(call: Here, properties, stack) {
      const {
        VpcId,
        ServiceName,
        VpcEndpointType = "Gateway",
        RouteTableIds,
        SubnetIds,
        SecurityGroupIds,
        IpAddressType,
        Tags,
      } = properties;
      const isInterface = VpcEndpointType === "Interface";
      const { VpcEndpoint } = endpointOperations.CreateVpcEndpoint(call, {
        VpcId,
        ServiceName,
        VpcEndpointType,
        RouteTableIds,
        SubnetIds,
        SecurityGroupIds,
        IpAddressType,
        ServiceNetworkArn: properties["ServiceNetworkArn"],
        ResourceConfigurationArn: properties["ResourceConfigurationArn"],
        ServiceRegion: properties["ServiceRegion"],
        DnsOptions: dnsOptions(properties),
        PolicyDocument: policy(properties),
        // Here the default is false, unlike the API's.
        PrivateDnsEnabled: isInterface ? isTrue(properties["PrivateDnsEnabled"]) : undefined,
        TagSpecifications: [{ ResourceType: "vpc-endpoint", Tags: resourceTags(Tags, stack) }],
      });
      return VpcEndpoint.VpcEndpointId!;
    },
    update(call: Here, id, properties, previous, stack) {
      const { RouteTableIds = [], SubnetIds = [], SecurityGroupIds = [] } = properties;
      const endpoint = findEndpoint(call, id);
      const isInterface = endpoint.VpcEndpointType === "Interface";
      const document = policy(properties);
      endpointOperations.ModifyVpcEndpoint(call, {
        VpcEndpointId: id,
        ...(document === undefined ? { ResetPolicy: previous["PolicyDocument"] !== undefined } : { PolicyDocument: document }),
        ...(!isInterface && {
          AddRouteTableIds: minus(RouteTableIds, endpoint.RouteTableIds),
          RemoveRouteTableIds: minus(endpoint.RouteTableIds, RouteTableIds),
        }),
        ...(isInterface && {
          AddSubnetIds: minus(SubnetIds, endpoint.SubnetIds),
          RemoveSubnetIds: minus(endpoint.SubnetIds, SubnetIds),
          PrivateDnsEnabled: isTrue(properties["PrivateDnsEnabled"]),
          DnsOptions: dnsOptions(properties),
        }),
        ...(isInterface && SecurityGroupIds.length > 0 && groupChanges(endpoint.Groups, SecurityGroupIds)),
      });
      retag(call, id, properties["Tags"], previous["Tags"], stack);
    },
    delete: (call: Here, id) => void endpointOperations.DeleteVpcEndpoints(call, { VpcEndpointIds: [id] }),
    settled(call: Here, id) {
      const { State } = findEndpoint(call, id);
      if (State === "deleting") throw new AwsError("IncorrectState", `The Vpc Endpoint '${id}' is being deleted`);
      return State === "available";
    },
    gone: (call: Here, id) => !call.state.vpcEndpoints.has(id),
    attributes(call: Here, id) {
      const { CreationTimestamp, DnsEntries, NetworkInterfaceIds } = findEndpoint(call, id);
      return {
        Id: id,
        CreationTimestamp: CreationTimestamp.toISOString(),
        DnsEntries: DnsEntries.map(({ HostedZoneId, DnsName }) => `${HostedZoneId}:${DnsName}`),
        NetworkInterfaceIds,
      };
    },
    read(call: Here, id) {
      const endpoint = call.state.vpcEndpoints.get(id);
      if (!endpoint) return undefined;
      const { VpcId, ServiceName, VpcEndpointType, RouteTableIds, SubnetIds, Groups, PrivateDnsEnabled, PolicyDocument, Tags } = endpoint;
      return {
        VpcId,
        ServiceName,
        VpcEndpointType,
        RouteTableIds,
        SubnetIds,
        SecurityGroupIds: Groups.map(({ GroupId }) => GroupId),
        PrivateDnsEnabled,
        PolicyDocument: JSON.parse(PolicyDocument),
        Tags,
      };
    },
  }),
};

function groupChanges(
  present: { GroupId: string }[],
  wanted: string[],
): Pick<sdk.ModifyVpcEndpointRequest, "AddSecurityGroupIds" | "RemoveSecurityGroupIds"> {
  const ids = present.map(({ GroupId }) => GroupId);
  return { AddSecurityGroupIds: minus(wanted, ids), RemoveSecurityGroupIds: minus(ids, wanted) };
}

/** An object or its text. */
function policy({ PolicyDocument }: Properties): string | undefined {
  return PolicyDocument === undefined || typeof PolicyDocument === "string" ? PolicyDocument : JSON.stringify(PolicyDocument);
}

function dnsOptions({ DnsOptions }: Properties): sdk.DnsOptionsSpecification | undefined {
  if (!DnsOptions) return undefined;
  const only = DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint;
  return {
    DnsRecordIpType: DnsOptions.DnsRecordIpType,
    PrivateDnsOnlyForInboundResolverEndpoint: only === undefined ? undefined : only === "OnlyInboundResolver" || isTrue(only),
  };
}

const isTrue = (value: unknown) => String(value) === "true";

const minus = (all: string[], some: string[]) => all.filter((each) => !some.includes(each));
