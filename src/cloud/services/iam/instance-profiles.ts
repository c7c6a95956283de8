/** Instance profiles. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html */
import type * as sdk from "@aws-sdk/client-iam";
import type { Operations } from "../../service.ts";
import { checkName, checkPath, checkQuota, conflict, exists, iamArn, key, noSuch, ownRole, profileOf, roleOf, uniqueId } from "./names.ts";
import { page, under } from "./pages.ts";
import { brief } from "./roles.ts";
import type { Here, InstanceProfile, State } from "./state.ts";
import { checkTags, someTags, tagMap } from "./tags.ts";

// docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const PROFILES_MAX = 1000;
const ROLES_IN_PROFILE_MAX = 1;

export const instanceProfileOperations = {
  CreateInstanceProfile(call, { InstanceProfileName, Path = "/", Tags }) {
    checkName("instanceProfileName", InstanceProfileName, 128);
    checkPath(Path);
    checkTags({}, Tags);
    if (call.state.profiles.has(key(InstanceProfileName))) throw exists(`Instance Profile ${InstanceProfileName} already exists.`);
    checkQuota(call.state.profiles.size + 1, PROFILES_MAX, "InstanceProfilesPerAccount");
    const profile: InstanceProfile = {
      Path,
      InstanceProfileName,
      InstanceProfileId: uniqueId(call, "AIPA"),
      Arn: iamArn(call, "instance-profile", Path, InstanceProfileName),
      CreateDate: call.date,
      tags: tagMap(Tags),
    };
    call.state.profiles.set(key(InstanceProfileName), profile);
    return { InstanceProfile: profileView(call, profile) };
  },
  GetInstanceProfile(call, { InstanceProfileName }) {
    return { InstanceProfile: profileView(call, profileOf(call, InstanceProfileName)) };
  },
  ListInstanceProfiles(call, { PathPrefix, ...asked }) {
    return listed(call, under(call.state.profiles.values(), PathPrefix), asked);
  },
  ListInstanceProfilesForRole(call, { RoleName, ...asked }) {
    const role = key(roleOf(call, RoleName).RoleName);
    return listed(call, profilesOf(call, role), asked);
  },
  AddRoleToInstanceProfile(call, { InstanceProfileName, RoleName }) {
    const profile = profileOf(call, InstanceProfileName);
    const role = key(ownRole(call, RoleName).RoleName);
    checkQuota(profile.role === undefined ? 1 : 2, ROLES_IN_PROFILE_MAX, "InstanceSessionsPerInstanceProfile");
    profile.role = role;
  },
  RemoveRoleFromInstanceProfile(call, { InstanceProfileName, RoleName }) {
    const profile = profileOf(call, InstanceProfileName);
    const role = key(roleOf(call, RoleName).RoleName);
    if (profile.role !== role) throw noSuch(`Role ${RoleName} in Instance Profile ${InstanceProfileName} cannot be found.`);
    profile.role = undefined;
  },
  DeleteInstanceProfile(call, { InstanceProfileName }) {
    const profile = profileOf(call, InstanceProfileName);
    if (profile.role !== undefined) throw conflict("Cannot delete entity, must remove roles from instance profile first.");
    call.state.profiles.delete(key(InstanceProfileName));
  },
} satisfies Operations<sdk.IAM, State>;

export const profilesOf = (call: Here, role: string): InstanceProfile[] =>
  [...call.state.profiles.values()].filter((profile) => profile.role === role);

export function profileView(call: Here, { role, tags, ...profile }: InstanceProfile) {
  return { ...profile, Roles: role === undefined ? [] : [brief(roleOf(call, role))], ...someTags(tags) };
}

function listed(call: Here, profiles: InstanceProfile[], asked: { Marker?: string; MaxItems?: number }) {
  const { items, ...rest } = page(profiles, ({ InstanceProfileName }) => key(InstanceProfileName), asked);
  // Lists leave the tags out.
  return { InstanceProfiles: items.map((profile) => ({ ...profileView(call, profile), Tags: undefined })), ...rest };
}
