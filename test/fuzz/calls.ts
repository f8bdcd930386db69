/** What clients do while their server is damaged, and what must be true where they say that it worked. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "../../src/client/client.ts";
import { sameFiles } from "../support/sparse.ts";

/** Where one case has its files. */
export interface Place {
  /** The folder that the server serves, by its local path. */
  readonly library: string;
  /** A local folder with `t`, a tree, and nothing in `new`. */
  readonly local: string;
  /** Not yet in the library, and of this case only. */
  readonly fresh: string;
}

/** @returns what is wrong although the call succeeded */
type Call = (client: Client, place: Place) => Promise<string | undefined | void>;

const bytesOf = (path: string): string => readFileSync(path, "latin1");

export const CALLS: Readonly<Record<string, Call>> = {
  stat: async (client) => void (await client.stat("a.txt")),
  async list(client) {
    for await (const _ of client.list("dir", { hidden: true }));
  },
  async get(client, { library }) {
    await using download = await client.get("big");
    const bytes = Buffer.from(await download.bytes()).toString("latin1");
    return bytes === bytesOf(join(library, "big")) ? undefined : "get has other bytes";
  },
  async range(client) {
    await using download = await client.get("dir/b.txt", { offset: 5, length: 20, sha256: true });
    const bytes = Buffer.from(await download.bytes()).toString();
    return bytes === "b".repeat(20) ? undefined : "a range has other bytes";
  },
  async download(client, { library, local }) {
    await client.download("dir/deep/c.txt", join(local, "new"));
    const same = bytesOf(join(local, "new")) === bytesOf(join(library, "dir/deep/c.txt"));
    return same ? undefined : "a download has other bytes";
  },
  async downloadSparse(client, { library, local }) {
    await client.download("sparse", join(local, "new"));
    const same = sameFiles(join(library, "sparse"), join(local, "new"));
    return same ? undefined : "a download has other bytes, or other holes";
  },
  async putSparse(client, { library, fresh }) {
    await client.put(fresh, Bun.file(join(library, "sparse")));
    const same = sameFiles(join(library, "sparse"), join(library, fresh));
    return same ? undefined : "an upload has other bytes, or other holes";
  },
  async put(client, { library, fresh }) {
    await client.put(fresh, new TextEncoder().encode(fresh));
    return bytesOf(join(library, fresh)) === fresh ? undefined : "an upload has other bytes";
  },
  async putFile(client, { library, local, fresh }) {
    await client.put(fresh, Bun.file(join(local, "t/large")), { sha256: true });
    const same = bytesOf(join(local, "t/large")) === bytesOf(join(library, fresh));
    return same ? undefined : "an uploaded file has other bytes";
  },
  async getTree(client, { library, local }) {
    await client.getTree("dir", join(local, "new"));
    return missing(join(library, "dir"), join(local, "new"));
  },
  async getTreeInto(client, { library, local }) {
    await client.getTree("dir", join(local, "t"), { ifExists: "replace" });
    return missing(join(library, "dir"), join(local, "t"));
  },
  async putTree(client, { library, local, fresh }) {
    await client.putTree(join(local, "t"), fresh);
    return missing(join(local, "t"), join(library, fresh));
  },
  async syncDown(client, { library, local }) {
    await client.syncDown("dir", join(local, "t"), { delete: true });
    return missing(join(library, "dir"), join(local, "t"));
  },
  async syncUp(client, { library, local, fresh }) {
    await client.syncUp(join(local, "t"), fresh);
    return missing(join(local, "t"), join(library, fresh));
  },
  rename: async (client, { fresh }) => void (await client.rename("no-such", fresh)),
  remove: async (client, { fresh }) => void (await client.remove(fresh)),
  makeDirectory: async (client, { fresh }) => void (await client.makeDirectory(fresh)),
  checksum: async (client) => void (await client.checksum("big")),
  status: async (client) => void (await client.status()),
  ping: async (client) => void (await client.ping()),
};

/** @returns a file of one folder that the other one does not have with the same contents; links are left out */
function missing(from: string, to: string): string | undefined {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    const isOther = entry.isFile() && !isSame(source, target);
    const other = isOther ? `${target} has other bytes` : undefined;
    const found = entry.isDirectory() ? missing(source, target) : other;
    if (found !== undefined) return found;
  }
  return undefined;
}

function isSame(one: string, other: string): boolean {
  return existsSync(other) && bytesOf(one) === bytesOf(other);
}
