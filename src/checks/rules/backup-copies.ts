/** Backups leave the region that they are made in. */
import type { Check } from "../check.ts";
import { placeOf } from "../reach/intent.ts";
import { members, named, text } from "../values.ts";

export const backupCopies: Check = {
  id: "RES022",
  title: "Every backup plan copies to the recovery region's vault",
  why: "A vault is its region's own: a backup without a copy is lost together with what it was made of.",
  fix: "Leave the rule's CopyActions to the other region's vault.",
  *check({ places, model }) {
    for (const { region, other } of places) {
      if (!other) continue;
      for (const plan of model.byType("AWS::Backup::BackupPlan", region)) {
        for (const { RuleName, CopyActions } of members(plan.properties.BackupPlan?.BackupPlanRule)) {
          const copied = members(CopyActions).some((copy) => text(copy.DestinationBackupVaultArn).includes(`:${other.region}:`));
          if (!copied)
            yield { message: `Rule ${text(RuleName)} of ${named(plan)} copies nothing to ${other.region}.`, place: placeOf(plan) };
        }
      }
    }
  },
};
