// SPDX-License-Identifier: Apache-2.0

import { RE2JS } from "re2js";
import type { ContainerInfo, Mount } from "./container-info.js";
import { decodeUtf8 } from "./json-text.js";
import type { Argument } from "./reading.js";

/** Picks one mount of a container; undefined where none fits. */
export type MountPicker = (container: ContainerInfo) => Mount | undefined;

/**
 * `[0]` is the first mount; any other argument is a regular expression, searched anywhere in the mount's source (in its
 * destination where `byDestination`), the first mount that fits. The search takes linear time.
 * @returns an error message for an expression that is none
 */
export function mountPicker(argument: Argument, byDestination: boolean): MountPicker | string {
  if (argument.index >= 0) {
    const index = argument.index;
    return (container) => container.mounts[index];
  }
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(decodeUtf8(argument.text), RE2JS.MULTILINE);
  } catch {
    return `invalid regular expression ${argument.text}`;
  }
  return (container) =>
    container.mounts.find((mount) =>
      pattern.matcher(decodeUtf8(byDestination ? mount.destination : mount.source)).find(),
    );
}
