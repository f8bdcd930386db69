import { version } from "../package.json";

export const VERSION: string = version;

/** What peers and logs see. */
export const AGENT = `leat/${VERSION}`;
