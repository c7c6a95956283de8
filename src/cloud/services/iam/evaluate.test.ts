import fc from "fast-check";
import { expect, test } from "vitest";
import { holds } from "./conditions.ts";
import { parse, type Kind } from "./documents.ts";
import { evaluate, type Decision, type Policies, type Question, type Source } from "./evaluate.ts";
import { actionFits, arnFits, fits, pattern } from "./patterns.ts";

const ACCOUNT = "111122223333";
const OTHER = "444455556666";
const USER = `arn:aws:iam::${ACCOUNT}:user/ana`;
const ROLE = `arn:aws:iam::${ACCOUNT}:role/worker`;
const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/worker/one`;
const OBJECT = "arn:aws:s3:::photos/cat.png";

const user: Question["asker"] = { account: ACCOUNT, arn: USER, id: "AIDAEXAMPLE123456789" };
const session: Question["asker"] = { account: ACCOUNT, arn: SESSION, roleArn: ROLE, id: "AROAEXAMPLE123456789" };

function source(statements: object | object[], kind: Kind = "identity", name = "p"): Source {
  return { name, type: kind, document: parse(JSON.stringify({ Version: "2012-10-17", Statement: statements }), kind) };
}
const allow = (more: object = {}) => ({ Effect: "Allow", Action: "s3:GetObject", Resource: "*", ...more });
const deny = (more: object = {}) => ({ ...allow(more), Effect: "Deny" });
const bucket = (principal: unknown, more: object = {}) => [source(allow({ Principal: principal, ...more }), "resource")];
const decide = (policies: Policies, question: Partial<Question> = {}): Decision =>
  evaluate({ asker: user, action: "s3:GetObject", resource: OBJECT, ...question }, policies).decision;

// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html and its neighbours
const cases: [story: string, expected: Decision, policies: Policies, question?: Partial<Question>][] = [
  ["nothing allows", "implicitDeny", {}],
  ["an identity policy allows", "allowed", { identity: [source(allow())] }],
  ["an explicit deny overrides an allow", "explicitDeny", { identity: [source([allow(), deny()])] }],
  ["a deny alone is explicit", "explicitDeny", { identity: [source(deny())] }],
  ["another action", "implicitDeny", { identity: [source(allow({ Action: "s3:PutObject" }))] }],
  ["another resource", "implicitDeny", { identity: [source(allow({ Resource: "arn:aws:s3:::docs/*" }))] }],
  ["NotAction leaves out what it names", "implicitDeny", { identity: [source({ Effect: "Allow", NotAction: "s3:*", Resource: "*" })] }],
  ["NotAction takes all else", "allowed", { identity: [source({ Effect: "Allow", NotAction: "iam:*", Resource: "*" })] }],
  [
    "NotResource leaves out what it names",
    "implicitDeny",
    { identity: [source({ Effect: "Allow", Action: "*", NotResource: "arn:aws:s3:::photos/*" })] },
  ],
  ["a boundary and an identity policy agree", "allowed", { identity: [source(allow())], boundary: [source(allow())] }],
  ["a boundary that does not allow", "implicitDeny", { identity: [source(allow())], boundary: [source(allow({ Action: "ec2:*" }))] }],
  ["a boundary allows nothing by itself", "implicitDeny", { boundary: [source(allow())] }],
  ["a boundary's deny is explicit", "explicitDeny", { identity: [source(allow())], boundary: [source([allow(), deny()])] }],
  [
    "a session policy narrows a role",
    "implicitDeny",
    { identity: [source(allow())], session: [source(allow({ Action: "s3:List*" }))] },
    { asker: session },
  ],
  ["a session policy that agrees", "allowed", { identity: [source(allow())], session: [source(allow())] }, { asker: session }],
  ["the bucket names the user", "allowed", { resource: bucket({ AWS: USER }) }],
  [
    "the bucket names the user, whom a boundary does not limit then",
    "allowed",
    { resource: bucket({ AWS: USER }), boundary: [source(allow({ Action: "ec2:*" }))] },
  ],
  ["the bucket names the role", "allowed", { resource: bucket({ AWS: ROLE }) }, { asker: session }],
  [
    "the bucket names the role, whose boundary limits it still",
    "implicitDeny",
    { resource: bucket({ AWS: ROLE }), boundary: [source(allow({ Action: "ec2:*" }))] },
    { asker: session },
  ],
  [
    "the bucket names the session, which no boundary limits",
    "allowed",
    { resource: bucket({ AWS: SESSION }), boundary: [source(allow({ Action: "ec2:*" }))] },
    { asker: session },
  ],
  ["the bucket names the account, which leaves it to the identity policy", "implicitDeny", { resource: bucket({ AWS: ACCOUNT }) }],
  [
    "the account and the identity policy together",
    "allowed",
    { resource: bucket({ AWS: `arn:aws:iam::${ACCOUNT}:root` }), identity: [source(allow())] },
  ],
  ["everybody", "allowed", { resource: bucket("*") }],
  ["somebody else", "implicitDeny", { resource: bucket({ AWS: `arn:aws:iam::${ACCOUNT}:user/bo` }) }],
  ["a unique id is the user that had it", "allowed", { resource: bucket({ AWS: "AIDAEXAMPLE123456789" }) }],
  [
    "the bucket's deny beats the identity's allow",
    "explicitDeny",
    { identity: [source(allow())], resource: [source(deny({ Principal: "*" }), "resource")] },
  ],
  ["another account's bucket needs both: only the bucket", "implicitDeny", { resource: bucket({ AWS: USER }) }, { resourceAccount: OTHER }],
  ["another account's bucket needs both: only the identity", "implicitDeny", { identity: [source(allow())] }, { resourceAccount: OTHER }],
  [
    "another account's bucket needs both",
    "allowed",
    { identity: [source(allow())], resource: bucket({ AWS: ACCOUNT }) },
    { resourceAccount: OTHER },
  ],
  [
    "a service by the resource's policy",
    "allowed",
    { resource: bucket({ Service: "backup.amazonaws.com" }) },
    { asker: { account: ACCOUNT, arn: "", service: "backup.amazonaws.com" } },
  ],
  [
    "another service",
    "implicitDeny",
    { resource: bucket({ Service: "backup.amazonaws.com" }) },
    { asker: { account: ACCOUNT, arn: "", service: "ecs.amazonaws.com" } },
  ],
  ["the root user of the account", "allowed", {}, { asker: { account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root` } }],
  [
    "a key policy that leaves out even the root user",
    "implicitDeny",
    { resourceMustAllow: true, resource: bucket({ AWS: USER }) },
    { asker: { account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root` } },
  ],
  ["a trust policy must allow, whatever the identity", "implicitDeny", { identity: [source(allow())], resourceMustAllow: true }],
  [
    "an organization's level that does not allow",
    "implicitDeny",
    { identity: [source(allow())], organization: [[source(allow())], [source(allow({ Action: "ec2:*" }))]] },
  ],
  [
    "all of an organization's levels allow",
    "allowed",
    { identity: [source(allow())], organization: [[source(allow())], [source(allow({ Action: "*" }))]] },
  ],
  [
    "NotPrincipal spares who is named with the account",
    "allowed",
    {
      identity: [source(allow())],
      resource: [source({ Effect: "Deny", NotPrincipal: { AWS: [USER, ACCOUNT] }, Action: "*", Resource: "*" }, "resource")],
    },
  ],
  [
    "NotPrincipal without the account denies even who is named",
    "explicitDeny",
    {
      identity: [source(allow())],
      resource: [source({ Effect: "Deny", NotPrincipal: { AWS: [USER] }, Action: "*", Resource: "*" }, "resource")],
    },
  ],
];

test.each(cases)("%s → %s", (_story, expected, policies, question) => {
  expect(decide(policies, question)).toBe(expected);
});

const at = (values: Record<string, string | string[]>) =>
  new Map(Object.entries(values).map(([name, value]) => [name.toLowerCase(), [value].flat()]));
const condition = (operator: string, key: string, value: string | string[]) => ({ operator, key, values: [value].flat() });

// docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
const conditions: [
  operator: string,
  key: string,
  policy: string | string[],
  request: Record<string, string | string[]>,
  expected: boolean,
][] = [
  ["StringEquals", "aws:x", ["a", "b"], { "aws:x": "b" }, true],
  ["StringEquals", "aws:x", "A", { "aws:x": "a" }, false],
  ["StringEquals", "aws:x", "a*", { "aws:x": "ab" }, false],
  ["StringEquals", "AWS:X", "a", { "aws:x": "a" }, true],
  ["StringEquals", "aws:x", "a", {}, false],
  ["StringEqualsIfExists", "aws:x", "a", {}, true],
  ["StringEqualsIfExists", "aws:x", "a", { "aws:x": "b" }, false],
  ["StringNotEquals", "aws:x", ["a", "b"], { "aws:x": "b" }, false],
  ["StringNotEquals", "aws:x", "a", {}, true],
  ["StringEqualsIgnoreCase", "aws:x", "A", { "aws:x": "a" }, true],
  ["StringNotEqualsIgnoreCase", "aws:x", "A", { "aws:x": "a" }, false],
  ["StringLike", "aws:x", "a*c?", { "aws:x": "abbbcd" }, true],
  ["StringLike", "aws:x", "a*c?", { "aws:x": "abbbc" }, false],
  ["StringNotLike", "aws:x", "a*", { "aws:x": "b" }, true],
  ["StringLike", "aws:x", "${aws:username}/*", { "aws:x": "ana/1", "aws:username": "ana" }, true],
  ["StringLike", "aws:x", "${aws:username}/*", { "aws:x": "ana/1" }, false],
  ["StringLike", "aws:x", "${aws:username}", { "aws:x": "anything", "aws:username": "*" }, false],
  ["StringEquals", "aws:x", "${aws:username, 'nobody'}", { "aws:x": "nobody" }, true],
  ["StringLike", "aws:x", "a${*}", { "aws:x": "a*" }, true],
  ["StringLike", "aws:x", "a${*}", { "aws:x": "ab" }, false],
  ["NumericLessThanEquals", "s3:max-keys", "10", { "s3:max-keys": "10" }, true],
  ["NumericGreaterThan", "s3:max-keys", "10", { "s3:max-keys": "9.5" }, false],
  ["NumericEquals", "s3:max-keys", "10", { "s3:max-keys": "ten" }, false],
  ["NumericNotEquals", "s3:max-keys", "10", {}, true],
  ["DateGreaterThan", "aws:CurrentTime", "2020-04-01T00:00:00Z", { "aws:CurrentTime": "2020-05-01T00:00:00Z" }, true],
  ["DateLessThan", "aws:CurrentTime", "1585699200", { "aws:CurrentTime": "2020-05-01T00:00:00Z" }, false],
  ["Bool", "aws:SecureTransport", "false", { "aws:SecureTransport": "true" }, false],
  ["BoolIfExists", "aws:MultiFactorAuthPresent", "true", {}, true],
  ["BinaryEquals", "aws:x", "QmluYXJ5", { "aws:x": "QmluYXJ5" }, true],
  ["IpAddress", "aws:SourceIp", "203.0.113.0/24", { "aws:SourceIp": "203.0.113.77" }, true],
  ["IpAddress", "aws:SourceIp", "203.0.113.0/24", { "aws:SourceIp": "203.0.114.1" }, false],
  ["NotIpAddress", "aws:SourceIp", ["203.0.113.0/24", "198.51.100.7"], { "aws:SourceIp": "198.51.100.7" }, false],
  ["IpAddress", "aws:SourceIp", "2001:db8:1234:5678::/64", { "aws:SourceIp": "2001:db8:1234:5678:9::1" }, true],
  ["IpAddress", "aws:SourceIp", "10.0.0.0/8", { "aws:SourceIp": "::1" }, false],
  ["ArnLike", "aws:SourceArn", "arn:aws:sns:*:111122223333:*", { "aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:topic" }, true],
  ["ArnEquals", "aws:SourceArn", "arn:aws:sns:*:top", { "aws:SourceArn": "arn:aws:sns:eu-west-1:111122223333:top" }, false],
  ["ArnNotLike", "aws:SourceArn", "arn:aws:sns:*:*:*", { "aws:SourceArn": "arn:aws:sqs:eu-west-1:111122223333:q" }, true],
  ["Null", "aws:x", "true", {}, true],
  ["Null", "aws:x", "false", {}, false],
  ["Null", "aws:x", "false", { "aws:x": "a" }, true],
  ["ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"], { "aws:TagKeys": ["a", "b"] }, true],
  ["ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"], { "aws:TagKeys": ["a", "c"] }, false],
  ["ForAllValues:StringEquals", "aws:TagKeys", ["a"], {}, true],
  ["ForAllValues:StringNotEquals", "aws:TagKeys", ["a"], { "aws:TagKeys": ["b", "c"] }, true],
  ["ForAnyValue:StringEquals", "aws:TagKeys", ["a"], { "aws:TagKeys": ["a", "c"] }, true],
  ["ForAnyValue:StringEquals", "aws:TagKeys", ["a"], {}, false],
  ["ForAnyValue:StringNotEquals", "aws:TagKeys", ["a"], { "aws:TagKeys": ["a", "c"] }, true],
  ["ForAnyValue:StringNotEquals", "aws:TagKeys", ["a"], {}, false],
];

test.each(conditions)("%s %s %j of %j is %s", (operator, key, policy, request, expected) => {
  expect(holds(condition(operator, key, policy), at(request), true)).toBe(expected);
});

test("before version 2012-10-17 a variable is only text", () => {
  expect(
    holds(condition("StringEquals", "aws:x", "${aws:username}"), at({ "aws:x": "${aws:username}", "aws:username": "ana" }), false),
  ).toBe(true);
});

test("a home folder is its user's by a variable in the resource", () => {
  const home = [source(allow({ Resource: "arn:aws:s3:::homes/${aws:username}/*" }))];
  const context = at({ "aws:username": "ana" });
  expect(decide({ identity: home }, { resource: "arn:aws:s3:::homes/ana/x", context })).toBe("allowed");
  expect(decide({ identity: home }, { resource: "arn:aws:s3:::homes/bo/x", context })).toBe("implicitDeny");
  expect(decide({ identity: home }, { resource: "arn:aws:s3:::homes/bo/x", context: at({ "aws:username": "*" }) })).toBe("implicitDeny");
});

test("actions are not distinguished by case, resources are, and a hostile pattern is quick", () => {
  expect(actionFits("S3:get*", "s3:GetObject")).toBe(true);
  expect(decide({ identity: [source(allow({ Resource: "arn:aws:s3:::PHOTOS/*" }))] })).toBe("implicitDeny");
  expect(fits(pattern("*a".repeat(40), undefined)!, "a".repeat(2000) + "b")).toBe(false);
  expect(arnFits(pattern("arn:aws:iam::*:role/*", undefined)!, "arn:aws:iam::1:role/a:b")).toBe(true);
});

const anAction = fc.constantFrom("s3:GetObject", "s3:PutObject", "s3:*", "*", "ec2:Run*");
const aResource = fc.constantFrom("*", OBJECT, "arn:aws:s3:::photos/*", "arn:aws:s3:::docs/*", "arn:aws:s3:::${aws:username}/*");
const aCondition = fc.constantFrom(
  undefined,
  { StringEquals: { "aws:username": "ana" } },
  { Bool: { "aws:SecureTransport": "false" } },
  { StringNotEquals: { "aws:username": "ana" } },
);
const aStatement = fc.record({ Effect: fc.constantFrom("Allow", "Deny"), Action: anAction, Resource: aResource, Condition: aCondition });
const aContext = fc.constantFrom(at({}), at({ "aws:username": "ana" }), at({ "aws:username": "photos", "aws:SecureTransport": "false" }));
const rank: Record<Decision, number> = { explicitDeny: 0, implicitDeny: 1, allowed: 2 };

test("adding a Deny never widens, adding an Allow never turns a refusal explicit", () => {
  fc.assert(
    fc.property(fc.array(aStatement, { minLength: 1, maxLength: 5 }), aStatement, aContext, (statements, extra, context) => {
      const before = rank[decide({ identity: [source(statements)] }, { context })];
      expect(rank[decide({ identity: [source([...statements, { ...extra, Effect: "Deny" }])] }, { context })]).toBeLessThanOrEqual(before);
      expect(rank[decide({ identity: [source([...statements, { ...extra, Effect: "Allow" }])] }, { context })]).toBeGreaterThanOrEqual(
        before,
      );
    }),
  );
});

test("neither the order of statements nor their spread over policies matters, and a boundary never widens", () => {
  fc.assert(
    fc.property(fc.array(aStatement, { minLength: 1, maxLength: 6 }), aStatement, aContext, (statements, limit, context) => {
      const together = decide({ identity: [source(statements)] }, { context });
      expect(decide({ identity: [source([...statements].reverse())] }, { context })).toBe(together);
      expect(decide({ identity: statements.map((each) => source(each)) }, { context })).toBe(together);
      expect(rank[decide({ identity: [source(statements)], boundary: [source(limit)] }, { context })]).toBeLessThanOrEqual(rank[together]);
    }),
  );
});

test("the decision's statements are told", () => {
  const { matched } = evaluate(
    { asker: user, action: "s3:GetObject", resource: OBJECT },
    { identity: [source([allow({ Action: "ec2:*" }), allow(), deny()])] },
  );
  expect(matched.map(({ source: { name }, statement }) => [name, statement])).toEqual([["p", 2]]);
});
