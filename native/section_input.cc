// SPDX-License-Identifier: Apache-2.0
#include "section_input.h"

namespace peregrine {

namespace {

/** A property of an object, as an integer; 0 with a pending TypeError for anything that is neither number nor bigint. */
template <typename T>
void take(const Napi::Object& object, const char* name, T& to) {
  const Napi::Env env = object.Env();
  if (env.IsExceptionPending()) return;
  const Napi::Value value = object.Get(name);
  bool lossless = false;
  if (value.IsBigInt()) {
    to = static_cast<T>(value.As<Napi::BigInt>().Uint64Value(&lossless));
  } else if (value.IsNumber()) {
    // Ids are up to 2^32 - 1, thread ids may be negative: both fit.
    to = static_cast<T>(value.As<Napi::Number>().Int64Value());
  } else if (!env.IsExceptionPending()) {
    Napi::TypeError::New(env, std::string("a capture's header: ") + name + " is no number").ThrowAsJavaScriptException();
  }
}

/** A binary string, or bytes. */
void take(const Napi::Object& object, const char* name, std::string& to) {
  const Napi::Env env = object.Env();
  if (env.IsExceptionPending()) return;
  const Napi::Value value = object.Get(name);
  if (value.IsString()) {
    size_t size = 0;
    napi_get_value_string_latin1(env, value, nullptr, 0, &size);
    to.resize(size + 1);
    napi_get_value_string_latin1(env, value, to.data(), to.size(), &size);
    to.resize(size);
  } else if (value.IsTypedArray()) {
    const Napi::Uint8Array bytes = value.As<Napi::Uint8Array>();
    to.assign(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength());
  } else if (!env.IsExceptionPending()) {
    Napi::TypeError::New(env, std::string("a capture's header: ") + name + " is no text").ThrowAsJavaScriptException();
  }
}

template <typename Entry, typename Make>
void list(const Napi::Object& object, const char* name, std::vector<Entry>& to, Make make) {
  const Napi::Env env = object.Env();
  if (env.IsExceptionPending()) return;
  const Napi::Value value = object.Get(name);
  if (!value.IsArray()) {
    Napi::TypeError::New(env, std::string("a capture's header: ") + name + " is no list").ThrowAsJavaScriptException();
    return;
  }
  const Napi::Array entries = value.As<Napi::Array>();
  to.reserve(entries.Length());
  for (uint32_t i = 0; i < entries.Length() && !env.IsExceptionPending(); i++) {
    Napi::HandleScope scope(env);
    const Napi::Value entry = entries.Get(i);
    if (!entry.IsObject()) {
      Napi::TypeError::New(env, std::string("a capture's header: an entry of ") + name + " is no object")
          .ThrowAsJavaScriptException();
      return;
    }
    make(entry.As<Napi::Object>(), to.emplace_back());
  }
}

void take_thread(const Napi::Object& object, ThreadEntry& thread) {
  take(object, "tid", thread.tid);
  take(object, "pid", thread.pid);
  take(object, "ptid", thread.ptid);
  take(object, "sid", thread.sid);
  take(object, "vpgid", thread.vpgid);
  take(object, "pgid", thread.pgid);
  take(object, "vtid", thread.vtid);
  take(object, "vpid", thread.vpid);
  take(object, "flags", thread.flags);
  take(object, "uid", thread.uid);
  take(object, "gid", thread.gid);
  take(object, "loginuid", thread.loginuid);
  take(object, "tty", thread.tty);
  take(object, "comm", thread.comm);
  take(object, "exe", thread.exe);
  take(object, "exepath", thread.exepath);
  take(object, "args", thread.args);
  take(object, "cwd", thread.cwd);
  take(object, "root", thread.root);
  take(object, "env", thread.env);
  take(object, "cgroups", thread.cgroups);
  take(object, "fdLimit", thread.fd_limit);
  take(object, "vmSize", thread.vm_size);
  take(object, "vmRss", thread.vm_rss);
  take(object, "vmSwap", thread.vm_swap);
  if (object.Has("pfMajor")) take(object, "pfMajor", thread.pf_major);
  if (object.Has("pfMinor")) take(object, "pfMinor", thread.pf_minor);
  take(object, "exeFlags", thread.exe_flags);
  take(object, "capInheritable", thread.cap_inheritable);
  take(object, "capPermitted", thread.cap_permitted);
  take(object, "capEffective", thread.cap_effective);
  take(object, "exeIno", thread.exe_ino);
  take(object, "exeCtime", thread.exe_ctime);
  take(object, "exeMtime", thread.exe_mtime);
  take(object, "pidnsStart", thread.pidns_start);
}

void take_fd(const Napi::Object& object, FdEntry& fd) {
  take(object, "tid", fd.tid);
  take(object, "fd", fd.fd);
  take(object, "ino", fd.ino);
  take(object, "kind", fd.kind);
  take(object, "socket", fd.socket);
  take(object, "l4", fd.l4);
  take(object, "openFlags", fd.open_flags);
  take(object, "dev", fd.dev);
  take(object, "name", fd.name);
}

void take_user(const Napi::Object& object, UserEntry& user) {
  take(object, "uid", user.uid);
  take(object, "gid", user.gid);
  take(object, "name", user.name);
  take(object, "home", user.home);
  take(object, "shell", user.shell);
}

void take_group(const Napi::Object& object, GroupEntry& group) {
  take(object, "gid", group.gid);
  take(object, "name", group.name);
}

void take_interface(const Napi::Object& object, InterfaceEntry& entry) {
  take(object, "address", entry.address);
  take(object, "netmask", entry.netmask);
  take(object, "name", entry.name);
}

}  // namespace

SectionHeader section_input(Napi::Value value) {
  SectionHeader header;
  if (value.IsNull()) {
    header.machine.emplace();
    return header;
  }
  if (!value.IsObject()) {
    Napi::TypeError::New(value.Env(), "a capture's header is expected").ThrowAsJavaScriptException();
    return header;
  }
  const Napi::Object object = value.As<Napi::Object>();
  const Napi::Value machine = object.Get("machine");
  if (machine.IsObject()) {
    const Napi::Object from = machine.As<Napi::Object>();
    MachineEntry& entry = header.machine.emplace();
    take(from, "cpus", entry.cpus);
    take(from, "memoryBytes", entry.memory_bytes);
    take(from, "hostname", entry.hostname);
    take(from, "bootTime", entry.boot_time);
  }
  list(object, "interfaces", header.interfaces, take_interface);
  list(object, "users", header.users, take_user);
  list(object, "groups", header.groups, take_group);
  list(object, "threads", header.threads, take_thread);
  list(object, "fds", header.fds, take_fd);
  return header;
}

}  // namespace peregrine
