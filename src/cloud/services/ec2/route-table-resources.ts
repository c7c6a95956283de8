/** Route tables, their routes and associations in CloudFormation. Types: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EC2.html */
import { resource, type Properties } from "../../service.ts";
import { findAssociation, routeTableOperations } from "./route-tables.ts";
import { routeOperations } from "./routes.ts";
import type { Here } from "./state.ts";
import { resourceTags, retag } from "./tags.ts";

export const routeTableResources = {
  "AWS::EC2::RouteTable": resource({
    create: (call: Here, { VpcId, Tags }, stack) =>
      routeTableOperations.CreateRouteTable(call, {
        VpcId,
        TagSpecifications: [{ ResourceType: "route-table", Tags: resourceTags(Tags, stack) }],
      }).RouteTable.RouteTableId,
    update: (call: Here, id, { Tags }, previous, stack) => retag(call, id, Tags, previous["Tags"], stack),
    delete(call: Here, id) {
      if (call.state.routeTables.has(id)) routeTableOperations.DeleteRouteTable(call, { RouteTableId: id });
    },
    attributes: (_call, id) => ({ RouteTableId: id }),
    read(call: Here, id) {
      const table = call.state.routeTables.get(id);
      return table && { VpcId: table.VpcId, Tags: table.Tags };
    },
  }),

  "AWS::EC2::Route": resource({
    create(call: Here, properties) {
      routeOperations.CreateRoute(call, request(properties));
      return `${properties["RouteTableId"]}|${destination(properties)}`;
    },
    update: (call: Here, _id, properties) => routeOperations.ReplaceRoute(call, request(properties)),
    delete(call: Here, _id, properties) {
      if (routeOf(call, properties)) routeOperations.DeleteRoute(call, request(properties));
    },
    attributes: (_call, _id, properties) => ({ CidrBlock: destination(properties) }),
    read(call: Here, _id, properties) {
      const found = routeOf(call, properties);
      if (!found) return undefined;
      const { Origin: _ours, InstanceOwnerId: _theirs, ...route } = found;
      return { RouteTableId: properties["RouteTableId"], ...route };
    },
  }),

  "AWS::EC2::SubnetRouteTableAssociation": resource({
    create: (call: Here, { RouteTableId, SubnetId }) =>
      routeTableOperations.AssociateRouteTable(call, { RouteTableId, SubnetId }).AssociationId,
    delete: dissociate,
    attributes: (_call, id) => ({ Id: id }),
    read: readAssociation,
  }),

  "AWS::EC2::GatewayRouteTableAssociation": resource({
    create(call: Here, { RouteTableId, GatewayId }) {
      routeTableOperations.AssociateRouteTable(call, { RouteTableId, GatewayId });
      return GatewayId;
    },
    update(call: Here, id, { RouteTableId }) {
      const present = gatewayAssociation(call, id);
      if (present)
        routeTableOperations.ReplaceRouteTableAssociation(call, { AssociationId: present.RouteTableAssociationId, RouteTableId });
    },
    delete(call: Here, id) {
      const present = gatewayAssociation(call, id);
      if (present) routeTableOperations.DisassociateRouteTable(call, { AssociationId: present.RouteTableAssociationId });
    },
    attributes: (call: Here, id) => ({ AssociationId: gatewayAssociation(call, id)?.RouteTableAssociationId }),
  }),
};

function request(properties: Properties) {
  const { RouteTableId, DestinationCidrBlock, DestinationIpv6CidrBlock, DestinationPrefixListId, ...target } = properties;
  return { RouteTableId: String(RouteTableId), DestinationCidrBlock, DestinationIpv6CidrBlock, DestinationPrefixListId, ...target };
}

function destination({ DestinationCidrBlock, DestinationIpv6CidrBlock, DestinationPrefixListId }: Properties): string {
  return DestinationCidrBlock ?? DestinationIpv6CidrBlock ?? DestinationPrefixListId;
}

function routeOf(call: Here, properties: Properties) {
  return call.state.routeTables
    .get(properties["RouteTableId"])
    ?.Routes.find((route) => destination(route) === destination(properties) && route.Origin !== "EnableVgwRoutePropagation");
}

const associations = (call: Here) => [...call.state.routeTables.values()].flatMap(({ Associations }) => Associations);
const gatewayAssociation = (call: Here, gatewayId: string) => associations(call).find(({ GatewayId }) => GatewayId === gatewayId);

function dissociate(call: Here, id: string): void {
  if (associations(call).some(({ RouteTableAssociationId }) => RouteTableAssociationId === id))
    routeTableOperations.DisassociateRouteTable(call, { AssociationId: id });
}

function readAssociation(call: Here, id: string): Properties | undefined {
  if (!associations(call).some(({ RouteTableAssociationId }) => RouteTableAssociationId === id)) return undefined;
  const { RouteTableId, SubnetId } = findAssociation(call, id).association;
  return { RouteTableId, SubnetId };
}
