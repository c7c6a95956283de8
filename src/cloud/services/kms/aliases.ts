/** Aliases. API: https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html */
import type * as sdk from "@aws-sdk/client-kms";
import { AwsError, type Operations } from "../../service.ts";
import { checkOurs, checkState, find, invalid, page, type Here, type Key, type State } from "./key.ts";

const PER_KEY_MAX = 50; // docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html

export const aliasOperations = {
  CreateAlias(call, { AliasName, TargetKeyId }) {
    checkName(AliasName);
    const key = target(call, TargetKeyId);
    if (call.state.aliases.has(AliasName))
      throw new AwsError("AlreadyExistsException", `An alias with the name ${call.arn("kms", AliasName)} already exists`);
    checkRoom(call, key);
    const { KeyId } = key.metadata;
    call.state.aliases.set(AliasName, {
      AliasName,
      AliasArn: call.arn("kms", AliasName),
      TargetKeyId: KeyId,
      CreationDate: call.date,
      LastUpdatedDate: call.date,
    });
  },

  /** The new key must be of the same kind, so that what was encrypted under the name stays readable in the same way. */
  UpdateAlias(call, { AliasName, TargetKeyId }) {
    checkName(AliasName);
    const alias = call.state.aliases.get(AliasName);
    if (!alias) throw missing(call, AliasName);
    const next = target(call, TargetKeyId);
    const was = find(call, alias.TargetKeyId);
    const symmetric = (key: Key) => key.metadata.KeySpec === "SYMMETRIC_DEFAULT";
    if (was.metadata.KeyUsage !== next.metadata.KeyUsage || symmetric(was) !== symmetric(next)) {
      throw invalid(
        `Alias ${call.arn("kms", AliasName)} cannot be changed from ${was.metadata.Arn} to ${next.metadata.Arn}: the keys differ in type or usage.`,
      );
    }
    if (next !== was) checkRoom(call, next);
    alias.TargetKeyId = next.metadata.KeyId;
    alias.LastUpdatedDate = call.date;
  },

  DeleteAlias(call, { AliasName }) {
    checkName(AliasName);
    if (!call.state.aliases.delete(AliasName)) throw missing(call, AliasName);
  },

  ListAliases(call, { KeyId, Limit = 50, Marker }) {
    const keyId = KeyId === undefined ? undefined : find(call, KeyId, { aliases: false }).metadata.KeyId;
    const found = [...call.state.aliases.values()].filter(({ TargetKeyId }) => keyId === undefined || TargetKeyId === keyId);
    const { items, ...rest } = page(found, { Limit, Marker, most: 100 });
    return { Aliases: items, ...rest };
  },
} satisfies Operations<sdk.KMS, State>;

const missing = (call: Here, name: string) => new AwsError("NotFoundException", `Alias ${call.arn("kms", name)} is not found.`);

function checkName(name: string): void {
  if (!name.startsWith("alias/")) throw invalid("Invalid identifier");
  if (name.startsWith("alias/aws/")) throw new AwsError("NotAuthorizedException", "");
  if (!/^alias\/[\w/-]+$/.test(name)) {
    const match = `1 validation error detected: Value '${name}' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$`;
    throw name.includes(":")
      ? new AwsError("InvalidAliasNameException", `${name} contains invalid characters for an alias`)
      : invalid(match);
  }
  if (name.length > 256)
    throw invalid(
      "1 validation error detected: Value at 'aliasName' failed to satisfy constraint: Member must have length less than or equal to 256",
    );
}

function target(call: Here, keyId: string): Key {
  if (/(^|:)alias\//.test(keyId)) throw invalid("Aliases must refer to keys. Not aliases");
  const key = find(call, keyId, { aliases: false });
  checkOurs(call, key, "CreateAlias");
  checkState(key, "Enabled", "Disabled", "PendingImport", "Creating", "Updating", "Unavailable");
  return key;
}

function checkRoom(call: Here, { metadata }: Key): void {
  const count = [...call.state.aliases.values()].filter(({ TargetKeyId }) => TargetKeyId === metadata.KeyId).length;
  if (count >= PER_KEY_MAX)
    throw new AwsError(
      "LimitExceededException",
      `You have exceeded the maximum number of aliases (${PER_KEY_MAX}) for the key ${metadata.Arn}.`,
    );
}
