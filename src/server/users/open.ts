/** Opens the users file where there is one. What checks it is not loaded for a server without users. */
import type { Users } from "./users.ts";
import type { UserRecords } from "./users-file.ts";

/** @param known in place of what the file has now @throws NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT, … */
export async function openUsers(
  path: string | undefined,
  known?: UserRecords,
): Promise<Users | undefined> {
  if (path === undefined) return undefined;
  const { Users } = await import("./users.ts");
  return new Users(path, known);
}
