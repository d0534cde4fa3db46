// SPDX-License-Identifier: Apache-2.0

import type { Config } from "../config/config.js";
import type { CaptureRules } from "../engine/capture-rules.js";
import { isLeftOut, unknownCalls } from "../engine/interest.js";
import type { WatchSettings } from "../engine/pipeline.js";
import type { RunOptions } from "../engine/run.js";
import type { RuleSet } from "../rules/ruleset.js";
import { type Context, Exit } from "./context.js";
import { captureLimitAlert, dropAlert, silenceAlert } from "./internal-alerts.js";
import type { StopSignal } from "./stop.js";

/** What the configuration asks for beside evaluating rules. @param live the kernel is watched */
export function watchSettings({ watching }: Config, live: boolean): WatchSettings {
  const { capture, drops, base, mostTimeouts } = watching;
  return {
    drops,
    ...(live ? { base, silence: mostTimeouts } : {}),
    ...(capture === null
      ? {}
      : {
          recent: {
            prefix: capture.prefix,
            beforeBytes: capture.beforeBytes,
            beforeNs: capture.beforeMs * 1e6,
            mostBytes: capture.mostBytes,
          },
        }),
  };
}

/** Around which matches captures are written. */
export function captureRules({ watching }: Config): { readonly captures?: CaptureRules } {
  const { capture } = watching;
  return capture === null ? {} : { captures: { mode: capture.mode, defaultDuration: capture.defaultDuration } };
}

/** Names of rules that one line tells. */
const NAMED = 5;

/** Tells of names in base_syscalls that mean nothing, and of rules whose calls do not leave the kernel. */
export function tellLeftOut({ rules }: RuleSet, { watching }: Config, { log }: Context): void {
  const { base } = watching;
  const unknown = unknownCalls(base);
  if (unknown.length > 0) log.warn(`base_syscalls.custom_set: no system call is named ${unknown.join(", ")}`);
  if (base.all) return;
  const affected = rules.filter(({ eventTypes }) => eventTypes?.some(isLeftOut) === true);
  if (affected.length === 0) return;
  const names = affected.slice(0, NAMED).map(({ name }) => `'${name}'`);
  const more = affected.length > NAMED ? ` and ${affected.length - NAMED} more` : "";
  log.warn(
    `calls that only read or write data are left out, which these rules ask for: ${names.join(", ")}${more}; base_syscalls.all=true has them watched`,
    { rules: affected.length },
  );
}

/** What is told of lost events, silence and captures while a run goes on. */
export class Teller {
  /** Events were lost, and the run is to end for it. */
  exit = false;

  constructor(
    private readonly config: Config,
    private readonly live: boolean,
    private readonly options: Pick<RunOptions, "encoder" | "sink">,
    private readonly context: Context,
    private readonly stop: StopSignal,
  ) {}

  get handlers(): Pick<RunOptions, "onDrops" | "onSilence" | "onCaptures"> {
    const { log } = this.context;
    const { encoder } = this.options;
    const { actions } = this.config.watching.drops;
    return {
      onDrops: (source, news) => {
        if (actions.includes("log")) {
          const lost = news.parts.map((part) => `${part.class} ${part.cause} ${part.events}`).join(", ");
          log.debug(`${source}: ${news.drops} of ${news.events} events were lost in the last second`, { lost });
        }
        if (actions.includes("alert")) this.alert(dropAlert(news, this.live, encoder));
        if (actions.includes("exit")) {
          this.exit = true;
          log.error(`${source}: events were lost: the run ends, as syscall_event_drops.actions asks`, {
            code: "EVENTS_LOST",
            events: news.drops,
          });
          this.stop.stop();
        }
      },
      onSilence: (source, looks, since) => {
        log.warn(`${source}: no event in ${looks} looks in a row`, { source, code: "SOURCE_SILENT" });
        this.alert(silenceAlert(looks, since, encoder));
      },
      onCaptures: (captures) => {
        for (const { path, match, events, cut, failure } of captures) {
          if (failure !== null) {
            log.error(`the capture around event ${match} was not written: ${failure.message}`, {
              code: failure.code,
              file: path,
            });
            continue;
          }
          log.info(`a capture of ${events} events around event ${match} was written`, { file: path, events });
          if (cut) this.alert(captureLimitAlert(path, encoder));
        }
      },
    };
  }

  /** Writes an alert of the engine's own. */
  alert(line: Buffer): void {
    const failed = (error: unknown): void =>
      this.context.log.error(error instanceof Error ? error.message : String(error), { code: "OUTPUT_WRITE" });
    try {
      this.options.sink(line)?.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** @param status of the run */
  status(status: number): number {
    return this.exit ? Exit.FAILED : status;
  }
}
