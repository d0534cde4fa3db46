// SPDX-License-Identifier: Apache-2.0
// A plugin in C for API 3.x that keeps what concerns all of its states without a lock, as one may that is used to Falco. Where
// two threads are in init, destroy, open, close or get_fields at once, whatever is asked of it from then on fails. Its events
// say what GOMAXPROCS is where its source runs, its field what it is where fields are extracted.
#include <stdatomic.h>
#include <unistd.h>

#include "abi.h"

#define PAUSE_US 3000

typedef struct {
  const char* text;
} plugin_t;

typedef struct {
  bool done;
  char room[256];
  event_t* event;
} instance_t;

static atomic_int inside;
static atomic_bool broken;

static void enter(void) {
  if (atomic_fetch_add(&inside, 1) != 0) atomic_store(&broken, true);
  usleep(PAUSE_US);
}
static void leave(void) { atomic_fetch_sub(&inside, 1); }

static const char* processors(void) {
  const char* text = getenv("GOMAXPROCS");
  return text == NULL ? "none" : text;
}

EXPORT const char* plugin_get_required_api_version(void) { return "3.0.0"; }
EXPORT const char* plugin_get_name(void) { return "serial"; }
EXPORT const char* plugin_get_version(void) { return "0.1.0"; }
EXPORT const char* plugin_get_description(void) { return "One at a time"; }
EXPORT const char* plugin_get_contact(void) { return "nobody"; }
EXPORT uint32_t plugin_get_id(void) { return 995; }
EXPORT const char* plugin_get_event_source(void) { return "serial"; }
EXPORT const char* plugin_get_fields(void) {
  enter();
  leave();
  return "[{\"type\":\"string\",\"name\":\"serial.processors\",\"desc\":\"GOMAXPROCS\"}]";
}

EXPORT void* plugin_init(const init_input_t* in, int32_t* rc) {
  (void)in;
  enter();
  plugin_t* plugin = calloc(1, sizeof *plugin);
  *rc = atomic_load(&broken) ? RC_FAILURE : RC_SUCCESS;
  leave();
  return plugin;
}

EXPORT void plugin_destroy(void* state) {
  enter();
  free(state);
  leave();
}

EXPORT const char* plugin_get_last_error(void* state) {
  (void)state;
  return atomic_load(&broken) ? "two at once" : "";
}

EXPORT void* plugin_open(void* state, const char* parameters, int32_t* rc) {
  (void)state;
  (void)parameters;
  enter();
  instance_t* instance = calloc(1, sizeof *instance);
  *rc = atomic_load(&broken) ? RC_FAILURE : RC_SUCCESS;
  leave();
  return instance;
}

EXPORT void plugin_close(void* state, void* instance) {
  (void)state;
  enter();
  free(instance);
  leave();
}

EXPORT int32_t plugin_next_batch(void* state, void* opened, uint32_t* count, event_t*** events) {
  (void)state;
  instance_t* instance = opened;
  *count = 0;
  if (instance->done) return RC_EOF;
  instance->done = true;
  const char* text = processors();
  instance->event = write_event(instance->room, 1700000000000000000, 995, text, (uint32_t)strlen(text));
  *count = 1;
  *events = &instance->event;
  return RC_SUCCESS;
}

EXPORT int32_t plugin_extract_fields(void* state, const event_input_t* in, const extract_input_t* input) {
  (void)in;
  plugin_t* plugin = state;
  if (atomic_load(&broken)) return RC_FAILURE;
  plugin->text = processors();
  for (uint32_t i = 0; i < input->num_fields; i++) {
    input->fields[i].res = &plugin->text;
    input->fields[i].res_len = 1;
  }
  return RC_SUCCESS;
}
