/** Secrets are named, never written. */
import type { Check, Complaint } from "../check.ts";
import { placeOf } from "../reach/intent.ts";
import { isJoined, isLink, isParameter, isUnknown, members, named, text, type ModelResource } from "../values.ts";

const secretName = /passw(or)?d|passphrase|secret|token|credential|(api|access|private|signing|encryption)_?key/i;
/** Names of things about a secret: where it is, what it is called, how long it lives. */
const aboutSecret = /_(FILE|PATH|NAME|ARN|ID|URL|TTL|SECONDS|LENGTH|HEADER)$/i;

/** What secrets look like, whatever they are called: AWS access keys, GitHub and Slack tokens, private keys, URLs with a password. */
const secretValue =
  /\b(AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_\w{36}|\bxox[abprs]-[\w-]{10,}|-----BEGIN [A-Z ]*PRIVATE KEY|^\w[\w+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/;

export const environmentSecrets: Check = {
  id: "RES053",
  title: "No environment variable holds a secret",
  why: "A value in the environment is in the template, in the task definition and on every page that shows them.",
  fix: 'secrets: { DATABASE_PASSWORD: "database:password" }',
  *check({ definition: { services }, model }) {
    const told = new Set<string>();
    for (const [name, { environment }] of Object.entries(services)) {
      for (const [variable, value] of Object.entries(environment)) {
        if (!isSecret(variable, value)) continue;
        told.add(variable);
        // The value stays out of the message, which is printed and kept in logs.
        yield { message: `${variable} of ${name} looks like a secret.`, place: { path: ["services", name, "environment", variable] } };
      }
    }
    for (const task of model.byType("AWS::ECS::TaskDefinition")) {
      const variables = members(task.properties.ContainerDefinitions).flatMap(({ Environment }) => members(Environment));
      for (const { Name, Value } of variables) {
        if (typeof Value !== "string" || told.has(text(Name)) || !isSecret(text(Name), Value)) continue;
        yield { message: `${text(Name)} of ${named(task)} looks like a secret.`, place: placeOf(task) };
      }
    }
  },
};

const isSecret = (variable: string, value: string): boolean =>
  (secretName.test(variable) && !aboutSecret.test(variable) && value !== "") || secretValue.test(value);

const secretProperty = /^(Master(User)?Password|Password|SecretString|AuthKey|PreSharedKey|AuthToken|MacsecKey)$/;

export const templateSecrets: Check = {
  id: "RES054",
  title: "No template holds a secret",
  // docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
  why: "Templates are kept in buckets, in the stack's history and in Git; a reference is resolved when the stack is deployed and kept nowhere.",
  fix: '"{{resolve:secretsmanager:NAME:SecretString:password}}"',
  *check({ model }) {
    for (const resource of model.resources) yield* written(resource, resource.properties);
  },
};

function* written(resource: ModelResource, value: unknown): Generator<Complaint> {
  if (typeof value !== "object" || value === null || isLink(value) || isParameter(value) || isUnknown(value) || isJoined(value)) return;
  for (const [key, each] of Object.entries(value)) {
    if (!secretProperty.test(key)) yield* written(resource, each);
    else if (typeof each === "string" && !text(each).includes("{{resolve:"))
      yield { message: `${key} of ${named(resource)} is written in the template.`, place: placeOf(resource) };
  }
}
