/** `${VARIABLE}` in a Compose file: docs.docker.com/reference/compose-file/interpolation. What looks like a secret is never filled in. */

export type Variables = Readonly<Record<string, string>>;

export type Filled = {
  text: string;
  /** Variables that have no value and no default; Compose makes them empty. */
  missing: string[];
  /** Variables that look like secrets: still in the text, as `${NAME}`. */
  secret: string[];
};

const reference = /\$(?:\$|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?:(:?[-?+])((?:[^{}]|\{[^{}]*\})*))?\})/g;

export function fill(text: string, variables: Variables): Filled {
  const missing: string[] = [];
  const secret: string[] = [];
  const filled = text.replaceAll(reference, (whole, plain?: string, braced?: string, operator = "", other = "") => {
    const name = plain ?? braced;
    if (name === undefined) return "$"; // `$$` is how a dollar is written
    if (secretName(name)) {
      secret.push(name);
      return `\${${name}}`;
    }
    const inner = (from: string) => {
      const result = fill(from, variables);
      missing.push(...result.missing);
      secret.push(...result.secret);
      return result.text;
    };
    const given = Object.hasOwn(variables, name) ? variables[name] : undefined;
    const present = operator.startsWith(":") ? Boolean(given) : given !== undefined;
    if (operator.endsWith("+")) return present ? inner(other) : "";
    if (present) return given ?? "";
    if (operator.endsWith("-")) return inner(other);
    missing.push(name);
    return whole.startsWith("$") ? "" : whole;
  });
  return { text: filled, missing, secret };
}

/** Whether a variable of that name holds what must not be read. `…_FILE` holds a path, and permissions are no passwords. */
export const secretName = (name: string): boolean =>
  /pass(word|wd|phrase)?s?(_|$)|(^|_)pwd(_|$)|secret|token|credential|api_?key|private_?key|access_?key|encryption_?key|(^|_)key$|(^|_)salt$/i.test(
    name,
  ) &&
  !/_FILE$|ALLOW_|_(TTL|EXPIRY|EXPIRATION|LIFETIME|LENGTH|TIMEOUT|URL|URI|ISSUER|ALGORITHM)$|^PUBLIC_|_PUBLIC_|^(AWS_)?ACCESS_KEY_ID$/i.test(
    name,
  );

/** Whether a text is or holds a secret, whatever it is called: a URL with a password, AWS's access keys, a private key, a JSON web token. */
export const secretValue = (text: string): boolean =>
  /:\/\/[^/\s:@]*:[^/\s@]+@/.test(text) ||
  /\b(AKIA|ASIA)[A-Z0-9]{16}\b/.test(text) ||
  /-----BEGIN [A-Z ]*PRIVATE KEY/.test(text) ||
  /^eyJ[\w-]+\.eyJ/.test(text);

/** An `.env` file: `NAME=value` a line, quotes and comments as Compose reads them. */
export function environmentFile(text: string): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const [, name, raw = ""] = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined) continue;
    const quoted = /^(["'])(.*)\1(\s+#.*)?$/.exec(raw)?.[2];
    variables[name] = quoted ?? raw.replace(/(^|\s+)#.*$/, "");
  }
  return variables;
}
