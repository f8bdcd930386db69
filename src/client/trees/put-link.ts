/** Makes a link in the library. */
import { LeatError } from "../../errors.ts";
import { quote } from "../../store/names.ts";
import type { Entry, IfExists } from "../../wire/gen/messages.ts";
import type { Calls } from "../calls/calls.ts";
import type { CallOptions } from "../connection/options.ts";

/**
 * @returns undefined where the server makes no links: it is an older one, or its store has none
 * @throws ALREADY_EXISTS, IS_A_DIRECTORY, …
 */
export async function putLink(
  calls: Calls,
  path: string,
  link: { readonly target: string; readonly ifExists: IfExists },
  options: CallOptions,
): Promise<"made" | "skipped" | undefined> {
  const ask = (again: boolean): Promise<Entry> =>
    calls.unary({ case: "makeLink", value: { path, ...link, again } }, options);
  let entry: Entry;
  try {
    entry = await ask(false).catch((thrown: unknown) => {
      if (LeatError.from(thrown).code !== "OUTCOME_UNKNOWN") throw thrown;
      return ask(true);
    });
  } catch (thrown) {
    if (LeatError.from(thrown).code === "UNIMPLEMENTED") return undefined;
    throw thrown;
  }
  if (entry.link && entry.target === link.target) return "made";
  if (link.ifExists === "SKIP") return "skipped";
  const message = `the server says that ${quote(path)} is made, and that it is something else than that link`;
  throw new LeatError("PROTOCOL_ERROR", message);
}
