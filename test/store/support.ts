/** What the tests of stores share. */

import { expect } from "bun:test";
import { type ErrorCode, LeatError } from "../../src/errors.ts";
import { DiskPace } from "../../src/store/system/disk-pace.ts";
import type { Resolution } from "../../src/store/resolve/library.ts";
import type {
  CreateOptions,
  Page,
  PageRequest,
  Sink,
  Store,
  StoreEntry,
} from "../../src/store/store.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const bytesOf = (text: string): Uint8Array => encoder.encode(text);
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);

/** The SHA-256: what to compare of long contents, for a short message when they differ. */
export const hex = (bytes: Uint8Array): string => Bun.SHA256.hash(new Uint8Array(bytes), "hex");

/** Expects a refusal of this code. @returns it, to check its message */
export async function refused(code: ErrorCode, work: () => unknown): Promise<LeatError> {
  const error = await thrownBy(work);
  if (!(error instanceof LeatError)) throw error ?? new Error(`nothing was thrown, not ${code}`);
  expect({ code: error.code, message: error.message }).toEqual({
    code,
    message: expect.any(String),
  });
  expect(error.message.length).toBeGreaterThan(10);
  expect(encoder.encode(error.message).length).toBeLessThanOrEqual(1024);
  return error;
}

async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
}

let uploads = 0;

/** An upload id that no other test has. */
export function newUploadId(): Uint8Array {
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(0, ++uploads);
  return id;
}

export async function create(
  store: Store,
  path: string,
  options: Partial<CreateOptions> = {},
): Promise<Sink> {
  const defaults = { uploadId: newUploadId(), collision: "fail", durability: "none" } as const;
  const sink = await store.create(path, { ...defaults, ...options });
  if ("skipped" in sink || "committed" in sink) throw new Error(`${path} was not created`);
  return sink;
}

/** Puts a whole file. */
export async function put(
  store: Store,
  path: string,
  contents: string | Uint8Array = "",
  options: Partial<CreateOptions> = {},
): Promise<StoreEntry> {
  await using sink = await create(store, path, options);
  await sink.write(typeof contents === "string" ? bytesOf(contents) : contents, 0);
  return await sink.commit();
}

/** Reads a whole file. */
export async function get(store: Store, path: string): Promise<Uint8Array> {
  using source = await store.open(path);
  const bytes = new Uint8Array(source.entry.size);
  expect(await source.read(bytes, 0)).toBe(bytes.length);
  return bytes;
}

export const getText = async (store: Store, path: string): Promise<string> =>
  textOf(await get(store, path));

export async function page(
  store: Store,
  folder: string,
  request: Partial<PageRequest> = {},
): Promise<Page> {
  return await store.page(folder, { limit: 1000, bytes: 1 << 18, hidden: false, ...request });
}

/** Names of a folder over all its pages. */
export async function names(
  store: Store,
  folder: string,
  request: Partial<PageRequest> = {},
): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const next: Page = await page(store, folder, { ...request, cursor });
    found.push(...next.entries.map((entry) => entry.name));
    cursor = next.cursor;
  } while (cursor !== undefined);
  return found;
}

/** Bytes that repeat nowhere near a block. */
export function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 0x2545f491;
  for (let i = 0; i < length; i++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + i;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** The ways to resolve names that this system has. */
export const RESOLUTIONS: readonly Resolution[] =
  process.platform === "linux" ? ["kernel", "walk", "walk-paths"] : ["walk-paths"];

/** A pace that lets nothing block. */
export function slowPace(): DiskPace {
  let now = 0;
  let waits = 0;
  const pace = new DiskPace(
    undefined,
    () => now,
    () => waits,
  );
  for (let write = 0; write < 2; write += 1) {
    pace.onLoop(() => {
      now += 200;
      waits += 1;
    });
  }
  return pace;
}
