/** Where a document's statements stand in its text. https://docs.aws.amazon.com/IAM/latest/APIReference/API_Position.html */

type Position = { Line: number; Column: number };

/** From each statement's opening brace to its closing one, in order; lines and columns count from 1. */
export function statementPositions(text: string): { start: Position; end: Position }[] {
  const found: { start: Position; end: Position }[] = [];
  let depth = 0;
  let field = "";
  let open: { at: number; depth: number } | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      const end = endOfText(text, at);
      if (depth === 1 && /^\s*:/.test(text.slice(end + 1))) field = text.slice(at + 1, end);
      at = end;
    } else if (character === "{" || character === "[") {
      // The value itself, or an element of the list that it is.
      if (character === "{" && !open && field === "Statement" && (depth === 1 || depth === 2)) open = { at, depth };
      depth++;
    } else if (character === "}" || character === "]") {
      depth--;
      if (open?.depth !== depth) continue;
      found.push({ start: position(text, open.at), end: position(text, at) });
      open = undefined;
    }
  }
  return found;
}

function endOfText(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

function position(text: string, at: number): Position {
  const before = text.slice(0, at);
  return { Line: before.split("\n").length, Column: at - before.lastIndexOf("\n") };
}
