// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { containerEventText } from "./event-text.js";
import type { ContainerMetadata } from "./metadata.js";
import { imageParts, metadataOf, objectOf, parsed, textOf } from "./oci.js";

/*
 * What container engines keep of their containers in files, found by the container's id. No engine is asked, so the answer is
 * there before the first program of the container runs; and no socket is needed through which one could do more than ask.
 */

/** containerd's: a folder for each of its namespaces, a folder for each container in it. */
const CONTAINERD = "run/containerd/io.containerd.runtime.v2.task";
/** podman's and cri-o's. */
const STORAGE = ["run/containers/storage/overlay-containers", "var/lib/containers/storage/overlay-containers"];
const DOCKER = "var/lib/docker/containers";
/** Namespace of containerd in which docker keeps its containers. */
const MOBY = "moby";
/** A file that is larger says nothing. */
const MOST_BYTES = 4 * 1024 * 1024;

interface Found {
  readonly type: string;
  readonly metadata: ContainerMetadata;
}

/**
 * What is known of a container, as the text of the event that tells of it.
 * @param id as container.id shows it
 * @param cgroups control groups that it was told from; they have all 64 digits of a shortened id
 * @param root of the host's files
 * @returns "" where nothing is known
 */
export function describeContainer(id: string, cgroups: string, root = "/"): string {
  const fullId = fullIdOf(id, cgroups);
  // A name out of a path is not to lead anywhere else.
  if (fullId === "" || fullId.includes("/") || fullId.startsWith(".")) return "";
  const found = inContainerd(fullId, root) ?? inStorage(fullId, root);
  return found === null ? "" : containerEventText(id, found.type, found.metadata);
}

/** The 64 digits that begin with `id`; `id` where it is a name. */
function fullIdOf(id: string, cgroups: string): string {
  const digits = cgroups.match(/[0-9a-fA-F]{64}/g) ?? [];
  return digits.find((each) => each.startsWith(id)) ?? id;
}

function inContainerd(fullId: string, root: string): Found | null {
  for (const namespace of foldersIn(join(root, CONTAINERD))) {
    const config = readJson(join(root, CONTAINERD, namespace, fullId, "config.json"));
    if (config === undefined) continue;
    const metadata = metadataOf(fullId, config);
    return namespace === MOBY
      ? { type: "docker", metadata: { ...metadata, ...ofDocker(fullId, root) } }
      : { type: "containerd", metadata };
  }
  return null;
}

/** What docker notes beside the bundle. */
function ofDocker(fullId: string, root: string): Partial<ContainerMetadata> {
  const folder = join(root, DOCKER, fullId);
  const own = objectOf(readJson(join(folder, "config.v2.json")));
  const host = objectOf(readJson(join(folder, "hostconfig.json")));
  const image = textOf(objectOf(own["Config"])["Image"]);
  const name = textOf(own["Name"])?.replace(/^\//, "");
  const imageId = textOf(own["Image"])?.replace(/^sha256:/, "");
  return {
    ...(image === undefined ? {} : imageParts(image)),
    ...(name === undefined ? {} : { name }),
    ...(imageId === undefined ? {} : { imageId }),
    ...(typeof host["Privileged"] === "boolean" ? { privileged: host["Privileged"] } : {}),
  };
}

function inStorage(fullId: string, root: string): Found | null {
  for (const storage of STORAGE) {
    const config = readJson(join(root, storage, fullId, "userdata", "config.json"));
    if (config === undefined) continue;
    const manager = objectOf(objectOf(config)["annotations"])["io.container.manager"];
    const metadata = metadataOf(fullId, config, ofStorage(fullId, join(root, storage)));
    return { type: manager === "cri-o" ? "cri-o" : "podman", metadata };
  }
  return null;
}

/** What podman's storage notes of a container beside its bundle: podman's bundles name no image. */
function ofStorage(fullId: string, storage: string): Partial<ContainerMetadata> {
  for (const list of ["containers.json", "volatile-containers.json"]) {
    const all = readJson(join(storage, list));
    const entry = (Array.isArray(all) ? all : []).map(objectOf).find(({ id }) => id === fullId);
    if (entry === undefined) continue;
    const metadata = objectOf(parsed(textOf(entry["metadata"])));
    const [image, imageId, name] = ["image-name", "image-id", "name"].map((key) => textOf(metadata[key]));
    return {
      ...(image === undefined ? {} : imageParts(image)),
      ...(imageId === undefined ? {} : { imageId }),
      ...(name === undefined ? {} : { name }),
    };
  }
  return {};
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** A file's JSON; undefined where it cannot be read. */
function readJson(path: string): unknown {
  try {
    return statSync(path).size > MOST_BYTES ? undefined : parsed(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
