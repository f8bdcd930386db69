/** lftp: `mirror` for a folder, `mget` and `mput` for some of its files. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Client, Command, Files } from "./competitor.ts";
import type { Site } from "./site.ts";

/** Transfers at once, each over a connection of its own. */
const PARALLEL = 8;

/** No questions to the server that the work does not need; a failure is a failure. */
const SETTINGS = [
  "set cmd:fail-exit yes",
  "set net:max-retries 1",
  "set net:timeout 10",
  "set ftp:ssl-allow no",
  "set ftp:use-feat no",
  "set xfer:log no",
];

/** @param login as `open` takes it: a URL, with `-u USER,PASSWORD` where one is needed */
export function lftp(site: Site, name: string, login: string): Client {
  const program = site.programs.need("lftp");
  let lists = 0;
  const run = (...lines: string[]): Command => {
    const list = join(site.etc, `${name}-${lists++}.lftp`);
    writeFileSync(list, [...SETTINGS, `open ${login}`, ...lines].join("\n"));
    return { argv: [program, "-f", list] };
  };
  return {
    download({ path, names, whole }: Files, to: string): Command {
      if (whole && names.length > 1) {
        return run(`mirror --parallel=${PARALLEL} --no-perms ${path} ${to}`);
      }
      const at = names.map((file) => `${path}/${file}`).join(" ");
      return run(`mget -P ${Math.min(PARALLEL, names.length)} -O ${to} ${at}`);
    },
    upload({ folder, names, whole }: Files, to: string): Command {
      if (whole && names.length > 1) {
        return run(`mirror --reverse --parallel=${PARALLEL} --no-perms ${folder} ${to}`);
      }
      const from = names.map((file) => `${folder}/${file}`).join(" ");
      return run(`mput -P ${Math.min(PARALLEL, names.length)} -O ${to} ${from}`);
    },
    list: (path: string) => run(`ls ${path}/`),
  };
}
