/** Labels of parameter versions: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html */
import type * as sdk from "@aws-sdk/client-ssm";
import { AwsError, type Operations } from "../../service.ts";
import { find, latest, type Parameter, type ParameterState, type Version } from "./parameter.ts";

const LABELS_MAX = 10; // a version: docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html

export const labelOperations = {
  LabelParameterVersion(call, { Name, ParameterVersion, Labels }) {
    const parameter = find(call, Name);
    const version = ParameterVersion === undefined ? latest(parameter) : versionOf(parameter, Name, ParameterVersion);
    const long = Labels.find((label) => label.length < 1 || label.length > 100);
    if (long !== undefined) {
      throw new AwsError(
        "ValidationException",
        `1 validation error detected: Value '[${long}]' at 'labels' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 100, Member must have length greater than or equal to 1]`,
      );
    }
    const refused = Labels.filter((label) => !/^(?!\d|aws|ssm)[\w.-]+$/i.test(label));
    const accepted = [...new Set(Labels)].filter((label) => !refused.includes(label));
    const after = new Set([...version.Labels, ...accepted]);
    if (after.size > LABELS_MAX) {
      throw new AwsError(
        "ParameterVersionLabelLimitExceeded",
        `A parameter version can have a maximum of ${LABELS_MAX} labels. Move one or more labels to another version and try again.`,
      );
    }
    // A label is on one version at a time: setting it moves it.
    for (const other of parameter.versions) if (other !== version) other.Labels = other.Labels.filter((label) => !accepted.includes(label));
    version.Labels = [...after];
    return { InvalidLabels: refused, ParameterVersion: version.Version };
  },

  UnlabelParameterVersion(call, { Name, ParameterVersion, Labels }) {
    const version = versionOf(find(call, Name), Name, ParameterVersion);
    const removed = version.Labels.filter((label) => Labels.includes(label));
    version.Labels = version.Labels.filter((label) => !removed.includes(label));
    return { RemovedLabels: removed, InvalidLabels: Labels.filter((label) => !removed.includes(label)) };
  },
} satisfies Operations<sdk.SSM, ParameterState>;

function versionOf(parameter: Parameter, name: string, number: number): Version {
  const version = parameter.versions.find((each) => each.Version === number);
  if (!version)
    throw new AwsError(
      "ParameterVersionNotFound",
      `Systems Manager could not find version ${number} of ${name}. Verify the version and try again.`,
    );
  return version;
}
