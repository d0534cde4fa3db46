// SPDX-License-Identifier: Apache-2.0
import type { Extractors } from "peregrine/sdk";
import { JsonReader } from "../common/json-reader.js";
import { namedExtractors } from "./containers.js";
import type { FIELDS } from "./fields.js";
import { KEYS, slotOf } from "./keys.js";
import { add, copy, each, eachOf, isAudit, list, someOf, steps, type Text, type Texts, text, textOf } from "./read.js";

export function newRecord(): JsonReader {
  return new JsonReader(KEYS);
}

const uri = text("requestURI");
const resource = text("objectRef", "resource");
const subresource = text("objectRef", "subresource");
const responseName = text("responseObject", "metadata", "name");

/** The first value of a parameter in the query of the URI. */
function parameter(name: string): Text {
  return (record, event) => {
    const [, query] =
      uri(record, event)
        ?.split("#", 1)[0]
        ?.split(/\?(.*)/s, 2) ?? [];
    return query === undefined ? undefined : (new URLSearchParams(query).get(name) ?? undefined);
  };
}

const REQUEST = slotOf("requestObject");
const SUBJECTS = steps("subjects");
const KIND = steps("kind");
const NAME = steps("name");
const NAMESPACE = steps("namespace");

/** Names of the subjects of one kind, at will with their namespace before them. */
function subjects(kind: string, namespaced = false): Texts {
  return (record) => {
    if (!isAudit(record)) return undefined;
    const names: string[] = [];
    record.elements(copy(record.find(REQUEST, SUBJECTS)), (subject) => {
      if (textOf(record, record.below(subject, KIND)) !== kind) return;
      const name = textOf(record, record.below(subject, NAME));
      const namespace = textOf(record, record.below(subject, NAMESPACE));
      if (!namespaced) add(names, name);
      else if (name !== undefined && namespace !== undefined) names.push(`${namespace}:${name}`);
    });
    return someOf(names);
  };
}

const VOLUMES = steps("spec", "volumes");

/** The types of volumes are the keys beside their names. */
const volumeTypes =
  (index: number | undefined): Texts =>
  (record) => {
    if (!isAudit(record)) return undefined;
    const types: string[] = [];
    eachOf(record, copy(record.find(REQUEST, VOLUMES)), index, (volume) => {
      record.members(volume, (key) => {
        if (key !== "name") types.push(key);
      });
    });
    return someOf(types);
  };

const hostPaths = each(undefined, "requestObject", ["spec", "volumes"], ["hostPath", "path"]);

/** `/path`, or `/path*` for whatever starts so. */
function mountsPath(wanted: string): Text {
  const prefix = wanted.endsWith("*") ? wanted.slice(0, -1) : null;
  return (record, event) => {
    if (!isAudit(record) || record.find(REQUEST, VOLUMES).start === -1) return undefined;
    const paths = hostPaths(record, event) ?? [];
    const found = paths.some((path) => path === wanted || (prefix !== null && path.startsWith(prefix)));
    return found ? "true" : "false";
  };
}

const containers = namedExtractors("containers");
const privileged = containers["ka.req.pod.containers.privileged"](undefined);
const firstImage = containers["ka.req.pod.containers.image"](0);
const firstRepository = containers["ka.req.pod.containers.image.repository"](0);
const CONTAINERS = steps("spec", "containers");
const hostNetwork = text("requestObject", "spec", "hostNetwork");
const inRules = (member: string) => (index: number | undefined) => each(index, "requestObject", ["rules"], [member]);
const inVolumes =
  (...member: readonly string[]) =>
  (index: number | undefined) =>
    each(index, "requestObject", ["spec", "volumes"], member);

export const EXTRACT: Extractors<JsonReader, typeof FIELDS> = {
  "ka.auditid": text("auditID"),
  "ka.stage": text("stage"),
  "ka.auth.decision": text("annotations", "authorization.k8s.io/decision"),
  "ka.auth.reason": text("annotations", "authorization.k8s.io/reason"),
  "ka.auth.openshift.decision": text("annotations", "authentication.openshift.io/decision"),
  "ka.auth.openshift.username": text("annotations", "authentication.openshift.io/username"),
  "ka.validations.admission.policy.failure": text(
    "annotations",
    "validation.policy.admission.k8s.io/validation_failure",
  ),
  "ka.security.pod.violations": text("annotations", "pod-security.kubernetes.io/audit-violations"),
  "ka.user.name": text("user", "username"),
  "ka.user.groups": list(undefined, "user", "groups"),
  "ka.impuser.name": text("impersonatedUser", "username"),
  "ka.verb": text("verb"),
  "ka.uri": uri,
  "ka.uri.param": parameter,
  "ka.target.name": text("objectRef", "name"),
  "ka.target.namespace": text("objectRef", "namespace"),
  "ka.target.resource": resource,
  "ka.target.subresource": subresource,
  "ka.target.pod.name": (record, event) =>
    resource(record, event) === "pods" && !subresource(record, event) ? responseName(record, event) : undefined,
  "ka.req.binding.subjects": list(undefined, "requestObject", "subjects"),
  "ka.req.binding.subjects.user_names": subjects("User"),
  "ka.req.binding.subjects.serviceaccount_names": subjects("ServiceAccount"),
  "ka.req.binding.subjects.serviceaccount_ns_names": subjects("ServiceAccount", true),
  "ka.req.binding.subjects.group_names": subjects("Group"),
  "ka.req.binding.role": text("requestObject", "roleRef", "name"),
  "ka.req.binding.subject.has_name": () => (record) => (isAudit(record) ? "true" : undefined),
  "ka.req.configmap.name": text("objectRef", "name"),
  "ka.req.configmap.obj": text("requestObject", "data"),
  ...containers,
  ...namedExtractors("initContainers"),
  ...namedExtractors("ephemeralContainers"),
  "ka.req.container.image": (record, event) => firstImage(record, event)?.[0],
  "ka.req.container.image.repository": (record, event) => firstRepository(record, event)?.[0],
  "ka.req.container.host_network": hostNetwork,
  "ka.req.container.privileged": (record, event) => {
    if (!isAudit(record) || record.find(REQUEST, CONTAINERS).start === -1) return undefined;
    return privileged(record, event)?.includes("true") === true ? "true" : "false";
  },
  "ka.req.pod.host_ipc": text("requestObject", "spec", "hostIPC"),
  "ka.req.pod.host_network": hostNetwork,
  "ka.req.pod.host_pid": text("requestObject", "spec", "hostPID"),
  "ka.req.pod.run_as_user": text("requestObject", "spec", "securityContext", "runAsUser"),
  "ka.req.pod.run_as_group": text("requestObject", "spec", "securityContext", "runAsGroup"),
  "ka.req.pod.fs_group": text("requestObject", "spec", "securityContext", "fsGroup"),
  "ka.req.pod.supplemental_groups": list(undefined, "requestObject", "spec", "securityContext", "supplementalGroups"),
  "ka.req.role.rules": list(undefined, "requestObject", "rules"),
  "ka.req.role.rules.apiGroups": inRules("apiGroups"),
  "ka.req.role.rules.nonResourceURLs": inRules("nonResourceURLs"),
  "ka.req.role.rules.verbs": inRules("verbs"),
  "ka.req.role.rules.resources": inRules("resources"),
  "ka.req.service.type": text("requestObject", "spec", "type"),
  "ka.req.service.ports": (index) => list(index, "requestObject", "spec", "ports"),
  "ka.req.pod.volumes.hostpath": inVolumes("hostPath", "path"),
  "ka.req.pod.volumes.flexvolume_driver": inVolumes("flexVolume", "driver"),
  "ka.req.pod.volumes.volume_type": volumeTypes,
  "ka.req.volume.hostpath": mountsPath,
  "ka.resp.name": responseName,
  "ka.response.code": text("responseStatus", "code"),
  "ka.response.reason": text("responseStatus", "reason"),
  "ka.useragent": text("userAgent"),
  "ka.sourceips": (index) => list(index, "sourceIPs"),
  "ka.cluster.name": text("annotations", "cluster_name"),
};
