/** Where backups lie, under lock: in each region one vault, and a second, logically air-gapped one where it is wanted. */
import { CfnDeletionPolicy, type Stack } from "aws-cdk-lib";
import * as backup from "aws-cdk-lib/aws-backup";
import { days } from "../kernel/units.ts";
import type { Foundation } from "./parts.ts";
import type { Place } from "./place.ts";

export function vault(stack: Stack, { definition, names }: Place, { foundation: { keyArn } }: { foundation: Foundation }): void {
  const { lock, airGapped } = definition.backup;
  const made = new backup.CfnBackupVault(stack, "BackupVault", {
    backupVaultName: names.vault,
    encryptionKeyArn: keyArn,
    lockConfiguration: {
      minRetentionDays: lock.min / days(1),
      maxRetentionDays: lock.max && lock.max / days(1),
      // With a date from which nobody can change it any more, governance becomes compliance: AWS wants three days at least to think again.
      changeableForDays: lock.mode === "compliance" ? 3 : undefined,
    },
  });
  made.cfnOptions.deletionPolicy = made.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
  if (!airGapped) return;
  const isolated = new backup.CfnLogicallyAirGappedBackupVault(stack, "AirGappedVault", {
    backupVaultName: names.airGappedVault,
    // 7 days is the least that AWS takes: docs.aws.amazon.com/aws-backup/latest/devguide/logicallyairgappedvault.html
    minRetentionDays: Math.max(7, lock.min / days(1)),
    maxRetentionDays: (lock.max ?? days(365)) / days(1),
  });
  isolated.cfnOptions.deletionPolicy = isolated.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
}
