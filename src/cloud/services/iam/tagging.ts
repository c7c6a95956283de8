/** The operations that tag each kind of entity. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html */
import type * as sdk from "@aws-sdk/client-iam";
import type { Operations } from "../../service.ts";
import { ownRole, profileOf, roleOf, userOf } from "./names.ts";
import { providerOf } from "./oidc-providers.ts";
import { page } from "./pages.ts";
import { customerPolicy, policyOf } from "./policies.ts";
import type { State, Tags } from "./state.ts";
import { checkTags, setTags, tagList, tagMap, unset } from "./tags.ts";

function put(has: Tags, tags: readonly sdk.Tag[]): void {
  checkTags(has, tags);
  setTags(has, tagMap(tags));
}

function listed(tags: Tags, asked: { Marker?: string; MaxItems?: number }) {
  const { items, ...rest } = page(tagList(tags), ({ Key }) => Key, asked);
  return { Tags: items, ...rest };
}

export const tagOperations = {
  TagRole: (call, { RoleName, Tags }) => put(ownRole(call, RoleName).tags, Tags),
  UntagRole: (call, { RoleName, TagKeys }) => unset(ownRole(call, RoleName).tags, TagKeys),
  ListRoleTags: (call, { RoleName, ...asked }) => listed(roleOf(call, RoleName).tags, asked),

  TagUser: (call, { UserName, Tags }) => put(userOf(call, UserName).tags, Tags),
  UntagUser: (call, { UserName, TagKeys }) => unset(userOf(call, UserName).tags, TagKeys),
  ListUserTags: (call, { UserName, ...asked }) => listed(userOf(call, UserName).tags, asked),

  TagPolicy: (call, { PolicyArn, Tags }) => put(customerPolicy(call, PolicyArn).tags, Tags),
  UntagPolicy: (call, { PolicyArn, TagKeys }) => unset(customerPolicy(call, PolicyArn).tags, TagKeys),
  ListPolicyTags: (call, { PolicyArn, ...asked }) => listed(policyOf(call, PolicyArn).tags, asked),

  TagInstanceProfile: (call, { InstanceProfileName, Tags }) => put(profileOf(call, InstanceProfileName).tags, Tags),
  UntagInstanceProfile: (call, { InstanceProfileName, TagKeys }) => unset(profileOf(call, InstanceProfileName).tags, TagKeys),
  ListInstanceProfileTags: (call, { InstanceProfileName, ...asked }) => listed(profileOf(call, InstanceProfileName).tags, asked),

  TagOpenIDConnectProvider: (call, { OpenIDConnectProviderArn, Tags }) => put(providerOf(call, OpenIDConnectProviderArn).tags, Tags),
  UntagOpenIDConnectProvider: (call, { OpenIDConnectProviderArn, TagKeys }) =>
    unset(providerOf(call, OpenIDConnectProviderArn).tags, TagKeys),
  ListOpenIDConnectProviderTags: (call, { OpenIDConnectProviderArn, ...asked }) =>
    listed(providerOf(call, OpenIDConnectProviderArn).tags, asked),
} satisfies Operations<sdk.IAM, State>;
