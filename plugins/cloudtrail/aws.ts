// SPDX-License-Identifier: Apache-2.0
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { CloudtrailConfig } from "./config.js";

type AwsConfig = CloudtrailConfig["aws"];

function common(aws: AwsConfig, sockets: number) {
  const files = {
    ...(aws.profile === "" ? {} : { profile: aws.profile }),
    ...(aws.credentials === "" ? {} : { filepath: aws.credentials }),
    ...(aws.config === "" ? {} : { configFilepath: aws.config }),
  };
  return {
    ...(aws.region === "" ? {} : { region: aws.region }),
    ...(aws.endpoint === "" ? {} : { endpoint: aws.endpoint }),
    ...(aws.profile === "" ? {} : { profile: aws.profile }),
    // The standard chain, unless the configuration names other files.
    ...(Object.keys(files).length === 0 ? {} : { credentials: defaultProvider(files) }),
    maxAttempts: aws.maxAttempts,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: 10_000,
      requestTimeout: 60_000,
      httpAgent: { keepAlive: true, maxSockets: sockets },
      httpsAgent: { keepAlive: true, maxSockets: sockets },
    }),
  };
}

export function s3Client(aws: AwsConfig, concurrency: number): S3Client {
  return new S3Client({
    ...common(aws, concurrency + 4),
    forcePathStyle: aws.forcePathStyle,
    followRegionRedirects: true,
    responseChecksumValidation: "WHEN_REQUIRED",
  });
}

export function sqsClient(aws: AwsConfig): SQSClient {
  return new SQSClient(common(aws, 16));
}

/** Name and message of what AWS answered; nothing of the request, which is signed with credentials. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const status = statusOf(error);
  const code = "code" in error && typeof error.code === "string" ? `${error.code}: ` : "";
  return `${error.name}: ${code}${error.message}${status === undefined ? "" : ` (status ${status})`}`;
}

function statusOf(error: Error): number | undefined {
  if (!("$metadata" in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}

/** The object does not exist. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && (error.name === "NoSuchKey" || error.name === "NotFound");
}

/** The request can never work as it is: no such bucket or queue, or no right to it. */
export function isHopeless(error: unknown): boolean {
  const names = ["NoSuchBucket", "InvalidBucketName", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"];
  return error instanceof Error && names.includes(error.name);
}
