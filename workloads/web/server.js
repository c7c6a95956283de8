/** The shop's page. It has no data of its own: orders are the API's, which it asks by its service name, and which may be away. */
import { randomUUID } from "node:crypto";
import { log, problem } from "../log.js";
import { patiently } from "../patience.js";
import { Refusal, serve } from "../serve.js";
import { optional, required } from "../settings.js";
import { page } from "./page.js";

const region = required("PLATFORM_REGION");
/** The name and port that Service Connect gives the API. */
const api = optional("API_URL", "http://api:8080");

/** A page waits so long for what is only shown on it. */
const showTimeout = 2000;
/** Longer than the API waits for its database, shorter than the load balancer waits for us. */
const orderTimeout = 15_000;
/** The API's own is 1 s, Route 53's 2 s. */
const deepTimeout = 1500;

async function ask(path, { timeout, ...options }) {
  const response = await fetch(`${api}${path}`, { ...options, signal: AbortSignal.timeout(timeout) });
  const text = await response.text();
  if (!response.ok) throw new Refusal(response.status, says(text), retryAfter(response));
  return JSON.parse(text);
}

/** A proxy in between answers in its own words. */
function says(text) {
  try {
    return JSON.parse(text).error;
  } catch (error) {
    return `The orders' service answered something else: ${error.message}.`;
  }
}

function retryAfter({ headers }) {
  const value = headers.get("retry-after");
  return value === null ? {} : { "Retry-After": value };
}

/** A page without the orders is better than none. */
async function show() {
  try {
    return { body: page(region, await ask("/api/orders", { timeout: showTimeout })) };
  } catch (error) {
    log("orders-away", problem(error));
    return { body: page(region) };
  }
}

/** The id is ours, so that an order whose answer was lost can be sent again and is still one order. */
async function order({ body }) {
  const form = new URLSearchParams(body);
  const text = JSON.stringify({ id: randomUUID(), item: form.get("item"), quantity: Number(form.get("quantity")) });
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: text, timeout: orderTimeout };
  const again = (error) => !(error instanceof Refusal);
  try {
    await patiently(() => ask("/api/orders", options), { within: 2000, again });
  } catch (error) {
    if (error instanceof Refusal) throw error;
    log("order-failed", problem(error));
    throw new Refusal(503, "Orders cannot be taken now.", { "Retry-After": "5" });
  }
  return { status: 303, headers: { Location: "/" } };
}

async function deep() {
  try {
    return { body: { region, api: await ask("/health/deep", { timeout: deepTimeout }) } };
  } catch (error) {
    throw new Refusal(503, `Orders do not work: ${error.message}`);
  }
}

serve({
  "GET /": show,
  "POST /": order,
  /** Shallow, for the load balancer: the process serves. */
  "GET /health": () => ({ body: { region } }),
  /** Deep, for Route 53: an order could be shown. */
  "GET /health/deep": deep,
});
