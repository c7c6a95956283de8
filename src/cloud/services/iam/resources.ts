/** IAM's CloudFormation types. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html */
import { policyResources } from "./policy-resources.ts";
import { roleResources } from "./role-resources.ts";
import { userResources } from "./user-resources.ts";

export const resources = { ...roleResources, ...policyResources, ...userResources };
