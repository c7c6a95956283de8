/** One router's files, in the form of what runs it. */
import type { SiteFile } from "./file.ts";
import { routerFirewall } from "./firewall.ts";
import { frr, frrDaemons } from "./frr.ts";
import { interfaces } from "./interfaces.ts";
import { iosXe } from "./ios-xe.ts";
import { ipsec } from "./ipsec.ts";
import { junos } from "./junos.ts";
import type { Routing } from "./routing.ts";

export const routerFiles = (routing: Routing): SiteFile[] => forms[routing.router.system](routing, `routers/${routing.router.name}`);

const forms: Record<Routing["router"]["system"], (routing: Routing, directory: string) => SiteFile[]> = {
  "ios-xe": (routing, directory) => [{ path: `${directory}/ios-xe.cfg`, text: iosXe(routing) }],
  junos: (routing, directory) => [{ path: `${directory}/junos.conf`, text: junos(routing) }],
  frr: (routing, directory) => [
    // FRR's own user reads them; a key in one is nobody else's.
    { path: `${directory}/frr/frr.conf`, text: frr(routing), mode: 0o640 },
    { path: `${directory}/frr/daemons`, text: frrDaemons(routing), mode: 0o640 },
    ...ipsec(routing, directory),
    ...routerFirewall(routing, directory),
    ...interfaces(routing, directory),
  ],
};
