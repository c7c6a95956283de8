/** Amazon Elastic Container Service, on EC2's machines and other people's. API: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ */
import type * as sdk from "@aws-sdk/client-ecs";
import type { Operations, Service, Tagged } from "../../service.ts";
import { agentTimers, instanceChanged, lineChanged, machineChanged } from "./agent.ts";
import { clusterOperations } from "./clusters.ts";
import { containerInstanceOperations } from "./container-instances.ts";
import { healthChanged } from "./load-balancing.ts";
import { resources } from "./resources.ts";
import { look } from "./scheduler.ts";
import { serviceOperations } from "./services.ts";
import { invalid, state, tagList, tagMap, type Here, type State, type Tags, type Timers } from "./state.ts";
import { taskDefinitionOperations } from "./task-definitions.ts";
import { containerChanged, lifeTimers } from "./task-life.ts";
import { taskOperations } from "./tasks.ts";
import { loadChanged } from "./usage.ts";

type Holder = { arn: string; tags: Tags };

function* holders({ state: { clusters, services, tasks, instances, definitions } }: Here): Iterable<Holder> {
  for (const cluster of clusters.values()) if (cluster.status === "ACTIVE") yield cluster;
  for (const service of services.values()) if (service.status === "ACTIVE") yield service;
  yield* tasks.values();
  yield* instances.values();
  for (const definition of definitions.values()) yield { arn: definition.taskDefinitionArn, tags: definition.tags };
}

function holder(call: Here, arn: string): Holder {
  for (const each of holders(call)) if (each.arn === arn) return each;
  throw invalid("The specified resource was not found.");
}

const tagOperations = {
  ListTagsForResource: (call, { resourceArn }) => ({ tags: tagList(holder(call, resourceArn).tags) }),
  TagResource: (call, { resourceArn, tags }) => void Object.assign(holder(call, resourceArn).tags, tagMap(tags)),
  UntagResource(call, { resourceArn, tagKeys }) {
    const { tags } = holder(call, resourceArn);
    for (const key of tagKeys) delete tags[key];
  },
} satisfies Operations<sdk.ECS, State, Timers>;

const operations = {
  ...clusterOperations,
  ...containerInstanceOperations,
  ...serviceOperations,
  ...tagOperations,
  ...taskDefinitionOperations,
  ...taskOperations,
} satisfies Operations<sdk.ECS, State, Timers>;

function* tagged(call: Here): Iterable<Tagged> {
  for (const { arn, tags } of holders(call)) yield { arn, tags };
}

function tag(call: Here, arn: string, set: Record<string, string>, remove: readonly string[]): boolean {
  for (const each of holders(call)) {
    if (each.arn !== arn) continue;
    Object.assign(each.tags, set);
    for (const key of remove) delete each.tags[key];
    return true;
  }
  return false;
}

export const ecs = {
  api: { signing: "ecs", protocol: "awsJson1_1", version: "2014-11-13", target: "AmazonEC2ContainerServiceV20141113" },
  sdk: () => import("@aws-sdk/client-ecs"),
  needs: ["cloudwatch", "ec2", "elasticloadbalancing", "ssm"],
  state,
  operations,
  timers: { ...agentTimers, ...lifeTimers, look },
  senses: { machine: machineChanged, line: lineChanged, container: containerChanged, load: loadChanged },
  hears: { "instance-state": instanceChanged, "target-health": healthChanged },
  tagged,
  tag,
  resources,
} satisfies Service;
