/** Images by their manifests, and how a lifecycle policy takes them away. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html */
import { createHash } from "node:crypto";
import type * as sdk from "@aws-sdk/client-ecr";
import { hours, plus, since, type Instant } from "../../../kernel/units.ts";
import { AwsError, type Operations } from "../../service.ts";
import { falls, rulesOf } from "./lifecycle.ts";
import { find, fixed, invalid, page, type Here, type Image, type Repository, type State, type Timers } from "./repository.ts";

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

/** The images that a manifest list is made of. */
const referenced = (manifest: string): string[] =>
  ((JSON.parse(manifest) as { manifests?: { digest: string }[] }).manifests ?? []).map(({ digest }) => digest);

/** Plans the next look at the lifecycle's rules: a day after an image falls to one, the most that AWS takes (ECR-009). */
export function watch(call: Here, repository: Repository): void {
  if (!repository.lifecycle) return;
  const due = falls(rulesOf(repository.lifecycle.text), [...repository.images.values()], call.now).map(({ at }) => Math.max(at, call.now));
  if (due.length === 0) return;
  const at = plus(Math.min(...due) as Instant, hours(24));
  if (repository.look && repository.look.at <= at) return;
  if (repository.look) call.cancel(repository.look.event);
  repository.look = { at, event: call.background(since(call.now, at), "lifecycle", { repositoryName: repository.repositoryName }) };
}

export const imageTimers = {
  lifecycle(call: Here, { repositoryName }: Timers["lifecycle"]) {
    const repository = call.state.repositories.get(repositoryName);
    if (!repository) return;
    repository.look = undefined;
    if (!repository.lifecycle) return;
    const lists = [...repository.images.values()].flatMap(({ manifest }) => referenced(manifest));
    for (const { image, at } of falls(rulesOf(repository.lifecycle.text), [...repository.images.values()], call.now)) {
      // What a manifest list is made of stays as long as the list.
      if (at <= call.now && !lists.includes(image.digest)) repository.images.delete(image.digest);
    }
    repository.lifecycle.evaluated = call.date;
    watch(call, repository);
  },
};

export const imageOperations = {
  PutImage(call, { repositoryName, registryId, imageManifest, imageManifestMediaType, imageTag, imageDigest }) {
    const repository = find(call, repositoryName, registryId);
    checkJson(imageManifest, "imageManifest");
    const digest = `sha256:${createHash("sha256").update(imageManifest).digest("hex")}`;
    if (imageDigest !== undefined && imageDigest !== digest)
      throw new AwsError(
        "ImageDigestDoesNotMatchException",
        "The specified image digest does not match the digest that Amazon ECR calculated for the image.",
      );
    const missing = referenced(imageManifest).filter((each) => !repository.images.has(each));
    if (missing.length > 0)
      throw new AwsError(
        "ReferencedImagesNotFoundException",
        `Images with digests '${missing.join(", ")}' required for pushing image into repository with name '${repositoryName}' in the registry with id '${call.account}' do not exist`,
      );
    if (imageTag !== undefined && !/^[\w][\w.-]{0,299}$/.test(imageTag))
      throw invalid("imageTag' failed to satisfy constraint: 'must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9-._]{0,299}''");
    const before = imageTag === undefined ? undefined : imageOf(repository, { imageTag });
    if (before?.digest === digest || (imageTag === undefined && repository.images.has(digest)))
      throw new AwsError(
        "ImageAlreadyExistsException",
        `Image with digest '${digest}' and tag '${imageTag}' already exists in the repository with name '${repositoryName}' in registry with id '${call.account}'`,
      );
    if (before && imageTag !== undefined && fixed(repository, imageTag))
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
    watch(call, repository);
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
      const list = [...repository.images.values()].find((other) => referenced(other.manifest).includes(image.digest));
      const goes = imageId.imageTag === undefined || image.tags.size === 1;
      if (goes && list) {
        failures.push({
          imageId,
          failureCode: "ImageReferencedByManifestList",
          failureReason: `Requested image referenced by manifest list: [${list.digest}]`,
        });
        continue;
      }
      // By tag only that tag goes; the image with its last one.
      if (imageId.imageTag !== undefined) image.tags.delete(imageId.imageTag);
      if (imageId.imageTag === undefined || image.tags.size === 0) repository.images.delete(image.digest);
      deleted.push({ imageDigest: image.digest, imageTag: imageId.imageTag });
    }
    return { imageIds: deleted, failures };
  },
} satisfies Operations<sdk.ECR, State, Timers>;
