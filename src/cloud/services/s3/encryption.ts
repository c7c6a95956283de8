/** How objects are encrypted at rest: by S3, by a KMS key, or by the customer's. docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html */
import { createHash } from "node:crypto";
import type * as sdk from "@aws-sdk/client-s3";
import { AwsError } from "../../service.ts";
import { managedKey } from "../kms/envelope.ts";
import { findBucket, type Bucket, type Here, type S3Operations, type Version } from "./bucket.ts";
import { accessDenied, invalidArgument, invalidRequest, malformedXml } from "./refusals.ts";

type Asked = Pick<
  sdk.PutObjectRequest,
  "ServerSideEncryption" | "SSEKMSKeyId" | "BucketKeyEnabled" | "SSECustomerAlgorithm" | "SSECustomerKey" | "SSECustomerKeyMD5"
>;
type CustomerKey = Pick<Asked, "SSECustomerAlgorithm" | "SSECustomerKey" | "SSECustomerKeyMD5">;
type Choice = { algorithm: string; key?: string; bucketKey?: boolean; customer?: CustomerKey };

/** Every bucket encrypts since January 2023, and takes no customer's keys since April 2026: blocking-unblocking-s3-c-encryption-gpb.html */
const BLOCKED: sdk.BlockedEncryptionTypes = { EncryptionType: ["SSE-C"] };
const DEFAULT_RULE: sdk.ServerSideEncryptionRule = {
  ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
  BucketKeyEnabled: false,
  BlockedEncryptionTypes: BLOCKED,
};

const ruleOf = ({ settings }: Bucket): sdk.ServerSideEncryptionRule => settings.get("Encryption")?.Rules?.[0] ?? DEFAULT_RULE;

/** What an upload asks for, checked as far as that changes nothing. */
export function chooseEncryption(bucket: Bucket, asked: Asked): Choice {
  const rule = ruleOf(bucket);
  if (asked.SSECustomerAlgorithm !== undefined || asked.SSECustomerKey !== undefined) {
    if (asked.ServerSideEncryption !== undefined) {
      throw invalidArgument("Server Side Encryption with Customer provided key is incompatible with the encryption method specified");
    }
    if ((rule.BlockedEncryptionTypes ?? BLOCKED).EncryptionType?.includes("SSE-C")) {
      throw accessDenied("Access Denied: the bucket blocks server-side encryption with customer-provided keys (SSE-C).");
    }
    checkKey(asked);
    return { algorithm: "SSE-C", customer: asked };
  }
  const { SSEAlgorithm: usual, KMSMasterKeyID } = rule.ApplyServerSideEncryptionByDefault ?? { SSEAlgorithm: "AES256" };
  const algorithm = asked.ServerSideEncryption ?? usual ?? "AES256";
  if (algorithm !== "AES256" && algorithm !== "aws:kms" && algorithm !== "aws:kms:dsse") {
    throw invalidArgument("The encryption method specified is not supported", "x-amz-server-side-encryption", algorithm);
  }
  if (asked.SSEKMSKeyId !== undefined && (asked.ServerSideEncryption === undefined || algorithm === "AES256")) {
    throw invalidArgument("Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms");
  }
  if (algorithm === "AES256") return { algorithm };
  const key = asked.SSEKMSKeyId ?? (algorithm === usual ? KMSMasterKeyID : undefined);
  return { algorithm, key, bucketKey: asked.BucketKeyEnabled ?? rule.BucketKeyEnabled };
}

/** Carries the choice out. Asks KMS for the key, which may make the one that AWS manages: the last that an upload does before it acts. */
export function encryptionOf(call: Here, bucket: Bucket, { algorithm, key, bucketKey, customer }: Choice): Version["encryption"] {
  if (customer) return { SSECustomerAlgorithm: customer.SSECustomerAlgorithm, SSECustomerKeyMD5: customer.SSECustomerKeyMD5 };
  if (algorithm === "AES256") return { ServerSideEncryption: "AES256" };
  const here = bucket.region === call.region ? call : call.elsewhere(bucket.region);
  const SSEKMSKeyId = key === undefined ? managedKey(here, "aws/s3") : usableKey(here, key);
  return { ServerSideEncryption: algorithm as sdk.ServerSideEncryption, SSEKMSKeyId, BucketKeyEnabled: bucketKey ? true : undefined };
}

/** The key's ARN, when KMS would encrypt under it. Keys of other accounts are not looked at: they are out of this account's sight. */
function usableKey(call: Here, key: string): string {
  if (key.startsWith("arn:") && key.split(":")[4] !== call.account) return key;
  if (key === "alias/aws/s3" || key.endsWith(":alias/aws/s3")) return managedKey(call, "aws/s3");
  try {
    const { KeyMetadata } = call.ask("kms").DescribeKey({ KeyId: key });
    checkState(KeyMetadata);
    return KeyMetadata.Arn;
  } catch (error) {
    // S3 hands KMS's refusals on under their own names: docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    if (error instanceof AwsError && !error.code.startsWith("KMS.")) throw new AwsError(`KMS.${error.code}`, error.message, 400);
    throw error;
  }
}

function checkState({ KeyState, Arn, KeyUsage, KeySpec }: { KeyState?: string; Arn?: string; KeyUsage?: string; KeySpec?: string }): void {
  if (KeyState === "Disabled") throw new AwsError("KMS.DisabledException", `${Arn} is disabled.`, 400);
  if (KeyState === "PendingDeletion") throw new AwsError("KMS.KMSInvalidStateException", `${Arn} is pending deletion.`, 400);
  if (KeyState !== "Enabled") throw new AwsError("KMS.KMSInvalidStateException", `${Arn} is ${KeyState}.`, 400);
  if (KeyUsage !== "ENCRYPT_DECRYPT" || KeySpec !== "SYMMETRIC_DEFAULT") {
    throw new AwsError("KMS.InvalidKeyUsageException", `${Arn} key usage is ${KeyUsage} which is not valid for this operation.`, 400);
  }
}

/** Refuses a read of what can't be decrypted: the customer's key is not the one, or the KMS key can't be used any more. */
export function checkDecryption(call: Here, bucket: Bucket, { encryption }: Version, given: CustomerKey): void {
  if (encryption.SSECustomerAlgorithm) {
    if (given.SSECustomerKey === undefined && given.SSECustomerKeyMD5 === undefined) {
      throw invalidRequest(
        "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
      );
    }
    checkKey(given);
    if (given.SSECustomerKeyMD5 !== encryption.SSECustomerKeyMD5) {
      throw accessDenied("Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.");
    }
    return;
  }
  if (given.SSECustomerKey !== undefined) throw invalidRequest("The encryption parameters are not applicable to this object.");
  const { SSEKMSKeyId } = encryption;
  if (!SSEKMSKeyId || SSEKMSKeyId.split(":")[4] !== call.account) return;
  const here = bucket.region === call.region ? call : call.elsewhere(bucket.region);
  const key = here.peek("kms").keys.get(SSEKMSKeyId.slice(SSEKMSKeyId.lastIndexOf("/") + 1));
  if (!key) throw new AwsError("KMS.NotFoundException", `Key '${SSEKMSKeyId}' does not exist`, 400);
  checkState(key.metadata);
}

function checkKey({ SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 }: CustomerKey): void {
  if (SSECustomerAlgorithm !== "AES256") {
    const message = "The encryption request you specified is not valid. The valid value is AES256.";
    throw new AwsError("InvalidEncryptionAlgorithmError", message, 400, {
      ArgumentName: "x-amz-server-side-encryption-customer-algorithm",
      ArgumentValue: SSECustomerAlgorithm,
    });
  }
  const key = Buffer.from(SSECustomerKey ?? "", "base64");
  if (key.length !== 32) throw invalidArgument("The secret key was invalid for the specified algorithm.");
  if (createHash("md5").update(key).digest("base64") !== SSECustomerKeyMD5) {
    throw invalidArgument("The calculated MD5 hash of the key did not match the hash that was provided.");
  }
}

export const encryptionOperations = {
  PutBucketEncryption(call, input) {
    const bucket = findBucket(call, input.Bucket, input.ExpectedBucketOwner);
    const [rule, ...more] = input.ServerSideEncryptionConfiguration.Rules ?? [];
    if (!rule || more.length > 0) throw malformedXml();
    const { ApplyServerSideEncryptionByDefault: applied = { SSEAlgorithm: "AES256" as const }, BlockedEncryptionTypes } = rule;
    if (!["AES256", "aws:kms", "aws:kms:dsse"].includes(applied.SSEAlgorithm ?? "")) throw malformedXml();
    if (applied.KMSMasterKeyID !== undefined && applied.SSEAlgorithm === "AES256") {
      throw invalidArgument("a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse");
    }
    if (BlockedEncryptionTypes?.EncryptionType?.some((type) => type !== "SSE-C" && type !== "NONE")) throw malformedXml();
    const kept: sdk.ServerSideEncryptionRule = {
      ApplyServerSideEncryptionByDefault: applied,
      BucketKeyEnabled: rule.BucketKeyEnabled ?? false,
      BlockedEncryptionTypes: BlockedEncryptionTypes ?? ruleOf(bucket).BlockedEncryptionTypes ?? BLOCKED,
    };
    bucket.settings.set("Encryption", { Rules: [kept] });
  },
  GetBucketEncryption(call, { Bucket, ExpectedBucketOwner }) {
    return { ServerSideEncryptionConfiguration: { Rules: [ruleOf(findBucket(call, Bucket, ExpectedBucketOwner))] } };
  },
  DeleteBucketEncryption(call, { Bucket, ExpectedBucketOwner }) {
    findBucket(call, Bucket, ExpectedBucketOwner).settings.delete("Encryption");
  },
} satisfies S3Operations;
