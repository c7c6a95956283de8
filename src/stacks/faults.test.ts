import { expect, test } from "vitest";
import type { Template } from "./assembly.ts";
import { assemble } from "./assemble.ts";
import { faults } from "./faults.ts";
import type { Place } from "./place.ts";
import { define, foundationOf, networkOf, placeOf, template } from "./testing.ts";

type Change = (input: any) => void;
const strategy =
  (name: string): Change =>
  (input) =>
    (input.recovery.strategy = name);
const made = (place: Place): Template =>
  template(place, (stack) => {
    const link = { virtualInterfaceIds: place.role === "primary" ? ["dxvif-1"] : [], connectionIds: [] };
    faults(stack, place, { foundation: foundationOf(place), network: networkOf(place), link });
  });
const primary = (change?: Change) => made(placeOf(define(change)));
const recovery = (change?: Change) => made(placeOf(define(change), "recovery"));

const experiments = ({ Resources }: Template): Record<string, any> =>
  Object.fromEntries(
    Object.entries(Resources).flatMap(([id, { Type, Properties }]) =>
      Type === "AWS::FIS::ExperimentTemplate" ? [[id.replace("Experiment", ""), Properties]] : [],
    ),
  );
const actionIds = (experiment: any): string[] => Object.values<any>(experiment.Actions).map(({ ActionId }) => ActionId);
const statements = ({ Resources }: Template): any[] => Resources["ExperimentRole"]!.Properties!["Policies"][0].PolicyDocument.Statement;

test("S3 experiments take lines, zones, machines, tasks, database, region and replication away, each where it is", () => {
  expect(Object.keys(experiments(primary()))).toEqual([
    "LoseZoneA",
    "LoseZoneB",
    "LoseMachine",
    "LoseTasks",
    "DatabaseFailover",
    "LoseDirectConnect",
    "LoseOtherRegion",
    "PauseReplication",
  ]);
  expect(Object.keys(experiments(recovery()))).toEqual(["LoseZoneA", "LoseZoneB", "LoseMachine", "LoseTasks", "LoseOtherRegion"]);
  expect(Object.keys(experiments(recovery(strategy("pilot-light"))))).toEqual(["LoseZoneA", "LoseZoneB"]);
  expect(Object.keys(experiments(recovery(strategy("active-active"))))).toContain("PauseReplication");
});

test("S3 Direct Connect is cut for ten minutes, the least that AWS takes", () => {
  const { Actions, Targets } = experiments(primary())["LoseDirectConnect"];
  expect(Actions.cut).toMatchObject({ ActionId: "aws:directconnect:virtual-interface-disconnect", Parameters: { duration: "PT10M" } });
  expect(JSON.stringify(Targets.lines.ResourceArns)).toContain("dxvif-1");
});

test("S14 a lost zone stays lost: no new machine starts there, and the database fails over only if it was there", () => {
  const { Actions, Targets } = experiments(primary())["LoseZoneB"];
  expect(Actions.cut.Parameters.scope).toBe("all");
  expect(JSON.stringify(Targets.subnets.ResourceArns)).toMatch(/subnet-public1.*subnet-app1.*subnet-data1/);
  expect(Targets.machines.Filters).toContainEqual({ Path: "SubnetId", Values: ["subnet-app1"] });
  // The group ends what was stopped, and would replace it in the same zone.
  expect(Actions.stopMachines.Parameters.completeIfInstancesTerminated).toBe("true");
  expect(Actions.noNewMachines).toMatchObject({
    ActionId: "aws:ec2:asg-insufficient-instance-capacity-error",
    Parameters: { availabilityZoneIdentifiers: "euw1-az2" },
  });
  expect(Actions.failover.Parameters).toEqual({ forceFailover: "true" });
  expect(Targets.database.Parameters).toEqual({ availabilityZoneIdentifiers: "euw1-az2" });
});

test("S18 a database in one zone cannot fail over", () => {
  const single = experiments(primary((input) => (input.database.multiAz = false)));
  expect(single["DatabaseFailover"]).toBeUndefined();
  expect(actionIds(single["LoseZoneA"])).not.toContain("aws:rds:reboot-db-instances");
});

test("S21 replication is paused by the buckets' tags, since the action takes no bucket by name", () => {
  const { Targets, Actions } = experiments(primary())["PauseReplication"];
  expect(Targets.buckets.ResourceArns).toBeUndefined();
  expect(Targets.buckets.ResourceTags).toEqual({ "causeway:platform": "customer-three", "causeway:backup": "all" });
  expect(Actions.pause.Parameters.region).toBe("eu-central-1");
  // The tag is on the buckets of shares, and on none that does not replicate.
  for (const { part, template } of assemble(define()).stacks)
    for (const [id, { Type, Properties }] of Object.entries(template.Resources))
      if (Type === "AWS::S3::Bucket")
        expect(JSON.stringify(Properties!["Tags"]).includes('"causeway:backup"'), `${part} ${id}`).toBe(part === "files");
});

test("S27 experiments stop by alarms that exist, about what users get", () => {
  const { stacks } = assemble(define());
  const names = stacks
    .filter(({ region }) => region === "eu-west-1")
    .flatMap(({ template }) => Object.values(template.Resources).flatMap(({ Properties }) => Properties?.["AlarmName"] ?? []));
  const conditions = Object.values<any>(experiments(primary())).flatMap(({ StopConditions }) => StopConditions);
  expect(conditions.length).toBeGreaterThan(8);
  for (const { Source, Value } of conditions) {
    expect(Source).toBe("aws:cloudwatch:alarm");
    expect(names).toContain(Value["Fn::Sub"].split(":alarm:")[1]);
  }
  // Where nobody is served there is nothing to stop for.
  expect(experiments(recovery(strategy("pilot-light")))["LoseZoneA"].StopConditions).toEqual([{ Source: "none" }]);
});

test("S27 every action of an experiment has its permissions, and what no experiment does is not permitted", () => {
  const allowed = (each: Template) => JSON.stringify(statements(each));
  for (const action of [
    "ec2:StopInstances",
    "ec2:InjectApiError",
    "ecs:StopTask",
    "rds:RebootDBInstance",
    "directconnect:StartBgpFailoverTest",
    "s3:PauseReplication",
    "ec2:ReplaceNetworkAclAssociation",
    "ec2:ReplaceRouteTableAssociation",
  ])
    expect(allowed(primary()), action).toContain(`"${action}"`);
  for (const action of ["ec2:StopInstances", "ecs:StopTask", "rds:RebootDBInstance", "directconnect:", "s3:"])
    expect(allowed(recovery(strategy("pilot-light"))), action).not.toContain(`"${action}`);
});

test("S27 FIS changes only what is the platform's, or what it made itself", () => {
  const looks = /:(Describe|List|Get)|^logs:/;
  for (const { Action, Resource, Condition } of statements(primary())) {
    const changes = [Action].flat().filter((action) => !looks.test(action));
    if (changes.length > 0 && Resource === "*") expect(Condition, changes.join()).toBeDefined();
  }
});
