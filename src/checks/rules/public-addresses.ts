/** Public addresses are the load balancer's and the NAT gateways', nobody else's. */
import type { Check, Complaint } from "../check.ts";
import { placeOf } from "../reach/intent.ts";
import { members, named, type ModelResource } from "../values.ts";

export const publicAddresses: Check = {
  id: "RES003",
  title: "Only the load balancer and the NAT gateways have public addresses",
  why: "A public address is a way in that only security groups keep shut, and since 2024 each one is billed by the hour.",
  fix: "Take the public address away; hosts go out through NAT, people come in through Session Manager.",
  *check({ model }) {
    for (const resource of model.resources) {
      const found = given[resource.type]?.(resource.properties);
      if (found) yield complaint(resource, found);
    }
  },
};

const complaint = (resource: ModelResource, what: string): Complaint => ({
  message: `${named(resource)} ${what}.`,
  place: placeOf(resource),
});

const onInterface = (interfaces: unknown): string | undefined =>
  members(interfaces).some(({ AssociatePublicIpAddress }) => AssociatePublicIpAddress === true)
    ? "gives its instances public addresses"
    : undefined;

/** Type → what is public about it, if something is. */
const given: Record<string, (properties: Record<string, any>) => string | undefined> = {
  "AWS::EC2::Subnet": ({ MapPublicIpOnLaunch }) =>
    MapPublicIpOnLaunch === true ? "gives public addresses to what starts in it" : undefined,
  "AWS::EC2::LaunchTemplate": ({ LaunchTemplateData }) => onInterface(LaunchTemplateData?.NetworkInterfaces),
  "AWS::EC2::Instance": ({ NetworkInterfaces }) => onInterface(NetworkInterfaces),
  "AWS::EC2::EIP": ({ InstanceId }) => (InstanceId === undefined ? undefined : "gives an instance a public address"),
  "AWS::EC2::EIPAssociation": ({ InstanceId, NetworkInterfaceId }) =>
    (InstanceId ?? NetworkInterfaceId) === undefined ? undefined : "gives an instance a public address",
  "AWS::RDS::DBInstance": ({ PubliclyAccessible }) => (PubliclyAccessible === true ? "has a public address" : undefined),
  "AWS::ECS::Service": ({ NetworkConfiguration }) =>
    NetworkConfiguration?.AwsvpcConfiguration?.AssignPublicIp === "ENABLED" ? "gives its tasks public addresses" : undefined,
};
