/** A role under its fixed name, which a service of AWS takes for this account only. */
import type { Stack } from "aws-cdk-lib";
import * as iam from "aws-cdk-lib/aws-iam";
import type { Place } from "./place.ts";

export type Statement = { Effect: "Allow" | "Deny"; Action: string | string[]; Resource: unknown; Condition?: object };

type Wishes = {
  /** Who assumes it: `rds.amazonaws.com`. */
  service: string | string[];
  /** Besides being asked for by this account. */
  condition?: object;
  statements?: Statement[];
  managed?: string[];
};

export function makeRole(stack: Stack, id: string, { names, region }: Place, purpose: string, wishes: Wishes): iam.CfnRole {
  const { service, condition, statements, managed } = wishes;
  return new iam.CfnRole(stack, id, {
    roleName: names.role(purpose, region),
    assumeRolePolicyDocument: {
      Version: "2012-10-17",
      Statement: {
        Effect: "Allow",
        Principal: { Service: service },
        Action: "sts:AssumeRole",
        // docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
        Condition: { StringEquals: { "aws:SourceAccount": stack.account }, ...condition },
      },
    },
    managedPolicyArns: managed,
    policies: statements && [{ policyName: purpose, policyDocument: { Version: "2012-10-17", Statement: statements } }],
  });
}

export const allow = (Action: string | string[], Resource: unknown, Condition?: object): Statement => ({
  Effect: "Allow",
  Action,
  Resource,
  ...(Condition && { Condition }),
});
