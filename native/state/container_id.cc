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
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
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

/** NAME.libvirt-lxc; machine-lxc\x2dNAME.scope, perhaps with /libvirt behind it; /libvirt/lxc/NAME. */
Text libvirt(Text path) {
  static constexpr Text kPlain = ".libvirt-lxc";
  if (path.ends_with(kPlain)) {
    const Text head = path.substr(0, path.size() - kPlain.size());
    const Text name = head.substr(head.rfind('/') + 1);
    if (!name.empty()) return name;
  }
  static constexpr Text kEscaped = "-lxc\\x2d";
  const size_t at = path.find(kEscaped);
  for (const Text after : {Text(".scope/libvirt"), Text(".scope")}) {
    if (at == Text::npos || !path.ends_with(after)) continue;
    const size_t begin = at + kEscaped.size();
    const size_t end = path.size() - after.size();
    if (end > begin) return path.substr(begin, end - begin);
  }
  return part_behind(path, "/libvirt/lxc/");
}

/** What follows "bpm-", up to ".scope" or the end; its encoding has few characters. */
Text bpm(Text path) {
  static constexpr Text kMark = "bpm-";
  const size_t at = path.find(kMark);
  if (at == Text::npos) return {};
  const Text rest = path.substr(at + kMark.size());
  const Text id = rest.substr(0, rest.find(".scope"));
  const bool is_encoded = std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
  return is_encoded ? id : Text();
}

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
