/** The C library, for what neither Bun nor node:fs has. */

/** Its names: macOS; glibc, musl. */
export const LIBC_NAMES: readonly string[] =
  process.platform === "darwin"
    ? ["libSystem.B.dylib"]
    : ["libc.so.6", "libc.so", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

/**
 * @param load opens what it needs of the library of this name, by `dlopen`
 * @returns undefined where the system has another C library
 */
export function openLibc<Symbols>(load: (name: string) => Symbols): Symbols | undefined {
  for (const name of LIBC_NAMES) {
    try {
      return load(name);
    } catch {
      // The next name.
    }
  }
  return undefined;
}
