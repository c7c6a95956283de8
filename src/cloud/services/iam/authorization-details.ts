/** Everything of the account at once. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html */
import type * as sdk from "@aws-sdk/client-iam";
import type { Operations } from "../../service.ts";
import { boundaryView } from "./boundaries.ts";
import { groupsOf } from "./groups.ts";
import { profilesOf, profileView } from "./instance-profiles.ts";
import { encoded, key } from "./names.ts";
import { page } from "./pages.ts";
import { findPolicy, policyOf, policyView, versionView } from "./policies.ts";
import type { Group, Here, Holder, Policy, Role, State, User } from "./state.ts";
import { someTags } from "./tags.ts";

type Item = { user: User } | { group: Group } | { role: Role } | { policy: Policy };

export const authorizationOperations = {
  GetAccountAuthorizationDetails(call, { Filter, Marker, MaxItems }) {
    const wanted = (kind: sdk.EntityType) => !Filter?.length || Filter.includes(kind);
    const { users, groups, roles } = call.state;
    const all: { item: Item; name: string }[] = [
      ...(wanted("User") ? [...users.values()].map((user) => ({ item: { user }, name: `1${key(user.UserName)}` })) : []),
      ...(wanted("Group") ? [...groups.values()].map((group) => ({ item: { group }, name: `2${key(group.GroupName)}` })) : []),
      ...(wanted("Role") ? [...roles.values()].map((role) => ({ item: { role }, name: `3${key(role.RoleName)}` })) : []),
      ...policiesOf(call, wanted).map((policy) => ({ item: { policy }, name: `4${policy.Arn}` })),
    ];
    const { items, ...rest } = page(all, ({ name }) => name, { Marker, MaxItems });
    const given = items.map(({ item }) => item);
    return {
      UserDetailList: given.flatMap((item) => ("user" in item ? [userDetail(call, item.user)] : [])),
      GroupDetailList: given.flatMap((item) => ("group" in item ? [groupDetail(call, item.group)] : [])),
      RoleDetailList: given.flatMap((item) => ("role" in item ? [roleDetail(call, item.role)] : [])),
      Policies: given.flatMap((item) => ("policy" in item ? [policyDetail(call, item.policy)] : [])),
      ...rest,
    };
  },
} satisfies Operations<sdk.IAM, State>;

/** The account's own policies, and of AWS's those that are in use. */
function policiesOf({ state }: Here, wanted: (kind: sdk.EntityType) => boolean): Policy[] {
  const used = new Set([...state.roles.values(), ...state.users.values(), ...state.groups.values()].flatMap(({ attached }) => attached));
  const aws = [...used].filter((arn) => !state.policies.has(arn)).flatMap((arn) => findPolicy(state, arn) ?? []);
  return [...(wanted("LocalManagedPolicy") ? state.policies.values() : []), ...(wanted("AWSManagedPolicy") ? aws : [])];
}

const inline = ({ policies }: Holder) => [...policies].map(([PolicyName, document]) => ({ PolicyName, PolicyDocument: encoded(document) }));
const attachedTo = (call: Here, { attached }: Holder) =>
  attached.map((arn) => ({ PolicyName: policyOf(call, arn).PolicyName, PolicyArn: arn }));

function userDetail(call: Here, user: User) {
  const { Path, UserName, UserId, Arn, CreateDate } = user;
  return {
    ...{ Path, UserName, UserId, Arn, CreateDate },
    UserPolicyList: inline(user),
    GroupList: groupsOf(call, user).map(({ GroupName }) => GroupName),
    AttachedManagedPolicies: attachedTo(call, user),
    ...boundaryView(user.boundary),
    ...someTags(user.tags),
  };
}

function groupDetail(call: Here, group: Group) {
  const { Path, GroupName, GroupId, Arn, CreateDate } = group;
  return { Path, GroupName, GroupId, Arn, CreateDate, GroupPolicyList: inline(group), AttachedManagedPolicies: attachedTo(call, group) };
}

function roleDetail(call: Here, role: Role) {
  const { Path, RoleName, RoleId, Arn, CreateDate, AssumeRolePolicyDocument } = role;
  return {
    ...{ Path, RoleName, RoleId, Arn, CreateDate },
    AssumeRolePolicyDocument: encoded(AssumeRolePolicyDocument),
    InstanceProfileList: profilesOf(call, key(RoleName)).map((profile) => profileView(call, profile)),
    RolePolicyList: inline(role),
    AttachedManagedPolicies: attachedTo(call, role),
    ...boundaryView(role.boundary),
    ...someTags(role.tags),
    RoleLastUsed: {},
  };
}

const policyDetail = (call: Here, policy: Policy) => ({
  ...policyView(call, policy),
  Tags: undefined,
  PolicyVersionList: policy.versions.map((version) => versionView(policy, version)),
});
