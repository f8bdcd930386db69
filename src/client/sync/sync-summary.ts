/** Sums up the outcomes of a sync. */
import { summarize } from "../trees/tree-summary.ts";
import type { SyncOutcome, SyncRest, SyncSummary } from "./sync.ts";

/** Resolves when the target is as it should be. @throws TreeError; the error that ended the sync */
export async function summarizeSync(
  outcomes: AsyncGenerator<SyncOutcome, SyncRest>,
): Promise<SyncSummary> {
  let removed = 0;
  let rest: SyncRest | undefined;
  async function* others(): AsyncGenerator<SyncOutcome, SyncRest> {
    let next: IteratorResult<SyncOutcome, SyncRest>;
    while ((next = await outcomes.next()).done !== true) {
      if (next.value.action !== "remove" || next.value.error !== undefined) yield next.value;
      else removed += 1;
    }
    return (rest = next.value);
  }
  const summary = await summarize(others());
  return { ...summary, ...rest!, removed };
}
