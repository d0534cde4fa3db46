// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../support/shared.js";
import { temporaryFolder } from "../../support/temporary.js";
import { Shell } from "./shell.js";

interface Block {
  readonly language: string;
  /** What stands behind the language: a file, `file:name` for what replaces a part of one, or "output". */
  readonly what: string;
  readonly text: string;
}

function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w+) ?(.*)\n([\s\S]*?)^```$/gm)].map(([, language = "", what = "", text = ""]) => {
    return { language, what, text };
  });
}

/** Puts `text` in the place of a function, or of a constant of one line. */
function replacePart(source: string, name: string, text: string): string {
  const part = new RegExp(`^(function ${name}\\(.*\\{\\n[\\s\\S]*?^\\}\\n|const ${name} = .*\\n)`, "m");
  assert.match(source, part, `there is a ${name} to replace`);
  return source.replace(part, () => text);
}

test("the tutorial's commands and code do what it says", async () => {
  const folder = temporaryFolder();
  const shell = new Shell(folder);
  const blocks = blocksOf(readFileSync(join(packageRoot, "docs", "plugins", "tutorial.md"), "utf8"));
  let below = ".";
  let last = "";
  for (const { language, what, text } of blocks) {
    if (language === "sh") {
      const { status, stdout, stderr } = await shell.run(text, below);
      assert.equal(status, 0, `${text}\n${stdout}\n${stderr}`);
      last = stdout;
      const [, entered] = /^cd (\w+)$/m.exec(text) ?? [];
      if (entered !== undefined) below = join(below, entered);
    } else if (what === "output") {
      assert.equal(last, text);
    } else {
      const [file = "", part] = what.split(":");
      const path = join(folder, below, file);
      writeFileSync(path, part === undefined ? text : replacePart(readFileSync(path, "utf8"), part, text));
    }
  }
  const checked = await shell.typecheck(below);
  assert.equal(checked.status, 0, checked.stdout);
  assert.ok(blocks.some(({ what }) => what === "output"));
});
