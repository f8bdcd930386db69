/** The C library, for what neither Bun nor node:fs has. */
import { dlopen, type FFIFunction, type Library } from "bun:ffi";

type Functions = Record<string, FFIFunction>;
type Symbols<Named extends Functions> = Library<Named>["symbols"];

/** Its names: macOS; glibc, musl. */
export const LIBC_NAMES: readonly string[] =
  process.platform === "darwin"
    ? ["libSystem.B.dylib"]
    : ["libc.so.6", "libc.so", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

/** @returns undefined where the system has another C library, or one without these functions */
export function openLibc<const Named extends Functions>(
  functions: Named,
): Symbols<Named> | undefined {
  for (const name of LIBC_NAMES) {
    try {
      return dlopen(name, functions).symbols;
    } catch {
      // The next name.
    }
  }
  return undefined;
}

/** The same, when it is first asked for. @param only the system that has them; any unless given */
export function lazyLibc<const Named extends Functions>(
  functions: Named,
  only: NodeJS.Platform = process.platform,
): () => Symbols<Named> | undefined {
  let opened: { readonly symbols: Symbols<Named> | undefined } | undefined;
  return () => {
    opened ??= { symbols: process.platform === only ? openLibc(functions) : undefined };
    return opened.symbols;
  };
}
