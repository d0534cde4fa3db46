// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../header.h"
#include "idle.h"
#include "rule.h"
#include "tables.h"

namespace peregrine::state {

/** Where the parts of a ring's slots are, in words; src/batch/ring.ts has the picture. */
struct SlotLayout {
  uint64_t slot_words;
  uint32_t wanted_word;
  uint32_t records_word;
  uint32_t events;  // that a batch holds at the most
};

/**
 * The state stage: applies events to the process and fd tables in their order, and tells each record the rows that are
 * valid for it. The only writer of the tables; runs in the ingest thread.
 *
 * For each event, in this order: what the event before deferred takes effect (the end of a thread, the closing of an fd);
 * the thread is found or made; its fd is looked up; the handler runs; the rows are stored. So the event itself still sees
 * what it removes, and sees what it makes.
 */
class Stage {
 public:
  /** @param plan the reader's: kPlanWords words for each event type */
  Stage(Interner& interner, const TableMemory& memory, const SlotLayout& layout, const int32_t* plan, AnnexDemand annex);

  /** Another plan, and other annexes: for the batches that are filled with it. What is in the tables stays. */
  void set_plan(const int32_t* plan, AnnexDemand annex);

  Tables tables;

  /**
   * Begins a section: the tables are emptied and filled from its header. While no batch is in flight.
   * @param number number of the section's first event: later sections' rows are valid from it on. Those of the first are
   *   valid from 0 whatever the number
   */
  void begin(const SectionHeader& header, double number);

  /**
   * Applies all records of the batch in `slot`, in order. Fills ROW, LEADER, FD_ROW, FD, FLAGS and the rows beside fd
   * parameters of each, the slot's list of records to evaluate, and its WANTED word.
   */
  void apply(uint32_t slot);

  /** Frees what only events up to number `horizon` could read. Between batches. */
  void settle(double horizon);
  /**
   * Whether rows or look-up entries may not suffice for another batch. Then wait until no batch is in flight, settle, and
   * go on in any case.
   */
  bool is_tight() const;
  /** Threads that were removed since they had had no event for long. */
  uint64_t idle_threads() const { return idle_.removed(); }
  /** What the tables hold behind the last event, as the lists of a section. */
  SectionHeader picture();
  /** Marks every dictionary id that the tables hold. While no batch is in flight. */
  void mark(uint8_t* marks);

 private:
  /** What is done with events of one type. */
  struct Type {
    Handler run;
    uint16_t fd_word;         // of the fd parameter that the event works on, 0 = none
    uint8_t fd_param;         // its index
    bool is_evaluated;        // its events go to the rules
    bool makes_thread;        // of a thread that is not there
    uint8_t fd_count;         // fd parameters that rules want, from here on in wanted_fds_
    uint16_t first_fd;
    uint16_t poll_list;       // word of the poll list that rules want, 0 = none
  };
  /** An fd parameter that rules want the row of: the place of its number, and how many words that takes. */
  struct WantedFd {
    uint16_t word;
    uint16_t size;
  };

  void read_plan(const int32_t* plan);
  Type type_of(uint16_t type, const int32_t* plan);
  void event(const Type& type);
  void complete(const Type& type);

  /** A name of the section's lists: its dictionary id may be freed once the tables do not hold it any more. */
  struct Named {
    UserEntry user;
    std::string name, home, shell;
    bool is_group;
  };
  void remember(const SectionHeader& header);

  SlotLayout layout_;
  SectionHeader base_;  // machine and interfaces of the section
  std::vector<Named> people_;
  std::vector<Type> types_;
  std::vector<WantedFd> wanted_fds_;
  IdleThreads idle_;
  int32_t reserve_;  // rows that a batch may take
  bool has_begun_ = false;
};

}  // namespace peregrine::state
