/** What the account needs before stacks: quotas, AWS Backup's consent. */
import instanceTypes from "../../data/instance-types.json" with { type: "json" };
import { addresses } from "../../platform/addresses.ts";
import type { Definition, Role } from "../../platform/definition.ts";
import { holdings } from "../../platform/strategies.ts";
import { regionsKept, type Step } from "./step.ts";

type Quota = { service: string; code: string; name: string; given: number; needed: number; because: string };

/** Asks only where the platform needs more than a new account has. */
export const quotas = (definition: Definition): Step[] =>
  regionsKept(definition).flatMap(({ role, region }) =>
    needs(definition, role)
      .filter(({ needed, given }) => needed > given)
      .map(({ service, code, name, given, needed, because }) => ({
        id: `quota-${code.toLowerCase()}-${role}`,
        who: "machine" as const,
        title: `Raise "${name}" to ${needed} in ${region}`,
        why: `A new account has ${given}; ${because}. Asked for during a disaster, it comes after the disaster.`,
        check: {
          command: `aws service-quotas get-service-quota --region ${region} --service-code ${service} --quota-code ${code} --query Quota.Value`,
          done: `${needed} or more`,
        },
        do: [
          `aws service-quotas request-service-quota-increase --region ${region} --service-code ${service} --quota-code ${code} --desired-value ${needed}`,
        ],
        takes: "minutes to days: AWS decides",
      })),
  );

function needs(definition: Definition, role: Role): Quota[] {
  const { cluster } = definition;
  const zones = addresses(definition)[role]?.public.length ?? 0;
  const sizes = instanceTypes.types.filter(({ type }) => cluster.instanceTypes.includes(type)).map(({ vcpu }) => vcpu);
  const largest = Math.max(0, ...sizes);
  const late = ["off", "prepared"].includes(holdings(definition, role).compute);
  return [
    {
      service: "ec2",
      code: "L-1216C47A",
      name: "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
      // vCPUs. Source: docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
      given: 5,
      needed: cluster.max * largest,
      because: `the cluster grows to ${cluster.max} instances of ${largest} vCPUs`,
    },
    {
      service: "ec2",
      code: "L-0263D0A3",
      name: "EC2-VPC Elastic IPs",
      // Source: docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
      given: 5,
      needed: zones * (late ? 2 : 1),
      because: `NAT gateways ${late ? "and the region's front " : ""}keep one in each zone`,
    },
  ];
}

/** What AWS Backup may touch is said for each region and account, and no template can say it. */
export const backupConsent = (definition: Definition): Step[] =>
  regionsKept(definition).map(({ role, region }) => ({
    id: `backup-consent-${role}`,
    who: "machine",
    title: `Let AWS Backup protect the platform's kinds of resource in ${region}`,
    why: "A backup plan skips, without a word, what the region has not opted in to.",
    check: {
      command: `aws backup describe-region-settings --region ${region} --query ResourceTypeOptInPreference`,
      done: `${kinds(definition).join(", ")}: true`,
    },
    do: [
      `aws backup update-region-settings --region ${region} --resource-type-opt-in-preference ${kinds(definition)
        .map((kind) => `"${kind}"=true`)
        .join(",")}`,
    ],
  }));

/** Names of docs.aws.amazon.com/aws-backup/latest/devguide/API_UpdateRegionSettings.html */
const kinds = ({ database, files, backup }: Definition): string[] => [
  ...(database ? ["RDS"] : []),
  ...(Object.keys(files.shares).length ? ["S3"] : []),
  ...(backup.hypervisor ? ["VirtualMachine"] : []),
  "EBS",
];
