/** Roles that belong to a service. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html */
import type * as sdk from "@aws-sdk/client-iam";
import { seconds } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { checkLength, invalidInput, key, noSuch, roleOf, SERVICE_LINKED } from "./names.ts";
import { boundaryView } from "./boundaries.ts";
import { brief, newRole } from "./roles.ts";
import type { Here, State, Timers } from "./state.ts";

/** Role and policy by service: docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html and each service's guide. */
const linked: Record<string, { role: string; policy?: string; suffix?: boolean }> = {
  "autoscaling.amazonaws.com": { role: "AWSServiceRoleForAutoScaling", policy: "AutoScalingServiceRolePolicy", suffix: true },
  "backup.amazonaws.com": { role: "AWSServiceRoleForBackup", policy: "AWSBackupServiceLinkedRolePolicyForBackup" },
  "ecs.amazonaws.com": { role: "AWSServiceRoleForECS", policy: "AmazonECSServiceRolePolicy" },
  "ecs.application-autoscaling.amazonaws.com": {
    role: "AWSServiceRoleForApplicationAutoScaling_ECSService",
    policy: "AWSApplicationAutoscalingECSServicePolicy",
  },
  "elasticloadbalancing.amazonaws.com": {
    role: "AWSServiceRoleForElasticLoadBalancing",
    policy: "AWSElasticLoadBalancingServiceRolePolicy",
  },
  "rds.amazonaws.com": { role: "AWSServiceRoleForRDS", policy: "AmazonRDSServiceRolePolicy" },
};

export const serviceLinkedRoleOperations = {
  CreateServiceLinkedRole(call, { AWSServiceName, Description, CustomSuffix }) {
    const service = linked[AWSServiceName];
    if (!service) throw new AwsError("NotImplemented", `Causeway does not know the service-linked role of ${AWSServiceName}.`, 501);
    checkLength("description", Description, 1000);
    if (CustomSuffix !== undefined && !service.suffix) throw invalidInput(`Custom suffix is not allowed for ${AWSServiceName}`);
    if (CustomSuffix !== undefined && !/^[\w+=,.@-]{1,64}$/.test(CustomSuffix))
      throw invalidInput(`The custom suffix ${CustomSuffix} is not valid.`);
    const RoleName = CustomSuffix === undefined ? service.role : `${service.role}_${CustomSuffix}`;
    if (call.state.roles.has(key(RoleName)))
      throw invalidInput(`Service role name ${RoleName} has been taken in this account, please try a different suffix.`);
    const trust = {
      Version: "2012-10-17",
      Statement: [{ Action: ["sts:AssumeRole"], Effect: "Allow", Principal: { Service: [AWSServiceName] } }],
    };
    const role = newRole(call, {
      RoleName,
      Path: `${SERVICE_LINKED}${AWSServiceName}/`,
      AssumeRolePolicyDocument: JSON.stringify(trust),
      Description,
      MaxSessionDuration: 3600,
    });
    if (service.policy) role.attached.push(`arn:aws:iam::aws:policy${SERVICE_LINKED}${service.policy}`);
    call.state.roles.set(key(RoleName), role);
    return { Role: { ...brief(role), ...boundaryView(role.boundary) } };
  },
  DeleteServiceLinkedRole(call, { RoleName }) {
    const role = roleOf(call, RoleName);
    if (!role.Path.startsWith(SERVICE_LINKED)) throw noSuch(`The role with name ${RoleName} is not a service-linked role.`);
    const task = `task${role.Path}${role.RoleName}/${call.uuid()}`;
    call.state.deletions.set(task, { role: key(RoleName), Status: "IN_PROGRESS" });
    // Our figure: AWS says only that the deletion is asynchronous.
    call.after(seconds(5), "roleDeletion", { task });
    return { DeletionTaskId: task };
  },
  GetServiceLinkedRoleDeletionStatus(call, { DeletionTaskId }) {
    const deletion = call.state.deletions.get(DeletionTaskId);
    if (!deletion) throw noSuch(`Deletion task ${DeletionTaskId} cannot be found.`);
    return { Status: deletion.Status };
  },
} satisfies Operations<sdk.IAM, State, Timers>;

export const serviceLinkedRoleTimers = {
  // Whether the service still uses its role is the service's to say; none here refuses.
  roleDeletion(call: Here, { task }: Timers["roleDeletion"]) {
    const deletion = call.state.deletions.get(task);
    if (!deletion) return;
    call.state.roles.delete(deletion.role);
    deletion.Status = "SUCCEEDED";
  },
};

/** The name of a service's own role, as CloudFormation's type needs it. */
export const linkedRoleName = (service: string, suffix?: string): string | undefined => {
  const found = linked[service];
  return found && (suffix === undefined ? found.role : `${found.role}_${suffix}`);
};
