// SPDX-License-Identifier: Apache-2.0

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/*
 * Hooks of Node's module loader, for modules of plugins (module.ts): peregrine/sdk is this program's, and TypeScript is
 * loaded with its types taken out. A TypeScript file may import another by the name it would have as JavaScript.
 */

let sdk = "";

export function initialize(data: { readonly sdk: string }): void {
  sdk = data.sdk;
}

interface Resolved {
  readonly url: string;
  readonly format?: string | null;
  readonly shortCircuit?: boolean;
}

interface ResolveContext {
  readonly parentURL?: string;
}

type NextResolve = (specifier: string, context: ResolveContext) => Promise<Resolved>;

const SDK: Readonly<Record<string, string>> = {
  "peregrine/sdk": "index.js",
  "peregrine/sdk/testing": "testing.js",
};

export async function resolve(specifier: string, context: ResolveContext, next: NextResolve): Promise<Resolved> {
  const own = SDK[specifier];
  if (own !== undefined) return { url: new URL(own, sdk).href, shortCircuit: true };
  const { parentURL } = context;
  if (parentURL?.endsWith(".ts") === true && /^\.\.?\/.*\.js$/.test(specifier)) {
    const typed = new URL(specifier.replace(/\.js$/, ".ts"), parentURL);
    if (existsSync(fileURLToPath(typed))) return { url: typed.href, shortCircuit: true };
  }
  return next(specifier, context);
}

interface Loaded {
  readonly format: string;
  readonly source?: string | ArrayBuffer | Uint8Array | null;
  readonly shortCircuit?: boolean;
}

export async function load(
  url: string,
  context: object,
  next: (url: string, context: object) => Promise<Loaded>,
): Promise<Loaded> {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return next(url, context);
  const { transform } = await import("sucrase");
  const path = fileURLToPath(url);
  const { code } = transform(readFileSync(path, "utf8"), {
    transforms: ["typescript"],
    disableESTransforms: true,
    filePath: path,
  });
  return { format: "module", source: code, shortCircuit: true };
}
