// SPDX-License-Identifier: Apache-2.0

import { Ajv, type Options } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { JsonSchema } from "../sdk/index.js";
import { PeregrineError } from "../telemetry/errors.js";

/** Schemas of plugins are of many hands: what is only odd is let pass. */
const OPTIONS: Options = { strict: false, validateSchema: false, useDefaults: true, logger: false, verbose: false };

/**
 * Checks a configuration against a plugin's schema, and fills in the schema's defaults, in place.
 * @param plugin names it in errors
 * @throws PeregrineError PLUGIN_CONFIG, PLUGIN_LOAD where the schema itself is none
 */
export function checkConfig(plugin: string, schema: JsonSchema, config: unknown): void {
  const { $schema, id: _, ...rest } = schema;
  const old = typeof $schema === "string" && /draft-0\d/.test($schema);
  try {
    const validate = (old ? new Ajv(OPTIONS) : new Ajv2020(OPTIONS)).compile(rest);
    if (validate(config)) return;
    const [error] = validate.errors ?? [];
    const place = `init_config${(error?.instancePath ?? "").replaceAll("/", ".")}`;
    const key = error?.params?.["additionalProperty"];
    const named = typeof key === "string" ? ` ("${key}")` : "";
    throw new PeregrineError(
      "PLUGIN_CONFIG",
      `plugin '${plugin}': ${place} ${error?.message ?? "is not valid"}${named}`,
    );
  } catch (error) {
    if (error instanceof PeregrineError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new PeregrineError("PLUGIN_LOAD", `plugin '${plugin}': the schema of its configuration is none: ${why}`);
  }
}
