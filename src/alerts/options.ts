// SPDX-License-Identifier: Apache-2.0

/** How alerts look. Plain data: it is sent to the workers. */
export interface AlertOptions {
  readonly hostname: string;
  readonly includeOutput: boolean;
  readonly includeTags: boolean;
  readonly includeMessage: boolean;
  readonly includeOutputFields: boolean;
  /** Alerts begin with evt.time.iso8601 (UTC) in place of evt.time (local). */
  readonly iso8601: boolean;
}

/** Falco's defaults. */
export const DEFAULT_ALERT_OPTIONS: Omit<AlertOptions, "hostname"> = {
  includeOutput: true,
  includeTags: true,
  includeMessage: false,
  includeOutputFields: true,
  iso8601: false,
};

/** What workers write for an event that rules match. */
export type EncoderOptions =
  /** One JSON object an alert. */
  | ({ readonly kind: "json" } & AlertOptions)
  /** `time: Priority message`. */
  | { readonly kind: "text"; readonly iso8601: boolean }
  /** The event itself: a template. Events that lack a value are passed over, unless it begins with `*`. */
  | { readonly kind: "read"; readonly template: string }
  /** The event itself: fields with tabs between them, `<NA>` for absent ones. */
  | { readonly kind: "read-fields"; readonly fields: readonly string[] }
  /** The event itself: an object of the fields, null for absent ones. */
  | { readonly kind: "read-json"; readonly fields: readonly string[] };

/** The line that `read` prints for an event if nothing else is asked for; that of `sysdig -r`. */
export const DEFAULT_READ_TEMPLATE =
  "*%evt.num %evt.time %evt.cpu %proc.name (%thread.tid) %evt.dir %evt.type %evt.info";
