/** Patch Manager on a node: which patches its baseline approves, which it lacks, and installing them. docs.aws.amazon.com/systems-manager/latest/userguide/patch-manager.html */
import type * as sdk from "@aws-sdk/client-ssm";
import { days, instant, seconds, type Instant } from "../../../kernel/units.ts";
import { install, installedOn, published, type Patch, type System } from "../../../world/patches.ts";
import { baselineFor, type Baseline } from "./patch-baselines.ts";
import type { Node } from "./nodes.ts";
import type { Work } from "./plugins.ts";
import type { Here } from "./state.ts";

/** What a scan found. */
export type PatchState = { baseline: string; operation: "Scan" | "Install"; at: Instant; patches: sdk.PatchComplianceData[] };

/** Ours: fetching lists, then each patch. */
const LOOKING = seconds(30);
const INSTALLING = seconds(20);

export function patch(call: Here, node: Node, { operation, rebootOption }: Record<string, unknown>): Work {
  const baseline = baselineFor(call, node);
  if (operation !== "Install") return { takes: LOOKING, exit: 0, output: "", after: "scanned" };
  const missing = approved(call, baseline, node).filter(({ name }) => !installedOn(call.world, node.machine).has(name));
  const reboot = missing.some((each) => each.reboot) && rebootOption !== "NoReboot";
  return { takes: seconds((LOOKING + missing.length * INSTALLING) / 1000), exit: 0, output: "", after: reboot ? "restarts" : "patched" };
}

/** Puts onto the machine what its baseline approves at this moment. */
export function installApproved(call: Here, node: Node): void {
  for (const each of approved(call, baselineFor(call, node), node))
    if (!installedOn(call.world, node.machine).has(each.name)) install(call.world, node.machine, each, call.now);
}

/** What Systems Manager is told of the node after a scan or an installation. */
export function scanned(call: Here, node: Node, operation: PatchState["operation"]): void {
  const baseline = baselineFor(call, node);
  const has = installedOn(call.world, node.machine);
  const wanted = new Set(approved(call, baseline, node).map(({ name }) => name));
  const patches = published(call.world, systemOf(node)).flatMap((each): sdk.PatchComplianceData[] => {
    const installed = has.get(each.name);
    const state = stateOf(baseline, each, wanted.has(each.name), installed);
    if (!state) return [];
    const { name, classification, severity } = each;
    const InstalledTime = new Date(installed?.at ?? 0);
    return [{ Title: name, KBId: name, Classification: classification, Severity: severity, State: state, InstalledTime }];
  });
  node.patch = { baseline: baseline.BaselineId, operation, at: call.now, patches };
}

/** SSM-014 */
function stateOf(
  baseline: Baseline,
  { name }: Patch,
  wanted: boolean,
  installed: { pending: boolean } | undefined,
): sdk.PatchComplianceDataState | undefined {
  const rejected = baseline.RejectedPatches.includes(name);
  if (installed?.pending) return "INSTALLED_PENDING_REBOOT";
  if (installed) return rejected ? "INSTALLED_REJECTED" : wanted ? "INSTALLED" : "INSTALLED_OTHER";
  return wanted && !rejected ? "MISSING" : undefined;
}

export const systemOf = ({ activation }: Node): System => (activation === undefined ? "AMAZON_LINUX_2023" : "DEBIAN");

/** SSM-013: by one of the rules, so many days after its release to the second; or by its name. */
function approved(call: Here, baseline: Baseline, node: Node): Patch[] {
  return published(call.world, systemOf(node)).filter(
    (each) =>
      !baseline.RejectedPatches.includes(each.name) &&
      (baseline.ApprovedPatches.includes(each.name) || baseline.rules.some((rule) => approves(call, rule, each))),
  );
}

function approves(call: Here, { PatchFilterGroup, ApproveAfterDays, ApproveUntilDate }: sdk.PatchRule, each: Patch): boolean {
  const due =
    ApproveUntilDate === undefined
      ? each.released + days(ApproveAfterDays ?? 0) <= call.now
      : each.released <= instant(`${ApproveUntilDate}T23:59:59Z`);
  const value: Record<string, string> = {
    CLASSIFICATION: each.classification,
    SEVERITY: each.severity,
    PRIORITY: each.priority,
    PRODUCT: "*",
  };
  return (
    due &&
    (PatchFilterGroup?.PatchFilters ?? []).every(
      ({ Key = "", Values = [] }) => Values.includes("*") || (Key === "PRODUCT" ? true : Values.includes(value[Key] ?? "\0")),
    )
  );
}
