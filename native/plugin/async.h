// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "owner.h"
#include "table_api.h"

namespace peregrine::plugin {

/**
 * What a plugin does out of turn while a capture runs: asynchronous events, from any of its threads, and the routines that a
 * listener of captures asks for.
 */
class AsyncWork {
 public:
  AsyncWork(Owner& owner, TableApi& tables);
  ~AsyncWork();

  /**
   * Begins: only events of these names are taken, and with a thread only where `threads` holds (system calls). An abi::Rc;
   * the plugin's last error says why.
   */
  abi::Rc start(std::set<std::string> names, bool threads);
  void stop();
  /** Asks the plugin for the events that tell its state, at the beginning of a capture file. */
  abi::Rc dump_state();

 private:
  struct RoutineThread {
    std::thread thread;
    std::atomic<bool> stop{false};
  };

  static abi::Rc handle(void* owner, const abi::Event* event, char* error);
  static void* subscribe(void* owner, abi::Routine routine, void* routine_state);
  static abi::Rc unsubscribe(void* owner, void* routine);
  abi::Rc take(const abi::Event* event, char* error);
  void join_all();
  abi::ListenInput listen_input();

  Owner& owner_;
  TableApi& tables_;
  abi::RoutineVtable routines_;
  std::set<std::string> names_;
  bool threads_ = false;
  bool listening_ = false;
  /** The thread that calls dump_state. */
  std::atomic<std::thread::id> dumping_{};
  std::atomic<bool> open_{false};
  /** Held while an event is posted, and while open_ becomes false. */
  std::mutex gate_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<RoutineThread>> running_;
};

}  // namespace peregrine::plugin
