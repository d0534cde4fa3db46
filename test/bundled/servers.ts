// SPDX-License-Identifier: Apache-2.0

/** Real servers on the loopback interface for tests of plugins, and a proxy that makes them fail. */

import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { buildApp } from "fauxqs";

export interface TestServer {
  readonly url: string;
  stop(): Promise<void>;
}

interface S3rver {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}
type S3rverClass = new (options: Record<string, unknown>) => S3rver;

const KEYS = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };
/** What the plugin's client finds in the environment. */
Object.assign(process.env, {
  AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
  AWS_REGION: "us-east-1",
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
});

/** An S3 server whose objects are files below `folder`. */
export async function startS3(folder: string): Promise<TestServer> {
  const S3rver = createRequire(import.meta.url)("s3rver") as S3rverClass;
  const server = new S3rver({ address: "127.0.0.1", port: 0, silent: true, directory: folder, vhostBuckets: false });
  const { port } = await server.run();
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

/** A server for queues and buckets, in memory. */
export async function startQueues(): Promise<TestServer> {
  const app = buildApp({ logger: false, host: "127.0.0.1" });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return {
    url,
    stop: async () => {
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

/** Whether a request fails, and how; `n` counts all requests from 1. */
export type Fault = (method: string, path: string, n: number) => "no" | "throttle" | "error" | "reset" | "cut" | "hold";

/**
 * Passes requests on to `target`, or lets them fail: throttled, a server error, no answer, half of its first part, or the first half
 * of it all ("hold"), after which nothing more comes and the connection stays.
 */
export async function startProxy(
  target: string,
  fault: Fault,
): Promise<TestServer & { readonly faults: () => number }> {
  let n = 0;
  let faults = 0;
  const server = createServer((incoming, outgoing) => {
    const kind = fault(incoming.method ?? "", incoming.url ?? "", ++n);
    if (kind !== "no") faults++;
    if (kind === "reset") {
      incoming.socket.destroy();
      return;
    }
    if (kind === "throttle" || kind === "error") {
      incoming.resume();
      const code = kind === "throttle" ? "SlowDown" : "InternalError";
      outgoing.writeHead(kind === "throttle" ? 503 : 500, { "content-type": "application/xml" });
      outgoing.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>try again</Message></Error>`);
      return;
    }
    const { hostname, port } = new URL(target);
    const forward = request(
      { hostname, port, path: incoming.url, method: incoming.method, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        if (kind === "no") answer.pipe(outgoing);
        else if (kind === "hold") passHalf(answer, outgoing);
        else
          answer.once("data", (part: Buffer) => {
            outgoing.write(part.subarray(0, part.length / 2), () => outgoing.destroy());
            answer.destroy();
          });
      },
    );
    forward.on("error", () => outgoing.destroy());
    incoming.pipe(forward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    faults: () => faults,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function passHalf(answer: IncomingMessage, outgoing: ServerResponse): void {
  let left = Math.floor(Number(answer.headers["content-length"]) / 2);
  answer.on("data", (part: Buffer) => {
    if (left > 0) outgoing.write(part.subarray(0, left));
    left -= part.length;
  });
}

export function s3Of(server: TestServer): S3Client {
  return new S3Client({ endpoint: server.url, forcePathStyle: true, region: "us-east-1", credentials: KEYS });
}

export function sqsOf(server: TestServer): SQSClient {
  return new SQSClient({ endpoint: server.url, region: "us-east-1", credentials: KEYS });
}

export async function put(
  client: S3Client,
  bucket: string,
  objects: Readonly<Record<string, Uint8Array | string>>,
): Promise<void> {
  await client.send(new CreateBucketCommand({ Bucket: bucket })).catch((error: unknown) => {
    if (!(error instanceof Error) || !error.name.startsWith("BucketAlready")) throw error;
  });
  for (const [key, body] of Object.entries(objects)) {
    if (body.length <= PART) await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    else await putParts(client, bucket, key, Buffer.from(body));
  }
}

/** The servers take no more than 11 MiB at a time. */
const PART = 10 * 1024 * 1024;

async function putParts(client: S3Client, bucket: string, key: string, body: Buffer): Promise<void> {
  const place = { Bucket: bucket, Key: key };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(place));
  const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
  for (let at = 0; at < body.length; at += PART) {
    const part = { ...place, UploadId, PartNumber: Parts.length + 1, Body: body.subarray(at, at + PART) };
    const { ETag } = await client.send(new UploadPartCommand(part));
    Parts.push({ PartNumber: part.PartNumber, ETag });
  }
  await client.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } }));
}

/** @returns the queue's URL */
export async function createQueue(sqs: SQSClient, name: string): Promise<string> {
  const { QueueUrl: url } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  if (url === undefined) throw new Error(`queue ${name} was not made`);
  return url;
}

/** Messages of a queue that wait, and that somebody has. */
export async function messagesLeft(sqs: SQSClient, url: string): Promise<[waiting: number, hidden: number]> {
  const names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] as const;
  const { Attributes: got } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...names] }),
  );
  return [Number(got?.[names[0]]), Number(got?.[names[1]])];
}
