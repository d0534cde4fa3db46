// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ConfigFailure, type OpenParameter, type PluginContext, type SourceInstance } from "peregrine/sdk";
import { Pump } from "../common/pump.js";
import { Quarantine } from "../common/quarantine.js";
import { AuditLog } from "./audit-log.js";
import type { AuditConfig } from "./config.js";
import { auditFiles, FileFeed } from "./file-feed.js";
import { TailFeed } from "./tail-feed.js";
import { parseWebhook, WebhookFeed } from "./webhook-feed.js";

export const OPEN_PARAMETERS: readonly OpenParameter[] = [
  { value: "http://HOST:PORT/PATH", desc: "what the API server posts; without a host on the loopback interface" },
  { value: "https://HOST:PORT/PATH", desc: "the same with TLS" },
  { value: "file://PATH", desc: "a file of JSON lines that grows" },
  { value: "PATH", desc: "a file of JSON lines, or the files in a folder" },
];

/** Opens `http(s)://host:port/path`, `file://path`, the path of a file or folder, or nothing. */
export async function openSource(
  config: AuditConfig,
  parameters: string,
  context: PluginContext,
): Promise<SourceInstance> {
  const text = parameters.trim();
  const folder = config.stateFolder === "" ? context.stateFolder : config.stateFolder;
  if (folder !== null) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const aside = config.quarantine !== "" ? config.quarantine : folder === null ? null : join(folder, "quarantine");
  const log = new AuditLog(new Quarantine(aside, context), config.maxEventSize, context);
  if (/^https?:\/\//.test(text)) {
    const place = parseWebhook(text);
    if (!place.secure && !/^(127\.|::1$|localhost$)/.test(place.host)) {
      context.log("warn", `audit events come to ${place.host} without TLS`);
    }
    const feed = new WebhookFeed(place, config, log, context);
    await feed.listen();
    return new Pump(feed);
  }
  if (text.startsWith("file://")) {
    const path = text.slice(7);
    const name = `k8saudit-tail-${createHash("sha256").update(path).digest("hex").slice(0, 16)}.json`;
    const state = folder === null ? null : join(folder, name);
    return new Pump(new TailFeed(path, log, { from: config.tailFrom, state }, context));
  }
  if (/^[a-z0-9]+:\/\//i.test(text))
    throw new ConfigFailure(`open_params ${text}: expected http://, https://, file://, or a path`);
  return new Pump(new FileFeed(text === "" ? [] : auditFiles(text), log));
}
