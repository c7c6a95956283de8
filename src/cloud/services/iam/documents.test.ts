import { IAM } from "@aws-sdk/client-iam";
import { expect, test } from "vitest";
import { clients } from "../../clients.ts";
import { Cloud } from "../../cloud.ts";
import { managedPolicies } from "./managed-policies.ts";
import { parse, sizeOf, type Kind } from "./documents.ts";
import { statementPositions } from "./positions.ts";

const statement = { Effect: "Allow", Action: "s3:GetObject", Resource: "*" };
const trusting = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "ec2.amazonaws.com" } };
const wrong: [kind: Kind, message: string, change: object | string][] = [
  ["identity", "This policy contains invalid Json", "{"],
  ["identity", "Syntax errors in policy.", "[]"],
  ["identity", "Syntax errors in policy.", { Statement: [] }],
  ["identity", "Syntax errors in policy.", { Statement: { ...statement, Effect: "allow" } }],
  ["identity", "Syntax errors in policy.", { Statement: { ...statement, NotAction: "iam:*" } }],
  ["identity", "Syntax errors in policy.", { Statement: { ...statement, Actions: "iam:*" } }],
  ["identity", "Syntax errors in policy.", { Statement: { ...statement, Condition: { "aws:x": "y" } } }],
  ["identity", "Policy document must be version 2012-10-17 or greater.", { Version: "2008-10-17", Statement: statement }],
  ["identity", "The policy must contain a valid version string", { Version: "2012-10-18", Statement: statement }],
  ["identity", "Policy statement must contain actions.", { Statement: { Effect: "Allow", Resource: "*" } }],
  ["identity", "Policy statement must contain resources.", { Statement: { Effect: "Allow", Action: "s3:*" } }],
  ["identity", 'Resource bucket must be in ARN format or "*".', { Statement: { ...statement, Resource: "bucket" } }],
  [
    "identity",
    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    { Statement: { ...statement, Action: "GetObject" } },
  ],
  ["identity", "Actions/Condition can contain only one colon.", { Statement: { ...statement, Action: "arn:aws:s3" } }],
  ["identity", "Policy document should not specify a principal.", { Statement: { ...statement, Principal: "*" } }],
  [
    "identity",
    "Statement IDs (SID) in a single policy must be unique.",
    {
      Statement: [
        { ...statement, Sid: "A" },
        { ...statement, Sid: "A" },
      ],
    },
  ],
  ["identity", "Invalid Condition type : StringEqual.", { Statement: { ...statement, Condition: { StringEqual: { "aws:x": "y" } } } }],
  ["trust", "Has prohibited field Resource", { Statement: { ...trusting, Resource: "*" } }],
  ["trust", "Missing required field Principal", { Statement: { Effect: "Allow", Action: "sts:AssumeRole" } }],
  ["trust", "AssumeRole policy may only specify STS AssumeRole actions.", { Statement: { ...trusting, Action: "s3:GetObject" } }],
  ["trust", "Unknown field Principals", { Statement: { ...trusting, Principals: "*" } }],
  ["trust", 'Invalid principal in policy: "SERVICE":"ec2"', { Statement: { ...trusting, Principal: { Service: "ec2" } } }],
  ["trust", 'Invalid principal in policy: "AWS":"ana"', { Statement: { ...trusting, Principal: { AWS: "ana" } } }],
];

test.each(wrong)("a document of kind %s is refused: %s", (kind, message, change) => {
  const text = typeof change === "string" ? change : JSON.stringify({ Version: "2012-10-17", ...change });
  expect(() => parse(text, kind)).toThrow(message);
});

test.each(["arn:aws:s3:::b", "arn:aws:logs:*", "arn:aws:logs:*:*", "arn:aws:s3:::homes/${aws:username}/*", "*"])(
  "%s is a resource",
  (Resource) => {
    const text = JSON.stringify({ Version: "2012-10-17", Statement: { ...statement, Resource } });
    expect(parse(text, "identity").Statement[0]!.Resource).toEqual([Resource]);
  },
);

test.each([...managedPolicies.values()].map((policy) => [policy.Arn, policy] as const))(
  "%s is a policy with its own default version",
  (_arn, policy) => {
    const version = policy.versions.find(({ VersionId }) => VersionId === policy.DefaultVersionId);
    expect(parse(version!.Document, "identity").Statement.length).toBeGreaterThan(0);
  },
);

test("sizes count no white space, and statements are found in their text", () => {
  expect(sizeOf('{ "a" : \n 1 }')).toBe(7);
  const text = `{"Version":"2012-10-17",\n "Statement":[\n  {"Sid":"}","Condition":{"Null":{}}},\n  {"b":[{}]}]}`;
  const [first, second] = statementPositions(text);
  expect(first).toEqual({ start: { Line: 3, Column: 3 }, end: { Line: 3, Column: 37 } });
  expect(second).toEqual({ start: { Line: 4, Column: 3 }, end: { Line: 4, Column: 12 } });
});

test("quotas of size, and a principal that does not exist", async () => {
  const iam = clients(new Cloud({ paranoid: true }))(IAM);
  const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [trusting] });
  const long = (size: number) =>
    JSON.stringify({ Version: "2012-10-17", Statement: [{ ...statement, Resource: `arn:aws:s3:::${"x".repeat(size)}` }] });
  await iam.createRole({ RoleName: "r", AssumeRolePolicyDocument });
  await iam.putRolePolicy({ RoleName: "r", PolicyName: "a", PolicyDocument: long(9000) });
  await expect(iam.putRolePolicy({ RoleName: "r", PolicyName: "b", PolicyDocument: long(2000) })).rejects.toMatchObject({
    name: "LimitExceededException",
    message: "Maximum policy size of 10240 bytes exceeded for role r",
  });
  await expect(iam.createPolicy({ PolicyName: "p", PolicyDocument: long(6144) })).rejects.toMatchObject({
    message: "Cannot exceed quota for PolicySize: 6144",
  });
  const nobody = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ ...trusting, Principal: { AWS: "arn:aws:iam::123456789012:role/none" } }],
  });
  await expect(iam.updateAssumeRolePolicy({ RoleName: "r", PolicyDocument: nobody })).rejects.toMatchObject({
    name: "MalformedPolicyDocumentException",
    message: 'Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:role/none"',
  });
});
