/** AWS as one object: accounts × regions × services over a run. Calls go in, answers or refusals come out; time moves only by `advance`. */
import { isDeepStrictEqual } from "node:util";
import { assert } from "../kernel/assert.ts";
import { digest } from "../kernel/digest.ts";
import { advance, cancel, createRun, release, rollback, savepoint, schedule, settle, type PendingEvent, type Run } from "../kernel/loop.ts";
import { hex, integer, alphanumeric, lognormal, unit } from "../kernel/random.ts";
import { date, milliseconds, plus, type Duration, type Instant } from "../kernel/units.ts";
import { perform, refusal, type Act, actSchema } from "../world/acts.ts";
import { happen } from "../world/happenings.ts";
import type { Happening, Physics } from "../world/physics.ts";
import { createWorld, type World } from "../world/world.ts";
import { memoryBlobs, type Blob, type Blobs } from "./blobs.ts";
import { latencies, type LatencyName } from "./latencies.ts";
import { Perception, RunPhysics, WORLD } from "./perception.ts";
import {
  AwsError,
  type Call,
  type Credential,
  type Notice,
  type Notices,
  type Principal,
  type ResourceType,
  type Service,
} from "./service.ts";
import { services, type ServiceName } from "./services/list.ts";

/** All that a run of the cloud knows besides its time, chance and pending events. */
export type Universe = {
  world: World;
  /** State by `account/region/service`. */
  states: Map<string, any>;
  credentials: Map<string, Credential>;
  /** What services have told each other and is not delivered yet; empty between events. */
  notices: Notice[];
  /** `median`: every latency is its row's median, so that a time line can be worked out by hand. */
  latencies: "drawn" | "median";
  /** Where the cloud answers over HTTP, e.g. `http://127.0.0.1:4566`; for the few answers that name a URL of it. */
  endpoint?: string;
};

export type CloudRun = Run<Universe>;

/** Who calls what: everything a replay needs. */
export type Request = { service: ServiceName; operation: string; input: any; region: string; principal: Principal };

/** What `GET /_causeway/events` shows. */
export type Observation = {
  at: Instant;
  kind: "call" | "event" | "act";
  service: string;
  name: string;
  account: string;
  region: string;
  error?: string;
};

export const ACCOUNT = "123456789012"; // AWS's own example account
const QUESTION = /^(List|Describe|Get|Head|BatchGet|Lookup|Simulate|Search|Filter|Test|Validate|Estimate)/;

type CloudOptions = {
  seed?: string;
  start?: Instant;
  blobs?: Blobs;
  paranoid?: boolean;
  latencies?: Universe["latencies"];
  run?: CloudRun;
};

export class Cloud {
  run: CloudRun;
  readonly blobs: Blobs;
  readonly loaded = new Map<ServiceName, Service>();
  readonly types = new Map<string, { service: ServiceName; type: ResourceType }>();
  readonly #observers = new Set<(seen: Observation) => void>();
  readonly #loading = new Map<ServiceName, Promise<void>>();
  readonly #paranoid: boolean;
  readonly physics: Physics;
  readonly #perception: Perception;

  /**
   * `paranoid`: after each question and each refusal, compare the run with what it was before. For tests: it proves for every
   * operation that runs under it that a question changes nothing and a refusal changed nothing.
   */
  constructor({
    seed = "causeway",
    start = 0 as Instant,
    blobs = memoryBlobs(),
    paranoid = false,
    latencies = "drawn",
    run,
  }: CloudOptions = {}) {
    this.run = run ?? emptyRun(seed, start);
    if (!run) this.run.universe.latencies = latencies;
    this.blobs = blobs;
    this.#paranoid = paranoid;
    this.physics = new RunPhysics(this);
    this.#perception = new Perception(this);
  }

  /** Loads a service, and those it needs. Every service in the run must be loaded before time moves. */
  load(name: ServiceName): Promise<void> {
    if (this.loaded.has(name)) return Promise.resolve();
    const running = this.#loading.get(name);
    if (running) return running;
    const loading = this.#load(name);
    this.#loading.set(name, loading);
    return loading;
  }

  async #load(name: ServiceName): Promise<void> {
    const service = await services[name].load();
    // Marked before its needs are followed, for two services may need each other.
    const needs = service.needs === "all" ? (Object.keys(services) as ServiceName[]) : (service.needs ?? []);
    await Promise.all(needs.filter((need) => need !== name && !this.#loading.has(need)).map((need) => this.load(need)));
    for (const [type, handlers] of Object.entries(service.resources ?? {})) {
      assert(!this.types.has(type), `${type} is defined twice`);
      this.types.set(type, { service: name, type: handlers });
    }
    this.loaded.set(name, service);
  }

  /** Loads every service that the run has state of: after a snapshot or a fork into another process. */
  async loadAll(): Promise<void> {
    const names = new Set([...this.run.universe.states.keys()].map((key) => key.split("/")[2] as ServiceName));
    await Promise.all([...names].map((name) => this.load(name)));
  }

  /** Carries out one operation: completes, or throws an `AwsError` and has changed nothing. */
  call(request: Request): any {
    const { service, operation, input, region, principal } = request;
    const handler = this.service(service).operations[operation];
    if (!handler) throw notImplemented(service, operation);
    const before = this.#paranoid ? this.#fingerprint() : "";
    const point = savepoint(this.run);
    let failure: string | undefined;
    try {
      const output = handler(this.context(service, region, principal), input) ?? {};
      this.#perception.drain();
      if (this.#paranoid && !this.changes(service, operation))
        assert(this.#fingerprint() === before, `${service}:${operation} changed the run, though its name is a question`);
      release(this.run, point);
      return output;
    } catch (error) {
      rollback(this.run, point);
      this.#perception.forget();
      failure = error instanceof AwsError ? error.code : "InternalFailure";
      if (this.#paranoid && error instanceof AwsError)
        assert(this.#fingerprint() === before, `${service}:${operation} refused with ${failure} after it had changed something`);
      throw error;
    } finally {
      this.#observe({ at: this.run.now, kind: "call", service, name: operation, account: principal.account, region, error: failure });
    }
  }

  /** Whether the operation may change the run, so that it must be journalled. */
  changes(service: ServiceName, operation: string): boolean {
    return this.service(service).changes?.[operation] ?? !QUESTION.test(operation);
  }

  /** The handler of the kernel's loop. */
  readonly handle = (_run: CloudRun, event: PendingEvent): void => {
    if (event.owner === WORLD) {
      happen(this.physics, event.data as Happening);
      this.#perception.drain();
      return;
    }
    const [account, region, name] = event.owner.split("/") as [string, string, ServiceName];
    const timer = this.service(name).timers?.[event.type];
    assert(timer, `${name} has no timer ${event.type}`);
    timer(this.context(name, region, root(account, name)), event.data);
    this.#perception.drain();
    this.#observe({ at: this.run.now, kind: "event", service: name, name: event.type, account, region });
  };

  /** Somebody does something to the world. Throws `AssertionFailure` for what `refused` would have told. */
  act(act: Act): void {
    const said = actSchema.parse(act);
    const wrong = refusal(this.physics, said);
    assert(wrong === undefined, wrong ?? "");
    perform(this.physics, said);
    this.#perception.drain();
    this.#observe({ at: this.run.now, kind: "act", service: WORLD, name: act.act, account: "-", region: "-" });
  }

  /** Why an act cannot be carried out as things are; undefined when it can. */
  refused(act: Act): string | undefined {
    return refusal(this.physics, actSchema.parse(act));
  }

  advance(until: Instant): number {
    return advance(this.run, until, this.handle);
  }

  /** As fast as possible until nothing is pending that anybody waits for. */
  settle(): number {
    return settle(this.run, this.handle);
  }

  service(name: ServiceName): Service {
    const service = this.loaded.get(name);
    assert(service, `${name} is not loaded`);
    return service;
  }

  state(name: ServiceName, account: string, region: string): any {
    const service = this.service(name);
    const key = stateKey(service, name, account, region);
    let state = this.run.universe.states.get(key);
    if (!state) {
      state = this.#initial(key);
      this.run.universe.states.set(key, state);
    }
    return state;
  }

  context(service: ServiceName, region: string, principal: Principal): Call {
    return new Context(this, service, region, principal);
  }

  /** Forgets the bodies that nothing in the run refers to any more. Returns how many. */
  sweepBlobs(): number {
    const keep = new Set<string>();
    collectDigests(this.run.universe.states, keep);
    return this.blobs.sweep(keep);
  }

  observe(observer: (seen: Observation) => void): () => void {
    this.#observers.add(observer);
    return () => void this.#observers.delete(observer);
  }

  /** The run's digest but for states that nobody has put anything into: a first question makes those. */
  #fingerprint(): string {
    const states = [...this.run.universe.states].filter(([key, state]) => !isDeepStrictEqual(state, this.#initial(key)));
    return digest({ ...this.run, universe: { ...this.run.universe, states: new Map(states) } });
  }

  #initial(key: string): unknown {
    const [account, region, name] = key.split("/") as [string, string, ServiceName];
    return this.service(name).state(account, region);
  }

  #observe(seen: Observation): void {
    for (const observer of this.#observers) observer(seen);
  }
}

export function emptyRun(seed: string, start: Instant, endpoint?: string): CloudRun {
  return createRun<Universe>(seed, start, {
    world: createWorld(),
    states: new Map(),
    credentials: new Map(),
    notices: [],
    latencies: "drawn",
    endpoint,
  });
}

export function root(account: string, service?: string): Principal {
  return { account, arn: `arn:aws:iam::${account}:root`, userId: account, service: service && `${service}.amazonaws.com` };
}

/** Every stored body's name in a piece of plain data. */
function collectDigests(value: unknown, found: Set<string>): void {
  if (typeof value !== "object" || value === null || value instanceof Date || ArrayBuffer.isView(value)) return;
  if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
    for (const each of value instanceof Map ? value.values() : value) collectDigests(each, found);
    return;
  }
  const { digest: name } = value as { digest?: unknown };
  if (typeof name === "string") found.add(name);
  for (const each of Object.values(value)) collectDigests(each, found);
}

export function notImplemented(service: string, operation: string): AwsError {
  return new AwsError("NotImplemented", `Causeway does not emulate ${service}:${operation}.`, 501, { service, operation });
}

function stateKey(service: Service, name: string, account: string, region: string): string {
  if (service.scope === "partition") return `-/-/${name}`;
  return service.scope === "account" ? `${account}/-/${name}` : `${account}/${region}/${name}`;
}

/** A `Call` without closures: one small object a request. */
class Context implements Call {
  readonly partition = "aws";
  readonly account: string;
  /** Looked up once: a call does not outlive the run that it belongs to. */
  #state: any;
  constructor(
    readonly cloud: Cloud,
    readonly service: ServiceName,
    readonly region: string,
    readonly principal: Principal,
  ) {
    this.account = principal.account;
  }
  get now(): Instant {
    return this.cloud.run.now;
  }
  get date(): Date {
    return date(this.cloud.run.now);
  }
  get state(): any {
    this.#state ??= this.cloud.state(this.service, this.account, this.region);
    return this.#state;
  }
  get world(): World {
    return this.cloud.run.universe.world;
  }
  get physics(): Physics {
    return this.cloud.physics;
  }
  latency(name: LatencyName): Duration {
    const { median, p95 } = latencies[name];
    if (this.cloud.run.universe.latencies === "median") return median;
    return milliseconds(Math.round(lognormal(this.cloud.run.random, median, p95)));
  }
  tell<Topic extends keyof Notices>(topic: Topic, data: Notices[Topic]): void {
    this.cloud.run.universe.notices.push({ account: this.account, region: this.region, topic, data } as Notice);
  }
  get credentials(): Map<string, Credential> {
    return this.cloud.run.universe.credentials;
  }
  endpoint(): string {
    return this.cloud.run.universe.endpoint ?? `https://${this.cloud.service(this.service).api.signing}.${this.region}.amazonaws.com`;
  }
  get types(): Cloud["types"] {
    return this.cloud.types;
  }
  get blobs(): Blobs {
    return this.cloud.blobs;
  }
  id(prefix: string, digits = 17): string {
    return `${prefix}-${hex(this.cloud.run.random, digits)}`;
  }
  uuid(): string {
    const digits = hex(this.cloud.run.random, 32);
    const variant = "89ab"[Number.parseInt(digits[16]!, 16) & 3];
    return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`;
  }
  token(length: number): string {
    return alphanumeric(this.cloud.run.random, length).toUpperCase();
  }
  random(): number {
    return unit(this.cloud.run.random);
  }
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => integer(this.cloud.run.random, 256));
  }
  after(delay: Duration, type: string, data: unknown): number {
    return this.#schedule(delay, type, data, false);
  }
  background(delay: Duration, type: string, data: unknown): number {
    return this.#schedule(delay, type, data, true);
  }
  #schedule(delay: Duration, type: string, data: unknown, background: boolean): number {
    const owner = `${this.account}/${this.region}/${this.service}`;
    return schedule(this.cloud.run, plus(this.now, delay), { owner, type, data, background });
  }
  cancel(event: number): void {
    cancel(this.cloud.run, event);
  }
  peek(service: ServiceName): any {
    return this.cloud.state(service, this.account, this.region);
  }
  ask(service: ServiceName): any {
    const { operations } = this.cloud.service(service);
    const principal = service === this.service ? this.principal : { ...this.principal, service: `${this.service}.amazonaws.com` };
    const call = this.cloud.context(service, this.region, principal);
    return new Proxy(operations, {
      get: (_all, operation: string) => (input: unknown) => {
        const handler = operations[operation];
        if (!handler) throw notImplemented(service, operation);
        return handler(call, input) ?? {};
      },
    });
  }
  *services(): Iterable<{ name: ServiceName; service: Service; call: Call }> {
    for (const name of [...this.cloud.loaded.keys()].sort()) yield { name, service: this.cloud.service(name), call: this.within(name) };
  }
  within(service: ServiceName): Call {
    return this.cloud.context(service, this.region, this.principal);
  }
  elsewhere(region: string): Call {
    return this.cloud.context(this.service, region, this.principal);
  }
  body(blob: Blob): Uint8Array {
    return this.cloud.blobs.get(blob);
  }
  arn(service: string, resource: string, { region = this.region, account = this.account } = {}): string {
    return `arn:aws:${service}:${region}:${account}:${resource}`;
  }
}
