/** The ports are as many, and in as many places, as the chosen resiliency model asks for. */
import type { Definition } from "../../platform/definition.ts";
import type { Check } from "../check.ts";

type Line = NonNullable<NonNullable<Definition["site"]>["directConnect"]>;

/** docs.aws.amazon.com/directconnect/latest/UserGuide/resiliency_toolkit.html */
const wanted: Record<Line["resiliency"], { locations: number; ports: number }> = {
  development: { locations: 1, ports: 1 },
  high: { locations: 2, ports: 1 },
  maximum: { locations: 2, ports: 2 },
};

export const resiliencyModel: Check = {
  id: "RES015",
  title: "Direct Connect has the ports of its resiliency model",
  why: "High resiliency survives the loss of a location, maximum resiliency the loss of a location and of a device at the other.",
  fix: 'connection: { order: { locations: ["EqDB4", "INX6"], ports: 2 } }',
  *check({ definition }) {
    const line = definition.site?.directConnect;
    if (!line) return;
    const { locations, ports } = wanted[line.resiliency];
    const have = "order" in line.connection ? line.connection.order : { locations: ["one"], ports: 1 };
    if (have.locations.length >= locations && have.ports >= ports) return;
    const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
    const message = `Resiliency ${line.resiliency} needs ${count(locations, "location")} with ${count(ports, "port")} each, and there is ${count(have.locations.length, "location")} with ${have.ports}.`;
    yield { message, place: { path: ["site", "directConnect", "resiliency"] } };
  },
};
