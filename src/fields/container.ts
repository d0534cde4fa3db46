// SPDX-License-Identifier: Apache-2.0

import { type Dictionary, EMPTY } from "../batch/dictionary.js";
import { EventType } from "../batch/event-table.generated.js";
import { ContainerWord, Lookup } from "../batch/lookup.js";
import { ExtraWord, ROW_WORDS, RowWord } from "../batch/process-rows.js";
import { RecordWord } from "../batch/record.js";
import type { CatalogEntry } from "./catalog.js";
import { type ContainerInfo, HOST, labelsText, type Mount, mountText, parseContainer } from "./container-info.js";
import { mountPicker } from "./mounts.js";
import {
  type Argument,
  type Binder,
  type Binders,
  bool,
  interned,
  keyed,
  number,
  plain,
  type Reading,
  retired,
  wide,
} from "./reading.js";
import { big64 } from "./render/number.js";
import { extraOf } from "./rows.js";
import { isZero, timeDifference } from "./time.js";
import type { EventView } from "./view.js";

/*
 * What is known of a container is the JSON that an event carried; its dictionary id is the key of all fields of it. The host
 * is the key 1 (the empty string, which is no JSON), a container that nothing was told of has no key: all absent but its id.
 */
const HOST_KEY = EMPTY;

/** Parsed metadata by the JSON's dictionary id. */
class Containers {
  private readonly byId = new Map<number, ContainerInfo | null>();
  private generation = -1;
  private dictionary: Dictionary | null = null;
  private hostId = 0;

  of(key: number, e: EventView): ContainerInfo | null {
    this.renew(e);
    if (key === HOST_KEY) return HOST;
    let info = this.byId.get(key);
    if (info === undefined) {
      info = parseContainer(e.dictionary.text(key));
      this.byId.set(key, info);
    }
    return info;
  }

  /** Whether `id` is the text that stands for everything outside of containers. */
  isHost(e: EventView, id: number): boolean {
    this.renew(e);
    if (id === this.hostId) return true;
    if (this.hostId !== 0 || e.dictionary.length(id) !== HOST.id.length || e.dictionary.text(id) !== HOST.id)
      return false;
    this.hostId = id;
    return true;
  }

  private renew(e: EventView): void {
    if (this.generation === e.generation && this.dictionary === e.dictionary) return;
    this.generation = e.generation;
    this.dictionary = e.dictionary;
    this.byId.clear();
    this.hostId = 0;
  }
}

const containers = new Containers();

/** Dictionary id of the id of the container that the event's thread runs in; 0 where it is not known. */
function idOf(e: EventView): number {
  return e.rows[e.row * ROW_WORDS + RowWord.CONTAINER] as number;
}

/** Key of the container's metadata, -1 where nothing is known. */
function infoKey(e: EventView): number {
  if (e.type === EventType.CONTAINER_JSON_2_E && e.has(0)) return e.words[e.o + RecordWord.HEADER] as number;
  const id = idOf(e);
  if (id <= EMPTY) return -1;
  if (containers.isHost(e, id)) return HOST_KEY;
  const at = e.containers.find(id, 0, e.number);
  const json = at === 0 ? 0 : (e.containers.words[at + ContainerWord.JSON] as number);
  return json > EMPTY ? json : -1;
}

/** The container's address is not known. */
const UNKNOWN_ADDRESS = -1;

const addresses = new Map<string, number>();

/** Dotted text as a number of 32 bits; UNKNOWN_ADDRESS for other text. Few distinct ones are ever asked for. */
function parseAddress(text: string): number {
  const known = addresses.get(text);
  if (known !== undefined) return known;
  const parts = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) ? text.split(".").map(Number) : [];
  const value = parts.length === 4 ? parts.reduce((sum, part) => sum * 256 + part, 0) : UNKNOWN_ADDRESS;
  if (addresses.size < 4096) addresses.set(text, value);
  return value;
}

/** Whether the event's thread runs in a container: the host is none. */
export function isContained(e: EventView): boolean {
  const id = e.row === 0 ? 0 : idOf(e);
  return id > EMPTY && !containers.isHost(e, id);
}

/** IPv4 address of what an entry of the containers' table tells of; UNKNOWN_ADDRESS where it tells of none. */
function addressAt(e: EventView, at: number): number {
  const json = at === 0 ? 0 : (e.containers.words[at + ContainerWord.JSON] as number);
  const info = json > EMPTY ? containers.of(json, e) : null;
  return info === null ? UNKNOWN_ADDRESS : parseAddress(info.ip);
}

/** What is known of an IPv4 address where a thread in a container is asked: */
export const ContainerAddress = { LOCAL: 1, FOREIGN: 0, ASK_MACHINE: -1 } as const;

/**
 * Whether an IPv4 address is local to the event's thread, which runs in a container: its own container's is, and where that
 * is known the machine's are too. Where it is not known, those of all other containers are, and no more: of the containers
 * of a pod often one alone has the pod's address.
 */
export function containerHas(e: EventView, address: number): number {
  const own = addressAt(e, e.containers.find(idOf(e), 0, e.number));
  if (own === address) return ContainerAddress.LOCAL;
  if (own !== UNKNOWN_ADDRESS) return ContainerAddress.ASK_MACHINE;
  for (let entry = e.containers.count; entry > 0; entry--) {
    const at = Lookup.valueOf(entry);
    if (addressAt(e, at) !== address) continue;
    if (e.containers.find(e.containers.keyOf(entry), 0, e.number) === at) return ContainerAddress.LOCAL;
  }
  return ContainerAddress.FOREIGN;
}

/** A container event tells of the container itself. */
const demandInfo = (type: number): number => (type === EventType.CONTAINER_JSON_2_E ? 1 : 0);

const textOf = (pick: (info: ContainerInfo) => string | null): Reading => ({
  extract: keyed(infoKey, (key, e) => {
    const info = containers.of(key, e);
    return info === null ? null : pick(info);
  }),
  demand: demandInfo,
});

const infoText = (pick: (info: ContainerInfo) => string | null): Binder => {
  const reading = textOf(pick);
  return () => reading;
};

const infoBool = (pick: (info: ContainerInfo) => boolean): Binder =>
  plain(
    bool((e) => {
      const key = infoKey(e);
      const info = key === -1 ? null : containers.of(key, e);
      return info === null ? -1 : pick(info) ? 1 : 0;
    }),
    { demand: demandInfo },
  );

const needsArgument = (entry: CatalogEntry): { error: string } => ({
  error: `filter ${entry.name} ${entry.name} requires an argument but none provided`,
});

const label =
  (labels: (info: ContainerInfo) => ReadonlyMap<string, string>): Binder =>
  (argument, entry) => {
    if (argument === null) return needsArgument(entry);
    const name = argument.text;
    return textOf((info) => labels(info).get(name) ?? null);
  };

const mount =
  (show: (mount: Mount) => string, byDestination = false): Binder =>
  (argument: Argument | null, entry) => {
    if (argument === null) return needsArgument(entry);
    const pick = mountPicker(argument, byDestination);
    if (typeof pick === "string") return { error: pick };
    return textOf((info) => {
      const found = pick(info);
      return found === undefined ? null : show(found);
    });
  };

/** Length of a short container id. */
const SHORT_ID = 12;

/** Start of the thread's pid namespace, by words of its extra row. */
function startOf(e: EventView): bigint | undefined {
  if (!isContained(e)) return undefined;
  const at = extraOf(e, e.row) + ExtraWord.PIDNS_START;
  const low = e.extras[at] as number;
  const high = e.extras[at + 1] as number;
  return isZero(low, high) ? undefined : big64(low, high, false);
}

function durationOf(e: EventView): number {
  if (!isContained(e)) return Number.NaN;
  const at = extraOf(e, e.row) + ExtraWord.PIDNS_START;
  const low = e.extras[at] as number;
  const high = e.extras[at + 1] as number;
  if (isZero(low, high)) return Number.NaN;
  const time = e.o + RecordWord.TIME;
  return timeDifference(e.words[time] as number, e.words[time + 1] as number, low, high);
}

const kubernetes = (name: string): Binder => infoText((info) => info.labels.get(name) ?? null);
const podUid = kubernetes("io.kubernetes.pod.uid");

const RETIRED_KUBERNETES: Binders = Object.fromEntries(
  ["rc.name", "rc.id", "rc.label", "rc.labels", "svc.name", "svc.id", "svc.label", "svc.labels", "ns.id", "ns.label"]
    .concat(["ns.labels", "rs.name", "rs.id", "rs.label", "rs.labels"])
    .concat(["deployment.name", "deployment.id", "deployment.label", "deployment.labels"])
    .map((name) => [`k8s.${name}`, retired]),
);

/** The container that the event's process runs in, and the pod it belongs to. */
export const CONTAINER_FIELDS: Binders = {
  "container.id": plain(
    interned((e) => {
      const id = idOf(e);
      return e.row === 0 ? -1 : id || EMPTY;
    }),
  ),
  "container.full_id": infoText((info) => info.fullId),
  "container.name": infoText((info) => info.name),
  "container.image": infoText((info) => info.image),
  "container.image.id": infoText((info) => info.imageId),
  "container.image.repository": infoText((info) => info.repository),
  "container.image.tag": infoText((info) => info.tag),
  "container.image.digest": infoText((info) => info.digest),
  "container.type": infoText((info) => info.type),
  "container.privileged": infoBool((info) => info.privileged),
  "container.host_pid": infoBool((info) => info.hostPid),
  "container.host_network": infoBool((info) => info.hostNetwork),
  "container.host_ipc": infoBool((info) => info.hostIpc),
  "container.ip": infoText((info) => info.ip),
  "container.cni.json": infoText((info) => info.cni),
  "container.mounts": infoText((info) => info.mounts.map(mountText).join(",")),
  "container.mount": mount(mountText),
  "container.mount.source": mount((found) => found.source, true),
  "container.mount.dest": mount((found) => found.destination),
  "container.mount.mode": mount((found) => found.mode),
  "container.mount.rdwr": mount((found) => String(found.writable)),
  "container.mount.propagation": mount((found) => found.propagation),
  "container.label": label((info) => info.labels),
  "container.labels": infoText((info) => labelsText(info.labels)),
  "container.start_ts": plain(wide(startOf)),
  "container.duration": plain(number(durationOf)),
  "container.healthcheck": retired,
  "container.liveness_probe": retired,
  "container.readiness_probe": retired,
  "proc.is_container_healthcheck": retired,
  "proc.is_container_liveness_probe": retired,
  "proc.is_container_readiness_probe": retired,
  "k8s.pod.name": kubernetes("io.kubernetes.pod.name"),
  "k8s.ns.name": kubernetes("io.kubernetes.pod.namespace"),
  "k8s.pod.id": podUid,
  "k8s.pod.uid": podUid,
  "k8s.pod.sandbox_id": infoText((info) => info.sandboxId.slice(0, SHORT_ID)),
  "k8s.pod.full_sandbox_id": infoText((info) => info.sandboxId),
  "k8s.pod.label": label((info) => info.sandboxLabels),
  "k8s.pod.labels": infoText((info) => labelsText(info.sandboxLabels)),
  "k8s.pod.ip": infoText((info) => info.ip),
  "k8s.pod.cni.json": infoText((info) => info.cni),
  ...RETIRED_KUBERNETES,
};
