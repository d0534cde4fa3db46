// SPDX-License-Identifier: Apache-2.0

import type { Collector } from "./collector.js";
import type { Report } from "./diagnostic.js";
import type { PluginRequirement } from "./plugin-requirement.js";
import type { Version } from "./version.js";

/** Whether a text is a field of some source. */
export type FieldTest = (field: string) => boolean;

/** What reading needs besides the items, and what it gathers. */
export interface Reading {
  readonly collector: Collector;
  readonly warn: Report;
  /** Takes what is wrong; the reading goes on behind it. */
  readonly fail: Report;
  /** Whether a field exists in a source; null for an unknown source. */
  readonly fields: (source: string) => FieldTest | null;
  readonly engine: Version;
  readonly requirements: PluginRequirement[];
  requiredEngine: Version | null;
}
