/** Amazon EC2. */
import type * as sdk from "@aws-sdk/client-ec2";
import type { Operations, Service } from "../../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.EC2, State>;

export const ec2 = {
  api: { signing: "ec2", protocol: "ec2Query", version: "2016-11-15", namespace: "http://ec2.amazonaws.com/doc/2016-11-15/" },
  sdk: () => import("@aws-sdk/client-ec2"),
  state,
  operations,
} satisfies Service;
