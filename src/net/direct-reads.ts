import { LeatError } from "../errors.ts";

const CHOICES = ["auto", "on", "off"] as const;

/**
 * When sockets are read by recv(2) in place of the runtime, where the system has it. `auto`: while much
 * comes. `on`: from the first byte on, and also while nothing comes, so that a test sees every way in
 * which it could go wrong; it makes the event loop turn every POLL_WAIT. `off`: never.
 */
export type DirectReads = (typeof CHOICES)[number];

/**
 * `LEAT_DIRECT_READS`, for tests and for reports of a fault; `auto` unless it is set.
 * @throws INVALID_ARGUMENT
 */
export function directReads(): DirectReads {
  const text = process.env["LEAT_DIRECT_READS"] || "auto";
  const choice = CHOICES.find((known) => known === text);
  if (choice !== undefined) return choice;
  throw new LeatError(
    "INVALID_ARGUMENT",
    `LEAT_DIRECT_READS=${text} in the environment is invalid: it is one of ${CHOICES.join(", ")}`,
  );
}
