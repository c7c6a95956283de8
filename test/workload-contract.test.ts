/** S34: the programs of `workloads` and the stacks say the same: variables, ports, paths, names, users, times. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Assembly } from "../src/stacks/assembly.ts";
import { assemble } from "../src/stacks/assemble.ts";
import { define } from "../src/stacks/testing.ts";
import { workloads } from "./shop.ts";

const definition = define();
const assembly: Assembly = assemble(definition);
const names = Object.keys(definition.services);
const dockerfile = (service: string) => readFileSync(join(workloads, service, "Dockerfile"), "utf8");
const said = (service: string, instruction: string) => new RegExp(`^${instruction} (.*)$`, "m").exec(dockerfile(service))?.[1];

/** A program's files: its folder, and what they import of the folder above. */
function sources(service: string): string {
  const own = readdirSync(join(workloads, service)).filter((name) => name.endsWith(".js"));
  const pending = own.map((name) => join(service, name));
  const texts = new Map<string, string>();
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (texts.has(path)) continue;
    const text = readFileSync(join(workloads, path), "utf8");
    texts.set(path, text);
    for (const [, to] of text.matchAll(/from "(\.[^"]+)"/g)) pending.push(join(path, "..", to!));
  }
  return [...texts.values()].join("\n");
}

const resources = (type: string) =>
  assembly.stacks.flatMap(({ id, template }) =>
    Object.entries(template.Resources)
      .filter(([, { Type }]) => Type === type)
      .map(([name, { Properties = {} }]) => ({ id, name, properties: Properties })),
  );
/** In each region. */
const containers = (service: string) =>
  resources("AWS::ECS::TaskDefinition")
    .flatMap(({ properties }) => properties.ContainerDefinitions as any[])
    .filter(({ Name }) => Name === service);
const onlyOne = <Value>(values: Value[]): Value => {
  expect(new Set(values.map((value) => JSON.stringify(value))).size).toBe(1);
  return values[0]!;
};

test("S34 every service of the reference platform has its program here, and nothing else is here", () => {
  const folders = readdirSync(workloads, { withFileTypes: true }).filter((each) => each.isDirectory());
  expect(folders.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
});

test.each(names)("S34 %s requires no variable that its task definition does not give, in either region", (service) => {
  const text = sources(service);
  const required = [...text.matchAll(/required\("(\w+)"\)/g)].map(([, name]) => name!);
  expect(required).toContain("PLATFORM_REGION");
  const tasks = containers(service);
  expect(tasks).toHaveLength(2);
  for (const { Environment = [], Secrets = [] } of tasks) {
    expect([...Environment, ...Secrets].map(({ Name }) => Name)).toEqual(expect.arrayContaining(required));
  }
  // Whatever else is read has a default, and is read in one place.
  expect(text.match(/process\.env/g)).toHaveLength(text.match(/process\.env\[name\]/g)!.length);
});

test.each(names)("S34 %s is its own: no dependency, nothing of Causeway", (service) => {
  const imports = [...sources(service).matchAll(/from "([^"]+)"/g)].map(([, from]) => from!);
  expect(imports.filter((from) => !from.startsWith("node:") && !/^\.\.?\/[\w/-]+\.js$/.test(from))).toEqual([]);
  expect(imports.filter((from) => from.startsWith("../../"))).toEqual([]);
});

test.each(["web", "api"])("S34 %s listens where the load balancer, ECS and its image say", (service) => {
  const mapped = onlyOne(containers(service).map(({ PortMappings }) => PortMappings));
  const [, port] = /optionalNumber\("PORT", (\d+)\)/.exec(sources(service))!;
  expect(mapped).toEqual([expect.objectContaining({ ContainerPort: Number(port) })]);
  expect(said(service, "EXPOSE")).toBe(port);
});

/** Method and path of each route, `:id` filled in. */
const routes = (service: string) =>
  [...sources(service).matchAll(/^\s*"((?:GET|POST) \/[^"]*)":/gm)].map(([, route]) => route!.replace(":id", "1"));

test("S34 the paths that the load balancer and Route 53 ask are served, by the service that they ask", () => {
  const groups = resources("AWS::ElasticLoadBalancingV2::TargetGroup");
  expect(groups).toHaveLength(4);
  for (const { name, properties } of groups) {
    const service = name.replace("TargetGroup", "").toLowerCase();
    expect(routes(service)).toContain(`GET ${properties.HealthCheckPath}`);
  }
  const checks = resources("AWS::Route53::HealthCheck").map(({ properties }) => properties.HealthCheckConfig);
  const deep = onlyOne(checks.flatMap(({ ResourcePath }) => ResourcePath ?? []));
  expect(routes("web")).toContain(`GET ${deep}`);
});

test("S34 the load balancer leaves the path as it is, so what its rule matches is what the API serves", () => {
  const rule = onlyOne(resources("AWS::ElasticLoadBalancingV2::ListenerRule").map(({ properties }) => properties.Conditions));
  expect(rule).toEqual([{ Field: "path-pattern", PathPatternConfig: { Values: ["/api/*"] } }]);
  const public_ = routes("api").filter((route) => !route.includes("/health"));
  expect(public_.length).toBeGreaterThan(3);
  expect(public_.filter((route) => !/^\w+ \/api\//.test(route))).toEqual([]);
});

test("S34 web asks the API at the name and port that Service Connect gives it", () => {
  const alias = onlyOne(
    resources("AWS::ECS::Service").flatMap(({ properties }) => properties.ServiceConnectConfiguration?.Services?.[0].ClientAliases ?? []),
  );
  expect(sources("web")).toContain(`optional("API_URL", "http://${alias.DnsName}:${alias.Port}")`);
});

test("S34 what ECS runs inside a container as its health check is in its image", () => {
  for (const service of ["web", "api"]) {
    const command = onlyOne(containers(service).map(({ HealthCheck }) => HealthCheck.Command));
    expect(command).toEqual(["CMD-SHELL", "curl -f http://localhost:8080/health || exit 1"]);
    expect(said(service, "RUN")).toMatch(/install .* curl\b/);
    expect(said(service, "HEALTHCHECK")).toContain("curl -f http://localhost:8080/health || exit 1");
  }
});

test.each(names)("S34 the image of %s starts its program without a shell, ends by SIGTERM, and is nobody's root", (service) => {
  expect(JSON.parse(said(service, "CMD")!)).toEqual(["node", `${service}/server.js`]);
  expect(said(service, "STOPSIGNAL")).toBe("SIGTERM");
  expect(said(service, "HEALTHCHECK")).toBeDefined();
  expect(["node", "65534:65534"]).toContain(said(service, "USER"));
  expect(said(service, "FROM")).toBe("${BASE}");
});

test("S34 the worker is whom the share belongs to, and writes where ECS mounts it", () => {
  const share = onlyOne(resources("AWS::StorageGateway::NFSFileShare").map(({ properties }) => properties.NFSFileShareDefaults));
  expect(said("worker", "USER")).toBe(`${share.OwnerId}:${share.GroupId}`);
  const { MountPoints, ReadonlyRootFilesystem } = onlyOne(
    containers("worker").map(({ MountPoints, ReadonlyRootFilesystem }) => ({ MountPoints, ReadonlyRootFilesystem })),
  );
  expect(ReadonlyRootFilesystem).toBe(true);
  expect(sources("worker")).toContain(`optional("REPORTS_DIRECTORY", "${MountPoints[0].ContainerPath}")`);
});

test("S34 times fit into each other: a drain into ECS's patience, a kept connection over the load balancer's, a report's feed into its line", () => {
  const number = (service: string, name: string) =>
    Number(new RegExp(`const ${name} = ([\\d_]+);`).exec(sources(service))![1]!.replaceAll("_", ""));
  for (const service of ["web", "api"]) {
    expect(number(service, "drainMax")).toBeLessThan(onlyOne(containers(service).map(({ StopTimeout }) => StopTimeout)) * 1000);
    // The default: docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
    expect(number(service, "keepAlive")).toBeGreaterThan(60_000);
  }
  expect(number("web", "orderTimeout")).toBeGreaterThan(number("api", "patience"));
  expect(number("web", "deepTimeout")).toBeGreaterThan(number("api", "deepTimeout"));
  // Route 53 waits two seconds.
  expect(number("web", "deepTimeout")).toBeLessThan(2000);
  const [, rate] = /optionalNumber\("FEED_BYTES_PER_SECOND", ([\d_]+)\)/.exec(sources("worker"))!;
  expect(Number(rate!.replaceAll("_", "")) * 8).toBe(definition.services["worker"]!.receives);
});
