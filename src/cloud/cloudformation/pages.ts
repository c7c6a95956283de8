/** Long answers in pages. */
import { invalid } from "./template.ts";

/** Our figure: AWS cuts most lists at about a hundred entries or 1 MB. */
const SIZE = 100;

export function page<Item>(all: readonly Item[], token: string | undefined, size = SIZE): { items: Item[]; NextToken?: string } {
  const start = token === undefined ? 0 : offset(token);
  return { items: all.slice(start, start + size), NextToken: start + size < all.length ? written(start + size) : undefined };
}

/** The newest first. The token names a place counted from the oldest, so that what happens between two pages does not move them. */
export function newestFirst<Item>(all: readonly Item[], token: string | undefined, size = SIZE): { items: Item[]; NextToken?: string } {
  const end = token === undefined ? all.length : offset(token);
  const start = Math.max(0, end - size);
  return { items: all.slice(start, end).reverse(), NextToken: start > 0 ? written(start) : undefined };
}

const written = (at: number) => Buffer.from(`at:${at}`).toString("base64url");

function offset(token: string): number {
  const at = /^at:(\d+)$/.exec(Buffer.from(token, "base64url").toString())?.[1];
  if (at === undefined) throw invalid("Invalid NextToken");
  return Number(at);
}
