/** Route tables, routes, gateways. */
import { EC2, type Route } from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud, root } from "../../cloud.ts";
import { routeTo } from "./routes.ts";

async function world({ paranoid = true } = {}) {
  const cloud = new Cloud({ paranoid });
  const ec2 = clients(cloud)(EC2, { region: "eu-west-1" });
  const { VpcId } = (await ec2.createVpc({ CidrBlock: "10.0.0.0/16" })).Vpc!;
  const { SubnetId } = (await ec2.createSubnet({ VpcId, CidrBlock: "10.0.0.0/24" })).Subnet!;
  const { RouteTableId } = (await ec2.createRouteTable({ VpcId })).RouteTable!;
  const { InternetGatewayId } = (await ec2.createInternetGateway({})).InternetGateway!;
  await ec2.attachInternetGateway({ InternetGatewayId, VpcId });
  const routes = async (): Promise<Route[]> => (await ec2.describeRouteTables({ RouteTableIds: [RouteTableId!] })).RouteTables![0]!.Routes!;
  return { cloud, ec2, VpcId: VpcId!, SubnetId: SubnetId!, RouteTableId: RouteTableId!, InternetGatewayId: InternetGatewayId!, routes };
}

test("a route to an internet gateway is active, and a blackhole once the gateway is detached", async () => {
  const { ec2, VpcId, RouteTableId, InternetGatewayId, routes } = await world();
  await ec2.createRoute({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", GatewayId: InternetGatewayId });
  expect(await routes()).toMatchObject([{ GatewayId: "local" }, { GatewayId: InternetGatewayId, State: "active", Origin: "CreateRoute" }]);
  await ec2.detachInternetGateway({ InternetGatewayId, VpcId });
  expect((await routes())[1]!.State).toBe("blackhole");
});

test("a destination is there once; replacing needs one, and the local route cannot be removed", async () => {
  const { ec2, RouteTableId, InternetGatewayId, SubnetId, routes } = await world();
  const route = { RouteTableId, DestinationCidrBlock: "192.0.2.77/24", GatewayId: InternetGatewayId };
  await expect(ec2.replaceRoute(route)).rejects.toMatchObject({
    name: "InvalidParameterValue",
    message: expect.stringContaining("Use CreateRoute instead."),
  });
  await ec2.createRoute(route);
  await expect(ec2.createRoute(route)).rejects.toMatchObject({
    name: "RouteAlreadyExists",
    message: "The route identified by 192.0.2.0/24 already exists.",
  });
  const { NetworkInterfaceId } = (await ec2.createNetworkInterface({ SubnetId })).NetworkInterface!;
  await ec2.replaceRoute({ RouteTableId, DestinationCidrBlock: "192.0.2.0/24", NetworkInterfaceId });
  expect((await routes())[1]).toMatchObject({ NetworkInterfaceId, State: "blackhole" }); // attached to nothing
  await ec2.deleteRoute({ RouteTableId, DestinationCidrBlock: "192.0.2.0/24" });
  await expect(ec2.deleteRoute({ RouteTableId, DestinationCidrBlock: "192.0.2.0/24" })).rejects.toMatchObject({
    name: "InvalidRoute.NotFound",
  });
  await expect(ec2.deleteRoute({ RouteTableId, DestinationCidrBlock: "10.0.0.0/16" })).rejects.toMatchObject({
    name: "InvalidParameterValue",
    message: expect.stringContaining("cannot remove local route"),
  });
  await expect(ec2.createRoute({ RouteTableId, DestinationCidrBlock: "10.0.0.0/24", GatewayId: InternetGatewayId })).rejects.toMatchObject({
    name: "InvalidParameterValue",
  });
});

test.each([
  [{ GatewayId: "igw-0123456789abcdef0" }, "InvalidGatewayID.NotFound"],
  [{ NatGatewayId: "nat-0123456789abcdef0" }, "InvalidNatGatewayID.NotFound"],
  [{ NetworkInterfaceId: "eni-0123456789abcdef0" }, "InvalidNetworkInterfaceID.NotFound"],
  [{ TransitGatewayId: "tgw-0123456789abcdef0" }, "InvalidTransitGatewayID.NotFound"],
  [{ VpcPeeringConnectionId: "pcx-0123456789abcdef0" }, "InvalidVpcPeeringConnectionID.NotFound"],
  [{ InstanceId: "i-0123456789abcdef0" }, "InvalidInstanceID.NotFound"],
  [{}, "InvalidParameterCombination"],
])("a route to %o is refused with %s", async (target, name) => {
  const { ec2, RouteTableId } = await world();
  await expect(ec2.createRoute({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", ...target })).rejects.toMatchObject({ name });
});

test("VPC-02: 500 routes to a table, the local one counted", async () => {
  const { ec2, RouteTableId, InternetGatewayId } = await world({ paranoid: false }); // for speed
  const route = (at: number) => ({ RouteTableId, DestinationCidrBlock: `100.64.${at >> 8}.${at & 255}/32`, GatewayId: InternetGatewayId });
  for (let at = 0; at < 499; at++) await ec2.createRoute(route(at));
  await expect(ec2.createRoute(route(499))).rejects.toMatchObject({ name: "RouteLimitExceeded" });
});

test("a subnet follows the main table until it is associated, and the main table can be another", async () => {
  const { ec2, VpcId, SubnetId, RouteTableId } = await world();
  const { AssociationId } = await ec2.associateRouteTable({ RouteTableId, SubnetId });
  await expect(ec2.deleteRouteTable({ RouteTableId })).rejects.toMatchObject({ name: "DependencyViolation" });
  const { RouteTableId: other } = (await ec2.createRouteTable({ VpcId })).RouteTable!;
  await expect(ec2.associateRouteTable({ RouteTableId: other, SubnetId })).rejects.toMatchObject({ name: "Resource.AlreadyAssociated" });
  const { NewAssociationId } = await ec2.replaceRouteTableAssociation({ AssociationId, RouteTableId: other });
  await ec2.disassociateRouteTable({ AssociationId: NewAssociationId });
  await ec2.deleteRouteTable({ RouteTableId: other });
  const main = async () =>
    (
      await ec2.describeRouteTables({
        Filters: [
          { Name: "vpc-id", Values: [VpcId] },
          { Name: "association.main", Values: ["true"] },
        ],
      })
    ).RouteTables!;
  const [before] = await main();
  const mainAssociation = before!.Associations![0]!.RouteTableAssociationId;
  await expect(ec2.disassociateRouteTable({ AssociationId: mainAssociation })).rejects.toMatchObject({ name: "InvalidParameterValue" });
  await ec2.replaceRouteTableAssociation({ AssociationId: mainAssociation, RouteTableId });
  expect(await main()).toMatchObject([{ RouteTableId }]);
});

test("VPC-01: the longest prefix decides, and VPN-12: the local route beats every other for the VPC's own addresses", async () => {
  const { cloud, ec2, VpcId, RouteTableId, InternetGatewayId } = await world();
  await ec2.createRoute({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", GatewayId: InternetGatewayId });
  const { VpcPeeringConnection } = await ec2.createVpcPeeringConnection({
    VpcId,
    PeerVpcId: (await ec2.createVpc({ CidrBlock: "10.7.0.0/16" })).Vpc!.VpcId,
  });
  const { VpcPeeringConnectionId } = VpcPeeringConnection!;
  cloud.settle();
  await ec2.createRoute({ RouteTableId, DestinationCidrBlock: "10.0.0.0/8", VpcPeeringConnectionId });
  const call = cloud.context("ec2", "eu-west-1", root("123456789012"));
  const table = call.state.routeTables.get(RouteTableId);
  table.Routes.push({ DestinationCidrBlock: "10.0.0.0/24", GatewayId: "vgw-1", Origin: "EnableVgwRoutePropagation" });
  const target = (address: string) => {
    const route = routeTo(call, table, address);
    return route?.GatewayId ?? route?.VpcPeeringConnectionId;
  };
  expect(target("10.0.0.9")).toBe("local"); // though a more specific one is propagated
  expect(target("10.7.1.1")).toBe(VpcPeeringConnectionId);
  expect(target("198.51.100.1")).toBe(InternetGatewayId);
  expect(target("2001:db8::1")).toBeUndefined();
});

test("a gateway is attached to one VPC and a VPC has one gateway", async () => {
  const { ec2, VpcId, InternetGatewayId } = await world();
  await expect(ec2.attachInternetGateway({ InternetGatewayId, VpcId })).rejects.toMatchObject({ name: "Resource.AlreadyAssociated" });
  const { InternetGatewayId: second } = (await ec2.createInternetGateway({})).InternetGateway!;
  await expect(ec2.attachInternetGateway({ InternetGatewayId: second, VpcId })).rejects.toMatchObject({ name: "InvalidParameterValue" });
  await expect(ec2.detachInternetGateway({ InternetGatewayId: second, VpcId })).rejects.toMatchObject({ name: "Gateway.NotAttached" });
  await expect(ec2.deleteInternetGateway({ InternetGatewayId })).rejects.toMatchObject({ name: "DependencyViolation" });
});

test("an egress-only gateway takes IPv6 only, and its routes become blackholes with it", async () => {
  const { ec2, VpcId, RouteTableId, routes } = await world();
  const { EgressOnlyInternetGatewayId } = (await ec2.createEgressOnlyInternetGateway({ VpcId, ClientToken: "t" }))
    .EgressOnlyInternetGateway!;
  await expect(ec2.createRoute({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", EgressOnlyInternetGatewayId })).rejects.toMatchObject({
    name: "InvalidParameterValue",
  });
  await ec2.createRoute({ RouteTableId, DestinationIpv6CidrBlock: "::/0", EgressOnlyInternetGatewayId });
  expect((await routes())[1]).toMatchObject({ DestinationIpv6CidrBlock: "::/0", State: "active" });
  await ec2.deleteEgressOnlyInternetGateway({ EgressOnlyInternetGatewayId });
  expect((await routes())[1]!.State).toBe("blackhole");
});

test("VPC-11: a gateway endpoint puts its prefix list into the tables, and only it takes it out again", async () => {
  const { cloud, ec2, VpcId, RouteTableId, routes } = await world();
  const { VpcEndpoint } = await ec2.createVpcEndpoint({ VpcId, ServiceName: "com.amazonaws.eu-west-1.s3", RouteTableIds: [RouteTableId] });
  const route = (await routes())[1]!;
  expect(route).toMatchObject({
    DestinationPrefixListId: expect.stringMatching(/^pl-/),
    GatewayId: VpcEndpoint!.VpcEndpointId,
    State: "active",
  });
  await expect(ec2.deleteRoute({ RouteTableId, DestinationPrefixListId: route.DestinationPrefixListId })).rejects.toMatchObject({
    name: "InvalidParameterValue",
  });
  await ec2.deleteVpcEndpoints({ VpcEndpointIds: [VpcEndpoint!.VpcEndpointId!] });
  expect(await routes()).toHaveLength(1);
  cloud.settle();
});
