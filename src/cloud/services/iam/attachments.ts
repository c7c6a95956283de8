/** Managed policies on roles, users and groups. https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html */
import type * as sdk from "@aws-sdk/client-iam";
import type { Operations } from "../../service.ts";
import { checkQuota, groupOf, key, noSuch, ownRole, roleOf, userOf } from "./names.ts";
import { page } from "./pages.ts";
import { checkAttachable, policyOf } from "./policies.ts";
import type { Here, Holder, State } from "./state.ts";

const ATTACHED_MAX = 10; // docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

export const attachmentOperations = {
  AttachRolePolicy: (call, { RoleName, PolicyArn }) => attach(call, ownRole(call, RoleName), "Role", PolicyArn),
  AttachUserPolicy: (call, { UserName, PolicyArn }) => attach(call, userOf(call, UserName), "User", PolicyArn),
  AttachGroupPolicy: (call, { GroupName, PolicyArn }) => attach(call, groupOf(call, GroupName), "Group", PolicyArn),

  DetachRolePolicy: (call, { RoleName, PolicyArn }) => detach(ownRole(call, RoleName), PolicyArn),
  DetachUserPolicy: (call, { UserName, PolicyArn }) => detach(userOf(call, UserName), PolicyArn),
  DetachGroupPolicy: (call, { GroupName, PolicyArn }) => detach(groupOf(call, GroupName), PolicyArn),

  ListAttachedRolePolicies: (call, { RoleName, ...asked }) => list(call, roleOf(call, RoleName), asked),
  ListAttachedUserPolicies: (call, { UserName, ...asked }) => list(call, userOf(call, UserName), asked),
  ListAttachedGroupPolicies: (call, { GroupName, ...asked }) => list(call, groupOf(call, GroupName), asked),

  ListEntitiesForPolicy(call, { PolicyArn, EntityFilter, PathPrefix = "/", PolicyUsageFilter, Marker, MaxItems }) {
    policyOf(call, PolicyArn);
    const uses = (holder: Holder & { boundary?: string }) =>
      (PolicyUsageFilter !== "PermissionsBoundary" && holder.attached.includes(PolicyArn)) ||
      (PolicyUsageFilter !== "PermissionsPolicy" && holder.boundary === PolicyArn);
    const wanted = (kind: sdk.EntityType, holder: Holder & { Path: string }) =>
      (EntityFilter === undefined || EntityFilter === kind) && holder.Path.startsWith(PathPrefix) && uses(holder);
    const { groups, users, roles } = call.state;
    const all = [
      ...[...groups.values()].filter((group) => wanted("Group", group)).map((group) => ({ group, name: `1${key(group.GroupName)}` })),
      ...[...users.values()].filter((user) => wanted("User", user)).map((user) => ({ user, name: `2${key(user.UserName)}` })),
      ...[...roles.values()].filter((role) => wanted("Role", role)).map((role) => ({ role, name: `3${key(role.RoleName)}` })),
    ];
    const { items, ...rest } = page(all, ({ name }) => name, { Marker, MaxItems });
    return {
      PolicyGroups: items.flatMap((item) => ("group" in item ? [{ GroupName: item.group.GroupName, GroupId: item.group.GroupId }] : [])),
      PolicyUsers: items.flatMap((item) => ("user" in item ? [{ UserName: item.user.UserName, UserId: item.user.UserId }] : [])),
      PolicyRoles: items.flatMap((item) => ("role" in item ? [{ RoleName: item.role.RoleName, RoleId: item.role.RoleId }] : [])),
      ...rest,
    };
  },
} satisfies Operations<sdk.IAM, State>;

/** Attaching twice is no failure. */
function attach(call: Here, { attached }: Holder, kind: string, arn: string): void {
  checkAttachable(call, arn);
  if (attached.includes(arn)) return;
  checkAttachedCount(kind, attached.length + 1);
  attached.push(arn);
}

export const checkAttachedCount = (kind: string, count: number): void => checkQuota(count, ATTACHED_MAX, `PoliciesPer${kind}`);

function detach(holder: Holder, arn: string): void {
  if (!holder.attached.includes(arn)) throw noSuch(`Policy ${arn} was not found.`);
  holder.attached = holder.attached.filter((other) => other !== arn);
}

function list(
  call: Here,
  { attached }: Holder,
  { PathPrefix = "/", ...asked }: { PathPrefix?: string; Marker?: string; MaxItems?: number },
) {
  const policies = attached.map((arn) => policyOf(call, arn)).filter(({ Path }) => Path.startsWith(PathPrefix));
  const { items, ...rest } = page(policies, ({ PolicyName, Arn }) => `${key(PolicyName)} ${Arn}`, asked);
  return { AttachedPolicies: items.map(({ PolicyName, Arn }) => ({ PolicyName, PolicyArn: Arn })), ...rest };
}
