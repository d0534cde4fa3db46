// SPDX-License-Identifier: Apache-2.0

import type { ContainerMetadata, ContainerMount } from "./metadata.js";

/*
 * What the configuration of an OCI bundle (config.json) tells of a container: what the runtime was asked for, and what
 * the engine noted as annotations. Its author need not be trusted: whatever has another type than it must have is left out.
 */

type Json = Readonly<Record<string, unknown>>;

export function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The first annotation that is there. */
function noted(annotations: Json, ...keys: readonly string[]): string | undefined {
  return keys.map((key) => textOf(annotations[key])).find((text) => text !== undefined);
}

/** `config` is the parsed config.json. What it does not tell is taken from `beside`. */
export function metadataOf(
  fullId: string,
  config: unknown,
  beside: Partial<ContainerMetadata> = {},
): ContainerMetadata {
  const spec = objectOf(config);
  const annotations = objectOf(spec["annotations"]);
  const linux = objectOf(spec["linux"]);
  const shared = (type: string): boolean =>
    !listOf(linux["namespaces"]).some((each) => objectOf(each)["type"] === type);
  const name = noted(
    annotations,
    "io.kubernetes.cri.container-name",
    "io.kubernetes.container.name",
    "io.kubernetes.cri-o.Name",
    "nerdctl/name",
  );
  const image = noted(annotations, "io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName");
  const sandboxId = noted(annotations, "io.kubernetes.cri.sandbox-id", "io.kubernetes.cri-o.SandboxID");
  const labels = labelsOf(annotations);
  return {
    ...beside,
    fullId,
    name: name ?? beside.name ?? fullId.slice(0, 12),
    ...(image === undefined ? {} : imageParts(image)),
    ...(sandboxId === undefined ? {} : { sandboxId, sandboxLabels: labels }),
    privileged: isPrivileged(spec, linux),
    hostPid: shared("pid"),
    hostNetwork: shared("network"),
    hostIpc: shared("ipc"),
    labels,
    mounts: mountsOf(spec),
  };
}

/** An image's name and its parts: `repository[:tag][@digest]`. */
export function imageParts(image: string): Pick<ContainerMetadata, "image" | "repository" | "tag" | "digest"> {
  const at = image.indexOf("@");
  const named = at < 0 ? image : image.slice(0, at);
  // A colon in front of a slash belongs to the registry's port.
  const colon = named.lastIndexOf(":");
  const hasTag = colon > named.lastIndexOf("/");
  return {
    image,
    repository: hasTag ? named.slice(0, colon) : named,
    ...(hasTag ? { tag: named.slice(colon + 1) } : {}),
    ...(at < 0 ? {} : { digest: image.slice(at + 1) }),
  };
}

/**
 * No runtime is asked for "privileged": engines turn it into all devices, all capabilities and nothing that is masked. A
 * container that has these is what its name says, whoever asked for it.
 */
function isPrivileged(spec: Json, linux: Json): boolean {
  const capabilities = listOf(objectOf(objectOf(spec["process"])["capabilities"])["effective"]);
  const devices = listOf(objectOf(linux["resources"])["devices"]).map(objectOf);
  const all = devices.findLast((device) => device["type"] === undefined || device["type"] === "a");
  return (
    capabilities.includes("CAP_SYS_ADMIN") &&
    all?.["allow"] === true &&
    (all["access"] === undefined || all["access"] === "rwm") &&
    listOf(linux["maskedPaths"]).length === 0
  );
}

/** Labels of pods, which have names of their own in each engine's annotations. */
function labelsOf(annotations: Json): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [key, value] of Object.entries(objectOf(parsed(textOf(annotations["io.kubernetes.cri-o.Labels"]))))) {
    if (typeof value === "string") labels[key] = value;
  }
  const known = {
    "io.kubernetes.pod.name": ["io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"],
    "io.kubernetes.pod.namespace": ["io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"],
    "io.kubernetes.pod.uid": ["io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"],
  };
  for (const [label, keys] of Object.entries(known)) {
    const value = noted(annotations, ...keys);
    if (value !== undefined) labels[label] = value;
  }
  return labels;
}

/** Folders of the host that a container has; what every container has of its own is none. */
function mountsOf(spec: Json): ContainerMount[] {
  return listOf(spec["mounts"])
    .map(objectOf)
    .flatMap((mount) => {
      const [source, destination] = [textOf(mount["source"]), textOf(mount["destination"])];
      const options = listOf(mount["options"]).filter((option) => typeof option === "string");
      const isBound = mount["type"] === "bind" || options.some((option) => option === "bind" || option === "rbind");
      if (!isBound || source === undefined || destination === undefined) return [];
      const propagation = options.find((option) => /^r?(private|shared|slave)$/.test(option)) ?? "";
      const writable = !options.includes("ro");
      return [{ source, destination, mode: writable ? "rw" : "ro", writable, propagation }];
    });
}

/** JSON as a value; undefined of what is none. */
export function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
