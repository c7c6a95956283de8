import { CloudFormation } from "@aws-sdk/client-cloudformation";
import { SSM } from "@aws-sdk/client-ssm";
import { expect, test } from "vitest";
import { clients } from "../clients.ts";
import { Cloud } from "../cloud.ts";
import { cidrs } from "./cidr.ts";
import { locate } from "./sources.ts";

const cloud = new Cloud({ paranoid: true });
const cfn = clients(cloud)(CloudFormation, { region: "eu-west-1" });
const ssm = clients(cloud)(SSM, { region: "eu-west-1" });
let stacks = 0;

/** Outputs of a stack of one parameter with the given sections. */
async function outputs(sections: object, Parameters: Record<string, string> = {}, more: object = {}): Promise<Record<string, string>> {
  const StackName = `s${++stacks}`;
  const TemplateBody = JSON.stringify({
    Resources: { P: { Type: "AWS::SSM::Parameter", Properties: { Type: "String", Value: "p,q" } } },
    ...sections,
  });
  await cfn.createStack({
    StackName,
    TemplateBody,
    Parameters: Object.entries(Parameters).map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue })),
    ...more,
  });
  cloud.settle();
  const [stack] = (await cfn.describeStacks({ StackName })).Stacks!;
  expect(stack!.StackStatus, stack!.StackStatusReason).toBe("CREATE_COMPLETE");
  return Object.fromEntries((stack!.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
}

const value = async (Value: unknown, sections: object = {}) =>
  (
    await outputs(
      { Transform: "AWS::LanguageExtensions", ...sections, Outputs: { O: { Value } } },
      {},
      { Capabilities: ["CAPABILITY_AUTO_EXPAND"] },
    )
  ).O;

test.each<[string, unknown, string]>([
  ["Join", { "Fn::Join": ["-", ["a", { Ref: "AWS::Region" }]] }, "a-eu-west-1"],
  ["Sub", { "Fn::Sub": ["${X}/${AWS::AccountId}/${!Y}/${P.Value}", { X: "x" }] }, "x/123456789012/${Y}/p,q"],
  ["Select and Split", { "Fn::Select": ["1", { "Fn::Split": [",", { "Fn::GetAtt": ["P", "Value"] }] }] }, "q"],
  ["Base64", { "Fn::Base64": "héllo" }, "aMOpbGxv"],
  ["Cidr", { "Fn::Select": [1, { "Fn::Cidr": ["10.0.0.0/16", 2, 8] }] }, "10.0.1.0/24"],
  ["FindInMap", { "Fn::FindInMap": ["M", { Ref: "AWS::Region" }, "a"] }, "found"],
  ["If", { "Fn::If": ["Yes", "y", "n"] }, "y"],
  ["Length", { "Fn::Length": [1, 2, 3] }, "3"],
  ["ToJsonString", { "Fn::ToJsonString": { a: { Ref: "AWS::Partition" } } }, '{"a":"aws"}'],
])("%s gives what AWS's does", async (_name, expression, expected) => {
  const sections = {
    Mappings: { M: { "eu-west-1": { a: "found" } } },
    Conditions: {
      Yes: { "Fn::And": [{ "Fn::Equals": ["1", 1] }, { "Fn::Not": [{ Condition: "No" }] }] },
      No: { "Fn::Or": [{ "Fn::Equals": ["a", "b"] }, { "Fn::Equals": [1, 2] }] },
    },
  };
  expect(await value(expression, sections)).toBe(expected);
});

test.each<[string, string]>([
  ["{", "Template format error: JSON not well-formed. (line 1, column 2)"],
  ["a: [", "Template format error: YAML not well-formed."],
  ["{}", "Template format error: At least one Resources member must be defined."],
  ["[1]", "Template format error: unsupported structure."],
  ['{"Resorces":{}}', "Invalid template property or properties [Resorces]"],
  ['{"Resources":{"A":{}}}', "Template format error: [/Resources/A] Every Resources object must contain a Type member."],
  [
    '{"Resources":{"A":{"Type":"AWS::SSM::Parameter","Properties":{"Value":{"Ref":"B"}}}}}',
    "Template format error: Unresolved resource dependencies [B] in the Resources block of the template",
  ],
  [
    '{"Resources":{"A":{"Type":"AWS::SSM::Parameter","DependsOn":"B"},"B":{"Type":"AWS::SSM::Parameter","DependsOn":"A"},"C":{"Type":"AWS::SSM::Parameter","DependsOn":"B"}}}',
    "Circular dependency between resources: [A, B]",
  ],
  [
    '{"Resources":{"A":{"Type":"AWS::SSM::Parameter"},"B":{"Type":"AWS::SSM::Parameter","Properties":{"Value":{"Fn::GetAtt":["A","Nope"]}}}}}',
    "Template error: resource A does not support attribute type Nope in Fn::GetAtt",
  ],
  [
    '{"Parameters":{"P":{"Type":"Text"}},"Resources":{"A":{"Type":"AWS::SSM::Parameter"}}}',
    "Template format error: Unrecognized parameter type: Text",
  ],
  ['{"Resources":{"A":{"Type":"Parameter"}}}', "Template format error: Unrecognized resource types: [Parameter]"],
  [
    '{"Resources":{"A":{"Type":"AWS::SSM::Parameter","DeletionPolicy":"Snapshot"}}}',
    "Template error: resource type AWS::SSM::Parameter does not support deletion policy Snapshot",
  ],
  [
    '{"Resources":{"A":{"Type":"AWS::SSM::Parameter","Properties":{"Value":{"Fn::Length":[]}}}}}',
    "Template error: Encountered unsupported function: Fn::Length Supported functions are:",
  ],
  ['{"Transform":"MyMacro","Resources":{"A":{"Type":"AWS::SSM::Parameter"}}}', "No transform named 123456789012::MyMacro found."],
])("the template %s is refused in AWS's words", async (TemplateBody, message) => {
  await expect(cfn.createStack({ StackName: "refused", TemplateBody })).rejects.toMatchObject({
    name: "ValidationError",
    message: expect.stringContaining(message),
  });
});

test("YAML's short forms mean the same as JSON's long ones", async () => {
  const TemplateBody = `
AWSTemplateFormatVersion: 2010-09-09
Conditions:
  Big: !Not [!Equals [!Ref AWS::Region, us-east-1]]
Resources:
  A:
    Type: AWS::SSM::Parameter
    Properties: { Type: StringList, Value: !Join [ ",", [ a, !Sub "\${AWS::StackName}-b" ] ] }
  B:
    Type: AWS::SSM::Parameter
    Condition: Big
    Properties:
      Type: String
      Value: !Select [1, !Split [",", !GetAtt A.Value]]
      Description: !If [Big, !Ref "AWS::NoValue", small]
Outputs:
  O: { Value: !GetAtt B.Value }
`;
  await cfn.createStack({ StackName: "yaml", TemplateBody });
  cloud.settle();
  expect((await cfn.describeStacks({ StackName: "yaml" })).Stacks![0]!.Outputs).toEqual([{ OutputKey: "O", OutputValue: "yaml-b" }]);
  expect((await cfn.getTemplate({ StackName: "yaml" })).TemplateBody).toBe(TemplateBody);
});

test.each<[object, string | undefined, string]>([
  [{ Type: "String" }, undefined, "Parameters: [P1] must have values"],
  [{ Type: "Number", MinValue: 3 }, "2", "Parameter 'P1' must be a number not less than 3"],
  [{ Type: "Number" }, "x", "Parameter 'P1' must be a number."],
  [{ Type: "String", AllowedValues: ["a"] }, "b", "Parameter 'P1' must be one of AllowedValues"],
  [{ Type: "String", AllowedPattern: "[a-z]+" }, "b1", "Parameter 'P1' must match pattern [a-z]+"],
  [{ Type: "String", MaxLength: 2, ConstraintDescription: "short" }, "abc", "Parameter 'P1' failed to satisfy constraint: short"],
  [{ Type: "AWS::SSM::Parameter::Value<String>" }, "/none", "Unable to fetch parameters [/none] from parameter store for this account."],
])("a parameter %j with value %s is refused", async (definition, given, message) => {
  await expect(outputs({ Parameters: { P1: definition } }, given === undefined ? {} : { P1: given })).rejects.toThrow(message);
});

test("parameters from Parameter Store, lists and secrets arrive as AWS makes them", async () => {
  await ssm.putParameter({ Name: "/zones", Value: "a,b", Type: "StringList" });
  const Parameters = {
    Zones: { Type: "AWS::SSM::Parameter::Value<List<String>>" },
    Names: { Type: "CommaDelimitedList", Default: "x, y" },
    Secret: { Type: "String", NoEcho: true },
  };
  const got = await outputs(
    {
      Parameters,
      Outputs: { Z: { Value: { "Fn::Select": [1, { Ref: "Zones" }] } }, N: { Value: { "Fn::Join": ["+", { Ref: "Names" }] } } },
    },
    { Zones: "/zones", Secret: "s3cret" },
  );
  expect(got).toEqual({ Z: "b", N: "x+y" });
  expect((await cfn.describeStacks({ StackName: `s${stacks}` })).Stacks![0]!.Parameters).toEqual([
    { ParameterKey: "Zones", ParameterValue: "/zones", ResolvedValue: "a,b" },
    { ParameterKey: "Names", ParameterValue: "x, y" },
    { ParameterKey: "Secret", ParameterValue: "****" },
  ]);
});

test("a rule's assertion refuses parameters, as the CDK's bootstrap check does", async () => {
  const Rules = {
    Check: {
      Assertions: [
        {
          Assert: { "Fn::Not": [{ "Fn::Contains": [["1", "2"], { Ref: "V" }] }] },
          AssertDescription: "CDK bootstrap stack version 6 required.",
        },
      ],
    },
  };
  const Parameters = { V: { Type: "String" } };
  await expect(outputs({ Parameters, Rules }, { V: "2" })).rejects.toThrow("CDK bootstrap stack version 6 required.");
  expect(await outputs({ Parameters, Rules }, { V: "6" })).toEqual({});
});

test("AWS::LanguageExtensions writes loops out, and asks for CAPABILITY_AUTO_EXPAND", async () => {
  const sections = {
    Transform: "AWS::LanguageExtensions",
    Mappings: { M: { a: { b: "c" } } },
    Resources: {
      "Fn::ForEach::Each": [
        "Name",
        ["one", "two"],
        {
          "P${Name}": {
            Type: "AWS::SSM::Parameter",
            DeletionPolicy: { "Fn::If": ["Keep", "Retain", "Delete"] },
            Properties: { Type: "String", Value: { Ref: "Name" } },
          },
        },
      ],
    },
    Conditions: { Keep: { "Fn::Equals": ["a", "b"] } },
    Outputs: {
      O: { Value: { "Fn::Sub": "${Pone.Value}${Ptwo.Value}" } },
      D: { Value: { "Fn::FindInMap": ["M", "x", "y", { DefaultValue: "d" }] } },
    },
  };
  await expect(outputs(sections)).rejects.toMatchObject({ name: "InsufficientCapabilitiesException" });
  expect(await outputs(sections, {}, { Capabilities: ["CAPABILITY_AUTO_EXPAND"] })).toEqual({ O: "onetwo", D: "d" });
});

test("templates that make IAM resources need the caller's acknowledgement", async () => {
  const TemplateBody = JSON.stringify({
    Resources: { R: { Type: "AWS::IAM::Role", Properties: { RoleName: "r", AssumeRolePolicyDocument: {} } } },
  });
  expect(await cfn.validateTemplate({ TemplateBody })).toMatchObject({
    Capabilities: ["CAPABILITY_NAMED_IAM"],
    CapabilitiesReason: "The following resource(s) require capabilities: [AWS::IAM::Role]",
  });
});

test("a template's summary lists parameters and types", async () => {
  const TemplateBody = JSON.stringify({
    Parameters: { P: { Type: "String", Default: "d", AllowedValues: ["d"] } },
    Resources: { A: { Type: "AWS::SSM::Parameter" } },
  });
  expect(await cfn.getTemplateSummary({ TemplateBody })).toMatchObject({
    Parameters: [
      { ParameterKey: "P", DefaultValue: "d", ParameterType: "String", NoEcho: false, ParameterConstraints: { AllowedValues: ["d"] } },
    ],
    ResourceTypes: ["AWS::SSM::Parameter"],
    ResourceIdentifierSummaries: [{ ResourceType: "AWS::SSM::Parameter", LogicalResourceIds: ["A"], ResourceIdentifiers: ["Name"] }],
  });
});

test.each([
  ["https://bucket.s3.eu-west-1.amazonaws.com/a/b.json"],
  ["https://s3.eu-west-1.amazonaws.com/bucket/a/b.json"],
  ["https://bucket.s3.amazonaws.com/a/b.json"],
  ["https://s3.amazonaws.com/bucket/a/b.json"],
  ["https://bucket.s3.dualstack.eu-west-1.amazonaws.com/a/b.json"],
  ["http://127.0.0.1:4566/bucket/a/b.json"],
  ["http://localhost:4566/bucket/a/b.json"],
  ["http://bucket.s3.localhost:4566/a/b.json"],
  ["http://bucket.localhost:4566/a/b.json"],
  ["s3://bucket/a/b.json"],
])("%s names bucket and key", (url) => expect(locate(url)).toEqual({ bucket: "bucket", key: "a/b.json" }));

test.each<[string, number, number, string]>([
  ["10.0.0.0/22", 4, 8, "10.0.3.0/24"],
  ["2001:db8::/56", 2, 64, "2001:db8:0:1::/64"],
  ["192.168.0.0/24", 16, 4, "192.168.0.240/28"],
])("Fn::Cidr of %s in %i blocks of %i bits ends with %s", (block, count, bits, last) =>
  expect(cidrs(block, count, bits).at(-1)).toBe(last),
);
