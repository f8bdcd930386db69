/** One stream for files and folders from anywhere in a tree, in the order of a walk, with the folders that they are in. */
import { below } from "../../store/names.ts";
import { PutFolder } from "./put-folder.ts";
import type { TreeUpload } from "./tree-upload.ts";

export class PutPlaces {
  readonly upload: TreeUpload;
  /** The path in the library of the folder that the stream fills. */
  readonly #base: string;
  /** From that folder to the last one that was asked for. */
  readonly #open: { readonly path: string; readonly folder: PutFolder }[];

  constructor(upload: TreeUpload, base: string) {
    this.upload = upload;
    this.#base = base;
    this.#open = [{ path: base, folder: existing(undefined, "") }];
  }

  /** @param path in the library, of a folder that exists, or that was `made` */
  folderAt(path: string): PutFolder {
    const open = this.#open;
    while (open.length > 1 && !isWithin(path, open.at(-1)!.path)) open.pop();
    let last = open.at(-1)!;
    const rest = path.slice(last.path === "" ? 0 : last.path.length + 1);
    for (const name of rest === "" ? [] : rest.split("/")) {
      last = { path: below(last.path, name), folder: existing(last.folder, name) };
      open.push(last);
    }
    return last.folder;
  }

  /** What comes next may be in this new folder. */
  made(path: string, folder: PutFolder): void {
    this.folderAt(path.slice(0, Math.max(this.#base.length, path.lastIndexOf("/"))));
    this.#open.push({ path, folder });
  }
}

function existing(parent: PutFolder | undefined, name: string): PutFolder {
  const folder = new PutFolder(parent, name, () => {});
  folder.made();
  return folder;
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || folder === "" || path.startsWith(`${folder}/`);
}
