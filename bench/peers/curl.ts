/** curl, one process for all files it is given. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Client, Command, Files } from "./competitor.ts";
import type { Site } from "./site.ts";

/** Transfers at once, where there are many files. */
const PARALLEL = 8;

/**
 * @param name of the competitor, for the lists it is given
 * @param base URL of the library, `/` at its end
 * @param words more of its flags
 */
export function curl(site: Site, name: string, base: string, words: readonly string[]): Client {
  const program = site.programs.need("curl");
  const start = [program, "-q", "--silent", "--show-error", "--fail", ...words];
  let lists = 0;
  const many = (entries: readonly string[]): Command => {
    const list = join(site.etc, `${name}-${lists++}.curl`);
    writeFileSync(list, entries.join("\n"));
    const parallel = ["--parallel", "--parallel-max", String(PARALLEL), "--fail-early"];
    return { argv: [...start, ...(entries.length > 1 ? parallel : []), "--config", list] };
  };
  const entry = (url: string, what: string): string => `url = "${base}${url}"\n${what}`;
  return {
    download: ({ path, names }: Files, to: string) =>
      many(names.map((file) => entry(`${path}/${file}`, `output = "${to}/${file}"`))),
    upload: ({ folder, names }: Files, to: string) =>
      many(names.map((file) => entry(`${to}/${file}`, `upload-file = "${folder}/${file}"`))),
    list: (path: string) => ({ argv: [...start, `${base}${path}/`] }),
  };
}
