/** The folder of the library that typed names are relative to: the library itself, or where `cd` went. */
import { UsageError } from "./exit-codes.ts";
import { remoteName } from "./paths.ts";

export class CurrentFolder {
  /** "" for the library itself. */
  path = "";
  /** Before the last `cd`. */
  #previous: string | undefined;

  /**
   * A name in the library: `foo` and `./foo` are in the folder, `../foo` is beside it, and `/foo` in the
   * library itself.
   * @throws INVALID_NAME; UsageError for an empty one
   */
  resolve(typed: string): string {
    if (typed === "") {
      throw new UsageError("a name is empty; . is the folder itself, / the whole library");
    }
    let base = typed.startsWith("/") ? "" : this.path;
    let rest = typed.replace(/^\/+/, "");
    while (true) {
      const step = /^(\.{1,2})(\/+|$)/.exec(rest);
      if (step === null) break;
      if (step[1] === "..") {
        // Nothing is above the library: the name is refused as it is.
        if (base === "") break;
        base = parentOf(base);
      }
      rest = rest.slice(step[0].length);
    }
    return remoteName([base, rest].filter((part) => part !== "").join("/"));
  }

  /** The folder that `cd` goes to; `..` of the library is the library. @throws as `resolve` */
  target(typed: string | undefined): string {
    if (typed === undefined) return "";
    if (typed === "-") {
      if (this.#previous === undefined) throw new UsageError("there was no folder before this one");
      return this.#previous;
    }
    const ups = /^(\.\.(\/+|$))+/.exec(typed)?.[0] ?? "";
    const steps = ups.split("..").length - 1;
    const depth = this.path === "" ? 0 : this.path.split("/").length;
    return steps <= depth ? this.resolve(typed) : this.resolve(`/${typed.slice(ups.length)}`);
  }

  change(path: string): void {
    this.#previous = this.path;
    this.path = path;
  }
}

function parentOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}
