/** Elastic Load Balancing v2: API: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Operations, Service } from "../../service.ts";

const state = () => ({});
type State = ReturnType<typeof state>;

const operations = {} satisfies Operations<sdk.ElasticLoadBalancingV2, State>;

export const elasticloadbalancing = {
  api: {
    signing: "elasticloadbalancing",
    protocol: "awsQuery",
    version: "2015-12-01",
    namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
  },
  sdk: () => import("@aws-sdk/client-elastic-load-balancing-v2"),
  state,
  operations,
} satisfies Service;
