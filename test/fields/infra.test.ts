// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventType } from "../../src/batch/event-table.generated.js";
import { FieldBed, field, textOf } from "../support/field-bed.js";

test("events of old captures about what a container engine did", () => {
  const bed = new FieldBed();
  const of = (description: string | null): (string | null)[] => {
    const params = { source: "docker", name: "Container Event", description, scope: "" };
    const e = bed.event({ type: EventType.INFRASTRUCTURE_EVENT_E, params });
    return ["name", "container.id", "container.name", "container.image"].map((name) =>
      textOf(`evt.infra.docker.${name}`, e),
    );
  };
  assert.deepEqual(of("Event:start; ID:0123456789abcdef; name:web; Image:nginx"), [
    "start",
    "0123456789ab",
    "web",
    "nginx",
  ]);
  assert.deepEqual(of("Image: repo/app@sha256:aa ;Event:  die "), ["die", null, null, "repo/app"]);
  assert.deepEqual(of("Image:sha256:bbcc"), [null, null, null, "sha256:bbcc"]);
  // A tag stands behind another colon and is left out.
  assert.deepEqual(of("Image:nginx:1.25"), [null, null, null, "nginx"]);
  assert.deepEqual(of("Event; ID:"), [null, "", null, null]);
  assert.deepEqual(of(""), [null, null, null, null]);
  assert.deepEqual(of(null), [null, null, null, null]);
  const other = bed.event({ type: EventType.SYSCALL_CLOSE_X });
  assert.equal(textOf("evt.infra.docker.name", other), null);
  assert.equal(field("evt.infra.docker.name").base, "evt.infra.docker.name");
});
