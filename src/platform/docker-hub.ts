/** Where Docker Hub's credentials are: the stacks make the secret, people enter it. */
import type { Definition } from "./definition.ts";
import { names } from "./names.ts";

/** A cache's secret begins with ECR's own word: docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html */
export const dockerHubSecret = (definition: Pick<Definition, "name" | "registry">): string =>
  definition.registry.mode === "pull-through"
    ? `ecr-pullthroughcache/${definition.name}-docker-hub`
    : names(definition).secret("docker-hub");
