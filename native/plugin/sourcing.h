// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "owner.h"

namespace peregrine::plugin {

/** What one step of a source did. */
enum class Pumped {
  /** Events were read, or written to the ring. */
  kWorked,
  /** The source has nothing now and said so at once. */
  kIdle,
  /** The ring is full. */
  kFull,
  /** No source is open, or it is at its end. */
  kNothing,
};

/** The opened source of a plugin: next_batch on one side, the ring of events on the other. */
class Sourcing {
 public:
  Sourcing(Owner& owner, Channel& channel);

  /** An abi::Rc; the plugin's last error says why. */
  abi::Rc open(const std::string& parameters);
  void close();
  bool is_open() const { return open_; }

  Pumped step();

  /** Why the source failed. */
  const std::string& error() const { return error_; }
  /** Text and 1/100 of a percent, where the library tells its progress. */
  bool progress(std::string& text, uint32_t& hundredths) const;

 private:
  bool next();
  bool flush();
  /** False: the ring is full. An event that is not what it says ends the source. */
  bool push_3(const abi::Event* event);
  bool push_03(const abi03::Event& event);
  bool push(uint64_t time, const uint8_t* data, size_t size);
  void fail(std::string error);
  void finish();

  Owner& owner_;
  Channel& channel_;
  RingWriter ring_;
  void* instance_ = nullptr;
  bool open_ = false;

  // The batch that next_batch returned last; its memory is the library's, and valid until it is called again.
  abi::Event** batch_3_ = nullptr;
  abi03::Event* batch_03_ = nullptr;
  uint32_t count_ = 0;
  uint32_t at_ = 0;
  abi::Rc rc_ = abi::kSuccess;
  std::string error_;
};

}  // namespace peregrine::plugin
