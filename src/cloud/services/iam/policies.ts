/** Managed policies and their versions. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html */
import type * as sdk from "@aws-sdk/client-iam";
import { AwsError, type Operations } from "../../service.ts";
import { parse, sizeOf } from "./documents.ts";
import { managedPolicies } from "./managed-policies.ts";
import {
  checkLength,
  checkName,
  checkPath,
  checkQuota,
  conflict,
  encoded,
  exists,
  iamArn,
  key,
  noSuch,
  SERVICE_LINKED,
  uniqueId,
  validation,
} from "./names.ts";
import { page, under } from "./pages.ts";
import type { Here, Holder, Policy, State, Version } from "./state.ts";
import { checkTags, someTags, tagMap } from "./tags.ts";

// docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const POLICIES_MAX = 1500;
const SIZE_MAX = 6144;
const VERSIONS_MAX = 5;

export const policyOperations = {
  CreatePolicy(call, { PolicyName, Path = "/", PolicyDocument, Description, Tags }) {
    checkName("policyName", PolicyName, 128);
    checkPath(Path);
    checkLength("description", Description, 1000);
    checkTags({}, Tags);
    checkDocument(PolicyDocument);
    if ([...call.state.policies.values()].some((policy) => key(policy.PolicyName) === key(PolicyName))) {
      throw exists(`A policy called ${PolicyName} already exists. Duplicate names are not allowed.`);
    }
    checkQuota(call.state.policies.size + 1, POLICIES_MAX, "PoliciesPerAccount");
    const policy: Policy = {
      PolicyName,
      PolicyId: uniqueId(call, "ANPA"),
      Arn: iamArn(call, "policy", Path, PolicyName),
      Path,
      DefaultVersionId: "v1",
      IsAttachable: true,
      Description,
      CreateDate: call.date,
      UpdateDate: call.date,
      tags: tagMap(Tags),
      versions: [{ VersionId: "v1", Document: PolicyDocument, CreateDate: call.date }],
      lastVersion: 1,
    };
    call.state.policies.set(policy.Arn, policy);
    return { Policy: { ...policyView(call, policy), Description: undefined } };
  },
  GetPolicy(call, { PolicyArn }) {
    return { Policy: policyView(call, policyOf(call, PolicyArn)) };
  },
  ListPolicies(call, { Scope = "All", OnlyAttached = false, PathPrefix, PolicyUsageFilter, ...asked }) {
    const all = [...(Scope === "AWS" ? [] : call.state.policies.values()), ...(Scope === "Local" ? [] : managedPolicies.values())];
    const boundary = PolicyUsageFilter === "PermissionsBoundary";
    const wanted = under(all, PathPrefix).filter(
      ({ Arn }) => !(OnlyAttached || PolicyUsageFilter) || (boundary ? boundaryCount(call, Arn) : attachmentCount(call, Arn)) > 0,
    );
    const { items, ...rest } = page(wanted, ({ PolicyName, Arn }) => `${key(PolicyName)} ${Arn}`, asked);
    // Lists leave the description and the tags out: docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicies.html
    return { Policies: items.map((policy) => ({ ...policyView(call, policy), Description: undefined, Tags: undefined })), ...rest };
  },
  DeletePolicy(call, { PolicyArn }) {
    const policy = customerPolicy(call, PolicyArn);
    if (attachmentCount(call, PolicyArn) + boundaryCount(call, PolicyArn) > 0)
      throw conflict("Cannot delete a policy attached to entities.");
    if (policy.versions.length > 1) {
      throw conflict(
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
      );
    }
    call.state.policies.delete(PolicyArn);
  },
  CreatePolicyVersion(call, { PolicyArn, PolicyDocument, SetAsDefault = false }) {
    const policy = customerPolicy(call, PolicyArn);
    checkDocument(PolicyDocument);
    if (policy.versions.length >= VERSIONS_MAX) {
      throw new AwsError(
        "LimitExceeded",
        `A managed policy can have up to ${VERSIONS_MAX} versions. Before you create a new version, you must delete an existing version.`,
      );
    }
    const version: Version = { VersionId: `v${++policy.lastVersion}`, Document: PolicyDocument, CreateDate: call.date };
    policy.versions.push(version);
    policy.UpdateDate = call.date;
    if (SetAsDefault) policy.DefaultVersionId = version.VersionId;
    return { PolicyVersion: { ...versionView(policy, version), Document: undefined } };
  },
  GetPolicyVersion(call, { PolicyArn, VersionId }) {
    const policy = policyOf(call, PolicyArn);
    return { PolicyVersion: versionView(policy, versionOf(policy, VersionId)) };
  },
  ListPolicyVersions(call, { PolicyArn, ...asked }) {
    const policy = policyOf(call, PolicyArn);
    // Newest first.
    const { items, ...rest } = page(policy.versions, ({ VersionId }) => String(1e9 - Number(VersionId.slice(1))).padStart(10, "0"), asked);
    return { Versions: items.map((version) => ({ ...versionView(policy, version), Document: undefined })), ...rest };
  },
  SetDefaultPolicyVersion(call, { PolicyArn, VersionId }) {
    const policy = customerPolicy(call, PolicyArn);
    policy.DefaultVersionId = versionOf(policy, VersionId).VersionId;
    policy.UpdateDate = call.date;
  },
  DeletePolicyVersion(call, { PolicyArn, VersionId }) {
    const policy = customerPolicy(call, PolicyArn);
    const version = versionOf(policy, VersionId);
    if (version.VersionId === policy.DefaultVersionId) throw conflict("Cannot delete the default version of a policy.");
    policy.versions = policy.versions.filter((other) => other !== version);
    policy.UpdateDate = call.date;
  },
} satisfies Operations<sdk.IAM, State>;

/** Refuses what can't be a managed policy's document. */
export function checkDocument(document: string): void {
  parse(document, "identity");
  checkQuota(sizeOf(document), SIZE_MAX, "PolicySize");
}

/** The account's or AWS's own. */
export function policyOf(call: Here, arn: string): Policy {
  const policy = findPolicy(call.state, arn);
  if (!policy) throw noSuch(`Policy ${arn} was not found.`);
  return policy;
}

export const findPolicy = (state: Readonly<State>, arn: string): Policy | undefined => state.policies.get(arn) ?? managedPolicies.get(arn);

/** A policy that its account may change. */
export function customerPolicy(call: Here, arn: string): Policy {
  const policy = call.state.policies.get(arn);
  if (policy) return policy;
  if (managedPolicies.has(arn)) throw new AwsError("AccessDenied", "Cannot modify an AWS managed policy.", 403);
  throw noSuch(`Policy ${arn} was not found.`);
}

/** A policy that can be attached, by a well-formed ARN. */
export function checkAttachable(call: Here, arn: string): void {
  if (!/^arn:aws[\w-]*:iam::(\d{12}|aws):policy\/.+$/.test(arn)) throw new AwsError("InvalidInput", `ARN ${arn} is not valid.`);
  const policy = findPolicy(call.state, arn);
  if (!policy) throw noSuch(`Policy ${arn} does not exist or is not attachable.`);
  if (policy.Path === SERVICE_LINKED) throw new AwsError("PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.");
}

export function defaultDocument(policy: Policy): string {
  return versionOf(policy, policy.DefaultVersionId).Document;
}

function versionOf(policy: Policy, id: string): Version {
  if (!/^v[1-9]\d*$/.test(id))
    throw validation(
      `1 validation error detected: Value '${id}' at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?`,
    );
  const version = policy.versions.find(({ VersionId }) => VersionId === id);
  if (!version) throw noSuch(`Policy ${policy.Arn} version ${id} does not exist or is not attachable.`);
  return version;
}

export const holders = ({ roles, users, groups }: Readonly<State>): Holder[] => [...roles.values(), ...users.values(), ...groups.values()];

const attachmentCount = (call: Here, arn: string): number => holders(call.state).filter(({ attached }) => attached.includes(arn)).length;
const boundaryCount = ({ state }: Here, arn: string): number =>
  [...state.roles.values(), ...state.users.values()].filter(({ boundary }) => boundary === arn).length;

export function policyView(call: Here, { tags, versions: _versions, lastVersion: _lastVersion, ...policy }: Policy) {
  return {
    ...policy,
    AttachmentCount: attachmentCount(call, policy.Arn),
    PermissionsBoundaryUsageCount: boundaryCount(call, policy.Arn),
    ...someTags(tags),
  };
}

export const versionView = (policy: Policy, { VersionId, Document, CreateDate }: Version) => ({
  Document: encoded(Document),
  VersionId,
  IsDefaultVersion: VersionId === policy.DefaultVersionId,
  CreateDate,
});
