// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "async.h"
#include "extraction.h"
#include "sourcing.h"
#include "table_api.h"
#include "threads_table.h"

namespace peregrine::plugin {

/**
 * One state of a plugin, behind one channel. All functions of the plugin are called by the thread that calls serve() and
 * step(), but for the routines and async events that the plugin itself runs elsewhere.
 */
class Session {
 public:
  Session(const Library& library, Channel& channel);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /** True where a request waits. */
  bool asked() const;
  /** Serves the request that waits. */
  void serve();
  /** One step of the open source. */
  Pumped step();
  /** Closes the source and destroys the state. */
  void end();
  /** In-process: what answers the plugin's questions. */
  void set_direct(std::function<void()> answer) { upcall_.set_direct(std::move(answer)); }

 private:
  int32_t run(Operation operation, Cursor& request, Writer& answer);
  int32_t describe(Writer& answer);
  int32_t init(Cursor& request, Writer& answer);
  int32_t open(Cursor& request, Writer& answer);
  int32_t list_open_params(Writer& answer);
  int32_t event_to_string(Cursor& request, Writer& answer);
  int32_t set_config(Cursor& request, Writer& answer);
  int32_t start(Cursor& request, Writer& answer);
  int32_t dump(Writer& answer);
  int32_t parse(Cursor& request, Writer& answer);
  void post_metrics();
  void post_progress();
  void post_now_and_then();

  const Library& library_;
  Channel& channel_;
  Owner owner_;
  Upcall upcall_;
  TableApi tables_;
  Extraction extraction_;
  Sourcing sourcing_;
  std::unique_ptr<AsyncWork> async_;
  std::string config_;
  uint32_t served_ = 0;
  uint64_t posted_at_ = 0;
};

}  // namespace peregrine::plugin
