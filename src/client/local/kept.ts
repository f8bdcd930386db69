/** Which attributes a copy gets besides its contents. */
import type { Time } from "../../store/store.ts";

/** For transfers of files and folders. */
export interface KeepOptions {
  /** Whether copies get the modified times of their originals: true unless given. */
  readonly times?: boolean;
  /** Whether new files and folders get the permission bits of their originals, less the umask: true unless given. */
  readonly modes?: boolean;
}

interface Attributes {
  readonly modified: Time | undefined;
  readonly mode: number | undefined;
}

/** The attributes of a file or folder that its copy gets. */
export function kept(
  { modified, mode }: Partial<Attributes>,
  { times = true, modes = true }: KeepOptions,
): Attributes {
  return { modified: times ? modified : undefined, mode: modes ? mode : undefined };
}

/** The same for a folder that a server has: its mode is 0 where its store has none. */
export function keptOfFolder(facts: Partial<Attributes>, options: KeepOptions): Attributes {
  return kept({ ...facts, mode: facts.mode || undefined }, options);
}
