/** AWS::IAM::Role, InstanceProfile and ServiceLinkedRole. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html */
import { resource, type Properties } from "../../service.ts";
import { boundaryOperations } from "./boundaries.ts";
import { applyPolicies, names, onRole, orUndo, readPolicies, retag, tagsOf, text } from "./holder-resources.ts";
import { instanceProfileOperations } from "./instance-profiles.ts";
import { key, profileOf, roleOf } from "./names.ts";
import { roleOperations } from "./roles.ts";
import { linkedRoleName, serviceLinkedRoleOperations } from "./service-linked-roles.ts";
import type { Here, Role } from "./state.ts";

const stateOf = (call: Here, name: string): Role | undefined => call.state.roles.get(key(name));
const sessionOf = ({ MaxSessionDuration }: Properties): number | undefined =>
  MaxSessionDuration === undefined ? undefined : Number(MaxSessionDuration);

const role = resource({
  create(call: Here, properties, stack) {
    const { Path, Description, AssumeRolePolicyDocument, PermissionsBoundary } = properties;
    const RoleName: string = properties.RoleName ?? stack.generatedName(64);
    const tags = tagsOf(properties, stack);
    roleOperations.CreateRole(call, {
      RoleName,
      Path,
      Description,
      AssumeRolePolicyDocument: text(AssumeRolePolicyDocument),
      MaxSessionDuration: sessionOf(properties),
      PermissionsBoundary,
    });
    const made = roleOf(call, RoleName);
    made.tags = tags;
    orUndo(
      () => applyPolicies(made, onRole(call, RoleName), properties, {}),
      () => void call.state.roles.delete(key(RoleName)),
    );
    return RoleName;
  },
  update(call: Here, id, properties, previous, stack) {
    const { AssumeRolePolicyDocument, Description = "", PermissionsBoundary } = properties;
    const found = roleOf(call, id);
    roleOperations.UpdateAssumeRolePolicy(call, { RoleName: id, PolicyDocument: text(AssumeRolePolicyDocument) });
    roleOperations.UpdateRole(call, { RoleName: id, Description, MaxSessionDuration: sessionOf(properties) ?? 3600 });
    if (PermissionsBoundary !== undefined) boundaryOperations.PutRolePermissionsBoundary(call, { RoleName: id, PermissionsBoundary });
    else if (found.boundary !== undefined) boundaryOperations.DeleteRolePermissionsBoundary(call, { RoleName: id });
    applyPolicies(found, onRole(call, id), properties, previous);
    retag(found.tags, properties, previous, stack);
  },
  delete(call: Here, id, properties) {
    const found = stateOf(call, id);
    if (!found) return;
    // What others attached stops the deletion, as AWS has it.
    applyPolicies(found, onRole(call, id), {}, properties);
    roleOperations.DeleteRole(call, { RoleName: id });
  },
  attributes: (call: Here, id) => ({ Arn: stateOf(call, id)?.Arn, RoleId: stateOf(call, id)?.RoleId }),
  read(call: Here, id) {
    const found = stateOf(call, id);
    if (!found) return undefined;
    const { RoleName, Path, Description, MaxSessionDuration, AssumeRolePolicyDocument, boundary } = found;
    return {
      RoleName,
      Path,
      Description,
      MaxSessionDuration,
      AssumeRolePolicyDocument: JSON.parse(AssumeRolePolicyDocument) as unknown,
      PermissionsBoundary: boundary,
      ...readPolicies(found),
    };
  },
});

function setRole(call: Here, InstanceProfileName: string, wanted: string | undefined): void {
  const profile = profileOf(call, InstanceProfileName);
  if (profile.role === (wanted && key(wanted))) return;
  if (wanted !== undefined) roleOf(call, wanted);
  if (profile.role !== undefined)
    instanceProfileOperations.RemoveRoleFromInstanceProfile(call, { InstanceProfileName, RoleName: profile.role });
  if (wanted !== undefined) instanceProfileOperations.AddRoleToInstanceProfile(call, { InstanceProfileName, RoleName: wanted });
}

const instanceProfile = resource({
  create(call: Here, { InstanceProfileName, Path, Roles }, stack) {
    const name: string = InstanceProfileName ?? stack.generatedName(128);
    instanceProfileOperations.CreateInstanceProfile(call, { InstanceProfileName: name, Path });
    orUndo(
      () => setRole(call, name, names(Roles)[0]),
      () => void call.state.profiles.delete(key(name)),
    );
    return name;
  },
  update: (call: Here, id, { Roles }) => setRole(call, id, names(Roles)[0]),
  delete(call: Here, id) {
    if (!call.state.profiles.has(key(id))) return;
    setRole(call, id, undefined);
    instanceProfileOperations.DeleteInstanceProfile(call, { InstanceProfileName: id });
  },
  attributes: (call: Here, id) => ({ Arn: call.state.profiles.get(key(id))?.Arn }),
  read(call: Here, id) {
    const profile = call.state.profiles.get(key(id));
    return (
      profile && {
        InstanceProfileName: id,
        Path: profile.Path,
        Roles: profile.role === undefined ? [] : [roleOf(call, profile.role).RoleName],
      }
    );
  },
});

const serviceLinkedRole = resource({
  create(call: Here, { AWSServiceName, CustomSuffix, Description }) {
    return serviceLinkedRoleOperations.CreateServiceLinkedRole(call, { AWSServiceName, CustomSuffix, Description }).Role.RoleName;
  },
  update(call: Here, id, { Description = "" }) {
    roleOperations.UpdateRoleDescription(call, { RoleName: id, Description });
  },
  delete(call: Here, id) {
    if (stateOf(call, id)) serviceLinkedRoleOperations.DeleteServiceLinkedRole(call, { RoleName: id });
  },
  gone: (call: Here, id) => stateOf(call, id) === undefined,
  attributes: (_call, id, { AWSServiceName, CustomSuffix }) => ({ RoleName: linkedRoleName(AWSServiceName, CustomSuffix) ?? id }),
  read(call: Here, id) {
    const found = stateOf(call, id);
    return found && { Description: found.Description, AWSServiceName: found.Path.split("/")[2] };
  },
});

export const roleResources = {
  "AWS::IAM::Role": role,
  "AWS::IAM::InstanceProfile": instanceProfile,
  "AWS::IAM::ServiceLinkedRole": serviceLinkedRole,
};
