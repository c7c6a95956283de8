/** Amazon Elastic Container Service: API: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-ecs";
import type { Operations, Service } from "../../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.ECS, State>;

export const ecs = {
  api: { signing: "ecs", protocol: "awsJson1_1", version: "2014-11-13", target: "AmazonEC2ContainerServiceV20141113" },
  sdk: () => import("@aws-sdk/client-ecs"),
  state,
  operations,
} satisfies Service;
