// SPDX-License-Identifier: Apache-2.0

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { Lookups } from "../config/config.js";
import type { Threads } from "../engine/threads.js";
import { type Plugin, parsePlugin } from "../rules/assumed-plugin.js";
import { suggest } from "../rules/suggest.js";
import { PeregrineError } from "../telemetry/errors.js";
import { Log } from "../telemetry/log.js";
import { benchCommand } from "./bench.js";
import { type CaptureFlags, type Context, Exit, type ReadFlags, type RunFlags } from "./context.js";
import { refused } from "./falco-options.js";
import { defaultWorkers } from "./host.js";
import { pluginCommand } from "./plugin.js";
import { versionText } from "./version.js";

const EXAMPLES = `
Examples:
  peregrine                                    watch this machine with the default rules (as root)
  peregrine -r local.yaml --low-latency
  peregrine -e capture.scap
  peregrine -r falco_rules.yaml -e capture.scap
  peregrine -r rules.d -r local.yaml -e capture.scap -o json_output=false -o priority=notice
  peregrine -V local_rules.yaml -o json_output=true
  peregrine read capture.scap --filter 'evt.type=execve' --fields evt.num,proc.name,proc.cmdline
  peregrine read capture.scap --json --fields evt.num,fd.name
  peregrine read --live --filter 'evt.type=connect' --fields proc.name,fd.name
  peregrine capture -w host.scap.gz --filter 'proc.name=nginx' -M 60
  peregrine read capture.scap -w small.scap.gz --filter 'proc.name=nginx'
  peregrine read events.scap --plugin cloudtrail --fields evt.num,ct.name,ct.user

SIGHUP, and changes of rules files while this machine is watched, load the rules again.
Alerts go to stdout, the log and the summary to stderr. Exit status: 0 at the end of the
capture and after SIGINT or SIGTERM, 1 for any error, 2 for arguments that cannot be parsed.`;

function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}

/** -V may stand in front of another option, with its files behind that one: this is then its value. */
const ELSEWHERE = "files behind other options";

function validated(file: string, files: string[] = []): string[] {
  return file === ELSEWHERE ? files : [...files, file];
}

/** An option whose second mention would silently take the place of the first. */
function once(value: string, previous?: string): string {
  if (previous !== undefined) throw new InvalidArgumentError("It can be given once.");
  return value;
}

/** A capture's path; `-` is standard input. */
function captureFile(value: string, previous?: string): string {
  return once(value === "-" ? "/dev/stdin" : value, previous);
}

function workerCount(value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1 || count > 256) {
    throw new InvalidArgumentError("Give a whole number from 1 to 256.");
  }
  return count;
}

function positive(value: string): number {
  const number = Number(value);
  if (!(number > 0)) throw new InvalidArgumentError("Give a number greater than 0.");
  return number;
}

/** Timers go no further than this. */
const MOST_SECONDS = 2_147_483;

function seconds(value: string): number {
  const number = positive(value);
  if (number > MOST_SECONDS) throw new InvalidArgumentError(`Give at most ${MOST_SECONDS}.`);
  return number;
}

function option(value: string, previous: string[] = []): string[] {
  if (value.indexOf("=") <= 0) throw new InvalidArgumentError("Must be of the form key=val or key.subkey=val.");
  return [...previous, value];
}

function assumedPlugin(value: string, previous: Plugin[] = []): Plugin[] {
  const plugin = parsePlugin(value);
  if (plugin === null) throw new InvalidArgumentError("Must be of the form name:1.2.3:source or name:1.2.3.");
  return [...previous, plugin];
}

const LOOKUPS = ["users", "services", "none"];

function lookups(value: string): Lookups {
  const asked = value.split(",");
  if (asked.some((each) => !LOOKUPS.includes(each)) || (asked.includes("none") && asked.length > 1)) {
    throw new InvalidArgumentError("Give users, services or both separated by a comma, or none.");
  }
  return { users: asked.includes("users"), services: asked.includes("services"), containers: true };
}

function workersOption(): Option {
  return new Option("--workers <n>", "threads that evaluate rules (default: one less than there are cores)").argParser(
    workerCount,
  );
}

/** Starts the engine's threads first of all: they load what they need while the rules are being read. */
async function withThreads(workers: number | undefined, work: (threads: Threads) => Promise<number>): Promise<number> {
  const { startThreads } = await import("../engine/threads.js");
  const threads = startThreads(workers ?? defaultWorkers());
  try {
    return await work(threads);
  } finally {
    await threads.close();
  }
}

/** Runs the command with `args`; sets the process's exit code. Resolves when everything is written. */
export async function main(args: readonly string[]): Promise<void> {
  const log = new Log();
  process.exitCode = await run(args, { log }).catch((error: unknown) => report(error, log));
  await log.flush();
}

async function run(args: readonly string[], context: Context): Promise<number> {
  let status: number = Exit.OK;
  const program = buildProgram(context, (code) => {
    status = code;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const told = refused(error.message);
    if (told !== null) throw new PeregrineError("OPTION_UNSUPPORTED", told);
    return error.exitCode === 0 ? Exit.OK : Exit.USAGE;
  }
  return status;
}

/** The command line, with what its parts do. `done` is given the exit status. */
export function buildProgram(context: Context, done: (status: number) => void): Command {
  const program = new Command("peregrine")
    .description("Runtime security engine: evaluates Falco rules on the system calls of this machine, or of a capture.")
    .exitOverride()
    .enablePositionalOptions()
    .version(versionText(), "--version", "print the versions of the engine and of what it reads")
    .option(
      "-r, --rules <path>",
      "rules file or folder of rules files, in place of the default rules; may be repeated",
      collect,
    )
    .option(
      "-e, --capture <file>",
      "capture file (.scap, plain or gzip) to evaluate, - for standard input; without one this machine is watched",
      captureFile,
    )
    .option("--low-latency", "when watching this machine: alerts within a millisecond, at a price for busy programs")
    .option("--plain-tracepoints", "when watching this machine: as if the kernel described no types of its tracepoints")
    .option(
      "-w, --write <file>",
      "record what the rules see of this machine, and events of plugins, to a capture; gzip if it ends in .gz",
    )
    .option("--gzip", "with -w: compress")
    .option("-c, --config <file>", "configuration file (falco.yaml)", once)
    .option("-o, --option <key=value>", "set a configuration key, as in -o priority=notice; may be repeated", option)
    .addOption(new Option("--or-example", "replay an example where this machine cannot be watched").hideHelp())
    .addOption(workersOption())
    .addOption(new Option("--debug-timing", "print what start-up and each stage took").hideHelp())
    .addOption(
      new Option("-V, --validate [file...]", "check rules files and exit; later files add to earlier ones")
        .preset(ELSEWHERE)
        .argParser(validated),
    )
    .addOption(
      new Option(
        "--assume-plugin <name:version:source>",
        "with -V, -L, -l: check rules as if the plugin were loaded",
      ).argParser(assumedPlugin),
    )
    .option("-L, --describe", "show all rules and exit; everything about them with -o json_output=true")
    .option("-l, --describe-rule <rule>", "show one rule and exit")
    .option("--list [source]", "list the fields, of one event source or of all, and exit")
    .option("--list-plugins", "list the plugins that the configuration loads, and exit")
    .option("--plugin-info <plugin>", "what a plugin takes as configuration and what it suggests to open, and exit")
    .option("--enable-source <source>", "read this event source and no other; may be repeated", collect)
    .option("--disable-source <source>", "do not read this event source; may be repeated", collect)
    .option("--list-events", "list the events and their parameters, and exit")
    .addOption(new Option("--format <format>", "with --list, --list-events: how").choices(["text", "markdown", "json"]))
    .option("-N, --names", "with --list: names alone")
    .option("-v, --verbose", "with --list: also what is hidden or deprecated, and what each field takes")
    .option("--rule-schema", "print the JSON schema of rules files and exit")
    .option("--dry-run", "load everything and exit: nothing is watched, and no output is opened")
    .option("-M, --seconds <n>", "without a capture: end after so many seconds", seconds)
    .option("-P, --pidfile <file>", "write the number of this process to a file while it runs")
    .option("-U, --unbuffered", "write each alert at once, whatever the configuration says")
    .option("-p, --print <text>", "deprecated: put this text behind the output of every rule")
    .option("-T, --disable-tag <tag>", "deprecated: do not run rules with this tag; may be repeated", collect)
    .option("-t, --only-tag <tag>", "deprecated: run only rules with this tag; may be repeated", collect)
    .option(
      "-D, --disable-text <text>",
      "deprecated: do not run rules with this in their names; may be repeated",
      collect,
    )
    .configureOutput({
      outputError: (text, write) => {
        if (refused(text) === null) write(text);
      },
    })
    .addHelpText("after", EXAMPLES)
    .action(async (given: RunFlags, command: Command) => {
      const flags =
        given.validate === undefined ? given : { ...given, validate: filesToValidate(command, given.validate) };
      if (given.validate === undefined) refuseArguments(command);
      const { answer } = await import("./answer.js");
      const status = await answer(flags, context);
      if (status !== null) return done(status);
      done(
        await withThreads(flags.workers, async (threads) => {
          const { runRules } = await import("./run.js");
          return runRules(flags, context, threads);
        }),
      );
    });
  program
    .command("read")
    .description("print the events of a capture or of this machine, one line each, or write them to another capture")
    .argument("[capture]", "capture file (.scap, plain or gzip), - for standard input", captureFile)
    .option("-c, --config <file>", "configuration file (falco.yaml) whose plugins are loaded", once)
    .option("-o, --option <key=value>", "set a configuration key; may be repeated", option)
    .option("--plugin <plugin>", "load this plugin: a name, a path or a package; may be repeated", collect)
    .option("--live", "print the system calls of this machine as they come")
    .option("--low-latency", "with --live: print them at once, at a price for busy programs")
    .option("--plain-tracepoints", "with --live: as if the kernel described no types of its tracepoints")
    .option("--filter <condition>", "only events on which the condition holds")
    .option("--fields <list>", "print these fields, separated by commas; tabs between them in the output")
    .option("--output <template>", "print this text with %fields in it; begin it with * to show events without a value")
    .option("--json", "print a JSON object for each event, null for fields without a value")
    .addOption(
      new Option("--lookup <list>", "ask this machine for names of: users, services, none (default: users)").argParser(
        lookups,
      ),
    )
    .option("-w, --write <file>", "write the events to a new capture; nothing is printed without --fields or --json")
    .addOption(
      new Option("--schema <version>", "with -w: today's events, or those of Falco 0.31 for older tools").choices([
        "current",
        "0.31",
      ]),
    )
    .option("--gzip", "with -w: compress; without it if the name ends in .gz")
    .option("--keep-state", "with -w and --filter: also write what changes processes and files, marked as hidden")
    .addOption(workersOption())
    .addOption(new Option("--debug-timing", "print what start-up and each stage took").hideHelp())
    .action(async (capture: string | undefined, flags: ReadFlags) => {
      const { copyWhole, needsReplay, writeOptions } = await import("./write-capture.js");
      const write = capture === undefined ? null : writeOptions(capture, flags);
      if (write !== null && !needsReplay(flags)) return done(await copyWhole(write, context));
      done(
        await withThreads(flags.workers, async (threads) => {
          const { readEvents } = await import("./read.js");
          return readEvents(capture ?? null, flags, context, threads, write);
        }),
      );
    });
  program
    .command("capture")
    .description("record the system calls of this machine, or the events of plugins, to a capture")
    .requiredOption("-w, --write <file>", "the capture to write; gzip if its name ends in .gz")
    .option("-c, --config <file>", "configuration file (falco.yaml): record the sources of its plugins instead", once)
    .option("-o, --option <key=value>", "set a configuration key; may be repeated", option)
    .option("--enable-source <source>", "record this event source and no other; may be repeated", collect)
    .option("--disable-source <source>", "do not record this event source; may be repeated", collect)
    .option("--gzip", "compress")
    .option(
      "--filter <condition>",
      "only events on which the condition holds, and those that tell of processes and files",
    )
    .option("-M, --seconds <n>", "end after so many seconds", positive)
    .option("--megabytes <n>", "end before the file is larger than this", positive)
    .action(async (flags: CaptureFlags) => {
      done(
        await withThreads(1, async (threads) => {
          const { recordCapture } = await import("./capture.js");
          return recordCapture(flags, context, threads);
        }),
      );
    });
  benchCommand(program, done);
  pluginCommand(program, done);
  // Last, because commands take over what is set before them.
  return program.helpCommand("help [command]", "show all options, of a command if one is named").allowExcessArguments();
}

/** What is neither an option nor its value was meant as a command, or an option was left out in front of it. */
function refuseArguments(program: Command): void {
  const [word] = program.args;
  if (word === undefined) return;
  const kind = Object.keys(program.opts()).length === 0 ? "unknown command" : "unexpected argument";
  const hint = suggest(word, [...program.commands.map((command) => command.name()), "help"]);
  program.error(`error: ${kind} '${word}'${hint === null ? "" : `: ${hint}`}`);
}

/** The files of -V, and those that other options stand in front of. */
function filesToValidate(program: Command, files: readonly string[]): string[] {
  const all = [...files, ...program.args];
  if (all.length === 0) program.error("error: option '-V, --validate <file...>' argument missing");
  return all;
}

/** Tells an error that ended the command. @returns the exit status */
function report(error: unknown, log: Log): number {
  if (error instanceof PeregrineError) {
    log.error(error.message, { code: error.code, ...error.place });
    return error.code === "OPTION_SYNTAX" || error.code === "OPTION_UNSUPPORTED" ? Exit.USAGE : Exit.FAILED;
  }
  log.error(error instanceof Error ? error.message : String(error), {
    stack: error instanceof Error ? error.stack : undefined,
  });
  return Exit.FAILED;
}
