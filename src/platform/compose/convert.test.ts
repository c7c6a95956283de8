import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gib, mib, minutes, seconds } from "../../kernel/units.ts";
import { parse } from "../parse.ts";
import { starter } from "../starter.ts";
import { durationIn, sizeIn, wordsOf } from "./amounts.ts";
import { convert } from "./convert.ts";
import { environmentFile, fill, secretName } from "./variables.ts";

/** A Compose file with one service called `web`, of these lines; `files` lie beside it. */
const web = (lines: string, files: Record<string, string> = {}) => {
  const text = `services:\n  web:\n${lines.replaceAll(/^/gm, "    ")}`;
  return convert(text, "docker-compose.yml", { read: (path) => files[path] });
};
const said = ({ notes }: { notes: { where: string; what: string }[] }, where: string) => notes.find((note) => note.where === where)?.what;

describe("S8 containers stay as they are", () => {
  test("image, command, environment, limits, stop time and replicas are carried over", () => {
    const { services } = web(`
image: acme/web:1.4@sha256:${"ab".repeat(32)}
command: node server.js --title "Pet shop"
environment: { LOG_LEVEL: debug, WORKERS: 4, PRICE: $$5 }
expose: [3000]
deploy: { replicas: 3, resources: { limits: { cpus: "1.5", memory: 2G } } }
stop_grace_period: 1m
read_only: true
healthcheck: { test: curl -f localhost, interval: 20s, timeout: 4s, retries: 5, start_period: 1m30s }`);
    expect(services.web).toEqual({
      image: `acme/web:1.4@sha256:${"ab".repeat(32)}`,
      command: ["node", "server.js", "--title", "Pet shop"],
      environment: { LOG_LEVEL: "debug", WORKERS: "4", PRICE: "$5" },
      port: 3000,
      cpu: 1536,
      memory: gib(2),
      scaling: { min: 3, max: 3 },
      stopTimeout: minutes(1),
      health: { command: ["CMD-SHELL", "curl -f localhost"], interval: seconds(20), timeout: seconds(4), failures: 5, grace: seconds(90) },
    });
  });

  test("a container whose root is writable keeps it, one without a health check counts as well", () => {
    expect(web("image: nginx\nports: [80]").services.web).toMatchObject({
      readonlyRoot: false,
      health: { command: ["CMD-SHELL", "exit 0"], path: "/", deep: "/" },
    });
  });

  test("times beyond what ECS and the load balancer take become the nearest that they do, and it is said", () => {
    const result = web(
      `image: nginx\nports: [80]\nhealthcheck: { test: [CMD, "true"], interval: 10s, timeout: 10s, retries: 1 }\nstop_grace_period: 5m`,
    );
    expect(result.services.web).toMatchObject({ health: { timeout: seconds(9), failures: 2 }, stopTimeout: minutes(2) });
    expect(said(result, "web.healthcheck.timeout")).toBe("10s became seconds(9), the nearest that ECS takes");
    expect(said(result, "web.stop_grace_period")).toBe("5m became minutes(2), the nearest that ECS takes");
  });
});

describe("secrets are never written", () => {
  const secret = "hunter2-hunter2";
  test.each([
    ["a variable that is called so", `environment: { SESSION_SECRET: ${secret} }`, "SESSION_SECRET"],
    ["a list of variables", `environment: ["API_TOKEN=${secret}"]`, "API_TOKEN"],
    ["a URL with a password", `environment: { QUEUE: "amqp://me:${secret}@queue:5672" }`, "QUEUE"],
    ["a value from .env", 'environment: { SMTP: "${SMTP_PASSWORD}" }', "SMTP"],
    ["a file of variables", "env_file: web.env", "SMTP_PASSWORD"],
    ["a secret of Compose", "secrets: [smtp_password]", "SMTP_PASSWORD"],
    ["a file that a variable points to", "secrets: [smtp]\nenvironment: { SMTP_PASSWORD_FILE: /run/secrets/smtp }", "SMTP_PASSWORD"],
  ])("%s", (_, lines, variable) => {
    const result = web(`image: acme/web\n${lines}`, { ".env": `SMTP_PASSWORD=${secret}`, "web.env": `SMTP_PASSWORD=${secret}` });
    expect(result.services.web?.secrets).toEqual({ [variable]: `web:${variable}` });
    expect(result.services.web?.environment).toBeUndefined();
    expect(JSON.stringify(result)).not.toContain(secret);
    expect(said(result, "web.environment")).toContain(`the keys ${variable}`);
  });

  test("in a command a secret stays a variable, and a written one is pointed out", () => {
    const result = web("image: redis\ncommand: redis-server --requirepass ${REDIS_PASSWORD}", { ".env": `REDIS_PASSWORD=${secret}` });
    expect(result.services.web?.command).toEqual(["redis-server", "--requirepass", "$REDIS_PASSWORD"]);
    expect(said(result, "web.command")).toContain("is a secret and was not written");
    expect(said(web("image: acme/web\ncommand: [serve, --api-token=abc]"), "web.command")).toContain("seems to hold a secret");
  });

  test.each([
    "DB_PASSWORD",
    "SECRET_KEY_BASE",
    "STRIPE_API_KEY",
    "GITHUB_TOKEN",
    "JWT_SECRET",
    "ENCRYPTION_KEY",
    "MYSQL_ROOT_PASSWORD",
    "PGPASSWORD",
    "DB_PASS",
  ])("%s is one", (name) => expect(secretName(name)).toBe(true));
  test.each(["PORT", "DB_PASSWORD_FILE", "ALLOW_EMPTY_PASSWORD", "TOKEN_TTL", "KEYBOARD", "PASSENGER_APP", "MONKEY", "PASSWORD_RESET_URL"])(
    "%s is none",
    (name) => expect(secretName(name)).toBe(false),
  );
});

describe("a database in a container becomes the platform's", () => {
  const shop = (
    app: string,
    database = "image: postgres:16.4-alpine\n    environment: { POSTGRES_USER: keeper, POSTGRES_PASSWORD: pw-of-the-shop, POSTGRES_DB: shop }",
  ) =>
    convert(
      `services:\n  app:\n    image: acme/app\n    depends_on: { db: { condition: service_healthy } }\n    ${app}\n  db:\n    ${database}`,
      "c.yml",
      { read: () => undefined },
    );

  test("engine, version and name are its own, and who depends on it uses it", () => {
    const { database, services } = shop("");
    expect(database).toEqual({ engine: "postgres", version: "16.4", name: "shop" });
    expect(Object.keys(services)).toEqual(["app"]);
    expect(services.app?.uses).toEqual(["database"]);
  });

  test("variables with its user, password and name follow the platform's secret", () => {
    const { services } = shop("environment: { DB_USER: keeper, DB_PASSWORD: pw-of-the-shop, DB_NAME: shop, TITLE: shop }");
    expect(services.app?.secrets).toEqual({ DB_USER: "database:username", DB_PASSWORD: "database:password", DB_NAME: "database:dbname" });
    expect(services.app?.environment).toEqual({ TITLE: "shop" });
  });

  test("a variable with its host is pointed out", () => {
    const result = shop('environment: { DB_HOST: "db:5432", DATABASE_URL: "postgres://keeper:x@db/shop" }');
    expect(said(result, "app.environment.DB_HOST")).toContain("DATABASE_HOST");
    expect(said(result, "app.environment.DATABASE_URL")).toContain("DATABASE_HOST");
  });

  test.each([
    ["mysql:8.4", "mysql"],
    ["mariadb:11.8.3", "mariadb"],
    ["bitnami/postgresql", "postgres"],
    ["registry.example.com:5000/postgis/postgis:16-3.4", "postgres"],
  ])("%s is %s", (image, engine) => {
    expect(shop("", `image: ${image}`).database).toMatchObject({ engine });
  });

  test("a second one stays a container, and it is said", () => {
    const result = convert("services:\n  one: { image: mysql:8 }\n  two: { image: postgres:17 }", "c.yml", { read: () => undefined });
    expect(result.database?.engine).toBe("mysql");
    expect(said(result, "two")).toContain("a second database");
  });
});

describe("ports, ways and volumes", () => {
  test("the first that publishes a port of requests is the listener's default; others need paths", () => {
    const result = convert(
      "services:\n  web: { image: a, ports: ['80:8080', '53:53/udp'] }\n  admin: { image: b, ports: [{ target: 9000 }] }\n  cache: { image: redis, ports: ['6379:6379'] }",
      "c.yml",
      {
        read: () => undefined,
      },
    );
    expect(Object.entries(result.services).map(([name, { port, route }]) => [name, port, route])).toEqual([
      ["web", 8080, {}],
      ["admin", 9000, undefined],
      ["cache", 6379, undefined],
    ]);
    expect(said(result, "admin.ports")).toContain("the listener's default is another service's");
    expect(said(result, "web.ports 53:53/udp")).toContain("udp has no counterpart");
  });

  test("names that the definition does not take are changed everywhere", () => {
    const { services } = convert(
      "services:\n  Front_End: { image: a, links: ['the_api:api'] }\n  the_api: { image: b, expose: ['80'] }\n  database: { image: c }",
      "c.yml",
      {
        read: () => undefined,
      },
    );
    expect(Object.keys(services)).toEqual(["front-end", "the-api", "database-service"]);
    expect(services["front-end"]?.uses).toEqual(["the-api"]);
  });

  test("folders become shares, one for each source; files, sockets and scratch space are said", () => {
    const result = convert(
      "services:\n  a: { image: a, volumes: ['data:/data', './nginx.conf:/etc/nginx.conf:ro', '/var/run/docker.sock:/var/run/docker.sock', /tmp] }\n  b: { image: b, volumes: [{ type: volume, source: data, target: /in }, './uploads:/up'] }",
      "c.yml",
      { read: () => undefined },
    );
    expect(result.files).toEqual({ shares: { data: {}, uploads: {} } });
    expect(result.services.a?.files).toEqual({ data: "/data" });
    expect(result.services.b?.files).toEqual({ data: "/in", uploads: "/up" });
    expect(said(result, "a.volumes ./nginx.conf")).toContain("bake /etc/nginx.conf into the image");
    expect(said(result, "a.volumes /var/run/docker.sock")).toContain("Docker's socket");
    expect(said(result, "a.volumes /tmp")).toContain("scratch space");
  });
});

test("what has no counterpart is listed by name with a reason, known or not", () => {
  const result = convert(
    "version: '3'\nx-y: 1\nnetworks: {}\nservices:\n  web: { image: a, build: ., networks: [n], privileged: true, flux: 1, deploy: { mode: global } }",
    "c.yml",
    { read: () => undefined },
  );
  const keys = ["version", "x-y", "networks", "web.build", "web.networks", "web.privileged", "web.flux", "web.deploy.mode"];
  for (const key of keys) expect(said(result, key), key).toBeTruthy();
  expect(said(result, "web.flux")).toBe("not a key that is known here");
});

test("a file that is no Compose file is refused with its place", () => {
  expect(() => web("image: [a")).toThrow(/^docker-compose\.yml:\d+:\d+: /);
  expect(() => convert("", "c.yml", { read: () => undefined })).toThrow("c.yml: the file has not the form that Compose gives it.");
  expect(() => web("image: a\nports: 80")).toThrow("services.web.ports has not the form");
  expect(() => convert("a: *b", "c.yml", { read: () => undefined })).toThrow(/c\.yml/);
});

test.each([
  ["$A ${A} ${A:-x} ${B:-x} ${B-y} ${E:-z} ${E-z}", "1 1 1 x y z "],
  ["$$A ${A:+set} ${B:+set} ${B:-${A}} ${B:?needed}", "$A set  1 "],
])("variables: %s", (text, filled) => expect(fill(text, { A: "1", E: "" }).text).toBe(filled));

test("an .env file is read with its quotes and comments", () => {
  expect(environmentFile("# c\nA=1\nexport B='x # y'\nC=z # c\n D = \"q\"\nnonsense\n")).toEqual({ A: "1", B: "x # y", C: "z", D: "q" });
});

test.each([
  ["1m30s", seconds(90)],
  ["1.5h", minutes(90)],
  ["20", seconds(20)],
  ["soon", undefined],
])("%s lasts", (text, length) => expect(durationIn(text)).toBe(length));
test.each([
  ["512M", mib(512)],
  ["2gb", gib(2)],
  ["1048576", mib(1)],
  ["1.5g", mib(1536)],
  ["much", undefined],
])("%s is large", (text, size) => expect(sizeIn(text)).toBe(size));
test.each([
  [`a "b c" d\\ e 'f "g"'`, ["a", "b c", "d e", 'f "g"']],
  [`--x="1 2" y''`, ["--x=1 2", "y"]],
])("%s is words", (line, words) => expect(wordsOf(line)).toEqual(words));

test("a service that depends on itself is said to, and does not use itself", () => {
  const { services, notes } = convert(JSON.stringify({ services: { web: { image: "nginx", depends_on: ["web"] } } }), "c.yml", {
    read: () => undefined,
  });
  expect(services.web).not.toHaveProperty("uses");
  expect(notes).toContainEqual({ where: "web.depends_on web", what: "depends on itself, which Compose refuses too" });
});

test("whatever a Compose file of the right form says, the definition around it parses, or says why not", () => {
  const word = fc.constantFrom("a", "web", "Web_1", "80:80", "nginx:1", "postgres", "./x:/y", "x:/z", "1m", "5G", "${X}", "KEY=v", "0", "");
  const service = fc.record(
    {
      image: fc.constantFrom("nginx", "acme/web:1", "redis", "mysql:8"),
      command: fc.oneof(word, fc.array(word)),
      environment: fc.oneof(fc.array(word), fc.dictionary(word, fc.option(word))),
      expose: fc.array(fc.integer({ min: 1, max: 65_535 })),
      volumes: fc.array(word),
      depends_on: fc.array(word),
      stop_grace_period: word,
      mem_limit: word,
      cpus: word,
      healthcheck: fc.record({ test: fc.oneof(word, fc.array(word)), interval: word, timeout: word }, { requiredKeys: [] }),
    },
    { requiredKeys: ["image"] },
  );
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[A-Za-z0-9._-]{1,30}$/), service, { maxKeys: 4 }), (services) => {
      const { notes, ...sections } = convert(JSON.stringify({ services }), "c.yml", { read: () => undefined });
      const { findings } = parse(starter({ name: "shop", notes, ...sections }).input);
      // A health check without CMD is wrong in Compose too; every other finding would be ours.
      expect(findings.filter(({ code }) => code !== "SVC010").map(({ code, message }) => `${code} ${message}`)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
