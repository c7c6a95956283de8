/**
 * Files on the share, without ever hanging on it. A hard NFS mount whose gateway is gone answers no call, and Node's four file threads, which look up
 * names too, would soon all wait there. So a process of its own does the work: what takes too long is given up with that process, and the next one
 * begins afresh. SIGKILL ends a process that waits for NFS: man7.org/linux/man-pages/man5/nfs.5.html, "intr / nointr".
 */
import { fork } from "node:child_process";
import { log } from "../log.js";

const program = new URL("file-process.js", import.meta.url);

export class FileError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export class Files {
  #directory;
  #timeout;
  #child;
  #asked = new Map();
  #count = 0;

  constructor(directory, timeout) {
    this.#directory = directory;
    this.#timeout = timeout;
  }

  /** Whole or not at all, and on the gateway's disk when this is done. */
  write(path, text) {
    return this.#ask("write", path, text);
  }

  /** Undefined when there is none. */
  read(path) {
    return this.#ask("read", path);
  }

  /** The names in a directory, sorted; none when it is not there. */
  list(path) {
    return this.#ask("list", path);
  }

  move(from, to) {
    return this.#ask("move", from, to);
  }

  /** Takes away what was not changed for so many milliseconds, below a directory. */
  sweep(path, age, ending) {
    return this.#ask("sweep", path, age, ending);
  }

  close() {
    this.#child?.kill("SIGKILL");
  }

  #ask(...question) {
    const child = (this.#child ??= this.#start());
    const id = this.#count++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.#abandon(child, "ETIMEDOUT", `The share did not answer within ${this.#timeout} ms.`),
        this.#timeout,
      );
      this.#asked.set(id, { resolve, reject, timer });
      child.send({ id, question }, (error) => error && this.#abandon(child, "EPIPE", error.message));
    });
  }

  #start() {
    const child = fork(program, [this.#directory], { stdio: "inherit" });
    child.on("message", ({ id, value, error }) => {
      const asked = this.#asked.get(id);
      this.#asked.delete(id);
      clearTimeout(asked?.timer);
      if (error) asked?.reject(new FileError(error.code, error.message));
      else asked?.resolve(value);
    });
    child.on("exit", () => this.#abandon(child, "EPIPE", "The process for files ended."));
    log("files", { directory: this.#directory, pid: child.pid });
    return child;
  }

  #abandon(child, code, message) {
    if (this.#child !== child) return;
    this.#child = undefined;
    child.kill("SIGKILL");
    for (const { reject, timer } of this.#asked.values()) {
      clearTimeout(timer);
      reject(new FileError(code, message));
    }
    this.#asked.clear();
  }
}
