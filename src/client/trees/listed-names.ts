/** Names that a server lists. */
import { LeatError } from "../../errors.ts";
import { isSegment, quote } from "../../store/names.ts";

/** A server cannot make the client write outside of the target. @throws INVALID_NAME */
export function checkName(name: string): void {
  if (isSegment(name)) return;
  throw new LeatError("INVALID_NAME", `the server lists ${quote(name)}, which is not a name`);
}

export function notUtf8(names: number, path: string): LeatError {
  const where = path === "" ? "the library" : quote(path);
  return new LeatError(
    "INVALID_NAME",
    `${names} names in ${where} are not UTF-8: they are left out`,
  );
}
