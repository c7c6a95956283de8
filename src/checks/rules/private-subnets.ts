/** What must not be found from outside stands where no route leads outside. */
import { linked } from "../values.ts";
import type { Check } from "../check.ts";
import { databases, hosts, interfaceEndpoints, resolvers } from "../reach/ends.ts";
import { placeOf } from "../reach/intent.ts";
import { tableOf } from "../reach/routes.ts";

export const privateSubnets: Check = {
  id: "RES001",
  title: "No host, database or endpoint stands in a subnet with a route to the internet gateway",
  why: "With such a route one wrong address or one wrong security group rule is enough to publish it.",
  fix: "Route the subnet through a NAT gateway, or nowhere.",
  *check({ places, model }) {
    for (const { region } of places) {
      const open = new Map(
        model
          .byType("AWS::EC2::Route", region)
          .filter(({ properties }) => linked(properties.GatewayId)?.type === "AWS::EC2::InternetGateway")
          .map((route) => [linked(route.properties.RouteTableId), route] as const),
      );
      const reported = new Set<unknown>();
      for (const find of [hosts, databases, interfaceEndpoints, resolvers]) {
        for (const { owner, subnet } of find(model, region)) {
          const route = open.get(tableOf(model, subnet));
          if (!route || reported.has(subnet)) continue;
          reported.add(subnet);
          const message = `${owner.stack}.${owner.id} is in ${subnet.id}, from which ${route.stack}.${route.id} leads to the internet gateway.`;
          yield { message, place: placeOf(route) };
        }
      }
    }
  },
};
