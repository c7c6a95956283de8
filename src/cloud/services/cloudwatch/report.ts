/** How other services report metrics: not points, but what holds from now on. A minute's points are worked out when somebody looks. */
import type { Call } from "../../service.ts";

/** `dimensions` in AWS's names, e.g. `{ ClusterName, ServiceName }`. */
export type Series = { namespace: string; name: string; dimensions: Record<string, string>; unit?: string };

/** From now on a gauge has this value, until it is told otherwise; undefined: it has none any more, and its minutes are missing. */
export function level(_call: Call, _series: Series, _value: number | undefined): void {}

/** From now on so many a second are counted (a minute's Sum is sixty times that); undefined: nothing is reported any more. */
export function rate(_call: Call, _series: Series, _perSecond: number | undefined): void {}

/** One sample of that value, now. */
export function sample(_call: Call, _series: Series, _value: number): void {}
