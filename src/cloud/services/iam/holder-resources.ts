/** What the CloudFormation types of roles, users and groups have in common: their policies, tags and undoing. */
import type { Properties, Stack } from "../../service.ts";
import { attachmentOperations } from "./attachments.ts";
import { inlinePolicyOperations } from "./inline-policies.ts";
import type { Here, Holder, Tags } from "./state.ts";
import { checkTags } from "./tags.ts";

export const text = (document: unknown): string => (typeof document === "string" ? document : JSON.stringify(document));
export const truth = (value: unknown): boolean => value === true || value === "true";
export const names = (list: unknown): string[] => (Array.isArray(list) ? list.map(String) : []);

/** The resource's own tags, checked as the API checks them; the stack's may begin with `aws:`. */
export function tagsOf({ Tags = [] }: Properties, stack: Stack): Tags {
  const own = (Tags as { Key: string; Value: unknown }[]).map(({ Key, Value }) => ({ Key, Value: String(Value) }));
  checkTags({}, own);
  return { ...stack.tags, ...Object.fromEntries(own.map(({ Key, Value }) => [Key, Value])) };
}

/** The tags after an update: those that other hands set stay. */
export function retag(has: Tags, properties: Properties, previous: Properties, stack: Stack): void {
  const next = tagsOf(properties, stack);
  for (const { Key } of (previous.Tags ?? []) as { Key: string }[]) delete has[Key];
  Object.assign(has, next);
}

/** CloudFormation has a resource or has it not: what was half made is taken back. */
export function orUndo(act: () => void, undo: () => void): void {
  try {
    act();
  } catch (error) {
    undo();
    throw error;
  }
}

/** The operations for one kind of holder, with its name filled in. */
export type HolderOperations = {
  put(name: string, document: string): void;
  remove(name: string): void;
  attach(arn: string): void;
  detach(arn: string): void;
};

export const onRole = (call: Here, RoleName: string): HolderOperations => ({
  put: (PolicyName, PolicyDocument) => inlinePolicyOperations.PutRolePolicy(call, { RoleName, PolicyName, PolicyDocument }),
  remove: (PolicyName) => inlinePolicyOperations.DeleteRolePolicy(call, { RoleName, PolicyName }),
  attach: (PolicyArn) => attachmentOperations.AttachRolePolicy(call, { RoleName, PolicyArn }),
  detach: (PolicyArn) => attachmentOperations.DetachRolePolicy(call, { RoleName, PolicyArn }),
});

export const onUser = (call: Here, UserName: string): HolderOperations => ({
  put: (PolicyName, PolicyDocument) => inlinePolicyOperations.PutUserPolicy(call, { UserName, PolicyName, PolicyDocument }),
  remove: (PolicyName) => inlinePolicyOperations.DeleteUserPolicy(call, { UserName, PolicyName }),
  attach: (PolicyArn) => attachmentOperations.AttachUserPolicy(call, { UserName, PolicyArn }),
  detach: (PolicyArn) => attachmentOperations.DetachUserPolicy(call, { UserName, PolicyArn }),
});

export const onGroup = (call: Here, GroupName: string): HolderOperations => ({
  put: (PolicyName, PolicyDocument) => inlinePolicyOperations.PutGroupPolicy(call, { GroupName, PolicyName, PolicyDocument }),
  remove: (PolicyName) => inlinePolicyOperations.DeleteGroupPolicy(call, { GroupName, PolicyName }),
  attach: (PolicyArn) => attachmentOperations.AttachGroupPolicy(call, { GroupName, PolicyArn }),
  detach: (PolicyArn) => attachmentOperations.DetachGroupPolicy(call, { GroupName, PolicyArn }),
});

type Inline = { PolicyName: string; PolicyDocument: unknown };

/** Brings `Policies` and `ManagedPolicyArns` from what they were to what they are to be; what other hands added stays. */
export function applyPolicies(holder: Holder, on: HolderOperations, properties: Properties, previous: Properties): void {
  const inline: Inline[] = properties.Policies ?? [];
  const arns = names(properties.ManagedPolicyArns);
  for (const arn of names(previous.ManagedPolicyArns)) if (!arns.includes(arn) && holder.attached.includes(arn)) on.detach(arn);
  for (const { PolicyName } of (previous.Policies ?? []) as Inline[]) {
    if (!inline.some((each) => each.PolicyName === PolicyName) && holder.policies.has(PolicyName)) on.remove(PolicyName);
  }
  for (const arn of arns) on.attach(arn);
  for (const { PolicyName, PolicyDocument } of inline) on.put(PolicyName, text(PolicyDocument));
}

/** For drift detection. */
export const readPolicies = ({ policies, attached }: Holder) => ({
  ManagedPolicyArns: [...attached],
  Policies: [...policies].map(([PolicyName, document]) => ({ PolicyName, PolicyDocument: JSON.parse(document) as unknown })),
});
