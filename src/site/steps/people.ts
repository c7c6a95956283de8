/** Mails to answer, a delegation to make, a hypervisor to open. */
import type { Definition } from "../../platform/definition.ts";
import { names } from "../../platform/names.ts";
import { regionsKept, type Step } from "./step.ts";

export const subscriptions = (definition: Definition): Step[] =>
  definition.operations.notify.length === 0
    ? []
    : regionsKept(definition).map(({ role, region }) => ({
        id: `subscriptions-${role}`,
        who: "person",
        title: `Confirm the alarms' mails of ${region}`,
        why: "SNS sends nothing to an address that has not answered its first mail.",
        check: {
          command: `aws sns list-subscriptions-by-topic --region ${region} --topic-arn "$(aws sns list-topics --region ${region} --query "Topics[?ends_with(TopicArn, ':${names(definition).stack("alarms")}')].TopicArn" --output text)" --query "Subscriptions[].[Endpoint,SubscriptionArn]" --output text`,
          done: `no PendingConfirmation for ${definition.operations.notify.join(", ")}`,
        },
        do: ["# Follow the link in the mail of each address. It is good for three days."],
      }));

export const delegation = ({ name, domain }: Definition): Step[] =>
  domain && domain.zone === undefined
    ? [
        {
          id: "delegation",
          who: "person",
          title: `Delegate ${domain.name} to the new hosted zone`,
          why: "Certificates are validated and users are answered only when the domain above points here.",
          check: { command: `dig +short NS ${domain.name}`, done: "four servers of awsdns" },
          do: [
            `aws route53 list-hosted-zones-by-name --dns-name ${domain.name} --max-items 1 --query "HostedZones[0].Id" --output text`,
            "aws route53 get-hosted-zone --id ID --query DelegationSet.NameServers --output text",
            `# Enter them as NS records of ${domain.name} where the domain above is kept, while the stack ${names({ name }).stack("domain")} waits.`,
          ],
          takes: "up to the TTL of the domain above",
        },
      ]
    : [];

export const hypervisor = ({ backup, regions }: Definition): Step[] =>
  backup.hypervisor
    ? [
        {
          id: "backup-gateway",
          who: "person",
          title: `Connect ${backup.hypervisor.host} through a backup gateway`,
          why: "AWS Backup reaches virtual machines through an appliance on their hypervisor, and it needs the hypervisor's password.",
          check: {
            command: `aws backup-gateway list-hypervisors --region ${regions.primary.region} --query "Hypervisors[?Name=='${backup.hypervisor.name}'].State" --output text`,
            done: "ONLINE",
          },
          do: [
            "# Deploy AWS's backup gateway image on the hypervisor and activate it: docs.aws.amazon.com/aws-backup/latest/devguide/working-with-gateways.html",
            "# Enter user and password of the hypervisor in the console of AWS Backup, and tag what is to be protected.",
          ],
          takes: "an hour",
        },
      ]
    : [];
