import { expect, test } from "vitest";
import { imageOf, needsHubCredentials, ownRepository, parsed, repositories } from "./images.ts";
import { define } from "./testing.ts";

const digest = `@sha256:${"a".repeat(64)}`;

test.each([
  ["nginx", "docker.io", "library/nginx", ""],
  ["nginx:1.27", "docker.io", "library/nginx", ":1.27"],
  [`nginx:1.27${digest}`, "docker.io", "library/nginx", digest],
  [`docker.io/nginx${digest}`, "docker.io", "library/nginx", digest],
  ["index.docker.io/acme/web:1", "docker.io", "acme/web", ":1"],
  [`acme/web${digest}`, "docker.io", "acme/web", digest],
  ["localhost/web:1", "localhost", "web", ":1"],
  ["registry.acme.example:5000/team/web:1.4", "registry.acme.example:5000", "team/web", ":1.4"],
  [`public.ecr.aws/nginx/nginx${digest}`, "public.ecr.aws", "nginx/nginx", digest],
])("%s is of registry %s, repository %s", (image, registry, repository, reference) => {
  expect(parsed(image)).toEqual({ registry, repository, reference });
});

const inMode = (mode: string) => define((input) => (input.registry = { mode }));
const own = (region: string) => `\${AWS::AccountId}.dkr.ecr.${region}.amazonaws.com/customer-three`;

test.each([
  ["docker-hub", `nginx:1.27${digest}`, `docker.io/library/nginx${digest}`],
  ["docker-hub", `public.ecr.aws/nginx/nginx${digest}`, `public.ecr.aws/nginx/nginx${digest}`],
  ["pull-through", `nginx:1.27${digest}`, `${own("eu-west-1")}/docker-hub/library/nginx${digest}`],
  ["pull-through", `acme/web${digest}`, `${own("eu-west-1")}/docker-hub/acme/web${digest}`],
  // A cache of Docker Hub has nothing of other registries.
  ["pull-through", `ghcr.io/acme/web${digest}`, `ghcr.io/acme/web${digest}`],
  ["ecr", `nginx${digest}`, `${own("eu-west-1")}/library/nginx${digest}`],
  ["ecr", `ghcr.io/acme/web${digest}`, `${own("eu-west-1")}/acme/web${digest}`],
])("S11 in mode %s %s is pulled as %s", (mode, image, expected) => {
  expect(imageOf(inMode(mode), { image }, "eu-west-1")).toBe(expected);
  // The other region's differs in nothing but the region, and never names this one.
  expect(imageOf(inMode(mode), { image }, "eu-central-1")).toBe(expected.replace("eu-west-1", "eu-central-1"));
});

test("S11 China's registries have another ending", () => {
  expect(imageOf(inMode("ecr"), { image: "nginx" }, "cn-north-1")).toContain(".dkr.ecr.cn-north-1.amazonaws.com.cn/");
});

test("permissions name the repository that the image is really in", () => {
  expect(ownRepository(inMode("pull-through"), { image: "nginx" })).toBe("customer-three/docker-hub/library/nginx");
  expect(ownRepository(inMode("pull-through"), { image: "ghcr.io/acme/web" })).toBeUndefined();
  expect(ownRepository(inMode("ecr"), { image: "ghcr.io/acme/web" })).toBe("customer-three/acme/web");
  expect(ownRepository(inMode("docker-hub"), { image: "nginx" })).toBeUndefined();
});

test("S10 only Docker Hub gets Docker Hub's credentials, and only where no cache has them", () => {
  expect(needsHubCredentials(inMode("docker-hub"), { image: "nginx" })).toBe(true);
  expect(needsHubCredentials(inMode("docker-hub"), { image: "ghcr.io/acme/web" })).toBe(false);
  expect(needsHubCredentials(inMode("pull-through"), { image: "nginx" })).toBe(false);
});

test("two services with one image have one repository", () => {
  const definition = define((input) => (input.services.api.image = input.services.web.image));
  expect(repositories(definition)).toEqual(["acme/web", "acme/worker"]);
});
