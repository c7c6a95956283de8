/** Prefix lists, AWS's and customers'. Guide: https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { seconds } from "../../../kernel/units.ts";
import { AwsError, resource, type Call, type Known, type Operations } from "../../service.ts";
import { awsPrefixLists, type AwsPrefixList } from "./aws-prefix-lists.ts";
import { canonical } from "./cidr.ts";
import { madeBefore, remember } from "./client-tokens.ts";
import { filtered } from "./filters.ts";
import { page } from "./pages.ts";
import type { State } from "./state.ts";
import { resourceTags, retag, tagsOf } from "./tags.ts";

export type PrefixList = Known<
  sdk.ManagedPrefixList,
  "PrefixListId" | "PrefixListName" | "PrefixListArn" | "AddressFamily" | "State" | "OwnerId" | "Tags" | "Version" | "MaxEntries"
> & {
  /** The entries of each version that AWS still keeps. */
  versions: Map<number, sdk.PrefixListEntry[]>;
};
export type PrefixListTimers = { prefixListSettled: { prefixListId: string } };
type Here = Call<State, PrefixListTimers>;

// docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const LISTS_MAX = 100;
const ENTRIES_MAX = 1000;
const VERSIONS_MAX = 1000;
// AWS does not say how long a change takes; a few seconds is what the console shows.
const CHANGE = seconds(3);

export const prefixListOperations = {
  CreateManagedPrefixList(call, { ClientToken: token, ...request }) {
    const made = madeBefore(call, "CreateManagedPrefixList", token, request);
    if (made !== undefined) return { PrefixList: findPrefixList(call, made) };
    const { PrefixListName, Entries = [], MaxEntries, AddressFamily, TagSpecifications } = request;
    checkName(PrefixListName);
    if (AddressFamily !== "IPv4" && AddressFamily !== "IPv6")
      throw new AwsError(
        "InvalidParameterValue",
        `Value (${AddressFamily}) for parameter addressFamily is invalid. Valid values are [IPv4, IPv6].`,
      );
    checkSize(MaxEntries, Entries.length);
    if (call.state.prefixLists.size >= LISTS_MAX)
      throw new AwsError("PrefixListLimitExceeded", "You've reached the limit on the number of prefix lists you can create.");
    const tags = tagsOf(call, TagSpecifications, "prefix-list");
    const entries = withEntries([], Entries, AddressFamily);
    const id = call.id("pl");
    const list: PrefixList = {
      PrefixListId: id,
      PrefixListName,
      PrefixListArn: call.arn("ec2", `prefix-list/${id}`),
      AddressFamily,
      MaxEntries,
      Version: 1,
      State: "create-in-progress",
      OwnerId: call.account,
      Tags: tags,
      versions: new Map([[1, entries]]),
    };
    call.state.prefixLists.set(id, list);
    remember(call, "CreateManagedPrefixList", token, request, id);
    call.after(CHANGE, "prefixListSettled", { prefixListId: id });
    return { PrefixList: shown(list) };
  },
  ModifyManagedPrefixList(call, { PrefixListId, CurrentVersion, PrefixListName, AddEntries = [], RemoveEntries = [], MaxEntries }) {
    const list = findSettled(call, PrefixListId);
    if (PrefixListName !== undefined) checkName(PrefixListName);
    const changesEntries = AddEntries.length + RemoveEntries.length > 0;
    if (changesEntries && MaxEntries !== undefined)
      throw new AwsError(
        "InvalidRequest",
        "You cannot modify the entries of a prefix list and modify the size of a prefix list at the same time.",
      );
    if (changesEntries) checkVersion(list, CurrentVersion);
    const kept = without(entriesOf(list), RemoveEntries);
    const entries = withEntries(kept, AddEntries, list.AddressFamily);
    checkSize(MaxEntries ?? list.MaxEntries, entries.length);
    if (PrefixListName !== undefined) list.PrefixListName = PrefixListName;
    if (MaxEntries !== undefined) list.MaxEntries = MaxEntries;
    if (changesEntries) advance(list, entries);
    list.State = "modify-in-progress";
    call.after(CHANGE, "prefixListSettled", { prefixListId: PrefixListId });
    return { PrefixList: shown(list) };
  },
  RestoreManagedPrefixListVersion(call, { PrefixListId, PreviousVersion, CurrentVersion }) {
    const list = findSettled(call, PrefixListId);
    checkVersion(list, CurrentVersion);
    advance(list, structuredClone(entriesOf(list, PreviousVersion)));
    list.State = "restore-in-progress";
    call.after(CHANGE, "prefixListSettled", { prefixListId: PrefixListId });
    return { PrefixList: shown(list) };
  },
  DeleteManagedPrefixList(call, { PrefixListId }) {
    const list = findSettled(call, PrefixListId);
    if (referrers(call, PrefixListId).length > 0)
      throw new AwsError(
        "DependencyViolation",
        `The prefix list ${PrefixListId} is in use by one or more resources and cannot be deleted.`,
      );
    list.State = "delete-in-progress";
    call.after(CHANGE, "prefixListSettled", { prefixListId: PrefixListId });
    return { PrefixList: shown(list) };
  },
  DescribeManagedPrefixLists(call, { PrefixListIds, Filters, MaxResults, NextToken }) {
    const all: (PrefixList | AwsPrefixList)[] = PrefixListIds
      ? PrefixListIds.map((id) => find(call, id))
      : [...awsPrefixLists(call.region), ...call.state.prefixLists.values()];
    const kept = filtered(all.map(shown), Filters, {
      "owner-id": ({ OwnerId }) => OwnerId,
      "prefix-list-id": ({ PrefixListId }) => PrefixListId,
      "prefix-list-name": ({ PrefixListName }) => PrefixListName,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken, least: 1, most: 100 });
    return { PrefixLists: items, NextToken: next };
  },
  GetManagedPrefixListEntries(call, { PrefixListId, TargetVersion, MaxResults, NextToken }) {
    const { items, NextToken: next } = page(entriesOf(find(call, PrefixListId), TargetVersion), {
      MaxResults,
      NextToken,
      least: 1,
      most: 100,
    });
    return { Entries: items, NextToken: next };
  },
  GetManagedPrefixListAssociations(call, { PrefixListId, MaxResults, NextToken }) {
    const { OwnerId } = find(call, PrefixListId);
    if (OwnerId === "AWS") throw new AwsError("UnsupportedOperation", "This operation is not supported for AWS-managed prefix lists.");
    const associations = referrers(call, PrefixListId).map((ResourceId) => ({ ResourceId, ResourceOwner: call.account }));
    const { items, NextToken: next } = page(associations, { MaxResults, NextToken });
    return { PrefixListAssociations: items, NextToken: next };
  },
  /** Only those of AWS's services that a gateway endpoint reaches. */
  DescribePrefixLists(call, { PrefixListIds, Filters, MaxResults, NextToken }) {
    const all = awsPrefixLists(call.region);
    const unknown = PrefixListIds?.find((id) => !all.some(({ PrefixListId }) => PrefixListId === id));
    if (unknown) throw notFound(unknown);
    const lists = all
      .filter(({ PrefixListId }) => !PrefixListIds || PrefixListIds.includes(PrefixListId))
      .map((list) => ({
        PrefixListId: list.PrefixListId,
        PrefixListName: list.PrefixListName,
        Cidrs: entriesOf(list).flatMap(({ Cidr }) => Cidr ?? []),
      }));
    const kept = filtered(lists, Filters, {
      "prefix-list-id": ({ PrefixListId }) => PrefixListId,
      "prefix-list-name": ({ PrefixListName }) => PrefixListName,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken });
    return { PrefixLists: items, NextToken: next };
  },
} satisfies Operations<sdk.EC2, State, PrefixListTimers>;

export const prefixListTimers = {
  prefixListSettled(call: Here, { prefixListId }: PrefixListTimers["prefixListSettled"]) {
    const list = call.state.prefixLists.get(prefixListId);
    if (list?.State === "delete-in-progress") call.state.prefixLists.delete(prefixListId);
    else if (list?.State === "create-in-progress") list.State = "create-complete";
    else if (list?.State === "modify-in-progress") list.State = "modify-complete";
    else if (list?.State === "restore-in-progress") list.State = "restore-complete";
  },
};

/** The list, or a refusal; for rules and routes that name one. */
export function findPrefixList(call: Call<State>, id: string): sdk.ManagedPrefixList & { PrefixListId: string } {
  return shown(find(call, id));
}

/** As how many rules or routes a list counts: a customer's its maximum, AWS's for S3 and DynamoDB one: docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html */
export function weightOf(call: Call<State>, id: string): number {
  const list = find(call, id);
  return "versions" in list ? list.MaxEntries : 1;
}

/** The list's addresses now, for whoever decides where a packet goes. */
export function cidrsOf(call: Call<State>, id: string): string[] {
  return entriesOf(find(call, id)).flatMap(({ Cidr }) => Cidr ?? []);
}

function find(call: Call<State>, id: string): PrefixList | AwsPrefixList {
  const list = call.state.prefixLists.get(id) ?? awsPrefixLists(call.region).find(({ PrefixListId }) => PrefixListId === id);
  if (!list) throw notFound(id);
  return list;
}

function notFound(id: string): AwsError {
  return new AwsError("InvalidPrefixListID.NotFound", `The prefix list ID '${id}' does not exist`);
}

/** A customer's list at rest: while one change runs, AWS takes no other. */
function findSettled(call: Here, id: string): PrefixList {
  const list = find(call, id);
  if (!("versions" in list)) throw new AwsError("UnauthorizedOperation", "You are not authorized to perform this operation.", 403);
  if (list.State.endsWith("-in-progress"))
    throw new AwsError("IncorrectState", `The request cannot be completed while the prefix list (${id}) is in state ${list.State}.`);
  return list;
}

function entriesOf(list: PrefixList | AwsPrefixList, version?: number): sdk.PrefixListEntry[] {
  if (!("versions" in list)) return list.entries;
  const entries = list.versions.get(version ?? list.Version);
  if (!entries)
    throw new AwsError("PrefixListVersionNotFound", `The version ${version} of the prefix list ${list.PrefixListId} does not exist`);
  return entries;
}

function advance(list: PrefixList, entries: sdk.PrefixListEntry[]): void {
  list.Version += 1;
  list.versions.set(list.Version, entries);
  list.versions.delete(list.Version - VERSIONS_MAX);
}

function without(entries: sdk.PrefixListEntry[], removed: sdk.RemovePrefixListEntry[]): sdk.PrefixListEntry[] {
  const gone = new Set(removed.map(({ Cidr = "" }) => canonical(Cidr) ?? Cidr));
  for (const cidr of gone) {
    if (!entries.some(({ Cidr }) => Cidr === cidr))
      throw new AwsError("InvalidParameterValue", `The CIDR ${cidr} is not in the prefix list.`);
  }
  return entries.filter(({ Cidr = "" }) => !gone.has(Cidr));
}

/** Entries with others added; one that is there already only gets the new description. */
function withEntries(present: sdk.PrefixListEntry[], added: readonly sdk.AddPrefixListEntry[], family: string): sdk.PrefixListEntry[] {
  const entries = new Map(present.map((entry) => [entry.Cidr, entry]));
  const seen = new Set<string>();
  for (const { Cidr: given = "", Description } of added) {
    const Cidr = canonical(given);
    if (!Cidr || Cidr.includes(":") !== (family === "IPv6"))
      throw new AwsError("InvalidParameterValue", `The CIDR ${given} is not a valid ${family} CIDR block.`);
    if (seen.has(Cidr)) throw new AwsError("InvalidParameterValue", `The CIDR ${Cidr} is specified more than once.`);
    seen.add(Cidr);
    entries.set(Cidr, Description === undefined ? { Cidr } : { Cidr, Description });
  }
  return [...entries.values()];
}

function checkName(name: string): void {
  if (name.startsWith("com.amazonaws"))
    throw new AwsError(
      "InvalidParameterValue",
      `Value (${name}) for parameter prefixListName is invalid. The name cannot start with com.amazonaws.`,
    );
  if (name.length < 1 || name.length > 255)
    throw new AwsError(
      "InvalidParameterValue",
      `Value (${name}) for parameter prefixListName is invalid. The name must be between 1 and 255 characters.`,
    );
}

function checkSize(max: number, count: number): void {
  if (max < 1 || max > ENTRIES_MAX)
    throw new AwsError(
      "InvalidParameterValue",
      `Value (${max}) for parameter maxEntries is invalid. It must be between 1 and ${ENTRIES_MAX}.`,
    );
  if (count > max)
    throw new AwsError("PrefixListMaxEntriesExceeded", `You've reached the maximum number of entries (${max}) for the prefix list.`);
}

function checkVersion(list: PrefixList, version: number | undefined): void {
  if (version === undefined) throw new AwsError("MissingParameter", "The request must contain the parameter CurrentVersion");
  if (version !== list.Version) throw new AwsError("PrefixListVersionMismatch", "The prefix list has the incorrect version number.");
}

/** The security groups and route tables that name the list. */
function referrers(call: Call<State>, id: string): string[] {
  const groups = [...call.state.securityGroupRules.values()]
    .filter(({ PrefixListId }) => PrefixListId === id)
    .map(({ GroupId }) => GroupId);
  const tables = [...call.state.routeTables.values()]
    .filter(({ Routes }) => Routes.some(({ DestinationPrefixListId }) => DestinationPrefixListId === id))
    .map(({ RouteTableId }) => RouteTableId);
  return [...new Set([...groups, ...tables])];
}

/** As AWS describes it: without the entries. */
function shown(list: PrefixList | AwsPrefixList): sdk.ManagedPrefixList & Pick<PrefixList, "PrefixListId"> {
  const { versions: _versions, entries: _entries, ...rest } = { versions: undefined, entries: undefined, ...list };
  return rest;
}

export const prefixListResources = {
  "AWS::EC2::PrefixList": resource({
    create(call: Here, { PrefixListName, AddressFamily, MaxEntries, Entries, Tags }, stack) {
      const { PrefixList } = prefixListOperations.CreateManagedPrefixList(call, {
        PrefixListName,
        AddressFamily,
        // The size follows the entries where the template leaves it out.
        MaxEntries: Number(MaxEntries ?? Math.max(1, Entries?.length ?? 0)),
        Entries: Entries ?? [],
        TagSpecifications: [{ ResourceType: "prefix-list", Tags: resourceTags(Tags, stack) }],
      });
      return PrefixList.PrefixListId;
    },
    update(call: Here, id, { PrefixListName, AddressFamily, MaxEntries, Entries, Tags }, previous, stack) {
      const list = findSettled(call, id);
      if (PrefixListName !== previous["PrefixListName"]) checkName(PrefixListName);
      const wanted = withEntries([], Entries ?? [], AddressFamily);
      const size = Number(MaxEntries ?? Math.max(1, wanted.length));
      checkSize(size, wanted.length);
      Object.assign(list, { PrefixListName, MaxEntries: size, State: "modify-in-progress" });
      if (JSON.stringify(wanted) !== JSON.stringify(entriesOf(list))) advance(list, wanted);
      retag(call, id, Tags, previous["Tags"], stack);
      call.after(CHANGE, "prefixListSettled", { prefixListId: id });
    },
    settled: (call: Here, id) => !findPrefixList(call, id).State?.endsWith("-in-progress"),
    delete(call: Here, id) {
      if (call.state.prefixLists.has(id)) prefixListOperations.DeleteManagedPrefixList(call, { PrefixListId: id });
    },
    gone: (call: Here, id) => !call.state.prefixLists.has(id),
    attributes(call: Here, id) {
      const { PrefixListArn: Arn, OwnerId, PrefixListId, Version } = findPrefixList(call, id);
      return { Arn, OwnerId, PrefixListId, Version };
    },
    read(call: Here, id) {
      const list = call.state.prefixLists.get(id);
      return (
        list && {
          PrefixListName: list.PrefixListName,
          AddressFamily: list.AddressFamily,
          MaxEntries: list.MaxEntries,
          Entries: entriesOf(list),
          Tags: list.Tags,
        }
      );
    },
  }),
};
