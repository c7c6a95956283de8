/** The public API: what a `platform.ts` imports. */
import type { PlatformInput } from "./platform/definition.ts";

export { bytes, days, gbps, gib, hours, kib, mbps, mib, milliseconds, minutes, seconds, tib, usd } from "./kernel/units.ts";
export type { BitRate, Bytes, Duration, Money } from "./kernel/units.ts";
export type { OverriddenStack, PlatformInput } from "./platform/definition.ts";

/** Describes a platform. The file's default export is what every command reads. */
export const definePlatform = (platform: PlatformInput): PlatformInput => platform;
