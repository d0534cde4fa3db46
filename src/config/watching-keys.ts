// SPDX-License-Identifier: Apache-2.0

import { z } from "zod";

const number = (least: number, what: string) =>
  z.string().transform((text, context) => {
    const value = Number(text);
    if (text.trim() !== "" && value >= least && Number.isFinite(value)) return value;
    context.addIssue({ code: "custom", message: `"${text}" is not ${what}` });
    return z.NEVER;
  });

const positive = number(0, "a number of 0 or more");

const whole = (least: number, most: number) =>
  z.string().transform((text, context) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    context.addIssue({ code: "custom", message: `"${text}" is not a whole number from ${least} to ${most}` });
    return z.NEVER;
  });

/** `engine.modern_ebpf`: the presets are powers of two, from 1 to 512 MiB; 0 processors for each buffer: one buffer. */
export function kernelKeys<B extends z.ZodType<boolean>>(bool: B) {
  return z.strictObject({
    buf_size_preset: whole(1, 10).optional(),
    cpus_for_each_buffer: whole(0, 65_535).optional(),
    drop_failed_exit: bool.optional(),
    disable_iterators: bool.optional(),
  });
}

/**
 * The keys' schemas. @param bool texts that stand for a truth value @param texts a list of texts, or one
 */
export function watchingKeys<B extends z.ZodType<boolean>, T extends z.ZodType<string[]>>(bool: B, texts: T) {
  return {
    base_syscalls: z
      .strictObject({ custom_set: texts.optional(), repair: bool.optional(), all: bool.optional() })
      .prefault({}),
    syscall_event_drops: z
      .strictObject({
        threshold: z.string().optional(),
        actions: texts.optional(),
        rate: positive.optional(),
        max_burst: positive.optional(),
        simulate_drops: bool.optional(),
      })
      .prefault({}),
    syscall_event_timeouts: z.strictObject({ max_consecutives: positive.optional() }).prefault({}),
    capture: z
      .strictObject({
        enabled: bool.optional(),
        path_prefix: z.string().optional(),
        mode: z.string().optional(),
        default_duration: positive.optional(),
        max_file_size_mb: positive.optional(),
        before: z.strictObject({ seconds: positive.optional(), megabytes: positive.optional() }).prefault({}),
      })
      .prefault({}),
    falco_libs: z.strictObject({ snaplen: whole(0, 65_535).optional() }).prefault({}),
    watch_config_files: bool.optional(),
  };
}
