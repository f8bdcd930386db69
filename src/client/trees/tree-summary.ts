/** Sums up the outcomes of a tree. */
import { LeatError } from "../../errors.ts";
import { TREE_FAILURES } from "../../limits.ts";
import { quote } from "../../store/names.ts";
import type { LeftOut, TreeOutcome, TreeSummary } from "./tree.ts";

/** Some files or folders of a tree failed; the others were moved, or removed. Its code is that of the first failure. */
export class TreeError extends LeatError {
  /** The part of the tree that was moved, or removed. */
  readonly summary: TreeSummary;
  /** How many files and folders failed. */
  readonly failed: number;
  /** The first 100 failures, each with its error; `local` is "" where a tree of the library was removed. */
  readonly failures: readonly TreeOutcome[];

  /** @param first of the failures; its code is that of the whole */
  constructor(
    { path, error }: TreeOutcome,
    failures: readonly TreeOutcome[],
    failed: number,
    summary: TreeSummary,
  ) {
    const { code, message, retryable } = error ?? new LeatError("INTERNAL", "it is not there");
    const first = message.includes(path) ? message : `${quote(path)}: ${message}`;
    const all = failed === 1 ? first : `${failed} files and folders failed; first: ${first}`;
    super(code, all, { cause: error, retryable });
    this.summary = summary;
    this.failed = failed;
    this.failures = failures;
  }
}

/** Resolves when all of a tree is there. @throws TreeError; the error that ended the run */
export async function summarize(
  outcomes: AsyncGenerator<TreeOutcome, LeftOut>,
): Promise<TreeSummary> {
  const sums = { files: 0, folders: 0, bytes: 0, skipped: 0 };
  const failures: TreeOutcome[] = [];
  let failed = 0;
  let next = await outcomes.next();
  for (; next.done !== true; next = await outcomes.next()) {
    const outcome = next.value;
    if (outcome.error !== undefined) {
      failed += 1;
      if (failures.length < TREE_FAILURES) failures.push(outcome);
    } else if (outcome.kind === "DIRECTORY") sums.folders += 1;
    else if (outcome.skipped) sums.skipped += 1;
    else {
      sums.files += 1;
      sums.bytes += outcome.size;
    }
  }
  const summary = { ...sums, ...next.value };
  const [first] = failures;
  if (first !== undefined) throw new TreeError(first, failures, failed, summary);
  return summary;
}
