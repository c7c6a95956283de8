/** Container hosts: an activation for each, at the moment it enrols. */
import type { Definition } from "../../platform/definition.ts";
import { names } from "../../platform/names.ts";
import { holdings } from "../../platform/strategies.ts";
import type { Step } from "./step.ts";

type Machine = NonNullable<Definition["site"]>["hosts"][number];

export function hosts(definition: Definition): Step[] {
  const machines = definition.site?.hosts ?? [];
  return [...machines.map((machine, at) => enrol(definition, machine, at)), ...(machines.length ? started(definition) : [])];
}

/** Where both regions work, every second host is the recovery region's; else all are the primary's. */
function home(definition: Definition, at: number): "primary" | "recovery" {
  return holdings(definition, "recovery").traffic === "shared" && at % 2 === 1 ? "recovery" : "primary";
}

function enrol(definition: Definition, { name, address }: Machine, at: number): Step {
  const role = home(definition, at);
  const { region } = definition.regions[role]!;
  const known = names(definition);
  // The activation lives one hour and registers one machine; it goes from AWS to the host and is written nowhere.
  const activation = [
    `aws ssm create-activation --region ${region} --iam-role ${known.role("site-host", region)} --default-instance-name ${name}`,
    `--registration-limit 1 --expiration-date "$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ)"`,
    `--tags Key=causeway:platform,Value=${definition.name} Key=PatchGroup,Value=${known.stack("site")}`,
    `--query '[ActivationId,ActivationCode]' --output text | tr '\\t' '\\n' | ssh ${address} sudo causeway-host enrol ${role}`,
  ].join(" ");
  return {
    id: `host-${name}`,
    who: "machine",
    title: `Enrol ${name} (${address}) in ${region}`,
    why: "Activations are credentials: minted when one is needed, for one machine, for an hour.",
    check: {
      command: `aws ecs list-container-instances --region ${region} --cluster ${known.cluster} --filter "attribute:causeway.host == ${name}" --status ACTIVE --query "length(containerInstanceArns)"`,
      done: "1",
    },
    do: [`ssh ${address} sudo causeway-host check`, activation],
  };
}

/** The services of the data centre come with no tasks, since there is nowhere to run them before hosts have enrolled. */
function started(definition: Definition): Step[] {
  const used = Object.values(definition.services).some(({ runsOn }) => runsOn !== "cloud");
  if (!used) return [];
  const stack = names(definition).stack("compute");
  const roles = new Set(definition.site!.hosts.map((_, at) => home(definition, at)));
  return [...roles].map((role) => {
    const { region } = definition.regions[role]!;
    const others = `$(aws cloudformation describe-stacks --region ${region} --stack-name ${stack} --query "Stacks[0].Parameters[?ParameterKey!='SiteHostsEnrolled'].join('',['ParameterKey=',ParameterKey,',UsePreviousValue=true'])" --output text)`;
    return {
      id: `site-services-${role}`,
      who: "machine" as const,
      title: `Start the data centre's services in ${region}`,
      why: "CloudFormation would wait for tasks that have no host, so the stack learns that there are hosts afterwards.",
      check: {
        command: `aws cloudformation describe-stacks --region ${region} --stack-name ${stack} --query "Stacks[0].Parameters[?ParameterKey=='SiteHostsEnrolled'].ParameterValue" --output text`,
        done: "true",
      },
      do: [
        `aws cloudformation update-stack --region ${region} --stack-name ${stack} --use-previous-template --capabilities CAPABILITY_NAMED_IAM --parameters ParameterKey=SiteHostsEnrolled,ParameterValue=true ${others}`,
      ],
    };
  });
}
