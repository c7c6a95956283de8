/** Amazon ECR: private repositories and their images' manifests. API: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/ */
import { createHash } from "node:crypto";
import type * as sdk from "@aws-sdk/client-ecr";
import { hours, plus } from "../../kernel/units.ts";
import {
  AwsError,
  resource,
  type Call,
  type Known,
  type Operations,
  type Properties,
  type Service,
  type Stack,
  type Tagged,
} from "../service.ts";

type Image = { digest: string; manifest: string; mediaType?: string; tags: Set<string>; pushed: Date };

type Repository = Known<sdk.Repository, "repositoryName" | "repositoryArn" | "createdAt" | "imageTagMutability"> & {
  images: Map<string, Image>;
  policy?: string;
  lifecycle?: { text: string; evaluated: Date };
  tags: Record<string, string>;
};

const state = () => ({ repositories: new Map<string, Repository>() });
type State = ReturnType<typeof state>;
type Here = Call<State>;

const invalid = (message: string) => new AwsError("InvalidParameterException", `Invalid parameter at '${message}`);

function find(call: Here, name: string | undefined, registryId = call.account): Repository {
  const repository = call.state.repositories.get(name ?? "");
  if (repository && registryId === call.account) return repository;
  throw new AwsError(
    "RepositoryNotFoundException",
    `The repository with name '${name}' does not exist in the registry with id '${registryId}'`,
  );
}

/** The members that AWS shows. */
function shown(
  call: Here,
  { images: _images, policy: _policy, lifecycle: _lifecycle, tags: _tags, ...repository }: Repository,
): sdk.Repository {
  return { ...repository, registryId: call.account, repositoryUri: uri(call, repository.repositoryName) };
}

const uri = (call: Here, name: string) => `${call.account}.dkr.ecr.${call.region}.amazonaws.com/${name}`;

function page<Item>(items: readonly Item[], max: number | undefined, token: string | undefined): { items: Item[]; nextToken?: string } {
  if (max !== undefined && (max < 1 || max > 1000))
    throw invalid("maxResults' failed to satisfy constraint: 'Member must have value between 1 and 1000'");
  const from = token === undefined ? 0 : Number(Buffer.from(token, "base64").toString());
  const to = from + (max ?? 100);
  return { items: items.slice(from, to), nextToken: to < items.length ? Buffer.from(String(to)).toString("base64") : undefined };
}

const named = (tags: readonly sdk.Tag[]) => Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [Key, Value]));

function checkJson(text: string, parameter: string): void {
  try {
    JSON.parse(text);
  } catch {
    throw invalid(`${parameter}' failed to satisfy constraint: 'Invalid JSON'`);
  }
}

/** By digest, by tag, or the one that has both. */
function imageOf(repository: Repository, { imageDigest, imageTag }: sdk.ImageIdentifier): Image | undefined {
  return [...repository.images.values()].find(
    ({ digest, tags }) =>
      (imageDigest === undefined || digest === imageDigest) &&
      (imageTag === undefined || tags.has(imageTag)) &&
      (imageDigest ?? imageTag) !== undefined,
  );
}

/** What a manifest says of its layers. */
function sizeOf({ manifest }: Image): number {
  const { config, layers = [] } = JSON.parse(manifest) as { config?: { size?: number }; layers?: { size?: number }[] };
  return [config, ...layers].reduce((sum, part) => sum + (part?.size ?? 0), 0);
}

const repositoryOperations = {
  CreateRepository(
    call,
    {
      repositoryName,
      imageTagMutability = "MUTABLE",
      imageTagMutabilityExclusionFilters,
      imageScanningConfiguration = { scanOnPush: false },
      encryptionConfiguration = { encryptionType: "AES256" },
      tags = [],
    },
  ) {
    if (
      !/^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(repositoryName) ||
      repositoryName.length < 2 ||
      repositoryName.length > 256
    )
      throw invalid(
        "repositoryName' failed to satisfy constraint: 'must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*''",
      );
    if (call.state.repositories.has(repositoryName))
      throw new AwsError(
        "RepositoryAlreadyExistsException",
        `The repository with name '${repositoryName}' already exists in the registry with id '${call.account}'`,
      );
    const repository: Repository = {
      repositoryName,
      repositoryArn: call.arn("ecr", `repository/${repositoryName}`),
      createdAt: call.date,
      imageTagMutability,
      imageTagMutabilityExclusionFilters,
      imageScanningConfiguration,
      encryptionConfiguration,
      images: new Map(),
      tags: named(tags),
    };
    call.state.repositories.set(repositoryName, repository);
    return { repository: shown(call, repository) };
  },
  DescribeRepositories(call, { repositoryNames, maxResults, nextToken, registryId }) {
    const all = repositoryNames
      ? repositoryNames.map((name) => find(call, name, registryId))
      : [...call.state.repositories.values()].sort((a, b) => (a.repositoryName < b.repositoryName ? -1 : 1));
    const { items, nextToken: next } = page(all, maxResults, nextToken);
    return { repositories: items.map((repository) => shown(call, repository)), nextToken: next };
  },
  DeleteRepository(call, { repositoryName, registryId, force = false }) {
    const repository = find(call, repositoryName, registryId);
    if (repository.images.size > 0 && !force)
      throw new AwsError(
        "RepositoryNotEmptyException",
        `The repository with name '${repositoryName}' in registry with id '${call.account}' cannot be deleted because it still contains images`,
      );
    call.state.repositories.delete(repositoryName);
    return { repository: shown(call, repository) };
  },
  PutImageTagMutability(call, { repositoryName, registryId, imageTagMutability, imageTagMutabilityExclusionFilters }) {
    const repository = find(call, repositoryName, registryId);
    repository.imageTagMutability = imageTagMutability;
    repository.imageTagMutabilityExclusionFilters = imageTagMutabilityExclusionFilters;
    return { registryId: call.account, repositoryName, imageTagMutability, imageTagMutabilityExclusionFilters };
  },
  PutImageScanningConfiguration(call, { repositoryName, registryId, imageScanningConfiguration }) {
    find(call, repositoryName, registryId).imageScanningConfiguration = imageScanningConfiguration;
    return { registryId: call.account, repositoryName, imageScanningConfiguration };
  },
  SetRepositoryPolicy(call, { repositoryName, registryId, policyText }) {
    const repository = find(call, repositoryName, registryId);
    checkJson(policyText, "PolicyText");
    repository.policy = policyText;
    return { registryId: call.account, repositoryName, policyText };
  },
  GetRepositoryPolicy(call, { repositoryName, registryId }) {
    const { policy } = find(call, repositoryName, registryId);
    if (policy === undefined)
      throw new AwsError(
        "RepositoryPolicyNotFoundException",
        `Repository policy does not exist for the repository with name '${repositoryName}' in the registry with id '${call.account}'`,
      );
    return { registryId: call.account, repositoryName, policyText: policy };
  },
  DeleteRepositoryPolicy(call, input) {
    const repository = find(call, input.repositoryName, input.registryId);
    if (repository.policy === undefined)
      throw new AwsError(
        "RepositoryPolicyNotFoundException",
        `Repository policy does not exist for the repository with name '${input.repositoryName}' in the registry with id '${call.account}'`,
      );
    const policyText = repository.policy;
    repository.policy = undefined;
    return { registryId: call.account, repositoryName: input.repositoryName, policyText };
  },
  // Stored: expiry of images by lifecycle comes with the images themselves.
  PutLifecyclePolicy(call, { repositoryName, registryId, lifecyclePolicyText }) {
    const repository = find(call, repositoryName, registryId);
    checkJson(lifecyclePolicyText, "LifecyclePolicyText");
    repository.lifecycle = { text: lifecyclePolicyText, evaluated: call.date };
    return { registryId: call.account, repositoryName, lifecyclePolicyText };
  },
  GetLifecyclePolicy(call, { repositoryName, registryId }) {
    const { lifecycle } = find(call, repositoryName, registryId);
    if (!lifecycle)
      throw new AwsError(
        "LifecyclePolicyNotFoundException",
        `Lifecycle policy does not exist for the repository with name '${repositoryName}' in the registry with id '${call.account}'`,
      );
    return { registryId: call.account, repositoryName, lifecyclePolicyText: lifecycle.text, lastEvaluatedAt: lifecycle.evaluated };
  },
  DeleteLifecyclePolicy(call, { repositoryName, registryId }) {
    const repository = find(call, repositoryName, registryId);
    if (!repository.lifecycle)
      throw new AwsError(
        "LifecyclePolicyNotFoundException",
        `Lifecycle policy does not exist for the repository with name '${repositoryName}' in the registry with id '${call.account}'`,
      );
    const { text, evaluated } = repository.lifecycle;
    repository.lifecycle = undefined;
    return { registryId: call.account, repositoryName, lifecyclePolicyText: text, lastEvaluatedAt: evaluated };
  },
  TagResource(call, { resourceArn, tags }) {
    if (!tag(call, resourceArn, named(tags), []))
      throw new AwsError("RepositoryNotFoundException", `The repository with arn '${resourceArn}' does not exist`);
  },
  UntagResource(call, { resourceArn, tagKeys }) {
    if (!tag(call, resourceArn, {}, tagKeys))
      throw new AwsError("RepositoryNotFoundException", `The repository with arn '${resourceArn}' does not exist`);
  },
  ListTagsForResource(call, { resourceArn }) {
    const { tags } = find(call, resourceArn.slice(resourceArn.indexOf("repository/") + 11));
    return { tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
  },
  GetAuthorizationToken(call) {
    // Twelve hours: API_GetAuthorizationToken. Nothing answers at the registry's address yet, so the password opens nothing.
    const password = createHash("sha256").update(`${call.account} ${call.region} ${call.principal.arn}`).digest("base64");
    const authorizationToken = Buffer.from(`AWS:${password}`).toString("base64");
    return {
      authorizationData: [
        {
          authorizationToken,
          expiresAt: new Date(plus(call.now, hours(12))),
          proxyEndpoint: `https://${call.account}.dkr.ecr.${call.region}.amazonaws.com`,
        },
      ],
    };
  },
} satisfies Operations<sdk.ECR, State>;

const imageOperations = {
  PutImage(call, { repositoryName, registryId, imageManifest, imageManifestMediaType, imageTag, imageDigest }) {
    const repository = find(call, repositoryName, registryId);
    checkJson(imageManifest, "imageManifest");
    const digest = `sha256:${createHash("sha256").update(imageManifest).digest("hex")}`;
    if (imageDigest !== undefined && imageDigest !== digest)
      throw new AwsError(
        "ImageDigestDoesNotMatchException",
        "The specified image digest does not match the digest that Amazon ECR calculated for the image.",
      );
    const before = imageTag === undefined ? undefined : imageOf(repository, { imageTag });
    if (before?.digest === digest || (imageTag === undefined && repository.images.has(digest)))
      throw new AwsError(
        "ImageAlreadyExistsException",
        `Image with digest '${digest}' and tag '${imageTag}' already exists in the repository with name '${repositoryName}' in registry with id '${call.account}'`,
      );
    if (before && repository.imageTagMutability === "IMMUTABLE")
      throw new AwsError(
        "ImageTagAlreadyExistsException",
        `The image tag '${imageTag}' already exists in the '${repositoryName}' repository and cannot be overwritten because the tag is immutable.`,
      );
    if (imageTag !== undefined) before?.tags.delete(imageTag);
    const image = repository.images.get(digest) ?? {
      digest,
      manifest: imageManifest,
      mediaType: imageManifestMediaType ?? (JSON.parse(imageManifest) as { mediaType?: string }).mediaType,
      tags: new Set<string>(),
      pushed: call.date,
    };
    if (imageTag !== undefined) image.tags.add(imageTag);
    repository.images.set(digest, image);
    return {
      image: {
        registryId: call.account,
        repositoryName,
        imageId: { imageDigest: digest, imageTag },
        imageManifest,
        imageManifestMediaType: image.mediaType,
      },
    };
  },
  ListImages(call, { repositoryName, registryId, filter, maxResults, nextToken }) {
    const { images } = find(call, repositoryName, registryId);
    const ids = [...images.values()].flatMap(({ digest, tags }): sdk.ImageIdentifier[] =>
      tags.size === 0 ? [{ imageDigest: digest }] : [...tags].map((imageTag) => ({ imageDigest: digest, imageTag })),
    );
    const wanted = ids.filter(
      ({ imageTag }) =>
        filter?.tagStatus === undefined || filter.tagStatus === "ANY" || (filter.tagStatus === "TAGGED") === (imageTag !== undefined),
    );
    const { items, nextToken: next } = page(wanted, maxResults, nextToken);
    return { imageIds: items, nextToken: next };
  },
  DescribeImages(call, { repositoryName, registryId, imageIds, filter, maxResults, nextToken }) {
    const repository = find(call, repositoryName, registryId);
    const wanted = imageIds?.map((id) => {
      const image = imageOf(repository, id);
      if (!image)
        throw new AwsError(
          "ImageNotFoundException",
          `The image with imageId {imageDigest:'${id.imageDigest ?? "null"}', imageTag:'${id.imageTag ?? "null"}'} does not exist within the repository with name '${repositoryName}' in the registry with id '${call.account}'`,
        );
      return image;
    });
    const all = (wanted ?? [...repository.images.values()]).filter(
      ({ tags }) => filter?.tagStatus === undefined || filter.tagStatus === "ANY" || (filter.tagStatus === "TAGGED") === tags.size > 0,
    );
    const { items, nextToken: next } = page(all, maxResults, nextToken);
    return {
      imageDetails: items.map((image) => ({
        registryId: call.account,
        repositoryName,
        imageDigest: image.digest,
        imageTags: image.tags.size > 0 ? [...image.tags] : undefined,
        imageSizeInBytes: sizeOf(image),
        imagePushedAt: image.pushed,
        imageManifestMediaType: image.mediaType,
      })),
      nextToken: next,
    };
  },
  BatchGetImage(call, { repositoryName, registryId, imageIds }) {
    const repository = find(call, repositoryName, registryId);
    const images: sdk.Image[] = [];
    const failures: sdk.ImageFailure[] = [];
    for (const imageId of imageIds) {
      const image = imageOf(repository, imageId);
      if (image)
        images.push({
          registryId: call.account,
          repositoryName,
          imageId: { imageDigest: image.digest, imageTag: imageId.imageTag },
          imageManifest: image.manifest,
          imageManifestMediaType: image.mediaType,
        });
      else failures.push({ imageId, failureCode: "ImageNotFound", failureReason: "Requested image not found" });
    }
    return { images, failures };
  },
  BatchDeleteImage(call, { repositoryName, registryId, imageIds }) {
    const repository = find(call, repositoryName, registryId);
    const deleted: sdk.ImageIdentifier[] = [];
    const failures: sdk.ImageFailure[] = [];
    for (const imageId of imageIds) {
      const image = imageOf(repository, imageId);
      if (!image) {
        failures.push({ imageId, failureCode: "ImageNotFound", failureReason: "Requested image not found" });
        continue;
      }
      // By tag only that tag goes; the image with its last one.
      if (imageId.imageTag !== undefined) image.tags.delete(imageId.imageTag);
      if (imageId.imageTag === undefined || image.tags.size === 0) repository.images.delete(image.digest);
      deleted.push({ imageDigest: image.digest, imageTag: imageId.imageTag });
    }
    return { imageIds: deleted, failures };
  },
} satisfies Operations<sdk.ECR, State>;

function* tagged(call: Here): Iterable<Tagged> {
  for (const { repositoryArn, tags } of call.state.repositories.values()) yield { arn: repositoryArn, tags };
}

function tag(call: Here, arn: string, set: Record<string, string>, remove: readonly string[]): boolean {
  const repository = [...call.state.repositories.values()].find(({ repositoryArn }) => repositoryArn === arn);
  if (!repository) return false;
  repository.tags = Object.fromEntries(Object.entries({ ...repository.tags, ...set }).filter(([key]) => !remove.includes(key)));
  return true;
}

const tagsOf = ({ Tags = [] }: Properties, stack: Stack) => ({ ...stack.tags, ...named(Tags) });

/** What can be set and unset in place. */
function apply(call: Here, id: string, properties: Properties): void {
  const repository = find(call, id);
  repository.imageTagMutability = properties.ImageTagMutability ?? "MUTABLE";
  repository.imageScanningConfiguration = { scanOnPush: String(properties.ImageScanningConfiguration?.ScanOnPush) === "true" };
  repository.policy =
    properties.RepositoryPolicyText === undefined
      ? undefined
      : typeof properties.RepositoryPolicyText === "string"
        ? properties.RepositoryPolicyText
        : JSON.stringify(properties.RepositoryPolicyText);
  const lifecycle = properties.LifecyclePolicy?.LifecyclePolicyText;
  repository.lifecycle = lifecycle === undefined ? undefined : { text: lifecycle, evaluated: call.date };
}

const resources = {
  "AWS::ECR::Repository": resource({
    create(call: Here, properties, stack) {
      const repositoryName = properties.RepositoryName ?? stack.generatedName(256).toLowerCase();
      const { EncryptionType, KmsKey } = properties.EncryptionConfiguration ?? { EncryptionType: "AES256" };
      repositoryOperations.CreateRepository(call, {
        repositoryName,
        encryptionConfiguration: { encryptionType: EncryptionType, kmsKey: KmsKey },
      });
      apply(call, repositoryName, properties);
      find(call, repositoryName).tags = tagsOf(properties, stack);
      return repositoryName;
    },
    update(call: Here, id, properties, _previous, stack) {
      apply(call, id, properties);
      find(call, id).tags = tagsOf(properties, stack);
    },
    delete(call: Here, id, { EmptyOnDelete }) {
      if (call.state.repositories.has(id))
        repositoryOperations.DeleteRepository(call, { repositoryName: id, force: String(EmptyOnDelete) === "true" });
    },
    attributes: (call: Here, id) => ({ Arn: call.arn("ecr", `repository/${id}`), RepositoryUri: uri(call, id) }),
    read(call: Here, id) {
      const repository = call.state.repositories.get(id);
      return repository && { RepositoryName: id, ImageTagMutability: repository.imageTagMutability };
    },
  }),
};

export const ecr = {
  api: { signing: "ecr", protocol: "awsJson1_1", version: "2015-09-21", target: "AmazonEC2ContainerRegistry_V20150921" },
  sdk: () => import("@aws-sdk/client-ecr"),
  state,
  operations: { ...repositoryOperations, ...imageOperations },
  tagged,
  tag,
  resources,
} satisfies Service;
