/** How many instances the warm pool is to have. ASG-025 */
import type { Group } from "./state.ts";

export function poolSize({ WarmPoolConfiguration: pool, MaxSize, DesiredCapacity }: Group): number | undefined {
  if (!pool) return undefined;
  if (pool.Status === "PendingDelete") return 0;
  const { MaxGroupPreparedCapacity: prepared, MinSize: least = 0 } = pool;
  // -1 is what an update sends to take the bound away.
  const most = prepared === undefined || prepared < 0 ? MaxSize : prepared;
  return Math.max(0, least, most - DesiredCapacity);
}
