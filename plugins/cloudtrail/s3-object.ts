// SPDX-License-Identifier: Apache-2.0
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { describeError } from "./aws.js";
import { type LogPiece, LogRun, type LogSettings } from "./log-run.js";

/** Objects up to this size are fetched ahead and kept in memory; larger ones are read as a stream when it is their turn. */
export const AHEAD = 16 * 1024 * 1024;

export interface ObjectPlace {
  readonly bucket: string;
  readonly key: string;
  /** In bytes; -1 where nobody has said. */
  readonly size: number;
}

/** An object that could not be fetched. It can be tried again. */
export class FetchFailure extends Error {
  constructor(
    readonly place: ObjectPlace,
    override readonly cause: unknown,
  ) {
    super(`s3://${place.bucket}/${place.key}: ${describeError(cause)}`);
  }
}

/** Reads one log file from S3. After a FetchFailure `next` starts again and goes on where it was. */
export class ObjectRead {
  readonly name: string;
  #ahead: Promise<Uint8Array | Error> | null = null;
  #run: LogRun | null = null;
  #number: number;
  #failures = 0;
  #finished = false;

  /** @param done number of the record up to which it was read before */
  constructor(
    readonly client: S3Client,
    readonly place: ObjectPlace,
    readonly settings: LogSettings,
    done = 0,
  ) {
    this.name = `s3://${place.bucket}/${place.key}`;
    this.#number = done;
  }

  /** Times that it could not be fetched. */
  get failures(): number {
    return this.#failures;
  }

  /** Bytes that are kept for it before it is read. */
  get held(): number {
    return this.place.size > AHEAD ? 0 : Math.max(this.place.size, 64 * 1024);
  }

  /** Starts to fetch, if it is small. */
  prefetch(): void {
    if (this.place.size > AHEAD || this.#ahead !== null || this.#run !== null) return;
    this.#ahead = this.#fetch();
  }

  /** The next events, null at the end. @throws FetchFailure */
  async next(): Promise<LogPiece | null> {
    try {
      if (this.#run === null) {
        const whole = await this.#start();
        if (whole !== null) return whole;
      }
      const run = this.#run;
      return run === null ? null : await run.next();
    } catch (error) {
      if (this.#run !== null) this.#number = Math.max(this.#number, this.#run.number);
      this.#run = null;
      this.#ahead = null;
      this.#failures++;
      throw new FetchFailure(this.place, error);
    }
  }

  async #start(): Promise<LogPiece | null> {
    if (this.#finished) return null;
    const run = new LogRun(this.name, this.settings, this.#number);
    if (this.place.size > AHEAD) {
      run.open(await this.#body());
    } else {
      this.prefetch();
      const bytes = await this.#ahead;
      if (bytes instanceof Error) throw bytes;
      if (bytes === null) return null;
      this.#ahead = null;
      const piece = run.small(bytes);
      if (piece !== null) {
        this.#finished = true;
        return piece;
      }
      run.openWhole(bytes);
    }
    this.#run = run;
    return null;
  }

  async close(): Promise<void> {
    await this.#run?.close();
  }

  async #body(): Promise<AsyncIterable<Uint8Array>> {
    const { bucket, key } = this.place;
    const { Body: body } = await this.client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    if (body === undefined) throw new Error("the answer has no content");
    return body as unknown as AsyncIterable<Uint8Array>;
  }

  /** Never rejects, since it is looked at later. */
  async #fetch(): Promise<Uint8Array | Error> {
    try {
      const parts: Uint8Array[] = [];
      for await (const part of await this.#body()) parts.push(part);
      return Buffer.concat(parts);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}
