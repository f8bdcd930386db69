/** The permissions of a user, as they are typed: `list,read`, `inbox=write,mkdir`, `all`, `private=none`. */
import { InvalidArgumentError } from "commander";
import { nearest } from "../../program/nearest.ts";
import { checkPath } from "../../../store/names.ts";
import { LeatError } from "../../../errors.ts";
import { PERMISSIONS, type Permission } from "../../../store/permitted/permissions.ts";

/** By folder. */
export type Allowed = Readonly<Record<string, Permission[]>>;

/** For `argParser`: of a flag that may be given several times. */
export function readAllowed(text: string, before: Allowed = {}): Allowed {
  const cut = text.lastIndexOf("=");
  const folder = readFolder(text.slice(0, Math.max(0, cut)));
  if (folder in before) throw new InvalidArgumentError(`There are two for ${nameOf(folder)}.`);
  return { ...before, [folder]: readPermissions(text.slice(cut + 1)) };
}

/** For `argParser`: a folder of the library; slashes around it do no harm. */
export function readFolder(text: string): string {
  const path = text.replace(/^\/+|\/+$/g, "");
  try {
    checkPath(path);
    return path;
  } catch (thrown) {
    throw new InvalidArgumentError(`${LeatError.from(thrown).message}.`);
  }
}

export function allowedText(allowed: Allowed): string {
  return Object.entries(allowed)
    .map(([folder, permissions]) => {
      const isAll = permissions.length === PERMISSIONS.length;
      const text = isAll ? "all" : permissions.join(",") || "none";
      return folder === "" ? text : `${folder}=${text}`;
    })
    .join(" ");
}

const nameOf = (folder: string): string => (folder === "" ? "the root" : folder);

function readPermissions(text: string): Permission[] {
  if (text === "all") return [...PERMISSIONS];
  if (text === "none") return [];
  const words = text.split(",");
  for (const word of words) {
    if (PERMISSIONS.some((known) => known === word)) continue;
    const meant = nearest(word, PERMISSIONS);
    const hint = meant === undefined ? "." : `; ${meant}?`;
    const all = `all, none, or some of ${PERMISSIONS.join(",")}`;
    throw new InvalidArgumentError(`"${word}" is not known${hint} It should be ${all}.`);
  }
  return PERMISSIONS.filter((known) => words.includes(known));
}
