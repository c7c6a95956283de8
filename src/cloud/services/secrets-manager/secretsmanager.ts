/** AWS Secrets Manager. */
import type * as sdk from "@aws-sdk/client-secrets-manager";
import type { Operations, Service } from "../../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.SecretsManager, State>;

export const secretsmanager = {
  api: { signing: "secretsmanager", protocol: "awsJson1_1", version: "2017-10-17", target: "secretsmanager" },
  sdk: () => import("@aws-sdk/client-secrets-manager"),
  state,
  operations,
} satisfies Service;
