/** A repository: what is known of it, how it is found, and what may be set on it. */
import type * as sdk from "@aws-sdk/client-ecr";
import type { Instant } from "../../../kernel/units.ts";
import { AwsError, type Call, type Known } from "../../service.ts";
import { parse } from "../iam/documents.ts";
import { like } from "../iam/patterns.ts";

export type Image = { digest: string; manifest: string; mediaType?: string; tags: Set<string>; pushed: Date };

export type Repository = Known<sdk.Repository, "repositoryName" | "repositoryArn" | "createdAt" | "imageTagMutability"> & {
  images: Map<string, Image>;
  policy?: string;
  lifecycle?: { text: string; evaluated: Date };
  /** The pending look at the lifecycle's rules. */
  look?: { event: number; at: Instant };
  tags: Record<string, string>;
};

export const state = () => ({ repositories: new Map<string, Repository>() });
export type State = ReturnType<typeof state>;
export type Timers = { lifecycle: { repositoryName: string } };
export type Here = Call<State, Timers>;

export const invalid = (message: string) => new AwsError("InvalidParameterException", `Invalid parameter at '${message}`);

export function find(call: Here, name: string | undefined, registryId = call.account): Repository {
  const repository = call.state.repositories.get(name ?? "");
  if (repository && registryId === call.account) return repository;
  throw new AwsError(
    "RepositoryNotFoundException",
    `The repository with name '${name}' does not exist in the registry with id '${registryId}'`,
  );
}

export function byArn(call: Here, arn: string): Repository {
  const repository = [...call.state.repositories.values()].find(({ repositoryArn }) => repositoryArn === arn);
  if (!repository) throw new AwsError("RepositoryNotFoundException", `The repository with arn '${arn}' does not exist`);
  return repository;
}

/** The members that AWS shows. */
export function shown(
  call: Here,
  { images: _images, policy: _policy, lifecycle: _lifecycle, look: _look, tags: _tags, ...repository }: Repository,
): sdk.Repository {
  return { ...repository, registryId: call.account, repositoryUri: uri(call, repository.repositoryName) };
}

export const uri = (call: Here, name: string) => `${call.account}.dkr.ecr.${call.region}.amazonaws.com/${name}`;

export function page<Item>(
  items: readonly Item[],
  max: number | undefined,
  token: string | undefined,
): { items: Item[]; nextToken?: string } {
  if (max !== undefined && (max < 1 || max > 1000))
    throw invalid("maxResults' failed to satisfy constraint: 'Member must have value between 1 and 1000'");
  const from = token === undefined ? 0 : Number(Buffer.from(token, "base64").toString());
  if (!Number.isInteger(from)) throw invalid("nextToken' failed to satisfy constraint: 'Invalid token'");
  const to = from + (max ?? 100);
  return { items: items.slice(from, to), nextToken: to < items.length ? Buffer.from(String(to)).toString("base64") : undefined };
}

export const named = (tags: readonly sdk.Tag[]) => Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [Key, Value]));

// docs.aws.amazon.com/AmazonECR/latest/APIReference/API_TagResource.html
const TAGS_MAX = 50;

/** Refuses tags that `has` can't take. */
export function checkTags(has: Record<string, string>, tags: readonly sdk.Tag[]): void {
  for (const { Key = "", Value = "" } of tags) {
    if (Key.length < 1 || Key.length > 128 || Value.length > 256 || /^aws:/i.test(Key))
      throw new AwsError(
        "InvalidTagParameterException",
        `Invalid parameter at 'tags' failed to satisfy constraint: '${Key} is not a valid tag'`,
      );
  }
  if (Object.keys({ ...has, ...named(tags) }).length > TAGS_MAX)
    throw new AwsError("TooManyTagsException", `The number of tags exceeds the limit of ${TAGS_MAX}`);
}

export function checkPolicy(text: string): void {
  try {
    parse(text, "resource");
  } catch (error) {
    throw error instanceof AwsError ? invalid("PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'") : error;
  }
}

const MUTABILITIES = ["MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"];

export function checkMutability(mutability: string, filters: readonly sdk.ImageTagMutabilityExclusionFilter[] = []): void {
  if (!MUTABILITIES.includes(mutability))
    throw invalid(`imageTagMutability' failed to satisfy constraint: 'Member must satisfy enum value set: [${MUTABILITIES.join(", ")}]'`);
  if (mutability.endsWith("_WITH_EXCLUSION") !== filters.length > 0)
    throw invalid("imageTagMutabilityExclusionFilters' failed to satisfy constraint: 'Filters go with a mutability that has exclusions'");
}

/** Whether a tag, once given, stays: docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html */
export function fixed({ imageTagMutability, imageTagMutabilityExclusionFilters = [] }: Repository, tag: string): boolean {
  const excluded = imageTagMutabilityExclusionFilters.some(({ filter = "" }) => like(filter, tag));
  return imageTagMutability.startsWith("IMMUTABLE") !== excluded;
}
