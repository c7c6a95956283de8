/** `causeway site`: the data centre's side of the platform. */
import { UserError } from "../kernel/assert.ts";
import type { Command } from "./main.ts";

const help = `Usage: causeway site COMMAND [flags]

  render     write the configuration of routers, hosts and DNS servers, without secrets
  fill       the same with secrets and AWS's addresses, ready to install
  plan       print what CloudFormation cannot make: ports, credentials, gateways, hosts

causeway site COMMAND --help tells more.`;

const commands: Record<string, () => Promise<Command>> = {
  render: async () => (await import("./site-render.ts")).siteRender,
  fill: async () => (await import("./site-fill.ts")).siteFill,
  plan: async () => (await import("./site-plan.ts")).sitePlan,
};

export const site = {
  summary: "configure the data centre: routers, hosts, DNS; what people have to do",
  async run([name = "--help", ...args]) {
    if (name === "--help" || name === "-h") {
      console.log(help);
      return 0;
    }
    const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!load) throw new UserError("USAGE", `There is no command "site ${name}".`, "causeway site --help");
    return (await load()).run(args);
  },
} satisfies Command;
