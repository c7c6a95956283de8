/** The lines to the data centre, on AWS's side. */
import { expect, test } from "vitest";
import type { Role } from "../platform/definition.ts";
import { handovers } from "../platform/handovers.ts";
import { tunnelLines } from "../platform/lines.ts";
import type { Template, TemplateResource } from "./assembly.ts";
import { link } from "./link.ts";
import type { Link } from "./parts.ts";
import { define, foundationOf, networkOf, placeOf, template } from "./testing.ts";

function built(change?: (input: any) => void, role?: Role): Template & { given: Link } {
  let given: Link | undefined;
  const made = template(placeOf(define(change), role), (stack, place) => {
    given = link(stack, place, { network: networkOf(place), foundation: foundationOf(place) });
  });
  return { ...made, given: given! };
}

const all = ({ Resources }: Template, type: string): TemplateResource[] => Object.values(Resources).filter(({ Type }) => Type === type);
const only = (made: Template, type: string): Record<string, any> => {
  const found = all(made, type);
  expect(found, type).toHaveLength(1);
  return found[0]!.Properties!;
};

const vgw = (input: any) => {
  input.site.hub = "vgw";
  input.site.vpn = {};
  input.site.directConnect.mtu = 9001;
};
const order = (wishes: object) => (input: any) => (input.site.directConnect.connection = { order: wishes });
const hubs = [
  ["tgw", undefined],
  ["vgw", vgw],
] as const;
const roles = ["primary", "recovery"] as const;

test("S1 nothing is ordered unless the definition says so", () => {
  for (const [connection, carrier] of [
    [{ use: "dxcon-aaaa1111" }, "dxcon-aaaa1111"],
    [{ hosted: "dxcon-bbbb2222" }, "dxcon-bbbb2222"],
    [{ lag: "dxlag-cccc3333" }, "dxlag-cccc3333"],
  ] as const) {
    const made = built((input) => (input.site.directConnect.connection = connection));
    expect(all(made, "AWS::DirectConnect::Connection")).toEqual([]);
    expect(all(made, "AWS::DirectConnect::Lag")).toEqual([]);
    expect(only(made, "AWS::DirectConnect::TransitVirtualInterface").ConnectionId).toBe(carrier);
    expect(made.given.connectionIds).toEqual(carrier.startsWith("dxcon") ? [carrier] : []);
  }
});

test("S1 what is ordered is a LAG at each location, kept when the stack is deleted, and held against the resiliency model", () => {
  const made = built((input) => {
    order({ locations: ["EqDB4", "TCDB2"], ports: 2 })(input);
    Object.assign(input.site.directConnect, { macsec: true, resiliency: "high", router: undefined });
  });
  expect(
    all(made, "AWS::DirectConnect::Lag").map(({ Properties }) => [
      Properties!.Location,
      Properties!.ConnectionsBandwidth,
      Properties!.RequestMACSec,
    ]),
  ).toEqual([
    ["EqDB4", "10Gbps", true],
    ["TCDB2", "10Gbps", true],
  ]);
  const ports = all(made, "AWS::DirectConnect::Connection");
  expect(
    ports.map(({ Properties }) => [
      Properties!.Location,
      Properties!.Bandwidth,
      Properties!.LagId["Fn::GetAtt"][0],
      Properties!.RequestMACSec,
    ]),
  ).toEqual([
    ["EqDB4", "10Gbps", "LagEqDB4", true],
    ["EqDB4", "10Gbps", "LagEqDB4", true],
    ["TCDB2", "10Gbps", "LagTCDB2", true],
    ["TCDB2", "10Gbps", "LagTCDB2", true],
  ]);
  for (const { DeletionPolicy, UpdateReplacePolicy } of [...ports, ...all(made, "AWS::DirectConnect::Lag")]) {
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(["Retain", "Retain"]);
  }
  const group = only(made, "AWS::DirectConnect::ResiliencyGroup");
  expect(group.IntendedResiliencyModel).toBe("high-resiliency");
  expect(group.ConnectionArns).toHaveLength(4);
  // A connection that is ordered takes no virtual interface yet; its LAG does.
  expect(all(made, "AWS::DirectConnect::TransitVirtualInterface").map(({ Properties }) => Properties!.ConnectionId["Fn::GetAtt"])).toEqual([
    ["LagEqDB4", "LagId"],
    ["LagTCDB2", "LagId"],
  ]);
  expect(made.given.connectionIds).toHaveLength(4);
});

test("S1 ports are the primary region's: the recovery region orders none", () => {
  const made = built(order({ locations: ["EqDB4"] }), "recovery");
  expect(
    Object.values(made.Resources)
      .map(({ Type }) => Type)
      .filter((type) => type.startsWith("AWS::DirectConnect::")),
  ).toEqual(["AWS::DirectConnect::DirectConnectGatewayAssociation"]);
});

test("S2 one gateway, made in the primary region and handed over, has an association in each region, all with one kind of hub", () => {
  for (const [hub, change] of hubs) {
    const [primary, recovery] = [built(change, "primary"), built(change, "recovery")];
    expect(all(primary, "AWS::DirectConnect::DirectConnectGateway")).toHaveLength(1);
    expect(all(recovery, "AWS::DirectConnect::DirectConnectGateway")).toHaveLength(0);
    const type = hub === "tgw" ? "AWS::EC2::TransitGateway" : "AWS::EC2::VPNGateway";
    for (const made of [primary, recovery]) {
      const { AssociatedGatewayId } = only(made, "AWS::DirectConnect::DirectConnectGatewayAssociation");
      expect(made.Resources[AssociatedGatewayId.Ref]!.Type).toBe(type);
    }
    const handover = handovers(define(change)).find(({ from }) => from.part === "link")!;
    expect(primary.Outputs).toHaveProperty(handover.from.output);
    const { DirectConnectGatewayId } = only(recovery, "AWS::DirectConnect::DirectConnectGatewayAssociation");
    expect(recovery.Parameters![DirectConnectGatewayId.Ref]).toMatchObject({
      Type: "AWS::SSM::Parameter::Value<String>",
      Default: `/customer-three/handover/${handover.name}`,
    });
  }
});

test("S2 the data centre learns exactly the two VPCs' ranges, the same by Direct Connect as by VPN", () => {
  for (const [, change] of hubs) {
    const prefixes = roles.map(
      (role) => only(built(change, role), "AWS::DirectConnect::DirectConnectGatewayAssociation").AllowedPrefixesToDirectConnectGateway,
    );
    // VPN announces the VPC's range as it is. A wider one here would lose against it by longest match.
    expect(prefixes).toEqual(roles.map((role) => [placeOf(define(change), role).addresses.vpc]));
  }
});

test("S2 a virtual private gateway is on its VPC before Direct Connect is associated with it", () => {
  for (const role of roles) {
    const [association] = all(built(vgw, role), "AWS::DirectConnect::DirectConnectGatewayAssociation");
    expect(association!.DependsOn).toContain("VirtualGatewayAttachment");
  }
});

test("S2 the Direct Connect gateway and the hubs have BGP numbers of their own", () => {
  for (const [hub, change] of hubs) {
    const type = hub === "tgw" ? "AWS::EC2::TransitGateway" : "AWS::EC2::VPNGateway";
    const [primary, recovery] = [built(change, "primary"), built(change, "recovery")];
    const numbers = [
      only(primary, "AWS::DirectConnect::DirectConnectGateway").AmazonSideAsn,
      ...[primary, recovery].map((made) => only(made, type).AmazonSideAsn),
    ];
    expect(numbers.map(Number)).toEqual([64_512, 64_513, 64_514]);
  }
});

test("S2 the virtual interface is of the hub's kind, with both ends' addresses and a key that stands in no template", () => {
  for (const [type, mtu, change] of [
    ["AWS::DirectConnect::TransitVirtualInterface", 8500, undefined],
    ["AWS::DirectConnect::PrivateVirtualInterface", 9001, vgw],
  ] as const) {
    const made = built(change);
    const { BgpPeers, ...more } = only(made, type);
    expect(more).toMatchObject({
      Vlan: 101,
      Mtu: mtu,
      DirectConnectGatewayId: { "Fn::GetAtt": ["DirectConnectGateway", "DirectConnectGatewayId"] },
    });
    expect(BgpPeers).toMatchObject([
      { AddressFamily: "ipv4", Asn: "65010", AmazonAddress: "169.254.20.2/30", CustomerAddress: "169.254.20.1/30" },
    ]);
    expect(BgpPeers[0].AuthKey).toEqual({
      "Fn::Join": ["", ["{{resolve:secretsmanager:", { Ref: "DirectConnectKey" }, ":SecretString}}"]],
    });
    expect(made.Resources.DirectConnectKey!.Properties!.Name).toBe("customer-three/direct-connect/bgp");
    expect(made.given.virtualInterfaceIds).toHaveLength(1);
  }
});

test("S2 virtual interfaces of several lines share no address", () => {
  const made = built(order({ locations: ["EqDB4", "TCDB2", "TelehouseNorth"] }));
  const addresses = all(made, "AWS::DirectConnect::TransitVirtualInterface").flatMap(({ Properties }) => [
    Properties!.BgpPeers[0].AmazonAddress,
    Properties!.BgpPeers[0].CustomerAddress,
  ]);
  expect(new Set(addresses).size).toBe(6);
});

test("S3 each region has a VPN of its own with BGP, from the router that is not the Direct Connect's", () => {
  for (const role of roles) {
    for (const [hub, change] of hubs) {
      const made = built(change, role);
      expect(only(made, "AWS::EC2::CustomerGateway")).toMatchObject({ IpAddress: "203.0.113.20", BgpAsn: 65_010, DeviceName: "edge-2" });
      const connection = only(made, "AWS::EC2::VPNConnection");
      expect(connection.StaticRoutesOnly).toBe(false);
      const { Ref } = connection[hub === "tgw" ? "TransitGatewayId" : "VpnGatewayId"];
      expect(made.Resources[Ref]!.Type).toBe(hub === "tgw" ? "AWS::EC2::TransitGateway" : "AWS::EC2::VPNGateway");
      expect(connection).not.toHaveProperty(hub === "tgw" ? "VpnGatewayId" : "TransitGatewayId");
      expect(all(made, "AWS::EC2::VPNConnectionRoute")).toEqual([]);
    }
  }
});

test("S3 two tunnels, in the address plan's ranges, with strong algorithms, that come back by themselves", () => {
  for (const role of roles) {
    const made = built(undefined, role);
    const tunnels = only(made, "AWS::EC2::VPNConnection").VpnTunnelOptionsSpecifications;
    const planned = tunnelLines(define()).filter((line) => line.role === role);
    expect(tunnels.map((each: any) => each.TunnelInsideCidr)).toEqual(planned.map(({ inside }) => inside));
    for (const tunnel of tunnels) {
      expect(tunnel).toMatchObject({
        IKEVersions: [{ Value: "ikev2" }],
        DPDTimeoutAction: "restart",
        DPDTimeoutSeconds: 30,
        StartupAction: "start",
        EnableTunnelLifecycleControl: true,
        Phase1LifetimeSeconds: 28_800,
        Phase2LifetimeSeconds: 3600,
      });
      for (const phase of ["Phase1", "Phase2"]) {
        expect(tunnel[`${phase}EncryptionAlgorithms`]).toEqual([{ Value: "AES256-GCM-16" }]);
        expect(tunnel[`${phase}IntegrityAlgorithms`].map((each: any) => each.Value)).not.toContain("SHA1");
        expect(Math.min(...tunnel[`${phase}DHGroupNumbers`].map((each: any) => each.Value))).toBeGreaterThanOrEqual(19);
      }
    }
  }
});

test("S3 each tunnel has a key of its own, of characters that AWS takes, encrypted, and in no template", () => {
  const made = built();
  const tunnels = only(made, "AWS::EC2::VPNConnection").VpnTunnelOptionsSpecifications;
  for (const [at, tunnel] of tunnels.entries()) {
    const id = `VpnTunnel${at + 1}Key`;
    expect(tunnel.PreSharedKey).toEqual({ "Fn::Join": ["", ["{{resolve:secretsmanager:", { Ref: id }, ":SecretString}}"]] });
    expect(made.Resources[id]!.Properties).toMatchObject({
      Name: `customer-three/vpn/tunnel-${at + 1}`,
      KmsKeyId: foundationOf(placeOf(define())).keyArn,
      // 8 to 64 letters and digits, no 0 at the beginning.
      GenerateSecretString: { PasswordLength: 48, ExcludePunctuation: true, IncludeSpace: false, ExcludeCharacters: "0" },
    });
  }
});

test("S3 a virtual private gateway's tables learn by BGP; a transit gateway's get the data centre's ranges and learn inside it", () => {
  const virtual = built(vgw);
  expect(only(virtual, "AWS::EC2::VPNGatewayRoutePropagation").RouteTableIds).toEqual([
    "rtb-public",
    "rtb-app0",
    "rtb-app1",
    "rtb-data0",
    "rtb-data1",
  ]);
  expect(all(virtual, "AWS::EC2::VPNGatewayRoutePropagation")[0]!.DependsOn).toEqual(["VirtualGatewayAttachment"]);
  expect(all(virtual, "AWS::EC2::Route")).toEqual([]);
  const transit = built((input) => (input.site.cidrs = ["10.64.0.0/16", "10.70.0.0/16"]));
  const routes = all(transit, "AWS::EC2::Route").map(({ Properties }) => [Properties!.RouteTableId, Properties!.DestinationCidrBlock]);
  expect(routes).toEqual(
    ["rtb-public", "rtb-app0", "rtb-app1", "rtb-data0", "rtb-data1"].flatMap((table) => [
      [table, "10.64.0.0/16"],
      [table, "10.70.0.0/16"],
    ]),
  );
  // Static routes on the gateway itself would win over Direct Connect.
  expect(all(transit, "AWS::EC2::TransitGatewayRoute")).toEqual([]);
  expect(only(transit, "AWS::EC2::TransitGateway")).toMatchObject({
    DefaultRouteTableAssociation: "enable",
    DefaultRouteTablePropagation: "enable",
  });
  expect(only(transit, "AWS::EC2::TransitGatewayVpcAttachment").SubnetIds).toEqual(["subnet-data0", "subnet-data1"]);
});

test("S3 large tunnels and equal-cost paths where they are asked for, on a transit gateway", () => {
  expect(only(built(), "AWS::EC2::VPNConnection").TunnelBandwidth).toBe("large");
  expect(only(built(), "AWS::EC2::TransitGateway").VpnEcmpSupport).toBe("enable");
  const plain = built((input) => (input.site.vpn = {}));
  expect(only(plain, "AWS::EC2::VPNConnection")).not.toHaveProperty("TunnelBandwidth");
  expect(only(plain, "AWS::EC2::TransitGateway").VpnEcmpSupport).toBe("disable");
});

test("S3 a BGP number of four bytes has its own property", () => {
  const gateway = only(
    built((input) => (input.site.asn = 4_200_000_000)),
    "AWS::EC2::CustomerGateway",
  );
  expect(gateway.BgpAsnExtended).toBe(4_200_000_000);
  expect(gateway).not.toHaveProperty("BgpAsn");
});

test("S4 what the lines do is logged, and their identifiers are there for alarms", () => {
  const made = built();
  for (const tunnel of only(made, "AWS::EC2::VPNConnection").VpnTunnelOptionsSpecifications) {
    expect(tunnel.LogOptions.CloudwatchLogOptions).toMatchObject({ LogEnabled: true, BgpLogEnabled: true, LogOutputFormat: "json" });
  }
  expect(all(made, "AWS::EC2::VPNConnection")[0]!.DependsOn).toEqual(["VpnLogGroup"]);
  expect(made.Resources.VpnLogGroup!.Properties).toMatchObject({
    LogGroupName: "/customer-three/vpn",
    KmsKeyId: expect.any(String),
    RetentionInDays: 30,
  });
  expect(made.given).toMatchObject({ hub: { kind: "tgw" }, connectionIds: ["dxcon-fg5kq2x1"], vpnConnectionId: expect.any(String) });
});

test("S4 a site has either line without the other", () => {
  const vpnOnly = built((input) => delete input.site.directConnect);
  expect(all(vpnOnly, "AWS::DirectConnect::DirectConnectGateway")).toEqual([]);
  expect(vpnOnly.given).toMatchObject({ virtualInterfaceIds: [], connectionIds: [] });
  const directOnly = built((input) => delete input.site.vpn);
  expect(all(directOnly, "AWS::EC2::VPNConnection")).toEqual([]);
  expect(directOnly.given.vpnConnectionId).toBeUndefined();
});
