/** VPCs, subnets and gateways in CloudFormation. Types: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EC2.html */
import { AwsError, resource, type Properties } from "../../service.ts";
import { internetGatewayOperations } from "./internet-gateways.ts";
import { defaultSecurityGroup } from "./security-groups.ts";
import type { Here } from "./state.ts";
import { findSubnet, subnetOperations } from "./subnets.ts";
import { resourceTags, retag } from "./tags.ts";
import { count, flag, orUndo, refuse } from "./template-values.ts";
import { vpcBlockOperations } from "./vpc-blocks.ts";
import { findVpc, vpcOperations } from "./vpcs.ts";

export const vpcResources = {
  "AWS::EC2::VPC": resource({
    create(call: Here, properties, stack) {
      refuse(properties, ["VpcEncryptionControl"]);
      const { CidrBlock, InstanceTenancy, Ipv4IpamPoolId, Ipv4NetmaskLength, Tags } = properties;
      const TagSpecifications = [{ ResourceType: "vpc" as const, Tags: resourceTags(Tags, stack) }];
      const { Vpc } = vpcOperations.CreateVpc(call, {
        CidrBlock,
        InstanceTenancy,
        Ipv4IpamPoolId,
        Ipv4NetmaskLength: count(Ipv4NetmaskLength),
        TagSpecifications,
      });
      orUndo(
        () => setVpcAttributes(call, Vpc.VpcId, properties),
        () => vpcOperations.DeleteVpc(call, { VpcId: Vpc.VpcId }),
      );
      return Vpc.VpcId;
    },
    update(call: Here, id, properties, previous, stack) {
      setVpcAttributes(call, id, properties);
      const { InstanceTenancy = "default", Tags } = properties;
      if (InstanceTenancy !== (previous["InstanceTenancy"] ?? "default"))
        vpcOperations.ModifyVpcTenancy(call, { VpcId: id, InstanceTenancy });
      retag(call, id, Tags, previous["Tags"], stack);
    },
    delete(call: Here, id) {
      if (call.state.vpcs.has(id)) vpcOperations.DeleteVpc(call, { VpcId: id });
    },
    attributes(call: Here, id) {
      const vpc = findVpc(call, id);
      return {
        VpcId: id,
        CidrBlock: vpc.CidrBlock,
        CidrBlockAssociations: vpc.CidrBlockAssociationSet.map(({ AssociationId }) => AssociationId),
        DefaultNetworkAcl: [...call.state.networkAcls.values()].find(({ VpcId, IsDefault }) => VpcId === id && IsDefault)?.NetworkAclId,
        DefaultSecurityGroup: defaultSecurityGroup(call, id).GroupId,
        Ipv6CidrBlocks: vpc.Ipv6CidrBlockAssociationSet.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock),
      };
    },
    read(call: Here, id) {
      const vpc = call.state.vpcs.get(id);
      if (!vpc) return undefined;
      const { enableDnsHostnames, enableDnsSupport } = vpc.attributes;
      return {
        CidrBlock: vpc.CidrBlock,
        EnableDnsHostnames: enableDnsHostnames,
        EnableDnsSupport: enableDnsSupport,
        InstanceTenancy: vpc.InstanceTenancy,
        Tags: vpc.Tags,
      };
    },
  }),

  "AWS::EC2::VPCCidrBlock": resource({
    create(call: Here, properties) {
      refuse(properties, ["Ipv4NetmaskLength", "Ipv6NetmaskLength"]);
      const answer = vpcBlockOperations.AssociateVpcCidrBlock(call, {
        ...blockRequest(properties),
        VpcId: properties["VpcId"],
      });
      return answer.Ipv6CidrBlockAssociation?.AssociationId ?? answer.CidrBlockAssociation?.AssociationId ?? "";
    },
    delete(call: Here, id) {
      const isThere = [...call.state.vpcs.values()].some((vpc) =>
        [...vpc.CidrBlockAssociationSet, ...vpc.Ipv6CidrBlockAssociationSet].some(({ AssociationId }) => AssociationId === id),
      );
      if (isThere) vpcBlockOperations.DisassociateVpcCidrBlock(call, { AssociationId: id });
    },
    attributes(call: Here, id, { VpcId }) {
      const ipv6 = findVpc(call, VpcId).Ipv6CidrBlockAssociationSet.find(({ AssociationId }) => AssociationId === id);
      return { Id: id, IpSource: ipv6?.IpSource ?? "none", Ipv6AddressAttribute: ipv6?.Ipv6AddressAttribute ?? "" };
    },
  }),

  "AWS::EC2::Subnet": resource({
    create(call: Here, properties, stack) {
      refuse(properties, ["EnableLniAtDeviceIndex", "Ipv4NetmaskLength", "Ipv6NetmaskLength"]);
      const {
        VpcId,
        CidrBlock,
        Ipv6CidrBlock,
        AvailabilityZone,
        AvailabilityZoneId,
        Ipv6Native,
        OutpostArn,
        Ipv4IpamPoolId,
        Ipv6IpamPoolId,
        Tags,
      } = properties;
      const { Subnet } = subnetOperations.CreateSubnet(call, {
        VpcId,
        CidrBlock,
        Ipv6CidrBlock,
        AvailabilityZone,
        AvailabilityZoneId,
        OutpostArn,
        Ipv4IpamPoolId,
        Ipv6IpamPoolId,
        Ipv6Native: Ipv6Native === undefined ? undefined : flag(Ipv6Native),
        TagSpecifications: [{ ResourceType: "subnet", Tags: resourceTags(Tags, stack) }],
      });
      orUndo(
        () => setSubnetAttributes(call, Subnet.SubnetId, properties),
        () => subnetOperations.DeleteSubnet(call, { SubnetId: Subnet.SubnetId }),
      );
      return Subnet.SubnetId;
    },
    update(call: Here, id, properties, previous, stack) {
      const { Ipv6CidrBlock } = properties;
      const [present] = findSubnet(call, id).Ipv6CidrBlockAssociationSet;
      if (Ipv6CidrBlock !== previous["Ipv6CidrBlock"]) {
        if (present) subnetOperations.DisassociateSubnetCidrBlock(call, { AssociationId: present.AssociationId });
        if (Ipv6CidrBlock !== undefined) subnetOperations.AssociateSubnetCidrBlock(call, { SubnetId: id, Ipv6CidrBlock });
      }
      setSubnetAttributes(call, id, properties);
      retag(call, id, properties["Tags"], previous["Tags"], stack);
    },
    delete(call: Here, id) {
      if (call.state.subnets.has(id)) subnetOperations.DeleteSubnet(call, { SubnetId: id });
    },
    attributes(call: Here, id) {
      const subnet = findSubnet(call, id);
      return {
        SubnetId: id,
        VpcId: subnet.VpcId,
        CidrBlock: subnet.CidrBlock,
        AvailabilityZone: subnet.AvailabilityZone,
        AvailabilityZoneId: subnet.AvailabilityZoneId,
        Ipv6CidrBlocks: subnet.Ipv6CidrBlockAssociationSet.map(({ Ipv6CidrBlock }) => Ipv6CidrBlock),
        NetworkAclAssociationId: [...call.state.networkAcls.values()]
          .flatMap(({ Associations }) => Associations)
          .find(({ SubnetId }) => SubnetId === id)?.NetworkAclAssociationId,
        OutpostArn: "",
      };
    },
    read(call: Here, id) {
      const subnet = call.state.subnets.get(id);
      if (!subnet) return undefined;
      const {
        VpcId,
        CidrBlock,
        AvailabilityZone,
        MapPublicIpOnLaunch,
        AssignIpv6AddressOnCreation,
        EnableDns64,
        PrivateDnsNameOptionsOnLaunch,
        Tags,
      } = subnet;
      return {
        VpcId,
        CidrBlock,
        AvailabilityZone,
        MapPublicIpOnLaunch,
        AssignIpv6AddressOnCreation,
        EnableDns64,
        PrivateDnsNameOptionsOnLaunch,
        Tags,
      };
    },
  }),

  "AWS::EC2::InternetGateway": resource({
    create: (call: Here, { Tags }, stack) =>
      internetGatewayOperations.CreateInternetGateway(call, {
        TagSpecifications: [{ ResourceType: "internet-gateway", Tags: resourceTags(Tags, stack) }],
      }).InternetGateway.InternetGatewayId ?? "",
    update: (call: Here, id, { Tags }, previous, stack) => retag(call, id, Tags, previous["Tags"], stack),
    delete(call: Here, id) {
      if (call.state.internetGateways.has(id)) internetGatewayOperations.DeleteInternetGateway(call, { InternetGatewayId: id });
    },
    attributes: (_call, id) => ({ InternetGatewayId: id }),
    read(call: Here, id) {
      const gateway = call.state.internetGateways.get(id);
      return gateway && { Tags: gateway.Tags };
    },
  }),

  "AWS::EC2::EgressOnlyInternetGateway": resource({
    create: (call: Here, { VpcId, Tags }, stack) =>
      internetGatewayOperations.CreateEgressOnlyInternetGateway(call, {
        VpcId,
        TagSpecifications: [{ ResourceType: "egress-only-internet-gateway", Tags: resourceTags(Tags, stack) }],
      }).EgressOnlyInternetGateway.EgressOnlyInternetGatewayId,
    update: (call: Here, id, { Tags }, previous, stack) => retag(call, id, Tags, previous["Tags"], stack),
    delete: (call: Here, id) => void call.state.egressOnlyInternetGateways.delete(id),
    attributes: (_call, id) => ({ Id: id }),
  }),

  "AWS::EC2::VPCGatewayAttachment": resource({
    create(call: Here, properties) {
      attachGateway(call, properties);
      return properties["InternetGatewayId"] === undefined ? `VGW|${properties["VpcId"]}` : `IGW|${properties["VpcId"]}`;
    },
    update(call: Here, _id, properties, previous) {
      detachGateway(call, previous);
      attachGateway(call, properties);
    },
    delete: (call: Here, _id, properties) => detachGateway(call, properties),
    attributes: (_call, _id, { InternetGatewayId }) => ({ AttachmentType: InternetGatewayId === undefined ? "VGW" : "IGW" }),
    read: (call: Here, _id, { InternetGatewayId, VpcId }) =>
      call.state.internetGateways.get(InternetGatewayId)?.Attachments.some((each) => each.VpcId === VpcId)
        ? { InternetGatewayId, VpcId }
        : undefined,
  }),
};

function setVpcAttributes(call: Here, id: string, { EnableDnsSupport = true, EnableDnsHostnames = false }: Properties): void {
  const { attributes } = findVpc(call, id);
  if (flag(EnableDnsHostnames) && !flag(EnableDnsSupport)) {
    throw new AwsError("InvalidParameterCombination", "DNS hostnames cannot be enabled while DNS support is disabled.");
  }
  attributes.enableDnsSupport = flag(EnableDnsSupport);
  attributes.enableDnsHostnames = flag(EnableDnsHostnames);
}

function blockRequest({
  CidrBlock,
  AmazonProvidedIpv6CidrBlock,
  Ipv6CidrBlock,
  Ipv6Pool,
  Ipv6CidrBlockNetworkBorderGroup,
  Ipv4IpamPoolId,
  Ipv6IpamPoolId,
}: Properties) {
  return {
    CidrBlock,
    AmazonProvidedIpv6CidrBlock: AmazonProvidedIpv6CidrBlock === undefined ? undefined : flag(AmazonProvidedIpv6CidrBlock),
    Ipv6CidrBlock,
    Ipv6Pool,
    Ipv6CidrBlockNetworkBorderGroup,
    Ipv4IpamPoolId,
    Ipv6IpamPoolId,
  };
}

function setSubnetAttributes(call: Here, id: string, properties: Properties): void {
  for (const attribute of ["MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation", "EnableDns64"]) {
    subnetOperations.ModifySubnetAttribute(call, { SubnetId: id, [attribute]: { Value: flag(properties[attribute]) } });
  }
  const {
    HostnameType = "ip-name",
    EnableResourceNameDnsARecord,
    EnableResourceNameDnsAAAARecord,
  } = properties["PrivateDnsNameOptionsOnLaunch"] ?? {};
  subnetOperations.ModifySubnetAttribute(call, { SubnetId: id, PrivateDnsHostnameTypeOnLaunch: HostnameType });
  subnetOperations.ModifySubnetAttribute(call, {
    SubnetId: id,
    EnableResourceNameDnsARecordOnLaunch: { Value: flag(EnableResourceNameDnsARecord) },
  });
  subnetOperations.ModifySubnetAttribute(call, {
    SubnetId: id,
    EnableResourceNameDnsAAAARecordOnLaunch: { Value: flag(EnableResourceNameDnsAAAARecord) },
  });
}

function attachGateway(call: Here, { VpcId, InternetGatewayId, VpnGatewayId }: Properties): void {
  if (VpnGatewayId !== undefined) throw new AwsError("InvalidVpnGatewayID.NotFound", `The vpnGateway ID '${VpnGatewayId}' does not exist`);
  internetGatewayOperations.AttachInternetGateway(call, { InternetGatewayId, VpcId });
}

function detachGateway(call: Here, { VpcId, InternetGatewayId }: Properties): void {
  const isAttached = call.state.internetGateways.get(InternetGatewayId)?.Attachments.some((each) => each.VpcId === VpcId);
  if (isAttached) internetGatewayOperations.DetachInternetGateway(call, { InternetGatewayId, VpcId });
}
