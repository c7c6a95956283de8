/** Amazon CloudWatch: API: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-cloudwatch";
import type { Operations, Service } from "../../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.CloudWatch, State>;

export const cloudwatch = {
  api: {
    signing: "monitoring",
    protocol: "awsJson1_0",
    version: "2010-08-01",
    target: "GraniteServiceVersion20100801",
    namespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
    alsoQuery: true,
  },
  sdk: () => import("@aws-sdk/client-cloudwatch"),
  state,
  operations,
} satisfies Service;
