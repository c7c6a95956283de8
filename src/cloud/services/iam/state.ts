/** What IAM knows of one account. Names are unique without regard to case, so that the maps are keyed by them in lower case. */
import type * as sdk from "@aws-sdk/client-iam";
import type { Call, Known } from "../../service.ts";

/** What roles, users and groups have in common: policies. */
export type Holder = {
  /** Inline documents by name. */
  policies: Map<string, string>;
  /** ARNs of managed policies, in the order of their attachment. */
  attached: string[];
};

export type Tags = Record<string, string>;

export type Role = Known<
  Omit<sdk.Role, "Tags" | "PermissionsBoundary" | "RoleLastUsed">,
  "RoleName" | "RoleId" | "Arn" | "Path" | "CreateDate" | "AssumeRolePolicyDocument" | "MaxSessionDuration"
> &
  Holder & { tags: Tags; boundary?: string };

export type User = Known<Omit<sdk.User, "Tags" | "PermissionsBoundary">, "UserName" | "UserId" | "Arn" | "Path" | "CreateDate"> &
  Holder & { tags: Tags; boundary?: string; login?: { created: Date; resetRequired: boolean } };

/** `members` are the users' names in lower case. */
export type Group = Known<sdk.Group, "GroupName" | "GroupId" | "Arn" | "Path" | "CreateDate"> & Holder & { members: string[] };

export type Version = Known<sdk.PolicyVersion, "Document" | "VersionId" | "CreateDate">;

export type Policy = Known<
  Omit<sdk.Policy, "Tags">,
  "PolicyName" | "PolicyId" | "Arn" | "Path" | "DefaultVersionId" | "CreateDate" | "UpdateDate"
> & {
  tags: Tags;
  /** Oldest first. */
  versions: Version[];
  /** Numbers are never used twice. */
  lastVersion: number;
};

export type InstanceProfile = Known<
  Omit<sdk.InstanceProfile, "Roles" | "Tags">,
  "InstanceProfileName" | "InstanceProfileId" | "Arn" | "Path" | "CreateDate"
> & {
  tags: Tags;
  /** The role's name in lower case; AWS allows one. */
  role?: string;
};

/** `user` is the user's name in lower case; the secret is with the cloud's credentials. */
export type AccessKey = Known<sdk.AccessKeyMetadata, "AccessKeyId" | "Status" | "CreateDate"> & { user: string };

export type OidcProvider = { arn: string; url: string; clients: string[]; thumbprints: string[]; created: Date; tags: Tags };

export const state = () => ({
  roles: new Map<string, Role>(),
  users: new Map<string, User>(),
  groups: new Map<string, Group>(),
  /** By ARN; AWS's own are in `managed-policies.ts`. */
  policies: new Map<string, Policy>(),
  profiles: new Map<string, InstanceProfile>(),
  /** By access key id. */
  accessKeys: new Map<string, AccessKey>(),
  /** By ARN. */
  oidcProviders: new Map<string, OidcProvider>(),
  /** Deletions of service-linked roles by task id. */
  deletions: new Map<string, { role: string; Status: sdk.DeletionTaskStatusType }>(),
  alias: undefined as string | undefined,
  passwordPolicy: undefined as Omit<sdk.PasswordPolicy, "ExpirePasswords"> | undefined,
});

export type State = ReturnType<typeof state>;
export type Timers = { roleDeletion: { task: string } };
export type Here = Call<State, Timers>;
