// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { ConfigFailure, type PluginContext, type Progress, SourceFailure } from "peregrine/sdk";
import type { Feed, Piece } from "../common/pump.js";
import type { AuditLog } from "./audit-log.js";
import type { AuditConfig } from "./config.js";

export interface WebhookPlace {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

interface Request {
  readonly body: Uint8Array;
  readonly from: string;
  readonly response: ServerResponse;
}

/** All bodies in memory together, those that are still coming included. */
const WAITING_BYTES = 256 * 1024 * 1024;
/** A sender that is slower than this is cut off, ms. */
const REQUEST_TIMEOUT = 60_000;

/**
 * Receives what the API server posts. A request is answered when its events have been evaluated and their alerts delivered, so that
 * the API server, which tries again what was not answered, is the one to remember what is under way.
 */
export class WebhookFeed implements Feed {
  readonly #server: Server;
  readonly #requests: Request[] = [];
  /** Requests whose events are delivered and not acknowledged, oldest first. */
  readonly #open: Request[] = [];
  #bytes = 0;
  /** Requests whose bodies are coming. */
  #arriving = 0;
  #wake: (() => void) | null = null;
  #accepted = 0;

  constructor(
    readonly place: WebhookPlace,
    readonly config: AuditConfig,
    readonly log: AuditLog,
    readonly context: PluginContext,
  ) {
    const listener = (request: IncomingMessage, response: ServerResponse): void => this.#handle(request, response);
    this.#server = place.secure
      ? createSecureServer(certificate(config.sslCertificate), listener)
      : createServer(listener);
    this.#server.requestTimeout = REQUEST_TIMEOUT;
    this.#server.headersTimeout = 10_000;
    context.signal.addEventListener("abort", () => this.#wake?.());
  }

  /** @throws SourceFailure where the address cannot be used */
  async listen(): Promise<void> {
    const { host, port } = this.place;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => resolve());
    }).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      throw new SourceFailure(`cannot listen on ${host}:${port}: ${reason}`, { retry: true, cause: error });
    });
    this.context.log("info", `listening on ${this.address}`);
  }

  get address(): string {
    const { port } = this.#server.address() as AddressInfo;
    const { secure, host, path } = this.place;
    return `${secure ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${port}${path}`;
  }

  async next(): Promise<Piece | null> {
    if (this.#requests.length === 0) {
      if (this.context.signal.aborted) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    const request = this.#requests.shift();
    if (request === undefined) return this.context.signal.aborted ? null : NOTHING;
    const events = this.log.parse(request.body, request.from);
    if (this.config.answer === "received") {
      this.#release(request);
      return { events, mark: () => undefined };
    }
    this.#open.push(request);
    return { events, mark: (taken) => (taken === events.length ? { request } : undefined) };
  }

  ack(mark: unknown): void {
    if (mark === undefined) return;
    const { request: last } = mark as { request: Request };
    for (let request = this.#open.shift(); request !== undefined; request = this.#open.shift()) {
      this.#release(request);
      answer(request.response, 200, "");
      if (request === last) return;
    }
  }

  progress(): Progress {
    return {
      percent: 0,
      text: `${this.#accepted} requests, ${this.#requests.length + this.#open.length} not answered`,
    };
  }

  async close(): Promise<void> {
    this.#wake?.();
    for (const { response } of [...this.#open, ...this.#requests]) answer(response, 503, "closing");
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const refusal = this.#refusal(request);
    if (refusal !== null) {
      this.#refuse(request, response, refusal);
      return;
    }
    const limit = this.config.webhookMaxBatchSize;
    const parts: Uint8Array[] = [];
    let length = 0;
    let refused = false;
    this.#arriving++;
    const refuse = (answer: readonly [number, string]): void => {
      refused = true;
      parts.length = 0;
      this.#refuse(request, response, answer);
    };
    request.on("data", (part: Uint8Array) => {
      if (refused) return;
      length += part.length;
      this.#bytes += part.length;
      if (length > limit) refuse([413, `at most ${limit} bytes`]);
      else if (this.#bytes > WAITING_BYTES) refuse(LATER);
      else parts.push(part);
    });
    request.on("error", () => {});
    let accepted = false;
    request.on("end", () => {
      if (refused) return;
      accepted = true;
      this.#accepted++;
      this.#requests.push({
        body: Buffer.concat(parts),
        from: `request from ${request.socket.remoteAddress}`,
        response,
      });
      if (this.config.answer === "received") answer(response, 200, "");
      this.#wake?.();
    });
    // Comes behind the end, or where there is none.
    request.on("close", () => {
      this.#arriving--;
      if (!accepted) this.#bytes -= length;
    });
  }

  /** Why a request is not taken, from its head alone; null: it is. */
  #refusal(request: IncomingMessage): readonly [status: number, reason: string] | null {
    const [path] = (request.url ?? "").split("?");
    const limit = this.config.webhookMaxBatchSize;
    if (path !== this.place.path) return [404, "not here"];
    if (request.method !== "POST") return [405, "POST only"];
    if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) return [415, "application/json only"];
    if (Number(request.headers["content-length"] ?? 0) > limit) return [413, `at most ${limit} bytes`];
    const waiting = this.#arriving + this.#requests.length + this.#open.length;
    const full = waiting >= this.config.webhookMaxWaiting || this.#bytes >= WAITING_BYTES;
    return full ? LATER : null;
  }

  #refuse(request: IncomingMessage, response: ServerResponse, [status, reason]: readonly [number, string]): void {
    this.context.metric("requests_refused", "counter").add(1);
    // What is still to come of the body is not read: the connection ends with the answer.
    request.pause();
    answer(response, status, reason);
    response.on("finish", () => request.destroy());
  }

  #release(request: Request): void {
    this.#bytes -= request.body.length;
  }
}

const LATER = [503, "try again later"] as const;
const NOTHING: Piece = { events: [], mark: () => undefined };

function answer(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) return;
  const more = status === 503 ? { "retry-after": "1" } : {};
  response.writeHead(status, {
    "content-type": "text/plain",
    ...(status === 200 ? {} : { connection: "close" }),
    ...more,
  });
  response.end(text);
}

/** Key and certificate are in one file, as the API of Falco has it. @throws ConfigFailure */
function certificate(path: string): { key: string; cert: string } {
  try {
    const pem = readFileSync(path, "utf8");
    return { key: pem, cert: pem };
  } catch (error) {
    throw new ConfigFailure(`sslCertificate: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** `http://host:port/path`; without a host it is the loopback interface. @throws ConfigFailure */
export function parseWebhook(text: string): WebhookPlace {
  const parts = /^(https?):\/\/(\[[0-9a-fA-F:.]+\]|[^:/?#[\]\s]*)(?::(\d{1,5}))?(\/[^?#]*)?$/.exec(text);
  const port = Number(parts?.[3] ?? (parts?.[1] === "https" ? 443 : 80));
  if (parts === null || port > 65_535) throw new ConfigFailure(`open_params ${text}: expected http://HOST:PORT/PATH`);
  const host = (parts[2] ?? "").replace(/^\[|\]$/g, "");
  return { secure: parts[1] === "https", host: host === "" ? "127.0.0.1" : host, port, path: parts[4] ?? "/" };
}
