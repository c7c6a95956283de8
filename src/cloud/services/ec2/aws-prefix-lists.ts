/** The prefix lists that AWS keeps for the services with gateway endpoints. */
import type * as sdk from "@aws-sdk/client-ec2";
import known from "../../data/prefix-lists.json" with { type: "json" };
import type { Known } from "../../service.ts";

export type AwsPrefixList = Known<
  sdk.ManagedPrefixList,
  "PrefixListId" | "PrefixListName" | "PrefixListArn" | "AddressFamily" | "State" | "OwnerId"
> & { entries: sdk.PrefixListEntry[] };
type Row = { id: string; cidrs: string[] };

const lists: Record<string, Record<string, Row>> = known.lists;

/** A region's lists for S3 and DynamoDB. Their ids are AWS's, the same in every account. */
export function awsPrefixLists(region: string): AwsPrefixList[] {
  return ["dynamodb", "s3"].map((service) => {
    const { id, cidrs } = lists[service]?.[region] ?? { id: idOf(region, service), cidrs: known.elsewhere[service as "s3" | "dynamodb"] };
    return {
      PrefixListId: id,
      AddressFamily: "IPv4",
      State: "create-complete",
      PrefixListArn: `arn:aws:ec2:${region}:aws:prefix-list/${id}`,
      PrefixListName: `com.amazonaws.${region}.${service}`,
      Tags: [],
      OwnerId: "AWS",
      entries: cidrs.map((Cidr) => ({ Cidr })),
    };
  });
}

/** An id for a region whose own we could not find out: eight digits, the same in every run. */
function idOf(region: string, service: string): string {
  let hash = 0x811c_9dc5;
  for (const character of `${region} ${service}`) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x0100_0193) >>> 0;
  return `pl-${hash.toString(16).padStart(8, "0")}`;
}
