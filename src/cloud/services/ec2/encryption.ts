/** Encryption of volumes. Guide: https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Operations } from "../../service.ts";
import { managedKey } from "../kms/envelope.ts";
import type { Here, State } from "./state.ts";

/** `key`: what the account has set in the place of the key that AWS manages. */
export type Encryption = { byDefault: boolean; key?: string };

const AWS_KEY = "aws/ebs";

export const encryptionOperations = {
  EnableEbsEncryptionByDefault(call) {
    call.state.encryption.byDefault = true;
    return { EbsEncryptionByDefault: true };
  },
  DisableEbsEncryptionByDefault(call) {
    call.state.encryption.byDefault = false;
    return { EbsEncryptionByDefault: false };
  },
  GetEbsEncryptionByDefault: ({ state: { encryption } }) => ({
    EbsEncryptionByDefault: encryption.byDefault,
    SseType: encryption.byDefault ? "sse-kms" : "none",
  }),
  GetEbsDefaultKmsKeyId: (call) => ({ KmsKeyId: call.state.encryption.key ?? call.arn("kms", `alias/${AWS_KEY}`) }),
  ModifyEbsDefaultKmsKeyId(call, { KmsKeyId }) {
    const found = keyOf(call, KmsKeyId);
    if (found === undefined) throw new AwsError("InvalidParameterValue", `The KMS key '${KmsKeyId}' does not exist.`);
    call.state.encryption.key = found.arn;
    return { KmsKeyId: found.arn };
  },
  ResetEbsDefaultKmsKeyId(call) {
    call.state.encryption.key = undefined;
    return { KmsKeyId: call.arn("kms", `alias/${AWS_KEY}`) };
  },
} satisfies Operations<sdk.EC2, State>;

/** A request for a disk: whether it will be encrypted, whatever it says, because the account or its source wants it so. */
export function willEncrypt(call: Here, asked: { Encrypted?: boolean; KmsKeyId?: string }, source?: { Encrypted?: boolean }): boolean {
  const encrypted = asked.Encrypted || call.state.encryption.byDefault || source?.Encrypted || false;
  if (asked.KmsKeyId !== undefined && !encrypted)
    throw new AwsError("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.");
  return encrypted;
}

/** The key's ARN as a volume shows it. Makes the key that AWS manages when it is wanted for the first time, so: when all has been checked. */
export function encryptionKey(call: Here, asked: string | undefined): string {
  if (asked !== undefined) return keyOf(call, asked)?.arn ?? asked;
  return call.state.encryption.key ?? managedKey(call, AWS_KEY);
}

/** EBS takes a key that is not there and fails afterwards: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html */
export const isUsable = (call: Here, key: string): boolean => keyOf(call, key)?.state === "Enabled";

/** By id, ARN or alias. Looks only: asking KMS would be an API call of its own. */
function keyOf(call: Here, asked: string): { arn: string; state: string } | undefined {
  const { keys, aliases } = call.peek("kms");
  const name = asked.startsWith("arn:") ? asked.split(":").slice(5).join(":") : asked;
  const id = name.startsWith("alias/") ? aliases.get(name)?.TargetKeyId : name.replace(/^key\//, "");
  const metadata = keys.get(id ?? "")?.metadata;
  return metadata && { arn: metadata.Arn, state: metadata.KeyState };
}
