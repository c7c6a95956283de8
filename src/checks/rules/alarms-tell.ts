/** An alarm does something. */
import type { Check } from "../check.ts";
import { placeOf } from "../reach/intent.ts";
import { named } from "../values.ts";

export const alarmsTell: Check = {
  id: "RES031",
  title: "Every alarm tells or does something",
  why: "An alarm without an action turns red on a page that nobody looks at.",
  fix: "AlarmActions: the region's alarm topic",
  *check({ model }) {
    for (const alarm of model.byType("AWS::CloudWatch::Alarm")) {
      const { AlarmActions, ActionsEnabled } = alarm.properties;
      if (ActionsEnabled !== false && Array.isArray(AlarmActions) && AlarmActions.length > 0) continue;
      yield { message: `${named(alarm)} has no action.`, place: placeOf(alarm) };
    }
  },
};
