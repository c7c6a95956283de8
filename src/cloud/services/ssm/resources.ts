/** CloudFormation's types of Systems Manager, but for parameters. docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SSM.html */
import type * as sdk from "@aws-sdk/client-ssm";
import { resource, type Properties, type Stack } from "../../service.ts";
import { documentOperations } from "./documents.ts";
import { baselineOperations } from "./patch-baselines.ts";
import type { Here } from "./state.ts";

/** The stack's own may begin with `aws:`, which a request's may not. */
const tagsOf = (own: unknown, { tags }: Stack): Record<string, string> => ({
  ...tags,
  ...Object.fromEntries(((own as { Key: string; Value: string }[] | undefined) ?? []).map(({ Key, Value }) => [Key, Value])),
});

const text = (content: unknown): string => (typeof content === "string" ? content : JSON.stringify(content));

const document = resource({
  create(call: Here, { Name, Content, DocumentType, DocumentFormat, TargetType, VersionName, Tags }, stack) {
    const name = String(Name ?? stack.generatedName(128));
    documentOperations.CreateDocument(call, {
      Name: name,
      Content: text(Content),
      DocumentType: DocumentType as sdk.DocumentType | undefined,
      DocumentFormat: DocumentFormat as sdk.DocumentFormat | undefined,
      TargetType: TargetType as string | undefined,
      VersionName: VersionName as string | undefined,
    });
    call.state.documents.get(name)!.tags = tagsOf(Tags, stack);
    return name;
  },
  /** With `UpdateMethod: NewVersion`, which is then the default. */
  update(call: Here, id, { Content, DocumentFormat, TargetType, VersionName }, previous) {
    if (text(Content) === text(previous.Content)) return;
    const { DocumentDescription } = documentOperations.UpdateDocument(call, {
      Name: id,
      Content: text(Content),
      DocumentVersion: "$LATEST",
      DocumentFormat: DocumentFormat as sdk.DocumentFormat | undefined,
      TargetType: TargetType as string | undefined,
      VersionName: VersionName as string | undefined,
    });
    documentOperations.UpdateDocumentDefaultVersion(call, { Name: id, DocumentVersion: DocumentDescription.DocumentVersion! });
  },
  delete(call: Here, id) {
    if (call.state.documents.has(id)) documentOperations.DeleteDocument(call, { Name: id });
  },
  read: (call: Here, id, properties) => (call.state.documents.has(id) ? properties : undefined),
});

const patchBaseline = resource({
  create(call: Here, { PatchGroups, Tags, DefaultBaseline, ...rest }, stack) {
    const { BaselineId } = baselineOperations.CreatePatchBaseline(call, typed(rest));
    call.state.baselines.get(BaselineId)!.tags = tagsOf(Tags, stack);
    for (const PatchGroup of groupsOf(PatchGroups)) baselineOperations.RegisterPatchBaselineForPatchGroup(call, { BaselineId, PatchGroup });
    if (String(DefaultBaseline) === "true") baselineOperations.RegisterDefaultPatchBaseline(call, { BaselineId });
    return BaselineId;
  },
  update(call: Here, id, { PatchGroups, Tags: _tags, DefaultBaseline: _default, ...rest }, previous) {
    const { OperatingSystem: _system, ...settings } = typed(rest);
    baselineOperations.UpdatePatchBaseline(call, { BaselineId: id, ...settings });
    const [now, before] = [groupsOf(PatchGroups), groupsOf(previous.PatchGroups)];
    for (const PatchGroup of before)
      if (!now.includes(PatchGroup)) baselineOperations.DeregisterPatchBaselineForPatchGroup(call, { BaselineId: id, PatchGroup });
    for (const PatchGroup of now)
      if (!before.includes(PatchGroup)) baselineOperations.RegisterPatchBaselineForPatchGroup(call, { BaselineId: id, PatchGroup });
  },
  delete(call: Here, id, { PatchGroups }) {
    if (!call.state.baselines.has(id)) return;
    for (const PatchGroup of groupsOf(PatchGroups))
      baselineOperations.DeregisterPatchBaselineForPatchGroup(call, { BaselineId: id, PatchGroup });
    for (const [system, standard] of call.state.defaultBaselines) if (standard === id) call.state.defaultBaselines.delete(system);
    baselineOperations.DeletePatchBaseline(call, { BaselineId: id });
  },
  attributes: (_call, id) => ({ Id: id }),
  read: (call: Here, id, properties) => (call.state.baselines.has(id) ? properties : undefined),
});

const groupsOf = (groups: unknown): string[] => (groups as string[] | undefined) ?? [];

/** Days may stand as texts. */
function typed({ ApprovalRules, ...rest }: Properties): any {
  const rules = (ApprovalRules as { PatchRules?: Properties[] } | undefined)?.PatchRules?.map((rule) => ({
    ...rule,
    ...(rule.ApproveAfterDays !== undefined && { ApproveAfterDays: Number(rule.ApproveAfterDays) }),
  }));
  return { ...rest, ...(rules && { ApprovalRules: { PatchRules: rules } }) };
}

export const resources = {
  "AWS::SSM::Document": document,
  "AWS::SSM::PatchBaseline": patchBaseline,
};
