// SPDX-License-Identifier: Apache-2.0

import { L4 } from "../batch/fd-rows.js";

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: L4.TCP, udp: L4.UDP };

/** Key of a port's name whatever the protocol: the first line that names the port. */
const ANY = L4.UNKNOWN;

/** Names of ports, from the text of an etc/services file. */
export class ServiceNames {
  private readonly names = new Map<number, string>();

  constructor(text: string) {
    for (const line of text.split("\n")) {
      const [, name, port, protocol] = /^([^\s#]+)\s+(\d{1,5})\/([a-z]+)(?:\s|#|$)/.exec(line) ?? [];
      if (name === undefined || Number(port) > 0xffff) continue;
      this.add(ANY, Number(port), name);
      const l4 = PROTOCOLS[protocol ?? ""];
      if (l4 !== undefined) this.add(l4, Number(port), name);
    }
  }

  private add(l4: number, port: number, name: string): void {
    const key = l4 * 0x1_0000 + port;
    if (!this.names.has(key)) this.names.set(key, name);
  }

  /** Name of a port of a socket whose transport is `l4`; its digits where it has none. */
  of(port: number, l4: number): string {
    const known = l4 === L4.TCP || l4 === L4.UDP ? l4 : ANY;
    return this.names.get(known * 0x1_0000 + port) ?? String(port);
  }
}
