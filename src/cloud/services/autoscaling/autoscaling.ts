/** Amazon EC2 Auto Scaling: API: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/ */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import type { Operations, Service } from "../../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.AutoScaling, State>;

export const autoscaling = {
  api: {
    signing: "autoscaling",
    protocol: "awsQuery",
    version: "2011-01-01",
    namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
  },
  sdk: () => import("@aws-sdk/client-auto-scaling"),
  state,
  operations,
} satisfies Service;
