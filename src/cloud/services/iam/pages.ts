/** Marker and MaxItems. https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html */
import { checkRange, validation } from "./names.ts";

type Asked = { Marker?: string; MaxItems?: number };
type Page<Item> = { items: Item[]; IsTruncated: boolean; Marker?: string };

/** One page of the items in the order of their keys; the marker names the last one given, so that deleting while paging skips nothing. */
export function page<Item>(all: Iterable<Item>, keyOf: (item: Item) => string, { Marker, MaxItems = 100 }: Asked): Page<Item> {
  checkRange("maxItems", MaxItems, 1, 1000); // 100 unless told, at most 1,000: the page above
  const after = Marker === undefined ? undefined : unmark(Marker);
  const sorted = [...all].map((item) => ({ item, key: keyOf(item) })).sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const left = after === undefined ? sorted : sorted.filter(({ key }) => key > after);
  const given = left.slice(0, MaxItems);
  const IsTruncated = left.length > MaxItems;
  return { items: given.map(({ item }) => item), IsTruncated, ...(IsTruncated && { Marker: mark(given.at(-1)!.key) }) };
}

const mark = (key: string): string => Buffer.from(`after:${key}`).toString("base64url");

function unmark(marker: string): string {
  const text = Buffer.from(marker, "base64url").toString();
  if (!text.startsWith("after:")) throw validation("Invalid Marker.");
  return text.slice("after:".length);
}

/** Whether the path is under the asked prefix, which is the root when none is given. */
export function under<Item extends { Path: string }>(items: Iterable<Item>, prefix = "/"): Item[] {
  if (!prefix.startsWith("/"))
    throw validation(
      "The specified value for pathPrefix is invalid. It must begin with / and contain only alphanumeric characters and/or / characters.",
    );
  return [...items].filter(({ Path }) => Path.startsWith(prefix));
}
