/** Groups of users. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateGroup.html */
import type * as sdk from "@aws-sdk/client-iam";
import type { Operations } from "../../service.ts";
import { checkName, checkPath, checkQuota, conflict, exists, groupOf, iamArn, key, uniqueId, userOf } from "./names.ts";
import { page, under } from "./pages.ts";
import type { Group, Here, State, User } from "./state.ts";
import { briefUser } from "./users.ts";

// docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const GROUPS_MAX = 300;
const GROUPS_OF_USER_MAX = 10;

export const groupOperations = {
  CreateGroup(call, { GroupName, Path = "/" }) {
    checkName("groupName", GroupName, 128);
    checkPath(Path);
    if (call.state.groups.has(key(GroupName))) throw exists(`Group with name ${GroupName} already exists.`);
    checkQuota(call.state.groups.size + 1, GROUPS_MAX, "GroupsPerAccount");
    const group: Group = {
      Path,
      GroupName,
      GroupId: uniqueId(call, "AGPA"),
      Arn: iamArn(call, "group", Path, GroupName),
      CreateDate: call.date,
      policies: new Map(),
      attached: [],
      members: [],
    };
    call.state.groups.set(key(GroupName), group);
    return { Group: groupView(group) };
  },
  GetGroup(call, { GroupName, ...asked }) {
    const group = groupOf(call, GroupName);
    const { items, ...rest } = page(membersOf(call, group), ({ UserName }) => key(UserName), asked);
    return { Group: groupView(group), Users: items.map(briefUser), ...rest };
  },
  ListGroups(call, { PathPrefix, ...asked }) {
    const { items, ...rest } = page(under(call.state.groups.values(), PathPrefix), ({ GroupName }) => key(GroupName), asked);
    return { Groups: items.map(groupView), ...rest };
  },
  UpdateGroup(call, { GroupName, NewGroupName, NewPath }) {
    const group = groupOf(call, GroupName);
    if (NewGroupName !== undefined) checkName("newGroupName", NewGroupName, 128);
    if (NewPath !== undefined) checkPath(NewPath);
    const taken = NewGroupName === undefined ? undefined : call.state.groups.get(key(NewGroupName));
    if (taken && taken !== group) throw exists(`Group with name ${NewGroupName} already exists.`);
    const name = NewGroupName ?? group.GroupName;
    const path = NewPath ?? group.Path;
    call.state.groups.delete(key(GroupName));
    Object.assign(group, { GroupName: name, Path: path, Arn: iamArn(call, "group", path, name) });
    call.state.groups.set(key(name), group);
  },
  DeleteGroup(call, { GroupName }) {
    const group = groupOf(call, GroupName);
    if (group.members.length > 0) throw conflict("Cannot delete entity, must remove users from group first.");
    if (group.attached.length > 0) throw conflict("Cannot delete entity, must detach all policies first.");
    if (group.policies.size > 0) throw conflict("Cannot delete entity, must delete policies first.");
    call.state.groups.delete(key(GroupName));
  },
  AddUserToGroup(call, { GroupName, UserName }) {
    const group = groupOf(call, GroupName);
    const user = userOf(call, UserName);
    const name = key(user.UserName);
    if (group.members.includes(name)) return;
    checkQuota(groupsOf(call, user).length + 1, GROUPS_OF_USER_MAX, "GroupsPerUser");
    group.members.push(name);
  },
  RemoveUserFromGroup(call, { GroupName, UserName }) {
    const group = groupOf(call, GroupName);
    const name = key(userOf(call, UserName).UserName);
    group.members = group.members.filter((member) => member !== name);
  },
  ListGroupsForUser(call, { UserName, ...asked }) {
    const { items, ...rest } = page(groupsOf(call, userOf(call, UserName)), ({ GroupName }) => key(GroupName), asked);
    return { Groups: items.map(groupView), ...rest };
  },
} satisfies Operations<sdk.IAM, State>;

const groupView = ({ Path, GroupName, GroupId, Arn, CreateDate }: Group) => ({ Path, GroupName, GroupId, Arn, CreateDate });

export const groupsOf = (call: Here, user: User): Group[] =>
  [...call.state.groups.values()].filter(({ members }) => members.includes(key(user.UserName)));
const membersOf = (call: Here, group: Group): User[] => group.members.map((name) => userOf(call, name));
