/**
 * Resource Groups Tagging API: the tags of all services at once. API: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/
 *
 * AWS lists what has tags and what once had some. Services keep the tags that are, so what has lost its last tag is listed only
 * when that happened through this API.
 */
import type * as sdk from "@aws-sdk/client-resource-groups-tagging-api";
import { AwsError, type Call, type Operations, type Service, type Tagged } from "../service.ts";

const state = () => ({ /** ARNs whose tags were taken away here. */ untagged: [] as string[] });
type State = ReturnType<typeof state>;
type Here = Call<State>;

const invalid = (message: string) => new AwsError("InvalidParameterException", message, 400);

/** Those of global services are seen in us-east-1 only: docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/overview.html */
function* everything(call: Here): Iterable<Tagged> {
  for (const { service, call: theirs } of call.services()) {
    if (!service.tagged || (service.scope === "account" && call.region !== "us-east-1")) continue;
    for (const tagged of service.tagged(theirs)) if (supported(tagged.arn)) yield tagged;
  }
}

/** Users and roles have tags, but not here: docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html */
const supported = (arn: string): boolean => !/^arn:[^:]*:iam::\d*:(user|role)\//.test(arn);

function listed(call: Here): Tagged[] {
  const bare = new Set(call.state.untagged);
  return [...everything(call)]
    .filter(({ arn, tags }) => Object.keys(tags).length > 0 || bare.has(arn))
    .sort((a, b) => (a.arn < b.arn ? -1 : 1));
}

/** Whose ARNs name no type. */
const TYPES: Record<string, string> = { s3: "bucket", sqs: "queue", sns: "topic" };

/** `service` or `service:type`, as the ARN has them. */
function isOfType(arn: string, filter: string): boolean {
  const [, , service = "", , , ...rest] = arn.split(":");
  const [wanted, type] = filter.split(/:(.*)/s, 2) as [string, string?];
  if (wanted !== service) return false;
  const resource = rest.join(":");
  return type === undefined || type === (/^([\w-]+)[/:]/.exec(resource)?.[1] ?? TYPES[service]);
}

type Filters = readonly sdk.TagFilter[];

function checkFilters(filters: Filters): void {
  if (filters.length > 50) throw invalid("TagFilters can have at most 50 entries."); // API_GetResources
  for (const { Key = "", Values = [] } of filters) {
    if (Key.length < 1 || Key.length > 128) throw invalid("A tag filter must have a Key of 1 to 128 characters.");
    if (Values.length > 20) throw invalid("A tag filter can have at most 20 Values.");
  }
}

const matches = ({ tags }: Tagged, filters: Filters): boolean =>
  filters.every(({ Key = "", Values = [] }) => Key in tags && (Values.length === 0 || Values.includes(tags[Key]!)));

function checkArns(arns: readonly string[], most: number): void {
  if (arns.length < 1 || arns.length > most)
    throw invalid(
      `1 validation error detected: Value at 'resourceARNList' failed to satisfy constraint: Member must have length between 1 and ${most}`,
    );
  for (const arn of arns) if (!/^arn:[^:]+:[^:]+:[^:]*:[^:]*:.+$/.test(arn)) throw invalid(`${arn} is not a valid ARN.`);
}

const token = (arn: string): string => Buffer.from(arn).toString("base64url");

/** As many as fit: both bounds hold, a resource is never split, and one without tags counts as one tag. */
function fitting(
  items: readonly Tagged[],
  { ResourcesPerPage = 50, TagsPerPage }: { ResourcesPerPage?: number; TagsPerPage?: number },
): Tagged[] {
  if (ResourcesPerPage < 1 || ResourcesPerPage > 100) throw invalid("ResourcesPerPage must be between 1 and 100.");
  if (TagsPerPage !== undefined && (TagsPerPage < 100 || TagsPerPage > 500 || TagsPerPage % 100 !== 0))
    throw invalid("TagsPerPage must be between 100 and 500, in steps of 100.");
  let count = 0;
  let tags = 0;
  while (count < Math.min(items.length, ResourcesPerPage)) {
    tags += Math.max(1, Object.keys(items[count]!.tags).length);
    if (TagsPerPage !== undefined && tags > TagsPerPage && count > 0) break;
    count++;
  }
  return items.slice(0, count);
}

function change(
  call: Here,
  arns: readonly string[],
  set: Record<string, string>,
  remove: readonly string[],
): Record<string, sdk.FailureInfo> {
  const failed: Record<string, sdk.FailureInfo> = {};
  for (const arn of arns) {
    try {
      const known =
        supported(arn) &&
        [...call.services()].some(
          ({ service, call: theirs }) =>
            (service.scope !== "account" || call.region === "us-east-1") && service.tag?.(theirs, arn, set, remove),
        );
      if (!known) throw invalid(`The resource ${arn} does not exist, is not in region ${call.region}, or can't be tagged by this API.`);
    } catch (error) {
      // One that is refused does not stop the others: API_TagResources
      if (!(error instanceof AwsError)) throw error;
      failed[arn] = { StatusCode: error.status ?? 400, ErrorCode: "InvalidParameterException", ErrorMessage: error.message };
    }
  }
  return failed;
}

const operations = {
  GetResources(call, input) {
    const { TagFilters = [], ResourceTypeFilters = [], ResourceARNList, PaginationToken = "", IncludeComplianceDetails = false } = input;
    if (input.ExcludeCompliantResources && !IncludeComplianceDetails)
      throw invalid("ExcludeCompliantResources needs IncludeComplianceDetails.");
    if (IncludeComplianceDetails)
      throw new AwsError("NotImplemented", "Causeway does not emulate tag policies (IncludeComplianceDetails).", 501);
    checkFilters(TagFilters);
    if (ResourceTypeFilters.length > 100) throw invalid("ResourceTypeFilters can have at most 100 entries.");
    if (ResourceARNList && ResourceARNList.length > 0) {
      checkArns(ResourceARNList, 100);
      if (input.ResourcesPerPage !== undefined || input.TagsPerPage !== undefined || PaginationToken !== "")
        throw invalid("ResourceARNList can't be combined with ResourcesPerPage, TagsPerPage or PaginationToken.");
    }
    const wanted = ResourceARNList && ResourceARNList.length > 0 ? new Set(ResourceARNList) : undefined;
    const all = listed(call).filter(
      (each) =>
        (!wanted || wanted.has(each.arn)) &&
        matches(each, TagFilters) &&
        (ResourceTypeFilters.length === 0 || ResourceTypeFilters.some((filter) => isOfType(each.arn, filter))),
    );
    const after = Buffer.from(PaginationToken, "base64url").toString();
    const rest = all.filter(({ arn }) => arn > after);
    const found = wanted ? rest : fitting(rest, input);
    return {
      ResourceTagMappingList: found.map(({ arn, tags }) => ({
        ResourceARN: arn,
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      })),
      PaginationToken: found.length < rest.length ? token(found.at(-1)!.arn) : "",
    };
  },
  GetTagKeys(call) {
    const keys = new Set(listed(call).flatMap(({ tags }) => Object.keys(tags)));
    return { TagKeys: [...keys].sort(), PaginationToken: "" };
  },
  GetTagValues(call, { Key }) {
    const values = new Set(listed(call).flatMap(({ tags }) => tags[Key] ?? []));
    return { TagValues: [...values].sort(), PaginationToken: "" };
  },
  TagResources(call, { ResourceARNList, Tags }) {
    checkArns(ResourceARNList, 20);
    const entries = Object.entries(Tags);
    if (entries.length < 1 || entries.length > 50) throw invalid("Tags must have 1 to 50 entries.");
    for (const [key, value] of entries) {
      if (/^aws:/i.test(key)) throw invalid(`Tag keys beginning with aws: are reserved: ${key}`);
      if (key.length < 1 || key.length > 128 || value.length > 256)
        throw invalid(`The tag ${key} is not valid: a key has 1 to 128 characters, a value at most 256.`);
    }
    const FailedResourcesMap = change(call, ResourceARNList, Tags, []);
    const tagged = new Set(ResourceARNList.filter((arn) => !(arn in FailedResourcesMap)));
    call.state.untagged = call.state.untagged.filter((arn) => !tagged.has(arn));
    return { FailedResourcesMap };
  },
  UntagResources(call, { ResourceARNList, TagKeys }) {
    checkArns(ResourceARNList, 20);
    if (TagKeys.length < 1 || TagKeys.length > 50) throw invalid("TagKeys must have 1 to 50 entries.");
    const had = new Set(listed(call).map(({ arn }) => arn));
    const FailedResourcesMap = change(call, ResourceARNList, {}, TagKeys);
    const bare = ResourceARNList.filter((arn) => had.has(arn) && !(arn in FailedResourcesMap));
    call.state.untagged = [...new Set([...call.state.untagged, ...bare])].sort();
    return { FailedResourcesMap };
  },
} satisfies Operations<sdk.ResourceGroupsTaggingAPI, State>;

export const tagging = {
  api: { signing: "tagging", protocol: "awsJson1_1", version: "2017-01-26", target: "ResourceGroupsTaggingAPI_20170126" },
  sdk: () => import("@aws-sdk/client-resource-groups-tagging-api"),
  needs: "all",
  state,
  operations,
} satisfies Service;
