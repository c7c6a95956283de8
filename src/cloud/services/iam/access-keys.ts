/** Access keys of users; the front checks signatures against the credentials they make. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html */
import type * as sdk from "@aws-sdk/client-iam";
import type { Operations } from "../../service.ts";
import { callingUser, checkQuota, key, noSuch, uniqueId, validation } from "./names.ts";
import { page } from "./pages.ts";
import type { AccessKey, Here, State } from "./state.ts";

const KEYS_MAX = 2; // docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

export const accessKeyOperations = {
  CreateAccessKey(call, { UserName }) {
    const user = callingUser(call, UserName);
    const owner = key(user.UserName);
    checkQuota(keysOf(call, owner).length + 1, KEYS_MAX, "AccessKeysPerUser");
    // 20 and 40 characters, as AWS's.
    const AccessKeyId = uniqueId(call, "AKIA").slice(0, 20);
    const SecretAccessKey = Buffer.from(call.bytes(30)).toString("base64");
    const access: AccessKey = { UserName: user.UserName, AccessKeyId, Status: "Active", CreateDate: call.date, user: owner };
    call.state.accessKeys.set(AccessKeyId, access);
    call.credentials.set(AccessKeyId, {
      account: call.account,
      arn: user.Arn,
      userId: user.UserId,
      secretAccessKey: SecretAccessKey,
      active: true,
    });
    return { AccessKey: { UserName: user.UserName, AccessKeyId, Status: "Active", SecretAccessKey, CreateDate: access.CreateDate } };
  },
  ListAccessKeys(call, { UserName, ...asked }) {
    const owner = key(callingUser(call, UserName).UserName);
    const { items, ...rest } = page(
      keysOf(call, owner),
      ({ CreateDate, AccessKeyId }) => `${CreateDate.toISOString()} ${AccessKeyId}`,
      asked,
    );
    return { AccessKeyMetadata: items.map(({ user: _user, ...metadata }) => metadata), ...rest };
  },
  UpdateAccessKey(call, { UserName, AccessKeyId, Status }) {
    const access = accessKeyOf(call, UserName, AccessKeyId);
    if (Status !== "Active" && Status !== "Inactive") {
      throw validation(
        `1 validation error detected: Value '${Status}' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]`,
      );
    }
    access.Status = Status;
    const credential = call.credentials.get(AccessKeyId);
    if (credential) credential.active = Status === "Active";
  },
  DeleteAccessKey(call, { UserName, AccessKeyId }) {
    accessKeyOf(call, UserName, AccessKeyId);
    call.state.accessKeys.delete(AccessKeyId);
    call.credentials.delete(AccessKeyId);
  },
  // When a key was last used is not recorded: this is AWS's answer for a key that was not.
  GetAccessKeyLastUsed(call, { AccessKeyId }) {
    const access = call.state.accessKeys.get(AccessKeyId);
    if (!access) throw noSuch(`The Access Key with id ${AccessKeyId} cannot be found`);
    return { UserName: access.UserName, AccessKeyLastUsed: { LastUsedDate: undefined, ServiceName: "N/A", Region: "N/A" } };
  },
} satisfies Operations<sdk.IAM, State>;

export const keysOf = (call: Here, owner: string): AccessKey[] => [...call.state.accessKeys.values()].filter(({ user }) => user === owner);

/** A key of that user; of the caller when none is named; of the account when the root user asks. */
function accessKeyOf(call: Here, userName: string | undefined, id: string): AccessKey {
  const found = call.state.accessKeys.get(id);
  const anybody = userName === undefined && call.principal.arn.endsWith(":root");
  const owner = anybody ? found?.user : key(callingUser(call, userName).UserName);
  if (!found || found.user !== owner) throw noSuch(`The Access Key with id ${id} cannot be found.`);
  return found;
}
