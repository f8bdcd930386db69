/** Stores one small file whose bytes are all there: at once, where the store can, else as an upload. */
import { LeatError } from "../errors.ts";
import { randomBytes } from "../hash.ts";
import type {
  Collision,
  DurabilityLevel,
  MaybePromise,
  NewFile,
  Sink,
  Store,
  Stored,
  StoreEntry,
} from "../store/store.ts";

export interface WholeFile extends NewFile {
  readonly path: string;
  /** The path of its folder. */
  readonly folder: string;
  readonly bytes: Uint8Array;
  readonly collision: Collision;
  readonly durability: DurabilityLevel;
  /** It may be there already, from an earlier try. */
  readonly again: boolean;
}

export interface StoredWhole {
  readonly entry: Stored;
  /** Nothing was written: `entry` had the name. */
  readonly skipped: boolean;
}

/**
 * @param mayBeTaken the name may well be taken: that is checked before the bytes are written
 * @returns an answer or a promise; the bytes may be others when this returns
 * @throws as `Store.create` and `Sink.commit`
 */
export function putWhole(
  store: Store,
  file: WholeFile,
  mayBeTaken: boolean,
): MaybePromise<StoredWhole> {
  if (file.durability === "none") {
    const entry = store.writeWhole?.(file.folder, file, file.bytes, mayBeTaken);
    if (entry !== undefined) return { entry, skipped: false };
  }
  return upload(store, { ...file, bytes: file.bytes.slice() });
}

async function upload(store: Store, file: WholeFile): Promise<StoredWhole> {
  let result: StoredWhole;
  try {
    result = await create(store, file);
  } catch (thrown) {
    const isTaken = thrown instanceof LeatError && thrown.code === "ALREADY_EXISTS";
    if (!isTaken) throw thrown;
    const same = file.again ? await asStored(store, file) : undefined;
    if (same !== undefined) return same;
    if (file.collision !== "skip") throw thrown;
    // It took the name after it was looked for.
    return { entry: await store.stat(file.path), skipped: true };
  }
  const isSame = result.skipped && file.again ? await asStored(store, file) : undefined;
  return isSame ?? result;
}

/** @param ifMatch replaces this version */
async function create(store: Store, file: WholeFile, ifMatch?: string): Promise<StoredWhole> {
  const { path, bytes, modified, mode, durability } = file;
  const opened = store.create(path, {
    uploadId: randomBytes(16),
    size: bytes.length,
    modified,
    mode,
    collision: ifMatch === undefined ? file.collision : "replace",
    ifMatch,
    durability,
  });
  const created = opened instanceof Promise ? await opened : opened;
  if ("skipped" in created) return { entry: created.skipped, skipped: true };
  if ("committed" in created) return { entry: created.committed.entry, skipped: false };
  return { entry: await fill(created, bytes), skipped: false };
}

async function fill(sink: Sink, bytes: Uint8Array): Promise<Stored> {
  await using open = sink;
  const written = bytes.length === 0 ? undefined : open.write(bytes, 0);
  if (written !== undefined) await written;
  return await open.commit();
}

/**
 * An earlier try may have stored it. Where that was to be on disk, it is replaced by itself: whether it was put there is
 * not known.
 * @returns undefined where another file has the name
 */
async function asStored(
  store: Store,
  file: WholeFile,
  tries = 3,
): Promise<StoredWhole | undefined> {
  const entry = await entryWith(store, file);
  if (entry === undefined) return undefined;
  if (file.durability === "none") return { entry, skipped: false };
  try {
    return await create(store, file, entry.version);
  } catch (thrown) {
    const { code } = LeatError.from(thrown);
    // Who may not replace it has stored it all the same.
    if (code === "PERMISSION_DENIED")
      return { entry: { ...entry, notDone: { sync: true } }, skipped: false };
    // An earlier try that still runs has done the same meanwhile.
    if (code !== "PRECONDITION_FAILED" || tries === 1) throw thrown;
    return await asStored(store, file, tries - 1);
  }
}

/** @returns the entry of the path, where it is a file with these contents */
async function entryWith(
  store: Store,
  { path, bytes }: WholeFile,
): Promise<StoreEntry | undefined> {
  try {
    using source = await store.open(path);
    const { entry } = source;
    if (entry.size !== bytes.length) return undefined;
    const there = new Uint8Array(bytes.length + 1);
    const read = await source.read(there, 0);
    const isSame = read === bytes.length && Buffer.compare(there.subarray(0, read), bytes) === 0;
    return isSame ? entry : undefined;
  } catch {
    return undefined; // the name is taken by something else
  }
}
