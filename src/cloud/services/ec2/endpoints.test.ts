import { EC2, type CreateVpcEndpointCommandInput } from "@aws-sdk/client-ec2";
import { beforeEach, expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";

let cloud: Cloud;
let ec2: EC2;
let vpcId: string;
beforeEach(async () => {
  cloud = new Cloud({ paranoid: true });
  ec2 = clients(cloud)(EC2);
  vpcId = (await ec2.createVpc({ CidrBlock: "10.0.0.0/16" })).Vpc!.VpcId!;
});

const S3 = "com.amazonaws.eu-west-1.s3";
const table = async () => (await ec2.createRouteTable({ VpcId: vpcId })).RouteTable!.RouteTableId!;
const subnet = async (AvailabilityZone: string, CidrBlock: string) =>
  (await ec2.createSubnet({ VpcId: vpcId, AvailabilityZone, CidrBlock })).Subnet!.SubnetId!;
const make = async (input: Partial<CreateVpcEndpointCommandInput>) =>
  (await ec2.createVpcEndpoint({ VpcId: vpcId, ServiceName: S3, ...input })).VpcEndpoint!;
const describe = async (id?: string) => (await ec2.describeVpcEndpoints({ VpcEndpointIds: [id!] })).VpcEndpoints![0]!;
const routes = async (RouteTableId: string) => (await ec2.describeRouteTables({ RouteTableIds: [RouteTableId] })).RouteTables![0]!.Routes!;
const dnsNames = () => ec2.modifyVpcAttribute({ VpcId: vpcId, EnableDnsHostnames: { Value: true } });

test("VPC-11: a gateway endpoint is a prefix-list route in the tables that it was given", async () => {
  const [one, two] = [await table(), await table()];
  const { VpcEndpointId, ...made } = await make({ RouteTableIds: [one] });
  expect(made).toMatchObject({ VpcEndpointType: "Gateway", State: "available", RouteTableIds: [one], PrivateDnsEnabled: false });
  expect(await routes(one)).toContainEqual(
    expect.objectContaining({ DestinationPrefixListId: "pl-6da54004", GatewayId: VpcEndpointId, State: "active" }),
  );
  await ec2.modifyVpcEndpoint({ VpcEndpointId, AddRouteTableIds: [two], RemoveRouteTableIds: [one] });
  expect([(await routes(one)).length, (await routes(two)).length]).toEqual([1, 2]); // the local route, and the endpoint's
});

test("VPC-11: at most one gateway endpoint for a service and table", async () => {
  const RouteTableIds = [await table()];
  await make({ RouteTableIds });
  await expect(make({ RouteTableIds })).rejects.toMatchObject({ name: "RouteAlreadyExists" });
  await make({ RouteTableIds, ServiceName: "com.amazonaws.eu-west-1.dynamodb" });
  expect(await routes(RouteTableIds[0]!)).toHaveLength(3);
});

test("VPC-11: only of the same region, twenty in all", async () => {
  await expect(make({ ServiceName: "com.amazonaws.eu-central-1.s3" })).rejects.toMatchObject({ name: "InvalidServiceName" });
  for (let at = 0; at < 20; at++) await make({});
  await expect(make({})).rejects.toMatchObject({ name: "VpcEndpointLimitExceeded" });
});

test("a deleted gateway endpoint takes its routes along", async () => {
  const id = await table();
  const { VpcEndpointId } = await make({ RouteTableIds: [id] });
  await expect(ec2.deleteVpc({ VpcId: vpcId })).rejects.toMatchObject({ name: "DependencyViolation" });
  const { Unsuccessful } = await ec2.deleteVpcEndpoints({ VpcEndpointIds: [VpcEndpointId!, "vpce-00000000000000000"] });
  expect(Unsuccessful).toMatchObject([{ ResourceId: "vpce-00000000000000000", Error: { Code: "InvalidVpcEndpoint.NotFound" } }]);
  expect(await routes(id)).toHaveLength(1);
  expect((await describe(VpcEndpointId)).State).toBe("deleting");
  cloud.settle();
  await expect(describe(VpcEndpointId)).rejects.toMatchObject({ name: "InvalidVpcEndpointId.NotFound" });
});

test("VPC-12: an interface endpoint has an interface in each subnet, and the service's name in the VPC", async () => {
  await dnsNames();
  const SubnetIds = [await subnet("eu-west-1a", "10.0.1.0/24"), await subnet("eu-west-1b", "10.0.2.0/24")];
  const { VpcEndpointId, State } = await make({ VpcEndpointType: "Interface", ServiceName: "com.amazonaws.eu-west-1.ecr.api", SubnetIds });
  expect(State).toBe("pending");
  cloud.settle();
  const endpoint = await describe(VpcEndpointId);
  expect(endpoint).toMatchObject({ State: "available", SubnetIds, PrivateDnsEnabled: true, Groups: [{ GroupName: "default" }] });
  expect(endpoint.DnsEntries?.map(({ DnsName }) => DnsName?.replace(/^vpce-[0-9a-f]{17}-[0-9a-z]{8}/, "ID"))).toEqual([
    "ID.api.ecr.eu-west-1.vpce.amazonaws.com",
    "ID-eu-west-1a.api.ecr.eu-west-1.vpce.amazonaws.com",
    "ID-eu-west-1b.api.ecr.eu-west-1.vpce.amazonaws.com",
    "api.ecr.eu-west-1.amazonaws.com",
  ]);
  const { NetworkInterfaces = [] } = await ec2.describeNetworkInterfaces({ NetworkInterfaceIds: endpoint.NetworkInterfaceIds });
  expect(NetworkInterfaces.map(({ SubnetId }) => SubnetId)).toEqual(SubnetIds);
  expect(NetworkInterfaces[0]).toMatchObject({
    InterfaceType: "vpc_endpoint",
    RequesterManaged: true,
    Status: "in-use",
    Description: `VPC Endpoint Interface ${VpcEndpointId}`,
  });
});

test("an interface endpoint's interfaces go with it, and keep their subnet until then", async () => {
  const SubnetId = await subnet("eu-west-1a", "10.0.1.0/24");
  const { VpcEndpointId } = await make({ VpcEndpointType: "Interface", PrivateDnsEnabled: false, SubnetIds: [SubnetId] });
  await expect(ec2.deleteSubnet({ SubnetId })).rejects.toMatchObject({ name: "DependencyViolation" });
  await ec2.deleteVpcEndpoints({ VpcEndpointIds: [VpcEndpointId!] });
  cloud.settle();
  await ec2.deleteSubnet({ SubnetId });
  await ec2.deleteVpc({ VpcId: vpcId });
});

test("subnets and security groups of an interface endpoint change in place", async () => {
  const [a, b] = [await subnet("eu-west-1a", "10.0.1.0/24"), await subnet("eu-west-1b", "10.0.2.0/24")];
  const { GroupId = "" } = await ec2.createSecurityGroup({ GroupName: "endpoints", Description: "a group", VpcId: vpcId });
  const { VpcEndpointId, Groups, NetworkInterfaceIds } = await make({
    VpcEndpointType: "Interface",
    PrivateDnsEnabled: false,
    SubnetIds: [a],
  });
  await ec2.modifyVpcEndpoint({
    VpcEndpointId,
    AddSubnetIds: [b],
    RemoveSubnetIds: [a],
    AddSecurityGroupIds: [GroupId],
    RemoveSecurityGroupIds: [Groups![0]!.GroupId!],
  });
  const endpoint = await describe(VpcEndpointId);
  expect([endpoint.SubnetIds, endpoint.Groups]).toEqual([[b], [{ GroupId, GroupName: "endpoints" }]]);
  expect(endpoint.NetworkInterfaceIds).not.toEqual(NetworkInterfaceIds);
  expect((await ec2.describeNetworkInterfaces({ NetworkInterfaceIds: endpoint.NetworkInterfaceIds })).NetworkInterfaces).toMatchObject([
    { SubnetId: b, Groups: [{ GroupId }] },
  ]);
  await expect(ec2.deleteSecurityGroup({ GroupId })).rejects.toMatchObject({ name: "DependencyViolation" });
});

test("private DNS needs the VPC's names, and one endpoint for a name", async () => {
  const endpoint = { VpcEndpointType: "Interface", ServiceName: "com.amazonaws.eu-west-1.ssm" } as const;
  await expect(make(endpoint)).rejects.toMatchObject({ name: "InvalidParameter", message: expect.stringContaining("enableDnsHostnames") });
  await dnsNames();
  await make(endpoint);
  await expect(make(endpoint)).rejects.toMatchObject({
    name: "InvalidParameter",
    message: expect.stringContaining("conflicting DNS domain for ssm.eu-west-1.amazonaws.com"),
  });
  await make({ ...endpoint, PrivateDnsEnabled: false });
});

test.each<[string, () => Promise<Partial<CreateVpcEndpointCommandInput>>, string]>([
  [
    "two subnets in a zone",
    async () => ({ SubnetIds: [await subnet("eu-west-1a", "10.0.1.0/24"), await subnet("eu-west-1a", "10.0.2.0/24")] }),
    "DuplicateSubnetsInSameZone",
  ],
  ["a route table", async () => ({ RouteTableIds: [await table()] }), "InvalidParameter"],
  ["a service that is none", async () => ({ ServiceName: "com.amazonaws.eu-west-1.teapot" }), "InvalidServiceName"],
  ["a policy that is none", async () => ({ PolicyDocument: "{" }), "InvalidPolicyDocument"],
])("an interface endpoint with %s is refused", async (_what, input, code) => {
  await expect(make({ VpcEndpointType: "Interface", PrivateDnsEnabled: false, ...(await input()) })).rejects.toMatchObject({ name: code });
});

test("a policy is replaced and reset", async () => {
  const { VpcEndpointId, PolicyDocument } = await make({});
  const document = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Deny", Principal: "*", Action: "*", Resource: "*" }] });
  await ec2.modifyVpcEndpoint({ VpcEndpointId, PolicyDocument: document });
  expect((await describe(VpcEndpointId)).PolicyDocument).toBe(document);
  await ec2.modifyVpcEndpoint({ VpcEndpointId, ResetPolicy: true });
  expect((await describe(VpcEndpointId)).PolicyDocument).toBe(PolicyDocument);
});

test("S3 is offered as gateway and as interface, with its zones", async () => {
  const { ServiceDetails = [], ServiceNames } = await ec2.describeVpcEndpointServices({ ServiceNames: [S3] });
  expect(ServiceNames).toEqual([S3]);
  expect(ServiceDetails.map(({ ServiceType, AvailabilityZones }) => [ServiceType?.[0]?.ServiceType, AvailabilityZones])).toEqual([
    ["Gateway", ["eu-west-1a", "eu-west-1b", "eu-west-1c"]],
    ["Interface", ["eu-west-1a", "eu-west-1b", "eu-west-1c"]],
  ]);
  await expect(ec2.describeVpcEndpointServices({ ServiceNames: ["com.amazonaws.eu-west-1.teapot"] })).rejects.toMatchObject({
    name: "InvalidServiceName",
  });
});
