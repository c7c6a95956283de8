import { CloudFormation, type ChangeSetType } from "@aws-sdk/client-cloudformation";
import { expect, test } from "vitest";
import { clients } from "../clients.ts";
import { Cloud } from "../cloud.ts";

function start() {
  const cloud = new Cloud({ paranoid: true });
  return { cloud, cfn: clients(cloud)(CloudFormation, { region: "eu-west-1" }) };
}

const parameter = (Value: unknown, more: object = {}) => ({ Type: "AWS::SSM::Parameter", Properties: { Type: "String", Value, ...more } });

async function propose({ cloud, cfn }: ReturnType<typeof start>, ChangeSetType: ChangeSetType, template: object, more: object = {}) {
  await cfn.createChangeSet({ StackName: "s", ChangeSetName: "c", ChangeSetType, TemplateBody: JSON.stringify(template), ...more });
  cloud.settle();
  return cfn.describeChangeSet({ StackName: "s", ChangeSetName: "c" });
}

async function execute({ cloud, cfn }: ReturnType<typeof start>) {
  await cfn.executeChangeSet({ StackName: "s", ChangeSetName: "c" });
  cloud.settle();
  return (await cfn.describeStacks({ StackName: "s" })).Stacks![0]!;
}

test("a change set for a new stack is reviewed, executed, and then finished", async () => {
  const run = start();
  const set = await propose(run, "CREATE", { Resources: { A: parameter("1") } });
  expect(set).toMatchObject({
    Status: "CREATE_COMPLETE",
    ExecutionStatus: "AVAILABLE",
    Changes: [{ Type: "Resource", ResourceChange: { Action: "Add", LogicalResourceId: "A", ResourceType: "AWS::SSM::Parameter" } }],
  });
  expect((await run.cfn.describeStacks({ StackName: "s" })).Stacks![0]!.StackStatus).toBe("REVIEW_IN_PROGRESS");
  expect((await execute(run)).StackStatus).toBe("CREATE_COMPLETE");
  expect((await run.cfn.describeChangeSet({ ChangeSetName: set.ChangeSetId })).ExecutionStatus).toBe("EXECUTE_COMPLETE");
  await run.cfn.deleteChangeSet({ StackName: "s", ChangeSetName: "c" });
  await expect(run.cfn.describeChangeSet({ StackName: "s", ChangeSetName: "c" })).rejects.toMatchObject({
    name: "ChangeSetNotFoundException",
  });
});

test("a change set without changes fails, and says so in AWS's words", async () => {
  const run = start();
  await propose(run, "CREATE", { Resources: { A: parameter("1") } });
  await execute(run);
  await run.cfn.deleteChangeSet({ StackName: "s", ChangeSetName: "c" });
  const set = await propose(run, "UPDATE", { Resources: { A: parameter("1") } });
  expect(set).toMatchObject({
    Status: "FAILED",
    StatusReason: "The submitted information didn't contain changes. Submit different information to create a change set.",
    Changes: [],
  });
  await expect(run.cfn.executeChangeSet({ StackName: "s", ChangeSetName: "c" })).rejects.toMatchObject({
    name: "InvalidChangeSetStatusException",
  });
});

test("a change set tells replacements, what causes them, and what follows from them", async () => {
  const run = start();
  const Parameters = { P: { Type: "String", Default: "1" } };
  const before = {
    Parameters,
    Resources: {
      A: parameter("a", { Name: "/a" }),
      B: parameter({ Ref: "A" }),
      C: parameter({ Ref: "P" }),
      D: { ...parameter("d"), DeletionPolicy: "Retain" },
    },
  };
  await propose(run, "CREATE", before);
  await execute(run);
  await run.cfn.deleteChangeSet({ StackName: "s", ChangeSetName: "c" });
  const after = { Parameters, Resources: { A: parameter("a", { Name: "/a2" }), B: parameter({ Ref: "A" }), C: parameter({ Ref: "P" }) } };
  const { Changes } = await propose(run, "UPDATE", after, { Parameters: [{ ParameterKey: "P", ParameterValue: "2" }] });
  expect(Changes!.map(({ ResourceChange }) => ResourceChange)).toMatchObject([
    {
      LogicalResourceId: "A",
      Action: "Modify",
      Replacement: "True",
      PolicyAction: "ReplaceAndDelete",
      Details: [
        {
          Target: { Attribute: "Properties", Name: "Name", RequiresRecreation: "Always" },
          Evaluation: "Static",
          ChangeSource: "DirectModification",
        },
      ],
    },
    {
      LogicalResourceId: "B",
      Replacement: "False",
      Details: [
        {
          Target: { Name: "Value", RequiresRecreation: "Never" },
          Evaluation: "Dynamic",
          ChangeSource: "ResourceReference",
          CausingEntity: "A",
        },
      ],
    },
    {
      LogicalResourceId: "C",
      Replacement: "False",
      Details: [{ Evaluation: "Static", ChangeSource: "ParameterReference", CausingEntity: "P" }],
    },
    { LogicalResourceId: "D", Action: "Remove", PolicyAction: "Retain" },
  ]);
});

test("a change set finds wrong properties before anything is made", async () => {
  const run = start();
  const set = await propose(run, "CREATE", {
    Resources: { A: { Type: "AWS::SSM::Parameter", Properties: { Value: ["x"], Sort: "String" } } },
  });
  expect(set.Status).toBe("FAILED");
  expect(set.StatusReason).toContain("AWS::EarlyValidation::PropertyValidation");
  const { OperationEvents } = await run.cfn.describeEvents({ StackName: "s", ChangeSetName: "c", Filters: { FailedEvents: true } });
  expect(
    OperationEvents!.map(({ ValidationPath, ValidationStatusReason }) => `${ValidationPath}: ${ValidationStatusReason}`).sort(),
  ).toEqual([
    "/Resources/A/Properties/Sort: Encountered unsupported property Sort",
    "/Resources/A/Properties/Type: Property Type cannot be empty.",
    "/Resources/A/Properties/Value: Value of property Value must be of type String",
  ]);
});

test("a type that Causeway lacks is named before anything is made", async () => {
  const run = start();
  await expect(propose(run, "CREATE", { Resources: { A: parameter("1"), L: { Type: "AWS::Lambda::Function" } } })).rejects.toThrow(
    "Causeway does not emulate AWS::Lambda::Function: add it in src/cloud/services/",
  );
  await expect(propose(run, "CREATE", { Resources: { C: { Type: "Custom::Thing" } } })).rejects.toThrow(
    "Causeway does not emulate Custom::Thing: custom resources need Lambda functions",
  );
  await expect(run.cfn.describeStacks({ StackName: "s" })).rejects.toThrow("does not exist");
});
