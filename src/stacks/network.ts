/** The region's VPC: subnets by tier and zone, their route tables, flow log; with the endpoints and security groups that live in it. */
import type { Stack } from "aws-cdk-lib";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import * as logs from "aws-cdk-lib/aws-logs";
import { days } from "../kernel/units.ts";
import { endpoints } from "./endpoints.ts";
import type { Foundation, Network } from "./parts.ts";
import { letter, pascal, type Place } from "./place.ts";
import { allow, makeRole } from "./role.ts";
import { securityGroups } from "./security-groups.ts";
import { acknowledge, arn, output, roleArn } from "./template.ts";

/** What the role is for, and the end of the log group's name. */
const flowLogs = "flow-logs";

/** Roles of what may be switched on at recovery are made beforehand: IAM changes in one region only, and it may be the lost one. */
export function networkRoles(stack: Stack, place: Place): void {
  const group = `log-group:${place.names.logGroup(flowLogs)}`;
  const role = makeRole(stack, "FlowLogRole", place, flowLogs, {
    service: "vpc-flow-logs.amazonaws.com",
    statements: [
      // docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html, without what the making of groups would need
      allow(
        ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        [arn("logs", group), arn("logs", `${group}:log-stream:*`)],
      ),
    ],
  });
  acknowledge(role, "AwsSolutions-IAM5", "Streams of this one log group: VPC names one after each network interface.");
}

export function network(stack: Stack, place: Place, { foundation }: { foundation: Foundation }): Network {
  const { names, addresses } = place;
  const vpc = new ec2.CfnVPC(stack, "Vpc", {
    cidrBlock: addresses.vpc,
    enableDnsSupport: true,
    enableDnsHostnames: true,
    tags: named(names.stack("vpc")),
  });
  const vpcId = vpc.ref;
  const publicRouteTable = internet(stack, place, vpcId);
  const outer = tier(stack, place, vpcId, "public", publicRouteTable);
  const app = tier(stack, place, vpcId, "app");
  const data = tier(stack, place, vpcId, "data");
  flowLog(stack, place, vpcId, foundation);
  const groups = securityGroups(stack, place, vpcId);
  const routeTables = [...app.routeTables, ...data.routeTables];
  const { fileBucketsDnsName } = endpoints(stack, place, { vpcId, subnets: app.subnets, routeTables, group: groups.endpoints });
  output(stack, "VpcId", vpcId, "The region's VPC.");
  return {
    vpcId,
    publicSubnets: outer.subnets,
    appSubnets: app.subnets,
    dataSubnets: data.subnets,
    publicRouteTable,
    appRouteTables: app.routeTables,
    dataRouteTables: data.routeTables,
    groups,
    fileBucketsDnsName,
  };
}

/** Gives the one route table that leads to the internet gateway; only the public subnets have it. */
function internet(stack: Stack, { names }: Place, vpcId: string): string {
  const gateway = new ec2.CfnInternetGateway(stack, "InternetGateway", { tags: named(names.stack("internet")) });
  const attachment = new ec2.CfnVPCGatewayAttachment(stack, "InternetGatewayAttachment", { vpcId, internetGatewayId: gateway.ref });
  const table = new ec2.CfnRouteTable(stack, "PublicRouteTable", { vpcId, tags: named(names.stack("public")) });
  new ec2.CfnRoute(stack, "InternetRoute", {
    routeTableId: table.ref,
    destinationCidrBlock: "0.0.0.0/0",
    gatewayId: gateway.ref,
  }).addResourceDependency(attachment);
  return table.ref;
}

type Tier = { subnets: string[]; routeTables: string[] };

/**
 * A subnet for each zone, by the zone's id: names are shuffled from account to account. Each has a table of its own, unless they share one, so that
 * one zone's way out can fail alone. No network ACL beyond the open default: a stateless copy of the security groups would have to be kept in step.
 */
function tier(stack: Stack, place: Place, vpcId: string, kind: "public" | "app" | "data", shared?: string): Tier {
  const title = pascal(kind);
  const tables: string[] = [];
  const subnets = place.zones.map((availabilityZoneId, zone) => {
    const id = `${title}Subnet${letter(zone)}`;
    const tags = named(place.names.stack(`${kind}-${letter(zone).toLowerCase()}`));
    const subnet = new ec2.CfnSubnet(stack, id, {
      vpcId,
      availabilityZoneId,
      cidrBlock: place.addresses[kind][zone]!,
      mapPublicIpOnLaunch: false,
      tags,
    });
    const table = shared ?? new ec2.CfnRouteTable(stack, `${title}RouteTable${letter(zone)}`, { vpcId, tags }).ref;
    tables.push(table);
    new ec2.CfnSubnetRouteTableAssociation(stack, `${id}Routes`, { subnetId: subnet.ref, routeTableId: table });
    return subnet.ref;
  });
  return { subnets, routeTables: tables };
}

function flowLog(stack: Stack, place: Place, vpcId: string, foundation: Foundation): void {
  const group = new logs.CfnLogGroup(stack, "FlowLogGroup", {
    logGroupName: place.names.logGroup(flowLogs),
    kmsKeyId: foundation.keyArn,
    retentionInDays: place.definition.logs / days(1),
  });
  new ec2.CfnFlowLog(stack, "FlowLog", {
    resourceType: "VPC",
    resourceId: vpcId,
    trafficType: "ALL",
    logDestinationType: "cloud-watch-logs",
    logGroupName: group.ref,
    deliverLogsPermissionArn: roleArn(place, flowLogs),
  });
}

const named = (value: string) => [{ key: "Name", value }];
