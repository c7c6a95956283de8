/** AWS::SSM::Parameter: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html */
import { AwsError, resource, type Properties, type Stack } from "../../service.ts";
import { find, latest, type Here, type Parameter } from "./parameter.ts";
import { parameterOperations } from "./parameters.ts";
import { checkNewTags } from "./tags.ts";

export const parameterResource = resource({
  create(call: Here, properties, stack) {
    const Name = properties.Name ?? `CFN-${stack.logicalId}-${call.token(12)}`;
    checkOwnTags(properties);
    parameterOperations.PutParameter(call, { ...asked(properties), Name });
    setTags(find(call, Name), properties, {}, stack);
    return Name;
  },
  update(call: Here, id, properties, previous, stack) {
    checkOwnTags(properties);
    parameterOperations.PutParameter(call, { ...asked(properties), Name: id, Overwrite: true });
    setTags(find(call, id), properties, previous, stack);
  },
  delete(call: Here, id) {
    if (call.state.parameters.has(id)) parameterOperations.DeleteParameter(call, { Name: id });
  },
  attributes(call: Here, id) {
    const { Type, Value } = parameterOperations.GetParameter(call, { Name: id }).Parameter;
    return { Type, Value };
  },
  read(call: Here, id) {
    const parameter = call.state.parameters.get(id);
    if (!parameter) return undefined;
    const { Name, Type, Value, Description, AllowedPattern, Tier, DataType, Policies } = latest(parameter);
    const policies = Policies.length > 0 ? JSON.stringify(Policies.map(({ PolicyText = "" }) => JSON.parse(PolicyText))) : undefined;
    return { Name, Type, Value, Description, AllowedPattern, Tier, DataType, Policies: policies };
  },
});

/** A property that the template no longer has is taken away, where PutParameter would keep it. */
function asked({ Type, Value, Description = "", AllowedPattern = "", DataType, Tier, Policies = "{}" }: Properties) {
  if (Type === "SecureString")
    throw new AwsError("ValidationException", "SSM Parameters of type SecureString cannot be created using CloudFormation");
  return { Type, Value: String(Value), Description: Description || undefined, AllowedPattern, DataType, Tier, Policies };
}

/** Unlike most types, this one takes its tags as a map. */
const own = (properties: Properties): Record<string, string> =>
  Object.fromEntries(Object.entries(properties.Tags ?? {}).map(([key, value]) => [key, String(value)]));

const checkOwnTags = (properties: Properties): void =>
  checkNewTags(
    {},
    Object.entries(own(properties)).map(([Key, Value]) => ({ Key, Value })),
  );

function setTags({ tags }: Parameter, properties: Properties, previous: Properties, stack: Stack): void {
  for (const key of Object.keys(own(previous))) delete tags[key];
  Object.assign(tags, stack.tags, own(properties));
}
