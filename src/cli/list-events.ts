// SPDX-License-Identifier: Apache-2.0

import { EVENT_SECTIONS, type ListedEvent, listedEvents, paramFlags, paramType } from "../rules/event-list.js";
import { Exit, type RunFlags } from "./context.js";
import { sortedJson } from "./json.js";
import { print } from "./print.js";

/** `peregrine --list-events`: the events of today's schema with their parameters. @returns the exit status */
export function listEvents({ format = "text" }: RunFlags): number {
  const events = listedEvents();
  if (format === "json") print(`${sortedJson({ events: events.map(jsonOf) })}\n`);
  else print(sections(events, format === "markdown" ? markdownOf : textOf));
  return Exit.OK;
}

function paramText(param: ListedEvent["info"]["params"][number]): string {
  const flags = paramFlags(param);
  return `${paramType(param)} **${param.name}**${flags.length === 0 ? "" : `: ${flags.join(", ")}`}`;
}

function sections(events: readonly ListedEvent[], show: (events: readonly ListedEvent[]) => string[]): string {
  return EVENT_SECTIONS.flatMap((section) => [
    `## ${section}`,
    "",
    ...show(events.filter((event) => event.section === section)),
    "",
  ])
    .map((line) => `${line}\n`)
    .join("");
}

function textOf(events: readonly ListedEvent[]): string[] {
  return events.map(({ name, info }) => `${info.exit ? "<" : ">"} ${name}(${info.params.map(paramText).join(", ")})`);
}

function markdownOf(events: readonly ListedEvent[]): string[] {
  const rows = events.map(
    ({ name, info }) => `\`${info.exit ? "<" : ">"}\` | \`${name}\` | ${info.params.map(paramText).join(", ")}`,
  );
  return ["Dir | Name | Params", ":---|:-----|:------", ...rows];
}

function jsonOf({ name, section, info }: ListedEvent): object {
  return {
    name,
    direction: info.exit ? "exit" : "enter",
    kind: section,
    category: info.category,
    params: info.params.map((param) => ({ name: param.name, type: paramType(param), flags: paramFlags(param) })),
  };
}
