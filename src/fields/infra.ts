// SPDX-License-Identifier: Apache-2.0

import { EVENTS, EventType } from "../batch/event-table.generated.js";
import { type Binders, dictionaryText, keyed, plain } from "./reading.js";

/*
 * Old captures tell what a container engine did by events of their own. The description is a list of `name:value`,
 * separated by semicolons: `Event:start; ID:0123...; name:web; Image:nginx`.
 */

const DESCRIPTION = 2;
const DESCRIPTION_WORD = EVENTS[EventType.INFRASTRUCTURE_EVENT_E]?.params[DESCRIPTION]?.word ?? 0;
/** Length of a short container id. */
const SHORT_ID = 12;

/** The element of the description that starts with `name`, behind its first colon up to the next one; null for none. */
function element(description: string, name: string): string | null {
  const found = description
    .split(";")
    .map((part) => part.trim())
    .find((part) => part.startsWith(name));
  return found?.split(":")[1] ?? null;
}

/** A digest that stands for an image's name keeps its `sha256:`; behind a name it is dropped. */
function image(description: string): string | null {
  const value = element(description, "Image");
  if (value === null) return null;
  const at = value.indexOf("@");
  if (at >= 0) return value.slice(0, at).trim();
  if (!value.includes("sha256")) return value.trim();
  const whole = description
    .split(";")
    .map((part) => part.trim())
    .find((part) => part.startsWith("Image"));
  return (whole ?? "").slice((whole ?? "").indexOf(":") + 1).trim();
}

const ofDescription = (pick: (description: string) => string | null): ReturnType<typeof plain> =>
  plain(
    keyed(
      (e) =>
        e.type === EventType.INFRASTRUCTURE_EVENT_E && e.has(DESCRIPTION)
          ? (e.words[e.o + DESCRIPTION_WORD] as number)
          : -1,
      (key, e) => pick(dictionaryText(key, e)),
    ),
    { demand: (type) => (type === EventType.INFRASTRUCTURE_EVENT_E ? 1 << DESCRIPTION : 0) },
  );

/** What container engines did, as old captures tell it. */
export const INFRA_FIELDS: Binders = {
  "evt.infra.docker.name": ofDescription((text) => element(text, "Event")?.trim() ?? null),
  "evt.infra.docker.container.id": ofDescription((text) => element(text, "ID")?.trim().slice(0, SHORT_ID) ?? null),
  "evt.infra.docker.container.name": ofDescription((text) => element(text, "name")?.trim() ?? null),
  "evt.infra.docker.container.image": ofDescription(image),
};
