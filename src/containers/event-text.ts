// SPDX-License-Identifier: Apache-2.0

import type { ContainerMetadata } from "./metadata.js";

/**
 * The text of the event `container` by which metadata reaches the state stage: the same JSON that captures carry, so that
 * what was looked up live reads back from a capture.
 * @param id the key under which threads carry it, container.id
 */
export function containerEventText(id: string, type: string, of: ContainerMetadata): string {
  return JSON.stringify({
    container: {
      id,
      full_id: of.fullId,
      type,
      name: of.name,
      image: of.image,
      imageid: of.imageId,
      imagerepo: of.repository,
      imagetag: of.tag,
      imagedigest: of.digest,
      ip: of.ip,
      cni_json: of.cni,
      pod_sandbox_id: of.sandboxId,
      privileged: of.privileged,
      host_pid: of.hostPid,
      host_network: of.hostNetwork,
      host_ipc: of.hostIpc,
      labels: of.labels,
      pod_sandbox_labels: of.sandboxLabels,
      Mounts: of.mounts?.map(({ source, destination, mode, writable, propagation }) => ({
        Source: source,
        Destination: destination,
        Mode: mode,
        RW: writable,
        Propagation: propagation,
      })),
    },
  });
}
