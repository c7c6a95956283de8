/** ECS Anywhere: hosts of a data centre in a cluster, with and without their line. */
import { ECS } from "@aws-sdk/client-ecs";
import { IAM } from "@aws-sdk/client-iam";
import { SSM } from "@aws-sdk/client-ssm";
import { expect, test } from "vitest";
import { gib } from "../../../kernel/units.ts";
import { clients } from "../../clients.ts";
import { ACCOUNT, Cloud, root } from "../../cloud.ts";

const region = "eu-west-1";

/** Two hosts of the site `hq`, registered with Systems Manager and the cluster `racks`. */
async function racks() {
  const cloud = new Cloud({ latencies: "median" });
  const at = clients(cloud);
  const [ssm, iam] = [at(SSM, { region }), at(IAM, { region })];
  const ecs = at(ECS, { region });
  const trust = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "ssm.amazonaws.com" }, Action: "sts:AssumeRole" }],
  };
  await iam.createRole({ RoleName: "racks", AssumeRolePolicyDocument: JSON.stringify(trust) });
  await ecs.createCluster({ clusterName: "racks" });
  const { ActivationId, ActivationCode } = await ssm.createActivation({ IamRole: "racks", RegistrationLimit: 2 });
  const after = (delay: number) => void cloud.advance((Number(cloud.run.now) + delay) as typeof cloud.run.now);
  const nodes: string[] = [];
  for (const Machine of ["rack-1", "rack-2"]) {
    cloud.act({
      act: "place-host",
      machine: Machine,
      site: "hq",
      address: `10.64.8.1${Machine.at(-1)}`,
      cores: 4,
      memory: gib(16),
      boot: 1000,
    });
    cloud.act({ act: "power-on", machine: Machine });
    after(1000);
    const { InstanceId } = cloud.call({
      service: "ssm",
      operation: "RegisterManagedInstance",
      input: { ActivationId, ActivationCode, Machine },
      region,
      principal: root(ACCOUNT),
    });
    nodes.push(InstanceId);
    await ecs.registerContainerInstance({ cluster: "racks", instanceIdentityDocument: JSON.stringify({ instanceId: InstanceId }) });
  }
  const { taskDefinition } = await ecs.registerTaskDefinition({
    family: "worker",
    requiresCompatibilities: ["EXTERNAL"],
    containerDefinitions: [{ name: "worker", image: "acme/worker", memory: 256 }],
  });
  const create = (more: object = {}) =>
    ecs.createService({
      cluster: "racks",
      serviceName: "worker",
      taskDefinition: taskDefinition?.taskDefinitionArn,
      launchType: "EXTERNAL",
      desiredCount: 2,
      ...more,
    });
  const tasks = async (desiredStatus: "RUNNING" | "STOPPED" = "RUNNING") => {
    const { taskArns = [] } = await ecs.listTasks({ cluster: "racks", desiredStatus });
    return taskArns.length ? (await ecs.describeTasks({ cluster: "racks", tasks: taskArns })).tasks! : [];
  };
  return { cloud, ecs, ssm, nodes, after, create, tasks };
}

test("ECS-075 a host shows its mi- id, and is in one cluster only", async () => {
  const { ecs, nodes } = await racks();
  const { containerInstanceArns } = await ecs.listContainerInstances({ cluster: "racks" });
  const { containerInstances = [] } = await ecs.describeContainerInstances({
    cluster: "racks",
    containerInstances: containerInstanceArns,
  });
  expect(containerInstances.map(({ ec2InstanceId }) => ec2InstanceId)).toEqual(nodes);
  expect(containerInstances[0]?.attributes?.some(({ name }) => name === "ecs.capability.external")).toBe(true);
  await ecs.createCluster({ clusterName: "other" });
  await expect(
    ecs.registerContainerInstance({ cluster: "other", instanceIdentityDocument: JSON.stringify({ instanceId: nodes[0] }) }),
  ).rejects.toThrow("already");
});

test("ECS-076 no load balancer and no capacity provider outside AWS", async () => {
  const { create } = await racks();
  await expect(create({ loadBalancers: [{ targetGroupArn: "arn:x", containerName: "worker", containerPort: 80 }] })).rejects.toThrow(
    "not supported on external",
  );
  await create();
});

test("ECS-079 ECS-080 LAT-014 a host that loses its line for two hours: its containers run on, nothing is placed there, and what died is said and replaced when the line is back", async () => {
  const { cloud, ecs, after, create, tasks } = await racks();
  await create();
  after(60_000);
  expect((await tasks()).map(({ lastStatus }) => lastStatus)).toEqual(["RUNNING", "RUNNING"]);
  cloud.act({ act: "cut-lines", site: "hq", region });
  after(60_000);
  const [dies] = [...cloud.run.universe.world.containers.values()];
  cloud.act({ act: "end-container", container: dies!.id, code: 1 });
  after(2 * 3_600_000);
  // Nobody has said so: ECS keeps what it knew.
  expect((await tasks()).map(({ lastStatus }) => lastStatus)).toEqual(["RUNNING", "RUNNING"]);
  const connected = async () => {
    const { containerInstanceArns } = await ecs.listContainerInstances({ cluster: "racks" });
    return (await ecs.describeContainerInstances({ cluster: "racks", containerInstances: containerInstanceArns })).containerInstances?.map(
      ({ agentConnected }) => agentConnected,
    );
  };
  expect(await connected()).toEqual([false, false]);
  cloud.act({ act: "mend-lines", site: "hq", region });
  after(29_000);
  expect(await connected()).toEqual([false, false]);
  after(1000); // the agent dials again after 30 s
  expect(await connected()).toEqual([true, true]);
  expect(await tasks("STOPPED")).toMatchObject([{ stopCode: "EssentialContainerExited", containers: [{ exitCode: 1 }] }]);
  after(60_000);
  expect((await tasks()).map(({ lastStatus }) => lastStatus)).toEqual(["RUNNING", "RUNNING"]);
});
