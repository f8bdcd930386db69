/** Whether this is a system error of one of these names, as node:fs throws it. */
export function isSystemError(error: unknown, ...codes: readonly string[]): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return typeof error.code === "string" && codes.includes(error.code);
}
