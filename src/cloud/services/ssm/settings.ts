/** Service settings of Parameter Store: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_UpdateServiceSetting.html */
import type * as sdk from "@aws-sdk/client-ssm";
import { AwsError, type Call, type Operations } from "../../service.ts";
import type { ParameterState } from "./parameter.ts";

type Here = Call<Pick<ParameterState, "settings">>;
type Setting = { standard: string; values: readonly string[] };

export const DEFAULT_TIER = "/ssm/parameter-store/default-parameter-tier";
/** Of machines outside AWS: SSM-017. */
export const TIER = "/ssm/managed-instance/activation-tier";
/** The settings that we act on, or that change nothing but a quota which we do not enforce. */
const SETTINGS: Record<string, Setting> = {
  [DEFAULT_TIER]: { standard: "Standard", values: ["Standard", "Advanced", "Intelligent-Tiering"] },
  [TIER]: { standard: "standard", values: ["standard", "advanced"] },
  "/ssm/parameter-store/high-throughput-enabled": { standard: "false", values: ["true", "false"] },
};

export const settingOperations = {
  GetServiceSetting(call, { SettingId }) {
    return { ServiceSetting: shown(call, idOf(SettingId)) };
  },
  UpdateServiceSetting(call, { SettingId, SettingValue }) {
    const id = idOf(SettingId);
    if (!SETTINGS[id]!.values.includes(SettingValue))
      throw new AwsError("ValidationException", `${SettingValue} is not a valid value for the setting ${id}.`);
    call.state.settings.set(id, { value: SettingValue, at: call.date, by: call.principal.arn });
    return {};
  },
  ResetServiceSetting(call, { SettingId }) {
    const id = idOf(SettingId);
    call.state.settings.delete(id);
    return { ServiceSetting: shown(call, id) };
  },
} satisfies Operations<sdk.SSM, ParameterState>;

export const settingOf = (call: Here, id: string): string => call.state.settings.get(id)?.value ?? SETTINGS[id]!.standard;

/** A setting is named by its id or by its ARN. */
function idOf(asked: string): string {
  const id = asked.replace(/^arn:.*:servicesetting/, "");
  if (!SETTINGS[id]) throw new AwsError("ServiceSettingNotFound", `The specified service setting wasn't found: ${asked}`);
  return id;
}

function shown(call: Here, id: string): sdk.ServiceSetting {
  const set = call.state.settings.get(id);
  return {
    SettingId: id,
    SettingValue: settingOf(call, id),
    LastModifiedDate: set?.at,
    LastModifiedUser: set?.by,
    ARN: call.arn("ssm", `servicesetting${id}`),
    Status: set ? "Customized" : "Default",
  };
}
