/**
 * AWS CloudFormation. API: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/
 * It knows templates, functions, order, difference and rollback; resource types come from the services that own them.
 */
import type * as sdk from "@aws-sdk/client-cloudformation";
import type { Operations, Service } from "../service.ts";
import { changeSetOperations, examine } from "./change-sets.ts";
import { begin, conclude, interrupt } from "./deploy.ts";
import { descriptionOperations } from "./descriptions.ts";
import { driftOperations } from "./drift.ts";
import { resources } from "./resources.ts";
import { stackOperations } from "./stacks.ts";
import { state, type Here, type State, type Timers } from "./state.ts";
import { step } from "./tasks.ts";

const operations = { ...stackOperations, ...changeSetOperations, ...descriptionOperations, ...driftOperations } satisfies Operations<
  sdk.CloudFormation,
  State,
  Timers
>;

/** The stack, if that operation is still the one that it carries out. */
const during = (call: Here, { stackId, operation }: Timers["begin"]) => {
  const stack = call.state.stacks.get(stackId);
  return stack?.operation?.id === operation ? stack : undefined;
};

const timers = {
  step,
  examine,
  begin(call: Here, data: Timers["begin"]) {
    const stack = during(call, data);
    if (stack) begin(call, stack);
  },
  conclude(call: Here, data: Timers["conclude"]) {
    const stack = during(call, data);
    if (stack) conclude(call, stack);
  },
  timeout(call: Here, data: Timers["timeout"]) {
    const stack = during(call, data);
    if (stack?.operation!.phase === "create") interrupt(call, stack, "Stack creation time exceeded the specified timeout");
  },
  forget(call: Here, { stackId }: Timers["forget"]) {
    call.state.stacks.delete(stackId);
  },
};

export const cloudformation = {
  api: {
    signing: "cloudformation",
    protocol: "awsQuery",
    version: "2010-05-15",
    namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
  },
  sdk: () => import("@aws-sdk/client-cloudformation"),
  needs: "all",
  state,
  operations,
  timers,
  resources,
} satisfies Service;
