/** Container images: credentials for Docker Hub, the region's own cache of it, or own repositories that replicate. One word of the definition switches. */
import { Fn, type Stack } from "aws-cdk-lib";
import * as ecr from "aws-cdk-lib/aws-ecr";
import * as secretsmanager from "aws-cdk-lib/aws-secretsmanager";
import { days } from "../kernel/units.ts";
import type { Definition } from "../platform/definition.ts";
import { cachePrefix, repositories } from "./images.ts";
import type { Foundation } from "./parts.ts";
import { pascal, type Place } from "./place.ts";
import { acknowledge, output } from "./template.ts";

/** ECR takes a cache's secret under this beginning only: docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html */
export const hubSecret = (definition: Definition): string =>
  definition.registry.mode === "pull-through" ? `ecr-pullthroughcache/${definition.name}-docker-hub` : `${definition.name}/docker-hub`;

export function registry(stack: Stack, place: Place, { foundation }: { foundation: Foundation }): void {
  const { mode } = place.definition.registry;
  if (mode === "ecr") return own(stack, place, foundation);
  const secret = credentials(stack, place, foundation);
  if (mode === "pull-through") cache(stack, place, foundation, secret);
}

/** Each region has its own, so that neither pulls with the help of the other. What it holds is entered by hand, once. */
function credentials(stack: Stack, { definition }: Place, { keyArn }: Foundation): string {
  const cached = definition.registry.mode === "pull-through";
  const secret = new secretsmanager.CfnSecret(stack, "DockerHubCredentials", {
    name: hubSecret(definition),
    description: "Docker Hub user and access token; a site step asks for them",
    // ECR's cache reads secrets under AWS's own key only.
    kmsKeyId: cached ? undefined : keyArn,
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ username: "enter-me" }),
      generateStringKey: cached ? "accessToken" : "password",
      excludePunctuation: true,
    },
  });
  acknowledge(secret, "AwsSolutions-SMG4", "Docker Hub makes its access tokens itself; nothing in AWS can rotate them.");
  return secret.ref;
}

const lifecycle = ({ registry: { expireUntagged } }: Definition): string =>
  JSON.stringify({
    rules: [
      {
        rulePriority: 1,
        description: "Untagged images leave",
        selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: expireUntagged / days(1) },
        action: { type: "expire" },
      },
    ],
  });

function cache(stack: Stack, { definition }: Place, { keyArn }: Foundation, credentialArn: string): void {
  const prefix = cachePrefix(definition);
  const template = new ecr.CfnRepositoryCreationTemplate(stack, "CacheTemplate", {
    prefix,
    appliedFor: ["PULL_THROUGH_CACHE"],
    description: `Cached images of ${definition.name}`,
    encryptionConfiguration: { encryptionType: "KMS", kmsKey: keyArn },
    // Docker Hub's tags move, so the cache's must.
    imageTagMutability: "MUTABLE",
  });
  const rule = new ecr.CfnPullThroughCacheRule(stack, "CacheRule", {
    ecrRepositoryPrefix: prefix,
    upstreamRegistry: "docker-hub",
    upstreamRegistryUrl: "registry-1.docker.io",
    credentialArn,
  });
  rule.node.addDependency(template);
  output(stack, "ImageCache", prefix, "Images are pulled as ACCOUNT.dkr.ecr.REGION.amazonaws.com/PREFIX/…");
}

function own(stack: Stack, place: Place, { keyArn }: Foundation): void {
  const { definition, names, role, other } = place;
  for (const repository of repositories(definition)) {
    new ecr.CfnRepository(stack, `${pascal(repository)}Repository`, {
      repositoryName: names.repository(repository),
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: { encryptionType: "KMS", kmsKey: keyArn },
      lifecyclePolicy: { lifecyclePolicyText: lifecycle(definition) },
    });
  }
  // Copies what is pushed from now on, so it stands before the first push; one configuration for the registry of a region.
  if (role === "primary" && other) {
    new ecr.CfnReplicationConfiguration(stack, "Replication", {
      replicationConfiguration: {
        rules: [
          {
            destinations: [{ region: other.region, registryId: Fn.ref("AWS::AccountId") }],
            repositoryFilters: [{ filter: `${definition.name}/`, filterType: "PREFIX_MATCH" }],
          },
        ],
      },
    });
  }
}
