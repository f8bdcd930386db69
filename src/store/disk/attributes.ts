/** Changes the attributes of what has a name in the library. */
import { LeatError } from "../../errors.ts";
import type { Library } from "../resolve/library.ts";
import type { Attributes, StoreEntry } from "../store.ts";
import { versionedEntry } from "../system/entry.ts";
import type { Versions } from "../system/versions.ts";
import { setAttributesAt } from "../write/attributes.ts";
import { checkVersion } from "../write/collision.ts";

interface Condition {
  readonly ifMatch: string | undefined;
  readonly versions: Versions;
}

/** @throws as `Store.setAttributes` */
export function setAttributesOf(
  library: Library,
  path: string,
  attributes: Attributes,
  { ifMatch, versions }: Condition,
): StoreEntry {
  using place = library.place(path, isItself);
  library.forgetRecent(); // of a folder that nobody may search any more
  const { folder, name } = place;
  const facts = setAttributesAt(folder, name, path, attributes, (found) => {
    if (ifMatch !== undefined) checkVersion(found, ifMatch, path, versions);
  });
  return versionedEntry(name, facts, versions);
}

function isItself(): LeatError {
  return new LeatError(
    "INVALID_ARGUMENT",
    "mode and time of the library itself are its operator's",
  );
}
