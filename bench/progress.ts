// SPDX-License-Identifier: Apache-2.0

import type { Progress } from "./grow/write.js";

/** Percent on a terminal's stderr; nothing where stderr is no terminal. */
export function terminalProgress(label: string): Progress {
  if (!process.stderr.isTTY) return () => {};
  let shown = -1;
  return (done, total) => {
    const percent = Math.floor((100 * done) / total);
    if (percent === shown) return;
    shown = percent;
    process.stderr.write(done < total ? `\r${label} ${percent} %` : "\r\u001b[K");
  };
}

/** A line of progress on a terminal's stderr. */
export function note(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${line}\n`);
}
