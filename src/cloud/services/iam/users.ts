/** Users, their passwords' login profiles and groups' view of them. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html */
import type * as sdk from "@aws-sdk/client-iam";
import type { Operations } from "../../service.ts";
import { checkPassword } from "./account.ts";
import { boundaryView, checkBoundary } from "./boundaries.ts";
import { callingUser, checkName, checkPath, checkQuota, conflict, exists, iamArn, key, noSuch, uniqueId, userOf } from "./names.ts";
import { page, under } from "./pages.ts";
import type { Here, State, User } from "./state.ts";
import { checkTags, someTags, tagMap } from "./tags.ts";

const USERS_MAX = 5000; // docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

export const userOperations = {
  CreateUser(call, { UserName, Path = "/", PermissionsBoundary, Tags }) {
    checkName("userName", UserName, 64);
    checkPath(Path);
    checkTags({}, Tags);
    checkBoundary(call, PermissionsBoundary);
    if (call.state.users.has(key(UserName))) throw exists(`User with name ${UserName} already exists.`);
    checkQuota(call.state.users.size + 1, USERS_MAX, "UsersPerAccount");
    const user: User = {
      Path,
      UserName,
      UserId: uniqueId(call, "AIDA"),
      Arn: iamArn(call, "user", Path, UserName),
      CreateDate: call.date,
      policies: new Map(),
      attached: [],
      tags: tagMap(Tags),
      boundary: PermissionsBoundary,
    };
    call.state.users.set(key(UserName), user);
    return { User: userView(user) };
  },
  GetUser(call, { UserName }) {
    // The root user is nobody's entity, but it can ask who it is.
    if (UserName === undefined && call.principal.arn.endsWith(":root")) {
      return { User: { Path: undefined, UserName: undefined, UserId: call.account, Arn: call.principal.arn, CreateDate: new Date(0) } };
    }
    return { User: userView(callingUser(call, UserName)) };
  },
  ListUsers(call, { PathPrefix, ...asked }) {
    const { items, ...rest } = page(under(call.state.users.values(), PathPrefix), ({ UserName }) => key(UserName), asked);
    return { Users: items.map(briefUser), ...rest };
  },
  UpdateUser(call, { UserName, NewUserName, NewPath }) {
    const user = userOf(call, UserName);
    if (NewUserName !== undefined) checkName("newUserName", NewUserName, 64);
    if (NewPath !== undefined) checkPath(NewPath);
    const taken = NewUserName === undefined ? undefined : call.state.users.get(key(NewUserName));
    if (taken && taken !== user) throw exists(`User with name ${NewUserName} already exists.`);
    rename(call, user, NewUserName ?? user.UserName, NewPath ?? user.Path);
  },
  DeleteUser(call, { UserName }) {
    const user = userOf(call, UserName);
    checkRemovable(call, user);
    call.state.users.delete(key(UserName));
  },
  CreateLoginProfile(call, { UserName, Password, PasswordResetRequired = false }) {
    const user = callingUser(call, UserName);
    if (user.login) throw exists(`Login Profile for user ${user.UserName} already exists.`);
    checkPassword(call, Password ?? "");
    user.login = { created: call.date, resetRequired: PasswordResetRequired };
    return { LoginProfile: loginView(user) };
  },
  GetLoginProfile(call, { UserName }) {
    return { LoginProfile: loginView(callingUser(call, UserName)) };
  },
  UpdateLoginProfile(call, { UserName, Password, PasswordResetRequired }) {
    const login = loginOf(userOf(call, UserName));
    if (Password !== undefined) checkPassword(call, Password);
    if (PasswordResetRequired !== undefined) login.resetRequired = PasswordResetRequired;
  },
  DeleteLoginProfile(call, { UserName }) {
    const user = callingUser(call, UserName);
    loginOf(user);
    user.login = undefined;
  },
} satisfies Operations<sdk.IAM, State>;

/** As lists of users show it. */
export const briefUser = ({ Path, UserName, UserId, Arn, CreateDate }: User) => ({ Path, UserName, UserId, Arn, CreateDate });
const userView = (user: User) => ({ ...briefUser(user), ...boundaryView(user.boundary), ...someTags(user.tags) });

function loginOf({ login, UserName }: User): NonNullable<User["login"]> {
  if (!login) throw noSuch(`Login Profile for User ${UserName} cannot be found.`);
  return login;
}

function loginView(user: User) {
  const { created, resetRequired } = loginOf(user);
  return { UserName: user.UserName, CreateDate: created, PasswordResetRequired: resetRequired };
}

/** Name and ARN change, the id stays; keys and memberships go with it. */
function rename(call: Here, user: User, name: string, path: string): void {
  const before = key(user.UserName);
  const after = key(name);
  const arn = iamArn(call, "user", path, name);
  Object.assign(user, { UserName: name, Path: path, Arn: arn });
  call.state.users.delete(before);
  call.state.users.set(after, user);
  for (const group of call.state.groups.values()) group.members = group.members.map((member) => (member === before ? after : member));
  for (const access of call.state.accessKeys.values()) {
    if (access.user !== before) continue;
    Object.assign(access, { user: after, UserName: name });
    const credential = call.credentials.get(access.AccessKeyId);
    if (credential) credential.arn = arn;
  }
}

function checkRemovable(call: Here, user: User): void {
  const name = key(user.UserName);
  if ([...call.state.groups.values()].some(({ members }) => members.includes(name)))
    throw conflict("Cannot delete entity, must remove users from group first.");
  if (user.attached.length > 0) throw conflict("Cannot delete entity, must detach all policies first.");
  if (user.policies.size > 0) throw conflict("Cannot delete entity, must delete policies first.");
  if ([...call.state.accessKeys.values()].some(({ user: owner }) => owner === name))
    throw conflict("Cannot delete entity, must delete access keys first.");
  if (user.login) throw conflict("Cannot delete entity, must delete login profile first.");
}
