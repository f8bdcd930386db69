import type { ClientFlags } from "./client.ts";
export async function runShell(_flags: ClientFlags): Promise<number> {
  return 0;
}
