// SPDX-License-Identifier: Apache-2.0

import type { Strings } from "./strings.js";

/*
 * Which container a process is in is told by the paths of its control groups: each engine names them its own way. The
 * first entry that any engine accepts decides; engines are asked in a fixed order.
 */

const ID = "([0-9a-f]{64})";

interface Engine {
  /** Finds the container's name or 64-digit id in a path. */
  readonly match: (path: string) => string | null;
}

function byPattern(...patterns: readonly RegExp[]): Engine {
  return {
    match(path) {
      for (const pattern of patterns) {
        const found = pattern.exec(path)?.[1];
        if (found !== undefined) return found;
      }
      return null;
    },
  };
}

const ENGINES: readonly Engine[] = [
  // podman, also rootless below user slices
  byPattern(new RegExp(`/libpod-${ID}(?:\\.scope(?:/container)?)?$`), new RegExp(`/libpod-payload-${ID}$`)),
  // docker
  byPattern(new RegExp(`/${ID}$`), new RegExp(`/docker-${ID}\\.scope$`)),
  // cri
  byPattern(
    new RegExp(`/(?:crio-)?${ID}$`),
    new RegExp(`:cri-containerd:${ID}$`),
    new RegExp(`/(?:cri-containerd|crio|docker|nerdctl)-${ID}\\.scope$`),
  ),
  // containerd
  { match: containerd },
  // lxc
  byPattern(/\/lxc\/([^/]+)/, /\/lxc\.payload[/.]([^/]+)/),
  // libvirt-lxc
  byPattern(/([^/]+)\.libvirt-lxc/, /([^/]+?)-lxc\\x2d/, /\/libvirt\/lxc\/([^/]+)/),
  // bpm
  byPattern(/\/bpm-([^/]+)/),
];

/** containerd: exactly `/<namespace>/<name>`, the name at most 64 characters and no systemd unit. */
function containerd(path: string): string | null {
  const found = /^\/([^/]+)\/([^/]{1,64})$/.exec(path);
  const name = found?.[2];
  if (name === undefined || /\.(?:service|slice|scope)$/.test(name)) return null;
  return name;
}

/**
 * The container's id for `container.id` from control groups given as `subsystem=path`, NUL separated: 64-digit ids cut to
 * their first 12 characters, "host" where no engine knows the paths. All of it is binary strings.
 */
export function containerId(cgroups: string): string {
  for (const entry of cgroups.split("\0")) {
    const path = entry.slice(entry.indexOf("=") + 1);
    if (path === "" || path === "/") continue;
    for (const engine of ENGINES) {
      const id = engine.match(path);
      if (id !== null) return /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id;
    }
  }
  return "host";
}

/** The same by dictionary ids; process trees have few distinct control groups, so each is looked at once. */
export class ContainerIds {
  private readonly known = new Map<number, number>();

  constructor(private readonly strings: Strings) {}

  /** Id of the container's id for control groups `cgroups` (0: none are known). */
  of(cgroups: number): number {
    if (cgroups === 0) return this.strings.host;
    const known = this.known.get(cgroups);
    if (known !== undefined) return known;
    const id = this.strings.interner.intern(containerId(this.strings.text(cgroups)));
    if (this.known.size >= 4096) this.known.clear();
    this.known.set(cgroups, id);
    return id;
  }

  forget(): void {
    this.known.clear();
  }
}
