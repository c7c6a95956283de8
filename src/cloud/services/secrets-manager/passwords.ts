/** Random passwords. API: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html */
import type * as sdk from "@aws-sdk/client-secrets-manager";
import { AwsError, type Operations } from "../../service.ts";
import { invalidParameter, type Here, type State } from "./secret.ts";

const LENGTH_MAX = 4096; // as above
const LENGTH = 32; // as above
const TYPES = {
  ExcludeUppercase: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  ExcludeLowercase: "abcdefghijklmnopqrstuvwxyz",
  ExcludeNumbers: "0123456789",
  ExcludePunctuation: "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
} as const;

export const passwordOperations = {
  GetRandomPassword(call, input) {
    return { RandomPassword: password(call, input) };
  },
} satisfies Operations<sdk.SecretsManager, State>;

export function password(call: Pick<Here, "random">, options: sdk.GetRandomPasswordRequest): string {
  const { PasswordLength = LENGTH, ExcludeCharacters = "", IncludeSpace = false, RequireEachIncludedType = true } = options;
  if (PasswordLength < 1 || PasswordLength > LENGTH_MAX) {
    throw new AwsError(
      "ValidationException",
      `1 validation error detected: Value '${PasswordLength}' at 'passwordLength' failed to satisfy constraint: Member must have value between 1 and ${LENGTH_MAX}`,
    );
  }
  const left = (characters: string) => Array.from(characters).filter((character) => !ExcludeCharacters.includes(character));
  const included = Object.entries(TYPES).flatMap(([exclude, characters]) =>
    options[exclude as keyof typeof TYPES] ? [] : [left(characters)],
  );
  const space = IncludeSpace ? left(" ") : [];
  const all = [...included.flat(), ...space];
  if (all.length === 0) throw invalidRequest("Every possible character was excluded from the password.");
  // A type that the exclusions have emptied can't be required; a space is no type of its own.
  const required = RequireEachIncludedType ? included : [];
  if (required.some((type) => type.length === 0))
    throw invalidParameter("A required character type has no characters left after the exclusions.");
  if (PasswordLength < required.length) throw invalidParameter("PasswordLength is too short to include every required character type.");
  const pick = (from: readonly string[]): string => from[Math.floor(call.random() * from.length)]!;
  const characters = Array.from({ length: PasswordLength }, (_none, at) => pick(required[at] ?? all));
  for (let at = characters.length - 1; at > 0; at--) {
    const other = Math.floor(call.random() * (at + 1));
    [characters[at], characters[other]] = [characters[other]!, characters[at]!];
  }
  return characters.join("");
}

const invalidRequest = (message: string): AwsError => new AwsError("InvalidRequestException", message);
