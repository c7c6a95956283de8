/** Roles. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html */
import type * as sdk from "@aws-sdk/client-iam";
import { AwsError, type Operations } from "../../service.ts";
import { boundaryView, checkBoundary } from "./boundaries.ts";
import { parse, sizeOf } from "./documents.ts";
import {
  checkLength,
  checkName,
  checkPath,
  checkQuota,
  checkRange,
  conflict,
  encoded,
  exists,
  iamArn,
  key,
  ownRole,
  roleOf,
  uniqueId,
  validation,
} from "./names.ts";
import { page, under } from "./pages.ts";
import type { Here, Role, State } from "./state.ts";
import { checkTags, someTags, tagMap } from "./tags.ts";

// docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const ROLES_MAX = 1000;
const TRUST_MAX = 2048;

export const roleOperations = {
  CreateRole(call, { RoleName, Path = "/", AssumeRolePolicyDocument, Description, MaxSessionDuration = 3600, PermissionsBoundary, Tags }) {
    checkName("roleName", RoleName, 64);
    checkPath(Path);
    if (Path.startsWith("/aws-service-role/"))
      throw validation("The specified path is reserved for service-linked roles. Use CreateServiceLinkedRole.");
    checkLength("description", Description, 1000);
    checkSession(MaxSessionDuration);
    checkTags({}, Tags);
    checkTrust(call, AssumeRolePolicyDocument);
    checkBoundary(call, PermissionsBoundary);
    if (call.state.roles.has(key(RoleName))) throw exists(`Role with name ${RoleName} already exists.`);
    checkQuota(call.state.roles.size + 1, ROLES_MAX, "RolesPerAccount");
    const role = newRole(call, { RoleName, Path, AssumeRolePolicyDocument, Description, MaxSessionDuration });
    role.boundary = PermissionsBoundary;
    role.tags = tagMap(Tags);
    call.state.roles.set(key(RoleName), role);
    return {
      Role: {
        ...brief(role),
        ...(MaxSessionDuration === 3600 && { MaxSessionDuration: undefined }),
        ...boundaryView(role.boundary),
        ...someTags(role.tags),
      },
    };
  },
  GetRole(call, { RoleName }) {
    return { Role: roleView(roleOf(call, RoleName)) };
  },
  ListRoles(call, { PathPrefix, ...asked }) {
    const { items, ...rest } = page(under(call.state.roles.values(), PathPrefix), ({ RoleName }) => key(RoleName), asked);
    return { Roles: items.map(brief), ...rest };
  },
  UpdateRole(call, { RoleName, Description, MaxSessionDuration }) {
    const role = ownRole(call, RoleName);
    checkLength("description", Description, 1000);
    if (MaxSessionDuration !== undefined) checkSession(MaxSessionDuration);
    if (Description !== undefined) role.Description = Description;
    if (MaxSessionDuration !== undefined) role.MaxSessionDuration = MaxSessionDuration;
    return {};
  },
  UpdateRoleDescription(call, { RoleName, Description }) {
    const role = roleOf(call, RoleName);
    checkLength("description", Description, 1000);
    role.Description = Description;
    return { Role: roleView(role) };
  },
  UpdateAssumeRolePolicy(call, { RoleName, PolicyDocument }) {
    const role = ownRole(call, RoleName);
    checkTrust(call, PolicyDocument);
    role.AssumeRolePolicyDocument = PolicyDocument;
  },
  DeleteRole(call, { RoleName }) {
    const role = ownRole(call, RoleName);
    checkRemovable(call, role);
    call.state.roles.delete(key(RoleName));
  },
} satisfies Operations<sdk.IAM, State>;

type Given = Pick<Role, "RoleName" | "Path" | "AssumeRolePolicyDocument" | "Description" | "MaxSessionDuration">;

export function newRole(call: Here, given: Given): Role {
  const { RoleName, Path } = given;
  return {
    ...given,
    RoleId: uniqueId(call, "AROA"),
    Arn: iamArn(call, "role", Path, RoleName),
    CreateDate: call.date,
    policies: new Map(),
    attached: [],
    tags: {},
  };
}

/** As lists of roles show it: without tags, boundary and last use. */
export function brief({ policies: _policies, attached: _attached, tags: _tags, boundary: _boundary, ...role }: Role) {
  return { ...role, AssumeRolePolicyDocument: encoded(role.AssumeRolePolicyDocument) };
}

/** As GetRole shows it. What the role was last used for is not recorded: `RoleLastUsed` is AWS's answer for "not used". */
export const roleView = (role: Role) => ({ ...brief(role), ...boundaryView(role.boundary), ...someTags(role.tags), RoleLastUsed: {} });

/** 1 to 12 hours: docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html */
const checkSession = (duration: number) => checkRange("maxSessionDuration", duration, 3600, 43_200);

/** Users and roles of this account that a trust policy names must exist; those of others can't be looked at from here. */
function checkTrust(call: Here, document: string): void {
  const { Statement } = parse(document, "trust");
  checkQuota(sizeOf(document), TRUST_MAX, "ACLSizePerRole");
  for (const { Principal } of Statement) {
    if (!Principal || Principal === "*") continue;
    for (const arn of Principal.AWS ?? []) {
      if (named(call, arn) === false) throw new AwsError("MalformedPolicyDocument", `Invalid principal in policy: "AWS":"${arn}"`);
    }
  }
}

function named(call: Here, arn: string): boolean | undefined {
  const [, kind, path] = new RegExp(`^arn:aws:iam::${call.account}:(user|role)/(.+)$`).exec(arn) ?? [];
  if (kind === undefined || path === undefined) return undefined;
  const found = (kind === "user" ? call.state.users : call.state.roles).get(key(path.slice(path.lastIndexOf("/") + 1)));
  return found?.Arn === arn;
}

function checkRemovable(call: Here, role: Role): void {
  const name = key(role.RoleName);
  for (const { role: inside } of call.state.profiles.values()) {
    if (inside === name) throw conflict("Cannot delete entity, must remove roles from instance profile first.");
  }
  if (role.attached.length > 0) throw conflict("Cannot delete entity, must detach all policies first.");
  if (role.policies.size > 0) throw conflict("Cannot delete entity, must delete policies first.");
}
