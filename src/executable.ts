/** Whether this is the executable that `bun run build` makes, which has no files of its own. */
export const IS_EXECUTABLE: boolean = Bun.main.startsWith("/$bunfs/");
