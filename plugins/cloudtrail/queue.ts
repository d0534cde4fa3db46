// SPDX-License-Identifier: Apache-2.0
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { type PluginContext, SourceFailure } from "peregrine/sdk";
import { describeError, isHopeless } from "./aws.js";

export interface QueueMessage {
  readonly id: string;
  readonly receipt: string;
  readonly body: string;
  /** How often it was received, this time included. */
  readonly receives: number;
}

/** Requests take so many messages at most. */
const BATCH = 10;

/** An SQS queue. */
export class Queue {
  constructor(
    readonly client: SQSClient,
    readonly url: string,
    readonly context: PluginContext,
    readonly hiddenSeconds: number,
  ) {}

  /** Waits up to `waitSeconds` (at most 20) for messages. */
  async receive(max: number, waitSeconds: number): Promise<QueueMessage[]> {
    const answer = await this.client.send(
      new ReceiveMessageCommand({
        QueueUrl: this.url,
        MaxNumberOfMessages: Math.min(max, BATCH),
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: this.hiddenSeconds,
        MessageSystemAttributeNames: ["ApproximateReceiveCount"],
      }),
      { abortSignal: this.context.signal },
    );
    const messages: QueueMessage[] = [];
    for (const { MessageId: id, ReceiptHandle: receipt, Body: body, Attributes: attributes } of answer.Messages ?? []) {
      if (receipt === undefined) continue;
      const receives = Number(attributes?.ApproximateReceiveCount ?? 1);
      messages.push({ id: id ?? "", receipt, body: body ?? "", receives: Number.isFinite(receives) ? receives : 1 });
    }
    return messages;
  }

  /** Hides messages for so long from now on; 0: they can be received at once. */
  async hide(receipts: readonly string[], seconds: number): Promise<void> {
    for (let at = 0; at < receipts.length; at += BATCH) {
      const entries = receipts
        .slice(at, at + BATCH)
        .map((receipt, i) => ({ Id: String(i), ReceiptHandle: receipt, VisibilityTimeout: seconds }));
      try {
        const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: this.url, Entries: entries });
        const { Failed: failed = [] } = await this.client.send(command);
        if (failed.length > 0)
          this.context.log("warn", `${failed.length} messages could not be hidden: ${failed[0]?.Message}`);
      } catch (error) {
        this.context.log("warn", `messages could not be hidden: ${describeError(error)}`);
      }
    }
  }

  /** Deletes messages. What cannot be deleted comes again. @returns how many are gone */
  async delete(receipts: readonly string[]): Promise<number> {
    let gone = 0;
    for (let at = 0; at < receipts.length; at += BATCH) {
      let left = receipts.slice(at, at + BATCH);
      for (let attempt = 0; attempt < 3 && left.length > 0; attempt++) {
        const before = left.length;
        left = await this.#deleteBatch(left);
        gone += before - left.length;
      }
      if (left.length > 0)
        this.context.log("warn", `${left.length} messages could not be deleted, and will come again`);
    }
    return gone;
  }

  async #deleteBatch(receipts: readonly string[]): Promise<string[]> {
    const entries = receipts.map((receipt, i) => ({ Id: String(i), ReceiptHandle: receipt }));
    try {
      const answer = await this.client.send(new DeleteMessageBatchCommand({ QueueUrl: this.url, Entries: entries }));
      return (answer.Failed ?? []).flatMap(({ Id: id }) => receipts[Number(id)] ?? []);
    } catch (error) {
      this.context.log("warn", `messages could not be deleted: ${describeError(error)}`);
      return [...receipts];
    }
  }

  async send(body: string): Promise<void> {
    await this.client.send(new SendMessageCommand({ QueueUrl: this.url, MessageBody: body }));
  }
}

/** @throws SourceFailure */
export async function queueUrl(client: SQSClient, name: string, owner: string): Promise<string> {
  try {
    const answer = await client.send(
      new GetQueueUrlCommand({ QueueName: name, ...(owner === "" ? {} : { QueueOwnerAWSAccountId: owner }) }),
    );
    if (answer.QueueUrl === undefined) throw new Error("the answer has no address");
    return answer.QueueUrl;
  } catch (error) {
    throw new SourceFailure(`cannot find the queue ${name}: ${describeError(error)}`, {
      retry: !isHopeless(error),
      cause: error,
    });
  }
}
