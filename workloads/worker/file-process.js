/** The process that touches the share: one question after the other, each answered or never. */
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

const directory = process.argv[2];
const inside = (path) => join(directory, path);

/** While a file is written it has another name, which nobody takes for a file: a dot before, and this behind. */
const unfinished = ".unfinished";

const absent = (error) => {
  if (error.code !== "ENOENT") throw error;
};

const actions = {
  /** The new name appears when all bytes are safe: the gateway has them after `fsync`, and the directory its entry after its own. */
  async write(path, text) {
    const folder = dirname(inside(path));
    await mkdir(folder, { recursive: true });
    const temporary = join(folder, `.${process.pid}-${path.replaceAll("/", "-")}${unfinished}`);
    const file = await open(temporary, "w");
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, inside(path));
    const parent = await open(folder);
    try {
      await parent.sync();
    } finally {
      await parent.close();
    }
  },

  read: (path) => readFile(inside(path), "utf8").catch(absent),

  async list(path) {
    const names = (await readdir(inside(path)).catch(absent)) ?? [];
    return names.filter((name) => !name.startsWith(".")).sort();
  },

  async move(from, to) {
    await mkdir(dirname(inside(to)), { recursive: true });
    await rename(inside(from), inside(to));
  },

  async sweep(path, age, ending) {
    const entries = (await readdir(inside(path), { recursive: true, withFileTypes: true }).catch(absent)) ?? [];
    for (const entry of entries.filter((each) => each.isFile() && each.name.endsWith(ending))) {
      const file = join(entry.parentPath, entry.name);
      // Another worker may sweep too.
      const found = await stat(file).catch(absent);
      if (found && Date.now() - found.mtimeMs > age) await rm(file, { force: true });
    }
  },
};

let last = Promise.resolve();
process.on("message", ({ id, question: [action, ...values] }) => {
  last = last.then(async () => {
    try {
      process.send({ id, value: await actions[action](...values) });
    } catch ({ code, message }) {
      process.send({ id, error: { code, message } });
    }
  });
});
// Whoever asked is gone.
process.on("disconnect", () => process.exit(0));
// Its parent decides when it is over.
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => undefined);
