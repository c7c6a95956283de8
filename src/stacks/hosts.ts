/** The cluster's machines: what one is like, and the Auto Scaling group that has as many as ECS asks for. */
import { Fn, type Stack } from "aws-cdk-lib";
import * as autoscaling from "aws-cdk-lib/aws-autoscaling";
import * as ec2 from "aws-cdk-lib/aws-ec2";
import { gib } from "../kernel/units.ts";
import { host as dockerHost, prefixLength } from "../platform/cidr.ts";
import type { Definition } from "../platform/definition.ts";
import { machineBounds, reservedMemory } from "./capacity.ts";
import { host } from "./cluster-roles.ts";
import type { Foundation, Network } from "./parts.ts";
import type { Place } from "./place.ts";
import { acknowledge } from "./template.ts";

export const groupName = ({ names }: Pick<Place, "names">): string => `${names.cluster}-hosts`;

type Needs = { foundation: Foundation; network: Network };

export function hosts(stack: Stack, place: Place, needs: Needs): autoscaling.CfnAutoScalingGroup {
  const { cluster } = place.definition;
  const { min, max } = machineBounds(place);
  const template = launchTemplate(stack, place, needs);
  const group = new autoscaling.CfnAutoScalingGroup(stack, "Hosts", {
    autoScalingGroupName: groupName(place),
    vpcZoneIdentifier: needs.network.appSubnets,
    // No DesiredCapacity: every update of the stack would set it back.
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
    // What ECS's managed termination protection stands on: it takes the protection from instances without tasks.
    newInstancesProtectedFromScaleIn: true,
    defaultInstanceWarmup: cluster.warmUp / 1000,
    healthCheckType: "EC2",
    healthCheckGracePeriod: cluster.warmUp / 1000,
    // A replacement is there before the old one goes.
    instanceMaintenancePolicy: { minHealthyPercentage: 100, maxHealthyPercentage: 110 },
    availabilityZoneDistribution: { capacityDistributionStrategy: "balanced-best-effort" },
    availabilityZoneImpairmentPolicy: {
      zonalShiftEnabled: true,
      impairedZoneHealthCheckBehavior: cluster.zoneImpairment === "replace-unhealthy" ? "ReplaceUnhealthy" : "IgnoreUnhealthy",
    },
    metricsCollection: [{ granularity: "1Minute" }],
    notificationConfigurations: [
      {
        topicArn: needs.foundation.alarmTopicArn,
        notificationTypes: ["autoscaling:EC2_INSTANCE_LAUNCH_ERROR", "autoscaling:EC2_INSTANCE_TERMINATE_ERROR"],
      },
    ],
    // ECS sets the mark when the group becomes a provider's; unnamed here, an update would take it away.
    tags: [{ key: "AmazonECSManaged", value: "", propagateAtLaunch: true }],
  });
  // What a recovery raised stays raised when the stack is next updated.
  group.cfnOptions.updatePolicy = { autoScalingScheduledAction: { ignoreUnmodifiedGroupSizeProperties: true } };
  acknowledge(
    group,
    "AwsSolutions-EC26",
    "The volumes are encrypted in HostTemplate; the rule does not follow a mixed instances policy to it.",
  );
  acknowledge(group, "AwsSolutions-AS3", "Launches and ends that succeed are ECS's daily work; those that fail are notified.");
  return group;
}

function launchTemplate(stack: Stack, place: Place, { foundation, network }: Needs): ec2.CfnLaunchTemplate {
  const { definition, names, region } = place;
  const tags = [
    { key: "Name", value: groupName(place) },
    { key: "causeway:platform", value: definition.name },
    // Patch Manager finds its baseline by it.
    { key: "PatchGroup", value: names.stack("cloud") },
    ...Object.entries(definition.tags).map(([key, value]) => ({ key, value })),
  ];
  return new ec2.CfnLaunchTemplate(stack, "HostTemplate", {
    launchTemplateData: {
      imageId: `{{resolve:ssm:${imageParameter(definition)}}}`,
      iamInstanceProfile: { name: names.role(host, region) },
      securityGroupIds: [network.groups.hosts],
      // One hop: a container on the bridge is two away and gets no credentials of the machine.
      metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1, httpEndpoint: "enabled", instanceMetadataTags: "disabled" },
      monitoring: { enabled: true },
      blockDeviceMappings: [
        {
          // Root device of the ECS-optimized Amazon Linux 2023: docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-optimized_AMI.html
          deviceName: "/dev/xvda",
          ebs: {
            volumeType: "gp3",
            volumeSize: Math.ceil(definition.cluster.disk / gib(1)),
            encrypted: true,
            kmsKeyId: foundation.keyArn,
            deleteOnTermination: true,
          },
        },
      ],
      userData: Fn.base64(userData(definition, names.cluster)),
      // The stack's own tags stop at the template.
      tagSpecifications: ["instance", "volume"].map((resourceType) => ({ resourceType, tags })),
    },
  });
}

/**
 * AWS's public parameter of one image, by the image's name: the same in every region where an image id is not. The plain `recommended` would
 * move under our feet. docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html
 */
function imageParameter({ cluster: { image } }: Definition): string {
  const architecture = image.endsWith("-arm64") ? "arm64/" : "";
  return `/aws/service/ecs/optimized-ami/amazon-linux-2023/${architecture}${image}/image_id`;
}

/**
 * How the agent asks for images when a task starts (docs.aws.amazon.com/AmazonECS/latest/developerguide/pull-behavior.html). By digest what lies
 * on the disk is right. Docker Hub counts every question, most of all in a scale-out, so there nothing is asked for that is cached, at the price of
 * a disk that is never cleaned. The region's own registry is asked again once the agent has cleaned up.
 */
const pulling = { "docker-hub": "prefer-cached", "pull-through": "once", ecr: "once" } as const;

function userData({ registry, addresses }: Definition, cluster: string): string {
  const settings = [
    `ECS_CLUSTER=${cluster}`,
    `ECS_IMAGE_PULL_BEHAVIOR=${pulling[registry.mode]}`,
    `ECS_RESERVED_MEMORY=${reservedMemory}`,
    // A large image on a busy day takes more than the default of 3 minutes.
    "ECS_CONTAINER_START_TIMEOUT=10m",
  ];
  const bridge = `${dockerHost(addresses.docker, 1)}/${prefixLength(addresses.docker)}`;
  return [
    "#!/bin/sh",
    "set -eu",
    `cat >> /etc/ecs/ecs.config <<'END'\n${settings.join("\n")}\nEND`,
    // Docker's bridge is where the address plan has it, so that no container's address is also a machine's.
    `mkdir -p /etc/docker\nprintf '{ "bip": "${bridge}" }\\n' > /etc/docker/daemon.json`,
    "systemctl try-restart docker",
    "",
  ].join("\n");
}
