/** The definition's door: what a user wrote, to what the rest of the program trusts, with every complaint in one pass. */
import { definitionSchema, type Definition } from "./definition.ts";
import type { Finding } from "./finding.ts";
import { rules } from "./rules/list.ts";
import type { Rule, Section } from "./rules/rule.ts";
import { structure } from "./structure.ts";

export type Parsed = {
  /** Present when there are no findings. */
  definition?: Definition;
  findings: Finding[];
};

export function parse(input: unknown): Parsed {
  const result = definitionSchema.safeParse(input);
  const findings = structure(result.error?.issues ?? [], input);
  if (result.success && findings.length === 0) {
    findings.push(...judge(result.data, Object.keys(definitionSchema.shape) as Section[]));
    return findings.length ? { findings } : { definition: result.data, findings };
  }
  const sound = soundSections(input, new Set(findings.map(({ place }) => place.path?.[0])));
  findings.push(...judge(sound as Definition, Object.keys(sound) as Section[]));
  return { findings };
}

/** What parsed well, by section, so that a typo in one hides no overlap in another. */
function soundSections(input: unknown, unsound: Set<string | number | undefined>): Partial<Definition> {
  const sound: Record<string, unknown> = {};
  if (typeof input !== "object" || input === null) return sound;
  for (const [section, schema] of Object.entries(definitionSchema.shape)) {
    if (unsound.has(section)) continue;
    const parsed = schema.safeParse((input as Record<string, unknown>)[section]);
    if (parsed.success) sound[section] = parsed.data;
  }
  return sound;
}

/** Rules see only definitions whose needed sections are sound, which is why handing over a part of one is safe. */
function judge(definition: Definition, sound: Section[]): Finding[] {
  return rules.filter(({ needs }) => needs.every((section) => sound.includes(section))).flatMap((each) => apply(each, definition));
}

const apply = (rule: Rule, definition: Definition): Finding[] =>
  [...rule.check(definition)].map(({ path, message, fix = rule.fix }) => ({
    code: rule.id,
    severity: "error",
    message,
    why: rule.why,
    fix,
    place: { path },
  }));
