/** How the tables of AWS's managed policies are written, and what a row becomes. */
import type { Policy } from "./state.ts";

/** Name, path, number of the newest version, day of creation, description, statements. */
export type Given = [name: string, path: string, version: number, created: string, description: string, statements: object[]];

type Rest = { Sid?: string; Condition?: Record<string, Record<string, string | string[]>> };

export const allow = (Action: string | string[], Resource: string | string[] = "*", { Sid, Condition }: Rest = {}): object => ({
  ...(Sid && { Sid }),
  Effect: "Allow",
  Action,
  Resource,
  ...(Condition && { Condition }),
});

export function managed([name, path, version, created, description, statements]: Given): [string, Policy] {
  const arn = `arn:aws:iam::aws:policy${path}${name}`;
  const at = new Date(`${created}T00:00:00Z`);
  const VersionId = `v${version}`;
  const policy: Policy = {
    PolicyName: name,
    PolicyId: `ANPA${letters(arn)}`,
    Arn: arn,
    Path: path,
    DefaultVersionId: VersionId,
    IsAttachable: true,
    Description: description,
    CreateDate: at,
    UpdateDate: at,
    tags: {},
    versions: [{ VersionId, Document: JSON.stringify({ Version: "2012-10-17", Statement: statements }), CreateDate: at }],
    lastVersion: version,
  };
  return [arn, policy];
}

/** 17 letters and digits that depend on nothing but the text. */
function letters(text: string): string {
  let hash = 7n;
  for (const character of text) hash = (hash * 131n + BigInt(character.codePointAt(0)!)) % 36n ** 17n;
  return hash.toString(36).toUpperCase().padStart(17, "A");
}
