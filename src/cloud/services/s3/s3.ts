/** Amazon S3. API: https://docs.aws.amazon.com/AmazonS3/latest/API/ */
import type { Service, Tagged } from "../../service.ts";
import { state, type Here, type S3Operations } from "./bucket.ts";
import { aclOperations } from "./acl.ts";
import { bucketOperations } from "./buckets.ts";
import { copyOperations } from "./copies.ts";
import { deletionOperations } from "./deletion.ts";
import { encryptionOperations } from "./encryption.ts";
import { lifecycleOperations } from "./lifecycle.ts";
import { listingOperations } from "./listing.ts";
import { lockOperations } from "./lock.ts";
import { multipartOperations } from "./multipart.ts";
import { namedSettingOperations } from "./named-settings.ts";
import { notificationOperations } from "./notifications.ts";
import { objectOperations } from "./objects.ts";
import { policyOperations } from "./policy.ts";
import { replicationOperations } from "./replication.ts";
import { resources } from "./resources.ts";
import { restoreOperations, restoreTimers } from "./restore.ts";
import { settingOperations } from "./settings.ts";
import { taggingOperations } from "./tagging.ts";
import { uploadOperations } from "./uploads.ts";

const operations = {
  ...bucketOperations,
  ...settingOperations,
  ...aclOperations,
  ...encryptionOperations,
  ...lifecycleOperations,
  ...lockOperations,
  ...namedSettingOperations,
  ...notificationOperations,
  ...policyOperations,
  ...replicationOperations,
  ...taggingOperations,
  ...objectOperations,
  ...copyOperations,
  ...deletionOperations,
  ...restoreOperations,
  ...multipartOperations,
  ...uploadOperations,
  ...listingOperations,
} satisfies S3Operations;

function* tagged(call: Here): Iterable<Tagged> {
  for (const { name, region, account, tags } of call.state.buckets.values()) {
    if (region === call.region && account === call.account) yield { arn: `arn:aws:s3:::${name}`, tags };
  }
}

function tag(call: Here, arn: string, set: Record<string, string>, remove: readonly string[]): boolean {
  const bucket = call.state.buckets.get(/^arn:aws:s3:::([^/]+)$/.exec(arn)?.[1] ?? "");
  if (!bucket || bucket.account !== call.account) return false;
  bucket.tags = Object.fromEntries(Object.entries({ ...bucket.tags, ...set }).filter(([key]) => !remove.includes(key)));
  return true;
}

export const s3 = {
  api: {
    signing: "s3",
    protocol: "restXml",
    version: "2006-03-01",
    namespace: "http://s3.amazonaws.com/doc/2006-03-01/",
    bucketInPath: true,
  },
  sdk: () => import("@aws-sdk/client-s3"),
  scope: "partition",
  needs: ["kms"],
  state,
  operations,
  timers: restoreTimers,
  tagged,
  tag,
  resources,
} satisfies Service;
