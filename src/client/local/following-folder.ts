/** A local folder of which links are followed: they seem to be what they lead to, wherever that is. Only to read. */
import { statSync } from "node:fs";
import { LeatError } from "../../errors.ts";
import { quote } from "../../store/names.ts";
import type { Folder } from "../../store/resolve/folder.ts";
import type { NameTaker } from "../../store/resolve/folder-reader.ts";
import { openPlainFolder } from "../../store/resolve/walk-folder.ts";
import { type Facts, factsOf, sameThing } from "../../store/system/facts.ts";
import { isSystemError } from "../../store/system/system-error.ts";

export class FollowingFolder implements Folder {
  readonly #folder: Folder;
  /** It, and the folders from which it was reached. */
  readonly #way: readonly Facts[];
  readonly fd?: number;

  constructor(folder: Folder, way: readonly Facts[] = []) {
    this.#folder = folder;
    this.#way = [...way, folder.facts];
    if (folder.fd !== undefined) this.fd = folder.fd;
  }

  get path(): string {
    return this.#folder.path;
  }

  get facts(): Facts {
    return this.#folder.facts;
  }

  pathOf(name: string): string {
    return this.#folder.pathOf(name);
  }

  /** @throws NOT_FOUND for a link to nothing; INVALID_ARGUMENT for one to a folder that it is in */
  stat(name: string): Facts | undefined {
    const found = this.#folder.stat(name);
    return found?.kind === "LINK" ? this.#follow(name) : found;
  }

  statBytes(bytes: Buffer, start: number, end: number): Facts | undefined {
    return this.stat(bytes.toString("utf8", start, end));
  }

  child(name: string, path: string): Folder {
    const isLink = this.#folder.stat(name)?.kind === "LINK" && this.#follow(name) !== undefined;
    const folder = isLink ? openPlainFolder(this.pathOf(name)) : this.#folder.child(name, path);
    return new FollowingFolder(folder, this.#way);
  }

  readNames(shown: string, taker: NameTaker): Promise<void> {
    return this.#folder.readNames(shown, taker);
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }

  #follow(name: string): Facts {
    let facts: Facts;
    try {
      facts = factsOf(statSync(this.pathOf(name), { bigint: true }));
    } catch (thrown) {
      if (isSystemError(thrown, "ENOENT")) {
        throw new LeatError("NOT_FOUND", `${quote(name)} is a link that leads to nothing`);
      }
      if (isSystemError(thrown, "ELOOP")) throw leadsBack(name);
      throw LeatError.from(thrown, `cannot follow the link ${quote(name)}`);
    }
    if (facts.kind === "DIRECTORY" && this.#way.some((each) => sameThing(each, facts)))
      throw leadsBack(name);
    return facts;
  }
}

/** For a link that would be followed without end. */
export function leadsBack(name: string): LeatError {
  const message = `${quote(name)} is a link that leads back to itself, or to a folder that it is in`;
  return new LeatError("INVALID_ARGUMENT", message);
}
