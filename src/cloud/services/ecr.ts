/** Amazon Elastic Container Registry. */
import type * as sdk from "@aws-sdk/client-ecr";
import type { Operations, Service } from "../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.ECR, State>;

export const ecr = {
  api: { signing: "ecr", protocol: "awsJson1_1", version: "2015-09-21", target: "AmazonEC2ContainerRegistry_V20150921" },
  sdk: () => import("@aws-sdk/client-ecr"),
  state,
  operations,
} satisfies Service;
