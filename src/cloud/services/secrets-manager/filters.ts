/** Filters of ListSecrets and BatchGetSecretValue. https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html */
import type * as sdk from "@aws-sdk/client-secrets-manager";
import { AwsError } from "../../service.ts";
import type { Secret } from "./secret.ts";

type Read = { texts: (secret: Secret) => (string | undefined)[]; caseless?: boolean; words?: boolean };

const KEYS: Record<string, Read> = {
  name: { texts: ({ Name }) => [Name] },
  description: { texts: ({ Description }) => [Description], caseless: true, words: true },
  "tag-key": { texts: ({ tags }) => Object.keys(tags) },
  "tag-value": { texts: ({ tags }) => Object.values(tags) },
  "primary-region": { texts: ({ PrimaryRegion }) => [PrimaryRegion] },
  "owning-service": { texts: ({ OwningService }) => [OwningService] },
  all: {
    texts: (secret) => [secret.Name, secret.Description, secret.PrimaryRegion, secret.OwningService, ...Object.entries(secret.tags).flat()],
    caseless: true,
    words: true,
  },
};

/** A secret must pass all filters; of a filter's values one is enough. A value with `!` before it must not match. */
export function filterTest(filters: readonly sdk.Filter[]): (secret: Secret) => boolean {
  const tests = filters.map(({ Key = "", Values = [] }) => {
    const read = KEYS[Key];
    if (!read)
      throw new AwsError(
        "ValidationException",
        `1 validation error detected: Value '${Key}' at 'filters.member.key' failed to satisfy constraint: Member must satisfy enum value set: [${Object.keys(KEYS).join(", ")}]`,
      );
    if (Values.length === 0) throw new AwsError("InvalidParameterException", `Invalid filter values for key: ${Key}`);
    return (secret: Secret) =>
      Values.some((value) => (value.startsWith("!") ? !matches(read, secret, value.slice(1)) : matches(read, secret, value)));
  });
  return (secret) => tests.every((test) => test(secret));
}

/** By the beginning of the text; where AWS splits into words, each word asked for must begin one of the text's. */
function matches({ texts, caseless, words }: Read, secret: Secret, value: string): boolean {
  const fold = (text: string) => (caseless ? text.toLowerCase() : text);
  const split = (text: string) => text.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const found = texts(secret).flatMap((text) => (text === undefined ? [] : [fold(text)]));
  const wanted = fold(value);
  if (found.some((text) => text.startsWith(wanted))) return true;
  if (!words) return false;
  const parts = found.flatMap(split);
  return split(wanted).length > 0 && split(wanted).every((word) => parts.some((part) => part.startsWith(word)));
}
