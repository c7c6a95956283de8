/** Tags that AWS takes. */
import { rule } from "./rule.ts";

export const tagKeys = rule({
  id: "DEF021",
  // docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
  why: "AWS keeps the prefix aws: for itself, takes 50 tags on a resource, and the platform adds some of its own.",
  fix: "rename or remove tags",
  needs: ["tags"],
  *check({ tags }) {
    const keys = Object.keys(tags);
    for (const key of keys) if (/^aws:/i.test(key)) yield { path: ["tags", key], message: `The tag ${key} begins with aws:.` };
    if (keys.length > 40) yield { path: ["tags"], message: `There are ${keys.length} tags, 40 at most.` };
  },
});
