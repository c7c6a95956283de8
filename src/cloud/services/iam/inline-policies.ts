/** Inline policies of roles, users and groups. https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html */
import type * as sdk from "@aws-sdk/client-iam";
import { AwsError, type Operations } from "../../service.ts";
import { parse, sizeOf } from "./documents.ts";
import { checkName, encoded, groupOf, noSuch, ownRole, roleOf, userOf } from "./names.ts";
import { page } from "./pages.ts";
import type { Holder, State } from "./state.ts";

/** All inline documents of one holder together, without white space: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const SIZE_MAX = { role: 10_240, user: 2048, group: 5120 };
type Kind = keyof typeof SIZE_MAX;

export const inlinePolicyOperations = {
  PutRolePolicy: (call, { RoleName, ...given }) => put(ownRole(call, RoleName), "role", RoleName, given),
  PutUserPolicy: (call, { UserName, ...given }) => put(userOf(call, UserName), "user", UserName, given),
  PutGroupPolicy: (call, { GroupName, ...given }) => put(groupOf(call, GroupName), "group", GroupName, given),

  GetRolePolicy: (call, { RoleName, PolicyName }) => ({ RoleName, ...get(roleOf(call, RoleName), "role", PolicyName) }),
  GetUserPolicy: (call, { UserName, PolicyName }) => ({ UserName, ...get(userOf(call, UserName), "user", PolicyName) }),
  GetGroupPolicy: (call, { GroupName, PolicyName }) => ({ GroupName, ...get(groupOf(call, GroupName), "group", PolicyName) }),

  ListRolePolicies: (call, { RoleName, ...asked }) => list(roleOf(call, RoleName), asked),
  ListUserPolicies: (call, { UserName, ...asked }) => list(userOf(call, UserName), asked),
  ListGroupPolicies: (call, { GroupName, ...asked }) => list(groupOf(call, GroupName), asked),

  DeleteRolePolicy: (call, { RoleName, PolicyName }) => remove(ownRole(call, RoleName), "role", PolicyName),
  DeleteUserPolicy: (call, { UserName, PolicyName }) => remove(userOf(call, UserName), "user", PolicyName),
  DeleteGroupPolicy: (call, { GroupName, PolicyName }) => remove(groupOf(call, GroupName), "group", PolicyName),
} satisfies Operations<sdk.IAM, State>;

type Given = { PolicyName: string; PolicyDocument: string };

function put({ policies }: Holder, kind: Kind, holder: string, { PolicyName, PolicyDocument }: Given): void {
  checkName("policyName", PolicyName, 128);
  parse(PolicyDocument, "identity");
  const others = [...policies].filter(([name]) => name !== PolicyName).map(([, document]) => sizeOf(document));
  checkInlineSize(kind, holder, [sizeOf(PolicyDocument), ...others]);
  policies.set(PolicyName, PolicyDocument);
}

export function checkInlineSize(kind: Kind, holder: string, sizes: readonly number[]): void {
  const size = sizes.reduce((sum, each) => sum + each, 0);
  if (size > SIZE_MAX[kind])
    throw new AwsError("LimitExceeded", `Maximum policy size of ${SIZE_MAX[kind]} bytes exceeded for ${kind} ${holder}`);
}

function get({ policies }: Holder, kind: Kind, PolicyName: string) {
  const document = policies.get(PolicyName);
  if (document === undefined) throw noSuch(`The ${kind} policy with name ${PolicyName} cannot be found.`);
  return { PolicyName, PolicyDocument: encoded(document) };
}

function list({ policies }: Holder, asked: { Marker?: string; MaxItems?: number }) {
  const { items, ...rest } = page(policies.keys(), (name) => name, asked);
  return { PolicyNames: items, ...rest };
}

function remove({ policies }: Holder, kind: Kind, name: string): void {
  if (!policies.delete(name)) throw noSuch(`The ${kind} policy with name ${name} cannot be found.`);
}
