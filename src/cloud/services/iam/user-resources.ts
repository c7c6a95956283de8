/** AWS::IAM::User, Group, AccessKey, UserToGroupAddition and OIDCProvider. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html */
import { resource, type Properties } from "../../service.ts";
import { accessKeyOperations } from "./access-keys.ts";
import { boundaryOperations } from "./boundaries.ts";
import { groupOperations } from "./groups.ts";
import { applyPolicies, names, onGroup, onUser, orUndo, readPolicies, retag, tagsOf, truth } from "./holder-resources.ts";
import { groupOf, key, userOf } from "./names.ts";
import { oidcOperations, providerOf } from "./oidc-providers.ts";
import type { Here, User } from "./state.ts";
import { userOperations } from "./users.ts";

const stateOf = (call: Here, name: string): User | undefined => call.state.users.get(key(name));

function applyUser(call: Here, UserName: string, properties: Properties, previous: Properties): void {
  const user = userOf(call, UserName);
  applyPolicies(user, onUser(call, UserName), properties, previous);
  const groups = names(properties.Groups);
  for (const GroupName of groups) groupOperations.AddUserToGroup(call, { GroupName, UserName });
  leave(
    call,
    UserName,
    names(previous.Groups).filter((name) => !groups.includes(name)),
  );
  const { LoginProfile } = properties;
  if (!LoginProfile && previous.LoginProfile) user.login = undefined;
  if (!LoginProfile) return;
  const given = { UserName, Password: LoginProfile.Password, PasswordResetRequired: truth(LoginProfile.PasswordResetRequired) };
  if (user.login) userOperations.UpdateLoginProfile(call, given);
  else userOperations.CreateLoginProfile(call, given);
}

function leave(call: Here, UserName: string, groups: string[]): void {
  if (!stateOf(call, UserName)) return;
  for (const GroupName of groups)
    if (call.state.groups.has(key(GroupName))) groupOperations.RemoveUserFromGroup(call, { GroupName, UserName });
}

const user = resource({
  create(call: Here, properties, stack) {
    const UserName: string = properties.UserName ?? stack.generatedName(64);
    const tags = tagsOf(properties, stack);
    userOperations.CreateUser(call, { UserName, Path: properties.Path, PermissionsBoundary: properties.PermissionsBoundary });
    userOf(call, UserName).tags = tags;
    orUndo(
      () => applyUser(call, UserName, properties, {}),
      () => {
        leave(call, UserName, names(properties.Groups));
        call.state.users.delete(key(UserName));
      },
    );
    return UserName;
  },
  update(call: Here, id, properties, previous, stack) {
    const found = userOf(call, id);
    const { PermissionsBoundary } = properties;
    if (PermissionsBoundary !== undefined) boundaryOperations.PutUserPermissionsBoundary(call, { UserName: id, PermissionsBoundary });
    else if (found.boundary !== undefined) boundaryOperations.DeleteUserPermissionsBoundary(call, { UserName: id });
    applyUser(call, id, properties, previous);
    retag(found.tags, properties, previous, stack);
  },
  delete(call: Here, id, properties) {
    if (!stateOf(call, id)) return;
    applyUser(call, id, {}, properties);
    userOperations.DeleteUser(call, { UserName: id });
  },
  attributes: (call: Here, id) => ({ Arn: stateOf(call, id)?.Arn }),
  read(call: Here, id) {
    const found = stateOf(call, id);
    return found && { UserName: found.UserName, Path: found.Path, PermissionsBoundary: found.boundary, ...readPolicies(found) };
  },
});

const group = resource({
  create(call: Here, properties, stack) {
    const GroupName: string = properties.GroupName ?? stack.generatedName(128);
    groupOperations.CreateGroup(call, { GroupName, Path: properties.Path });
    orUndo(
      () => applyPolicies(groupOf(call, GroupName), onGroup(call, GroupName), properties, {}),
      () => void call.state.groups.delete(key(GroupName)),
    );
    return GroupName;
  },
  update(call: Here, id, properties, previous) {
    // Only the path can change in place besides the policies.
    if (properties.Path !== previous.Path) groupOperations.UpdateGroup(call, { GroupName: id, NewPath: properties.Path ?? "/" });
    applyPolicies(groupOf(call, id), onGroup(call, id), properties, previous);
  },
  delete(call: Here, id, properties) {
    if (!call.state.groups.has(key(id))) return;
    applyPolicies(groupOf(call, id), onGroup(call, id), {}, properties);
    groupOperations.DeleteGroup(call, { GroupName: id });
  },
  attributes: (call: Here, id) => ({ Arn: call.state.groups.get(key(id))?.Arn }),
  read(call: Here, id) {
    const found = call.state.groups.get(key(id));
    return found && { GroupName: found.GroupName, Path: found.Path, ...readPolicies(found) };
  },
});

type Status = "Active" | "Inactive";

const accessKey = resource({
  create(call: Here, { UserName, Status = "Active" }) {
    const { AccessKeyId } = accessKeyOperations.CreateAccessKey(call, { UserName }).AccessKey;
    if (Status !== "Active") accessKeyOperations.UpdateAccessKey(call, { UserName, AccessKeyId, Status: Status as Status });
    return AccessKeyId;
  },
  update(call: Here, id, { UserName, Status = "Active" }) {
    accessKeyOperations.UpdateAccessKey(call, { UserName, AccessKeyId: id, Status: Status as Status });
  },
  delete(call: Here, id, { UserName }) {
    if (call.state.accessKeys.has(id)) accessKeyOperations.DeleteAccessKey(call, { UserName, AccessKeyId: id });
  },
  attributes: (call: Here, id) => ({ SecretAccessKey: call.credentials.get(id)?.secretAccessKey }),
  read(call: Here, id) {
    const found = call.state.accessKeys.get(id);
    return found && { UserName: found.UserName, Status: found.Status };
  },
});

function setMembers(call: Here, GroupName: string, members: string[], previous: string[]): void {
  for (const UserName of members) userOf(call, UserName);
  for (const UserName of members) groupOperations.AddUserToGroup(call, { GroupName, UserName });
  for (const UserName of previous) if (!members.includes(UserName)) leave(call, UserName, [GroupName]);
}

const userToGroupAddition = resource({
  create(call: Here, { GroupName, Users }, stack) {
    orUndo(
      () => setMembers(call, GroupName, names(Users), []),
      () => names(Users).forEach((UserName) => leave(call, UserName, [GroupName])),
    );
    return stack.generatedName(128);
  },
  update(call: Here, _id, { GroupName, Users }, previous) {
    const same = previous.GroupName === GroupName;
    setMembers(call, GroupName, names(Users), same ? names(previous.Users) : []);
    if (!same) names(previous.Users).forEach((UserName) => leave(call, UserName, [previous.GroupName]));
  },
  delete: (call: Here, _id, { GroupName, Users }) => names(Users).forEach((UserName) => leave(call, UserName, [GroupName])),
  attributes: (_call, id) => ({ Id: id }),
});

const oidcProvider = resource({
  create(call: Here, properties, stack) {
    const tags = tagsOf(properties, stack);
    const { OpenIDConnectProviderArn } = oidcOperations.CreateOpenIDConnectProvider(call, {
      Url: properties.Url,
      ClientIDList: names(properties.ClientIdList),
      ThumbprintList: names(properties.ThumbprintList),
    });
    providerOf(call, OpenIDConnectProviderArn).tags = tags;
    return OpenIDConnectProviderArn;
  },
  update(call: Here, id, properties, previous, stack) {
    const provider = providerOf(call, id);
    const wanted = names(properties.ClientIdList);
    oidcOperations.UpdateOpenIDConnectProviderThumbprint(call, {
      OpenIDConnectProviderArn: id,
      ThumbprintList: names(properties.ThumbprintList),
    });
    for (const ClientID of provider.clients)
      if (!wanted.includes(ClientID))
        oidcOperations.RemoveClientIDFromOpenIDConnectProvider(call, { OpenIDConnectProviderArn: id, ClientID });
    for (const ClientID of wanted) oidcOperations.AddClientIDToOpenIDConnectProvider(call, { OpenIDConnectProviderArn: id, ClientID });
    retag(provider.tags, properties, previous, stack);
  },
  delete: (call: Here, id) => oidcOperations.DeleteOpenIDConnectProvider(call, { OpenIDConnectProviderArn: id }),
  attributes: (_call, id) => ({ Arn: id }),
  read(call: Here, id) {
    const provider = call.state.oidcProviders.get(id);
    return provider && { Url: `https://${provider.url}`, ClientIdList: provider.clients, ThumbprintList: provider.thumbprints };
  },
});

export const userResources = {
  "AWS::IAM::User": user,
  "AWS::IAM::Group": group,
  "AWS::IAM::AccessKey": accessKey,
  "AWS::IAM::UserToGroupAddition": userToGroupAddition,
  "AWS::IAM::OIDCProvider": oidcProvider,
};
