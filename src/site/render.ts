/** Everything that the data centre's machines need, as files. Pure: the same definition gives the same bytes. */
import type { Definition } from "../platform/definition.ts";
import { dns } from "./dns.ts";
import type { SiteFile } from "./file.ts";
import { guide } from "./guide.ts";
import { hostFiles } from "./hosts.ts";
import { routerFiles } from "./router.ts";
import { routing } from "./routing.ts";

export function render(definition: Definition): SiteFile[] {
  const { site } = definition;
  if (!site) return [];
  const files = [
    ...site.routers.flatMap((router) => routerFiles(routing(definition, site, router))),
    ...hostFiles(definition, site),
    ...dns(definition, site),
  ];
  return [...files, guide(definition, site, files)].toSorted((one, other) => (one.path < other.path ? -1 : 1));
}
