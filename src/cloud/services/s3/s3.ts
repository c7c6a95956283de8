/** Amazon S3. */
import type * as sdk from "@aws-sdk/client-s3";
import type { Operations, Service } from "../../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.S3, State>;

export const s3 = {
  api: { signing: "s3", protocol: "restXml", version: "2006-03-01", namespace: "http://s3.amazonaws.com/doc/2006-03-01/", bucketInPath: true },
  sdk: () => import("@aws-sdk/client-s3"),
  state,
  operations,
} satisfies Service;
