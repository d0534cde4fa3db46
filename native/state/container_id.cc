// SPDX-License-Identifier: Apache-2.0
#include "container_id.h"

#include <algorithm>
#include <initializer_list>

namespace peregrine::state {

/*
 * Which container a process is in is told by the paths of its control groups: each engine names them its own way. The
 * first entry that any engine accepts decides; engines are asked in a fixed order.
 */

namespace {

using Text = std::string_view;

constexpr size_t kDigits = 64;
constexpr size_t kShort = 12;

bool is_id(Text text) {
  return text.size() == kDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

/** The 64 digits that stand between one of `before` and `after`, which the path ends with; empty where they do not. */
Text digits(Text path, std::initializer_list<Text> before, Text after) {
  if (!path.ends_with(after)) return {};
  path.remove_suffix(after.size());
  if (path.size() < kDigits || !is_id(path.substr(path.size() - kDigits))) return {};
  const Text head = path.substr(0, path.size() - kDigits);
  for (const Text text : before) {
    if (head.ends_with(text)) return path.substr(head.size());
  }
  return {};
}

/** What follows the first `before` that something follows, up to the next "/". */
Text part_behind(Text path, Text before) {
  for (size_t at = path.find(before); at != Text::npos; at = path.find(before, at + 1)) {
    const Text rest = path.substr(at + before.size());
    const Text part = rest.substr(0, rest.find('/'));
    if (!part.empty()) return part;
  }
  return {};
}

/** What stands before `after` in the first part of the path that has it: up to its last place there, or its first. */
Text part_before(Text path, Text after, bool is_last) {
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    const Text part = path.substr(0, end);
    const size_t at = is_last ? part.rfind(after) : part.find(after, 1);
    if (at != Text::npos && at > 0) return part.substr(0, at);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return {};
}

Text podman(Text path) {
  for (const Text after : {Text(""), Text(".scope"), Text(".scope/container")}) {
    const Text id = digits(path, {"/libpod-"}, after);
    if (!id.empty()) return id;
  }
  return digits(path, {"/libpod-payload-"}, "");
}

Text docker(Text path) {
  const Text id = digits(path, {"/"}, "");
  return id.empty() ? digits(path, {"/docker-"}, ".scope") : id;
}

Text cri(Text path) {
  const Text id = digits(path, {"/crio-", ":cri-containerd:"}, "");
  return id.empty() ? digits(path, {"/cri-containerd-", "/crio-", "/docker-", "/nerdctl-"}, ".scope") : id;
}

/** containerd: exactly `/<namespace>/<name>`, the name at most 64 characters and no systemd unit. */
Text containerd(Text path) {
  if (!path.starts_with('/')) return {};
  const size_t slash = path.find('/', 1);
  if (slash == Text::npos || slash == 1) return {};
  const Text name = path.substr(slash + 1);
  if (name.empty() || name.size() > kDigits || name.find('/') != Text::npos) return {};
  for (const Text unit : {Text(".service"), Text(".slice"), Text(".scope")}) {
    if (name.ends_with(unit)) return {};
  }
  return name;
}

/** What follows "lxc.payload" and a "." or a "/", up to the next "/". */
Text lxc_payload(Text path) {
  static constexpr Text kMark = "/lxc.payload";
  for (size_t at = path.find(kMark); at != Text::npos; at = path.find(kMark, at + 1)) {
    const Text rest = path.substr(at + kMark.size());
    if (rest.empty() || (rest[0] != '.' && rest[0] != '/')) continue;
    const Text part = rest.substr(1, rest.find('/', 1) - 1);
    if (!part.empty()) return part;
  }
  return {};
}

Text lxc(Text path) {
  const Text id = part_behind(path, "/lxc/");
  return id.empty() ? lxc_payload(path) : id;
}

Text libvirt(Text path) {
  Text id = part_before(path, ".libvirt-lxc", true);
  if (id.empty()) id = part_before(path, "-lxc\\x2d", false);
  return id.empty() ? part_behind(path, "/libvirt/lxc/") : id;
}

Text bpm(Text path) { return part_behind(path, "/bpm-"); }

}  // namespace

std::string_view container_id(std::string_view cgroups) {
  constexpr Text (*kEngines[])(Text) = {podman, docker, cri, containerd, lxc, libvirt, bpm};
  while (!cgroups.empty()) {
    const size_t end = std::min(cgroups.find('\0'), cgroups.size());
    const Text entry = cgroups.substr(0, end);
    cgroups.remove_prefix(std::min(end + 1, cgroups.size()));
    const size_t sign = entry.find('=');
    const Text path = sign == Text::npos ? entry : entry.substr(sign + 1);
    if (path.empty() || path == "/") continue;
    for (const auto engine : kEngines) {
      const Text id = engine(path);
      if (!id.empty()) return is_id(id) ? id.substr(0, kShort) : id;
    }
  }
  return "host";
}

}  // namespace peregrine::state
