// SPDX-License-Identifier: Apache-2.0

/**
 * Options that some version of Falco since 0.31 has and this command has not, with what to do instead; docs/falco-options.md
 * has a row for each.
 */
export const REFUSED: Readonly<Record<string, string>> = {
  "-A": "write -o base_syscalls.all=true",
  "-b": "leave it out: buffers are shown as text",
  "-d": "leave it out, and let the service manager keep it in the background, as deploy/peregrine.service does",
  "--daemon": "leave it out, and let the service manager keep it in the background, as deploy/peregrine.service does",
  "-F": "leave it out: there is no full-path option",
  "-i": "those that only read or write data, unless base_syscalls.all is true; --list-events shows all that there are",
  "-k": "leave it out: names of Kubernetes come with the events of containers",
  "--k8s-api": "leave it out: names of Kubernetes come with the events of containers",
  "-K": "leave it out: names of Kubernetes come with the events of containers",
  "--k8s-api-cert": "leave it out: names of Kubernetes come with the events of containers",
  "--k8s-node": "leave it out: names of Kubernetes come with the events of containers",
  "-m": "leave it out: there is no Mesos",
  "--mesos-api": "leave it out: there is no Mesos",
  "-S": "write -o falco_libs.snaplen=BYTES",
  "--snaplen": "write -o falco_libs.snaplen=BYTES",
  "-s": "leave it out: figures are in the summary at the end",
  "--stats-interval": "leave it out: figures are in the summary at the end",
  "-u": "leave it out: system calls are watched by eBPF",
  "--userspace": "leave it out: system calls are watched by eBPF",
  "--config-schema": "see docs/cli.md for the keys; --dry-run tells which of yours do not fit",
  "--cri": "leave it out: container engines are found by themselves",
  "--disable-cri-async": "leave it out: container engines are never waited for",
  "--gvisor-config": "there is no gVisor",
  "--gvisor-root": "there is no gVisor",
  "--gvisor-generate-config": "there is no gVisor",
  "--list-fields-markdown": "write --list --format markdown",
  "--list-syscall-events": "write --list-events",
  "--markdown": "write --format markdown",
  "--modern-bpf": "leave it out: system calls are watched by eBPF",
  "--nodriver": "write -o engine.kind=nodriver",
  "--page-size": "ask getconf PAGE_SIZE",
  "--support": "send what --version, -L and the configuration say",
};

/** What to say of commander's message about an option that is none; null where it is not one of those. */
export function refused(message: string): string | null {
  const option = /^error: unknown option '(-[^'=]+)/.exec(message)?.[1];
  if (option === undefined || !Object.hasOwn(REFUSED, option)) return null;
  return `${option} is an option of Falco's that does not exist here: ${REFUSED[option]}`;
}
