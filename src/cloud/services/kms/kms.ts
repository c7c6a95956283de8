/** AWS Key Management Service, with real cryptography. API: https://docs.aws.amazon.com/kms/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-kms";
import type { Operations, Service } from "../../service.ts";
import { aliasOperations } from "./aliases.ts";
import { encryptionOperations } from "./encryption.ts";
import { grantOperations } from "./grants.ts";
import { importOperations, importTimers } from "./imports.ts";
import { state, type Here, type State, type Timers } from "./key.ts";
import { keyOperations, keyTimers } from "./keys.ts";
import { multiRegionOperations, multiRegionTimers } from "./multi-region.ts";
import { policyOperations } from "./policies.ts";
import { resources } from "./resources.ts";
import { rotationOperations, rotationTimers } from "./rotation.ts";
import { signingOperations } from "./signing.ts";
import { tagOperations } from "./tags.ts";

const operations = {
  ...keyOperations,
  ...policyOperations,
  ...aliasOperations,
  ...grantOperations,
  ...rotationOperations,
  ...multiRegionOperations,
  ...importOperations,
  ...encryptionOperations,
  ...signingOperations,
  ...tagOperations,
} satisfies Operations<sdk.KMS, State, Timers>;

export const kms = {
  api: { signing: "kms", protocol: "awsJson1_1", version: "2014-11-01", target: "TrentService" },
  sdk: () => import("@aws-sdk/client-kms"),
  state,
  operations,
  timers: { ...keyTimers, ...rotationTimers, ...multiRegionTimers, ...importTimers },
  *tagged(call: Here) {
    for (const { metadata, tags } of call.state.keys.values()) if (metadata.KeyManager === "CUSTOMER") yield { arn: metadata.Arn, tags };
  },
  tag(call: Here, arn: string, set: Record<string, string>, remove: readonly string[]) {
    const key = [...call.state.keys.values()].find(({ metadata }) => metadata.Arn === arn);
    if (!key) return false;
    Object.assign(key.tags, set);
    for (const name of remove) delete key.tags[name];
    return true;
  },
  resources,
  changes: {
    // Makes the key that AWS manages for a service, when its alias is asked for first.
    DescribeKey: true,
    // Makes a wrapping key and a token.
    GetParametersForImport: true,
    Decrypt: false,
    Sign: false,
    Verify: false,
    GenerateMac: false,
    VerifyMac: false,
    DeriveSharedSecret: false,
  },
} satisfies Service;
