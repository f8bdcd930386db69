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
