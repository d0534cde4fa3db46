// SPDX-License-Identifier: Apache-2.0
#include "live_reader.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <sys/utsname.h>
#include <unistd.h>

#include "live_interest.h"
#include "live_privileges.h"
#include "live_snapshot.h"

namespace peregrine {

namespace {

enum SlotWord : uint32_t {
  kRecords = 1,
  kGeneration = 3,
  kRecordsEnd = 9,
  kHeapEnd = 10,
};
enum SlotFloat : uint32_t { kFirst = 4 / 2, kLast = 6 / 2 };

/** At the least between two pictures of the processes that make good what was lost. */
constexpr uint64_t kPictureEveryNs = 2'000'000'000;

uint64_t clock_ns(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

/** Of the boot, since 1970: what the kernel's time stamps are counted from. */
uint64_t boot_time() {
#ifdef CLOCK_BOOTTIME
  // Who has to wait for a processor between the two looks gets a boot that is too early: the latest of some is right.
  uint64_t latest = 0;
  for (int i = 0; i < 16; i++) {
    const uint64_t boot = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);
    if (boot > latest) latest = boot;
  }
  return latest;
#else
  return 0;
#endif
}

void nap(int milliseconds) {
  const timespec time{0, milliseconds * 1'000'000L};
  nanosleep(&time, nullptr);
}

bool exists(const char* path) { return access(path, F_OK) == 0; }

/** An event that is its span, and of processor 0. */
RawEvent whole_event(Span event) {
  RawEvent raw;
  raw.ts = load<uint64_t>(event.data);
  raw.tid = load<uint64_t>(event.data + 8);
  raw.flags = 0;
  raw.cpu = 0;
  raw.type = load<uint16_t>(event.data + 20);
  raw.nparams = load<uint32_t>(event.data + 22);
  raw.lengths = event.data + kEventHeaderV2;
  raw.end = event.data + event.size;
  return raw;
}

/** Whether the kernel is older than all that can run the programs: those say many things, and not that. */
bool is_kernel_too_old() {
  utsname name;
  unsigned major = 0;
  unsigned minor = 0;
  if (uname(&name) != 0 || std::sscanf(name.release, "%u.%u", &major, &minor) != 2) return false;
  return major < 5 || (major == 5 && minor < 17);
}

/** Why the programs could not be loaded, as an error with a remedy of its own. */
void explain(Failure& failure, int error, const char* step) {
  const std::string why = std::string(": ") + step + ": " + std::strerror(error);
#if !defined(__linux__) || !defined(__x86_64__)
  failure.set("LIVE_PLATFORM", "system calls can be watched on Linux for x86_64 alone");
#endif
  // With one of the two capabilities alone the kernel finds the programs at fault and not the rights.
  if (is_kernel_too_old()) {
    failure.set("LIVE_KERNEL", "this kernel cannot run the programs that watch system calls" + why);
  } else if (error == EPERM || error == EACCES || live_privileges_suffice() == 0) {
    failure.set("LIVE_PERMISSION", "the kernel does not let this process watch system calls" + why);
  } else if (!exists("/sys/kernel/btf/vmlinux")) {
    failure.set("LIVE_BTF", "the kernel does not describe its types: there is no /sys/kernel/btf/vmlinux" + why);
  } else if (error == ENOMEM || error == E2BIG || error == EMFILE) {
    failure.set("LIVE_MEMORY", "the kernel has no room for what watching system calls needs" + why);
  } else {
    failure.set("LIVE_KERNEL", "this kernel cannot run the programs that watch system calls" + why);
  }
}

}  // namespace

LiveReader::LiveReader(Interner& interner, const RingMemory& ring, const int32_t* plan, const LiveOptions& options)
    : interner_(interner),
      writer_(ring, interner),
      recipes_(plan),
      options_(options),
      heap_bytes_(ring.heap_bytes) {
  plan_.assign(plan, plan + static_cast<size_t>(kEventTypes) * kPlanWords);
}

bool LiveReader::open() {
  const char* step = "";
  const long processors = sysconf(_SC_NPROCESSORS_CONF);
  for (const live_kind kind : {LIVE_TYPED, LIVE_PLAIN}) {
    if (programs_ || (kind == LIVE_TYPED && options_.plain)) continue;
    programs_.reset(live_programs_load(kind, static_cast<uint32_t>(processors), options_.ring_bytes, &step));
  }
  if (!programs_) {
    explain(failure_, errno, step);
    return false;
  }
  // Where the kernel has none, or not such as these need, there is /proc.
  if (!options_.plain && !options_.no_iterators) iterators_.reset(live_iterators_load());
  shared_ = live_programs_shared(programs_.get());
  losses_.watch(programs_.get());
  if (!ring_.open(live_programs_ring(programs_.get()), options_.ring_bytes)) {
    explain(failure_, errno, "mapping the ring");
    return false;
  }
  shared_->boot_time = boot_time();
  shared_->snaplen = options_.snaplen;
  shared_->drop_failed = options_.drop_failed ? 1 : 0;
  shared_->reserve = options_.ring_bytes - options_.ring_bytes / 8;
  shared_->self = live_programs_identify(programs_.get());
  interest_.apply(*shared_, plan_.data());
  for (int which = 0; which < LIVE_PROGRAMS; which++) {
    // Where there is no io_uring, or an older one, there are no such tracepoints: then its requests are not seen.
    if (live_programs_attach(programs_.get(), static_cast<live_program>(which)) == 0 || which >= LIVE_PROGRAM_COMPLETION) {
      continue;
    }
    explain(failure_, errno, "attaching a program");
    return false;
  }
  live_privileges_drop(iterators_ == nullptr);
  return true;
}

void LiveReader::set_plan(const int32_t* plan, uint32_t annex_words) {
  plan_.assign(plan, plan + plan_.size());
  recipes_.read(plan);
  writer_.set_annex_words(annex_words);
  if (shared_ != nullptr) interest_.apply(*shared_, plan_.data());
}

void LiveReader::set_interest(Interest interest) {
  interest_ = std::move(interest);
  if (shared_ != nullptr) interest_.apply(*shared_, plan_.data());
}

void LiveReader::close() {
  if (recorder_.is_open() && !recorder_.close() && !failure_) failure_ = recorder_.failure();
  ring_.close();
  losses_.end();
  programs_.reset();
  iterators_.reset();
  shared_ = nullptr;
}

bool LiveReader::snapshot(SectionHeader& header) {
  const uint64_t began = clock_ns(CLOCK_REALTIME);
  // Only the first one is a start: later ones make good what was lost, and the events that wait still count.
  if (start_ts_ == 0) start_ts_ = began;
  last_picture_ns_ = began;
  vital_losses_ = losses_.vital();
  if (!read_machine(iterators_.get(), interner_, shared_->boot_time, header, failure_)) return false;
  for (const ThreadEntry& thread : header.threads) {
    const Span cgroups = interner_.bytes_of(thread.cgroups);
    containers_.add({reinterpret_cast<const char*>(cgroups.data), cgroups.size}, began, 0);
  }
  return start_recording(header);
}

bool LiveReader::start_recording(const SectionHeader& header) {
  if (record_path_.empty()) return true;
  const bool is_good = recorder_.is_open() ? recorder_.section(header, interner_)
                                           : recorder_.open(record_path_, record_options_, header, interner_);
  if (!is_good) failure_ = recorder_.failure();
  return is_good;
}

void LiveReader::write_down(const RawEvent& raw, Span event) {
  switch (recorder_.write(event, raw.cpu, 0)) {
    case Written::kFull:
      is_recorded_ = true;
      break;
    case Written::kFailed:
      failure_ = recorder_.failure();
      break;
    default:
      break;
  }
}

bool LiveReader::fill(uint32_t slot, uint32_t generation) {
  wait();
  losses_.look();
  writer_.start(slot);
  writer_.header_floats()[kFirst] = static_cast<double>(number_);
  const uint64_t waiting = ring_.waiting();
  if (waiting > counters_[kLiveMostWaiting]) counters_[kLiveMostWaiting] = waiting;
  found_any_ = false;
  was_empty_ = false;
  while ((!containers_.has_next() || tell_of_containers()) && writer_.has_room()) {
    const Span entry = ring_.peek();
    if (entry.data == nullptr) {
      was_empty_ = true;
      break;
    }
    if (is_recorded_ || failure_ || take(entry) != Step::kTaken) break;
    ring_.consume();
    found_any_ = true;
  }
  ring_.release();
  writer_.header_floats()[kLast] = static_cast<double>(number_);
  uint32_t* words = writer_.header_words();
  words[kRecords] = writer_.records();
  words[kGeneration] = generation;
  words[kRecordsEnd] = writer_.end_word();
  words[kHeapEnd] = writer_.end_byte();
  return was_empty_ && losses_.vital() != vital_losses_ && clock_ns(CLOCK_REALTIME) - last_picture_ns_ > kPictureEveryNs;
}

void LiveReader::wait() {
  if (!was_empty_) return;
  counters_[kLiveSleeps]++;
  if (found_any_ && !options_.low_latency) {
    nap(kFlowMs);
    return;
  }
  // The flag must be seen before the ring is looked at: an event that comes between the two wakes us.
  __atomic_store_n(&shared_->waiting, 1u, __ATOMIC_SEQ_CST);
  if (ring_.waiting() == 0) ring_.sleep(kIdleMs);
  __atomic_store_n(&shared_->waiting, 0u, __ATOMIC_SEQ_CST);
}

LiveReader::Step LiveReader::take(Span entry) {
  const uint8_t* start = entry.data + LIVE_PREFIX;
  RawEvent raw;
  bool is_good = entry.size >= LIVE_PREFIX + kEventHeaderV2;
  if (is_good) {
    const uint32_t len = load<uint32_t>(start + 16);
    raw.ts = load<uint64_t>(start);
    raw.tid = load<uint64_t>(start + 8);
    raw.flags = 0;
    raw.cpu = load<uint16_t>(entry.data);
    raw.type = load<uint16_t>(start + 20);
    raw.nparams = load<uint32_t>(start + 22);
    raw.lengths = start + kEventHeaderV2;
    raw.end = start + len;
    is_good = len >= kEventHeaderV2 && len <= entry.size - LIVE_PREFIX && raw.type < kEventTypes &&
              params_fit(raw, kEvents[raw.type].length_width);
  }
  if (!is_good) {
    counters_[kLiveBad]++;
    return Step::kTaken;
  }
  if (raw.ts < start_ts_) {
    counters_[kLiveBefore]++;
    return Step::kTaken;
  }
  return deliver(raw, {start, static_cast<size_t>(raw.end - start)});
}

bool LiveReader::tell_of_containers() {
  while (containers_.has_next()) {
    if (!writer_.has_room()) return false;
    const Span event = containers_.next();
    RawEvent raw = whole_event(event);
    raw.cpu = containers_.next_cpu();
    if (deliver(raw, event) != Step::kTaken) return false;
    containers_.told();
  }
  return true;
}

LiveReader::Step LiveReader::deliver(const RawEvent& raw, Span event) {
  const Recipe& recipe = recipes_.of(raw.type);
  if (recipe.action != plan_action::kSkip) {
    locate_params(raw, kEvents[raw.type], params_);
    if (containers_.is_new(raw, params_)) return Step::kAsks;
    if (recipe.holds(raw.type, params_)) {
      const Step step = keep(raw, recipe);
      if (step == Step::kTaken && recorder_.is_open()) write_down(raw, event);
      if (step == Step::kTaken && recent_ != nullptr) recent_->add(event, raw.cpu);
      return step;
    }
  }
  if (recorder_.is_open()) write_down(raw, event);
  if (recent_ != nullptr) recent_->add(event, raw.cpu);
  counters_[kLiveSeen]++;
  counters_[recipe.action == plan_action::kSkip ? kLiveNotWanted : kLiveStateRejected]++;
  counters_[kLiveBytes] += event.size;
  previous_ = raw.ts;
  number_++;
  return Step::kTaken;
}

bool LiveReader::add(Span event) {
  if (event.size < kEventHeaderV2 || load<uint32_t>(event.data + 16) != event.size) return false;
  const RawEvent raw = whole_event(event);
  // Events of this width alone: nothing is read behind their lengths, where there may be no byte.
  if (raw.type >= kEventTypes || kEvents[raw.type].length_width != 4 || !params_fit(raw, 4)) return false;
  if (recorder_.is_open()) write_down(raw, event);
  if (recent_ != nullptr) recent_->add(event, raw.cpu);
  number_++;
  return true;
}

LiveReader::Step LiveReader::keep(const RawEvent& raw, const Recipe& recipe) {
  if (recipe.has_blobs) {
    const uint64_t bytes = recipe.blob_bytes(raw.type, params_);
    if (bytes > heap_bytes_) {
      counters_[kLiveSeen]++;
      counters_[kLiveOversize]++;
      number_++;
      return Step::kTaken;
    }
    if (!writer_.fits_blobs(bytes)) return Step::kNoRoom;
  }
  const bool is_state_only = recipe.action == plan_action::kState;
  const RecordHead head{raw.type, raw.cpu, raw.ts, raw.tid, static_cast<double>(number_ + 1), 0, previous_};
  previous_ = raw.ts;
  writer_.write(head, params_, recipe);
  counters_[kLiveSeen]++;
  counters_[is_state_only ? kLiveStateRecords : kLiveRuleRecords]++;
  counters_[kLiveBytes] += static_cast<uint64_t>(raw.end - raw.lengths) + kEventHeaderV2;
  number_++;
  return Step::kTaken;
}

void LiveReader::report(double* counters) const {
  for (uint32_t i = 0; i < kLiveCounters; i++) counters[i] = static_cast<double>(counters_[i]);
  counters[kLiveLastNumber] = static_cast<double>(number_);
  counters[kLiveDropped] = static_cast<double>(losses_.total());
}

}  // namespace peregrine
