/** The resilience rules: what a platform must have so that one loss is not an outage. A new rule is a line here. */
import type { Check } from "../check.ts";
import { alarmLevels } from "./alarm-levels.ts";
import { alarms } from "./alarms.ts";
import { alarmsHeard } from "./alarms-heard.ts";
import { alarmsTell } from "./alarms-tell.ts";
import { backupCopies } from "./backup-copies.ts";
import { brownOut } from "./brown-out.ts";
import { clusterScaling } from "./cluster-scaling.ts";
import { databaseCopy } from "./database-copy.ts";
import { deepHealth } from "./deep-health.ts";
import { detection } from "./detection.ts";
import { draining } from "./draining.ts";
import { encrypted } from "./encryption.ts";
import { filesCopy } from "./files-copy.ts";
import { gatewayCache } from "./gateway-cache.ts";
import { hostLoss, singleHost } from "./host-loss.ts";
import { imageDigest } from "./image-digest.ts";
import { instanceMetadata } from "./instance-metadata.ts";
import { lineLoss } from "./line-loss.ts";
import { machineImage } from "./machine-image.ts";
import { narrowLine } from "./narrow-line.ts";
import { secondLine } from "./one-line.ts";
import { privateSubnets } from "./private-subnets.ts";
import { publicAddresses } from "./public-addresses.ts";
import { pullLimit } from "./pull-limit.ts";
import { recordLife } from "./record-life.ts";
import { recoveryGateway } from "./recovery-gateway.ts";
import { resiliencyModel } from "./resiliency-model.ts";
import { restoreTests } from "./restore-tests.ts";
import { sharedRouter } from "./shared-router.ts";
import { singleTask } from "./single-task.ts";
import { singleType } from "./single-type.ts";
import { storageHeadroom } from "./storage-headroom.ts";
import { taskSpread } from "./task-spread.ts";
import { tunnelRanges } from "./tunnel-ranges.ts";
import { environmentSecrets, templateSecrets } from "./written-secrets.ts";
import { peakZoneLoss, quietZoneLoss } from "./zone-loss.ts";
import { severalZones } from "./zones.ts";

export const resilience: Check[] = [
  privateSubnets,
  severalZones,
  publicAddresses,
  encrypted,
  instanceMetadata,
  secondLine,
  sharedRouter,
  narrowLine,
  brownOut,
  lineLoss,
  resiliencyModel,
  tunnelRanges,
  databaseCopy,
  filesCopy,
  backupCopies,
  storageHeadroom,
  restoreTests,
  gatewayCache,
  recoveryGateway,
  alarms,
  alarmsTell,
  alarmsHeard,
  alarmLevels,
  quietZoneLoss,
  peakZoneLoss,
  singleTask,
  singleType,
  singleHost,
  hostLoss,
  taskSpread,
  clusterScaling,
  machineImage,
  imageDigest,
  pullLimit,
  environmentSecrets,
  templateSecrets,
  recordLife,
  draining,
  deepHealth,
  detection,
];
