// SPDX-License-Identifier: Apache-2.0

import { isMap, isSeq, type YAMLMap } from "yaml";

import { string } from "./decode.js";
import { attempt, type Context, type Diagnostic, type Report } from "./diagnostic.js";
import { Item, offsetOf, type Value } from "./document.js";
import { parseVersion, satisfies } from "./version.js";

export interface PluginVersion {
  readonly name: string;
  readonly version: string;
}

/** One entry of required_plugin_versions: any of these, the first that is loaded decides. */
export interface PluginRequirement {
  readonly versions: readonly PluginVersion[];
  readonly context: Context;
}

/** Reads the entries of a required_plugin_versions item. */
export function readPluginRequirements(item: Item, fail: Report): PluginRequirement[] {
  const key = "required_plugin_versions";
  const value = item.get(key);
  const context = item.context.enter("required plugin versions", "", offsetOf(value, item.keyOffset(key)));
  if (!isSeq(value)) {
    throw context.error("LOAD_ERR_YAML_VALIDATE", "Value of required_plugin_versions must be a sequence");
  }
  return (value.items as Value[]).flatMap((element) => {
    const place = context.enter("required plugin versions entry", "", offsetOf(element));
    const read = (): PluginRequirement[] => {
      if (!isMap(element)) throw place.error("LOAD_ERR_YAML_VALIDATE", "Plugin version must be a mapping");
      return [readRequirement(element, place)];
    };
    return attempt(fail, read, []);
  });
}

function readRequirement(map: YAMLMap, context: Context): PluginRequirement {
  const entry = new Item(map, context);
  const versions = [readVersion(entry)];
  const alternatives = entry.get("alternatives");
  if (entry.has("alternatives")) {
    const place = context.enter("required plugin versions alternative", "", offsetOf(alternatives, context.offset));
    if (!isSeq(alternatives)) {
      throw place.error("LOAD_ERR_YAML_VALIDATE", "Value of plugin version alternatives must be a sequence");
    }
    for (const element of alternatives.items as Value[]) {
      const inner = context.enter("required plugin versions alternative", "", offsetOf(element));
      if (!isMap(element)) throw inner.error("LOAD_ERR_YAML_VALIDATE", "Plugin version alternative must be a mapping");
      versions.push(readVersion(new Item(element, inner)));
    }
  }
  const seen = new Set<string>();
  for (const { name } of versions) {
    if (seen.has(name)) {
      const message = `Defined multiple alternative version requirements for plugin '${name}'`;
      throw context.error("LOAD_ERR_VALIDATE", message);
    }
    seen.add(name);
  }
  return { versions, context };
}

function readVersion(entry: Item): PluginVersion {
  const name = string(entry, "name");
  const version = string(entry, "version");
  if (parseVersion(version) === undefined) {
    throw entry.context.error("LOAD_ERR_VALIDATE", `Invalid required version '${version}' for plugin '${name}'`);
  }
  return { name, version };
}

/** Checks requirements against the plugins that are there; an error for each one that is not met. */
export function unmetRequirements(
  requirements: readonly PluginRequirement[],
  loaded: readonly PluginVersion[],
): Diagnostic[] {
  const unmet: Diagnostic[] = [];
  for (const { versions, context } of requirements) {
    let decided = false;
    for (const { name, version } of versions) {
      const plugin = loaded.find((candidate) => candidate.name === name);
      if (plugin === undefined) continue;
      const actual = parseVersion(plugin.version);
      const required = parseVersion(version);
      if (actual === undefined || required === undefined || !satisfies(actual, required)) {
        const message = `Plugin '${name}' version '${plugin.version}' is not compatible with required plugin version '${version}'`;
        unmet.push(context.error("LOAD_ERR_VALIDATE", message).diagnostic);
      }
      decided = true;
      break;
    }
    if (!decided) {
      const wanted = versions.map(({ name, version }) => `${name} (>= ${version})`).join(", ");
      const message = `Plugin requirement not satisfied, must load one of: ${wanted}`;
      unmet.push(context.error("LOAD_ERR_VALIDATE", message).diagnostic);
    }
  }
  return unmet;
}
