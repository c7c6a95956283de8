/** Volumes: folders become shares with a bucket behind them; files and sockets of one machine have no counterpart. */
import type { ComposeService } from "./file.ts";
import { identifierOf } from "./names.ts";
import type { Note } from "./note.ts";

export type Mounts = {
  /** Share → path in the container. */
  files: Record<string, string>;
  notes: Note[];
};

type Volume = { source: string; target: string; kind: "volume" | "bind" | "other" };

/** `shares` collects Compose's source → share, so that two services with one volume have one share. */
export function volumesOf(service: string, { volumes }: ComposeService, shares: Map<string, string>): Mounts {
  const files: Record<string, string> = {};
  const notes: Note[] = [];
  for (const each of volumes ?? []) {
    const { source, target, kind } = typeof each === "string" ? short(each) : long(each);
    const where = `${service}.volumes ${source || target}`;
    const reason = refused({ source, target, kind });
    if (reason) {
      notes.push({ where, what: reason });
      continue;
    }
    const share = shares.get(source) ?? identifierOf(source.replace(/^.*\//, "") || source, new Set(shares.values()));
    shares.set(source, share);
    files[share] = target;
    const content = kind === "bind" ? " Copy the folder's content into it." : "";
    const what = `became the share ${share}: a folder on hosts of the data centre, a bucket for programs in the regions.${content}`;
    notes.push({ where, what });
  }
  return { files, notes };
}

/** `source:target[:mode]`, or the target alone. */
function short(text: string): Volume {
  // A drive letter is part of the source: C:\data:/data.
  const [, source = "", target = ""] = /^([A-Za-z]:[\\/][^:]*|[^:]*):(\/[^:]*)(?::.*)?$/.exec(text) ?? ["", "", text];
  return { source, target, kind: source === "" ? "other" : /^([./~\\$]|[A-Za-z]:)/.test(source) ? "bind" : "volume" };
}

const long = ({ type, source = "", target }: { type: string; source?: string; target: string }): Volume => ({
  source,
  target,
  kind: source !== "" && (type === "volume" || type === "bind") ? type : "other",
});

function refused({ source, target, kind }: Volume): string | undefined {
  if (source.endsWith("docker.sock") || target.endsWith("docker.sock")) return "no container gets Docker's socket";
  if (kind === "other") return `scratch space at ${target}: the container's own root is writable, and gone with its task`;
  if (/^\/(etc|proc|sys|dev|var\/run|run)(\/|$)/.test(source)) return "a task sees nothing of its machine";
  if (kind === "bind" && /\.[A-Za-z0-9]+$/.test(target)) return `a single file: bake ${target} into the image`;
  return target.startsWith("/") ? undefined : `${target} is no absolute path`;
}
