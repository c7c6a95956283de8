/** `causeway version` */
import { readFileSync } from "node:fs";
import type { Command } from "./main.ts";

export const version = {
  summary: "print the version",
  async run() {
    const { version: number } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
    console.log(number);
    return 0;
  },
} satisfies Command;
