/** Where a region pulls a service's image from: its own registry, cache or Docker Hub. The URI is a function of the region. */
import type { Definition, Service } from "../platform/definition.ts";
import { account, names } from "../platform/names.ts";

/** The cache's first path element in each region's ECR. */
export const cachePrefix = ({ name }: Definition): string => `${name}-hub`;

/** `nginx@sha256:…` → registry, repository (official images live under `library/`), and what follows it. */
export function parsed(image: string): { registry: string; repository: string; reference: string } {
  const [, path = image, reference = ""] = /^(.*?)((?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?)$/.exec(image) ?? [];
  const steps = path.split("/");
  const named = steps.length > 1 && /[.:]|^localhost$/.test(steps[0]!);
  const registry = named ? steps.shift()! : "docker.io";
  const hub = registry === "docker.io" || registry === "index.docker.io";
  return {
    registry: hub ? "docker.io" : registry,
    repository: hub && steps.length === 1 ? `library/${steps[0]}` : steps.join("/"),
    reference,
  };
}

/** For `Fn::Sub`: it may hold `${AWS::AccountId}`. Images of other registries than Docker Hub stay where they are, unless ours holds them. */
export function imageOf(definition: Definition, { image }: Service, region: string): string {
  const { registry, repository, reference } = parsed(image);
  const own = `${account}.dkr.ecr.${region}.\${AWS::URLSuffix}`;
  // ECR keeps a digest, not a tag beside it.
  const pinned = reference.includes("@") ? reference.slice(reference.indexOf("@")) : reference;
  switch (definition.registry.mode) {
    case "ecr":
      return `${own}/${names(definition).repository(repository)}${pinned}`;
    case "pull-through":
      return registry === "docker.io"
        ? `${own}/${cachePrefix(definition)}/${repository}${pinned}`
        : `${registry}/${repository}${reference}`;
    default:
      return `${registry}/${repository}${reference}`;
  }
}

/** Repositories of all services' images, each once, in the order of the definition. */
export const repositories = (definition: Definition): string[] => [
  ...new Set(Object.values(definition.services).map(({ image }) => parsed(image).repository)),
];

/** Whether pulling needs Docker Hub's credentials in the task definition. */
export const needsHubCredentials = (definition: Definition, { image }: Service): boolean =>
  definition.registry.mode === "docker-hub" && parsed(image).registry === "docker.io";
