/** What the files of a store take of a quota. */
export interface Usage {
  /**
   * Something comes.
   * @param names files, folders and links
   * @throws QUOTA_EXCEEDED: nothing is counted
   */
  take(bytes: number, names: number): void;
  /** Something has gone. */
  give(bytes: number, names: number): void;
}
