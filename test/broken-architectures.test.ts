/** Deliberately broken architectures, planted through `override`: each gives exactly the findings that name its fault. */
import { aws_ec2 as ec2, aws_iam as iam, Fn, type Stack } from "aws-cdk-lib";
import { expect, test } from "vitest";
import { examine } from "../src/checks/examine.ts";
import { define } from "../src/stacks/testing.ts";

/** The resource of a stack that a fault is planted in. The CDK's constructs are open to every mistake, so are these. */
const at = (stack: Stack, id: string): any => stack.node.findChild(id);
const without = (stack: Stack, ...ids: string[]): void => ids.forEach((id) => expect(stack.node.tryRemoveChild(id), id).toBe(true));

/** What the reference platform's checks say after `change` to one stack. */
function said(id: string, change: (stack: Stack) => unknown): string[] {
  let changed = false;
  const definition = define();
  definition.override = ({ part, region, stack }) => {
    if (`${region}-${part}` !== id) return;
    changed = true;
    change(stack);
  };
  const { findings } = examine(definition);
  expect(changed, `there is no stack ${id}`).toBe(true);
  return findings.map(({ code, place: { stack, resource } }) => [code, stack && `${stack}/${resource}`].filter(Boolean).join(" "));
}

type Fault = [fault: string, stack: string, change: (stack: Stack) => unknown, expected: string[]];

const network: Fault[] = [
  [
    "a zone without its NAT gateway",
    "eu-west-1-network",
    (stack) => without(stack, "NatGatewayB", "AppDefaultRouteB"),
    ["RCH005 eu-west-1-network/AppSubnetB"],
  ],
  [
    "two zones on one NAT gateway",
    "eu-west-1-network",
    (stack) => {
      at(stack, "AppDefaultRouteB").natGatewayId = at(stack, "NatGatewayA").ref;
    },
    ["RCH005 eu-west-1-network/NatGatewayA"],
  ],
  [
    "a database open to everybody",
    "eu-west-1-network",
    (stack) =>
      new ec2.CfnSecurityGroupIngress(stack, "Open", {
        groupId: at(stack, "DatabaseGroup").attrGroupId,
        ipProtocol: "tcp",
        fromPort: 5432,
        toPort: 5432,
        cidrIp: "0.0.0.0/0",
      }),
    ["AwsSolutions-EC23 eu-west-1-network/Open", "W2508 eu-west-1-network/Open"],
  ],
  [
    "a data subnet with a route to the internet",
    "eu-west-1-network",
    (stack) =>
      new ec2.CfnRoute(stack, "Leak", {
        routeTableId: at(stack, "DataRouteTableA").ref,
        destinationCidrBlock: "0.0.0.0/0",
        gatewayId: at(stack, "InternetGateway").ref,
      }),
    ["RES001 eu-west-1-network/Leak"],
  ],
  [
    "hosts that get public addresses from their subnet",
    "eu-west-1-network",
    (stack) => (at(stack, "AppSubnetA").mapPublicIpOnLaunch = true),
    ["RES003 eu-west-1-network/AppSubnetA"],
  ],
  [
    "a load balancer that nobody reaches",
    "eu-west-1-network",
    (stack) => (at(stack, "BalancerGroup").securityGroupIngress = []),
    ["RCH001 eu-west-1-network/BalancerGroup", "RCH008 eu-west-1-network/BalancerGroup"],
  ],
  [
    "hosts that let one port in where Docker chooses among many",
    "eu-west-1-network",
    (stack) => Object.assign(at(stack, "HostsFromBalancer"), { fromPort: 8080, toPort: 8080 }),
    ["RCH003 eu-west-1-network/HostsGroup"],
  ],
  [
    "hosts that do not reach the database",
    "eu-west-1-network",
    (stack) => without(stack, "DatabaseFromHosts"),
    ["RCH004 eu-west-1-network/DatabaseGroup"],
  ],
  [
    "a network ACL that keeps the database apart",
    "eu-west-1-network",
    (stack) => {
      const list = new ec2.CfnNetworkAcl(stack, "DataList", { vpcId: at(stack, "Vpc").ref });
      return new ec2.CfnSubnetNetworkAclAssociation(stack, "DataListA", { networkAclId: list.ref, subnetId: at(stack, "DataSubnetA").ref });
    },
    ["RCH004 eu-west-1-network/DataList", "RCH008 eu-west-1-network/DataList", "AwsSolutions-VPC3 eu-west-1-network/DataList"],
  ],
  [
    "a recovery region whose hosts cannot fetch images",
    "eu-central-1-network",
    (stack) => without(stack, "EcrDkrEndpoint"),
    ["RCH007", "RCH008"],
  ],
];

const lines: Fault[] = [
  [
    "prefixes on Direct Connect that are not the VPC's",
    "eu-west-1-link",
    (stack) => (at(stack, "DirectConnectAssociation").allowedPrefixesToDirectConnectGateway = ["10.99.0.0/16"]),
    ["RCH008 eu-west-1-link/DirectConnectAssociation", "RCH009 eu-west-1-link/VpnConnection"],
  ],
  [
    "hosts without a way back to the data centre",
    "eu-west-1-link",
    (stack) => without(stack, "AppASiteRoute"),
    ["RCH008 eu-west-1-network/NatGatewayA"],
  ],
  [
    "a tunnel in a range that AWS keeps for itself",
    "eu-west-1-link",
    (stack) => {
      const tunnels = at(stack, "VpnConnection").vpnTunnelOptionsSpecifications;
      at(stack, "VpnConnection").vpnTunnelOptionsSpecifications = [{ ...tunnels[0], tunnelInsideCidr: "169.254.0.0/30" }, tunnels[1]];
    },
    ["RES016 eu-west-1-link/VpnConnection"],
  ],
  [
    "a hub in one zone",
    "eu-west-1-link",
    (stack) => (at(stack, "TransitGatewayAttachment").subnetIds = [Fn.select(0, at(stack, "TransitGatewayAttachment").subnetIds)]),
    ["RCH008 eu-west-1-link/TransitGatewayAttachment", "RES002 eu-west-1-link/TransitGatewayAttachment"],
  ],
];

const data: Fault[] = [
  [
    "a recovery region without its replica",
    "eu-central-1-database",
    (stack) => without(stack, "Database", "DatabaseHostParameter"),
    ["F6101 eu-central-1-database/DatabaseHost", "RES020 eu-central-1-database/undefined"],
  ],
  [
    "a database in one zone",
    "eu-west-1-database",
    (stack) => (at(stack, "DatabaseSubnets").subnetIds = at(stack, "DatabaseSubnets").subnetIds.slice(0, 1)),
    ["RES002 eu-west-1-database/DatabaseSubnets"],
  ],
  [
    "a database without its standby",
    "eu-west-1-database",
    (stack) => (at(stack, "Database").multiAz = false),
    ["AwsSolutions-RDS3 eu-west-1-database/Database"],
  ],
  [
    "a database that is not encrypted",
    "eu-west-1-database",
    (stack) => (at(stack, "Database").storageEncrypted = false),
    ["AwsSolutions-RDS2 eu-west-1-database/Database", "W9008 eu-west-1-database/Database"],
  ],
  [
    "a database that everybody may address",
    "eu-west-1-database",
    (stack) => (at(stack, "Database").publiclyAccessible = true),
    ["RES003 eu-west-1-database/Database", "W9011 eu-west-1-database/Database"],
  ],
  [
    "a share that is not copied",
    "eu-west-1-files",
    (stack) => (at(stack, "ReportsBucket").replicationConfiguration = undefined),
    ["RES021 eu-west-1-files/ReportsBucket"],
  ],
  [
    "backups that stay in their region",
    "eu-west-1-protection",
    (stack) => {
      const plan = at(stack, "DailyPlan");
      plan.backupPlan = {
        ...plan.backupPlan,
        backupPlanRule: plan.backupPlan.backupPlanRule.map((rule: object) => ({ ...rule, copyActions: [] })),
      };
    },
    ["RES022 eu-west-1-protection/DailyPlan"],
  ],
];

const machines: Fault[] = [
  [
    "metadata without a token",
    "eu-west-1-compute",
    (stack) => at(stack, "HostTemplate").addPropertyOverride("LaunchTemplateData.MetadataOptions.HttpTokens", "optional"),
    ["RES005 eu-west-1-compute/HostTemplate"],
  ],
  [
    "a volume that is not encrypted",
    "eu-west-1-compute",
    (stack) => at(stack, "HostTemplate").addPropertyOverride("LaunchTemplateData.BlockDeviceMappings.0.Ebs.Encrypted", false),
    ["RES004 eu-west-1-compute/HostTemplate"],
  ],
  [
    "hosts with public addresses",
    "eu-west-1-compute",
    (stack) =>
      at(stack, "HostTemplate").addPropertyOverride("LaunchTemplateData.NetworkInterfaces", [
        { DeviceIndex: 0, AssociatePublicIpAddress: true },
      ]),
    ["RES003 eu-west-1-compute/HostTemplate"],
  ],
  [
    "a load balancer in one zone",
    "eu-west-1-compute",
    (stack) => (at(stack, "LoadBalancer").subnets = at(stack, "LoadBalancer").subnets.slice(0, 1)),
    ["RES002 eu-west-1-compute/LoadBalancer"],
  ],
  [
    "requests answered in the clear",
    "eu-west-1-compute",
    (stack) => (at(stack, "HttpListener").defaultActions = [{ type: "forward", targetGroupArn: at(stack, "WebTargetGroup").ref }]),
    ["RES004 eu-west-1-compute/HttpListener"],
  ],
  [
    "a password in a task definition",
    "eu-west-1-compute",
    (stack) =>
      at(stack, "ApiTask").addPropertyOverride("ContainerDefinitions.0.Environment.0", {
        Name: "DATABASE_PASSWORD",
        Value: "hunter2hunter2",
      }),
    ["RES053 eu-west-1-compute/ApiTask"],
  ],
  [
    "an image by its tag",
    "eu-west-1-compute",
    (stack) => at(stack, "WebTask").addPropertyOverride("ContainerDefinitions.0.Image", "nginx:latest"),
    ["RES051 eu-west-1-compute/WebTask"],
  ],
];

const care: Fault[] = [
  [
    "no alarm for a lost tunnel",
    "eu-west-1-observability",
    (stack) => without(stack, "VpnTunnelsAlarm"),
    ["RES030 eu-west-1-link/VpnConnection"],
  ],
  [
    "no alarm for a replica that falls behind",
    "eu-central-1-observability",
    (stack) => without(stack, "ReplicaLagAlarm"),
    ["RES030 eu-central-1-database/Database"],
  ],
  [
    "an alarm that tells nobody",
    "eu-west-1-observability",
    (stack) => (at(stack, "CacheDirtyAlarm").alarmActions = []),
    ["RES031 eu-west-1-observability/CacheDirtyAlarm"],
  ],
  [
    "a recovery that needs the lost region",
    "eu-central-1-compute",
    (stack) =>
      at(stack, "WebTask").addPropertyOverride("ContainerDefinitions.0.Environment.0", {
        Name: "QUEUE",
        Value: "https://sqs.eu-west-1.amazonaws.com/123456789012/orders",
      }),
    ["CTL001 eu-central-1-compute/WebTask"],
  ],
  [
    "a role that may do everything",
    "eu-west-1-roles",
    (stack) =>
      new iam.CfnRole(stack, "Anything", {
        assumeRolePolicyDocument: {
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
        },
        managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"],
      }),
    ["AwsSolutions-IAM4 eu-west-1-roles/Anything"],
  ],
  [
    "a reference to nothing",
    "eu-west-1-network",
    (stack) => at(stack, "AppSubnetA").addPropertyOverride("VpcId", { Ref: "Vcp" }),
    [
      "F1020 eu-west-1-network/AppSubnetA",
      "RCH003 eu-west-1-network/Vpc",
      "RCH004 eu-west-1-network/Vpc",
      "RCH007 eu-west-1-network/Vpc",
      "RCH008 eu-west-1-network/Vpc",
      "RCH012 eu-west-1-network/Vpc",
    ],
  ],
  [
    "a property that CloudFormation does not know",
    "eu-west-1-network",
    (stack) => at(stack, "Vpc").addPropertyOverride("CidrBlok", "10.0.0.0/16"),
    ["F3002 eu-west-1-network/Vpc"],
  ],
];

test.each([...network, ...lines, ...data, ...machines, ...care])("%s", (_fault, stack, change, expected) => {
  expect(said(stack, change)).toEqual(expected);
});
