/** Databases have room to grow, replicas as well as writers. */
import { gib } from "../../kernel/units.ts";
import type { Check } from "../check.ts";
import { placeOf } from "../reach/intent.ts";
import { named } from "../values.ts";

/** docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html: a ceiling less than 26 % above warns in the console. */
const headroom = 1.26;

export const storageHeadroom: Check = {
  id: "RES023",
  title: "Every database may grow by 26 % at least",
  why: "RDS grows a volume in steps of 10 % at least and then waits six hours; a full volume stops the writer, a full replica stops replication.",
  fix: "storage: { initial: gib(200), max: tib(1) }",
  *check({ definition, model }) {
    const initial = (definition.database?.storage.initial ?? 0) / gib(1);
    const narrow = (definition.database?.storage.max ?? 0) / gib(1) < headroom * initial;
    if (definition.database && narrow) {
      const message = `Storage of ${initial} GiB may grow to ${definition.database.storage.max / gib(1)} GiB only.`;
      yield { message, severity: "warning", place: { path: ["database", "storage", "max"] } };
    }
    for (const database of model.byType("AWS::RDS::DBInstance")) {
      const { AllocatedStorage = initial, MaxAllocatedStorage } = database.properties;
      if (MaxAllocatedStorage === undefined) yield { message: `${named(database)} does not grow.`, place: placeOf(database) };
      else if (!narrow && Number(MaxAllocatedStorage) < headroom * Number(AllocatedStorage))
        yield {
          message: `${named(database)} of ${AllocatedStorage} GiB may grow to ${MaxAllocatedStorage} GiB only.`,
          severity: "warning",
          place: placeOf(database),
        };
    }
  },
};
