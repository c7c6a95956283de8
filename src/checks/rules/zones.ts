/** What a region has several of is in several zones. */
import { databases, hosts, balancers, interfaceEndpoints, resolvers, zoneOf } from "../reach/ends.ts";
import { placeOf } from "../reach/intent.ts";
import type { Check } from "../check.ts";
import { linkedAll, named, type ModelResource } from "../values.ts";

export const severalZones: Check = {
  id: "RES002",
  title: "Hosts, database, load balancer, endpoints and the way to the site are in two zones at least",
  why: "A zone can be lost as a whole: power, cooling, network. What is in one zone only is lost with it.",
  fix: "Give it a subnet in each of the region's zones.",
  *check({ places, model }) {
    for (const { region } of places) {
      const subnets = new Map<ModelResource, ModelResource[]>();
      for (const find of [hosts, databases, balancers, interfaceEndpoints, resolvers]) {
        for (const { owner, subnet } of find(model, region)) {
          const group = owner.type === "AWS::RDS::DBInstance" ? subnetGroup(owner) : owner;
          subnets.set(group, [...(subnets.get(group) ?? []), subnet]);
        }
      }
      for (const attachment of model.byType("AWS::EC2::TransitGatewayVpcAttachment", region))
        subnets.set(attachment, linkedAll(attachment.properties.SubnetIds));
      for (const [owner, its] of subnets) {
        const zones = new Set(its.map(zoneOf));
        if (zones.size < 2) yield { message: `${named(owner)} is in ${[...zones].join("") || "no zone"} only.`, place: placeOf(owner) };
      }
    }
  },
};

const subnetGroup = (database: ModelResource): ModelResource => linkedAll(database.properties.DBSubnetGroupName)[0] ?? database;
