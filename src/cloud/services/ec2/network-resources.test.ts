/** A platform's network as a template, the way the CDK writes one. */
import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { EC2 } from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

const Resources: Record<string, { Type: string; DependsOn?: string; Properties?: Record<string, unknown> }> = {
  Vpc: {
    Type: "AWS::EC2::VPC",
    Properties: { CidrBlock: "10.0.0.0/16", EnableDnsHostnames: true, EnableDnsSupport: true, Tags: [{ Key: "Name", Value: "core" }] },
  },
  Ipv6: { Type: "AWS::EC2::VPCCidrBlock", Properties: { VpcId: { Ref: "Vpc" }, AmazonProvidedIpv6CidrBlock: true } },
  Public: {
    Type: "AWS::EC2::Subnet",
    Properties: { VpcId: { Ref: "Vpc" }, CidrBlock: "10.0.0.0/24", AvailabilityZone: "eu-west-1a", MapPublicIpOnLaunch: true },
  },
  Private: { Type: "AWS::EC2::Subnet", Properties: { VpcId: { Ref: "Vpc" }, CidrBlock: "10.0.1.0/24", AvailabilityZone: "eu-west-1b" } },
  Igw: { Type: "AWS::EC2::InternetGateway" },
  Attachment: { Type: "AWS::EC2::VPCGatewayAttachment", Properties: { VpcId: { Ref: "Vpc" }, InternetGatewayId: { Ref: "Igw" } } },
  Eigw: { Type: "AWS::EC2::EgressOnlyInternetGateway", Properties: { VpcId: { Ref: "Vpc" } } },
  PublicTable: { Type: "AWS::EC2::RouteTable", Properties: { VpcId: { Ref: "Vpc" } } },
  PublicRoute: {
    Type: "AWS::EC2::Route",
    DependsOn: "Attachment",
    Properties: { RouteTableId: { Ref: "PublicTable" }, DestinationCidrBlock: "0.0.0.0/0", GatewayId: { Ref: "Igw" } },
  },
  PublicAssociation: {
    Type: "AWS::EC2::SubnetRouteTableAssociation",
    Properties: { RouteTableId: { Ref: "PublicTable" }, SubnetId: { Ref: "Public" } },
  },
  Eip: { Type: "AWS::EC2::EIP", DependsOn: "Attachment", Properties: { Domain: "vpc", Tags: [{ Key: "Name", Value: "nat" }] } },
  Nat: {
    Type: "AWS::EC2::NatGateway",
    Properties: { SubnetId: { Ref: "Public" }, AllocationId: { "Fn::GetAtt": ["Eip", "AllocationId"] } },
  },
  PrivateTable: { Type: "AWS::EC2::RouteTable", Properties: { VpcId: { Ref: "Vpc" } } },
  PrivateRoute: {
    Type: "AWS::EC2::Route",
    Properties: { RouteTableId: { Ref: "PrivateTable" }, DestinationCidrBlock: "0.0.0.0/0", NatGatewayId: { Ref: "Nat" } },
  },
  PrivateAssociation: {
    Type: "AWS::EC2::SubnetRouteTableAssociation",
    Properties: { RouteTableId: { Ref: "PrivateTable" }, SubnetId: { Ref: "Private" } },
  },
  Eni: {
    Type: "AWS::EC2::NetworkInterface",
    Properties: {
      SubnetId: { Ref: "Public" },
      GroupSet: [{ "Fn::GetAtt": ["Vpc", "DefaultSecurityGroup"] }],
      SecondaryPrivateIpAddressCount: 2,
    },
  },
  EniEip: { Type: "AWS::EC2::EIP", DependsOn: "Attachment" },
  EniAssociation: {
    Type: "AWS::EC2::EIPAssociation",
    Properties: { AllocationId: { "Fn::GetAtt": ["EniEip", "AllocationId"] }, NetworkInterfaceId: { Ref: "Eni" } },
  },
};
const Outputs = Object.fromEntries(
  Object.entries({
    VpcId: { "Fn::GetAtt": ["Vpc", "VpcId"] },
    Cidr: { "Fn::GetAtt": ["Vpc", "CidrBlock"] },
    Acl: { "Fn::GetAtt": ["Vpc", "DefaultNetworkAcl"] },
    Zone: { "Fn::GetAtt": ["Private", "AvailabilityZone"] },
    EipRef: { Ref: "Eip" },
    Allocation: { "Fn::GetAtt": ["Eip", "AllocationId"] },
    Nat: { "Fn::GetAtt": ["Nat", "NatGatewayId"] },
    Primary: { "Fn::GetAtt": ["Eni", "PrimaryPrivateIpAddress"] },
  }).map(([name, Value]) => [name, { Value }]),
);

async function world() {
  const cloud = new Cloud({ paranoid: true });
  const client = clients(cloud);
  const [cloudformation, ec2] = [client(CloudFormation, { region: "eu-west-1" }), client(EC2, { region: "eu-west-1" })];
  await ec2.describeRegions({});
  const deploy = async (resources: object, operation: "createStack" | "updateStack") => {
    const request = {
      StackName: "network",
      TemplateBody: JSON.stringify({ Resources: resources, Outputs }),
      Tags: [{ Key: "platform", Value: "shop" }],
    };
    await (operation === "createStack" ? cloudformation.createStack(request) : cloudformation.updateStack(request));
    cloud.settle();
    const { Stacks: [stack] = [] } = await cloudformation.describeStacks({ StackName: "network" });
    if (!stack!.StackStatus!.match(/^(CREATE|UPDATE)_COMPLETE$/)) {
      const { StackEvents = [] } = await cloudformation.describeStackEvents({ StackName: "network" });
      throw new Error(
        StackEvents.map(
          ({ LogicalResourceId, ResourceStatus, ResourceStatusReason }) =>
            `${LogicalResourceId} ${ResourceStatus} ${ResourceStatusReason ?? ""}`,
        ).join("\n"),
      );
    }
    return Object.fromEntries(stack!.Outputs!.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
  };
  return { cloud, cloudformation, ec2, deploy };
}

test("a template's network comes up, with Ref and GetAtt as AWS documents them, and goes again without a trace", async () => {
  const { cloud, cloudformation, ec2, deploy } = await world();
  const outputs = await deploy(Resources, "createStack");
  const { Vpcs: [vpc] = [] } = await ec2.describeVpcs({ Filters: [{ Name: "tag:platform", Values: ["shop"] }] });
  expect(vpc!.Tags).toContainEqual({ Key: "aws:cloudformation:logical-id", Value: "Vpc" });
  expect(outputs).toMatchObject({
    VpcId: vpc!.VpcId,
    Cidr: "10.0.0.0/16",
    Zone: "eu-west-1b",
    Acl: expect.stringMatching(/^acl-/),
    Nat: expect.stringMatching(/^nat-/),
  });
  const { Addresses: [address] = [] } = await ec2.describeAddresses({ AllocationIds: [outputs["Allocation"]!] });
  expect(address!.PublicIp).toBe(outputs["EipRef"]);
  expect((await ec2.describeNatGateways({ NatGatewayIds: [outputs["Nat"]!] })).NatGateways![0]!.State).toBe("available");
  const { RouteTables = [] } = await ec2.describeRouteTables({ Filters: [{ Name: "route.nat-gateway-id", Values: [outputs["Nat"]!] }] });
  expect(RouteTables[0]!.Routes!.map(({ State }) => State)).toEqual(["active", "active", "active"]); // local IPv4 and IPv6, default
  await cloudformation.deleteStack({ StackName: "network" });
  cloud.settle();
  expect((await ec2.describeVpcs({})).Vpcs!.map(({ IsDefault }) => IsDefault)).toEqual([true]);
  expect((await ec2.describeAddresses({})).Addresses).toEqual([]);
  expect((await ec2.describeNetworkInterfaces({})).NetworkInterfaces).toEqual([]);
});

test("what AWS changes in place is changed in place", async () => {
  const { ec2, deploy } = await world();
  const before = await deploy(Resources, "createStack");
  const changed = structuredClone(Resources);
  Object.assign(changed["Public"]!.Properties!, { MapPublicIpOnLaunch: false });
  Object.assign(changed["Vpc"]!.Properties!, { Tags: [{ Key: "Name", Value: "edge" }] });
  Object.assign(changed["Eni"]!.Properties!, { SecondaryPrivateIpAddressCount: 1, Ipv6Prefixes: [] });
  changed["PrivateRoute"]!.Properties = {
    RouteTableId: { Ref: "PrivateTable" },
    DestinationCidrBlock: "0.0.0.0/0",
    NetworkInterfaceId: { Ref: "Eni" },
  };
  const after = await deploy(changed, "updateStack");
  expect(after).toEqual(before);
  const { Vpcs: [vpc] = [] } = await ec2.describeVpcs({ VpcIds: [after["VpcId"]!] });
  expect(vpc!.Tags!.find(({ Key }) => Key === "Name")!.Value).toBe("edge");
  const { Subnets = [] } = await ec2.describeSubnets({ Filters: [{ Name: "vpc-id", Values: [after["VpcId"]!] }] });
  expect(Subnets.map(({ MapPublicIpOnLaunch }) => MapPublicIpOnLaunch)).toEqual([false, false]);
  const { RouteTables: [table] = [] } = await ec2.describeRouteTables({
    Filters: [{ Name: "association.subnet-id", Values: [Subnets[1]!.SubnetId!] }],
  });
  expect(table!.Routes!.at(-1)).toMatchObject({ NetworkInterfaceId: expect.stringMatching(/^eni-/), State: "blackhole" });
  const { NetworkInterfaces: [eni] = [] } = await ec2.describeNetworkInterfaces({
    Filters: [{ Name: "private-ip-address", Values: [after["Primary"]!] }],
  });
  expect(eni!.PrivateIpAddresses).toHaveLength(2);
});
