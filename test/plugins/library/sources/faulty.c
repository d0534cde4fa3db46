// SPDX-License-Identifier: Apache-2.0
// A plugin in C for API 3.x that does one thing wrong, at one event. init_config is "WHAT AT": what it does, and the event,
// from 1; what begins with "source-" is done by its source. Events are the numbers from 1 on as text.
#include <unistd.h>

#include "abi.h"

#define EVENTS 100
#define BATCH 10
#define HUGE_BYTES (20u << 20)

typedef struct {
  char what[32];
  uint64_t at;
  uint64_t numbers[8];
  const char* texts[8];
  char text[64];
} plugin_t;

typedef struct {
  uint64_t next;
  char room[BATCH][64];
  char* huge;
  event_t* events[BATCH];
} instance_t;

EXPORT const char* plugin_get_required_api_version(void) { return "3.6.0"; }
EXPORT const char* plugin_get_name(void) { return "native"; }
EXPORT const char* plugin_get_version(void) { return "1.0.0"; }
EXPORT const char* plugin_get_description(void) { return "Breaks"; }
EXPORT const char* plugin_get_contact(void) { return "nobody"; }
EXPORT const char* plugin_get_last_error(void* state) {
  (void)state;
  return "it broke";
}
EXPORT uint32_t plugin_get_id(void) { return 997; }
EXPORT const char* plugin_get_event_source(void) { return "native_source"; }
EXPORT const char* plugin_get_fields(void) {
  return "[{\"type\":\"uint64\",\"name\":\"native.n\",\"desc\":\"The number\"},"
         "{\"type\":\"string\",\"name\":\"native.text\",\"desc\":\"The text\"}]";
}

EXPORT void* plugin_init(const init_input_t* in, int32_t* rc) {
  plugin_t* plugin = calloc(1, sizeof *plugin);
  *rc = sscanf(in->config, "%31s %lu", plugin->what, &plugin->at) == 2 ? RC_SUCCESS : RC_FAILURE;
  return plugin;
}
EXPORT void plugin_destroy(void* state) { free(state); }

EXPORT void* plugin_open(void* state, const char* parameters, int32_t* rc) {
  (void)state, (void)parameters;
  instance_t* instance = calloc(1, sizeof *instance);
  instance->next = 1;
  *rc = RC_SUCCESS;
  return instance;
}
EXPORT void plugin_close(void* state, void* opened) {
  (void)state;
  free(((instance_t*)opened)->huge);
  free(opened);
}

static void forever(void) {
  volatile int on = 1;
  while (on) {
  }
}

// Memory that is really taken. A library that does not look whether it got any dies of that.
static void exhaust(void) {
  for (;;) {
    char* more = malloc(1 << 20);
    memset(more, 1, 1 << 20);
  }
}

static void die(const char* what) {
  if (strcmp(what, "segv") == 0) *(volatile int*)8 = 1;
  if (strcmp(what, "abort") == 0) abort();
  if (strcmp(what, "exit") == 0) exit(7);
  if (strcmp(what, "loop") == 0) forever();
  if (strcmp(what, "memory") == 0) exhaust();
}

EXPORT int32_t plugin_next_batch(void* state, void* opened, uint32_t* count, event_t*** events) {
  plugin_t* plugin = state;
  instance_t* instance = opened;
  const bool source = strncmp(plugin->what, "source-", 7) == 0;
  const char* what = source ? plugin->what + 7 : "";
  *events = instance->events;
  for (*count = 0; *count < BATCH && instance->next <= EVENTS; instance->next++) {
    char text[32];
    const int size = snprintf(text, sizeof text, "%lu", instance->next);
    const bool backwards = strcmp(what, "backwards") == 0;
    const uint64_t ts = backwards ? 1000000000 - instance->next : instance->next;
    event_t* event = write_event(instance->room[*count], ts, 997, text, (uint32_t)size);
    if (source && instance->next == plugin->at) {
      const uint32_t large = 0x7fffffff;
      // What comes before it is passed on.
      if (*count > 0 && !backwards && strcmp(what, "huge") != 0) return RC_SUCCESS;
      die(what);
      if (strcmp(what, "length") == 0) memcpy((char*)event + 16, &large, 4);
      if (strcmp(what, "type") == 0) ((char*)event)[20] = 7, ((char*)event)[21] = 0;
      if (strcmp(what, "fail") == 0) return RC_FAILURE;
      if (strcmp(what, "huge") == 0) {
        char* data = calloc(1, HUGE_BYTES);
        instance->huge = malloc(HUGE_BYTES + 64);
        event = write_event(instance->huge, ts, 997, data, HUGE_BYTES);
        free(data);
      }
    }
    instance->events[(*count)++] = event;
  }
  return *count > 0 ? RC_SUCCESS : RC_EOF;
}

static char* endless(void) {
  const size_t size = 8 << 20;
  char* text = malloc(size);
  memset(text, 'x', size);
  return text;
}

EXPORT int32_t plugin_extract_fields(void* state, const event_input_t* in, const extract_input_t* input) {
  plugin_t* plugin = state;
  uint32_t size = 0;
  const char* data = event_data(in->evt, &size);
  snprintf(plugin->text, sizeof plugin->text, "%.*s", (int)(size < 63 ? size : 63), data);
  const uint64_t number = strtoull(plugin->text, NULL, 10);
  const bool now = number == plugin->at;
  if (now) die(plugin->what);
  if (now && strcmp(plugin->what, "fail") == 0) return RC_FAILURE;
  for (uint32_t i = 0; i < input->num_fields && i < 8; i++) {
    field_t* field = &input->fields[i];
    field->res_len = 1;
    if (field->field_id == 0) {
      plugin->numbers[i] = number;
      field->res = &plugin->numbers[i];
      if (now && strcmp(plugin->what, "count") == 0) field->res_len = UINT64_MAX;
      if (now && strcmp(plugin->what, "null") == 0) field->res = NULL;
    } else {
      plugin->texts[i] = now && strcmp(plugin->what, "endless") == 0 ? endless() : plugin->text;
      field->res = &plugin->texts[i];
    }
  }
  return RC_SUCCESS;
}
