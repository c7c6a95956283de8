/** Where in a source file a path of the definition is written: its line and column, or those of the nearest thing around it. */
import { parse, type ParseResult } from "@babel/parser";
import type { Finding, Place } from "./finding.ts";

type Path = readonly (string | number)[];

/** What is read of a syntax tree; babel's own types name every kind of node there is. */
type Node = {
  type: string;
  loc?: { start: { line: number; column: number } } | null;
  [field: string]: unknown;
};

/** A definition path → its place in `source`. */
export function locator(file: string, source: string): (path: Path) => Place {
  let program: Program | undefined;
  return (path) => {
    program ??= read(source);
    const node = program && find(program, path);
    const start = node?.loc?.start;
    return { path, file, ...(start && { line: start.line, column: start.column + 1 }) };
  };
}

/** Findings with file, line and column, where their path was found. */
export const located = (findings: Finding[], locate: (path: Path) => Place): Finding[] =>
  findings.map((finding) => (finding.place.path ? { ...finding, place: { ...finding.place, ...locate(finding.place.path) } } : finding));

type Program = { root: Node; variables: Map<string, Node> };

function read(source: string): Program | undefined {
  let tree: ParseResult;
  try {
    tree = parse(source, { sourceType: "module", plugins: ["typescript"], errorRecovery: true });
  } catch (error) {
    // The file ran, so what fails here is syntax newer than the parser: findings then keep their path alone.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const variables = new Map<string, Node>();
  let root: Node | undefined;
  for (const statement of tree.program.body as unknown as Node[]) {
    const declared = statement.type === "ExportNamedDeclaration" ? (statement.declaration as Node | null) : statement;
    if (declared?.type === "VariableDeclaration") {
      for (const { id, init } of declared.declarations as { id: Node; init: Node | null }[]) if (init) variables.set(String(id.name), init);
    }
    if (statement.type === "ExportDefaultDeclaration") root = statement.declaration as Node;
  }
  return root && { root, variables };
}

/** The node of the path's last key that could be followed. */
function find(program: Program, path: Path): Node | undefined {
  let value: Node | undefined = resolve(program, program.root);
  let found: Node | undefined = value;
  for (const step of path) {
    const next: Step | undefined = value && member(program, value, step);
    if (!next) return found;
    found = next.at;
    value = resolve(program, next.value);
  }
  return found;
}

type Step = { at: Node; value: Node };

/** Past everything that has the same value: `as`, `satisfies`, definePlatform(…), a variable of this file, a member of one. */
function resolve(program: Program, node: Node | undefined, depth = 0): Node | undefined {
  if (!node || depth > 50) return undefined; // a variable may be declared by itself
  const inside = (next: unknown) => resolve(program, next as Node | undefined, depth + 1);
  switch (node.type) {
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "TSNonNullExpression":
    case "ParenthesizedExpression":
      return inside(node.expression);
    case "CallExpression":
      return (node.callee as Node).name === "definePlatform" ? inside((node.arguments as Node[])[0]) : node;
    case "Identifier":
      return program.variables.has(String(node.name)) ? inside(program.variables.get(String(node.name))) : node;
    case "MemberExpression": {
      const object = inside(node.object);
      const key = node.computed ? literal(node.property as Node) : (node.property as Node).name;
      const step = object && (typeof key === "string" || typeof key === "number") ? member(program, object, key) : undefined;
      return step ? inside(step.value) : node;
    }
    default:
      return node;
  }
}

const literal = (node: Node): unknown => (node.type === "StringLiteral" || node.type === "NumericLiteral" ? node.value : undefined);

function member(program: Program, value: Node, step: string | number): Step | undefined {
  if (value.type === "ArrayExpression") return element(program, value, Number(step));
  if (value.type !== "ObjectExpression") return undefined;
  // What is written later wins, a spread as well as a key.
  for (const property of (value.properties as Node[]).toReversed()) {
    if (property.type === "SpreadElement") {
      const spread = resolve(program, property.argument as Node);
      const inner = spread && member(program, spread, step);
      if (inner) return inner;
    } else if (keyOf(property) === String(step)) return { at: property, value: (property.value as Node | undefined) ?? property };
  }
  return undefined;
}

function keyOf(property: Node): string | undefined {
  const key = property.key as Node;
  if (key.type === "Identifier" && !property.computed) return String(key.name);
  const value = literal(key);
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** The element at an index; a spread counts as many as its list has, where that can be seen. */
function element(program: Program, list: Node, index: number): Step | undefined {
  let at = 0;
  for (const each of list.elements as (Node | null)[]) {
    if (each?.type === "SpreadElement") {
      const spread = resolve(program, each.argument as Node);
      if (spread?.type !== "ArrayExpression") return undefined;
      const inner = element(program, spread, index - at);
      if (inner) return inner;
      at += (spread.elements as unknown[]).length;
    } else if (at++ === index && each) return { at: each, value: each };
  }
  return undefined;
}
