/** Time, sizes and rates as types of their own, so that a bare `300` does not compile where five minutes are meant. */

declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]: Name };

/** Milliseconds between two instants. */
export type Duration = Unit<"duration">;
/** Milliseconds since 1970-01-01T00:00:00Z, virtual. */
export type Instant = Unit<"instant">;
export type Bytes = Unit<"bytes">;
/** Per second. */
export type Rate = Unit<"rate">;
/** Bits per second, decimal, as lines are sold. */
export type BitRate = Unit<"bitRate">;
/** US dollars, as AWS bills. */
export type Money = Unit<"money">;

export const milliseconds = (count: number) => count as Duration;
export const seconds = (count: number) => (count * 1000) as Duration;
export const minutes = (count: number) => (count * 60_000) as Duration;
export const hours = (count: number) => (count * 3_600_000) as Duration;
export const days = (count: number) => (count * 86_400_000) as Duration;

export const bytes = (count: number) => count as Bytes;
export const kib = (count: number) => (count * 1024) as Bytes;
export const mib = (count: number) => (count * 1024 ** 2) as Bytes;
export const gib = (count: number) => (count * 1024 ** 3) as Bytes;
export const tib = (count: number) => (count * 1024 ** 4) as Bytes;

export const mbps = (count: number) => (count * 1e6) as BitRate;
export const gbps = (count: number) => (count * 1e9) as BitRate;
export const usd = (count: number) => count as Money;

export const perSecond = (count: number) => count as Rate;

export const plus = (at: Instant, delay: Duration) => (at + delay) as Instant;
/** From `earlier` to `later`. */
export const since = (earlier: Instant, later: Instant) => (later - earlier) as Duration;
export const date = (at: Instant) => new Date(at);

/** From milliseconds, a Date or an ISO 8601 text, which without a zone is UTC wherever this runs. NaN when the text is none. */
export function instant(from: number | string | Date): Instant {
  if (typeof from === "number") return from as Instant;
  const zoneless = typeof from === "string" && /T[\d:.]+$/.test(from);
  return new Date(zoneless ? `${from}Z` : from).getTime() as Instant;
}
