// SPDX-License-Identifier: Apache-2.0

import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { AnnexDemand } from "../batch/annex.js";
import type { Demand } from "../batch/plan.js";
import type { FinishedCapture } from "../capture/recent.js";
import type { BaseSyscalls } from "../config/base-syscalls.js";
import type { CaptureMatch } from "./capture-rules.js";
import type { DropNews } from "./drops.js";

/** What the rules of a version ask of a source of system calls. */
export interface RulesDemand {
  readonly demand: Demand;
  readonly annex: AnnexDemand;
  /** By type: events that plugins' libraries are given as they are. */
  readonly images: readonly boolean[];
  readonly base: BaseSyscalls | null;
}

/** What main tells an ingest thread while it reads; it looks for it between two batches. */
export type ToIngest =
  /** The batches to come are for these rules. */
  | ({ readonly kind: "rules"; readonly version: number } & RulesDemand)
  /** Captures are wanted around these events. */
  | { readonly kind: "matches"; readonly matches: readonly CaptureMatch[] }
  /** These events are wanted in the one capture. */
  | { readonly kind: "choose"; readonly numbers: Float64Array };

/** What an ingest thread tells main. */
export type FromIngest =
  /** The source is open: what happens from now on is seen. */
  | { readonly kind: "begun" }
  /** Events behind number `event` are for the rules of this version. */
  | { readonly kind: "changed"; readonly version: number; readonly event: number }
  | { readonly kind: "captures"; readonly captures: readonly FinishedCapture[] }
  | { readonly kind: "drops"; readonly news: DropNews }
  | { readonly kind: "silent"; readonly fills: number; readonly since: number };

/** An ingest thread's end: it is busy with its loop, so it asks for messages itself. */
export class IngestMail {
  constructor(private readonly port: MessagePort) {}

  /** The next message of main's; undefined: there is none. */
  next(): ToIngest | undefined {
    return receiveMessageOnPort(this.port)?.message as ToIngest | undefined;
  }

  tell(message: FromIngest): void {
    this.port.postMessage(message);
  }
}
