import { version } from "../package.json";

export const VERSION: string = version;

/** The name and version that peers and logs see. */
export const AGENT = `leat/${VERSION}`;
