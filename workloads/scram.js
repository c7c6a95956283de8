/** How a client proves to PostgreSQL that it knows the password, and the server that it knew it: SCRAM-SHA-256, RFC 7677. */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

const mechanism = "SCRAM-SHA-256";
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();

export class Scram {
  #password;
  #nonce = randomBytes(18).toString("base64");
  #serverSignature;

  constructor(password) {
    this.#password = password;
  }

  /** What to send for the server's authentication message of that kind; throws for kinds that would give the password away. */
  answer(kind, body) {
    if (kind === 10) return this.#first(body);
    if (kind === 11) return this.#proof(body.toString("utf8"));
    if (kind === 12) return this.#verify(body.toString("utf8"));
    throw new Error(`The database asks for a kind of password (${kind}) that is not ${mechanism}.`);
  }

  #first(body) {
    if (!body.toString("utf8").split("\0").includes(mechanism)) throw new Error(`The database does not offer ${mechanism}.`);
    const first = Buffer.from(`n,,${this.#bare()}`);
    const length = Buffer.alloc(4);
    length.writeInt32BE(first.length);
    return Buffer.concat([Buffer.from(`${mechanism}\0`), length, first]);
  }

  /** PostgreSQL takes the user from the start-up message and ignores this one. */
  #bare() {
    return `n=,r=${this.#nonce}`;
  }

  #proof(challenge) {
    const { r: nonce, s: salt, i: iterations } = fields(challenge);
    if (!nonce?.startsWith(this.#nonce)) throw new Error("The database answered somebody else's challenge.");
    const salted = pbkdf2Sync(this.#password.normalize("NFKC"), Buffer.from(salt, "base64"), Number(iterations), 32, "sha256");
    const clientKey = hmac(salted, "Client Key");
    const last = `c=${Buffer.from("n,,").toString("base64")},r=${nonce}`;
    const exchange = `${this.#bare()},${challenge},${last}`;
    const signature = hmac(createHash("sha256").update(clientKey).digest(), exchange);
    this.#serverSignature = hmac(hmac(salted, "Server Key"), exchange);
    return Buffer.from(`${last},p=${Buffer.from(clientKey.map((byte, at) => byte ^ signature[at])).toString("base64")}`);
  }

  #verify(final) {
    const signature = Buffer.from(fields(final).v ?? "", "base64");
    if (!this.#serverSignature || signature.length !== 32 || !timingSafeEqual(signature, this.#serverSignature))
      throw new Error("The database does not know the password itself.");
  }
}

const fields = (text) => Object.fromEntries(text.split(",").map((field) => [field[0], field.slice(2)]));
