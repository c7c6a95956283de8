/** Names, paths, ARNs and unique ids. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html */
import { AwsError } from "../../service.ts";
import type { Group, Here, InstanceProfile, Role, User } from "./state.ts";

/** The id's first four letters tell what it names: the page above. */
export type IdPrefix = "AROA" | "AIDA" | "AGPA" | "ANPA" | "AIPA" | "AKIA";

export const uniqueId = (call: Here, prefix: IdPrefix): string => `${prefix}${call.token(17)}`;

/** IAM's ARNs have no region. */
export const iamArn = (call: Here, kind: string, path: string, name: string): string =>
  `arn:aws:iam::${call.account}:${kind}${path}${name}`;

export const noSuch = (message: string) => new AwsError("NoSuchEntity", message);
export const conflict = (message: string) => new AwsError("DeleteConflict", message);
export const exists = (message: string) => new AwsError("EntityAlreadyExists", message);
export const invalidInput = (message: string) => new AwsError("InvalidInput", message);
export const validation = (message: string) => new AwsError("ValidationError", message);

/** "Cannot exceed quota for RolesPerAccount: 1000". */
export function checkQuota(count: number, quota: number, name: string): void {
  if (count > quota) throw new AwsError("LimitExceeded", `Cannot exceed quota for ${name}: ${quota}`);
}

const NAME = /^[\w+=,.@-]+$/;

export function checkName(member: string, value: string, most: number): void {
  if (value.length < 1)
    throw validation(
      `1 validation error detected: Value '' at '${member}' failed to satisfy constraint: Member must have length greater than or equal to 1`,
    );
  if (value.length > most)
    throw validation(
      `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must have length less than or equal to ${most}`,
    );
  if (!NAME.test(value))
    throw validation(
      `The specified value for ${member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`,
    );
}

/** A path is `/` or begins and ends with it: docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html */
export function checkPath(path: string): void {
  if (path.length <= 512 && /^(\/|\/[!-~]+\/)$/.test(path)) return;
  throw validation(
    "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
  );
}

export function checkRange(member: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (value >= least && value <= most)) return;
  const bound = value < least ? `greater than or equal to ${least}` : `less than or equal to ${most}`;
  throw validation(
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must have value ${bound}`,
  );
}

export function checkLength(member: string, value: string | undefined, most: number): void {
  if (value !== undefined && value.length > most)
    throw validation(
      `1 validation error detected: Value at '${member}' failed to satisfy constraint: Member must have length less than or equal to ${most}`,
    );
}

export const key = (name: string): string => name.toLowerCase();

export function roleOf(call: Here, name: string): Role {
  const role = call.state.roles.get(key(name));
  if (!role) throw noSuch(`The role with name ${name} cannot be found.`);
  return role;
}

export const SERVICE_LINKED = "/aws-service-role/";

/** A role that may be changed: those of services are AWS's to change. */
export function ownRole(call: Here, name: string): Role {
  const role = roleOf(call, name);
  if (role.Path.startsWith(SERVICE_LINKED)) {
    throw new AwsError(
      "UnmodifiableEntity",
      `Cannot perform the operation on the protected role '${role.RoleName}' - this role is only modifiable by AWS`,
    );
  }
  return role;
}

export function userOf(call: Here, name: string): User {
  const user = call.state.users.get(key(name));
  if (!user) throw noSuch(`The user with name ${name} cannot be found.`);
  return user;
}

/** The user that an operation without a user's name means: who calls. */
export function callingUser(call: Here, name: string | undefined): User {
  if (name !== undefined) return userOf(call, name);
  const own = /^arn:aws:iam::\d+:user\/(?:.*\/)?([^/]+)$/.exec(call.principal.arn)?.[1];
  if (own === undefined) throw validation("Must specify userName when calling with non-User credentials");
  return userOf(call, own);
}

export function groupOf(call: Here, name: string): Group {
  const group = call.state.groups.get(key(name));
  if (!group) throw noSuch(`The group with name ${name} cannot be found.`);
  return group;
}

export function profileOf(call: Here, name: string): InstanceProfile {
  const profile = call.state.profiles.get(key(name));
  if (!profile) throw noSuch(`Instance Profile ${name} cannot be found.`);
  return profile;
}

/** As answers carry documents: docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html, "URL-encoded compliant with RFC 3986" */
export const encoded = (document: string): string =>
  encodeURIComponent(document).replace(/[!'()*]/g, (character) => `%${character.codePointAt(0)!.toString(16).toUpperCase()}`);
