/** How SecureString values are encrypted: https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html */
import { AwsError } from "../../service.ts";
import { openEnvelope, sealEnvelope } from "../kms/envelope.ts";
import { arnOf, type Here, type Version } from "./parameter.ts";

/** The parameter's ARN is the encryption context, so a ciphertext can't be passed off as another parameter's. */
const context = (call: Here, name: string) => ({ PARAMETER_ARN: arnOf(call, name) });

/** A standard parameter is encrypted by the key itself, an advanced one (up to 8 KB, more than KMS takes) under a data key. */
export function seal(call: Here, { Name, Tier, KeyId, Value }: Version): string {
  return asParameterStore(() => {
    const plain = Buffer.from(Value);
    const asked = { KeyId: KeyId ?? "alias/aws/ssm", EncryptionContext: context(call, Name) };
    const sealed =
      Tier === "Standard" ? call.ask("kms").Encrypt({ ...asked, Plaintext: plain }).CiphertextBlob : sealEnvelope(call, asked, plain);
    return Buffer.from(sealed).toString("base64");
  });
}

export function open(call: Here, { Name, Tier, Value }: Version): string {
  return asParameterStore(() => {
    const sealed = Buffer.from(Value, "base64");
    const EncryptionContext = context(call, Name);
    const plain =
      Tier === "Standard"
        ? call.ask("kms").Decrypt({ CiphertextBlob: sealed, EncryptionContext }).Plaintext
        : openEnvelope(call, sealed, EncryptionContext);
    return Buffer.from(plain).toString();
  });
}

/** What KMS refuses, Parameter Store reports as a fault of the key's id. */
function asParameterStore<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError("InvalidKeyId", `${error.message} (Service: Kms, Status Code: 400, Error Code: ${error.code})`);
  }
}
