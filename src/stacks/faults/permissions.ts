/** What FIS may do, action by action: docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html */
import { groupName } from "../hosts.ts";
import type { Place } from "../place.ts";
import { allow, type Statement } from "../role.ts";
import { arn, bucketArn } from "../template.ts";

/** The statements of the actions that are used, and the log's delivery. */
export const permissions = (place: Place, actions: ReadonlySet<string>): Statement[] => [
  ...Object.entries(byAction(place)).flatMap(([action, statements]) => (actions.has(action) ? statements : [])),
  allow("tag:GetResources", "*"),
  // docs.aws.amazon.com/fis/latest/userguide/monitoring-logging.html
  allow(
    [
      "logs:CreateLogDelivery",
      "logs:PutResourcePolicy",
      "logs:DescribeResourcePolicies",
      "logs:DescribeLogGroups",
      "cloudwatch:DescribeAlarms",
    ],
    "*",
  ),
];

function byAction(place: Place): Record<string, Statement[]> {
  const { definition, names, region } = place;
  const owned = { StringEquals: { "aws:ResourceTag/causeway:platform": definition.name } };
  const shares = Object.keys(definition.files.shares).map((share) => bucketArn(names.shareBucket(share, region)));
  return {
    "aws:ec2:stop-instances": [
      allow(["ec2:StopInstances", "ec2:StartInstances"], arn("ec2", "instance/*"), owned),
      allow("ec2:DescribeInstances", "*"),
      // A machine with encrypted volumes starts again only for who may use their key.
      allow("kms:CreateGrant", arn("kms", "key/*"), {
        "ForAnyValue:StringEquals": { "kms:ResourceAliases": names.keyAlias },
        Bool: { "kms:GrantIsForAWSResource": "true" },
      }),
    ],
    // docs.aws.amazon.com/fis/latest/userguide/security_iam_id-based-policy-examples.html
    "aws:ec2:asg-insufficient-instance-capacity-error": [
      allow("ec2:InjectApiError", "*", {
        StringEquals: { "ec2:FisActionId": "aws:ec2:asg-insufficient-instance-capacity-error" },
        "ForAnyValue:ArnLike": { "ec2:FisTargetArns": arn("autoscaling", `autoScalingGroup:*:autoScalingGroupName/${groupName(place)}`) },
      }),
      allow("autoscaling:DescribeAutoScalingGroups", "*"),
    ],
    "aws:ecs:stop-task": [allow("ecs:StopTask", arn("ecs", `task/${names.cluster}/*`)), allow(["ecs:DescribeTasks", "ecs:ListTasks"], "*")],
    "aws:rds:reboot-db-instances": [
      allow("rds:RebootDBInstance", arn("rds", `db:${names.database}`)),
      allow("rds:DescribeDBInstances", "*"),
    ],
    "aws:directconnect:virtual-interface-disconnect": [
      allow(
        ["directconnect:StartBgpFailoverTest", "directconnect:StopBgpFailoverTest", "directconnect:ListVirtualInterfaceTestHistory"],
        arn("directconnect", "dxvif/*"),
        owned,
      ),
      allow("directconnect:DescribeVirtualInterfaces", "*"),
    ],
    "aws:s3:bucket-pause-replication": [
      allow("s3:PauseReplication", shares),
      // Such a role could replace any replication rule; this one only pauses.
      allow(["s3:GetReplicationConfiguration", "s3:PutReplicationConfiguration"], shares, {
        BoolIfExists: { "s3:IsReplicationPauseRequest": "true" },
      }),
      allow("s3:ListAllMyBuckets", "*"),
    ],
    ...network(),
  };
}

const network = (): Record<string, Statement[]> => ({
  "aws:network:disrupt-connectivity": [
    ...temporary("CreateNetworkAcl", "network-acl", ["ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAcl"], ["vpc"]),
    allow("ec2:ReplaceNetworkAclAssociation", [ec2("network-acl"), ec2("subnet")]),
    allow(["ec2:DescribeNetworkAcls", "ec2:DescribeSubnets", "ec2:DescribeVpcs", ...prefixLists], "*"),
  ],
  "aws:network:route-table-disrupt-cross-region-connectivity": [
    ...temporary("CreateRouteTable", "route-table", ["ec2:CreateRoute", "ec2:DeleteRouteTable"], ["vpc"]),
    ...temporary("CreateNetworkInterface", "network-interface", ["ec2:DeleteNetworkInterface"], ["subnet", "security-group"]),
    ...temporary("CreateManagedPrefixList", "prefix-list", ["ec2:DeleteManagedPrefixList", "ec2:ModifyManagedPrefixList"], []),
    allow(
      ["ec2:AssociateRouteTable", "ec2:DisassociateRouteTable", "ec2:ReplaceRouteTableAssociation"],
      [ec2("route-table"), ec2("subnet")],
    ),
    allow("ec2:ModifyVpcEndpoint", [ec2("vpc-endpoint"), ec2("route-table")]),
    allow(
      [
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcPeeringConnections",
        "ec2:DescribeVpcs",
        ...prefixLists,
      ],
      "*",
    ),
  ],
});

const prefixLists = ["ec2:DescribeManagedPrefixLists", "ec2:GetManagedPrefixListEntries"];
const ec2 = (kind: string) => arn("ec2", `${kind}/*`);

/** FIS makes things of its own for an experiment, marks them, and may touch no others of their kind. `inside`: what they are made in. */
function temporary(create: string, kind: string, changes: string[], inside: string[]): Statement[] {
  const marking = { "aws:RequestTag/managedByFIS": "true" };
  return [
    allow(`ec2:${create}`, ec2(kind), { StringEquals: marking }),
    ...(inside.length > 0 ? [allow(`ec2:${create}`, inside.map(ec2))] : []),
    allow("ec2:CreateTags", ec2(kind), { StringEquals: { ...marking, "ec2:CreateAction": create } }),
    allow(changes, ec2(kind), { StringEquals: { "aws:ResourceTag/managedByFIS": "true" } }),
  ];
}
