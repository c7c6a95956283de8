/** How a key comes to be: a customer's by CreateKey, one that AWS manages when a service first wants it. */
import type * as sdk from "@aws-sdk/client-kms";
import { local, type Here, type Key, type Material, type Metadata } from "./key.ts";
import { makeMaterial, materialId } from "./material.ts";
import { defaultPolicy, managedPolicy } from "./policies.ts";
import { startRotation } from "./rotation.ts";
import { algorithmsOf, isMac, isSymmetric, type Usage } from "./specs.ts";

type Wanted = {
  spec: sdk.KeySpec;
  usage: Usage;
  description?: string;
  policy?: string;
  tags?: Record<string, string>;
  multiRegion?: boolean;
  external?: boolean;
  manager?: sdk.KeyManagerType;
};

/** Makes the key and puts it into the state. Everything was checked before. */
export function makeKey(call: Here, wanted: Wanted): Key {
  const {
    spec,
    usage,
    description = "",
    policy = defaultPolicy(call),
    tags = {},
    multiRegion = false,
    external = false,
    manager = "CUSTOMER",
  } = wanted;
  const KeyId = multiRegion ? call.id("mrk", 32) : call.uuid();
  const Arn = call.arn("kms", `key/${KeyId}`);
  const materials = external ? [] : [firstMaterial(call, spec)];
  const metadata: Metadata = {
    AWSAccountId: call.account,
    KeyId,
    Arn,
    CreationDate: call.date,
    Enabled: !external,
    Description: description,
    KeyUsage: usage,
    KeyState: external ? "PendingImport" : "Enabled",
    Origin: external ? "EXTERNAL" : "AWS_KMS",
    KeyManager: manager,
    KeySpec: spec,
    CustomerMasterKeySpec: spec as sdk.CustomerMasterKeySpec,
    ...algorithmsOf(spec, usage),
    MultiRegion: multiRegion,
    MultiRegionConfiguration: multiRegion
      ? { MultiRegionKeyType: "PRIMARY", PrimaryKey: { Arn, Region: call.region }, ReplicaKeys: [] }
      : undefined,
    CurrentKeyMaterialId: isSymmetric(spec) ? materials[0]?.id : undefined,
  };
  const key: Key = { metadata, policy, tags, grants: [], materials };
  call.state.keys.set(KeyId, key);
  return key;
}

function firstMaterial(call: Here, spec: sdk.KeySpec): Material {
  const secret = makeMaterial(spec, (length) => call.bytes(length));
  return { id: isSymmetric(spec) || isMac(spec) ? materialId(secret) : "", secret };
}

/** docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key: the aliases of the services that have one */
const MANAGED =
  "acm,backup,cloud9,codeartifact,codebuild,codecommit,codepipeline,connect,datasync,dms,dynamodb,ebs,ecr,elasticfilesystem,es,fsx,glue,kinesis,kinesisvideo,lambda,lex,lightsail,mq,rds,redshift,s3,sagemaker,secretsmanager,sns,sqs,ssm,states,storagegateway,workspaces,xray".split(
    ",",
  );

/** The same for cryptography: only the services themselves may use these keys, so that only for them one is made. */
export const managedFor = (call: Here, keyId: string): Key | undefined => (call.principal.service ? ensureManaged(call, keyId) : undefined);

/** The managed key that an id names by its alias, made when nobody has wanted it before; undefined for any other id. */
export function ensureManaged(call: Here, keyId: string): Key | undefined {
  const alias = local(call, keyId);
  const service = /^alias\/aws\/(.+)$/.exec(alias)?.[1];
  if (!service || !MANAGED.includes(service)) return undefined;
  const existing = call.state.aliases.get(alias);
  if (existing) return call.state.keys.get(existing.TargetKeyId);
  const key = makeKey(call, {
    spec: "SYMMETRIC_DEFAULT",
    usage: "ENCRYPT_DECRYPT",
    description: `Default key that protects my ${service} data when no other key is defined`,
    policy: managedPolicy(call, service),
    manager: "AWS",
  });
  call.state.aliases.set(alias, {
    AliasName: alias,
    AliasArn: call.arn("kms", alias),
    TargetKeyId: key.metadata.KeyId,
    CreationDate: call.date,
    LastUpdatedDate: call.date,
  });
  startRotation(call, key, 365); // every year: docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
  return key;
}
