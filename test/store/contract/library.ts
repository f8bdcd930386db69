import type { Store } from "../../../src/store/store.ts";

/** An empty library, gone at the end of its scope. */
export interface Library extends AsyncDisposable {
  readonly store: Store;
  /** Another store of the same library that takes no changes. */
  readOnly(): Promise<Store>;
}

export type OpenLibrary = () => Promise<Library>;
