// SPDX-License-Identifier: Apache-2.0

/** What an engine told of a container; texts are binary strings, "" where it told nothing. */
export interface ContainerInfo {
  readonly id: string;
  readonly fullId: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly type: string;
  readonly ip: string;
  readonly cni: string;
  readonly sandboxId: string;
  readonly privileged: boolean;
  readonly hostPid: boolean;
  readonly hostNetwork: boolean;
  readonly hostIpc: boolean;
  readonly labels: ReadonlyMap<string, string>;
  readonly sandboxLabels: ReadonlyMap<string, string>;
  readonly mounts: readonly Mount[];
}

export interface Mount {
  readonly source: string;
  readonly destination: string;
  readonly mode: string;
  readonly writable: boolean;
  readonly propagation: string;
}

const TYPES: Readonly<Record<number, string>> = {
  0: "docker",
  1: "lxc",
  2: "libvirt-lxc",
  3: "mesos",
  4: "rkt",
  6: "cri",
  7: "containerd",
  8: "cri-o",
  9: "bpm",
  11: "podman",
  65534: "host",
};

type Json = Readonly<Record<string, unknown>>;

function binary(value: unknown): string {
  return typeof value === "string" ? Buffer.from(value, "utf8").toString("latin1") : "";
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Labels in the order of their keys' bytes. */
function labelsOf(value: unknown): Map<string, string> {
  const labels = new Map<string, string>();
  if (!isObject(value)) return labels;
  const pairs = Object.entries(value).map(([key, text]): [string, string] => [binary(key), binary(text)]);
  for (const [key, text] of pairs.sort((a, b) => (a[0] < b[0] ? -1 : 1))) labels.set(key, text);
  return labels;
}

function mountsOf(value: unknown): Mount[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).map((mount) => ({
    source: binary(mount["Source"]),
    destination: binary(mount["Destination"]),
    mode: binary(mount["Mode"]),
    writable: mount["RW"] === true,
    propagation: binary(mount["Propagation"]),
  }));
}

function typeOf(value: unknown): string {
  return typeof value === "number" ? (TYPES[value] ?? "") : binary(value);
}

/**
 * Reads the metadata of a container, with or without the object `container` around it. Members of a wrong type count as
 * missing.
 * @returns null for what is no JSON object
 */
export function parseContainer(json: string): ContainerInfo | null {
  let parsed: unknown;
  try {
    const end = json.indexOf("\0");
    parsed = JSON.parse(Buffer.from(end < 0 ? json : json.slice(0, end), "latin1").toString("utf8"));
  } catch {
    return null;
  }
  if (!isObject(parsed)) return null;
  const inner = parsed["container"];
  const root = isObject(inner) ? inner : parsed;
  return {
    id: binary(root["id"]),
    fullId: binary(root["full_id"]),
    name: binary(root["name"]),
    image: binary(root["image"]),
    imageId: binary(root["imageid"]),
    repository: binary(root["imagerepo"]),
    tag: binary(root["imagetag"]),
    digest: binary(root["imagedigest"]),
    type: typeOf(root["type"]),
    ip: binary(root["ip"]),
    cni: binary(root["cni_json"]),
    sandboxId: binary(root["pod_sandbox_id"]),
    privileged: root["privileged"] === true,
    hostPid: root["host_pid"] === true,
    hostNetwork: root["host_network"] === true,
    hostIpc: root["host_ipc"] === true,
    labels: labelsOf(root["labels"]),
    sandboxLabels: labelsOf(root["pod_sandbox_labels"]),
    mounts: mountsOf(root["Mounts"]),
  };
}

/** `source:destination:mode:true|false:propagation`. */
export function mountText(mount: Mount): string {
  return `${mount.source}:${mount.destination}:${mount.mode}:${mount.writable}:${mount.propagation}`;
}

/** `key:value` of the labels, joined; annotations and the orchestrator's own are left out. */
export function labelsText(labels: ReadonlyMap<string, string>): string {
  const shown: string[] = [];
  for (const [key, value] of labels) {
    if (key.startsWith("annotation.") || key.startsWith("io.kubernetes.")) continue;
    shown.push(value === "" ? key : `${key}:${value}`);
  }
  return shown.join(", ");
}

/** The pseudo container that everything outside of containers runs in. */
export const HOST: ContainerInfo = {
  id: "host",
  fullId: "host",
  name: "host",
  image: "",
  imageId: "",
  repository: "",
  tag: "",
  digest: "",
  type: "host",
  ip: "",
  cni: "",
  sandboxId: "",
  privileged: false,
  hostPid: false,
  hostNetwork: false,
  hostIpc: false,
  labels: new Map(),
  sandboxLabels: new Map(),
  mounts: [],
};
