/** Tags of EC2's resources: each has them in its own `Tags`. Guide: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html */
import type * as sdk from "@aws-sdk/client-ec2";
import { AwsError, type Operations, type Stack, type Tagged } from "../../service.ts";
import { filtered } from "./filters.ts";
import { missing } from "./ids.ts";
import { page } from "./pages.ts";
import type { Here, State } from "./state.ts";

// docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
const TAGS_MAX = 50;
const KEY_MAX = 128;
const VALUE_MAX = 256;

type Taggable = { Tags: sdk.Tag[] };
/** Marks a tag that AWS itself sets: only such may begin with `aws:`. A request can't carry it. */
const system = Symbol("system");
type Tag = { Key: string; Value: string };
type Given = sdk.Tag & { [system]?: true };

/** Where the tags of each kind live, by the ids' prefix. The type is also the word in the ARN. */
const kinds: Record<string, { type: sdk.ResourceType; of: (state: State) => Map<string, Taggable> }> = {
  acl: { type: "network-acl", of: (state) => state.networkAcls },
  ami: { type: "image", of: (state) => state.images },
  cr: { type: "capacity-reservation", of: (state) => state.capacityReservations },
  dopt: { type: "dhcp-options", of: (state) => state.dhcpOptions },
  eigw: { type: "egress-only-internet-gateway", of: (state) => state.egressOnlyInternetGateways },
  eipalloc: { type: "elastic-ip", of: (state) => state.addresses },
  eni: { type: "network-interface", of: (state) => state.networkInterfaces },
  fl: { type: "vpc-flow-log", of: (state) => state.flowLogs },
  i: { type: "instance", of: (state) => state.instances },
  igw: { type: "internet-gateway", of: (state) => state.internetGateways },
  key: { type: "key-pair", of: (state) => state.keyPairs },
  lt: { type: "launch-template", of: (state) => state.launchTemplates },
  nat: { type: "natgateway", of: (state) => state.natGateways },
  pcx: { type: "vpc-peering-connection", of: (state) => state.vpcPeeringConnections },
  pg: { type: "placement-group", of: (state) => state.placementGroups },
  pl: { type: "prefix-list", of: (state) => state.prefixLists },
  rtb: { type: "route-table", of: (state) => state.routeTables },
  sg: { type: "security-group", of: (state) => state.securityGroups },
  sgr: { type: "security-group-rule", of: (state) => state.securityGroupRules },
  snap: { type: "snapshot", of: (state) => state.snapshots },
  subnet: { type: "subnet", of: (state) => state.subnets },
  vol: { type: "volume", of: (state) => state.volumes },
  vpc: { type: "vpc", of: (state) => state.vpcs },
  vpce: { type: "vpc-endpoint", of: (state) => state.vpcEndpoints },
};

export const tagOperations = {
  CreateTags(call, { Resources, Tags }) {
    const tags = checkTags(Tags);
    const changes = Resources.map((id) => find(call, id)).map((resource) => ({ resource, tags: merged(resource.Tags, tags) }));
    for (const { resource, tags: after } of changes) resource.Tags = after;
  },
  DeleteTags(call, { Resources, Tags }) {
    const found = Resources.map((id) => find(call, id));
    for (const { Key } of Tags ?? []) if (Key?.startsWith("aws:")) throw reserved();
    for (const resource of found) resource.Tags = resource.Tags.filter((tag) => !isRemoved(tag, Tags));
  },
  DescribeTags(call, { Filters, MaxResults, NextToken }) {
    const all = [...everything(call)].flatMap(({ id, type, resource }) =>
      resource.Tags.map((tag) => ({ Key: tag.Key, ResourceId: id, ResourceType: type, Value: tag.Value, Tags: [tag] })),
    );
    const kept = filtered(all, Filters, {
      key: ({ Key }) => Key,
      "resource-id": ({ ResourceId }) => ResourceId,
      "resource-type": ({ ResourceType }) => ResourceType,
      value: ({ Value }) => Value,
    });
    const { items, NextToken: next } = page(kept, { MaxResults, NextToken });
    return { Tags: items.map(({ Tags: _one, ...tag }) => tag), NextToken: next };
  },
} satisfies Operations<sdk.EC2, State>;

/** The tags that a request gives to what it makes. */
export function tagsOf(_call: Here, specifications: readonly sdk.TagSpecification[] | undefined, type: sdk.ResourceType): Tag[] {
  if (!specifications?.length) return [];
  if (specifications.length > 1) throw new AwsError("InvalidParameterValue", `Duplicate resource type in tag specifications: ${type}`);
  const [{ ResourceType, Tags }] = specifications as [sdk.TagSpecification];
  if (!ResourceType) throw new AwsError("InvalidParameterValue", "Tag specification resource type must have a value");
  if (ResourceType !== type)
    throw new AwsError("InvalidParameterValue", `'${ResourceType}' is not a valid taggable resource type for this operation.`);
  if (!Tags) throw new AwsError("InvalidParameterValue", "Tag specification must have at least one tag");
  return checkTags(Tags);
}

/** A template's own tags over its stack's. */
export function resourceTags(own: unknown, stack: Pick<Stack, "tags">): sdk.Tag[] {
  const tags = new Map(Object.entries(stack.tags));
  for (const { Key, Value } of (own ?? []) as sdk.Tag[]) tags.set(String(Key), String(Value));
  return [...tags].map(([Key, Value]) => ({ Key, Value, [system]: true }));
}

/** A resource's tags after its template's have changed: those that somebody else set stay. */
export function retag(call: Here, id: string, own: unknown, previous: unknown, stack: Pick<Stack, "tags">): void {
  const resource = find(call, id);
  const gone = new Set(((previous ?? []) as sdk.Tag[]).map(({ Key }) => Key));
  resource.Tags = merged(
    resource.Tags.filter(({ Key }) => !gone.has(Key)),
    resourceTags(own, stack),
  );
}

/** Every resource of the region that has or can have tags, for the tagging API. */
export function* tagged(call: Here): Iterable<Tagged> {
  for (const { id, type, resource } of everything(call)) {
    yield {
      arn: call.arn("ec2", `${type}/${id}`),
      tags: Object.fromEntries(resource.Tags.map(({ Key = "", Value = "" }) => [Key, Value])),
    };
  }
}

/** Sets and removes tags by ARN, for the tagging API. */
export function tag(call: Here, arn: string, set: Record<string, string>, remove: readonly string[]): boolean {
  const id = arn.slice(arn.lastIndexOf("/") + 1);
  const kind = kindOf(id);
  const resource = kind?.of(call.state).get(id);
  if (!kind || !resource || arn !== call.arn("ec2", `${kind.type}/${id}`)) return false;
  const kept = resource.Tags.filter(({ Key = "" }) => !remove.includes(Key));
  resource.Tags = merged(kept, checkTags(Object.entries(set).map(([Key, Value]) => ({ Key, Value }))));
  return true;
}

function* everything(call: Here): Iterable<{ id: string; type: sdk.ResourceType; resource: Taggable }> {
  for (const { type, of } of Object.values(kinds)) for (const [id, resource] of of(call.state)) yield { id, type, resource };
}

const kindOf = (id: string) => (Object.hasOwn(kinds, id.split("-", 1)[0]!) ? kinds[id.split("-", 1)[0]!] : undefined);

function find(call: Here, id: string): Taggable {
  const kind = kindOf(id);
  if (!kind) throw new AwsError("InvalidID", `The ID '${id}' is not valid`);
  const resource = kind.of(call.state).get(id);
  if (!resource) throw new AwsError(...missing(id));
  return resource;
}

function checkTags(given: readonly Given[]): Tag[] {
  const tags = new Map<string, Tag>();
  for (const { Key, Value = "", [system]: isSystem } of given) {
    if (!Key)
      throw new AwsError("InvalidParameterValue", "Tag key cannot be null or empty. Tag keys must be between 1 and 128 characters long.");
    if (Key.startsWith("aws:") && !isSystem) throw reserved();
    if (Key.length > KEY_MAX) throw new AwsError("InvalidParameterValue", `Tag key exceeds the maximum length of ${KEY_MAX} characters`);
    if (Value.length > VALUE_MAX)
      throw new AwsError("InvalidParameterValue", `Tag value exceeds the maximum length of ${VALUE_MAX} characters`);
    if (tags.has(Key)) throw new AwsError("InvalidParameterValue", `Duplicate tag key '${Key}' specified.`);
    tags.set(Key, { Key, Value });
  }
  return merged([], [...tags.values()]);
}

/** The new tags over those that are there; a key keeps its place. */
function merged(present: readonly sdk.Tag[], added: readonly sdk.Tag[]): Tag[] {
  const tags = new Map<string, string>();
  for (const { Key = "", Value = "" } of [...present, ...added]) tags.set(Key, Value);
  const counted = [...tags.keys()].filter((key) => !key.startsWith("aws:"));
  if (counted.length > TAGS_MAX) throw new AwsError("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.");
  return [...tags].map(([Key, Value]) => ({ Key, Value }));
}

/** Without a list all tags go but AWS's own; with an empty value only a tag whose value is empty. */
function isRemoved({ Key = "", Value }: sdk.Tag, removed: readonly sdk.Tag[] | undefined): boolean {
  if (!removed?.length) return !Key.startsWith("aws:");
  return removed.some((tag) => tag.Key === Key && (tag.Value === undefined || tag.Value === Value));
}

function reserved(): AwsError {
  return new AwsError("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use");
}
