/** Services: what they name exists, what they are given has a form that ECS takes. */
import type { Definition } from "../definition.ts";
import { nearest } from "../nearest.ts";
import { rule } from "./rule.ts";

type Services = Definition["services"];
const each = (services: Services) => Object.entries(services);

/** What `uses` may name besides services. */
const others = ["database", "internet"];

export const usesKnown = rule({
  id: "SVC001",
  why: "Security groups and start order follow from what a service uses.",
  fix: "name a service, database or internet",
  needs: ["services", "database"],
  *check({ services, database }) {
    for (const [name, { uses }] of each(services)) {
      for (const [at, used] of uses.entries()) {
        const path = ["services", name, "uses", at];
        if (used === name) yield { path, message: `${name} uses itself.`, fix: "leave it out" };
        else if (used === "database" && !database)
          yield { path, message: `${name} uses the database, but none is defined.`, fix: "database: {}" };
        else if (!others.includes(used) && !Object.hasOwn(services, used)) {
          const near = nearest(used, [...Object.keys(services), ...others]);
          yield { path, message: `${name} uses ${used}, which is not defined.`, ...(near && { fix: `uses: ["${near}"]` }) };
        }
      }
    }
  },
});

export const usedHasPort = rule({
  id: "SVC002",
  why: "A connection is opened to a port, and the security group lets in that port and no other.",
  fix: "port: 8080",
  needs: ["services"],
  *check({ services }) {
    for (const [name, { uses }] of each(services)) {
      for (const [at, used] of uses.entries()) {
        const other = Object.hasOwn(services, used) ? services[used] : undefined;
        if (other && used !== name && other.port === undefined) {
          yield {
            path: ["services", name, "uses", at],
            message: `${name} uses ${used}, which listens on no port.`,
            fix: `services.${used}.port: 8080`,
          };
        }
      }
    }
  },
});

export const nameFree = rule({
  id: "SVC003",
  why: "The words have a meaning of their own where services are named.",
  fix: "choose another name",
  needs: ["services"],
  *check({ services }) {
    for (const name of others)
      if (Object.hasOwn(services, name)) yield { path: ["services", name], message: `A service cannot be called ${name}.` };
  },
});

export const hostsForSite = rule({
  id: "SVC004",
  why: "ECS Anywhere places tasks on registered machines of the data centre.",
  fix: 'site: { hosts: [{ name: "rack-1", address: "10.64.8.11" }], … }',
  needs: ["services", "site"],
  *check({ services, site }) {
    if (site?.hosts.length) return;
    for (const [name, { runsOn }] of each(services)) {
      if (runsOn !== "cloud")
        yield {
          path: ["services", name, "runsOn"],
          message: `${name} runs on the site, which ${site ? "has no hosts" : "is not defined"}.`,
        };
    }
  },
});

export const sharesKnown = rule({
  id: "SVC005",
  why: "A container finds files where a share is mounted.",
  fix: "name a share of files.shares",
  needs: ["services", "files"],
  *check({ services, files }) {
    const known = Object.keys(files.shares);
    for (const [name, { files: mounts }] of each(services)) {
      for (const share of Object.keys(mounts)) {
        if (known.includes(share)) continue;
        const near = nearest(share, known);
        yield {
          path: ["services", name, "files", share],
          message: `${name} mounts the share ${share}, which is not defined.`,
          fix: near ? `${near}: "${mounts[share]}"` : `files: { shares: { ${JSON.stringify(share)}: {} } }`,
        };
      }
    }
  },
});

export const secretForm = rule({
  id: "SVC006",
  // Characters of a secret's name: docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
  why: "Secrets are named, never written: the task gets the value when it starts, and it appears in no template.",
  fix: 'DB_PASSWORD: "database:password"',
  needs: ["services"],
  *check({ services }) {
    for (const [name, { secrets }] of each(services)) {
      for (const [variable, secret] of Object.entries(secrets)) {
        if (/^[\w/+=.@-]{1,200}(:[\w.-]+)?$/.test(secret)) continue;
        // Not shown: it may be the secret itself.
        yield {
          path: ["services", name, "secrets", variable],
          message: `${variable} of ${name} is not the name of a secret with an optional :key.`,
        };
      }
    }
  },
});

export const variableOnce = rule({
  id: "SVC007",
  // docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html
  why: "ECS refuses a variable that is both in the environment and a secret.",
  fix: "keep it in secrets only",
  needs: ["services"],
  *check({ services }) {
    for (const [name, { environment, secrets }] of each(services)) {
      for (const variable of Object.keys(secrets)) {
        if (!Object.hasOwn(environment, variable)) continue;
        yield { path: ["services", name, "environment", variable], message: `${variable} of ${name} is in environment and in secrets.` };
      }
    }
  },
});

/** [registry/]path[:tag][@sha256:digest]: github.com/distribution/reference */
const image =
  /^([\w.-]+(:\d+)?\/)?[a-z\d]+(([._]|__|-+)[a-z\d]+)*(\/[a-z\d]+(([._]|__|-+)[a-z\d]+)*)*(:[\w][\w.-]{0,127})?(@sha256:[a-f\d]{64})?$/;

export const imageForm = rule({
  id: "SVC008",
  why: "Docker pulls by reference: a lower-case name, a tag and a digest of 64 hexadecimal digits.",
  fix: 'image: "acme/web:1.4@sha256:…"',
  needs: ["services"],
  *check({ services }) {
    for (const [name, service] of each(services)) {
      if (!image.test(service.image)) yield { path: ["services", name, "image"], message: `"${service.image}" is not an image reference.` };
    }
  },
});

export const deploymentMoves = rule({
  id: "SVC009",
  // docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html, deploymentConfiguration
  why: "A deployment stops an old task or starts a new one; with both bounds met it can do neither and waits for ever.",
  fix: "deployment: { minimumHealthy: 100, maximum: 200 }",
  needs: ["services"],
  *check({ services }) {
    for (const [name, { deployment }] of each(services)) {
      if (deployment.minimumHealthy < deployment.maximum) continue;
      const { minimumHealthy, maximum } = deployment;
      yield { path: ["services", name, "deployment"], message: `${name} keeps ${minimumHealthy} % of its tasks and allows ${maximum} %.` };
    }
  },
});

export const healthCommand = rule({
  id: "SVC010",
  // docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
  why: "Docker runs the words as they are after CMD, and through a shell after CMD-SHELL.",
  fix: 'command: ["CMD", "curl", "-f", "http://localhost:8080/health"]',
  needs: ["services"],
  *check({ services }) {
    for (const [name, { health }] of each(services)) {
      if (!health.command || ["CMD", "CMD-SHELL"].includes(health.command[0]!)) continue;
      yield {
        path: ["services", name, "health", "command"],
        message: `The health check of ${name} begins with neither CMD nor CMD-SHELL.`,
      };
    }
  },
});
