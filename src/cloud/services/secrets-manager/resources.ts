/** The CloudFormation types. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SecretsManager.html */
import { AwsError, resource, type Call, type Properties, type ResourceType, type Stack } from "../../service.ts";
import { password } from "./passwords.ts";
import { policyOperations } from "./policies.ts";
import { replicationOperations } from "./replication.ts";
import { rotationOperations } from "./rotation.ts";
import { CURRENT, find, invalidParameter, open, staged, type Here, type Secret } from "./secret.ts";
import { secretOperations } from "./secrets.ts";
import { checkNewTags } from "./tags.ts";
import { valueOperations } from "./values.ts";

const truth = (value: unknown): boolean => value === true || value === "true";
const own = ({ Tags = [] }: Properties): Record<string, string> =>
  Object.fromEntries(Tags.map(({ Key, Value }: { Key: string; Value: unknown }) => [Key, String(Value)]));
const regionsOf = ({ ReplicaRegions = [] }: Properties): { Region: string; KmsKeyId?: string }[] => ReplicaRegions;
const there = (call: Here, arn: string): Secret | undefined => [...call.state.secrets.values()].find(({ ARN }) => ARN === arn);

function setTags({ tags }: Secret, properties: Properties, previous: Properties, stack: Stack): void {
  for (const key of Object.keys(own(previous))) delete tags[key];
  Object.assign(tags, stack.tags, own(properties));
}

const checkOwnTags = (properties: Properties): void =>
  checkNewTags(
    {},
    Object.entries(own(properties)).map(([Key, Value]) => ({ Key, Value })),
  );

/** What the template says the value is, or how it is to be made. */
function valueOf(call: Here, { SecretString, GenerateSecretString: generate }: Properties): string | undefined {
  if (SecretString !== undefined && generate !== undefined)
    throw invalidParameter("You can't specify both SecretString and GenerateSecretString.");
  if (generate === undefined) return SecretString === undefined ? undefined : String(SecretString);
  const { PasswordLength, ExcludeCharacters, RequireEachIncludedType, SecretStringTemplate, GenerateStringKey } = generate;
  const made = password(call, {
    PasswordLength: PasswordLength === undefined ? undefined : Number(PasswordLength),
    ExcludeCharacters,
    ExcludeNumbers: truth(generate.ExcludeNumbers),
    ExcludePunctuation: truth(generate.ExcludePunctuation),
    ExcludeUppercase: truth(generate.ExcludeUppercase),
    ExcludeLowercase: truth(generate.ExcludeLowercase),
    IncludeSpace: truth(generate.IncludeSpace),
    RequireEachIncludedType: RequireEachIncludedType === undefined || truth(RequireEachIncludedType),
  });
  if ((SecretStringTemplate === undefined) !== (GenerateStringKey === undefined))
    throw invalidParameter("SecretStringTemplate and GenerateStringKey must be specified together.");
  return SecretStringTemplate === undefined ? made : JSON.stringify({ ...template(SecretStringTemplate), [GenerateStringKey]: made });
}

function template(text: string): Record<string, unknown> {
  const value = parsed(text);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalidParameter("Could not parse SecretStringTemplate JSON.");
  return value as Record<string, unknown>;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const secret = resource({
  create(call: Here, properties, stack) {
    const { Description, KmsKeyId } = properties;
    const Name = properties.Name ?? `${stack.logicalId}-${call.token(12)}`;
    checkOwnTags(properties);
    const replicas = regionsOf(properties).map(({ Region, KmsKeyId: key }) => ({ Region, KmsKeyId: key }));
    const { ARN } = secretOperations.CreateSecret(call, {
      Name,
      Description,
      KmsKeyId,
      SecretString: valueOf(call, properties),
      AddReplicaRegions: replicas,
    });
    setTags(find(call, ARN ?? Name), properties, {}, stack);
    return ARN ?? Name;
  },
  update(call: Here, id, properties, previous, stack) {
    const { Description = "", KmsKeyId = "alias/aws/secretsmanager" } = properties;
    checkOwnTags(properties);
    const same = ["SecretString", "GenerateSecretString"].every(
      (name) => JSON.stringify(properties[name]) === JSON.stringify(previous[name]),
    );
    secretOperations.UpdateSecret(call, {
      SecretId: id,
      Description,
      KmsKeyId,
      SecretString: same ? undefined : valueOf(call, properties),
    });
    const [now, before] = [regionsOf(properties), regionsOf(previous)].map((regions) => regions.map(({ Region }) => Region)) as [
      string[],
      string[],
    ];
    const gone = before.filter((region) => !now.includes(region));
    const added = regionsOf(properties).filter(({ Region }) => !before.includes(Region));
    if (gone.length > 0) replicationOperations.RemoveRegionsFromReplication(call, { SecretId: id, RemoveReplicaRegions: gone });
    if (added.length > 0) replicationOperations.ReplicateSecretToRegions(call, { SecretId: id, AddReplicaRegions: added });
    setTags(find(call, id), properties, previous, stack);
  },
  /** CloudFormation leaves no recovery window, so that the name is free at once. */
  delete(call: Here, id) {
    const found = there(call, id);
    if (!found) return;
    if (found.replicas.length > 0)
      replicationOperations.RemoveRegionsFromReplication(call, {
        SecretId: id,
        RemoveReplicaRegions: found.replicas.map(({ Region }) => Region),
      });
    secretOperations.DeleteSecret(call, { SecretId: id, ForceDeleteWithoutRecovery: true });
  },
  attributes: (_call, id) => ({ Id: id }),
  settled: (call: Here, id) => !there(call, id)?.replicas.some(({ Status }) => Status === "InProgress"),
  read(call: Here, id) {
    const found = there(call, id);
    return found && { Name: found.Name, Description: found.Description, KmsKeyId: found.KmsKeyId };
  },
} satisfies ResourceType);

const resourcePolicy = resource({
  create: (call: Here, properties) => putPolicy(call, properties.SecretId, properties),
  update: (call: Here, id, properties) => void putPolicy(call, id, properties),
  delete(call: Here, id) {
    if (there(call, id)?.policy !== undefined) policyOperations.DeleteResourcePolicy(call, { SecretId: id });
  },
  attributes: (_call, id) => ({ Id: id }),
  read(call: Here, id) {
    const found = there(call, id);
    return found?.policy === undefined ? undefined : { SecretId: id, ResourcePolicy: JSON.parse(found.policy) };
  },
} satisfies ResourceType);

function putPolicy(call: Here, secretId: string, { ResourcePolicy, BlockPublicPolicy }: Properties): string {
  const text = typeof ResourcePolicy === "string" ? ResourcePolicy : JSON.stringify(ResourcePolicy);
  const { ARN } = policyOperations.PutResourcePolicy(call, {
    SecretId: secretId,
    ResourcePolicy: text,
    BlockPublicPolicy: truth(BlockPublicPolicy),
  });
  return ARN;
}

/** Fails as RotateSecret does for a function that is not there; a hosted one is a function too. */
const rotationSchedule = resource({
  create: (call: Here, properties) => schedule(call, properties.SecretId, properties),
  update: (call: Here, id, properties) => void schedule(call, id, properties),
  delete(call: Here, id) {
    if (there(call, id)?.RotationEnabled) rotationOperations.CancelRotateSecret(call, { SecretId: id });
  },
  attributes: (_call, id) => ({ Id: id }),
} satisfies ResourceType);

function schedule(
  call: Here,
  SecretId: string,
  { RotationLambdaARN, HostedRotationLambda, RotationRules, RotateImmediatelyOnUpdate }: Properties,
): string {
  if (HostedRotationLambda !== undefined)
    throw new AwsError(
      "InvalidRequestException",
      "HostedRotationLambda needs the transform AWS::SecretsManager-2024-09-16 and AWS Lambda, which are not emulated.",
    );
  const { AutomaticallyAfterDays, ...rules } = RotationRules ?? {};
  const numbered = AutomaticallyAfterDays === undefined ? rules : { ...rules, AutomaticallyAfterDays: Number(AutomaticallyAfterDays) };
  const asked = {
    SecretId,
    RotationLambdaARN,
    RotationRules: RotationRules && numbered,
    RotateImmediately: RotateImmediatelyOnUpdate === undefined || truth(RotateImmediatelyOnUpdate),
  };
  return rotationOperations.RotateSecret(call, asked).ARN ?? SecretId;
}

/** Writes into the secret how to reach the database: docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html */
const targetAttachment = resource({
  create(call: Here, { SecretId, TargetId, TargetType }) {
    const { ARN } = find(call, SecretId);
    merge(call, ARN, connection(call, TargetType, TargetId));
    return ARN;
  },
  update(call: Here, id, { TargetId, TargetType }) {
    merge(call, id, connection(call, TargetType, TargetId));
  },
  delete(call: Here, id) {
    const found = there(call, id);
    if (!found || found.DeletedDate) return;
    const {
      engine: _engine,
      host: _host,
      port: _port,
      dbname: _name,
      dbInstanceIdentifier: _instance,
      dbClusterIdentifier: _cluster,
      ...rest
    } = contents(call, found);
    write(call, id, rest);
  },
  attributes: (_call, id) => ({ Id: id }),
} satisfies ResourceType);

/** From whichever service owns the type, through what CloudFormation would see of it. */
function connection(call: Call, type: string, id: string): Record<string, unknown> {
  const owner = call.types.get(type);
  if (!owner) throw invalidParameter(`Causeway does not emulate ${type}, so that ${id} can't be a secret's target.`);
  const target = call.within(owner.service);
  const attributes = owner.type.attributes?.(target, id, {}) ?? {};
  const properties = owner.type.read?.(target, id, {}) ?? {};
  const cluster = type.endsWith("Cluster");
  return {
    engine: properties.Engine,
    host: attributes["Endpoint.Address"],
    port: Number(attributes["Endpoint.Port"]),
    dbname: properties.DBName ?? properties.DatabaseName,
    [cluster ? "dbClusterIdentifier" : "dbInstanceIdentifier"]: id,
  };
}

function contents(call: Here, found: Secret): Record<string, unknown> {
  const version = staged(found, CURRENT);
  return version ? template(Buffer.from(open(call, found, version)).toString()) : {};
}

const merge = (call: Here, arn: string, facts: Record<string, unknown>): void =>
  write(call, arn, { ...contents(call, find(call, arn)), ...facts });

function write(call: Here, arn: string, value: Record<string, unknown>): void {
  valueOperations.PutSecretValue(call, { SecretId: arn, SecretString: JSON.stringify(value) });
}

export const resources = {
  "AWS::SecretsManager::Secret": secret,
  "AWS::SecretsManager::ResourcePolicy": resourcePolicy,
  "AWS::SecretsManager::RotationSchedule": rotationSchedule,
  "AWS::SecretsManager::SecretTargetAttachment": targetAttachment,
};
