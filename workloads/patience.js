/** Trying again: with a growing, random pause, so that all tasks of a service don't come back in the same instant after a failover. */
import { setTimeout as pause } from "node:timers/promises";

const pauseMin = 50;
const pauseMax = 2000;

/** "Full jitter": aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/ */
const jittered = (attempt) => pauseMin + Math.random() * Math.min(pauseMax, pauseMin * 2 ** attempt);

/**
 * What `attempt` gives, tried again while `again(error)` says so and `within` milliseconds are not over; then its last error. The last pause is cut
 * short, so that the caller's own time-out can be set by it.
 */
export async function patiently(attempt, { within, again, signal }) {
  const end = performance.now() + within;
  for (let count = 0; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      const left = end - performance.now();
      if (signal?.aborted || left <= 0 || !again(error)) throw error;
      await pause(Math.min(left, jittered(count)), undefined, { signal });
    }
  }
}
