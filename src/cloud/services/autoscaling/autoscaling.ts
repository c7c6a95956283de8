/** Amazon EC2 Auto Scaling: groups that have as many instances as they should. API: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/ */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import type { Operations, Service } from "../../service.ts";
import { activityOperations } from "./activities.ts";
import { catalogueOperations } from "./catalogue.ts";
import { groupOperations } from "./groups.ts";
import { healthOperations, instanceState, instanceStatus, rechecked, targetHealth } from "./health.ts";
import { hookOperations, silent } from "./hooks.ts";
import { loadBalancingOperations } from "./load-balancing.ts";
import { membershipOperations } from "./membership.ts";
import { metricOperations } from "./metrics.ts";
import { notificationOperations } from "./notifications.ts";
import { pass, passLater, powerBack } from "./pass.ts";
import { policyOperations } from "./policies.ts";
import { processOperations } from "./processes.ts";
import { refreshOperations } from "./refreshes.ts";
import { resources } from "./resources.ts";
import { act, heard } from "./scaling.ts";
import { fire, scheduleOperations } from "./schedules.ts";
import { state, type State } from "./state.ts";
import { allTagged, tagByArn, tagOperations } from "./tags.ts";
import { containerChanged, loadChanged, warmed } from "./usage.ts";
import { warmPoolOperations } from "./warm-pool.ts";
import { shifted } from "./zonal-shift.ts";

const operations = {
  ...activityOperations,
  ...catalogueOperations,
  ...groupOperations,
  ...healthOperations,
  ...hookOperations,
  ...loadBalancingOperations,
  ...membershipOperations,
  ...metricOperations,
  ...notificationOperations,
  ...policyOperations,
  ...processOperations,
  ...refreshOperations,
  ...scheduleOperations,
  ...tagOperations,
  ...warmPoolOperations,
} satisfies Operations<sdk.AutoScaling, State>;

export const autoscaling = {
  api: {
    signing: "autoscaling",
    protocol: "awsQuery",
    version: "2011-01-01",
    namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
  },
  sdk: () => import("@aws-sdk/client-auto-scaling"),
  needs: ["cloudwatch", "ec2", "elasticloadbalancing", "iam", "sns", "sqs"],
  state,
  operations,
  timers: { act, heartbeat: silent, pass, passLater, recheck: rechecked, scheduled: fire, warmed },
  senses: { container: containerChanged, load: loadChanged, zone: powerBack },
  hears: {
    "alarm-action": heard,
    "instance-state": instanceState,
    "instance-status": instanceStatus,
    "target-health": targetHealth,
    "zonal-shift": shifted,
  },
  tagged: allTagged,
  tag: tagByArn,
  resources,
} satisfies Service;
