/** The platform's key in a role's statement: by its alias, since the id is AWS's choice and roles are made before anything refers to it. */
import type { Names } from "../platform/names.ts";
import { allow, type Statement } from "./role.ts";
import { arn } from "./template.ts";

/** Decrypts with whichever key carries the platform's alias, and no other: docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html */
export const decrypts = ({ keyAlias }: Names): Statement =>
  allow("kms:Decrypt", arn("kms", "key/*"), { "ForAnyValue:StringEquals": { "kms:ResourceAliases": keyAlias } });
