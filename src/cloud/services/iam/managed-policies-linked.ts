/**
 * Policies of service-linked roles; AWS attaches them, nobody else can. Statements from the mirror that managed-policies.ts names,
 * but for the one of AWS Backup.
 */
import { allow, type Given } from "./managed-policy.ts";

const LINKED = "/aws-service-role/";
const of = (service: string, ...actions: string[]): string[] => actions.map((action) => `${service}:${action}`);

const ecs: object[] = [
  allow(
    [
      ...of(
        "ec2",
        "AttachNetworkInterface",
        "AssociateTrunkInterface",
        "CreateNetworkInterface",
        "CreateNetworkInterfacePermission",
        "DeleteNetworkInterface",
      ),
      ...of("ec2", "DeleteNetworkInterfacePermission", "Describe*", "DetachNetworkInterface", "DisassociateTrunkInterface"),
      ...of(
        "elasticloadbalancing",
        "DeregisterInstancesFromLoadBalancer",
        "DeregisterTargets",
        "Describe*",
        "RegisterInstancesWithLoadBalancer",
        "RegisterTargets",
      ),
      ...of("route53", "ChangeResourceRecordSets", "CreateHealthCheck", "DeleteHealthCheck", "Get*", "List*", "UpdateHealthCheck"),
      ...of("servicediscovery", "DeregisterInstance", "Get*", "List*", "RegisterInstance", "UpdateInstanceCustomHealthStatus"),
    ],
    "*",
    { Sid: "ECSTaskManagement" },
  ),
  allow(["autoscaling:Describe*"], "*", { Sid: "AutoScaling" }),
  allow(
    of(
      "autoscaling",
      "DeletePolicy",
      "PutScalingPolicy",
      "SetInstanceProtection",
      "UpdateAutoScalingGroup",
      "PutLifecycleHook",
      "DeleteLifecycleHook",
      "CompleteLifecycleAction",
      "RecordLifecycleActionHeartbeat",
    ),
    "*",
    { Sid: "AutoScalingManagement", Condition: { Null: { "autoscaling:ResourceTag/AmazonECSManaged": "false" } } },
  ),
  allow(of("autoscaling-plans", "CreateScalingPlan", "DeleteScalingPlan", "DescribeScalingPlans", "DescribeScalingPlanResources"), "*", {
    Sid: "AutoScalingPlanManagement",
  }),
  allow(of("events", "DescribeRule", "ListTargetsByRule"), "arn:aws:events:*:*:rule/ecs-managed-*", { Sid: "EventBridge" }),
  allow(of("events", "PutRule", "PutTargets"), "*", {
    Sid: "EventBridgeRuleManagement",
    Condition: { StringEquals: { "events:ManagedBy": "ecs.amazonaws.com" } },
  }),
  allow(of("cloudwatch", "DeleteAlarms", "DescribeAlarms", "PutMetricAlarm"), "arn:aws:cloudwatch:*:*:alarm:*", {
    Sid: "CWAlarmManagement",
  }),
  allow(["ec2:CreateTags"], "arn:aws:ec2:*:*:network-interface/*", { Sid: "ECSTagging" }),
  allow(of("logs", "CreateLogGroup", "DescribeLogGroups", "PutRetentionPolicy"), "arn:aws:logs:*:*:log-group:/aws/ecs/*", {
    Sid: "CWLogGroupManagement",
  }),
  allow(of("logs", "CreateLogStream", "DescribeLogStreams", "PutLogEvents"), "arn:aws:logs:*:*:log-group:/aws/ecs/*:log-stream:*", {
    Sid: "CWLogStreamManagement",
  }),
  allow(["ssm:DescribeSessions"], "*", { Sid: "ExecuteCommandSessionManagement" }),
  allow(["ssm:StartSession"], ["arn:aws:ecs:*:*:task/*", "arn:aws:ssm:*:*:document/AmazonECS-ExecuteInteractiveCommand"], {
    Sid: "ExecuteCommand",
  }),
  allow(of("servicediscovery", "CreateHttpNamespace", "CreateService"), "*", {
    Sid: "CloudMapResourceCreation",
    Condition: { "ForAllValues:StringEquals": { "aws:TagKeys": ["AmazonECSManaged"] } },
  }),
  allow("servicediscovery:TagResource", "*", {
    Sid: "CloudMapResourceTagging",
    Condition: { StringLike: { "aws:RequestTag/AmazonECSManaged": "*" } },
  }),
  allow(["servicediscovery:DeleteService"], "*", {
    Sid: "CloudMapResourceDeletion",
    Condition: { Null: { "aws:ResourceTag/AmazonECSManaged": "false" } },
  }),
  allow(of("servicediscovery", "DiscoverInstances", "DiscoverInstancesRevision"), "*", { Sid: "CloudMapResourceDiscovery" }),
  allow(["servicediscovery:UpdateServiceAttributes"], "*", {
    Sid: "CloudMapResourceAttributeManagement",
    Condition: { Null: { "aws:ResourceTag/AmazonECSManaged": "false" } },
  }),
];

const autoScaling: object[] = [
  allow(
    [
      ...of(
        "ec2",
        "AttachClassicLinkVpc",
        "CancelSpotInstanceRequests",
        "CreateFleet",
        "CreateTags",
        "DeleteTags",
        "Describe*",
        "DetachClassicLinkVpc",
      ),
      ...of(
        "ec2",
        "GetInstanceTypesFromInstanceRequirements",
        "GetSecurityGroupsForVpc",
        "ModifyInstanceAttribute",
        "RequestSpotInstances",
      ),
      ...of("ec2", "RunInstances", "StartInstances", "StopInstances", "TerminateInstances"),
    ],
    "*",
    { Sid: "EC2InstanceManagement" },
  ),
  allow(["iam:PassRole"], "*", {
    Sid: "EC2InstanceProfileManagement",
    Condition: { StringLike: { "iam:PassedToService": "ec2.amazonaws.com*" } },
  }),
  allow(["iam:CreateServiceLinkedRole"], "*", {
    Sid: "EC2SpotManagement",
    Condition: { StringEquals: { "iam:AWSServiceName": "spot.amazonaws.com" } },
  }),
  allow(of("elasticloadbalancing", "Register*", "Deregister*", "Describe*"), "*", { Sid: "ELBManagement" }),
  allow(of("cloudwatch", "DeleteAlarms", "DescribeAlarms", "GetMetricData", "PutMetricAlarm"), "*", { Sid: "CWManagement" }),
  allow(["sns:Publish"], "*", { Sid: "SNSManagement" }),
  allow(of("events", "PutRule", "PutTargets", "RemoveTargets", "DeleteRule", "DescribeRule"), "*", {
    Sid: "EventBridgeRuleManagement",
    Condition: { StringEquals: { "events:ManagedBy": "autoscaling.amazonaws.com" } },
  }),
  allow(["ssm:GetParameters"], "*", { Sid: "SystemsManagerParameterManagement" }),
  allow(of("vpc-lattice", "DeregisterTargets", "GetTargetGroup", "ListTargets", "ListTargetGroups", "RegisterTargets"), "*", {
    Sid: "VpcLatticeManagement",
  }),
];

const loadBalancing: object[] = [
  allow([
    ...of(
      "ec2",
      "DescribeAddresses",
      "DescribeCoipPools",
      "DescribeInstances",
      "DescribeNetworkInterfaces",
      "DescribeSubnets",
      "DescribeSecurityGroups",
      "DescribeVpcs",
    ),
    ...of(
      "ec2",
      "DescribeInternetGateways",
      "DescribeAccountAttributes",
      "DescribeClassicLinkInstances",
      "DescribeVpcClassicLink",
      "CreateSecurityGroup",
    ),
    ...of(
      "ec2",
      "CreateNetworkInterface",
      "DeleteNetworkInterface",
      "GetCoipPoolUsage",
      "ModifyNetworkInterfaceAttribute",
      "AllocateAddress",
    ),
    ...of(
      "ec2",
      "AuthorizeSecurityGroupIngress",
      "AssociateAddress",
      "DisassociateAddress",
      "AttachNetworkInterface",
      "DetachNetworkInterface",
    ),
    ...of(
      "ec2",
      "AssignPrivateIpAddresses",
      "AssignIpv6Addresses",
      "ReleaseAddress",
      "UnassignIpv6Addresses",
      "DescribeVpcPeeringConnections",
    ),
    ...of("logs", "CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries"),
    "outposts:GetOutpostInstanceTypes",
  ]),
];

// Abridged: without Outposts, Kinesis and the secrets of managed passwords.
const rds: object[] = [
  allow(["rds:CrossRegionCommunication"], "*", { Sid: "CrossRegionCommunication" }),
  allow(
    [
      ...of(
        "ec2",
        "AllocateAddress",
        "AssociateAddress",
        "AuthorizeSecurityGroupIngress",
        "CreateNetworkInterface",
        "CreateSecurityGroup",
        "DeleteNetworkInterface",
      ),
      ...of(
        "ec2",
        "DeleteSecurityGroup",
        "DescribeAddresses",
        "DescribeAvailabilityZones",
        "DescribeInternetGateways",
        "DescribeSecurityGroups",
        "DescribeSubnets",
      ),
      ...of(
        "ec2",
        "DescribeVpcAttribute",
        "DescribeVpcs",
        "DisassociateAddress",
        "ModifyNetworkInterfaceAttribute",
        "ModifyVpcEndpoint",
        "ReleaseAddress",
      ),
      ...of(
        "ec2",
        "RevokeSecurityGroupIngress",
        "CreateVpcEndpoint",
        "DescribeVpcEndpoints",
        "DeleteVpcEndpoints",
        "AssignPrivateIpAddresses",
        "UnassignPrivateIpAddresses",
      ),
    ],
    "*",
    { Sid: "Ec2" },
  ),
  allow(["sns:Publish"], "*", { Sid: "Sns" }),
  allow(["logs:CreateLogGroup"], ["arn:aws:logs:*:*:log-group:/aws/rds/*"], { Sid: "CloudWatchLogs" }),
  allow(of("logs", "CreateLogStream", "PutLogEvents", "DescribeLogStreams"), ["arn:aws:logs:*:*:log-group:/aws/rds/*:log-stream:*"], {
    Sid: "CloudWatchStreams",
  }),
  allow(["cloudwatch:PutMetricData"], "*", {
    Sid: "CloudWatch",
    Condition: { StringEquals: { "cloudwatch:namespace": ["AWS/DocDB", "AWS/Neptune", "AWS/RDS", "AWS/Usage"] } },
  }),
];

// Ours, for the services of this cloud: AWS's document was not looked at, and the version number is not AWS's.
const backup: object[] = [
  allow(of("elasticfilesystem", "Backup", "DescribeTags"), "arn:aws:elasticfilesystem:*:*:file-system/*", {
    Sid: "EFSResourcePermissions",
  }),
  allow([
    "tag:GetResources",
    ...of("rds", "Describe*", "ListTagsForResource"),
    ...of("ec2", "Describe*"),
    "storagegateway:ListTagsForResource",
    "elasticfilesystem:DescribeFileSystems",
  ]),
  allow(of("ec2", "CopySnapshot", "DeleteSnapshot", "ModifySnapshotTier"), "arn:aws:ec2:*::snapshot/*"),
  allow(of("rds", "CopyDBSnapshot", "DeleteDBSnapshot", "CopyDBClusterSnapshot", "DeleteDBClusterSnapshot"), [
    "arn:aws:rds:*:*:snapshot:awsbackup:*",
    "arn:aws:rds:*:*:cluster-snapshot:awsbackup:*",
  ]),
  allow(
    of("events", "PutRule", "PutTargets", "DeleteRule", "RemoveTargets", "DescribeRule", "EnableRule", "DisableRule"),
    "arn:aws:events:*:*:rule/AwsBackupManagedRule*",
  ),
];

export const serviceRolePolicies: Given[] = [
  ["AmazonECSServiceRolePolicy", LINKED, 13, "2017-10-14", "Policy to enable Amazon ECS to manage your cluster.", ecs],
  [
    "AutoScalingServiceRolePolicy",
    LINKED,
    8,
    "2018-01-08",
    "Enables access to AWS Services and Resources used or managed by Auto Scaling",
    autoScaling,
  ],
  [
    "AWSApplicationAutoscalingECSServicePolicy",
    LINKED,
    1,
    "2017-10-25",
    "Policy granting permissions to Application Auto Scaling to access ECS and CloudWatch.",
    [allow(["ecs:DescribeServices", "ecs:UpdateService", ...of("cloudwatch", "PutMetricAlarm", "DescribeAlarms", "DeleteAlarms")], ["*"])],
  ],
  [
    "AWSElasticLoadBalancingServiceRolePolicy",
    LINKED,
    7,
    "2017-09-19",
    "Service Linked Role Policy for AWS Elastic Load Balancing Control Plane",
    loadBalancing,
  ],
  ["AmazonRDSServiceRolePolicy", LINKED, 13, "2018-01-08", "Allows Amazon RDS to manage AWS resources on your behalf.", rds],
  [
    "AWSBackupServiceLinkedRolePolicyForBackup",
    LINKED,
    1,
    "2020-06-02",
    "Provides AWS Backup permission to create backups on your behalf across AWS services",
    backup,
  ],
];
