/** File gateways: a virtual machine in the data centre is activated in a region and given its disks; the shares' stack waits for its ARN. */
import { gib } from "../../kernel/units.ts";
import type { Definition, Role } from "../../platform/definition.ts";
import { names } from "../../platform/names.ts";
import { holdings } from "../../platform/strategies.ts";
import { regionsKept, type Step } from "./step.ts";

export const gateways = (definition: Definition): Step[] =>
  regionsKept(definition).flatMap(({ role, region }) => gateway(definition, role, region));

function gateway(definition: Definition, role: Role, region: string): Step[] {
  const { gateway: wishes, shares } = definition.files;
  const address = role === "primary" ? wishes?.address : wishes?.recoveryAddress;
  if (!wishes || !address || Object.keys(shares).length === 0) return [];
  const parameter = names(definition).parameter("files/gateway-arn");
  const disks = wishes.cache.map((size) => `${Math.round(size / gib(1))} GiB`).join(" and ");
  return [
    {
      id: `gateway-${role}`,
      who: "person",
      title: `Activate the file gateway ${address} in ${region}`,
      why: "CloudFormation makes shares, not gateways. The stack `shares` reads the gateway's ARN from a parameter.",
      check: {
        command: `aws ssm get-parameter --region ${region} --name ${parameter} --query Parameter.Value --output text`,
        done: `arn:aws:storagegateway:${region}:…, and aws storagegateway describe-gateway-information says RUNNING`,
      },
      do: [
        `# A virtual machine at ${address} from AWS's File Gateway image: 4 vCPUs, 16 GiB, root disk 80 GiB, and ${disks} for the cache.`,
        "# Port 80 of it must answer from here for the activation only; its clock must be right.",
        ...findEndpoint(definition, region),
        `KEY=$(curl -s "http://${address}/?activationRegion=${region}&no_redirect${vpcEndpoint(definition)}")`,
        `ARN=$(aws storagegateway activate-gateway --region ${region} --activation-key "$KEY" --gateway-name ${names(definition).stack(`files-${role}`)} --gateway-timezone GMT --gateway-region ${region} --gateway-type FILE_S3 --query GatewayARN --output text)`,
        `aws storagegateway add-cache --region ${region} --gateway-arn "$ARN" --disk-ids $(aws storagegateway list-local-disks --region ${region} --gateway-arn "$ARN" --query "Disks[?DiskAllocationType=='AVAILABLE'].DiskId" --output text)`,
        `aws ssm put-parameter --region ${region} --name ${parameter} --type String --overwrite --value "$ARN"`,
      ],
      takes: "an hour",
      ...(holdings(definition, role).files === "prepared" && {
        when: "when the region is recovered; keep the virtual machine's image ready",
      }),
    },
  ];
}

/** A site without internet activates through the endpoint in the VPC: docs.aws.amazon.com/filegateway/latest/files3/gateway-private-link.html */
const vpcEndpoint = ({ site }: Definition): string => (site?.internet ? "" : "&vpcEndpoint=$ENDPOINT");

const findEndpoint = ({ site }: Definition, region: string): string[] =>
  site?.internet
    ? []
    : [
        `ENDPOINT=$(aws ec2 describe-vpc-endpoints --region ${region} --filters Name=service-name,Values=com.amazonaws.${region}.storagegateway --query "VpcEndpoints[0].DnsEntries[0].DnsName" --output text)`,
      ];
