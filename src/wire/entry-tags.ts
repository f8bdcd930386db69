/** Tags and numbers of what lists and walks have: the number of a field, shifted by three, and how its value is written. */

/** Of EntryPage. */
export const ENTRIES = (1 << 3) | 2;

/** Of TreeItem. */
export const ITEM_LEAVE = (1 << 3) | 0;
export const ITEM_ENTRY = (2 << 3) | 2;

/** Of Entry. */
export const NAME = (1 << 3) | 2;
export const KIND = (2 << 3) | 0;
export const SIZE = (3 << 3) | 0;
export const MODIFIED = (4 << 3) | 2;
export const MODE = (6 << 3) | 0;
export const LINK = (7 << 3) | 0;

/** Of Timestamp. */
export const SECONDS = (1 << 3) | 0;
export const NANOSECONDS = (2 << 3) | 0;

/** Numbers of Kind; OTHER is the highest. */
export const FILE = 1;
export const DIRECTORY = 2;
export const OTHER = 3;
