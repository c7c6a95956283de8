/** The account itself: its alias, password policy and counts. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html */
import type * as sdk from "@aws-sdk/client-iam";
import { AwsError, type Operations } from "../../service.ts";
import { checkRange, noSuch, validation } from "./names.ts";
import type { Here, State } from "./state.ts";

export const accountOperations = {
  CreateAccountAlias(call, { AccountAlias }) {
    if (!/^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$/.test(AccountAlias)) {
      throw validation(
        `1 validation error detected: Value '${AccountAlias}' at 'accountAlias' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$`,
      );
    }
    // An account has one alias: a new one takes the place of the old.
    call.state.alias = AccountAlias;
  },
  DeleteAccountAlias(call, { AccountAlias }) {
    if (call.state.alias !== AccountAlias) throw noSuch(`The Account Alias with name ${AccountAlias} cannot be found.`);
    call.state.alias = undefined;
  },
  ListAccountAliases(call) {
    return { AccountAliases: call.state.alias === undefined ? [] : [call.state.alias], IsTruncated: false };
  },
  GetAccountPasswordPolicy(call) {
    const policy = passwordPolicyOf(call);
    return { PasswordPolicy: { ...policy, ExpirePasswords: policy.MaxPasswordAge !== undefined } };
  },
  // What is not given goes back to its default: docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html
  UpdateAccountPasswordPolicy(call, given) {
    const { MinimumPasswordLength = 6, MaxPasswordAge, PasswordReusePrevention } = given;
    checkRange("minimumPasswordLength", MinimumPasswordLength, 6, 128);
    checkRange("maxPasswordAge", MaxPasswordAge, 1, 1095);
    checkRange("passwordReusePrevention", PasswordReusePrevention, 1, 24);
    call.state.passwordPolicy = {
      MinimumPasswordLength,
      RequireSymbols: given.RequireSymbols ?? false,
      RequireNumbers: given.RequireNumbers ?? false,
      RequireUppercaseCharacters: given.RequireUppercaseCharacters ?? false,
      RequireLowercaseCharacters: given.RequireLowercaseCharacters ?? false,
      AllowUsersToChangePassword: given.AllowUsersToChangePassword ?? false,
      MaxPasswordAge,
      PasswordReusePrevention,
      HardExpiry: given.HardExpiry,
    };
  },
  DeleteAccountPasswordPolicy(call) {
    passwordPolicyOf(call);
    call.state.passwordPolicy = undefined;
  },
  GetAccountSummary({ state }) {
    const versions = [...state.policies.values()].reduce((sum, policy) => sum + policy.versions.length, 0);
    const SummaryMap: Partial<Record<sdk.SummaryKeyType, number>> = {
      Users: state.users.size,
      Groups: state.groups.size,
      Roles: state.roles.size,
      Policies: state.policies.size,
      PolicyVersionsInUse: versions,
      InstanceProfiles: state.profiles.size,
      Providers: state.oidcProviders.size,
      ServerCertificates: 0,
      MFADevices: 0,
      MFADevicesInUse: 0,
      AccountMFAEnabled: 0,
      AccountAccessKeysPresent: 0,
      AccountSigningCertificatesPresent: 0,
      AccountPasswordPresent: 1,
      ...QUOTAS,
    };
    return { SummaryMap };
  },
} satisfies Operations<sdk.IAM, State>;

/** docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const QUOTAS = {
  UsersQuota: 5000,
  GroupsQuota: 300,
  RolesQuota: 1000,
  PoliciesQuota: 1500,
  PolicyVersionsInUseQuota: 10_000,
  InstanceProfilesQuota: 1000,
  ServerCertificatesQuota: 20,
  SigningCertificatesPerUserQuota: 2,
  AccessKeysPerUserQuota: 2,
  GroupsPerUserQuota: 10,
  AttachedPoliciesPerGroupQuota: 10,
  AttachedPoliciesPerRoleQuota: 10,
  AttachedPoliciesPerUserQuota: 10,
  VersionsPerPolicyQuota: 5,
  PolicySizeQuota: 6144,
  AssumeRolePolicySizeQuota: 2048,
  UserPolicySizeQuota: 2048,
  GroupPolicySizeQuota: 5120,
  RolePolicySizeQuota: 10_240,
  GlobalEndpointTokenVersion: 1,
};

function passwordPolicyOf(call: Here) {
  const { passwordPolicy } = call.state;
  if (!passwordPolicy) throw noSuch(`The Password Policy with domain name ${call.account} cannot be found.`);
  return passwordPolicy;
}

/** A password is checked and not kept: nobody signs in with it here. */
export function checkPassword(call: Here, password: string): void {
  const { passwordPolicy: policy } = call.state;
  // Without a policy of its own the account has AWS's: docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
  const refuse = (message: string) => new AwsError("PasswordPolicyViolation", message);
  const least = policy?.MinimumPasswordLength ?? 8;
  if (password.length < least) throw refuse(`Password should have a minimum length of ${least}`);
  if (policy?.RequireSymbols && !/[^A-Za-z0-9]/.test(password)) throw refuse("Password should have at least one symbol");
  if (policy?.RequireNumbers && !/\d/.test(password)) throw refuse("Password should have at least one number");
  if (policy?.RequireUppercaseCharacters && !/[A-Z]/.test(password)) throw refuse("Password should have at least one uppercase character");
  if (policy?.RequireLowercaseCharacters && !/[a-z]/.test(password)) throw refuse("Password should have at least one lowercase character");
}
