/** Asks for something on one connection, until a signal gives it up. */
import { LeatError } from "../errors.ts";
import type { Call } from "./call.ts";
import type { Link, RequestInit, Ticket } from "./link.ts";

export function ask(
  link: Link,
  request: RequestInit,
  signal: AbortSignal | undefined,
  call: Call,
): Ticket {
  const ticket = link.ask(request, call);
  if (signal === undefined) return ticket;
  const give = (): void => {
    link.cancel(ticket);
    call.failed(new LeatError("CANCELLED", "it was given up", { cause: signal.reason }), false);
  };
  if (signal.aborted) {
    give();
  } else if (link.over === undefined) {
    signal.addEventListener("abort", give, { once: true });
    // One signal may serve thousands of requests: it forgets those that are over.
    ticket.ended = () => signal.removeEventListener("abort", give);
  }
  return ticket;
}

export function unexpected(name: string): LeatError {
  return new LeatError("PROTOCOL_ERROR", `the server answered ${name} with something else`);
}
