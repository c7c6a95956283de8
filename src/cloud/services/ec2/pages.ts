/** MaxResults and NextToken. Reference: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html#api-pagination */
import { AwsError } from "../../service.ts";

type Request = {
  MaxResults?: number;
  NextToken?: string;
  /** The bounds of MaxResults, as the operation documents them. */
  least?: number;
  most?: number;
};

/** One page of the items; without MaxResults all that are left. */
export function page<Item>(
  items: readonly Item[],
  { MaxResults, NextToken, least = 5, most = 1000 }: Request,
): { items: Item[]; NextToken: string | undefined } {
  if (MaxResults !== undefined && (MaxResults < least || MaxResults > most)) {
    throw new AwsError(
      "InvalidParameterValue",
      `Value ( ${MaxResults} ) for parameter maxResults is invalid. Expecting a value between ${least} and ${most}.`,
    );
  }
  const start = NextToken === undefined ? 0 : position(NextToken);
  const end = start + (MaxResults ?? items.length);
  return { items: items.slice(start, end), NextToken: end < items.length ? token(end) : undefined };
}

const token = (at: number): string => Buffer.from(`ec2:${at}`).toString("base64url");

function position(given: string): number {
  const at = /^ec2:(\d+)$/.exec(Buffer.from(given, "base64url").toString())?.[1];
  if (at === undefined) throw new AwsError("InvalidNextToken", "The specified token is not valid.");
  return Number(at);
}
