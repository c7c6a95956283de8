/** The names under which an interface endpoint is found. Guide: https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html#interface-endpoint-dns-hostnames */
import type * as sdk from "@aws-sdk/client-ec2";
import type { Call } from "../../service.ts";
import type { Endpoint } from "./endpoints.ts";
import { digits, type EndpointService } from "./endpoint-services.ts";
import type { State } from "./state.ts";

/** The region's name first, then one for each zone, then the private ones. */
export function dnsEntries(
  call: Call<State>,
  { VpcEndpointId, SubnetIds, PrivateDnsEnabled }: Endpoint,
  service: EndpointService,
): sdk.DnsEntry[] {
  const base = service.BaseEndpointDnsNames[0] ?? "";
  // A few letters tell endpoints apart whose id came again; they stay for the endpoint's life.
  const own = `${VpcEndpointId}-${letters(VpcEndpointId, 8).toLowerCase()}`;
  const zones = SubnetIds.flatMap((id) => call.state.subnets.get(id)?.AvailabilityZone ?? []);
  const wild = base.startsWith("s3.") ? "*." : ""; // a bucket's name comes before it
  const names = [`${wild}${own}.${base}`, ...zones.map((zone) => `${wild}${own}-${zone}.${base}`)];
  // AWS has one public zone a region; its id follows here from the region's name.
  const publicZone = `Z${letters(`${call.region} vpce`, 13)}`;
  const privateZone = `Z${letters(`${VpcEndpointId} private`, 20)}`;
  return [
    ...names.map((DnsName) => ({ DnsName, HostedZoneId: publicZone })),
    ...(PrivateDnsEnabled ? service.privateNames : []).map((DnsName) => ({ DnsName, HostedZoneId: privateZone })),
  ];
}

/** Letters and digits that follow from a text, so that a question can name them without having remembered them. */
function letters(text: string, count: number): string {
  let all = "";
  for (let round = 0; all.length < count; round++)
    all += BigInt(`0x${digits(`${round} ${text}`)}`)
      .toString(36)
      .toUpperCase();
  return all.slice(-count);
}
