/** Where the names that a person types begin: the library itself, or the folder that `cd` went to. */
import { UsageError } from "./exit-codes.ts";
import { remoteName } from "./paths.ts";

export class Place {
  /** "" for the library itself. */
  folder = "";
  /** Before the last `cd`. */
  #previous: string | undefined;

  /**
   * A name in the library: `foo` and `./foo` are in the folder, `../foo` is beside it, and `/foo` in the
   * library itself.
   * @throws INVALID_NAME; UsageError for an empty one
   */
  name(typed: string): string {
    if (typed === "") {
      throw new UsageError("a name is empty; . is the folder itself, / the whole library");
    }
    let base = typed.startsWith("/") ? "" : this.folder;
    let rest = typed.replace(/^\/+/, "");
    while (true) {
      const step = /^(\.{1,2})(\/+|$)/.exec(rest);
      if (step === null) break;
      if (step[1] === "..") {
        // Above the library there is nothing: it is refused as it is.
        if (base === "") break;
        base = parentOf(base);
      }
      rest = rest.slice(step[0].length);
    }
    return remoteName([base, rest].filter((part) => part !== "").join("/"));
  }

  /** The folder that `cd` is to go to. As in other shells, nothing is above the whole. @throws as `name` */
  next(typed: string | undefined): string {
    if (typed === undefined) return "";
    if (typed === "-") {
      if (this.#previous === undefined) throw new UsageError("there was no folder before this one");
      return this.#previous;
    }
    const ups = /^(\.\.(\/+|$))+/.exec(typed)?.[0] ?? "";
    const steps = ups.split("..").length - 1;
    const depth = this.folder === "" ? 0 : this.folder.split("/").length;
    return steps <= depth ? this.name(typed) : this.name(`/${typed.slice(ups.length)}`);
  }

  go(folder: string): void {
    this.#previous = this.folder;
    this.folder = folder;
  }
}

function parentOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}
