/** The cluster: machines that the Auto Scaling group starts, and the capacity provider through which ECS says how many. */
import { Fn, type Stack } from "aws-cdk-lib";
import * as autoscaling from "aws-cdk-lib/aws-autoscaling";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import * as ecs from "aws-cdk-lib/aws-ecs";
import * as iam from "aws-cdk-lib/aws-iam";
import * as logs from "aws-cdk-lib/aws-logs";
import { days, gib } from "../kernel/units.ts";
import { repositories } from "./images.ts";
import { cachePrefix } from "./images.ts";
import type { Foundation, Network } from "./parts.ts";
import type { Place } from "./place.ts";
import { reservedMemory } from "./capacity.ts";
import { acknowledge, arn, output, sub } from "./template.ts";

export const groupName = ({ names }: Place): string => `${names.cluster}-hosts`;
const instanceRole = "host";

/** What the agents on a machine may do; tasks have roles of their own. */
export function clusterRoles(stack: Stack, { definition, names, region }: Place): void {
  const cluster = arn("ecs", `cluster/${names.cluster}`);
  const repository =
    definition.registry.mode === "ecr" ? repositories(definition).map((each) => names.repository(each)) : [`${cachePrefix(definition)}/*`];
  const role = new iam.CfnRole(stack, "HostRole", {
    roleName: names.role(instanceRole, region),
    assumeRolePolicyDocument: {
      Version: "2012-10-17",
      Statement: { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
    },
    policies: [
      {
        policyName: "agents",
        policyDocument: {
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              // docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html, bound to this cluster
              Action: [
                "ecs:RegisterContainerInstance",
                "ecs:DeregisterContainerInstance",
                "ecs:UpdateContainerInstancesState",
                "ecs:SubmitTaskStateChange",
                "ecs:SubmitContainerStateChange",
                "ecs:SubmitAttachmentStateChanges",
              ],
              Resource: [cluster, arn("ecs", `container-instance/${names.cluster}/*`)],
            },
            {
              Effect: "Allow",
              Action: ["ecs:Poll", "ecs:StartTelemetrySession"],
              Resource: arn("ecs", `container-instance/${names.cluster}/*`),
            },
            { Effect: "Allow", Action: ["ecs:DiscoverPollEndpoint", "ecr:GetAuthorizationToken", "ec2:DescribeTags"], Resource: "*" },
            {
              Effect: "Allow",
              Action: [
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchImportUpstreamImage",
                "ecr:CreateRepository",
              ],
              Resource: repository.map((each) => arn("ecr", `repository/${each}`)),
            },
            {
              Effect: "Allow",
              // Systems Manager's agent has no narrower resources: docs.aws.amazon.com/systems-manager/latest/userguide/setup-instance-permissions.html
              Action: [
                "ssm:UpdateInstanceInformation",
                "ssm:ListAssociations",
                "ssm:ListInstanceAssociations",
                "ssm:PutInventory",
                "ssm:PutComplianceItems",
                "ssm:UpdateInstanceAssociationStatus",
                "ssm:UpdateAssociationStatus",
                "ssm:GetDeployablePatchSnapshotForInstance",
                "ssmmessages:*Channel",
                "ec2messages:*",
              ],
              Resource: "*",
            },
            {
              Effect: "Allow",
              Action: ["ssm:GetDocument", "ssm:DescribeDocument", "ssm:DescribeAssociation", "ssm:GetManifest"],
              Resource: [
                arn("ssm", `document/${definition.name}-*`),
                sub("arn:${AWS::Partition}:ssm:${AWS::Region}::document/AWS-*"),
                arn("ssm", "association/*"),
              ],
            },
          ],
        },
      },
    ],
  });
  acknowledge(
    role,
    "AwsSolutions-IAM5",
    "Container instances and associations have ids of AWS's choice; the agents' own calls have no resources to name.",
  );
  new iam.CfnInstanceProfile(stack, "HostProfile", { instanceProfileName: names.role(instanceRole, region), roles: [role.ref] });
}

export function cluster(stack: Stack, place: Place, { foundation, network }: { foundation: Foundation; network: Network }): void {
  const { definition, names } = place;
  const sessions = new logs.CfnLogGroup(stack, "ExecLog", {
    logGroupName: names.logGroup("exec"),
    kmsKeyId: foundation.keyArn,
    retentionInDays: definition.logs / days(1),
  });
  const made = new ecs.CfnCluster(stack, "Cluster", {
    clusterName: names.cluster,
    clusterSettings: [{ name: "containerInsights", value: "enhanced" }],
    configuration: {
      executeCommandConfiguration: {
        kmsKeyId: foundation.keyArn,
        logging: "OVERRIDE",
        logConfiguration: { cloudWatchLogGroupName: sessions.ref, cloudWatchEncryptionEnabled: true },
      },
    },
  });
  const group = autoScalingGroup(stack, place, network, launchTemplate(stack, place, foundation, network));
  const provider = new ecs.CfnCapacityProvider(stack, "CapacityProvider", {
    name: groupName(place),
    autoScalingGroupProvider: {
      autoScalingGroupArn: group.ref,
      managedScaling: {
        status: "ENABLED",
        targetCapacity: definition.cluster.targetCapacity,
        minimumScalingStepSize: definition.cluster.step.min,
        maximumScalingStepSize: definition.cluster.step.max,
        instanceWarmupPeriod: definition.cluster.warmUp / 1000,
      },
      // Needs the group's protection of new instances, and scaling that is managed.
      managedTerminationProtection: "ENABLED",
      managedDraining: "ENABLED",
    },
  });
  new ecs.CfnClusterCapacityProviderAssociations(stack, "CapacityProviderAssociation", {
    cluster: made.ref,
    capacityProviders: [provider.ref],
    defaultCapacityProviderStrategy: [{ capacityProvider: provider.ref, weight: 1 }],
  });
  reservation(stack, place);
  output(stack, "ClusterName", made.ref, "ECS cluster.");
  output(stack, "AutoScalingGroupName", group.ref, "The group of the cluster's machines.");
}

function launchTemplate(stack: Stack, place: Place, { keyArn }: Foundation, { groups }: Network): ec2.CfnLaunchTemplate {
  const { definition, names, region } = place;
  const settings = [
    `ECS_CLUSTER=${names.cluster}`,
    `ECS_RESERVED_MEMORY=${reservedMemory}`,
    // By digest an image never changes, so what is on the disk is right, and a scale-out asks no registry for it.
    "ECS_IMAGE_PULL_BEHAVIOR=prefer-cached",
    "ECS_ENABLE_TASK_IAM_ROLE=true",
    "ECS_AWSVPC_BLOCK_IMDS=true",
    "ECS_CONTAINER_STOP_TIMEOUT=30s",
    "ECS_ENABLE_SPOT_INSTANCE_DRAINING=false",
  ].join("\n");
  return new ec2.CfnLaunchTemplate(stack, "HostTemplate", {
    launchTemplateName: groupName(place),
    launchTemplateData: {
      // By its version's name, which means the same image in every region; `recommended` would move under our feet.
      imageId: `resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/${definition.cluster.image}/image_id`,
      iamInstanceProfile: { name: names.role(instanceRole, region) },
      securityGroupIds: [groups.hosts],
      metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1, httpEndpoint: "enabled" },
      monitoring: { enabled: true },
      blockDeviceMappings: [
        {
          deviceName: "/dev/xvda",
          ebs: {
            volumeType: "gp3",
            volumeSize: Math.floor(definition.cluster.disk / gib(1)),
            encrypted: true,
            kmsKeyId: keyArn,
            deleteOnTermination: true,
          },
        },
      ],
      userData: Fn.base64(`#!/bin/sh\ncat >> /etc/ecs/ecs.config <<'END'\n${settings}\nEND\n`),
      tagSpecifications: ["instance", "volume"].map((resourceType) => ({
        resourceType,
        tags: [
          { key: "Name", value: groupName(place) },
          { key: "causeway:platform", value: definition.name },
          { key: "PatchGroup", value: names.stack("cloud") },
        ],
      })),
    },
  });
}

/** The share of the primary's machines that a region keeps in quiet times. */
export const machines = ({ definition: { cluster }, holdings }: Place) => ({
  min: holdings.compute === "zero" ? 0 : holdings.compute === "live" ? Math.ceil(cluster.min * holdings.share) : cluster.min,
  max: cluster.max,
});

function autoScalingGroup(stack: Stack, place: Place, network: Network, template: ec2.CfnLaunchTemplate): autoscaling.CfnAutoScalingGroup {
  const { cluster } = place.definition;
  const { min, max } = machines(place);
  const group = new autoscaling.CfnAutoScalingGroup(stack, "Hosts", {
    autoScalingGroupName: groupName(place),
    vpcZoneIdentifier: network.appSubnets,
    // No DesiredCapacity: an update would set it back to what it says.
    minSize: String(min),
    maxSize: String(max),
    mixedInstancesPolicy: {
      launchTemplate: {
        launchTemplateSpecification: { launchTemplateId: template.ref, version: template.attrLatestVersionNumber },
        overrides: cluster.instanceTypes.map((instanceType) => ({ instanceType })),
      },
      instancesDistribution: {
        onDemandAllocationStrategy: "prioritized",
        onDemandBaseCapacity: 0,
        onDemandPercentageAboveBaseCapacity: 100,
      },
    },
    newInstancesProtectedFromScaleIn: true,
    defaultInstanceWarmup: cluster.warmUp / 1000,
    healthCheckType: "EC2",
    healthCheckGracePeriod: cluster.warmUp / 1000,
    instanceMaintenancePolicy: { minHealthyPercentage: 100, maxHealthyPercentage: 110 },
    availabilityZoneDistribution: { capacityDistributionStrategy: "balanced-best-effort" },
    availabilityZoneImpairmentPolicy: {
      zonalShiftEnabled: true,
      impairedZoneHealthCheckBehavior: cluster.zoneImpairment === "replace-unhealthy" ? "ReplaceUnhealthy" : "IgnoreUnhealthy",
    },
    metricsCollection: [{ granularity: "1Minute" }],
    // ECS needs it to manage termination protection.
    tags: [{ key: "AmazonECSManaged", value: "", propagateAtLaunch: true }],
  });
  acknowledge(group, "AwsSolutions-AS3", "ECS scales the group; alarms on its limits and on launches that fail are in this stack.");
  return group;
}

/** The gap between what runs and what a recovery needs, kept free by AWS. */
function reservation(stack: Stack, place: Place): void {
  const { definition, zones, role, holdings } = place;
  if (!definition.recovery.reserveCapacity || role !== "recovery" || holdings.compute === "prepared") return;
  const gap = definition.cluster.min - machines(place).min;
  zones.forEach((zone, at) => {
    const count = Math.floor(gap / zones.length) + (at < gap % zones.length ? 1 : 0);
    if (count === 0) return;
    new ec2.CfnCapacityReservation(stack, `Reservation${"ABC"[at]}`, {
      availabilityZoneId: zone,
      instanceType: definition.cluster.instanceTypes[0]!,
      instancePlatform: "Linux/UNIX",
      instanceCount: count,
      instanceMatchCriteria: "open",
      endDateType: "unlimited",
    });
  });
}
