/** Compose's names as names of the definition: lower case, hyphens, 20 letters at most, each once. */

/** Words that mean something else where services are named. */
const taken = ["database", "internet"];

export function identifierOf(name: string, used: ReadonlySet<string> = new Set(), max = 20): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[^a-z]+|-+$/g, "");
  const base = taken.includes(plain) ? `${plain}-service` : plain || "service";
  for (let number = 1; ; number++) {
    const end = number === 1 ? "" : `-${number}`;
    const candidate = `${base.slice(0, max - end.length).replace(/-+$/, "")}${end}`;
    if (!used.has(candidate)) return candidate;
  }
}

/** Compose name → the definition's, in the file's order. */
export function renamed(names: Iterable<string>): Map<string, string> {
  const result = new Map<string, string>();
  const used = new Set<string>();
  for (const name of names) {
    const identifier = identifierOf(name, used);
    used.add(identifier);
    result.set(name, identifier);
  }
  return result;
}
