/** Who may ask an instance about itself, and how. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Operations } from "../../service.ts";
import type { Image } from "./images.ts";
import { findInstance } from "./instances.ts";
import type { Here, State } from "./state.ts";

type Options = Omit<sdk.InstanceMetadataOptionsRequest, "State">;
type Chosen = Pick<Options, "HttpTokens" | "HttpPutResponseHopLimit" | "HttpEndpoint" | "HttpProtocolIpv6" | "InstanceMetadataTags">;

const HOPS_MAX = 64; // API_InstanceMetadataOptionsRequest.html

export const instanceMetadataOperations = {
  ModifyInstanceMetadataOptions(call, { InstanceId, ...asked }) {
    const found = findInstance(call, InstanceId);
    if (found.state === "terminated" || found.state === "shutting-down")
      throw new AwsError("IncorrectInstanceState", `The instance '${InstanceId}' is ${found.state}.`);
    found.MetadataOptions = { ...found.MetadataOptions, ...chosen(asked) };
    return { InstanceId, InstanceMetadataOptions: { ...found.MetadataOptions, State: "pending" as const } };
  },

  GetInstanceMetadataDefaults: (call) => ({ AccountLevel: { ...call.state.metadataDefaults, ManagedBy: "account" as const } }),

  ModifyInstanceMetadataDefaults(call, { HttpTokensEnforced, DryRun: _dryRun, ...asked }) {
    if (HttpTokensEnforced !== undefined && HttpTokensEnforced !== "no-preference")
      throw new AwsError("NotImplemented", "Causeway does not emulate HttpTokensEnforced.", 501);
    const { HttpPutResponseHopLimit: hops, ...others } = asked;
    // -1 and no-preference take a default back: API_ModifyInstanceMetadataDefaults.html
    if (hops !== undefined && hops !== -1) checkHops(hops);
    const wanted = Object.entries({ ...others, HttpPutResponseHopLimit: hops }).filter(([, value]) => value !== undefined);
    const kept: [string, unknown][] = Object.entries({ ...call.state.metadataDefaults, ...Object.fromEntries(wanted) });
    call.state.metadataDefaults = Object.fromEntries(kept.filter(([, value]) => value !== -1 && value !== "no-preference"));
    return { Return: true };
  },
} satisfies Operations<sdk.EC2, State>;

/** What a launch gets: its own wish, else the account's, else the image's, else AWS's. */
export function metadataOf(call: Here, asked: Options | undefined, image: Image): sdk.InstanceMetadataOptionsResponse {
  const modern = image.ImdsSupport === "v2.0";
  return {
    State: "applied",
    HttpTokens: modern ? "required" : "optional",
    HttpPutResponseHopLimit: modern ? 2 : 1,
    HttpEndpoint: "enabled",
    HttpProtocolIpv6: "disabled",
    InstanceMetadataTags: "disabled",
    ...call.state.metadataDefaults,
    ...chosen(asked ?? {}),
  };
}

function chosen({ HttpTokens, HttpPutResponseHopLimit, HttpEndpoint, HttpProtocolIpv6, InstanceMetadataTags }: Options): Chosen {
  if (HttpPutResponseHopLimit !== undefined) checkHops(HttpPutResponseHopLimit);
  if (HttpTokens !== undefined && HttpTokens !== "required" && HttpTokens !== "optional")
    throw new AwsError("InvalidParameterValue", `Value (${String(HttpTokens)}) for parameter HttpTokens is invalid.`);
  const all = { HttpTokens, HttpPutResponseHopLimit, HttpEndpoint, HttpProtocolIpv6, InstanceMetadataTags };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function checkHops(hops: number): void {
  if (hops < 1 || hops > HOPS_MAX)
    throw new AwsError("InvalidParameterValue", `Value (${hops}) for parameter HttpPutResponseHopLimit is invalid.`);
}
