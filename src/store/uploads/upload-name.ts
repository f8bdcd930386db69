/** The name of the partial of an upload. */
import { sha256 } from "../../hash.ts";
import type { CreateOptions } from "../store.ts";

/** Partials are found again by upload id and target, or by what is known of the target alone. */
export function partialName(path: string, options: CreateOptions): string {
  return `${Buffer.from(options.uploadId).toString("hex")}.${targetOf(path, options)}`;
}

export function targetOf(path: string, { size, modified }: CreateOptions): string {
  const facts = [path, size, modified?.seconds, modified?.nanoseconds];
  return sha256(JSON.stringify(facts)).toString("hex").slice(0, 32);
}
