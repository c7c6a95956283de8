/** Container images: credentials for Docker Hub, the region's own cache of it, or own repositories that replicate. One word of the definition switches. */
import type { Stack } from "aws-cdk-lib";
import * as ecr from "aws-cdk-lib/aws-ecr";
import * as iam from "aws-cdk-lib/aws-iam";
import * as secretsmanager from "aws-cdk-lib/aws-secretsmanager";
import { days } from "../kernel/units.ts";
import { dockerHubSecret } from "../platform/docker-hub.ts";
import { cachePrefix, repositories } from "./images.ts";
import type { Foundation } from "./parts.ts";
import { pascal, type Place } from "./place.ts";
import { allow } from "./role.ts";
import { acknowledge, arn, output } from "./template.ts";

export function registry(stack: Stack, place: Place, { foundation }: { foundation: Foundation }): void {
  switch (place.definition.registry.mode) {
    case "docker-hub":
      credentials(stack, place, { keyArn: foundation.keyArn, tokenKey: "password" });
      break;
    case "pull-through":
      // ECR reads secrets under AWS's own key only, and calls the token by this name: docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html
      cache(stack, place, foundation, credentials(stack, place, { tokenKey: "accessToken" }));
      break;
    case "ecr":
      ownRepositories(stack, place, foundation);
      replication(stack, place);
  }
}

/** Each region has its own, so that neither pulls with the help of the other. The account's user and token are entered by hand, afterwards. */
function credentials(stack: Stack, place: Place, { keyArn, tokenKey }: { keyArn?: string; tokenKey: string }): string {
  const secret = new secretsmanager.CfnSecret(stack, "DockerHubCredentials", {
    name: dockerHubSecret(place.definition),
    description: `Docker Hub's user name and access token (username, ${tokenKey}) for ${place.definition.name}`,
    kmsKeyId: keyArn,
    // Never the real ones: a template is no place for them. But a cache's secret must have a value when its rule is made.
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ username: "to-be-entered" }),
      generateStringKey: tokenKey,
      excludePunctuation: true,
    },
  });
  acknowledge(secret, "AwsSolutions-SMG4", "Docker Hub issues its access tokens; nothing in AWS can rotate them.");
  return secret.ref;
}

function cache(stack: Stack, place: Place, { keyArn }: Foundation, credentialArn: string): void {
  const prefix = cachePrefix(place.definition);
  const template = new ecr.CfnRepositoryCreationTemplate(stack, "ImageCacheTemplate", {
    prefix,
    description: `Images that ${place.definition.name} pulled through from Docker Hub`,
    appliedFor: ["PULL_THROUGH_CACHE"],
    encryptionConfiguration: { encryptionType: "KMS", kmsKey: keyArn },
    customRoleArn: creationRole(stack, place, keyArn, prefix).attrArn,
    // Docker Hub's tags move, and a cache that may not follow fails to. What services run is said by digest.
    imageTagMutability: "MUTABLE",
    // No lifecycle policy: an image pulled by digest has no tag, so the rule for untagged ones would remove what is running.
  });
  const rule = new ecr.CfnPullThroughCacheRule(stack, "ImageCacheRule", {
    ecrRepositoryPrefix: prefix,
    upstreamRegistry: "docker-hub",
    upstreamRegistryUrl: "registry-1.docker.io",
    credentialArn,
  });
  // A repository keeps the settings it was made with: the template must be there before the first pull.
  rule.addResourceDependency(template);
  output(stack, "ImageCachePrefix", prefix, "Docker Hub's acme/web is here under PREFIX/acme/web, an official image under PREFIX/library.");
}

/** ECR makes encrypted repositories by a role of ours only: docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-custom.html */
function creationRole(stack: Stack, { names, region }: Place, keyArn: string, prefix: string): iam.CfnRole {
  const role = new iam.CfnRole(stack, "ImageCacheRole", {
    roleName: names.role("image-cache", region),
    assumeRolePolicyDocument: {
      Version: "2012-10-17",
      Statement: { Effect: "Allow", Principal: { Service: "ecr.amazonaws.com" }, Action: "sts:AssumeRole" },
    },
    policies: [
      {
        policyName: "create",
        policyDocument: {
          Version: "2012-10-17",
          Statement: [
            allow(["ecr:CreateRepository", "ecr:TagResource"], arn("ecr", `repository/${prefix}/*`)),
            allow(["kms:CreateGrant", "kms:RetireGrant", "kms:DescribeKey"], keyArn),
          ],
        },
      },
    ],
  });
  acknowledge(role, "AwsSolutions-IAM5", "Repositories of this one cache: ECR names them after the images that are pulled.");
  return role;
}

/** In both regions under the same names, so that what replicates arrives in a repository with these settings. */
function ownRepositories(stack: Stack, { definition, names }: Place, { keyArn }: Foundation): void {
  for (const repository of repositories(definition)) {
    new ecr.CfnRepository(stack, `${pascal(repository)}Repository`, {
      repositoryName: names.repository(repository),
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: { encryptionType: "KMS", kmsKey: keyArn },
      lifecyclePolicy: { lifecyclePolicyText: untaggedLeave(definition.registry.expireUntagged / days(1)) },
    });
  }
}

/** By age since the push, never since the last pull: in a recovery region nobody pulls until the day it matters. */
const untaggedLeave = (countNumber: number): string =>
  JSON.stringify({
    rules: [
      {
        rulePriority: 1,
        description: "Images without a tag leave; what is deployed has one",
        selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber },
        action: { type: "expire" },
      },
    ],
  });

/**
 * A registry has one such configuration, and copies only what is pushed after it stands:
 * docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html. The recovery region pulls its own copies and never through the primary.
 */
function replication(stack: Stack, { definition, role, other }: Place): void {
  if (role !== "primary" || !other) return;
  new ecr.CfnReplicationConfiguration(stack, "ImageReplication", {
    replicationConfiguration: {
      rules: [
        {
          destinations: [{ region: other.region, registryId: stack.account }],
          repositoryFilters: [{ filter: `${definition.name}/`, filterType: "PREFIX_MATCH" }],
        },
      ],
    },
  });
}
