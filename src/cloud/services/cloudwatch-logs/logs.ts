/** Amazon CloudWatch Logs. */
import type * as sdk from "@aws-sdk/client-cloudwatch-logs";
import type { Operations, Service } from "../../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.CloudWatchLogs, State>;

export const logs = {
  api: { signing: "logs", protocol: "awsJson1_1", version: "2014-03-28", target: "Logs_20140328" },
  sdk: () => import("@aws-sdk/client-cloudwatch-logs"),
  state,
  operations,
} satisfies Service;
