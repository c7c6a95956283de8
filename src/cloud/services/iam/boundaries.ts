/** Permissions boundaries. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html */
import type * as sdk from "@aws-sdk/client-iam";
import type { Operations } from "../../service.ts";
import { noSuch, ownRole, userOf } from "./names.ts";
import { checkAttachable } from "./policies.ts";
import type { Here, State } from "./state.ts";

export const boundaryOperations = {
  PutRolePermissionsBoundary(call, { RoleName, PermissionsBoundary }) {
    const role = ownRole(call, RoleName);
    checkBoundary(call, PermissionsBoundary);
    role.boundary = PermissionsBoundary;
  },
  DeleteRolePermissionsBoundary(call, { RoleName }) {
    const role = ownRole(call, RoleName);
    if (!role.boundary) throw noSuch(`Permissions boundary for role ${RoleName} cannot be found.`);
    role.boundary = undefined;
  },
  PutUserPermissionsBoundary(call, { UserName, PermissionsBoundary }) {
    const user = userOf(call, UserName);
    checkBoundary(call, PermissionsBoundary);
    user.boundary = PermissionsBoundary;
  },
  DeleteUserPermissionsBoundary(call, { UserName }) {
    const user = userOf(call, UserName);
    if (!user.boundary) throw noSuch(`Permissions boundary for user ${UserName} cannot be found.`);
    user.boundary = undefined;
  },
} satisfies Operations<sdk.IAM, State>;

/** A boundary is a managed policy that exists. */
export function checkBoundary(call: Here, arn: string | undefined): void {
  if (arn !== undefined) checkAttachable(call, arn);
}

/** The one type that the API has is spelt `Policy` in answers: docs.aws.amazon.com/IAM/latest/APIReference/API_AttachedPermissionsBoundary.html */
export const boundaryView = (arn: string | undefined) =>
  arn === undefined
    ? {}
    : { PermissionsBoundary: { PermissionsBoundaryArn: arn, PermissionsBoundaryType: "Policy" as sdk.PermissionsBoundaryAttachmentType } };
