// SPDX-License-Identifier: Apache-2.0
#include "section_value.h"

namespace peregrine {

namespace {

/** The properties of an object. Where one is missing or of another kind, it is 0 or nothing, and has_failed() is true. */
class Properties {
 public:
  explicit Properties(Napi::Object object) : object_(object) {}

  int64_t number(const char* name) {
    const Napi::Value value = object_.Get(name);
    if (!value.IsNumber()) return fail(name);
    return value.As<Napi::Number>().Int64Value();
  }
  /** The low 32 bits of a number: ids and masks come signed or not. */
  uint32_t word(const char* name) { return static_cast<uint32_t>(number(name)); }
  uint64_t wide(const char* name) {
    const Napi::Value value = object_.Get(name);
    if (!value.IsBigInt()) return fail(name);
    bool is_lossless = false;
    return value.As<Napi::BigInt>().Uint64Value(&is_lossless);
  }
  std::string bytes(const char* name) {
    const Napi::Value value = object_.Get(name);
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
      fail(name);
      return {};
    }
    const Napi::Uint8Array array = value.As<Napi::Uint8Array>();
    return std::string(reinterpret_cast<const char*>(array.Data()), array.ElementLength());
  }

  /** Reads each object of a list with `read(properties)`. */
  template <typename Read>
  void each(const char* name, Read read) {
    const Napi::Value value = object_.Get(name);
    if (!value.IsArray()) {
      fail(name);
      return;
    }
    const Napi::Array list = value.As<Napi::Array>();
    for (uint32_t i = 0; i < list.Length() && !has_failed(); i++) {
      Napi::HandleScope scope(object_.Env());
      const Napi::Value entry = list.Get(i);
      if (!entry.IsObject()) {
        fail(name);
        return;
      }
      Properties properties(entry.As<Napi::Object>());
      read(properties);
    }
  }
  bool has_failed() const { return object_.Env().IsExceptionPending(); }

 private:
  int fail(const char* name) {
    if (!has_failed()) {
      Napi::TypeError::New(object_.Env(), std::string("a section's header has no such ") + name)
          .ThrowAsJavaScriptException();
    }
    return 0;
  }

  Napi::Object object_;
};

ThreadEntry thread_of(Properties& from) {
  ThreadEntry thread;
  thread.tid = from.number("tid");
  thread.pid = from.number("pid");
  thread.ptid = from.number("ptid");
  thread.sid = from.number("sid");
  thread.vpgid = from.number("vpgid");
  thread.pgid = from.number("pgid");
  thread.vtid = from.number("vtid");
  thread.vpid = from.number("vpid");
  thread.flags = from.word("flags");
  thread.uid = from.word("uid");
  thread.gid = from.word("gid");
  thread.loginuid = from.word("loginuid");
  thread.tty = from.word("tty");
  thread.comm = from.word("comm");
  thread.exe = from.word("exe");
  thread.exepath = from.word("exepath");
  thread.args = from.word("args");
  thread.cwd = from.word("cwd");
  thread.root = from.word("root");
  thread.env = from.word("env");
  thread.cgroups = from.word("cgroups");
  thread.fd_limit = from.wide("fdLimit");
  thread.vm_size = from.word("vmSize");
  thread.vm_rss = from.word("vmRss");
  thread.vm_swap = from.word("vmSwap");
  thread.exe_flags = from.word("exeFlags");
  thread.cap_inheritable = from.wide("capInheritable");
  thread.cap_permitted = from.wide("capPermitted");
  thread.cap_effective = from.wide("capEffective");
  thread.exe_ino = from.wide("exeIno");
  thread.exe_ctime = from.wide("exeCtime");
  thread.exe_mtime = from.wide("exeMtime");
  thread.pidns_start = from.wide("pidnsStart");
  return thread;
}

FdEntry fd_of(Properties& from) {
  FdEntry fd;
  fd.tid = from.number("tid");
  fd.fd = from.number("fd");
  fd.ino = from.wide("ino");
  fd.kind = static_cast<uint8_t>(from.number("kind"));
  fd.socket = from.word("socket");
  fd.l4 = static_cast<uint8_t>(from.number("l4"));
  fd.open_flags = from.word("openFlags");
  fd.dev = from.word("dev");
  fd.name = from.word("name");
  return fd;
}

}  // namespace

bool read_section_value(Napi::Value value, SectionHeader& header) {
  if (!value.IsObject()) {
    Napi::TypeError::New(value.Env(), "a section's header is expected").ThrowAsJavaScriptException();
    return false;
  }
  Properties from(value.As<Napi::Object>());
  const Napi::Value machine = value.As<Napi::Object>().Get("machine");
  if (machine.IsObject()) {
    Properties of(machine.As<Napi::Object>());
    header.machine = MachineEntry{of.word("cpus"), of.wide("memoryBytes"), {}, of.wide("bootTime")};
  }
  from.each("interfaces", [&](Properties& entry) {
    header.interfaces.push_back({entry.bytes("address"), entry.bytes("netmask"), {}});
  });
  from.each("users", [&](Properties& entry) {
    header.users.push_back(
        {entry.word("uid"), entry.word("gid"), entry.word("name"), entry.word("home"), entry.word("shell")});
  });
  from.each("groups", [&](Properties& entry) { header.groups.push_back({entry.word("gid"), entry.word("name")}); });
  from.each("threads", [&](Properties& entry) { header.threads.push_back(thread_of(entry)); });
  from.each("fds", [&](Properties& entry) { header.fds.push_back(fd_of(entry)); });
  return !from.has_failed();
}

}  // namespace peregrine
