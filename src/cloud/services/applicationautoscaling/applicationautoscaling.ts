/** Application Auto Scaling: API: https://docs.aws.amazon.com/autoscaling/application/APIReference/ */
import type * as sdk from "@aws-sdk/client-application-auto-scaling";
import type { Operations, Service } from "../../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.ApplicationAutoScaling, State>;

export const applicationautoscaling = {
  api: { signing: "application-autoscaling", protocol: "awsJson1_1", version: "2016-02-06", target: "AnyScaleFrontendService" },
  sdk: () => import("@aws-sdk/client-application-auto-scaling"),
  state,
  operations,
} satisfies Service;
