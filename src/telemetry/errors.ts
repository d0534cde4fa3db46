// SPDX-License-Identifier: Apache-2.0

/**
 * Every error a user can meet, by code: what went wrong in a few words, and what to do. docs/errors.md lists the same
 * table; a test keeps them equal. Rule files have codes of their own (rules/diagnostic.ts), which are Falco's.
 */
export const ERRORS = {
  CONFIG_OPEN: { title: "The configuration file cannot be read", remedy: "Check the path given with -c." },
  CONFIG_PARSE: { title: "The configuration file is not valid YAML", remedy: "Correct the file at the place named." },
  CONFIG_VALUE: {
    title: "A configuration value is not allowed",
    remedy: "Use one of the values that the message names.",
  },
  CONFIG_UNKNOWN_KEY: {
    title: "A key of the configuration is nobody's; it is ignored",
    remedy: "Correct its spelling, or leave it out.",
  },
  CONFIG_DEFAULT: {
    title: "A value of the configuration does not fit; its default holds",
    remedy: "Write a value of the type that the message names.",
  },
  CONFIG_UNSUPPORTED: {
    title: "The configuration asks for what this version does not do",
    remedy: "Do without, or leave the keys out; docs/falco-options.md has a row for each.",
  },
  OPTION_SYNTAX: {
    title: "An option given with -o cannot be parsed",
    remedy: "Write -o key=value, -o key.subkey=value or -o 'list[]=value'.",
  },
  OPTION_CONFLICT: {
    title: "Options were given that exclude each other",
    remedy: "Leave out one of those that the message names.",
  },
  OPTION_UNSUPPORTED: {
    title: "An option of Falco's that this program does not have",
    remedy: "Do what the message says instead; docs/falco-options.md has a row for each.",
  },
  PIDFILE_WRITE: {
    title: "The file for the process's number cannot be written",
    remedy: "Check the path given with -P.",
  },
  RELOAD_FAILED: {
    title: "What SIGHUP asked to begin anew with cannot be used; the run goes on as it was",
    remedy: "Correct what the message names and send SIGHUP again; --dry-run shows whether it is good.",
  },
  RULE_UNKNOWN: { title: "The rule asked for is not loaded", remedy: "Check its name: -L lists all rules." },
  SOURCE_UNKNOWN: {
    title: "The event source asked for is not there",
    remedy: "Name one that the message names, or the source of a plugin given with --assume-plugin.",
  },
  RULES_OPEN: { title: "A rules file cannot be read", remedy: "Check the path given with -r or in rules_files." },
  RULES_NONE: {
    title: "No rules files were given",
    remedy: "Name a file or folder with -r, or in rules_files of the configuration.",
  },
  RULES_INVALID: { title: "A rules file has errors", remedy: "Correct the places shown; nothing was run." },
  FIELD_UNKNOWN: { title: "A field is not known", remedy: "Check its spelling and its argument." },
  REGISTRY_OPEN: { title: "The registry of plugins cannot be read", remedy: "Check the path." },
  REGISTRY_PARSE: {
    title: "The registry of plugins is not plain YAML",
    remedy: "Correct the file at the place named.",
  },
  REGISTRY_SHAPE: {
    title: "The registry of plugins lacks something, or has it in a wrong form",
    remedy: "Compare the entry with those of registry.yaml.",
  },
  REGISTRY_NAME: { title: "A plugin's name is no name", remedy: "Use lower-case letters, digits, _ and -." },
  REGISTRY_SOURCE: {
    title: "An event source is reserved, missing or no name",
    remedy: "Use lower-case letters, digits and _, and none of reserved_sources.",
  },
  REGISTRY_ID: { title: "A plugin ID cannot be given out", remedy: "Take the next free ID of the public range." },
  REGISTRY_RANGE: { title: "A range of plugin IDs is empty or overlaps", remedy: "Correct id_ranges." },
  REGISTRY_TAKEN: { title: "A name, an ID or an event source is given twice", remedy: "Choose one that is free." },
  REGISTRY_CHANGED: {
    title: "A registered plugin was removed, or has another ID or event source",
    remedy: "Leave it as it was: captures keep the ID for ever.",
  },
  CAPTURE_NONE: { title: "No capture was given", remedy: "Name a .scap file with -e." },
  OUTPUT_NONE: {
    title: "No output is enabled",
    remedy: "Enable one, as in -o stdout_output.enabled=true.",
  },
  OUTPUT_WRITE: { title: "Alerts cannot be written", remedy: "Check the output's target: space, rights, reader." },
  CAPTURE_OPEN: { title: "The capture file cannot be opened", remedy: "Check the path and that you may read it." },
  CAPTURE_READ: { title: "The capture file cannot be read on", remedy: "Check the disk or the network it lies on." },
  CAPTURE_EMPTY: { title: "The capture file is empty", remedy: "Check how it was made or copied." },
  CAPTURE_MAGIC: {
    title: "The file is no capture",
    remedy: "Give a .scap file, plain or gzip, as sysdig and Falco write it.",
  },
  CAPTURE_BYTE_ORDER: {
    title: "The capture has another byte order",
    remedy: "Only captures of little-endian machines can be read.",
  },
  CAPTURE_VERSION: {
    title: "The capture has a format that is not known",
    remedy: "It was written by a later version than this program knows: get a newer one.",
  },
  CAPTURE_NO_EVENTS: { title: "The capture has no events", remedy: "Check that the program that wrote it saw any." },
  CAPTURE_TRUNCATED: {
    title: "The capture ends in the middle of a block",
    remedy: "Copy it again; what stands before the end was read.",
  },
  CAPTURE_GZIP_TRUNCATED: {
    title: "The capture's gzip stream has no end",
    remedy: "Copy it again, or wait until its writer has closed it; what stands before the end was read.",
  },
  CAPTURE_GZIP: {
    title: "The capture's gzip stream is damaged",
    remedy: "Copy it again; what stands before the damage was read.",
  },
  CAPTURE_BLOCK_LENGTH: {
    title: "A block of the capture has a wrong length",
    remedy: "The file is damaged from there on; what stands before it was read.",
  },
  CAPTURE_BLOCK_TRAILER: {
    title: "The two lengths of a block of the capture differ",
    remedy: "The file is damaged from there on; copy or record it again.",
  },
  CAPTURE_BLOCK_TYPE: {
    title: "The capture has a block where none of its kind can be",
    remedy: "The file is damaged from there on; what stands before it was read.",
  },
  CAPTURE_LIST_ENTRY: {
    title: "A list at the beginning of the capture has a bad entry",
    remedy: "The file is damaged; copy or record it again.",
  },
  CAPTURE_EVENT_LENGTH: {
    title: "An event of the capture does not fit its block",
    remedy: "The file is damaged from there on; what stands before it was read.",
  },
  CAPTURE_PARAMETER: {
    title: "A parameter of an event does not fit the event",
    remedy: "The file is damaged from there on; what stands before it was read.",
  },
  CAPTURE_CREATE: {
    title: "The new capture cannot be created",
    remedy: "Check the path given with -w and that you may write there.",
  },
  CAPTURE_WRITE: { title: "The new capture cannot be written on", remedy: "Check the disk or the reader it goes to." },
  CAPTURE_SPACE: {
    title: "No room for the new capture",
    remedy: "Free disk space, or write fewer events; nothing of the file was left.",
  },
  LIVE_PLATFORM: {
    title: "System calls of this machine cannot be watched",
    remedy: "Watching works on Linux for x86_64; elsewhere evaluate a capture with -e CAPTURE.scap.",
  },
  LIVE_PERMISSION: {
    title: "The kernel does not let this process watch system calls",
    remedy: "Run it as root, or give it the capabilities CAP_BPF and CAP_PERFMON, as deploy/peregrine.service does.",
  },
  LIVE_BTF: {
    title: "The kernel does not describe its types",
    remedy: "Use a kernel that was built with CONFIG_DEBUG_INFO_BTF=y, as those of all large distributions are.",
  },
  LIVE_KERNEL: {
    title: "This kernel cannot run the programs that watch system calls",
    remedy: "Use Linux 5.17 or later.",
  },
  LIVE_MEMORY: {
    title: "The kernel has no room for what watching system calls needs",
    remedy:
      "Make the ring smaller with engine.modern_ebpf.buf_size_preset, or raise the limit of locked memory or of open files.",
  },
  LIVE_NAMESPACE: {
    title: "This machine is watched from within a pid namespace",
    remedy: "Run it in the machine's own one, in a container with the host's (docker run --pid=host).",
  },
  LIVE_PROC: {
    title: "The processes of this machine cannot be read",
    remedy: "Mount /proc, as the host has it; in a container run with the host's pid name space.",
  },
  PLUGIN_NEW: {
    title: "A new plugin cannot be written",
    remedy: "Choose a name that matches [a-z]+[a-z0-9_-]* and is nobody's, and a folder that is not there yet.",
  },
  EVENTS_LOST: {
    title: "Events were lost, and the run was to end for it",
    remedy:
      "Watch less with base_syscalls.custom_set, give Peregrine more processor time, or leave `exit` out of syscall_event_drops.actions.",
  },
  SOURCE_SILENT: {
    title: "A source that is read has had no event for long",
    remedy:
      "Check that what should make events runs; raise syscall_event_timeouts.max_consecutives where silence is usual.",
  },
  PLUGIN_PATH: {
    title: "A plugin is not where the configuration says",
    remedy:
      "Check its library_path: a file, a bundled plugin, or a package of npm. Relative paths begin in the plugin folder.",
  },
  PLUGIN_WRITABLE: {
    title: "A plugin's file, or a folder on the way to it, can be changed by others",
    remedy:
      "Give what the message names to root or to the user that runs Peregrine (chown), and take the right to write it from everybody else (chmod go-w); or move the plugin to a folder where this is so.",
  },
  PLUGIN_HASH: {
    title: "A plugin is not the one that is pinned",
    remedy: "Find out who changed it; if it was you, put the new SHA-256 into the configuration.",
  },
  PLUGIN_LOAD: { title: "A plugin cannot be loaded", remedy: "Tell its author what the message says." },
  PLUGIN_VERSION: {
    title: "A plugin was made for another version of the SDK",
    remedy: "Get a version of the plugin, or of this program, that fits the other.",
  },
  PLUGIN_CONFIG: {
    title: "A plugin does not accept its configuration",
    remedy: "Correct its init_config or open_params; --plugin-info NAME shows what it takes.",
  },
  PLUGIN_UNKNOWN: {
    title: "A plugin is named that is not configured",
    remedy: "Add it to plugins in the configuration, or correct the name.",
  },
  PLUGIN_DUPLICATE: {
    title: "Two plugins have the same name or ID",
    remedy: "Load one of them only: load_plugins chooses.",
  },
  PLUGIN_FIELD: {
    title: "Two plugins provide one field on one event source",
    remedy: "Load one of them only: load_plugins chooses.",
  },
  PLUGIN_UNUSED: {
    title: "A plugin serves no event source that there is",
    remedy: "Load a plugin that is a source for it, or leave it out of load_plugins.",
  },
  PLUGIN_FAILED: {
    title: "A plugin has broken too often and was given up",
    remedy: "Look at what the log says of it before; on_failure decides what is done then.",
  },
  PLUGIN_SOURCE: {
    title: "A plugin's event source cannot be read on",
    remedy: "Check what its open_params name: the message is the plugin's.",
  },
  ADDON_MISSING: {
    title: "The native addon cannot be loaded",
    remedy: "Run npm start or npm test once: they build it.",
  },
  LIBRARY_OPEN: {
    title: "A plugin's library cannot be loaded",
    remedy: "Check the file: its format, its architecture, and the libraries that it needs itself.",
  },
  LIBRARY_SYMBOL: {
    title: "A plugin's library lacks functions",
    remedy: "It is no plugin, or was built incompletely: use another build of it.",
  },
  LIBRARY_API_VERSION: {
    title: "A plugin's library was made for another version of the plugin API",
    remedy: "Use a build for API 3.x, or for 0.3 as of Falco 0.31.",
  },
  LIBRARY_DESCRIPTION: {
    title: "What a plugin's library says of itself is not usable",
    remedy: "Report what the message says to the plugin's authors.",
  },
  LIBRARY_EVENT_SCHEMA: {
    title: "A plugin's library was made for another table of system call events",
    remedy: "Use a build of the plugin for the event schema that the message names.",
  },
  LIBRARY_INIT: {
    title: "A plugin's library could not be initialized",
    remedy: "Correct init_config as the plugin's message asks.",
  },
  LIBRARY_STATE: {
    title: "A plugin's library could not write its state to a capture",
    remedy: "See what the plugin says; the capture lacks the events that tell what was there when it began.",
  },
  LIBRARY_PROCESS: {
    title: "The process of a plugin's library cannot be started",
    remedy: "Check the limits on processes, memory and open files.",
  },
  LIBRARY_DIED: {
    title: "The process of a plugin's library has died",
    remedy: "Report it to the plugin's authors, with the signal or status that the message names.",
  },
  LIBRARY_TIMEOUT: {
    title: "A plugin's library did not answer in time",
    remedy: "Report it to the plugin's authors, or look for what it waits for.",
  },
  LIBRARY_PROTOCOL: {
    title: "A plugin's process answers what cannot be",
    remedy: "Report it to the plugin's authors: the library has written over memory that is not its own.",
  },
  BENCH_SEED: {
    title: "A capture cannot be repeated for the bench",
    remedy: "Give the bench a capture that `peregrine read` reads.",
  },
  BENCH_SPACE: { title: "No room for the bench's large capture", remedy: "Free disk space, or ask for fewer events." },
} as const satisfies Record<string, { title: string; remedy: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** A place in a file that a user can go to. Lines and columns count from 1; offset is in bytes. */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly offset?: number;
}

/** The system's short word for what went wrong, as in ENOENT; else the message. */
export function why(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
}

/** An error meant for a user: a code from the table, a sentence, a place. */
export class PeregrineError extends Error {
  override readonly name = "PeregrineError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly place: Place = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
