/** What can be said of Auto Scaling itself. */
import type * as sdk from "@aws-sdk/client-auto-scaling";
import type { Operations } from "../../service.ts";
import { GROUPS_MAX } from "./groups.ts";
import type { State, Timers } from "./state.ts";
import { terminationPolicyTypes } from "./termination.ts";

// docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html
const CONFIGURATIONS_MAX = 200;

export const catalogueOperations = {
  DescribeAccountLimits: (call) => ({
    MaxNumberOfAutoScalingGroups: GROUPS_MAX,
    MaxNumberOfLaunchConfigurations: CONFIGURATIONS_MAX,
    NumberOfAutoScalingGroups: call.state.groups.size,
    NumberOfLaunchConfigurations: 0,
  }),
  DescribeAdjustmentTypes: () => ({
    AdjustmentTypes: ["ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"].map((AdjustmentType) => ({ AdjustmentType })),
  }),
  /** They can't be made, so there are none. */
  DescribeLaunchConfigurations: () => ({ LaunchConfigurations: [] }),
  DescribeTerminationPolicyTypes: () => ({ TerminationPolicyTypes: terminationPolicyTypes }),
} satisfies Operations<sdk.AutoScaling, State, Timers>;
