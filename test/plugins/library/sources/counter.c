// SPDX-License-Identifier: Apache-2.0
// A plugin in C for API 3.x: a source of numbers and fields of every type. Its open parameters, and the data of its events,
// ask for faults.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "abi.h"

#define BATCH 16
#define ROOM 256

typedef struct {
  char error[512];
  char config[512];
  void* owner;
  void (*log)(void*, const char*, const char*, uint32_t);
  uint64_t extracted;
  metric_t metrics[2];
  char text[16384];
  // What the last extraction returned.
  uint64_t numbers[64];
  uint32_t flags[64];
  const char* texts[64][4];
  buffer_t buffers[64];
  char bytes[64][256];
} plugin_t;

typedef struct {
  uint64_t at;
  uint64_t count;
  char fault[64];
  char progress[64];
  char room[BATCH][ROOM];
  event_t* events[BATCH];
} instance_t;

EXPORT const char* plugin_get_required_api_version(void) { return "3.6.0"; }
EXPORT const char* plugin_get_name(void) { return "counter"; }
EXPORT const char* plugin_get_version(void) { return "1.2.3"; }
EXPORT const char* plugin_get_description(void) { return "Counts"; }
EXPORT const char* plugin_get_contact(void) { return "nobody"; }
EXPORT uint32_t plugin_get_id(void) { return 999; }
EXPORT const char* plugin_get_event_source(void) { return "counter"; }

EXPORT const char* plugin_get_init_schema(uint32_t* type) {
  *type = 1;
  return "{\"$schema\":\"http://json-schema.org/draft-04/schema#\",\"type\":\"object\","
         "\"properties\":{\"start\":{\"type\":\"integer\"}}}";
}

EXPORT const char* plugin_get_fields(void) {
  return "["
         "{\"type\":\"uint64\",\"name\":\"counter.value\",\"desc\":\"The number\",\"addOutput\":true},"
         "{\"type\":\"string\",\"name\":\"counter.text\",\"desc\":\"The number as text\",\"display\":\"Text\"},"
         "{\"type\":\"bool\",\"name\":\"counter.even\",\"desc\":\"It is even\"},"
         "{\"type\":\"reltime\",\"name\":\"counter.age\",\"desc\":\"A duration\"},"
         "{\"type\":\"abstime\",\"name\":\"counter.time\",\"desc\":\"The event's time\"},"
         "{\"type\":\"ipaddr\",\"name\":\"counter.ip\",\"desc\":\"An address\"},"
         "{\"type\":\"ipnet\",\"name\":\"counter.net\",\"desc\":\"A network\"},"
         "{\"type\":\"string\",\"name\":\"counter.digits\",\"desc\":\"Its digits\",\"isList\":true,"
         "\"arg\":{\"isIndex\":true}},"
         "{\"type\":\"string\",\"name\":\"counter.key\",\"desc\":\"Its argument\",\"arg\":{\"isKey\":true,\"isRequired\":true}},"
         "{\"type\":\"string\",\"name\":\"counter.either\",\"desc\":\"Both\",\"arg\":{\"isKey\":true,\"isIndex\":true}},"
         "{\"type\":\"uint64\",\"name\":\"counter.parts\",\"desc\":\"Numbers\",\"isList\":true,\"properties\":[\"hidden\"]},"
         "{\"type\":\"string\",\"name\":\"counter.source\",\"desc\":\"Name of the source\"},"
         "{\"type\":\"uint64\",\"name\":\"counter.large\",\"desc\":\"More than a double holds\"}"
         "]";
}

EXPORT void* plugin_init(const init_input_t* in, int32_t* rc) {
  plugin_t* plugin = calloc(1, sizeof *plugin);
  plugin->owner = in->owner;
  plugin->log = in->log;
  *rc = RC_SUCCESS;
  snprintf(plugin->config, sizeof plugin->config, "%s", in->config);
  if (strstr(in->config, "refuse") != NULL) {
    snprintf(plugin->error, sizeof plugin->error, "I do not want '%s'", in->config);
    *rc = RC_FAILURE;
  }
  if (strstr(in->config, "crash") != NULL) raise(SIGSEGV);
  if (in->tables == NULL) {
    snprintf(plugin->error, sizeof plugin->error, "no tables");
    *rc = RC_FAILURE;
  }
  in->log(in->owner, NULL, "initialized", 6);
  in->log(in->owner, "part", "with a component", 4);
  return plugin;
}

EXPORT void plugin_destroy(void* state) { free(state); }
EXPORT const char* plugin_get_last_error(void* state) { return ((plugin_t*)state)->error; }

EXPORT int32_t plugin_set_config(void* state, const char* const* in) {
  plugin_t* plugin = state;
  if (strstr(*in, "refuse") != NULL) {
    snprintf(plugin->error, sizeof plugin->error, "not now");
    return RC_FAILURE;
  }
  snprintf(plugin->config, sizeof plugin->config, "%s", *in);
  return RC_SUCCESS;
}

EXPORT const metric_t* plugin_get_metrics(void* state, uint32_t* count) {
  plugin_t* plugin = state;
  plugin->metrics[0] = (metric_t){"extracted", 0, {.u64 = plugin->extracted}, 2};
  plugin->metrics[1] = (metric_t){"level", 1, {.d = 2.5}, 4};
  *count = 2;
  return plugin->metrics;
}

EXPORT void* plugin_open(void* state, const char* parameters, int32_t* rc) {
  plugin_t* plugin = state;
  instance_t* instance = calloc(1, sizeof *instance);
  *rc = RC_SUCCESS;
  if (sscanf(parameters, "%lu %63s", &instance->count, instance->fault) < 1) {
    snprintf(plugin->error, sizeof plugin->error, "no count in '%s'", parameters);
    *rc = RC_FAILURE;
    free(instance);
    return NULL;
  }
  return instance;
}

EXPORT void plugin_close(void* state, void* opened) {
  (void)state;
  free(opened);
}

EXPORT const char* plugin_list_open_params(void* state, int32_t* rc) {
  (void)state;
  *rc = RC_SUCCESS;
  return "[{\"value\":\"10\",\"desc\":\"Ten\"},{\"value\":\"1;2\",\"desc\":\"Two\",\"separator\":\";\"}]";
}

EXPORT const char* plugin_get_progress(void* state, void* opened, uint32_t* hundredths) {
  (void)state;
  instance_t* instance = opened;
  *hundredths = instance->count == 0 ? 10000 : (uint32_t)(instance->at * 10000 / instance->count);
  snprintf(instance->progress, sizeof instance->progress, "%lu of %lu", instance->at, instance->count);
  return instance->progress;
}

// Writes over all memory that is shared with the engine, as a library gone wild might.
static void scribble(unsigned char with, size_t from, size_t most) {
  FILE* maps = fopen("/proc/self/maps", "r");
  char line[512];
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    unsigned long start = 0, end = 0;
    if (strstr(line, "peregrine-plugin") == NULL || strstr(line, "rw-s") == NULL) continue;
    if (sscanf(line, "%lx-%lx", &start, &end) != 2) continue;
    size_t size = end - start - from;
    memset((char*)start + from, with, size < most ? size : most);
  }
  if (maps != NULL) fclose(maps);
}

static void fault(plugin_t* plugin, instance_t* instance, uint32_t i, int32_t* rc) {
  char* event = (char*)instance->events[i];
  const char* what = instance->fault;
  const uint32_t large = 0x7fffffff;
  if (strcmp(what, "segv") == 0) *(volatile int*)8 = 1;
  if (strcmp(what, "abort") == 0) abort();
  if (strcmp(what, "exit") == 0) exit(3);
  if (strcmp(what, "scribble") == 0) scribble(0xee, 0, 4096);
  if (strcmp(what, "zeros") == 0) scribble(0, 0, 4096);
  // The ring of events, while what is in it is being read.
  if (strcmp(what, "ring") == 0) {
    for (int i = 0; i < 50; i++) scribble((unsigned char)(i * 37), 4096 + (48 << 20), 1 << 20), usleep(1000);
  }
  if (strcmp(what, "loop") == 0) {
    volatile int on = 1;
    while (on) {
    }
  }
  if (strcmp(what, "length") == 0) memcpy(event + 16, &large, 4);
  if (strcmp(what, "size") == 0) memcpy(event + 30, &large, 4);
  if (strcmp(what, "type") == 0) event[20] = 7, event[21] = 0;
  if (strcmp(what, "id") == 0) event[34] = 5;
  if (strcmp(what, "null") == 0) instance->events[i] = NULL;
  if (strcmp(what, "fail") == 0) {
    snprintf(plugin->error, sizeof plugin->error, "the input broke");
    *rc = RC_FAILURE;
  }
}

EXPORT int32_t plugin_next_batch(void* state, void* opened, uint32_t* count, event_t*** events) {
  instance_t* instance = opened;
  int32_t rc = RC_SUCCESS;
  *count = 0;
  if (strcmp(instance->fault, "empty") == 0 && instance->at == instance->count) return RC_SUCCESS;
  if (strcmp(instance->fault, "quiet") == 0 && instance->at == instance->count) return RC_TIMEOUT;
  if (instance->fault[0] == 0 && instance->at == instance->count) return RC_EOF;
  *events = instance->events;
  for (uint32_t i = 0; i < BATCH; i++) {
    char text[32];
    const bool last = instance->at == instance->count;
    const bool clean = instance->fault[0] == 0 || strcmp(instance->fault, "quiet") == 0 || strcmp(instance->fault, "empty") == 0;
    if (last && clean) break;
    const int size = snprintf(text, sizeof text, "%lu", instance->at);
    const uint64_t ts = instance->at == 0 ? UINT64_MAX : 1700000000000000000u + instance->at;
    instance->events[i] = write_event(instance->room[i], ts, i % 2 == 0 ? 999 : 0, text, (uint32_t)size);
    *count = i + 1;
    if (last) {
      fault(state, instance, i, &rc);
      break;
    }
    instance->at++;
  }
  return rc;
}

EXPORT const char* plugin_event_to_string(void* state, const event_input_t* in) {
  plugin_t* plugin = state;
  uint32_t size = 0;
  const char* data = event_data(in->evt, &size);
  snprintf(plugin->text, sizeof plugin->text, "event %lu of\n%s: %.*s", in->evtnum, in->evtsrc, (int)size, data);
  return plugin->text;
}

static char* endless(void) {
  // A page without NUL, with nothing mapped behind it as far as the heap is concerned.
  const size_t size = 8 << 20;
  char* text = malloc(size);
  memset(text, 'x', size);
  return text;
}

EXPORT int32_t plugin_extract_fields(void* state, const event_input_t* in, const extract_input_t* input) {
  plugin_t* plugin = state;
  uint32_t size = 0;
  const char* data = event_data(in->evt, &size);
  char text[200];
  snprintf(text, sizeof text, "%.*s", (int)(size < 199 ? size : 199), data);
  plugin->extracted++;
  if (strcmp(text, "segv") == 0) *(volatile int*)8 = 1;
#ifdef POISON
  if (strtoull(text, NULL, 10) == POISON) *(volatile int*)8 = 1;
#endif
  if (strcmp(text, "exit") == 0) exit(0);
  if (strcmp(text, "scribble") == 0) scribble(0xee, 0, 4096);
  if (strcmp(text, "zeros") == 0) scribble(0, 0, 4096);
  if (strcmp(text, "abort") == 0) abort();
  if (strcmp(text, "loop") == 0) {
    volatile int on = 1;
    while (on) {
    }
  }
  for (uint32_t i = 0; i < input->num_fields && i < 64; i++) {
    field_t* field = &input->fields[i];
    char* bytes = plugin->bytes[i];
    if (strcmp(text, "bad") == 0 && field->field_id == 1) {
      snprintf(plugin->error, sizeof plugin->error, "no text in '%s'", text);
      return RC_FAILURE;
    }
    const bool lies = strcmp(text, "lies") == 0;
    field->res_len = 1;
    switch (field->field_id) {
      case 0:
        plugin->numbers[i] = strtoull(text, NULL, 10);
        field->res = &plugin->numbers[i];
        if (lies) field->res_len = 3;
        if (strcmp(text, "nowhere") == 0) field->res = NULL;
        break;
      case 1:
        snprintf(bytes, 256, "%s", text);
        plugin->texts[i][0] = strcmp(text, "endless") == 0 ? endless() : strcmp(text, "nulltext") == 0 ? NULL : bytes;
        field->res = plugin->texts[i];
        break;
      case 2:
        plugin->flags[i] = strtoull(text, NULL, 10) % 2 == 0;
        field->res = &plugin->flags[i];
        break;
      case 3:
        plugin->numbers[i] = 1500;
        field->res = &plugin->numbers[i];
        break;
      case 4:
        plugin->numbers[i] = in->evt->ts;
        field->res = &plugin->numbers[i];
        break;
      case 5:
        memcpy(bytes, "\x7f\x00\x00\x01", 4);
        plugin->buffers[i] = (buffer_t){lies ? 5 : 4, bytes};
        field->res = &plugin->buffers[i];
        break;
      case 6:
        memcpy(bytes, "\x0a\x00\x00\x00\xff\x00\x00\x00", 8);
        plugin->buffers[i] = (buffer_t){8, bytes};
        field->res = &plugin->buffers[i];
        break;
      case 7: {
        const size_t digits = strlen(text) < 4 ? strlen(text) : 4;
        for (size_t k = 0; k < digits; k++) {
          bytes[2 * k] = text[k];
          bytes[2 * k + 1] = 0;
          plugin->texts[i][k] = bytes + 2 * k;
        }
        field->res = plugin->texts[i];
        field->res_len = digits;
        if (field->arg_present) {
          field->res_len = field->arg_index < digits ? 1 : 0;
          if (field->arg_index < digits) plugin->texts[i][0] = bytes + 2 * field->arg_index;
        }
        if (lies) field->res_len = UINT64_MAX;
        break;
      }
      case 8:
        snprintf(bytes, 256, "%s=%s", field->arg_key, text);
        plugin->texts[i][0] = bytes;
        field->res = plugin->texts[i];
        break;
      case 9:
        snprintf(bytes, 256, "%u %s %ld", field->arg_present, field->arg_key == NULL ? "-" : field->arg_key,
                 (long)field->arg_index);
        plugin->texts[i][0] = bytes;
        field->res = plugin->texts[i];
        break;
      case 10: {
        uint64_t* numbers = (uint64_t*)bytes;
        numbers[0] = strlen(text);
        numbers[1] = UINT64_MAX;
        field->res = numbers;
        field->res_len = 2;
        break;
      }
      case 11:
        plugin->texts[i][0] = in->evtsrc;
        field->res = plugin->texts[i];
        break;
      case 12:
        plugin->numbers[i] = UINT64_MAX - 1;
        field->res = &plugin->numbers[i];
        if (strcmp(text, "absent") == 0) field->res_len = 0;
        break;
      default:
        field->res_len = 0;
    }
    // What a library writes where it should only read must not matter.
    if (lies) field->ftype = 9, field->flist = 1;
  }
  return RC_SUCCESS;
}
