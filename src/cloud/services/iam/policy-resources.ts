/** AWS::IAM::ManagedPolicy, and the types that put inline policies. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html */
import { resource, type Properties, type ResourceType } from "../../service.ts";
import { names, onGroup, onRole, onUser, orUndo, retag, tagsOf, text, type HolderOperations } from "./holder-resources.ts";
import { groupOf, key, roleOf, userOf } from "./names.ts";
import { policyOf, policyOperations, policyView } from "./policies.ts";
import type { Here, Holder, Policy } from "./state.ts";

type Place = { kind: string; name: string; holder: Holder; on: HolderOperations };

/** Roles, users and groups that the properties name; those that are gone are left out when `tolerant`. */
function places(call: Here, { Roles, Users, Groups }: Properties, tolerant = false): Place[] {
  const { roles, users, groups } = call.state;
  const there = (all: Map<string, unknown>) => (name: string) => !tolerant || all.has(key(name));
  return [
    ...names(Roles)
      .filter(there(roles))
      .map((name) => ({ kind: "role", name, holder: roleOf(call, name), on: onRole(call, name) })),
    ...names(Users)
      .filter(there(users))
      .map((name) => ({ kind: "user", name, holder: userOf(call, name), on: onUser(call, name) })),
    ...names(Groups)
      .filter(there(groups))
      .map((name) => ({ kind: "group", name, holder: groupOf(call, name), on: onGroup(call, name) })),
  ];
}

const same = (one: Place) => (other: Place) => other.kind === one.kind && key(other.name) === key(one.name);

function reattach(call: Here, arn: string, properties: Properties, previous: Properties): void {
  const wanted = places(call, properties);
  for (const { on } of wanted) on.attach(arn);
  for (const place of places(call, previous, true))
    if (!wanted.some(same(place)) && place.holder.attached.includes(arn)) place.on.detach(arn);
}

const found = (call: Here, arn: string): Policy | undefined => call.state.policies.get(arn);

const managedPolicy = resource({
  create(call: Here, properties, stack) {
    const { ManagedPolicyName, Path, Description, PolicyDocument } = properties;
    const tags = tagsOf(properties, stack);
    places(call, properties);
    const { Arn } = policyOperations.CreatePolicy(call, {
      PolicyName: ManagedPolicyName ?? stack.generatedName(128),
      Path,
      Description,
      PolicyDocument: text(PolicyDocument),
    }).Policy;
    policyOf(call, Arn).tags = tags;
    orUndo(
      () => reattach(call, Arn, properties, {}),
      () => {
        reattach(call, Arn, {}, properties);
        call.state.policies.delete(Arn);
      },
    );
    return Arn;
  },
  update(call: Here, id, properties, previous, stack) {
    const policy = policyOf(call, id);
    const document = text(properties.PolicyDocument);
    if (document !== text(previous.PolicyDocument)) setDocument(call, policy, document);
    reattach(call, id, properties, previous);
    retag(policy.tags, properties, previous, stack);
  },
  delete(call: Here, id, properties) {
    const policy = found(call, id);
    if (!policy) return;
    reattach(call, id, {}, properties);
    for (const { VersionId } of policy.versions)
      if (VersionId !== policy.DefaultVersionId) policyOperations.DeletePolicyVersion(call, { PolicyArn: id, VersionId });
    policyOperations.DeletePolicy(call, { PolicyArn: id });
  },
  attributes(call: Here, id) {
    const policy = found(call, id);
    if (!policy) return {};
    const { AttachmentCount, CreateDate, DefaultVersionId, IsAttachable, PermissionsBoundaryUsageCount, PolicyId, UpdateDate } = policyView(
      call,
      policy,
    );
    return {
      PolicyArn: id,
      PolicyId,
      AttachmentCount,
      DefaultVersionId,
      IsAttachable,
      PermissionsBoundaryUsageCount,
      CreateDate: CreateDate.toISOString(),
      UpdateDate: UpdateDate.toISOString(),
    };
  },
  read(call: Here, id) {
    const policy = found(call, id);
    if (!policy) return undefined;
    const document = policy.versions.find(({ VersionId }) => VersionId === policy.DefaultVersionId)?.Document ?? "{}";
    return {
      ManagedPolicyName: policy.PolicyName,
      Path: policy.Path,
      Description: policy.Description,
      PolicyDocument: JSON.parse(document) as unknown,
    };
  },
});

/** A new default version; the oldest makes room for the sixth, as CloudFormation does it. */
function setDocument(call: Here, policy: Policy, PolicyDocument: string): void {
  const oldest = policy.versions.find(({ VersionId }) => VersionId !== policy.DefaultVersionId);
  if (policy.versions.length >= 5 && oldest)
    policyOperations.DeletePolicyVersion(call, { PolicyArn: policy.Arn, VersionId: oldest.VersionId });
  policyOperations.CreatePolicyVersion(call, { PolicyArn: policy.Arn, PolicyDocument, SetAsDefault: true });
}

function write(call: Here, properties: Properties, previous: Properties): void {
  const name: string = properties.PolicyName;
  const document = text(properties.PolicyDocument);
  const wanted = places(call, properties);
  for (const { on } of wanted) on.put(name, document);
  for (const place of places(call, previous, true)) {
    const stays = previous.PolicyName === name && wanted.some(same(place));
    if (!stays && place.holder.policies.has(previous.PolicyName)) place.on.remove(previous.PolicyName);
  }
}

function erase(call: Here, properties: Properties): void {
  for (const { holder, on } of places(call, properties, true))
    if (holder.policies.has(properties.PolicyName)) on.remove(properties.PolicyName);
}

const policy = resource({
  create(call: Here, properties, stack) {
    orUndo(
      () => write(call, properties, {}),
      () => erase(call, properties),
    );
    return stack.generatedName(128);
  },
  update: (call: Here, _id, properties, previous) => write(call, properties, previous),
  delete: (call: Here, _id, properties) => erase(call, properties),
  attributes: (_call, id) => ({ Id: id }),
  read(call: Here, _id, properties) {
    const documents = places(call, properties, true).map(({ holder }) => holder.policies.get(properties.PolicyName));
    const document = documents.find((each) => each !== undefined);
    return document === undefined ? undefined : { ...properties, PolicyDocument: JSON.parse(document) as unknown };
  },
});

/** AWS::IAM::RolePolicy and its like: one policy of one holder, its physical id `name|holder`. */
function single(member: "RoleName" | "UserName" | "GroupName", list: "Roles" | "Users" | "Groups"): ResourceType {
  const plural = (properties: Properties): Properties => ({ ...properties, [list]: [properties[member]] });
  // A policy without a document is one that has been put elsewhere.
  const put = (call: Here, properties: Properties, previous: Properties) =>
    properties.PolicyDocument !== undefined && write(call, plural(properties), previous);
  return resource({
    create(call: Here, properties) {
      put(call, properties, {});
      return `${properties.PolicyName}|${properties[member]}`;
    },
    update: (call: Here, _id, properties, previous) => void put(call, properties, plural(previous)),
    delete: (call: Here, _id, properties) => erase(call, plural(properties)),
    read(call: Here, id, properties) {
      const current = policy.read?.(call, id, plural(properties));
      return current && { PolicyName: properties.PolicyName, [member]: properties[member], PolicyDocument: current.PolicyDocument };
    },
  });
}

export const policyResources = {
  "AWS::IAM::ManagedPolicy": managedPolicy,
  "AWS::IAM::Policy": policy,
  "AWS::IAM::RolePolicy": single("RoleName", "Roles"),
  "AWS::IAM::UserPolicy": single("UserName", "Users"),
  "AWS::IAM::GroupPolicy": single("GroupName", "Groups"),
};
