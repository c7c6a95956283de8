/** AWS Secrets Manager. API: https://docs.aws.amazon.com/secretsmanager/latest/apireference/ */
import type * as sdk from "@aws-sdk/client-secrets-manager";
import type { Operations, Service } from "../../service.ts";
import { passwordOperations } from "./passwords.ts";
import { policyOperations } from "./policies.ts";
import { changed, replicationOperations, replicationTimers } from "./replication.ts";
import { resources } from "./resources.ts";
import { rotationOperations, rotationTimers } from "./rotation.ts";
import { isReplica, state, type Here, type State, type Timers } from "./secret.ts";
import { secretOperations, secretTimers } from "./secrets.ts";
import { valueOperations } from "./values.ts";

const operations = {
  ...secretOperations,
  ...valueOperations,
  ...policyOperations,
  ...rotationOperations,
  ...replicationOperations,
  ...passwordOperations,
} satisfies Operations<sdk.SecretsManager, State, Timers>;

export const secretsmanager = {
  api: { signing: "secretsmanager", protocol: "awsJson1_1", version: "2017-10-17", target: "secretsmanager" },
  sdk: () => import("@aws-sdk/client-secrets-manager"),
  needs: ["kms"],
  state,
  operations,
  timers: { ...secretTimers, ...replicationTimers, ...rotationTimers },
  *tagged(call: Here) {
    for (const { ARN, tags } of call.state.secrets.values()) yield { arn: ARN, tags };
  },
  tag(call: Here, arn: string, set: Record<string, string>, remove: readonly string[]) {
    const secret = [...call.state.secrets.values()].find(({ ARN }) => ARN === arn);
    if (!secret || isReplica(call, secret)) return false;
    Object.assign(secret.tags, set);
    for (const key of remove) delete secret.tags[key];
    changed(call, secret);
    return true;
  },
  resources,
  // Named like a question, but it draws from the run's chance.
  changes: { GetRandomPassword: true },
} satisfies Service;
