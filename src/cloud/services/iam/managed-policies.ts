/**
 * AWS's own managed policies, those that container platforms and their services use; any other is not there.
 * AWS publishes them at https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html; the statements here were set
 * down from a public mirror of GetPolicyVersion's answers (github.com/zoph-io/MAMIP), not from AWS's pages.
 * From memory and unchecked: every description and day of creation, and the whole of AmazonEC2ContainerServiceEventsRole,
 * AmazonEC2ContainerRegistryPullOnly and AmazonRDSEnhancedMonitoringRole. ReadOnlyAccess is ours in AWS's manner (READ_PREFIXES).
 * Only the newest version of each, with the policy's day of creation as its own; unique ids are made from the ARN.
 */
import { backupPolicies } from "./managed-policies-backup.ts";
import { serviceRolePolicies } from "./managed-policies-linked.ts";
import { allow, managed, type Given } from "./managed-policy.ts";
import type { Policy } from "./state.ts";

const MESSAGES = ["AcknowledgeMessage", "DeleteMessage", "FailMessage", "GetEndpoint", "GetMessages", "SendReply"].map(
  (action) => `ec2messages:${action}`,
);
const CHANNELS = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"].map(
  (action) => `ssmmessages:${action}`,
);
const LOGGING = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];
const PULL = ["ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"];

/** What the Systems Manager agent does; `parameters` only with the older policy. */
const agent = (parameters: string[]): string[] =>
  [
    ...["DescribeAssociation", "GetDeployablePatchSnapshotForInstance", "GetDocument", "DescribeDocument", "GetManifest"],
    ...parameters,
    ...["ListAssociations", "ListInstanceAssociations", "PutInventory", "PutComplianceItems", "PutConfigurePackageResult"],
    ...["UpdateAssociationStatus", "UpdateInstanceAssociationStatus", "UpdateInstanceInformation"],
  ].map((action) => `ssm:${action}`);

/** The services of this cloud and their likes: AWS's own ReadOnlyAccess names the reading actions of every service, some 1,500. */
const READ_PREFIXES = [
  ...[
    "acm",
    "application-autoscaling",
    "autoscaling",
    "backup",
    "cloudformation",
    "cloudtrail",
    "cloudwatch",
    "directconnect",
    "dynamodb",
    "ebs",
    "ec2",
    "ecr",
    "ecs",
  ],
  ...[
    "elasticfilesystem",
    "elasticloadbalancing",
    "events",
    "fis",
    "iam",
    "kms",
    "lambda",
    "logs",
    "organizations",
    "rds",
    "resiliencehub",
    "resource-groups",
    "route53",
  ],
  ...["s3", "secretsmanager", "servicediscovery", "servicequotas", "sns", "sqs", "ssm", "states", "storagegateway", "sts", "tag", "xray"],
];
const reading = (service: string): string[] => {
  if (service === "s3") return ["s3:Get*", "s3:List*", "s3:Describe*"];
  // Values of secrets and decryption are not reading, in AWS's policy too.
  if (service === "secretsmanager") return ["secretsmanager:List*", "secretsmanager:Describe*", "secretsmanager:GetResourcePolicy"];
  if (service === "kms") return ["kms:Describe*", "kms:Get*", "kms:List*"];
  if (service === "sts") return ["sts:GetAccessKeyInfo", "sts:GetCallerIdentity", "sts:GetSessionToken"];
  return [`${service}:Describe*`, `${service}:Get*`, `${service}:List*`];
};

const volumes = "arn:aws:ec2:*:*:volume/*";
const ofTask = (kind: "Request" | "Resource") => ({ [`aws:${kind}Tag/AmazonECSCreated`]: "arn:aws:ecs:*:*:task/*" });
const ofEcs = (kind: "Request" | "Resource") => ({ [`aws:${kind}Tag/AmazonECSManaged`]: "true" });

const general: Given[] = [
  ["AdministratorAccess", "/", 1, "2015-02-06", "Provides full access to AWS services and resources.", [allow("*")]],
  [
    "AWSCloudFormationReadOnlyAccess", // of the CDK's deployment role
    "/",
    2,
    "2015-02-06",
    "Provides access to AWS CloudFormation via the AWS Management Console.",
    [
      allow(
        ["Describe*", "EstimateTemplateCost", "Get*", "List*", "ValidateTemplate", "Detect*"].map((action) => `cloudformation:${action}`),
      ),
    ],
  ],
  [
    "PowerUserAccess",
    "/",
    12,
    "2015-02-06",
    "Provides full access to AWS services and resources, but does not allow management of Users and groups.",
    [
      { Effect: "Allow", NotAction: ["iam:*", "organizations:*", "account:*"], Resource: "*" },
      allow([
        ...["account:GetAccountInformation", "account:GetGovCloudAccountInformation", "account:GetPrimaryEmail", "account:ListRegions"],
        ...["iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole", "iam:ListRoles"],
        ...["organizations:DescribeEffectivePolicy", "organizations:DescribeOrganization"],
      ]),
    ],
  ],
  // Ours, abridged; neither document nor version number is AWS's: see READ_PREFIXES.
  [
    "ReadOnlyAccess",
    "/",
    1,
    "2015-02-06",
    "Provides read-only access to AWS services and resources.",
    [allow(READ_PREFIXES.flatMap(reading), "*", { Sid: "ReadOnlyActions" })],
  ],
];

const compute: Given[] = [
  [
    "AmazonECSTaskExecutionRolePolicy",
    "/service-role/",
    1,
    "2017-11-16",
    "Provides access to other AWS service resources that are required to run Amazon ECS tasks",
    [allow([...PULL, "logs:CreateLogStream", "logs:PutLogEvents"])],
  ],
  [
    "AmazonEC2ContainerServiceforEC2Role",
    "/service-role/",
    7,
    "2015-03-19",
    "Default policy for the Amazon EC2 Role for Amazon EC2 Container Service.",
    [
      allow([
        "ec2:DescribeTags",
        ...["CreateCluster", "DeregisterContainerInstance", "DiscoverPollEndpoint", "Poll", "RegisterContainerInstance"].map(
          (action) => `ecs:${action}`,
        ),
        ...["StartTelemetrySession", "UpdateContainerInstancesState", "Submit*"].map((action) => `ecs:${action}`),
        ...PULL,
        ...["logs:CreateLogStream", "logs:PutLogEvents"],
      ]),
      allow("ecs:TagResource", "*", {
        Condition: { StringEquals: { "ecs:CreateAction": ["CreateCluster", "RegisterContainerInstance"] } },
      }),
    ],
  ],
  [
    "AmazonEC2ContainerServiceEventsRole",
    "/service-role/",
    3,
    "2017-05-30",
    "Policy to enable CloudWatch Events for EC2 Container Service",
    [
      allow("ecs:RunTask"),
      allow("iam:PassRole", "*", { Condition: { StringLike: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } } }),
      allow("ecs:TagResource", "*", { Condition: { StringEquals: { "ecs:CreateAction": ["RunTask"] } } }),
    ],
  ],
  [
    "AmazonECSInfrastructureRolePolicyForVolumes",
    "/service-role/",
    4,
    "2024-01-10",
    "Provides access to other AWS service resources required to manage volumes associated with ECS workloads on your behalf.",
    [
      allow("ec2:CreateVolume", volumes, {
        Sid: "CreateEBSManagedVolume",
        Condition: { ArnLike: ofTask("Request"), StringEquals: ofEcs("Request") },
      }),
      allow("ec2:CreateVolume", "arn:aws:ec2:*:*:snapshot/*", { Sid: "CreateEBSManagedVolumeFromSnapshot" }),
      allow("ec2:CreateTags", volumes, {
        Sid: "TagOnCreateVolume",
        Condition: { ArnLike: ofTask("Request"), StringEquals: { "ec2:CreateAction": "CreateVolume", ...ofEcs("Request") } },
      }),
      allow(["ec2:DescribeVolumes", "ec2:DescribeAvailabilityZones"], "*", { Sid: "DescribeVolumesForLifecycle" }),
      allow(["ec2:DescribeInstances"], "*", { Sid: "DescribeInstancesForAttachingVolume" }),
      allow(["ec2:AttachVolume", "ec2:DetachVolume"], volumes, {
        Sid: "ManageEBSVolumeLifecycle",
        Condition: { StringEquals: ofEcs("Resource") },
      }),
      allow(["ec2:AttachVolume", "ec2:DetachVolume"], "arn:aws:ec2:*:*:instance/*", { Sid: "ManageVolumeAttachmentsForEC2" }),
      allow("ec2:DeleteVolume", volumes, {
        Sid: "DeleteEBSManagedVolume",
        Condition: { ArnLike: ofTask("Resource"), StringEquals: ofEcs("Resource") },
      }),
    ],
  ],
  [
    "AmazonEC2ContainerRegistryReadOnly",
    "/",
    3,
    "2015-12-21",
    "Provides read-only access to Amazon EC2 Container Registry repositories.",
    [
      allow([
        ...[
          "GetAuthorizationToken",
          "BatchCheckLayerAvailability",
          "GetDownloadUrlForLayer",
          "GetRepositoryPolicy",
          "DescribeRepositories",
          "ListImages",
        ].map((action) => `ecr:${action}`),
        ...[
          "DescribeImages",
          "BatchGetImage",
          "GetLifecyclePolicy",
          "GetLifecyclePolicyPreview",
          "ListTagsForResource",
          "DescribeImageScanFindings",
        ].map((action) => `ecr:${action}`),
      ]),
    ],
  ],
  [
    "AmazonEC2ContainerRegistryPullOnly",
    "/",
    1,
    "2024-10-14",
    "Provides access to pull images from Amazon EC2 Container Registry repositories.",
    [allow(["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchImportUpstreamImage"])],
  ],
  ["AWSLambdaBasicExecutionRole", "/service-role/", 1, "2015-04-09", "Provides write permissions to CloudWatch Logs.", [allow(LOGGING)]],
  [
    "AWSLambdaVPCAccessExecutionRole",
    "/service-role/",
    3,
    "2016-02-11",
    "Provides minimum permissions for a Lambda function to execute while accessing a resource within a VPC - create, describe, delete network interfaces and write permissions to CloudWatch Logs.",
    [
      allow(
        [
          ...LOGGING,
          ...["CreateNetworkInterface", "DescribeNetworkInterfaces", "DescribeSubnets", "DeleteNetworkInterface"].map(
            (action) => `ec2:${action}`,
          ),
          ...["ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"],
        ],
        "*",
        { Sid: "AWSLambdaVPCAccessExecutionPermissions" },
      ),
    ],
  ],
];

const operations: Given[] = [
  [
    "AmazonSSMManagedInstanceCore",
    "/",
    2,
    "2019-03-15",
    "The policy for Amazon EC2 Role to enable AWS Systems Manager service core functionality.",
    [allow(agent(["GetParameter", "GetParameters"])), allow(CHANNELS), allow(MESSAGES)],
  ],
  [
    "AmazonSSMManagedEC2InstanceDefaultPolicy",
    "/",
    1,
    "2022-08-30",
    "This policy enables AWS Systems Manager functionality on EC2 instances.",
    [allow(agent([])), allow(CHANNELS), allow(MESSAGES)],
  ],
  [
    "AmazonSSMAutomationRole",
    "/service-role/",
    6,
    "2016-12-05",
    "Provides permissions for EC2 Automation service to execute activities defined within Automation documents",
    [
      allow(["lambda:InvokeFunction"], ["arn:aws:lambda:*:*:function:Automation*"]),
      allow([
        ...[
          "CreateImage",
          "CopyImage",
          "DeregisterImage",
          "DescribeImages",
          "DeleteSnapshot",
          "StartInstances",
          "RunInstances",
          "StopInstances",
        ].map((action) => `ec2:${action}`),
        ...["TerminateInstances", "DescribeInstanceStatus", "CreateTags", "DeleteTags", "DescribeTags"].map((action) => `ec2:${action}`),
        ...["CreateStack", "DescribeStackEvents", "DescribeStacks", "UpdateStack", "DeleteStack"].map(
          (action) => `cloudformation:${action}`,
        ),
      ]),
      allow(["ssm:*"]),
      allow(["sns:Publish"], ["arn:aws:sns:*:*:Automation*"]),
      allow(["ssmmessages:OpenDataChannel"], ["arn:*:ssm:*:*:session/*"]),
    ],
  ],
  [
    "CloudWatchAgentServerPolicy",
    "/",
    3,
    "2018-03-07",
    "Permissions required to use AmazonCloudWatchAgent on servers",
    [
      allow(
        [
          ...["cloudwatch:PutMetricData", "ec2:DescribeVolumes", "ec2:DescribeTags"],
          ...["PutLogEvents", "PutRetentionPolicy", "DescribeLogStreams", "DescribeLogGroups", "CreateLogStream", "CreateLogGroup"].map(
            (action) => `logs:${action}`,
          ),
          ...["PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets", "GetSamplingStatisticSummaries"].map(
            (action) => `xray:${action}`,
          ),
        ],
        "*",
        { Sid: "CWACloudWatchServerPermissions" },
      ),
      allow(["ssm:GetParameter"], "arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*", { Sid: "CWASSMServerPermissions" }),
    ],
  ],
  [
    "AmazonRDSEnhancedMonitoringRole",
    "/service-role/",
    1,
    "2015-11-11",
    "Provides access to Cloudwatch for RDS Enhanced Monitoring",
    [
      allow(["logs:CreateLogGroup", "logs:PutRetentionPolicy"], ["arn:aws:logs:*:*:log-group:RDS*"], {
        Sid: "EnableCreationAndManagementOfRDSCloudwatchLogGroups",
      }),
      allow(
        ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams", "logs:GetLogEvents"],
        ["arn:aws:logs:*:*:log-group:RDS*:log-stream:*"],
        {
          Sid: "EnableCreationAndManagementOfRDSCloudwatchLogStreams",
        },
      ),
    ],
  ],
];

/** By ARN. */
export const managedPolicies: ReadonlyMap<string, Policy> = new Map(
  [...general, ...compute, ...operations, ...backupPolicies, ...serviceRolePolicies].map((given) => managed(given)),
);
