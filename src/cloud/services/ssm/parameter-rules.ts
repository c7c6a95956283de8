/** What Parameter Store accepts: names, values, tiers, data types. https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html */
import { AwsError } from "../../service.ts";
import { arnOf, invalid, type Here } from "./parameter.ts";

const LEVELS_MAX = 15; // docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html, Name
const NAME_MAX = 1011; // same, the ARN's beginning included
const STANDARD_MAX = 4096; // docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
const ADVANCED_MAX = 8192; // same
const STANDARD_COUNT_MAX = 10_000; // same
const ADVANCED_COUNT_MAX = 100_000; // same

export function checkName(call: Here, name: string): void {
  const path = name.split("/").length > 2;
  const head = name.toLowerCase().replace(/^\//, "");
  if (path && head.startsWith("aws")) throw new AwsError("AccessDeniedException", `No access to reserved parameter name: ${name}.`);
  if (!path && /^(aws|ssm)/.test(head)) throw invalid(`Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`);
  if (head.startsWith("ssm") || !/^[\w.\-/]+$/.test(name) || name.includes("//") || name.endsWith("/")) {
    throw invalid(
      `Parameter name: can't be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_`,
    );
  }
  if (name.includes("/") && !name.startsWith("/")) throw invalid("Parameter name must be a fully qualified name.");
  if (path && name.split("/").length - 1 > LEVELS_MAX) {
    throw new AwsError(
      "HierarchyLevelLimitExceededException",
      `A hierarchy can have a maximum of ${LEVELS_MAX} levels. For more information, see Requirements and constraints for parameter names in the AWS Systems Manager User Guide.`,
    );
  }
  if (arnOf(call, name).length > NAME_MAX) {
    throw invalid(
      `1 validation error detected: Value '${name}' at 'name' failed to satisfy constraint: Member must have length less than or equal to ${NAME_MAX}`,
    );
  }
}

export function checkValue(value: string, pattern: string | undefined, type: string): void {
  if (value === "")
    throw invalid(
      "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
  if (/\{\{.*?\}\}/s.test(value)) throw invalid(`Parameter value can't nest another parameter. Do not use "{{}}" in the value: ${value}`);
  if (type === "StringList" && value.split(",").includes("")) throw invalid("Parameter StringList value can't contain an empty item.");
  if (pattern && !expression(pattern).test(value)) {
    throw new AwsError("ParameterPatternMismatchException", `Parameter value, cannot be validated against allowedPattern: ${pattern}`);
  }
}

function expression(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`, "s");
  } catch {
    throw new AwsError("InvalidAllowedPatternException", `The allowedPattern ${pattern} is not a valid regular expression.`);
  }
}

const DATA_TYPES: Record<string, RegExp> = {
  text: /^/,
  "aws:ec2:image": /^ami-([0-9a-f]{8}|[0-9a-f]{17})$/,
  "aws:ssm:integration": /^/,
};

/** The newer data types (`integer`, `json` …) are refused: what AWS checks of them is not published in detail. */
export function checkDataType(dataType: string, value: string): void {
  const form = DATA_TYPES[dataType];
  if (!form) throw invalid(`The following data type is not supported: ${dataType} (Data type names are all lowercase.)`);
  if (!form.test(value)) throw invalid(`Invalid parameter value for data type ${dataType}: ${value}`);
}

const DOWNGRADE =
  "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.";

/** The tier that a parameter gets, from the one asked for, the account's default and what it has. */
export function tierOf(call: Here, asked: string, was: string | undefined, value: string, policies: boolean): "Standard" | "Advanced" {
  const size = Buffer.byteLength(value);
  const count = [...call.state.parameters.values()].filter(({ versions }) => versions.at(-1)!.Tier === "Standard").length;
  const full = was === undefined && count >= STANDARD_COUNT_MAX;
  const tier =
    asked === "Intelligent-Tiering" ? (size > STANDARD_MAX || policies || full || was === "Advanced" ? "Advanced" : "Standard") : asked;
  if (tier !== "Standard" && tier !== "Advanced") {
    throw invalid(
      `1 validation error detected: Value '${asked}' at 'tier' failed to satisfy constraint: Member must satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]`,
    );
  }
  if (tier === "Standard" && was === "Advanced") throw invalid(DOWNGRADE);
  if (tier === "Standard" && policies)
    throw invalid("Parameter policies are only supported for parameters in the advanced-parameter tier.");
  checkSize(tier, size);
  const advanced = call.state.parameters.size - count;
  if (tier === "Standard" ? full : was !== "Advanced" && advanced >= ADVANCED_COUNT_MAX) {
    throw new AwsError(
      "ParameterLimitExceeded",
      "You have exceeded the number of parameters for this AWS account. Delete one or more parameters and try again.",
    );
  }
  return tier;
}

function checkSize(tier: "Standard" | "Advanced", size: number): void {
  if (tier === "Standard" && size > STANDARD_MAX) {
    throw invalid(
      `Standard tier parameters support a maximum parameter value of ${STANDARD_MAX} characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html`,
    );
  }
  if (size > ADVANCED_MAX) throw invalid(`Advanced tier parameters support a maximum parameter value of ${ADVANCED_MAX} characters.`);
}

export function checkType(type: string): asserts type is "String" | "StringList" | "SecureString" {
  if (["String", "StringList", "SecureString"].includes(type)) return;
  throw new AwsError(
    "UnsupportedParameterType",
    `The parameter type ${type} is not supported. Valid types are String, StringList and SecureString.`,
  );
}
