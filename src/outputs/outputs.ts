// SPDX-License-Identifier: Apache-2.0

import type { Config } from "../config/config.js";
import { PeregrineError } from "../telemetry/errors.js";
import { FileOutput } from "./file.js";
import type { Output } from "./output.js";
import { StreamOutput } from "./stream.js";
import { Turns } from "./turns.js";

/** The outputs that a configuration enables, in the order in which an alert goes to them. Throws OUTPUT_NONE. */
export function createOutputs(config: Config): Output[] {
  const outputs: Output[] = [];
  if (config.file !== null) outputs.push(new FileOutput(config.file, config.keepFileOpen, config.buffered));
  if (config.stdout) outputs.push(new StreamOutput("stdout", 1, config.buffered));
  if (outputs.length === 0) {
    throw new PeregrineError(
      "OUTPUT_NONE",
      "No output configured, please make sure at least one output is configured and enabled.",
    );
  }
  return outputs;
}

/**
 * Several outputs as one: each chunk goes to all of them, one after the other. One that fails is told once for each kind
 * of failure and does not stop the others; when the last one has failed, the failure is thrown.
 */
export class Outputs implements Output {
  readonly name = "all";
  private readonly told = new Set<string>();
  private readonly turns = new Turns();

  get lost(): number {
    return this.outputs.reduce((sum, { lost }) => sum + lost, 0);
  }

  /** What each output has lost, where it has. */
  get losses(): readonly { readonly name: string; readonly lost: number }[] {
    return this.outputs.filter(({ lost }) => lost > 0);
  }

  /** Whether alerts were lost on the way to one of the outputs. */
  get failed(): boolean {
    return this.told.size > 0;
  }

  constructor(
    private readonly outputs: readonly Output[],
    private readonly warn: (message: string) => void,
  ) {}

  /** Opens what has to be opened, so that what cannot be shows before there is an alert to lose. Fails as `write` does. */
  open(): void {
    let failed = 0;
    for (const output of this.outputs) {
      try {
        output.open?.();
      } catch (error) {
        failed++;
        if (failed === this.outputs.length) throw error;
        this.tell(output.name, error);
      }
    }
  }

  reopen(): void {
    for (const output of this.outputs) output.reopen?.();
  }

  /** One chunk after the other, whoever writes: the rules' alerts, or the engine that tells of itself. */
  write(chunk: Buffer): void | Promise<void> {
    const [only] = this.outputs;
    if (only !== undefined && this.outputs.length === 1) return this.turns.take(() => only.write(chunk));
    return this.turns.take(() => this.writeAll(chunk));
  }

  private async writeAll(chunk: Buffer): Promise<void> {
    let failed = 0;
    for (const output of this.outputs) {
      try {
        await output.write(chunk);
      } catch (error) {
        failed++;
        this.tell(output.name, error);
        if (failed === this.outputs.length) throw error;
      }
    }
  }

  async close(): Promise<void> {
    await this.turns.take(() => this.closeAll());
  }

  private async closeAll(): Promise<void> {
    for (const output of this.outputs) {
      try {
        await output.close();
      } catch (error) {
        if (this.outputs.length === 1) throw error;
        this.tell(output.name, error);
      }
    }
  }

  private tell(name: string, error: unknown): void {
    const message = `${name}: ${error instanceof Error ? error.message : String(error)}`;
    if (this.told.has(message)) return;
    this.told.add(message);
    this.warn(message);
  }
}
