// SPDX-License-Identifier: Apache-2.0
#include "section_object.h"

namespace peregrine {

namespace {

Napi::Value number(Napi::Env env, int64_t value) { return Napi::Number::New(env, static_cast<double>(value)); }
Napi::Value wide(Napi::Env env, uint64_t value) { return Napi::BigInt::New(env, value); }

Napi::Value bytes(Napi::Env env, const std::string& value) {
  Napi::Uint8Array array = Napi::Uint8Array::New(env, value.size());
  std::memcpy(array.Data(), value.data(), value.size());
  return array;
}

/** Text as a binary string: one character a byte. */
Napi::Value text(Napi::Env env, const std::string& value) {
  napi_value result = nullptr;
  napi_create_string_latin1(env, value.data(), value.size(), &result);
  return Napi::Value(env, result);
}

template <typename Entry, typename Make>
Napi::Array list(Napi::Env env, const std::vector<Entry>& entries, Make make) {
  Napi::Array array = Napi::Array::New(env, entries.size());
  for (size_t i = 0; i < entries.size(); i++) {
    Napi::HandleScope scope(env);
    Napi::Object object = Napi::Object::New(env);
    make(object, entries[i]);
    array.Set(static_cast<uint32_t>(i), object);
  }
  return array;
}

void set_thread(Napi::Object& object, const ThreadEntry& thread) {
  const Napi::Env env = object.Env();
  object["tid"] = number(env, thread.tid);
  object["pid"] = number(env, thread.pid);
  object["ptid"] = number(env, thread.ptid);
  object["sid"] = number(env, thread.sid);
  object["vpgid"] = number(env, thread.vpgid);
  object["pgid"] = number(env, thread.pgid);
  object["vtid"] = number(env, thread.vtid);
  object["vpid"] = number(env, thread.vpid);
  object["flags"] = number(env, thread.flags);
  object["uid"] = number(env, thread.uid);
  object["gid"] = number(env, thread.gid);
  object["loginuid"] = number(env, thread.loginuid);
  object["tty"] = number(env, thread.tty);
  object["comm"] = number(env, thread.comm);
  object["exe"] = number(env, thread.exe);
  object["exepath"] = number(env, thread.exepath);
  object["args"] = number(env, thread.args);
  object["cwd"] = number(env, thread.cwd);
  object["root"] = number(env, thread.root);
  object["env"] = number(env, thread.env);
  object["cgroups"] = number(env, thread.cgroups);
  object["fdLimit"] = wide(env, thread.fd_limit);
  object["vmSize"] = number(env, thread.vm_size);
  object["vmRss"] = number(env, thread.vm_rss);
  object["vmSwap"] = number(env, thread.vm_swap);
  if (thread.pf_major != 0) object["pfMajor"] = wide(env, thread.pf_major);
  if (thread.pf_minor != 0) object["pfMinor"] = wide(env, thread.pf_minor);
  object["exeFlags"] = number(env, thread.exe_flags);
  object["capInheritable"] = wide(env, thread.cap_inheritable);
  object["capPermitted"] = wide(env, thread.cap_permitted);
  object["capEffective"] = wide(env, thread.cap_effective);
  object["exeIno"] = wide(env, thread.exe_ino);
  object["exeCtime"] = wide(env, thread.exe_ctime);
  object["exeMtime"] = wide(env, thread.exe_mtime);
  object["pidnsStart"] = wide(env, thread.pidns_start);
}

void set_fd(Napi::Object& object, const FdEntry& fd) {
  const Napi::Env env = object.Env();
  object["tid"] = number(env, fd.tid);
  object["fd"] = number(env, fd.fd);
  object["ino"] = wide(env, fd.ino);
  object["kind"] = number(env, fd.kind);
  object["socket"] = number(env, fd.socket);
  object["l4"] = number(env, fd.l4);
  object["openFlags"] = number(env, fd.open_flags);
  object["dev"] = number(env, fd.dev);
  object["name"] = number(env, fd.name);
}

void set_user(Napi::Object& object, const UserEntry& user) {
  const Napi::Env env = object.Env();
  object["uid"] = number(env, user.uid);
  object["gid"] = number(env, user.gid);
  object["name"] = number(env, user.name);
  object["home"] = number(env, user.home);
  object["shell"] = number(env, user.shell);
}

void set_group(Napi::Object& object, const GroupEntry& group) {
  object["gid"] = number(object.Env(), group.gid);
  object["name"] = number(object.Env(), group.name);
}

void set_interface(Napi::Object& object, const InterfaceEntry& entry) {
  object["address"] = bytes(object.Env(), entry.address);
  object["netmask"] = bytes(object.Env(), entry.netmask);
  object["name"] = text(object.Env(), entry.name);
}

Napi::Value machine(Napi::Env env, const SectionHeader& header) {
  if (!header.machine) return env.Null();
  Napi::Object object = Napi::Object::New(env);
  object["cpus"] = number(env, header.machine->cpus);
  object["memoryBytes"] = wide(env, header.machine->memory_bytes);
  object["hostname"] = text(env, header.machine->hostname);
  object["bootTime"] = wide(env, header.machine->boot_time);
  return object;
}

}  // namespace

Napi::Object section_object(Napi::Env env, const SectionHeader& header) {
  Napi::Object object = Napi::Object::New(env);
  object["machine"] = machine(env, header);
  object["interfaces"] = list(env, header.interfaces, set_interface);
  object["users"] = list(env, header.users, set_user);
  object["groups"] = list(env, header.groups, set_group);
  object["threads"] = list(env, header.threads, set_thread);
  object["fds"] = list(env, header.fds, set_fd);
  return object;
}

}  // namespace peregrine
