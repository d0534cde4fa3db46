// SPDX-License-Identifier: Apache-2.0

import { annexWords, askAnnex, noAnnex } from "../../src/batch/annex.js";
import { EVENTS } from "../../src/batch/event-table.generated.js";
import { createMemory } from "../../src/batch/memory.js";
import type { Demand } from "../../src/batch/plan.js";
import { RingLayout, SlotWord } from "../../src/batch/ring.js";
import { createInterner, ScapSource } from "../../src/capture/scap.js";
import { FillResult, type SectionHeader } from "../../src/capture/source.js";
import type { Field } from "../../src/fields/field.js";
import { EventView, type SourceInfo } from "../../src/fields/view.js";
import { makePlan, StateStage } from "../../src/state/stage.js";

/** What a section's header says of the source. */
export function sourceInfo(header: SectionHeader): SourceInfo {
  return {
    name: "syscall",
    hostname: header.machine?.hostname ?? "",
    bootTime: header.machine?.bootTime ?? 0n,
    addresses: new Set(header.interfaces.map((entry) => Buffer.from(entry.address).toString("latin1"))),
  };
}

/**
 * Reads a capture in this thread, batch by batch, with only the parameters decoded that `fields` ask for, and shows each
 * event to `visit`.
 */
export function replayFields(
  path: string,
  fields: readonly Field[],
  visit: (e: EventView) => void,
  hostRoot: string | null = null,
): void {
  const demand: Demand = [];
  for (const event of EVENTS) {
    demand[event.id] = 0;
    for (const field of fields) field.demand(event.id, demand);
  }
  const annex = noAnnex();
  for (const field of fields) if (field.annex !== undefined) askAnnex(annex, field.annex.parts, field.annex.fd);
  const plan = makePlan(demand, annex.parts);
  const memory = createMemory();
  const interner = createInterner(memory);
  const source = new ScapSource({ path, memory, interner, plan, annexWords: annexWords(annex) });
  const stage = new StateStage({ memory, interner, plan, hostRoot, annex });
  const layout = new RingLayout(memory.shape.ring);
  let header = source.open();
  stage.begin(header, 0);
  const view = new EventView(memory, sourceInfo(header));
  const base = layout.slotWord(0);
  for (;;) {
    const result = source.fill(0);
    stage.apply(0);
    view.begin(base);
    const count = view.words[base + SlotWord.WANTED] as number;
    for (let i = 0; i < count; i++) {
      view.at(view.words[base + layout.wantedWord + i] as number);
      visit(view);
    }
    if (result === FillResult.SECTION) {
      header = source.section();
      stage.begin(header, view.floats[(base + SlotWord.LAST) / 2] as number);
      view.source = sourceInfo(header);
    } else if (result !== FillResult.MORE) break;
    stage.settle(view.floats[(base + SlotWord.LAST) / 2] as number);
  }
  source.close();
}
