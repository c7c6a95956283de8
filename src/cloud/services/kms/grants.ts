/** Grants: kept and listed; who may do what is not decided here. https://docs.aws.amazon.com/kms/latest/developerguide/grants.html */
import type * as sdk from "@aws-sdk/client-kms";
import { AwsError, type Operations } from "../../service.ts";
import { managedFor } from "./creation.ts";
import { checkDryRun } from "./encryption.ts";
import { checkEnabled, find, invalid, page, type Grant, type Key, type State } from "./key.ts";

const PER_KEY_MAX = 50_000; // docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
/** https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations */
const ALWAYS = ["CreateGrant", "DescribeKey", "RetireGrant"];
const BY_USAGE: Record<string, readonly string[]> = {
  ENCRYPT_DECRYPT: ["Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo"],
  SIGN_VERIFY: ["Sign", "Verify", "GetPublicKey"],
  GENERATE_VERIFY_MAC: ["GenerateMac", "VerifyMac"],
  KEY_AGREEMENT: ["DeriveSharedSecret", "GetPublicKey"],
};
const SYMMETRIC = ["GenerateDataKey", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext"];

export const grantOperations = {
  CreateGrant(call, input) {
    const {
      KeyId,
      GranteePrincipal,
      GranteeServicePrincipal,
      RetiringPrincipal,
      RetiringServicePrincipal,
      Operations: allowed,
      Constraints,
      Name,
      DryRun,
    } = input;
    if ((GranteePrincipal === undefined) === (GranteeServicePrincipal === undefined))
      throw invalid("Specify either GranteePrincipal or GranteeServicePrincipal, but not both.");
    if (RetiringPrincipal !== undefined && RetiringServicePrincipal !== undefined)
      throw invalid("Specify either RetiringPrincipal or RetiringServicePrincipal, but not both.");
    for (const principal of [GranteePrincipal, GranteeServicePrincipal, RetiringPrincipal, RetiringServicePrincipal])
      if (principal !== undefined) checkPrincipal(principal);
    const key = managedFor(call, KeyId) ?? find(call, KeyId, { aliases: false });
    checkEnabled(key);
    checkOperations(key, allowed);
    if (Name !== undefined && !/^[\w:/-]{1,256}$/.test(Name))
      throw invalid(
        `1 validation error detected: Value '${Name}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$`,
      );
    if (Constraints && key.metadata.KeySpec !== "SYMMETRIC_DEFAULT")
      throw invalid("Grant constraints apply to symmetric encryption keys only.");
    checkDryRun(DryRun);
    const wanted = {
      GranteePrincipal,
      GranteeServicePrincipal,
      RetiringPrincipal,
      RetiringServicePrincipal,
      Operations: allowed,
      Constraints,
      Name,
    };
    const same = key.grants.find((grant) => Name !== undefined && identity(grant) === identity(wanted));
    if (same) return { GrantId: same.GrantId, GrantToken: same.token };
    if (key.grants.length >= PER_KEY_MAX)
      throw new AwsError("LimitExceededException", `You have exceeded the maximum number of grants for the key ${key.metadata.Arn}.`);
    const grant: Grant = {
      KeyId: key.metadata.Arn,
      GrantId: Buffer.from(call.bytes(32)).toString("hex"),
      ...wanted,
      CreationDate: call.date,
      IssuingAccount: `arn:aws:iam::${call.account}:root`,
      token: Buffer.from(call.bytes(96)).toString("base64"),
    };
    key.grants.push(grant);
    return { GrantId: grant.GrantId, GrantToken: grant.token };
  },

  ListGrants(call, { KeyId, GrantId, GranteePrincipal, GranteeServicePrincipal, Limit = 50, Marker }) {
    const { grants } = find(call, KeyId, { aliases: false });
    if (GrantId !== undefined && !grants.some((grant) => grant.GrantId === GrantId))
      throw new AwsError("InvalidGrantIdException", `Grant ID ${GrantId} not found`);
    const found = grants.filter(
      (grant) =>
        (GrantId ?? grant.GrantId) === grant.GrantId &&
        (GranteePrincipal ?? grant.GranteePrincipal) === grant.GranteePrincipal &&
        (GranteeServicePrincipal ?? grant.GranteeServicePrincipal) === grant.GranteeServicePrincipal,
    );
    return listed(found, Limit, Marker);
  },

  ListRetirableGrants(call, { RetiringPrincipal, RetiringServicePrincipal, Limit = 50, Marker }) {
    const found = [...call.state.keys.values()].flatMap(({ grants }) =>
      grants.filter(
        (grant) => RetiringPrincipal === grant.RetiringPrincipal && RetiringServicePrincipal === grant.RetiringServicePrincipal,
      ),
    );
    return listed(found, Limit, Marker);
  },

  RetireGrant(call, { GrantToken, KeyId, GrantId, DryRun }) {
    if (GrantToken === undefined && (KeyId === undefined || GrantId === undefined))
      throw invalid("Either a grant token, or both a key ID and a grant ID must be specified.");
    const keys = KeyId === undefined ? [...call.state.keys.values()] : [find(call, KeyId, { aliases: false })];
    const key = keys.find(({ grants }) => grants.some((grant) => matches(grant, GrantToken, GrantId)));
    if (!key)
      throw GrantToken === undefined
        ? new AwsError("InvalidGrantIdException", `Grant ID ${GrantId} not found`)
        : new AwsError("InvalidGrantTokenException", "The grant token is not valid.");
    checkDryRun(DryRun);
    key.grants = key.grants.filter((grant) => !matches(grant, GrantToken, GrantId));
  },

  RevokeGrant(call, { KeyId, GrantId, DryRun }) {
    const key = find(call, KeyId, { aliases: false });
    if (!key.grants.some((grant) => grant.GrantId === GrantId))
      throw new AwsError("InvalidGrantIdException", `Grant ID ${GrantId} not found`);
    checkDryRun(DryRun);
    key.grants = key.grants.filter((grant) => grant.GrantId !== GrantId);
  },
} satisfies Operations<sdk.KMS, State>;

const matches = (grant: Grant, token: string | undefined, id: string | undefined): boolean =>
  token === undefined ? grant.GrantId === id : grant.token === token;

function listed(grants: readonly Grant[], Limit: number, Marker: string | undefined) {
  const { items, ...rest } = page(grants, { Limit, Marker, most: 100 });
  return { Grants: items.map(({ token: _token, ...grant }) => grant), ...rest };
}

function checkOperations({ metadata }: Key, operations: readonly string[]): void {
  const allowed = [
    ...ALWAYS,
    ...BY_USAGE[metadata.KeyUsage]!,
    ...(metadata.KeySpec === "SYMMETRIC_DEFAULT" ? SYMMETRIC : []),
    ...(metadata.KeySpec.startsWith("RSA_") ? ["GetPublicKey"] : []),
  ];
  const wrong = operations.find((operation) => !allowed.includes(operation));
  if (wrong === undefined && operations.length > 0) return;
  throw invalid(
    `1 validation error detected: Value '[${operations.join(", ")}]' at 'operations' failed to satisfy constraint: Member must satisfy enum value set: [${allowed.join(", ")}]`,
  );
}

/** An ARN of an account, user, role, session or federated user, or an AWS service that acts for one. */
function checkPrincipal(principal: string): void {
  if (/^arn:aws:(iam|sts)::\d{12}:/.test(principal) || /^[\w.-]+\.amazonaws\.com$/.test(principal)) return;
  throw new AwsError("InvalidArnException", `ARN does not refer to a valid principal: ${principal}`);
}

/** Two requests with the same name and contents make one grant. */
const identity = (grant: Partial<Grant>): string =>
  JSON.stringify([
    grant.Name,
    grant.GranteePrincipal,
    grant.GranteeServicePrincipal,
    grant.RetiringPrincipal,
    grant.RetiringServicePrincipal,
    grant.Operations,
    grant.Constraints,
  ]);
