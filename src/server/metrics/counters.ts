/** Counts of one process since its start. Counting a request takes less than its log line by far: it is always on. */
import type { ErrorCode } from "../../errors.ts";
import { DURATIONS, type RequestCounts, noRequests } from "./counts.ts";

export class Counters {
  /** Payload bytes. */
  bytesSent = 0;
  bytesReceived = 0;
  connectionsAccepted = 0;
  connectionsRefused = 0;
  readonly #requests = new Map<string, RequestCounts>();

  /** By the name of the operation. */
  get requests(): Record<string, RequestCounts> {
    return Object.fromEntries(this.#requests);
  }

  /** Counts a request that has ended. @param code missing where it ended well */
  countRequest(operation: string, milliseconds: number, code: ErrorCode | "OK" = "OK"): void {
    let counts = this.#requests.get(operation);
    if (counts === undefined) this.#requests.set(operation, (counts = noRequests()));
    counts.outcomes[code] = (counts.outcomes[code] ?? 0) + 1;
    const seconds = milliseconds / 1000;
    counts.seconds += seconds;
    let span = 0;
    while (span < DURATIONS.length && seconds > DURATIONS[span]!) span += 1;
    counts.spans[span]! += 1;
  }
}
