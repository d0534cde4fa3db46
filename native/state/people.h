// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../header.h"
#include "tables.h"

namespace peregrine::state {

/*
 * Users and groups, by container (kEmpty for the host) and number. Who is believed, the last one first:
 *
 *   1 the lists that a section begins with; src/state/people.ts puts those of the host that replays in front of them
 *   2 events of users and groups that come or go, from their number on
 *
 * Users of containers are known from events only: no list of the host speaks for them.
 */

void put_user(Tables& c, int32_t container, const UserEntry& user);
void put_group(Tables& c, int32_t container, const GroupEntry& group);

}  // namespace peregrine::state
