/** The ways out of the private subnets. */
import { expect, test } from "vitest";
import type { Template } from "./assembly.ts";
import { nat } from "./nat.ts";
import { network } from "./network.ts";
import { define, foundationOf, networkOf, placeOf, template } from "./testing.ts";

const natOf = ({ Resources }: Template, type: string) =>
  Object.entries(Resources).filter(([id, { Type }]) => Type === type && id !== "InternetRoute");

test("S6 each zone has its own NAT gateway, in its public subnet, with its reserved address; data subnets have no default route", () => {
  for (const role of ["primary", "recovery"] as const) {
    const made = template(placeOf(define(), role), (stack, place) => {
      const foundation = foundationOf(place);
      nat(stack, place, { network: network(stack, place, { foundation }), foundation });
    });
    const gateways = natOf(made, "AWS::EC2::NatGateway").map(([id, { Properties, DependsOn }]) => [
      id,
      Properties!.SubnetId,
      Properties!.AllocationId,
      DependsOn,
    ]);
    expect(gateways).toEqual([
      ["NatGatewayA", { Ref: "PublicSubnetA" }, "eipalloc-nat0", ["InternetRoute"]],
      ["NatGatewayB", { Ref: "PublicSubnetB" }, "eipalloc-nat1", ["InternetRoute"]],
    ]);
    const routes = natOf(made, "AWS::EC2::Route").map(([, { Properties }]) => [
      Properties!.RouteTableId,
      Properties!.DestinationCidrBlock,
      Properties!.NatGatewayId,
    ]);
    expect(routes).toEqual([
      [{ Ref: "AppRouteTableA" }, "0.0.0.0/0", { Ref: "NatGatewayA" }],
      [{ Ref: "AppRouteTableB" }, "0.0.0.0/0", { Ref: "NatGatewayB" }],
    ]);
    // Their addresses are the foundation's: gateways come and go, partners' allow-lists do not.
    expect(natOf(made, "AWS::EC2::EIP")).toEqual([]);
  }
});

test("S6 gateways that are switched on at recovery stand in another stack than the network", () => {
  const made = template(placeOf(define(), "recovery"), (stack, place) =>
    nat(stack, place, { network: networkOf(place), foundation: foundationOf(place) }),
  );
  expect(Object.keys(made.Resources)).toEqual(["NatGatewayA", "AppDefaultRouteA", "NatGatewayB", "AppDefaultRouteB"]);
  expect(made.Resources.NatGatewayA).not.toHaveProperty("DependsOn");
});
