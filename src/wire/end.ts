import { LeatError } from "../errors.ts";
import type { Input } from "./input.ts";
import type { LengthPrefix } from "./prefix.ts";
import { INCOMPLETE } from "./varint.ts";

/** Checks the end of a stream. @throws CONNECTION_LOST where it comes inside a message */
export function endBetweenMessages(
  input: Input,
  prefix: LengthPrefix,
  length: number,
  arrived: number,
  what: string,
): void {
  if (input.length > 0) {
    throw new LeatError("INTERNAL", `end() came with ${input.length} bytes still to be read`);
  }
  if (prefix.begun) {
    throw new LeatError("CONNECTION_LOST", `the stream ended in the length of a ${what}`);
  }
  if (length !== INCOMPLETE) {
    throw new LeatError(
      "CONNECTION_LOST",
      `the stream ended after ${arrived} of the ${length} bytes of a ${what}`,
    );
  }
}
