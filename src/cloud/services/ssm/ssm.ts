/** AWS Systems Manager: so far its Parameter Store. API: https://docs.aws.amazon.com/systems-manager/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-ssm";
import type { Call, Operations, Service } from "../../service.ts";
import { arnOf, parameterState, type ParameterTimers } from "./parameter.ts";
import { parameterOperations, parameterTimers } from "./parameters.ts";
import { parameterResource } from "./parameter-resource.ts";
import { settingOperations } from "./settings.ts";
import { tagOperations } from "./tags.ts";

const state = () => ({ ...parameterState() });
type State = ReturnType<typeof state>;
type Timers = ParameterTimers;

const operations = { ...parameterOperations, ...settingOperations, ...tagOperations } satisfies Operations<sdk.SSM, State, Timers>;

export const ssm = {
  api: { signing: "ssm", protocol: "awsJson1_1", version: "2014-11-06", target: "AmazonSSM" },
  sdk: () => import("@aws-sdk/client-ssm"),
  needs: ["kms"],
  state,
  operations,
  timers: parameterTimers,
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
  resources: { "AWS::SSM::Parameter": parameterResource },
} satisfies Service;
