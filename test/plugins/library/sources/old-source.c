// SPDX-License-Identifier: Apache-2.0
// A source with fields in C for API 0.3, the one of Falco 0.31, written from its published offsets alone.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  uint64_t evtnum;
  uint8_t* data;
  uint32_t datalen;
  uint64_t ts;
} event_t;
_Static_assert(sizeof(event_t) == 32 && offsetof(event_t, ts) == 24, "event");

typedef struct {
  uint32_t field_id;
  const char* field;
  const char* arg;
  uint32_t ftype;
  bool field_present;
  const char* res_str;
  uint64_t res_u64;
} field_t;
_Static_assert(sizeof(field_t) == 48 && offsetof(field_t, res_str) == 32, "field");

typedef struct {
  char error[256];
  char text[256];
  char result[8][256];
  uint64_t seen;
} plugin_t;

typedef struct {
  uint64_t at, count;
  bool lie;
  char data[4][32];
  event_t events[4];
} instance_t;

const char* plugin_get_required_api_version(void) { return "0.3.0"; }
uint32_t plugin_get_type(void) { return 1; }
uint32_t plugin_get_id(void) { return 998; }
const char* plugin_get_name(void) { return "old_source"; }
const char* plugin_get_version(void) { return "0.2.0"; }
const char* plugin_get_description(void) { return "Old"; }
const char* plugin_get_contact(void) { return "nobody"; }
const char* plugin_get_event_source(void) { return "old"; }
const char* plugin_get_fields(void) {
  return "[{\"type\":\"string\",\"name\":\"old.text\",\"desc\":\"Text\"},"
         "{\"type\":\"uint64\",\"name\":\"old.number\",\"desc\":\"Number\",\"display\":\"N\"},"
         "{\"type\":\"string\",\"name\":\"old.arg\",\"desc\":\"Argument\",\"argRequired\":true}]";
}

void* plugin_init(const char* config, int32_t* rc) {
  plugin_t* plugin = calloc(1, sizeof *plugin);
  *rc = strcmp(config, "bad") == 0;
  snprintf(plugin->error, sizeof plugin->error, "bad is bad");
  return plugin;
}
void plugin_destroy(void* state) { free(state); }
const char* plugin_get_last_error(void* state) { return ((plugin_t*)state)->error; }

void* plugin_open(void* state, const char* parameters, int32_t* rc) {
  (void)state;
  instance_t* instance = calloc(1, sizeof *instance);
  instance->count = strtoull(parameters, NULL, 10);
  instance->lie = strstr(parameters, "lie") != NULL;
  *rc = 0;
  return instance;
}
void plugin_close(void* state, void* opened) {
  (void)state;
  free(opened);
}

int32_t plugin_next_batch(void* state, void* opened, uint32_t* count, event_t** events) {
  (void)state;
  instance_t* instance = opened;
  uint32_t n = 0;
  for (; n < 4 && instance->at < instance->count; n++, instance->at++) {
    const int size = snprintf(instance->data[n], 32, "%lu", instance->at);
    instance->events[n] = (event_t){instance->at, (uint8_t*)instance->data[n], (uint32_t)size, 1600000000000000000u + instance->at};
    if (instance->at == 1) instance->events[n].ts = UINT64_MAX;
  }
  if (instance->lie && n > 0) instance->events[0].data = NULL;
  *events = instance->events;
  *count = n;
  // The last events come together with the end.
  return instance->at == instance->count ? 2 : 0;
}

const char* plugin_event_to_string(void* state, const uint8_t* data, uint32_t size) {
  plugin_t* plugin = state;
  snprintf(plugin->text, sizeof plugin->text, "old %.*s", (int)size, (const char*)data);
  return plugin->text;
}

int32_t plugin_extract_fields(void* state, const event_t* event, uint32_t count, field_t* fields) {
  plugin_t* plugin = state;
  for (uint32_t i = 0; i < count; i++) {
    char* result = plugin->result[i % 8];
    char data[200];
    snprintf(data, sizeof data, "%.*s", (int)event->datalen, (const char*)event->data);
    if (strcmp(data, "bad") == 0) {
      snprintf(plugin->error, sizeof plugin->error, "bad data");
      return 1;
    }
    fields[i].field_present = true;
    if (fields[i].field_id == 0) {
      snprintf(result, 256, "%s/%s", data, fields[i].arg == NULL ? "-" : fields[i].arg);
      fields[i].res_str = result;
    } else if (fields[i].field_id == 1) {
      fields[i].res_u64 = strtoull(data, NULL, 10);
      if (strcmp(data, "none") == 0) fields[i].field_present = false;
    } else {
      snprintf(result, 256, "%s@%lu.%lu", fields[i].arg, event->evtnum, event->ts);
      fields[i].res_str = result;
    }
  }
  return 0;
}
