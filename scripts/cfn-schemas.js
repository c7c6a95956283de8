/**
 * `node scripts/cfn-schemas.js`: AWS's published resource schemas (@aws-cdk/aws-service-spec) in the compact form that
 * src/cloud/cloudformation/schema.ts reads. Run it after that package changes, and commit what it writes.
 *
 * A type is `{ id, properties, attributes, definitions }`. A property is one text: `*` when it is required, then `+` when a change
 * replaces the resource or `~` when it may, then its type: `s` text, `i` integer, `n` number, `b` boolean, `j` JSON, `d` date, `t` tag,
 * `[x` list of x, `{x` map of x, `#Name` the definition of that name, alternatives with `|`.
 */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadAwsServiceSpecSync } from "@aws-cdk/aws-service-spec";

/** Namespaces of services that Causeway has or is to have. */
const namespaces = [
  "ApplicationAutoScaling", "AutoScaling", "Backup", "CDK", "CertificateManager", "CloudFormation", "CloudWatch", "DirectConnect", "EC2", "ECR", "ECS",
  "EFS", "ElasticLoadBalancingV2", "Events", "FIS", "IAM", "KMS", "Logs", "RDS", "Route53", "Route53RecoveryControl", "Route53RecoveryReadiness", "S3",
  "SecretsManager", "ServiceDiscovery", "SNS", "SQS", "SSM", "StorageGateway", "Synthetics",
]; // prettier-ignore

const primitives = { string: "s", integer: "i", number: "n", boolean: "b", json: "j", "date-time": "d", tag: "t", null: "j" };
const replaces = { yes: "+", maybe: "~" };

const database = loadAwsServiceSpecSync();

/** One type's compact form; its definitions are those that its properties reach. */
function compact(resource) {
  const definitions = {};
  const typeText = (type) => {
    if (type.type === "array") return `[${elementText(type.element)}`;
    if (type.type === "map") return `{${elementText(type.element)}`;
    if (type.type === "union") return [...new Set(type.types.map(typeText))].sort().join("|");
    if (type.type !== "ref") return primitives[type.type];
    const definition = database.get("typeDefinition", type.reference);
    if (!(definition.name in definitions)) {
      definitions[definition.name] = {};
      definitions[definition.name] = members(definition.properties);
    }
    return `#${definition.name}`;
  };
  const elementText = (type) => (type.type === "union" ? "j" : typeText(type)); // `[a|b` would read as two alternatives
  const members = (properties) => Object.fromEntries(sorted(properties).map(([name, property]) => [name, propertyText(property)]));
  const propertyText = ({ required, causesReplacement, type, previousTypes = [] }) =>
    `${required ? "*" : ""}${replaces[causesReplacement] ?? ""}${[...new Set([type, ...previousTypes].map(typeText))].join("|")}`;
  const properties = members(resource.properties);
  for (const path of resource.additionalReplacementProperties ?? []) {
    if (path.length === 1 && properties[path[0]]) properties[path[0]] = properties[path[0]].replace(/^(\*?)[+~]?/, "$1+");
  }
  return {
    id: resource.cfnRefIdentifier ?? resource.primaryIdentifier ?? [],
    properties,
    attributes: Object.keys(resource.attributes).sort(),
    ...(Object.keys(definitions).length > 0 && { definitions: Object.fromEntries(sorted(definitions)) }),
  };
}

const sorted = (record) => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

const types = {};
for (const resource of database.all("resource")) {
  if (namespaces.includes(resource.cloudFormationType.split("::")[1])) types[resource.cloudFormationType] = compact(resource);
}
const lines = sorted(types).map(([name, type]) => `${JSON.stringify(name)}:${JSON.stringify(type)}`);
const file = join(dirname(fileURLToPath(import.meta.url)), "..", "src", "cloud", "data", "cfn", "schemas.json");
writeFileSync(file, `{\n${lines.join(",\n")}\n}\n`);
console.error(`${lines.length} types in ${file}`);
