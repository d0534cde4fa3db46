// SPDX-License-Identifier: Apache-2.0
import type { JsonReader, Span } from "../common/json-reader.js";
import { type CONTAINER_LISTS, CONTAINER_NAMES } from "./fields.js";
import { slotOf } from "./keys.js";
import { add, copy, each, eachOf, isAudit, someOf, steps, type Texts, textOf } from "./read.js";

type List = (typeof CONTAINER_LISTS)[number];
type Name = (typeof CONTAINER_NAMES)[number];
type WithIndex = (index: number | undefined) => Texts;

/** An image without digest and tag. A colon before the last slash belongs to the port of the registry. */
export function repositoryOf(image: string): string {
  const [name = ""] = image.split("@");
  const colon = name.indexOf(":", name.lastIndexOf("/") + 1);
  return colon === -1 ? name : name.slice(0, colon);
}

const REQUEST = slotOf("requestObject");
const SECURITY = "securityContext";
const HOST_PORT = steps("hostPort");
const CONTAINER_PORT = steps("containerPort");

/** A field of the containers of a list, read from each of them by `read`. */
function perContainer(
  name: List,
  index: number | undefined,
  read: (record: JsonReader, container: Span, values: string[]) => void,
): Texts {
  const path = steps("spec", name);
  return (record) => {
    if (!isAudit(record)) return undefined;
    const values: string[] = [];
    eachOf(record, copy(record.find(REQUEST, path)), index, (container) => read(record, container, values));
    return someOf(values);
  };
}

const value =
  (name: List, ...member: readonly string[]): WithIndex =>
  (index) =>
    each(index, "requestObject", ["spec", name], member);

/** A list of words of each container, as one text. */
function joined(name: List, member: string): WithIndex {
  const path = steps(member);
  return (index) =>
    perContainer(name, index, (record, container, values) => {
      const words: string[] = [];
      record.elements(record.below(container, path), (word) => add(words, textOf(record, word)));
      if (words.length > 0) values.push(words.join(" "));
    });
}

function hostPorts(name: List): WithIndex {
  const ports = steps("ports");
  return (index) =>
    perContainer(name, index, (record, container, values) => {
      record.elements(record.below(container, ports), (port) => {
        // With the host's network a container port is one of the host.
        add(
          values,
          textOf(record, record.below(port, HOST_PORT)) ?? textOf(record, record.below(port, CONTAINER_PORT)),
        );
      });
    });
}

/** What a container starts with: its own setting, else that of the pod, else 0. */
function effective(name: List, setting: string): WithIndex {
  const own = steps(SECURITY, setting);
  const pod = steps("spec", SECURITY, setting);
  return (index) =>
    perContainer(name, index, (record, container, values) => {
      values.push(textOf(record, record.below(container, own)) ?? textOf(record, record.find(REQUEST, pod)) ?? "0");
    });
}

function repositories(name: List): WithIndex {
  const path = steps("image");
  return (index) =>
    perContainer(name, index, (record, container, values) => {
      const image = textOf(record, record.below(container, path));
      if (image !== undefined) values.push(repositoryOf(image));
    });
}

/** The extract functions of one list of containers, by the last part of their fields' names. */
function containerExtractors(name: List): Readonly<Record<Name, WithIndex>> {
  return {
    args: joined(name, "args"),
    command: joined(name, "command"),
    name: value(name, "name"),
    image: value(name, "image"),
    "image.repository": repositories(name),
    host_port: hostPorts(name),
    privileged: value(name, SECURITY, "privileged"),
    allow_privilege_escalation: value(name, SECURITY, "allowPrivilegeEscalation"),
    read_only_fs: value(name, SECURITY, "readOnlyRootFilesystem"),
    run_as_user: value(name, SECURITY, "runAsUser"),
    eff_run_as_user: effective(name, "runAsUser"),
    run_as_group: value(name, SECURITY, "runAsGroup"),
    eff_run_as_group: effective(name, "runAsGroup"),
    proc_mount: value(name, SECURITY, "procMount"),
    add_capabilities: value(name, SECURITY, "capabilities", "add"),
  };
}

/** The same with the whole names of the fields. */
export function namedExtractors<const L extends List>(list: L): Readonly<Record<`ka.req.pod.${L}.${Name}`, WithIndex>> {
  const extractors = containerExtractors(list);
  const named = CONTAINER_NAMES.map((name) => [`ka.req.pod.${list}.${name}`, extractors[name]]);
  return Object.fromEntries(named) as Readonly<Record<`ka.req.pod.${L}.${Name}`, WithIndex>>;
}
