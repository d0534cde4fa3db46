// SPDX-License-Identifier: Apache-2.0

/** What a path becomes when directory and name together are longer than the kernel would take. */
const TOO_LONG = "/DIR_TOO_LONG/FILENAME_TOO_LONG";
const PATH_LIMIT = 1024;

/** Directory of a path whose directory fd is not known. */
export const UNKNOWN_DIRECTORY = "<UNKNOWN>";

/**
 * The path `name` seen from directory `dir`, normalised lexically: empty and "." parts dropped, ".." removes the part before
 * it, no trailing "/". `dir` is ignored where `name` is absolute. A path that starts relative stays relative.
 */
export function joinPath(dir: string, name: string): string {
  const whole = dir === "" || name.startsWith("/") ? name : `${dir}/${name}`;
  if (whole.length > PATH_LIMIT + 1) return TOO_LONG;
  const parts: string[] = [];
  for (const part of whole.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  const joined = parts.join("/");
  return whole.startsWith("/") ? `/${joined}` : joined;
}

/** The part before the last "/": "/" where that is empty, the whole path where it ends with "/". */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  if (slash <= 0) return "/";
  return slash === path.length - 1 ? path : path.slice(0, slash);
}

/** The part behind the last "/"; the whole path where nothing is behind it, "/" where there is no slash. */
export function filenameOf(path: string): string {
  const slash = path.lastIndexOf("/");
  if (slash < 0) return "/";
  return slash === path.length - 1 ? path : path.slice(slash + 1);
}

/** The path with runs of "/" made one. */
export function collapseSlashes(path: string): string {
  return path.includes("//") ? path.replace(/\/{2,}/g, "/") : path;
}
