// SPDX-License-Identifier: Apache-2.0

/*
 * Fuzzes everything that foreign bytes of a capture reach: blocks, lists, events, conversion, records, the tables of the
 * state stage; and what is written from them, which must be readable. An input is a file and one byte more, which chooses the plan.
 */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

namespace peregrine::fuzz {

namespace {

/** Two files in memory, named after the process: jobs may run side by side. */
class Files {
 public:
  Files() : folder_("/dev/shm/peregrine-fuzz-" + std::to_string(getpid())) { mkdir(folder_.c_str(), 0700); }
  ~Files() {
    unlink(input().c_str());
    unlink(output().c_str());
    rmdir(folder_.c_str());
  }
  std::string input() const { return folder_ + "/input"; }
  std::string output() const { return folder_ + "/output"; }

  void write_input(Span bytes) const {
    const int fd = ::open(input().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    expect(fd >= 0 && ::write(fd, bytes.data, bytes.size) == static_cast<ssize_t>(bytes.size), "/dev/shm has room");
    ::close(fd);
  }

 private:
  std::string folder_;
};

/** A copy holds what was read, and reads to its end. */
void check_copy(const Files& files, const ReadOut& read, const Mode& mode, bool all, CaptureSchema schema, bool gzip) {
  CaptureCopy copy;
  CaptureCopy::Options options;
  options.write.schema = schema;
  options.write.gzip_level = gzip ? 1 : 0;
  options.keep_state = !all;
  options.strings = 1u << 12;
  options.string_bytes = 1u << 17;
  if (!copy.open(files.input(), files.output(), options)) {
    expect(copy.failure() && !copy.write_failure(), "a capture that cannot be opened is not written");
    return;
  }
  if (all) {
    while (copy.copy_all(100)) continue;
  } else {
    const double numbers[] = {2, 3, 7, 1000};
    copy.copy(numbers, sizeof numbers / sizeof numbers[0]);
    while (copy.skip(100)) continue;
  }
  const bool closed = copy.close();
  expect(closed, "a copy is closed");
  const ReadOut again = read_all(files.output(), mode, false);
  // The last section may have lists and no event.
  expect(again.failure.empty() || (again.failure == "CAPTURE_NO_EVENTS"), "what was written can be read");
  if (!all || schema != CaptureSchema::kCurrent || again.failure == "CAPTURE_NO_EVENTS") return;
  expect(again.last_number == read.last_number, "a copy has the same events");
  expect(again.merged == 0, "a copy has no halves");
}

}  // namespace

void run(Span input) {
  static const Files files;
  if (input.size == 0) return;
  const uint8_t choice = input.data[input.size - 1];
  const Mode mode(choice);
  files.write_input({input.data, input.size - 1});
  const ReadOut read = read_all(files.input(), mode, (choice & 128) == 0);
  if (read.sections == 0) return;
  check_copy(files, read, mode, true, CaptureSchema::kCurrent, (choice & 64) != 0);
  check_copy(files, read, mode, (choice & 128) != 0, CaptureSchema::kLegacy, false);
}

}  // namespace peregrine::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  peregrine::fuzz::run({data, size});
  return 0;
}
