/** Where a region pulls a service's image from: Docker Hub, the region's own cache of it, or its own repositories. The URI is a function of the region. */
import type { Definition, Service } from "../platform/definition.ts";
import { account, names } from "../platform/names.ts";

type Image = Pick<Service, "image">;

const dockerHub = "docker.io";

/** First path elements of what a region's cache of Docker Hub holds; ECR takes 2 to 30 characters, a platform's name has 16 at most. */
export const cachePrefix = (definition: Pick<Definition, "name">): string => names(definition).repository("docker-hub");

/**
 * `nginx:1.27@sha256:…` → `docker.io`, `library/nginx` and `@sha256:…`. Where there is a digest the tag beside it says nothing more.
 * The grammar: github.com/distribution/reference; official images live under `library/`.
 */
export function parsed(image: string): { registry: string; repository: string; reference: string } {
  const [, path = image, tag = "", digest = ""] = /^(.*?)(:[\w][\w.-]*)?(@sha256:[0-9a-f]{64})?$/.exec(image) ?? [];
  const [first = "", ...rest] = path.split("/");
  const elsewhere = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const registry = elsewhere && first !== "index.docker.io" ? first : dockerHub;
  const repository = elsewhere ? rest.join("/") : path;
  return {
    registry,
    repository: registry === dockerHub && !repository.includes("/") ? `library/${repository}` : repository,
    reference: digest || tag,
  };
}

/** The image as tasks in that region name it. For `Fn::Sub`: it may hold `${AWS::AccountId}`. */
export function imageOf(definition: Definition, { image }: Image, region: string): string {
  const { registry, repository, reference } = parsed(image);
  const own = `${account}.dkr.ecr.${region}.${region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com"}`;
  switch (definition.registry.mode) {
    case "ecr":
      return `${own}/${names(definition).repository(repository)}${reference}`;
    case "pull-through":
      // The cache is Docker Hub's; other registries are asked themselves.
      return `${registry === dockerHub ? `${own}/${cachePrefix(definition)}` : registry}/${repository}${reference}`;
    default:
      return `${registry}/${repository}${reference}`;
  }
}

/** The repository in the region's own registry that a service's image is in, for permissions; undefined where it is in none. */
export function ownRepository(definition: Definition, { image }: Image): string | undefined {
  const { registry, repository } = parsed(image);
  const { mode } = definition.registry;
  if (mode === "ecr") return names(definition).repository(repository);
  return mode === "pull-through" && registry === dockerHub ? `${cachePrefix(definition)}/${repository}` : undefined;
}

/** Repositories of all services' images, each once, in the order of the definition. */
export const repositories = ({ services }: Definition): string[] => [
  ...new Set(Object.values(services).map(({ image }) => parsed(image).repository)),
];

/** Whether ECS itself needs Docker Hub's credentials to pull. */
export const needsHubCredentials = ({ registry: { mode } }: Definition, { image }: Image): boolean =>
  mode === "docker-hub" && parsed(image).registry === dockerHub;
