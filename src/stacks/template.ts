/** The few things that every part says to CloudFormation in the same way. */
import { CfnOutput, CfnParameter, Fn, Validations, type Stack } from "aws-cdk-lib";
import type { IConstruct } from "constructs";
import type { Place } from "./place.ts";

/** `${AWS::…}` inside a text becomes `Fn::Sub`; a text without stays one. */
export const sub = (text: string): string => (text.includes("${") ? Fn.sub(text) : text);

/** An ARN in this account. `region` defaults to the stack's own; "" for global services. */
export const arn = (service: string, resource: string, region = "${AWS::Region}"): string =>
  sub(`arn:\${AWS::Partition}:${service}:${region}:\${AWS::AccountId}:${resource}`);

export const bucketArn = (bucket: string): string => sub(`arn:\${AWS::Partition}:s3:::${bucket}`);

/** A secret by its name, without AWS's random end, so that both regions say the same; for `valueFrom`. */
export const secretArn = (name: string): string => arn("secretsmanager", `secret:${name}`);
/** The same for an IAM statement, where the end must match: six characters. */
export const secretArnPattern = (name: string): string => arn("secretsmanager", `secret:${name}-??????`);

/** The multi-region key in the other region: same id, other region, so no handover is needed in this direction. */
export const replicaKeyArn = (keyId: string, region: string): string =>
  Fn.sub(`arn:\${AWS::Partition}:kms:${region}:\${AWS::AccountId}:key/\${KeyId}`, { KeyId: keyId });

/** A role that the part `roles` made under its fixed name. */
export const roleArn = ({ names, region }: Place, purpose: string): string => arn("iam", `role/${names.role(purpose, region)}`, "");

/** Reads what another region handed over (platform/handovers.ts). */
export const handedOver = (stack: Stack, place: Place, id: string, name: string): string =>
  new CfnParameter(stack, id, {
    type: "AWS::SSM::Parameter::Value<String>",
    default: place.names.parameter(`handover/${name}`),
    description: `Handed over from the other region: ${name}.`,
  }).valueAsString;

/** An output with its own name, readable by people, runbooks and handovers. */
export const output = (stack: Stack, id: string, value: string, description: string): CfnOutput =>
  new CfnOutput(stack, id, { value, description });

/** A cdk-nag finding that is meant to be: with its reason, beside the resource. */
export const acknowledge = (construct: IConstruct, id: string, reason: string): void =>
  Validations.of(construct).acknowledge({ id, reason });
