/** AWS Identity and Access Management. */
import type * as sdk from "@aws-sdk/client-iam";
import type { Operations, Service } from "../../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.IAM, State>;

export const iam = {
  api: { signing: "iam", protocol: "awsQuery", version: "2010-05-08", namespace: "https://iam.amazonaws.com/doc/2010-05-08/" },
  sdk: () => import("@aws-sdk/client-iam"),
  state,
  operations,
} satisfies Service;
