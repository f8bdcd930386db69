/** Compares a local file with one of the library by their SHA-256. */
import { createSha256 } from "../../hash.ts";
import { readInTurns } from "../../transfer/read-in-turns.ts";
import type { Calls } from "../calls/calls.ts";
import { throwIfAborted } from "../connection/abortable.ts";
import { LocalFolder } from "../local/local-folder.ts";
import type { TreeRoot } from "../trees/tree.ts";

/** @throws CANCELLED; NOT_FOUND where one of them is gone; errors of reading */
export async function differs(
  calls: Calls,
  { path, local }: TreeRoot,
  signal: AbortSignal,
): Promise<boolean> {
  const { folder, name } = LocalFolder.place(local);
  using held = folder;
  using source = held.openFile(name, local);
  const operation = { case: "checksum", value: { path, algorithm: "SHA256" } } as const;
  const remote = calls.unary(operation, { signal });
  remote.catch(() => {}); // reading here may fail first
  const hash = createSha256();
  const take = (bytes: Uint8Array): void => hash.update(bytes);
  await readInTurns(source, { offset: 0 }, take, () => signal.aborted);
  throwIfAborted(signal);
  return !hash.digest().equals((await remote).digest);
}
