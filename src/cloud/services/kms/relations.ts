/** Multi-Region keys that belong together: the same id and material, one key a region. https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html */
import type { Here, Key } from "./key.ts";

type Related = { call: Here; key: Key };

/** The others of its kind; none for a single-Region key. */
export function related(call: Here, { metadata }: Key): Related[] {
  const { PrimaryKey, ReplicaKeys = [] } = metadata.MultiRegionConfiguration ?? {};
  return [PrimaryKey, ...ReplicaKeys].flatMap((each) => {
    if (!each?.Region || each.Region === call.region) return [];
    const elsewhere = call.elsewhere(each.Region);
    const key = elsewhere.state.keys.get(metadata.KeyId);
    return key ? [{ call: elsewhere, key }] : [];
  });
}

export function primaryOf(call: Here, key: Key): Key | undefined {
  const primary = key.metadata.MultiRegionConfiguration?.PrimaryKey;
  return related(call, key).find((other) => other.call.region === primary?.Region)?.key;
}

/** Tells all of them which regions they are in now. */
export function connect(call: Here, key: Key, primaryRegion: string, regions: readonly string[]): void {
  const all = [{ call, key }, ...related(call, key)];
  const entry = (Region: string) => ({ Arn: call.arn("kms", `key/${key.metadata.KeyId}`, { region: Region }), Region });
  for (const each of all) {
    each.key.metadata.MultiRegionConfiguration = {
      MultiRegionKeyType: each.call.region === primaryRegion ? "PRIMARY" : "REPLICA",
      PrimaryKey: entry(primaryRegion),
      ReplicaKeys: regions.filter((region) => region !== primaryRegion).map(entry),
    };
  }
}

/** Its regions, the primary's first. */
export function regionsOf({ metadata }: Key): { primary: string; regions: string[] } {
  const { PrimaryKey, ReplicaKeys = [] } = metadata.MultiRegionConfiguration ?? {};
  const primary = PrimaryKey?.Region ?? "";
  return { primary, regions: [primary, ...ReplicaKeys.map(({ Region = "" }) => Region)] };
}
