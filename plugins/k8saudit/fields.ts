// SPDX-License-Identifier: Apache-2.0
import type { FieldSpecs } from "peregrine/sdk";

const text = (desc: string) => ({ type: "string", desc }) as const;
const shown = (desc: string) => ({ type: "string", desc, suggested: true }) as const;
const list = (desc: string) => ({ type: "string", list: true, desc }) as const;
const indexed = (desc: string) => ({ type: "string", list: true, argument: { kind: "index" }, desc }) as const;
const keyed = (desc: string) => ({ type: "string", argument: { kind: "key", required: true }, desc }) as const;

/** What is known of each container of a list; the index is the number of the container. */
const CONTAINER = {
  args: indexed("the arguments of each container, joined by blanks"),
  command: indexed("the command of each container, its parts joined by blanks"),
  name: indexed("the name of each container"),
  image: indexed("the image of each container"),
  "image.repository": indexed("the image of each container without tag and digest"),
  host_port: indexed("the host ports of the containers; the container port where no host port is given"),
  privileged: indexed("whether each container is privileged"),
  allow_privilege_escalation: indexed("whether each container may gain privileges"),
  read_only_fs: indexed("whether the root filesystem of each container is read-only"),
  run_as_user: indexed("the uid that each container asks for"),
  eff_run_as_user: indexed("the uid that each container starts with: its own, else that of the pod, else 0"),
  run_as_group: indexed("the gid that each container asks for"),
  eff_run_as_group: indexed("the gid that each container starts with: its own, else that of the pod, else 0"),
  proc_mount: indexed("how /proc is mounted in each container"),
  add_capabilities: indexed("the capabilities that are added to the containers"),
} as const;

type ContainerName = keyof typeof CONTAINER;
type ContainerFields<L extends string> = {
  readonly [N in ContainerName as `ka.req.pod.${L}.${N}`]: (typeof CONTAINER)[N];
};

export const CONTAINER_NAMES = Object.keys(CONTAINER) as readonly ContainerName[];
export const CONTAINER_LISTS = ["containers", "initContainers", "ephemeralContainers"] as const;

function containerFields<const L extends string>(name: L): ContainerFields<L> {
  const entries = Object.entries(CONTAINER).map(([field, spec]) => [`ka.req.pod.${name}.${field}`, spec]);
  return Object.fromEntries(entries) as ContainerFields<L>;
}

/** Every field of the plugin. All are strings. */
export const FIELDS = {
  "ka.auditid": text("the unique ID of the audit event"),
  "ka.stage": text("the stage of the request (RequestReceived, ResponseComplete ...)"),
  "ka.auth.decision": text("the decision of the authorization"),
  "ka.auth.reason": text("the reason of the authorization's decision"),
  "ka.auth.openshift.decision": text("the decision of the authentication of OpenShift"),
  "ka.auth.openshift.username": text("the user name in the authentication of OpenShift"),
  "ka.validations.admission.policy.failure": text("why a validating admission policy failed"),
  "ka.security.pod.violations": text("violations of the pod security standards"),
  "ka.user.name": shown("the user who makes the request"),
  "ka.user.groups": list("the groups of the user"),
  "ka.impuser.name": text("the user who is impersonated"),
  "ka.verb": shown("what the request does"),
  "ka.uri": text("the URI of the request"),
  "ka.uri.param": keyed("the value of a parameter in the query of the URI"),
  "ka.target.name": shown("the name of the object"),
  "ka.target.namespace": shown("the namespace of the object"),
  "ka.target.resource": shown("the kind of the object (pods, secrets ...)"),
  "ka.target.subresource": text("the part of the object that is meant (exec, status ...)"),
  "ka.target.pod.name": text("the name of the pod, where the object is a pod"),
  "ka.req.binding.subjects": list("the subjects of a role binding, as JSON"),
  "ka.req.binding.subjects.user_names": list("the users among the subjects of a role binding"),
  "ka.req.binding.subjects.serviceaccount_names": list("the service accounts among the subjects of a role binding"),
  "ka.req.binding.subjects.serviceaccount_ns_names": list("the same, as namespace:name"),
  "ka.req.binding.subjects.group_names": list("the groups among the subjects of a role binding"),
  "ka.req.binding.role": text("the role of a role binding"),
  "ka.req.binding.subject.has_name": keyed("true for every event; kept for old rules"),
  "ka.req.configmap.name": text("the name of a config map"),
  "ka.req.configmap.obj": text("the data of a config map, as JSON"),
  ...containerFields("containers"),
  ...containerFields("initContainers"),
  ...containerFields("ephemeralContainers"),
  "ka.req.container.image": text("the image of the first container; kept for old rules"),
  "ka.req.container.image.repository": text("the repository of the first container; kept for old rules"),
  "ka.req.container.host_network": text("the same as ka.req.pod.host_network; kept for old rules"),
  "ka.req.container.privileged": text("whether any container is privileged; kept for old rules"),
  "ka.req.pod.host_ipc": text("whether the pod uses the IPC namespace of the host"),
  "ka.req.pod.host_network": text("whether the pod uses the network of the host"),
  "ka.req.pod.host_pid": text("whether the pod uses the PID namespace of the host"),
  "ka.req.pod.run_as_user": text("the uid in the security context of the pod"),
  "ka.req.pod.run_as_group": text("the gid in the security context of the pod"),
  "ka.req.pod.fs_group": text("the group of the pod's volumes"),
  "ka.req.pod.supplemental_groups": list("further groups of the pod's processes"),
  "ka.req.role.rules": list("the rules of a role, as JSON"),
  "ka.req.role.rules.apiGroups": indexed("the API groups in the rules of a role"),
  "ka.req.role.rules.nonResourceURLs": indexed("the URLs in the rules of a role"),
  "ka.req.role.rules.verbs": indexed("the verbs in the rules of a role"),
  "ka.req.role.rules.resources": indexed("the resources in the rules of a role"),
  "ka.req.service.type": text("the type of a service"),
  "ka.req.service.ports": indexed("the ports of a service, as JSON"),
  "ka.req.pod.volumes.hostpath": indexed("the paths of the host that the pod's volumes mount"),
  "ka.req.pod.volumes.flexvolume_driver": indexed("the drivers of the pod's flex volumes"),
  "ka.req.pod.volumes.volume_type": indexed("the types of the pod's volumes"),
  "ka.req.volume.hostpath": keyed(
    "whether a volume mounts that path of the host, or with * at the end one below it; kept for old rules",
  ),
  "ka.resp.name": text("the name of the object in the response"),
  "ka.response.code": text("the code of the response"),
  "ka.response.reason": text("the reason of the response, mostly of failures"),
  "ka.useragent": text("the agent of the client"),
  "ka.sourceips": indexed("the addresses of the client"),
  "ka.cluster.name": text("the name of the cluster, where the annotations have it"),
} as const satisfies FieldSpecs;
