/** Roles of instances. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { minutes } from "../../../kernel/units.ts";
import { AwsError, type Credential, type Operations } from "../../service.ts";
import { key } from "../iam/names.ts";
import { filtered } from "./filters.ts";
import { findInstance, type Instance } from "./instances.ts";
import { page } from "./pages.ts";
import type { Here, State } from "./state.ts";

// Credentials are good for about six hours and new ones are there five minutes before they end: instance-metadata-security-credentials.html
const LIFE_SECONDS = 6 * 3600;
const RENEWED_BEFORE = minutes(5);

type Associated = Instance & { association: NonNullable<Instance["association"]> };

export const instanceProfileOperations = {
  AssociateIamInstanceProfile(call, { IamInstanceProfile, InstanceId }) {
    const instance = findInstance(call, InstanceId);
    const profile = namedProfile(call, IamInstanceProfile);
    if (instance.association) throw new AwsError("IncorrectState", `There is an existing association for instance ${InstanceId}`);
    if (instance.state === "terminated" || instance.state === "shutting-down")
      throw new AwsError("IncorrectInstanceState", `The instance '${InstanceId}' is ${instance.state}.`);
    return { IamInstanceProfileAssociation: { ...associate(call, instance, profile), State: "associating" as const } };
  },

  ReplaceIamInstanceProfileAssociation(call, { IamInstanceProfile, AssociationId }) {
    const instance = byAssociation(call, AssociationId);
    const profile = namedProfile(call, IamInstanceProfile);
    return { IamInstanceProfileAssociation: { ...associate(call, instance, profile), State: "associating" as const } };
  },

  DisassociateIamInstanceProfile(call, { AssociationId }) {
    const instance = byAssociation(call, AssociationId);
    const before = shown(instance);
    Object.assign(instance, { association: undefined, session: undefined, IamInstanceProfile: undefined });
    return { IamInstanceProfileAssociation: { ...before, State: "disassociating" as const } };
  },

  DescribeIamInstanceProfileAssociations(call, { AssociationIds, Filters, MaxResults, NextToken }) {
    const all = AssociationIds?.length
      ? AssociationIds.map((id) => byAssociation(call, id))
      : [...call.state.instances.values()].filter(isAssociated);
    const kept = filtered(all.map(shown), Filters, {
      "instance-id": ({ InstanceId }) => InstanceId,
      state: ({ State: state }) => state,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken });
    return { IamInstanceProfileAssociations: items, NextToken: next };
  },
} satisfies Operations<sdk.EC2, State>;

const isAssociated = (instance: Instance): instance is Associated => instance.association !== undefined;

function byAssociation(call: Here, id: string): Associated {
  const found = [...call.state.instances.values()].filter(isAssociated).find(({ association }) => association.id === id);
  if (!found) throw new AwsError("InvalidAssociationID.NotFound", `An invalid association-id of '${id}' was given`);
  return found;
}

function associate(call: Here, instance: Instance, profile: { Arn: string; Id: string }): sdk.IamInstanceProfileAssociation {
  const association = { id: call.id("iip-assoc"), since: call.date };
  return shown(Object.assign(instance, { association, session: undefined, IamInstanceProfile: profile }));
}

const shown = ({ association, InstanceId, IamInstanceProfile }: Associated): sdk.IamInstanceProfileAssociation => ({
  AssociationId: association.id,
  InstanceId,
  IamInstanceProfile,
  State: "associated",
  Timestamp: association.since,
});

/** The profile that a request names, in one of two ways. */
export function namedProfile(call: Here, { Name, Arn }: sdk.IamInstanceProfileSpecification): { Arn: string; Id: string } {
  if (Name !== undefined && Arn !== undefined)
    throw new AwsError(
      "InvalidParameterCombination",
      "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
    );
  const profile = call.peek("iam").profiles.get(key(Name ?? Arn?.replace(/^.*\//, "") ?? ""));
  const [way, word] = Name === undefined ? ["arn", "ARN"] : ["name", "name"];
  if (!profile || (Arn !== undefined && profile.Arn !== Arn))
    throw new AwsError(
      "InvalidParameterValue",
      `Value (${Name ?? Arn}) for parameter iamInstanceProfile.${way} is invalid. Invalid IAM Instance Profile ${word}`,
    );
  return { Arn: profile.Arn, Id: profile.InstanceProfileId };
}

/** What the instance's metadata gives to its software: a session of its role, for the agents' own calls. None without profile and role. */
export function credentialsOf(call: Here, instanceId: string): (Credential & { accessKeyId: string }) | undefined {
  const instance = findInstance(call, instanceId);
  const known = call.credentials.get(instance.session ?? "");
  if (known?.expires !== undefined && known.expires > call.now + RENEWED_BEFORE) return { ...known, accessKeyId: instance.session! };
  const iam = call.peek("iam");
  const profile = iam.profiles.get(key(instance.IamInstanceProfile?.Arn?.replace(/^.*\//, "") ?? ""));
  const role = iam.roles.get(profile?.role ?? "");
  if (!role) return undefined;
  const { Credentials } = call.ask("sts").AssumeRole({
    RoleArn: role.Arn,
    RoleSessionName: instanceId,
    DurationSeconds: Math.min(LIFE_SECONDS, role.MaxSessionDuration),
  });
  instance.session = Credentials.AccessKeyId;
  return { ...call.credentials.get(Credentials.AccessKeyId)!, accessKeyId: Credentials.AccessKeyId };
}
