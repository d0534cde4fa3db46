// SPDX-License-Identifier: Apache-2.0

/** A file system that a container has from outside. */
export interface ContainerMount {
  readonly source: string;
  readonly destination: string;
  readonly mode: string;
  readonly writable: boolean;
  readonly propagation: string;
}

/** What an engine tells of a container. What it does not tell is left out. */
export interface ContainerMetadata {
  readonly fullId: string;
  readonly name: string;
  /** As the engine names it; repository, tag and digest are its parts. */
  readonly image?: string;
  readonly imageId?: string;
  readonly repository?: string;
  readonly tag?: string;
  readonly digest?: string;
  readonly ip?: string;
  readonly cni?: string;
  readonly sandboxId?: string;
  readonly privileged?: boolean;
  readonly hostPid?: boolean;
  readonly hostNetwork?: boolean;
  readonly hostIpc?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  readonly sandboxLabels?: Readonly<Record<string, string>>;
  readonly mounts?: readonly ContainerMount[];
}
