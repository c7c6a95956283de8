/** Launch templates. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-launch-templates.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Known, type Operations } from "../../service.ts";
import { madeBefore, remember } from "./client-tokens.ts";
import { filtered } from "./filters.ts";
import { page } from "./pages.ts";
import type { Here, State } from "./state.ts";
import { tagsOf } from "./tags.ts";

type TemplateVersion = Known<sdk.LaunchTemplateVersion, "VersionNumber" | "CreateTime"> & { data: sdk.RequestLaunchTemplateData };
export type LaunchTemplate = Known<
  Omit<sdk.LaunchTemplate, "Tags">,
  "LaunchTemplateId" | "LaunchTemplateName" | "CreateTime" | "DefaultVersionNumber" | "LatestVersionNumber"
> & { Tags: sdk.Tag[]; versions: TemplateVersion[] };

const TEMPLATES_MAX = 5000; // docs.aws.amazon.com/AWSEC2/latest/UserGuide/launch-template-restrictions.html
const VERSIONS_MAX = 10_000;

export const launchTemplateOperations = {
  CreateLaunchTemplate(call, { ClientToken: token, ...request }) {
    const made = madeBefore(call, "CreateLaunchTemplate", token, request);
    if (made !== undefined) return { LaunchTemplate: shown(find(call, { LaunchTemplateId: made })) };
    const { LaunchTemplateName, LaunchTemplateData, VersionDescription, TagSpecifications } = request;
    if (!/^[A-Za-z0-9()./_-]{3,128}$/.test(LaunchTemplateName))
      throw new AwsError("InvalidLaunchTemplateName.MalformedException", `The launch template name '${LaunchTemplateName}' is not valid.`);
    if ([...call.state.launchTemplates.values()].some((each) => each.LaunchTemplateName === LaunchTemplateName))
      throw new AwsError("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.");
    if (call.state.launchTemplates.size >= TEMPLATES_MAX)
      throw new AwsError("LaunchTemplateLimitExceeded", "The maximum number of launch templates has been reached.");
    const template: LaunchTemplate = {
      LaunchTemplateId: call.id("lt"),
      LaunchTemplateName,
      CreateTime: call.date,
      CreatedBy: call.principal.arn,
      DefaultVersionNumber: 1,
      LatestVersionNumber: 1,
      Tags: tagsOf(call, TagSpecifications, "launch-template"),
      versions: [{ VersionNumber: 1, VersionDescription, CreateTime: call.date, data: LaunchTemplateData }],
    };
    call.state.launchTemplates.set(template.LaunchTemplateId, template);
    remember(call, "CreateLaunchTemplate", token, request, template.LaunchTemplateId);
    return { LaunchTemplate: shown(template) };
  },

  CreateLaunchTemplateVersion(call, { SourceVersion, VersionDescription, LaunchTemplateData, ...named }) {
    const template = find(call, named);
    if (template.versions.length >= VERSIONS_MAX)
      throw new AwsError("LaunchTemplateVersionLimitExceeded", "The maximum number of versions has been reached.");
    const base = SourceVersion === undefined ? {} : versionOf(template, SourceVersion).data;
    const number = template.LatestVersionNumber + 1;
    const version = { VersionNumber: number, VersionDescription, CreateTime: call.date, data: { ...base, ...LaunchTemplateData } };
    template.versions.push(version);
    template.LatestVersionNumber = number;
    return { LaunchTemplateVersion: versionShown(template, version) };
  },

  ModifyLaunchTemplate(call, { DefaultVersion, ...named }) {
    const template = find(call, named);
    if (DefaultVersion !== undefined) template.DefaultVersionNumber = versionOf(template, DefaultVersion).VersionNumber;
    return { LaunchTemplate: shown(template) };
  },

  DeleteLaunchTemplate(call, named) {
    const template = find(call, named);
    call.state.launchTemplates.delete(template.LaunchTemplateId);
    return { LaunchTemplate: shown(template) };
  },

  DeleteLaunchTemplateVersions(call, { Versions, ...named }) {
    const template = find(call, named);
    const gone = Versions.map((asked) => versionOf(template, asked));
    const standard = gone.find(({ VersionNumber }) => VersionNumber === template.DefaultVersionNumber);
    if (standard) throw new AwsError("InvalidLaunchTemplateVersion", "The default version cannot be deleted.");
    template.versions = template.versions.filter((each) => !gone.includes(each));
    const { LaunchTemplateId, LaunchTemplateName } = template;
    return {
      SuccessfullyDeletedLaunchTemplateVersions: gone.map(({ VersionNumber }) => ({ LaunchTemplateId, LaunchTemplateName, VersionNumber })),
    };
  },

  DescribeLaunchTemplates(call, { LaunchTemplateIds, LaunchTemplateNames, Filters, MaxResults, NextToken }) {
    const some = [
      ...(LaunchTemplateIds ?? []).map((LaunchTemplateId) => find(call, { LaunchTemplateId })),
      ...(LaunchTemplateNames ?? []).map((LaunchTemplateName) => find(call, { LaunchTemplateName })),
    ];
    const all = LaunchTemplateIds?.length || LaunchTemplateNames?.length ? some : [...call.state.launchTemplates.values()];
    const kept = filtered(all, Filters, {
      "create-time": ({ CreateTime }) => CreateTime,
      "launch-template-name": ({ LaunchTemplateName }) => LaunchTemplateName,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken });
    return { LaunchTemplates: items.map(shown), NextToken: next };
  },

  DescribeLaunchTemplateVersions(call, { Versions, MinVersion, MaxVersion, MaxResults, NextToken, ...named }) {
    const template = find(call, named);
    const all = (Versions?.length ? Versions.map((asked) => versionOf(template, asked)) : template.versions).filter(
      ({ VersionNumber }) => VersionNumber >= Number(MinVersion ?? 0) && VersionNumber <= Number(MaxVersion ?? Number.POSITIVE_INFINITY),
    );
    const { items, NextToken: next } = page(all, { MaxResults, NextToken });
    return { LaunchTemplateVersions: items.map((version) => versionShown(template, version)), NextToken: next };
  },
} satisfies Operations<sdk.EC2, State>;

export function find(call: Here, { LaunchTemplateId: id, LaunchTemplateName: name }: sdk.LaunchTemplateSpecification): LaunchTemplate {
  if (id !== undefined) {
    const template = call.state.launchTemplates.get(id);
    if (!template)
      throw new AwsError("InvalidLaunchTemplateId.NotFound", `The specified launch template, with template ID ${id}, does not exist.`);
    return template;
  }
  if (name === undefined) throw new AwsError("MissingParameter", "Either launch template ID or launch template name is required.");
  const template = [...call.state.launchTemplates.values()].find(({ LaunchTemplateName }) => LaunchTemplateName === name);
  if (!template)
    throw new AwsError(
      "InvalidLaunchTemplateName.NotFoundException",
      "At least one of the launch templates specified in the request does not exist.",
    );
  return template;
}

/** `$Default`, `$Latest` or a number; none is the default. */
export function versionOf(template: LaunchTemplate, asked = "$Default"): TemplateVersion {
  const number = asked === "$Default" ? template.DefaultVersionNumber : asked === "$Latest" ? template.LatestVersionNumber : Number(asked);
  const version = template.versions.find(({ VersionNumber }) => VersionNumber === number);
  if (!version)
    throw new AwsError(
      "InvalidLaunchTemplateId.VersionNotFound",
      `Could not find launch template version ${asked} for the launch template with ID ${template.LaunchTemplateId}.`,
    );
  return version;
}

const shown = ({ versions: _versions, ...template }: LaunchTemplate): sdk.LaunchTemplate => template;

const versionShown = (template: LaunchTemplate, { data, ...version }: TemplateVersion): sdk.LaunchTemplateVersion => ({
  ...version,
  LaunchTemplateId: template.LaunchTemplateId,
  LaunchTemplateName: template.LaunchTemplateName,
  CreatedBy: template.CreatedBy,
  DefaultVersion: version.VersionNumber === template.DefaultVersionNumber,
  LaunchTemplateData: data,
});
