/** Resource Groups Tagging API. */
import type * as sdk from "@aws-sdk/client-resource-groups-tagging-api";
import type { Operations, Service } from "../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.ResourceGroupsTaggingAPI, State>;

export const tagging = {
  api: { signing: "tagging", protocol: "awsJson1_1", version: "2017-01-26", target: "ResourceGroupsTaggingAPI_20170126" },
  sdk: () => import("@aws-sdk/client-resource-groups-tagging-api"),
  state,
  operations,
} satisfies Service;
