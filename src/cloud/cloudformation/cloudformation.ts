/** AWS CloudFormation. */
import type * as sdk from "@aws-sdk/client-cloudformation";
import type { Operations, Service } from "../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.CloudFormation, State>;

export const cloudformation = {
  api: { signing: "cloudformation", protocol: "awsQuery", version: "2010-05-15", namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/" },
  sdk: () => import("@aws-sdk/client-cloudformation"),
  state,
  operations,
} satisfies Service;
