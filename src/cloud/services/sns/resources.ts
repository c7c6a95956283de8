/** The CloudFormation types. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SNS.html */
import { resource, type Properties, type ResourceType } from "../../service.ts";
import { publishTargetsOf } from "./subscription-targets.ts";
