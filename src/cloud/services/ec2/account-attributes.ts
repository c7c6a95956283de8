/** What holds for an account in a region. API: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAccountAttributes.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Operations } from "../../service.ts";
import type { Here, State } from "./state.ts";

export const accountAttributeOperations = {
  DescribeAccountAttributes(call, { AttributeNames }) {
    const attributes = attributesOf(call);
    const unknown = AttributeNames?.find((name) => !Object.hasOwn(attributes, name));
    if (unknown !== undefined)
      throw new AwsError("InvalidParameterValue", `Value (${unknown}) for parameter attributeName is invalid. Unknown account attribute.`);
    const asked = Object.entries(attributes).filter(
      ([name]) => !AttributeNames?.length || AttributeNames.includes(name as sdk.AccountAttributeName),
    );
    return {
      AccountAttributes: asked.map(([AttributeName, values]) => ({
        AttributeName,
        AttributeValues: values.map((AttributeValue) => ({ AttributeValue })),
      })),
    };
  },

  // What an account answers that has changed nothing: operations that change these are not emulated.
  GetSerialConsoleAccessStatus() {
    return { SerialConsoleAccessEnabled: false, ManagedBy: "account" };
  },
  GetSnapshotBlockPublicAccessState() {
    return { State: "unblocked", ManagedBy: "account" };
  },
  // New accounts block it: docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-public-access-to-amis.html
  GetImageBlockPublicAccessState() {
    return { ImageBlockPublicAccessState: "block-new-sharing", ManagedBy: "account" };
  },
  DescribeIdFormat(_call, { Resource }) {
    return { Statuses: idFormats(Resource) };
  },
  DescribeAggregateIdFormat() {
    return { UseLongIdsAggregated: true, Statuses: idFormats(undefined) };
  },
  DescribePrincipalIdFormat(call, { Resources }) {
    const statuses = idFormats(undefined).filter(({ Resource }) => !Resources?.length || Resources.includes(Resource));
    return { Principals: [{ Arn: `arn:aws:iam::${call.account}:root`, Statuses: statuses }] };
  },
  DescribeVpcBlockPublicAccessOptions(call) {
    return {
      VpcBlockPublicAccessOptions: {
        AwsAccountId: call.account,
        AwsRegion: call.region,
        State: "default-state",
        InternetGatewayBlockMode: "off",
        ExclusionsAllowed: "allowed",
        ManagedBy: "account",
      },
    };
  },
} satisfies Operations<sdk.EC2, State>;

/** Numbers: docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html and docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-resource-limits.html */
function attributesOf(call: Here): Record<string, string[]> {
  const vpc = [...call.state.vpcs.values()].find(({ IsDefault }) => IsDefault);
  return {
    "vpc-max-security-groups-per-interface": ["5"],
    "max-instances": ["20"],
    "supported-platforms": ["VPC"],
    "default-vpc": [vpc?.VpcId ?? "none"],
    "max-elastic-ips": ["5"],
    "vpc-max-elastic-ips": ["5"],
  };
}

/** All ids are long since 2018: docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html */
function idFormats(only: string | undefined): { Resource: string; UseLongIds: boolean }[] {
  const resources = [
    "bundle",
    "conversion-task",
    "customer-gateway",
    "dhcp-options",
    "elastic-ip-allocation",
    "elastic-ip-association",
    "export-task",
    "flow-log",
    "image",
    "import-task",
    "instance",
    "internet-gateway",
    "network-acl",
    "network-acl-association",
    "network-interface",
    "network-interface-attachment",
    "prefix-list",
    "reservation",
    "route-table",
    "route-table-association",
    "security-group",
    "snapshot",
    "subnet",
    "subnet-cidr-block-association",
    "volume",
    "vpc",
    "vpc-cidr-block-association",
    "vpc-endpoint",
    "vpc-peering-connection",
    "vpn-connection",
    "vpn-gateway",
  ]; // docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeIdFormat.html
  return resources.filter((resource) => only === undefined || resource === only).map((Resource) => ({ Resource, UseLongIds: true }));
}
