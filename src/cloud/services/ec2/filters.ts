/** Filters of the Describe operations. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError } from "../../service.ts";

type Scalar = string | number | boolean | Date;
/** What a filter compares: one value, several of which one must match, or nothing. */
export type Compared = Scalar | readonly (Scalar | undefined)[] | undefined;
type Taggable = { Tags?: readonly sdk.Tag[] };

// docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html: up to 50 filters and 200 values in a request
const FILTERS_MAX = 50;
const VALUES_MAX = 200;

/** The items that match all filters; within a filter any value will do. `tag:<key>` and `tag-key` look into `Tags`. */
export function filtered<Item>(
  items: readonly Item[],
  filters: readonly sdk.Filter[] | undefined,
  known: Record<string, (item: Item) => Compared>,
): Item[] {
  if (!filters?.length) return [...items];
  if (filters.length > FILTERS_MAX)
    throw new AwsError("FilterLimitExceeded", `The maximum number of filters on a describe call is ${FILTERS_MAX}`);
  const tests = filters.map((filter) => testOf(filter, known));
  return items.filter((item) => tests.every((test) => test(item)));
}

function testOf<Item>({ Name = "", Values }: sdk.Filter, known: Record<string, (item: Item) => Compared>): (item: Item) => boolean {
  const compared = Object.hasOwn(known, Name) ? known[Name] : tagFilter(Name);
  if (!compared) throw new AwsError("InvalidParameterValue", `The filter '${Name}' is invalid`);
  if (!Values?.length) throw new AwsError("InvalidParameterValue", `The filter '${Name}' must have at least one value`);
  if (Values.length > VALUES_MAX)
    throw new AwsError("FilterLimitExceeded", `The maximum number of filter values specified on a single call is ${VALUES_MAX}`);
  const patterns = Values.map(pattern);
  return (item) => {
    const value = compared(item);
    const values = Array.isArray(value) ? value : [value];
    return values.some((each) => each !== undefined && patterns.some((matches) => matches(text(each))));
  };
}

function tagFilter(name: string): ((item: unknown) => Compared) | undefined {
  if (name === "tag-key") return (item) => (item as Taggable).Tags?.map(({ Key }) => Key);
  if (!name.startsWith("tag:")) return undefined;
  const key = name.slice("tag:".length);
  return (item) => (item as Taggable).Tags?.filter((tag) => tag.Key === key).map(({ Value }) => Value ?? "");
}

function text(value: Scalar): string {
  return value instanceof Date ? value.toISOString() : String(value);
}

/** `*` for any characters, `?` for one; a backslash takes their meaning. */
function pattern(value: string): (text: string) => boolean {
  if (!/[*?\\]/.test(value)) return (text) => text === value;
  const expression = value.replace(/\\([*?\\])|([*?])|([.+^${}()|[\]\\])/g, (_all, escaped?: string, wild?: string, special?: string) => {
    if (escaped) return `\\${escaped}`;
    return wild ? (wild === "*" ? ".*" : ".") : `\\${special}`;
  });
  const compiled = new RegExp(`^${expression}$`, "s");
  return (text) => compiled.test(text);
}
