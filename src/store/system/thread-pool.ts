/**
 * Calls of node:fs on the thread pool, as promises. Not by util.promisify: loading it adds 2 ms to the start
 * of a command.
 */
import { close, fdatasync, fsync, ftruncate, open, read, write } from "node:fs";

import { ERRNO, systemError } from "../../system-error.ts";

type Done<Result> = (error: Error | null, result?: Result) => void;

function later<Result>(call: (done: Done<Result>) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    call((error, result) => (error === null ? resolve(result as Result) : reject(error)));
  });
}

/** @throws the system's error, as all of these do */
export const fsyncLater = (fd: number): Promise<void> => later((done) => fsync(fd, done));

export const fdatasyncLater = (fd: number): Promise<void> => later((done) => fdatasync(fd, done));

/** The largest size that Bun passes on. */
const MOST_BYTES = 2 ** 52 - 1;

/** @param fd stays open until it is done */
export function truncateLater(fd: number, size: number): Promise<void> {
  if (size > MOST_BYTES) return Promise.reject(systemError(ERRNO.EFBIG, "ftruncate"));
  return later((done) => ftruncate(fd, size, done));
}

export const openLater = (path: string, flags: number): Promise<number> =>
  later((done) => open(path, flags, done));

export const closeLater = (fd: number): Promise<void> => later((done) => close(fd, done));

/**
 * Writes bytes from `at` on.
 * @param fd stays open until it is done
 * @param position in the file; null: its current position
 * @returns how many were written: at least one
 */
export function writeSomeLater(
  fd: number,
  bytes: Uint8Array,
  at: number,
  position: number | null,
): Promise<number> {
  return later((done) => write(fd, bytes, at, bytes.length - at, position, done));
}

/** Writes all of `bytes` to `position`. @param fd stays open until it is done */
export async function writeLater(fd: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await writeSomeLater(fd, bytes, at, position + at);
}

/** Reads from the current position of a file. @returns bytes read: 0 at its end */
export function readSomeLater(fd: number, into: Uint8Array): Promise<number> {
  return later((done) => read(fd, into, 0, into.length, null, done));
}

/**
 * Reads into all of `into` from `position`.
 * @param fd stays open until it is done
 * @returns bytes read: fewer at the end of the file
 */
export async function readLater(fd: number, into: Uint8Array, position: number): Promise<number> {
  for (let at = 0; at < into.length;) {
    const from = at;
    const count = await later<number>((done) => {
      read(fd, into, from, into.length - from, position + from, done);
    });
    if (count === 0) return at;
    at += count;
  }
  return into.length;
}
