/** An alarm rings before a promise is broken, not after. */
import type { Definition } from "../../platform/definition.ts";
import { inUnit } from "../../platform/written.ts";
import type { Check, Complaint } from "../check.ts";

export const alarmLevels: Check = {
  id: "RES033",
  title: "Alarms about copies ring before the data promise is broken",
  why: "While the copy is further behind than promised, a loss of the region loses more than promised: that is when somebody must know.",
  fix: "alarms: { replicaLag: minutes(5) }",
  *check({ definition, places }) {
    const recovery = places.find(({ role }) => role === "recovery");
    if (recovery?.holdings.database === "replica") yield* late(definition, "replicaLag", ({ uses }) => uses.includes("database"));
    if (recovery && recovery.holdings.files !== "absent")
      yield* late(definition, "replicationPending", ({ files }) => Object.keys(files).length > 0);
  },
};

type Level = "replicaLag" | "replicationPending";

function* late(definition: Definition, level: Level, concerns: (service: Definition["services"][string]) => boolean): Generator<Complaint> {
  const { alarms, recovery, services } = definition;
  const promised = Object.entries(recovery.objectives)
    .filter(([, objective]) => objective.services.some((name) => services[name] && concerns(services[name])))
    .toSorted(([, one], [, other]) => one.rpo - other.rpo)[0];
  if (!promised || alarms[level] <= promised[1].rpo) return;
  const spoken = (value: number) => inUnit(value, "milliseconds");
  yield {
    message: `${level} rings at ${spoken(alarms[level])}, and the journey ${promised[0]} may lose ${spoken(promised[1].rpo)}.`,
    severity: "warning",
    fix: `alarms: { ${level}: ${spoken(promised[1].rpo)} }`,
    place: { path: ["alarms", level] },
  };
}
