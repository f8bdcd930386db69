/**
 * The name of an upload's partial file, `<upload id>.<target>` in hexadecimal: it is found again by the id
 * and the target, or by the target alone, a hash of the path, size and modified time.
 */
import { sha256 } from "../../hash.ts";
import type { CreateOptions } from "../store.ts";

const ID_CHARACTERS = 32;

export function partialName(path: string, options: CreateOptions): string {
  return `${Buffer.from(options.uploadId).toString("hex")}.${targetOf(path, options)}`;
}

export function targetOf(path: string, { size, modified }: CreateOptions): string {
  const facts = [path, size, modified?.seconds, modified?.nanoseconds];
  return sha256(JSON.stringify(facts)).toString("hex").slice(0, 32);
}

export function uploadIdOf(partial: string): Uint8Array {
  return Buffer.from(partial.slice(0, ID_CHARACTERS), "hex");
}
