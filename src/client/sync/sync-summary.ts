/** Sums up the outcomes of a sync. */
import { summarize } from "../trees/tree-summary.ts";
import type { SyncOutcome, SyncRest, SyncSummary } from "./sync.ts";

/** Resolves when the target is as it should be. @throws TreeError; the error that ended the sync */
export async function summarizeSync(
  outcomes: AsyncGenerator<SyncOutcome, SyncRest>,
): Promise<SyncSummary> {
  let removed = 0;
  let attributes = 0;
  let rest: SyncRest | undefined;
  async function* others(): AsyncGenerator<SyncOutcome, SyncRest> {
    let next: IteratorResult<SyncOutcome, SyncRest>;
    while ((next = await outcomes.next()).done !== true) {
      const { action, error, kind } = next.value;
      if (action === "remove" && error === undefined) removed += 1;
      else if (action === "attributes" && error === undefined && kind === "FILE") attributes += 1;
      else yield next.value;
    }
    return (rest = next.value);
  }
  const summary = await summarize(others());
  return { ...summary, ...rest!, removed, attributes };
}
