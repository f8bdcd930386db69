/**
 * Requests that may be the first of a connection: `connectAhead` sends one together with Hello, and its answer is that
 * of the call that makes the same one.
 */
import { LIST_PAGES } from "../../limits.ts";
import type { RequestInit } from "../connection/link.ts";
import type { GetOptions } from "../download/options.ts";
import { isBegun } from "../local/resumable-file.ts";
import type { ListOptions } from "./options.ts";

export type FirstRequest = RequestInit;

export function statRequest(path: string) {
  return { operation: { case: "stat", value: { path } } } satisfies RequestInit;
}

/** Asks for many pages; an older server sends one. @param cursor of the page before them */
export function pagesRequest(path: string, { hidden = false }: ListOptions, cursor?: string) {
  const value = { path, cursor, hidden, pages: LIST_PAGES };
  return { operation: { case: "list", value } } satisfies RequestInit;
}

export function getRequest(path: string, options: GetOptions) {
  const { offset = 0, length, ifMatch, sha256 = false, allowGrowth: mayGrow = false } = options;
  const range = { path, offset, length, ifMatch, sha256, mayGrow };
  return { operation: { case: "get", value: range } } satisfies RequestInit;
}

/**
 * The first request of a download to a path.
 * @returns undefined where an earlier try has left something: then another one may come first
 */
export function downloadRequest(path: string, target: string, options: GetOptions) {
  return isBegun(target) ? undefined : getRequest(path, options);
}
