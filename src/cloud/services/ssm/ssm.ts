/** AWS Systems Manager: Parameter Store, managed nodes, Run Command, patches. API: https://docs.aws.amazon.com/systems-manager/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-ssm";
import type { Call, Operations, Service } from "../../service.ts";
import { activationOperations } from "./activations.ts";
import { commandOperations, commandTimers, nodeChanged } from "./commands.ts";
import { documentOperations } from "./documents.ts";
import { instanceChanged, machineChanged, nodeOperations, nodeTimers, RegisterManagedInstance, sensed } from "./nodes.ts";
import { arnOf } from "./parameter.ts";
import { baselineOperations } from "./patch-baselines.ts";
import { state, type State, type Timers } from "./state.ts";
import { parameterOperations, parameterTimers } from "./parameters.ts";
import { parameterResource } from "./parameter-resource.ts";
import { resources } from "./resources.ts";
import { settingOperations } from "./settings.ts";
import { tagOperations } from "./tags.ts";

const operations = {
  ...activationOperations,
  ...baselineOperations,
  ...commandOperations,
  ...documentOperations,
  ...nodeOperations,
  ...parameterOperations,
  ...settingOperations,
  ...tagOperations,
} satisfies Operations<sdk.SSM, State, Timers>;

export const ssm = {
  api: { signing: "ssm", protocol: "awsJson1_1", version: "2014-11-06", target: "AmazonSSM" },
  sdk: () => import("@aws-sdk/client-ssm"),
  needs: ["ec2", "iam", "kms"],
  state,
  operations: { ...operations, RegisterManagedInstance },
  timers: { ...commandTimers, ...nodeTimers, ...parameterTimers },
  senses: { machine: machineChanged, line: sensed },
  hears: { "instance-state": instanceChanged, "node-changed": nodeChanged },
  *tagged(call: Call<State, Timers>) {
    for (const [name, { tags }] of call.state.parameters) yield { arn: arnOf(call, name), tags };
  },
  tag(call: Call<State, Timers>, arn: string, set: Record<string, string>, remove: readonly string[]) {
    const found = [...call.state.parameters].find(([name]) => arnOf(call, name) === arn);
    if (!found) return false;
    Object.assign(found[1].tags, set);
    for (const key of remove) delete found[1].tags[key];
    return true;
  },
  resources: { "AWS::SSM::Parameter": parameterResource, ...resources },
} satisfies Service;
