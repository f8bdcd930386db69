/** Opens the users file where there is one. What checks it is not loaded for a server without users. */
import type { Users, UsersOptions } from "./users.ts";

/** @throws NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT, … */
export async function openUsers(
  path: string | undefined,
  options: UsersOptions = {},
): Promise<Users | undefined> {
  if (path === undefined) return undefined;
  const { Users } = await import("./users.ts");
  return new Users(path, options);
}
