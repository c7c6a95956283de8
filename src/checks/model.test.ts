/** Templates with their references followed. */
import { expect, test } from "vitest";
import { model } from "./model.ts";
import { assembly } from "./testing.ts";
import { leaves, named, text } from "./values.ts";

const network = {
  region: "eu-west-1",
  part: "network",
  resources: {
    Vpc: { Type: "AWS::EC2::VPC", Properties: { CidrBlock: "10.0.0.0/16" } },
    Subnet: { Type: "AWS::EC2::Subnet", Properties: { VpcId: { Ref: "Vpc" }, Tags: [{ Key: "Name", Value: { "Fn::Sub": "of ${Vpc}" } }] } },
  },
  outputs: { VpcId: { Value: { Ref: "Vpc" }, Export: { Name: "shop-network:VpcId" } } },
} as const;

test("a reference is a link to the resource itself, through another stack's export too", () => {
  const link = {
    region: "eu-west-1",
    part: "link",
    resources: {
      Attachment: { Type: "AWS::EC2::VPCGatewayAttachment", Properties: { VpcId: { "Fn::ImportValue": "shop-network:VpcId" } } },
    },
  } as const;
  const made = model(assembly([network, link]));
  const vpc = made.find("eu-west-1-network", "Vpc")!;
  expect(made.byType("AWS::EC2::VPCGatewayAttachment")[0]!.properties.VpcId.resource).toBe(vpc);
  expect(made.find("eu-west-1-network", "Subnet")!.properties.VpcId.resource).toBe(vpc);
  expect(text(made.find("eu-west-1-network", "Subnet")!.properties.Tags[0].Value)).toBe("of ${eu-west-1-network.Vpc}");
  expect(made.byType("AWS::EC2::VPC", "eu-central-1")).toEqual([]);
});

test("exports stay in their region", () => {
  const link = {
    region: "eu-central-1",
    part: "link",
    resources: { A: { Type: "T", Properties: { V: { "Fn::ImportValue": "shop-network:VpcId" } } } },
  } as const;
  expect(model(assembly([network, link])).byType("T")[0]!.properties.V).toEqual({ unknown: "Fn::ImportValue", of: "shop-network:VpcId" });
});

test("texts become texts where everything in them is known", () => {
  const Properties = {
    Arn: { "Fn::Sub": "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:${Name}" },
    Joined: { "Fn::Join": ["-", ["a", { Ref: "Name" }]] },
    Literal: { "Fn::Sub": "${!Kept}" },
    Part: { "Fn::Select": [1, { "Fn::Split": [":", "one:two"] }] },
    Gone: { Ref: "AWS::NoValue" },
    Zone: { "Fn::GetAZs": "" },
    Policy: { Condition: { Bool: { "aws:SecureTransport": "false" } } },
  };
  const stack = {
    region: "eu-west-1",
    part: "network",
    parameters: { Name: { Type: "String", Default: "alarms" } },
    resources: { A: { Type: "T", Properties } },
  } as const;
  expect(model(assembly([stack])).byType("T")[0]!.properties).toEqual({
    Arn: "arn:aws:sns:eu-west-1:123456789012:alarms",
    Joined: "a-alarms",
    Literal: "${Kept}",
    Part: "two",
    Zone: { unknown: "Fn::GetAZs", of: "" },
    Policy: { Condition: { Bool: { "aws:SecureTransport": "false" } } },
  });
});

test("what is switched on at recovery is shown switched on", () => {
  const stack = {
    region: "eu-central-1",
    part: "compute",
    parameters: { DrActive: { Type: "String", Default: "false" }, Back: { Type: "String", Default: "false" } },
    conditions: {
      Active: { "Fn::Equals": [{ Ref: "DrActive" }, "true"] },
      Both: { "Fn::And": [{ Condition: "Active" }, { "Fn::Equals": [{ Ref: "Back" }, "true"] }] },
    },
    resources: {
      A: {
        Type: "T",
        Condition: "Active",
        Properties: { Min: { "Fn::If": ["Active", 4, 0] }, Way: { "Fn::If": ["Both", "x", { Ref: "AWS::NoValue" }] } },
      },
    },
  } as const;
  const [found] = model(assembly([stack])).byType("T");
  expect(found).toMatchObject({ condition: "Active", properties: { Min: 4 } });
  expect(found!.properties).not.toHaveProperty("Way");
});

test("a parameter of Systems Manager leads to what its name holds, in the other region by handover", () => {
  const given = {
    region: "eu-west-1",
    part: "link",
    resources: { Gateway: { Type: "G" } },
    outputs: { Id: { Value: { "Fn::GetAtt": ["Gateway", "Id"] } } },
  } as const;
  const taken = {
    region: "eu-central-1",
    part: "link",
    parameters: {
      Gateway: { Type: "AWS::SSM::Parameter::Value<String>", Default: "/shop/handover/gateway-id" },
      Share: { Type: "AWS::SSM::Parameter::Value<String>", Default: "/shop/files/gateway-arn" },
    },
    resources: { A: { Type: "T", Properties: { Gateway: { Ref: "Gateway" }, Share: { Ref: "Share" } } } },
  } as const;
  const handover = {
    name: "gateway-id",
    from: { role: "primary", part: "link", output: "Id" },
    to: { role: "recovery", part: "link" },
  } as const;
  const made = model(assembly([given, taken], [handover]));
  const { properties } = made.byType("T")[0]!;
  expect(properties.Gateway.parameter).toBe("/shop/handover/gateway-id");
  expect(named(properties.Gateway.of.resource)).toBe("eu-west-1-link.Gateway");
  expect(properties.Share).toEqual({ parameter: "/shop/files/gateway-arn" });
  expect([...leaves(properties)].map(({ path }) => path.join("."))).toEqual(["Gateway", "Share"]);
});
