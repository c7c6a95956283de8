/** Amazon ECR: private repositories and their images' manifests. API: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/ */
import { createHash } from "node:crypto";
import type * as sdk from "@aws-sdk/client-ecr";
import { hours, plus } from "../../kernel/units.ts";
import { AwsError, resource, type Operations, type Properties, type Service, type Stack, type Tagged } from "../service.ts";
import { imageOperations, imageTimers, watch } from "./ecr/images.ts";
import { rulesOf } from "./ecr/lifecycle.ts";
import {
  byArn,
  checkMutability,
  checkPolicy,
  checkTags,
  find,
  invalid,
  named,
  page,
  shown,
  state,
  uri,
  type Here,
  type Repository,
  type State,
  type Timers,
} from "./ecr/repository.ts";

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
    checkMutability(imageTagMutability, imageTagMutabilityExclusionFilters);
    checkTags({}, tags);
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
    if (repository.look) call.cancel(repository.look.event);
    call.state.repositories.delete(repositoryName);
    return { repository: shown(call, repository) };
  },
  PutImageTagMutability(call, { repositoryName, registryId, imageTagMutability, imageTagMutabilityExclusionFilters }) {
    const repository = find(call, repositoryName, registryId);
    checkMutability(imageTagMutability, imageTagMutabilityExclusionFilters);
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
    checkPolicy(policyText);
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
  PutLifecyclePolicy(call, { repositoryName, registryId, lifecyclePolicyText }) {
    const repository = find(call, repositoryName, registryId);
    rulesOf(lifecyclePolicyText);
    repository.lifecycle = { text: lifecyclePolicyText, evaluated: call.date };
    watch(call, repository);
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
    checkTags(byArn(call, resourceArn).tags, tags);
    tag(call, resourceArn, named(tags), []);
  },
  UntagResource(call, { resourceArn, tagKeys }) {
    byArn(call, resourceArn);
    tag(call, resourceArn, {}, tagKeys);
  },
  ListTagsForResource(call, { resourceArn }) {
    const { tags } = byArn(call, resourceArn);
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
} satisfies Operations<sdk.ECR, State, Timers>;

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

type Given = {
  mutability: sdk.ImageTagMutability;
  filters?: sdk.ImageTagMutabilityExclusionFilter[];
  scanOnPush: boolean;
  policy?: string;
  lifecycle?: string;
};

/** What can be set and unset in place, checked. */
function given(properties: Properties): Given {
  const {
    ImageTagMutability = "MUTABLE",
    ImageTagMutabilityExclusionFilters,
    ImageScanningConfiguration,
    RepositoryPolicyText,
    LifecyclePolicy,
  } = properties;
  const filters = (ImageTagMutabilityExclusionFilters as Properties[] | undefined)?.map((each) => ({
    filterType: each.ImageTagMutabilityExclusionFilterType,
    filter: each.ImageTagMutabilityExclusionFilterValue,
  }));
  const policy =
    RepositoryPolicyText === undefined || typeof RepositoryPolicyText === "string"
      ? RepositoryPolicyText
      : JSON.stringify(RepositoryPolicyText);
  const lifecycle: string | undefined = LifecyclePolicy?.LifecyclePolicyText;
  checkMutability(ImageTagMutability, filters);
  if (policy !== undefined) checkPolicy(policy);
  if (lifecycle !== undefined) rulesOf(lifecycle);
  return {
    mutability: ImageTagMutability,
    filters,
    scanOnPush: String(ImageScanningConfiguration?.ScanOnPush) === "true",
    policy,
    lifecycle,
  };
}

function apply(call: Here, id: string, { mutability, filters, scanOnPush, policy, lifecycle }: Given): void {
  const repository = find(call, id);
  repository.imageTagMutability = mutability;
  repository.imageTagMutabilityExclusionFilters = filters;
  repository.imageScanningConfiguration = { scanOnPush };
  repository.policy = policy;
  if (repository.lifecycle?.text === lifecycle) return;
  repository.lifecycle = lifecycle === undefined ? undefined : { text: lifecycle, evaluated: call.date };
  watch(call, repository);
}

function read({ state }: Here, id: string): Properties | undefined {
  const repository = state.repositories.get(id);
  if (!repository) return undefined;
  return {
    RepositoryName: id,
    ImageTagMutability: repository.imageTagMutability,
    ImageScanningConfiguration: { ScanOnPush: repository.imageScanningConfiguration?.scanOnPush ?? false },
    RepositoryPolicyText: repository.policy === undefined ? undefined : (JSON.parse(repository.policy) as unknown),
    LifecyclePolicy: repository.lifecycle && { LifecyclePolicyText: repository.lifecycle.text },
  };
}

const resources = {
  "AWS::ECR::Repository": resource({
    create(call: Here, properties, stack) {
      const repositoryName: string = properties.RepositoryName ?? stack.generatedName(256).toLowerCase();
      const { EncryptionType, KmsKey } = properties.EncryptionConfiguration ?? { EncryptionType: "AES256" };
      const wanted = given(properties);
      checkTags({}, properties.Tags ?? []);
      repositoryOperations.CreateRepository(call, {
        repositoryName,
        encryptionConfiguration: { encryptionType: EncryptionType, kmsKey: KmsKey },
      });
      apply(call, repositoryName, wanted);
      find(call, repositoryName).tags = tagsOf(properties, stack);
      return repositoryName;
    },
    update(call: Here, id, properties, _previous, stack) {
      checkTags({}, properties.Tags ?? []);
      apply(call, id, given(properties));
      find(call, id).tags = tagsOf(properties, stack);
    },
    delete(call: Here, id, { EmptyOnDelete }) {
      if (call.state.repositories.has(id))
        repositoryOperations.DeleteRepository(call, { repositoryName: id, force: String(EmptyOnDelete) === "true" });
    },
    attributes: (call: Here, id) => ({ Arn: call.arn("ecr", `repository/${id}`), RepositoryUri: uri(call, id) }),
    read,
  }),
};

export const ecr = {
  api: { signing: "ecr", protocol: "awsJson1_1", version: "2015-09-21", target: "AmazonEC2ContainerRegistry_V20150921" },
  sdk: () => import("@aws-sdk/client-ecr"),
  state,
  operations: { ...repositoryOperations, ...imageOperations },
  timers: imageTimers,
  tagged,
  tag,
  resources,
} satisfies Service;
