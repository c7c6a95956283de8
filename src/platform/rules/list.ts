/** Every rule over a definition. */
import { cronForm } from "./schedules.ts";
import { tagKeys } from "./tags.ts";
import { regionKnown, regionsDiffer, twoZones, zonesDistinct, zonesInRegion } from "./regions.ts";
import { noOverlap, subnetsFit, tunnelForm, tunnelsDistinct, vpcSize } from "./address-plan.ts";
import { addressOnce, hostNames, insideSite } from "./site-addresses.ts";
import { routerPublic, routersDiffer, routersKnown } from "./routers.ts";
import { feedNeedsSite, hubCarries, macsecPossible, orderPossible, packetSize, speedSold } from "./lines.ts";
import { siteNumber } from "./numbers.ts";
import {
  deploymentMoves,
  healthCommand,
  hostsForSite,
  imageForm,
  nameFree,
  secretForm,
  sharesKnown,
  usedHasPort,
  usesKnown,
  variableOnce,
} from "./services.ts";
import { conditionCount, conditionsDiffer, oneDefault, prioritiesUnique, probeEnds, routeHasPort, siteHasNoBalancer } from "./routes.ts";
import { requestsNeedRoute, scalingBounds, scheduleNames, scheduleWithin, stepsApart, stepsMeet } from "./scaling.ts";
import { clusterBounds, oneArchitecture, tasksFitHosts, tasksFitInstances, typesKnown } from "./capacity.ts";
import { backupsForRecovery, portTaken, storageGrows, windows } from "./database.ts";
import { bucketName, gatewayForMounts, gatewayHasSite, noArchive } from "./files.ts";
import { coldLongEnough, continuousLimits, keptWithinLock, lockOrder, timeToFinish } from "./backup.ts";
import { objectivesKnown, recoveryRegion } from "./recovery.ts";
import type { Rule } from "./rule.ts";

export const rules: Rule[] = [
  cronForm,
  tagKeys,
  regionKnown,
  zonesInRegion,
  zonesDistinct,
  twoZones,
  regionsDiffer,
  noOverlap,
  vpcSize,
  subnetsFit,
  tunnelForm,
  tunnelsDistinct,
  insideSite,
  addressOnce,
  hostNames,
  routersDiffer,
  routersKnown,
  routerPublic,
  hubCarries,
  packetSize,
  macsecPossible,
  speedSold,
  orderPossible,
  feedNeedsSite,
  siteNumber,
  usesKnown,
  usedHasPort,
  nameFree,
  hostsForSite,
  sharesKnown,
  secretForm,
  variableOnce,
  imageForm,
  deploymentMoves,
  healthCommand,
  siteHasNoBalancer,
  routeHasPort,
  oneDefault,
  prioritiesUnique,
  conditionsDiffer,
  conditionCount,
  probeEnds,
  scalingBounds,
  scheduleWithin,
  scheduleNames,
  stepsMeet,
  stepsApart,
  requestsNeedRoute,
  typesKnown,
  oneArchitecture,
  clusterBounds,
  tasksFitInstances,
  tasksFitHosts,
  storageGrows,
  backupsForRecovery,
  portTaken,
  windows,
  noArchive,
  gatewayForMounts,
  gatewayHasSite,
  bucketName,
  lockOrder,
  keptWithinLock,
  coldLongEnough,
  continuousLimits,
  timeToFinish,
  recoveryRegion,
  objectivesKnown,
];
