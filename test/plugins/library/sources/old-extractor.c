// SPDX-License-Identifier: Apache-2.0
// An extractor in C for API 0.3.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
  uint64_t evtnum;
  uint8_t* data;
  uint32_t datalen;
  uint64_t ts;
} event_t;

typedef struct {
  uint32_t field_id;
  const char* field;
  const char* arg;
  uint32_t ftype;
  bool field_present;
  const char* res_str;
  uint64_t res_u64;
} field_t;

const char* plugin_get_required_api_version(void) { return "0.2.1"; }
uint32_t plugin_get_type(void) { return 2; }
#ifndef NAME
#define NAME "old_extractor"
#endif
const char* plugin_get_name(void) { return NAME; }
const char* plugin_get_version(void) { return "0.1.0-rc1"; }
const char* plugin_get_description(void) { return "Length of data"; }
const char* plugin_get_contact(void) { return "nobody"; }
#ifdef SOURCES
const char* plugin_get_extract_event_sources(void) { return SOURCES; }
#endif
#ifndef PROPERTIES
#define PROPERTIES "[]"
#endif
const char* plugin_get_fields(void) {
  return "[{\"type\":\"uint64\",\"name\":\"length.bytes\",\"desc\":\"Bytes of data\",\"properties\":" PROPERTIES "}]";
}
void* plugin_init(const char* config, int32_t* rc) {
  (void)config;
  *rc = 0;
  return malloc(1);
}
void plugin_destroy(void* state) { free(state); }
const char* plugin_get_last_error(void* state) {
  (void)state;
  return "";
}
int32_t plugin_extract_fields(void* state, const event_t* event, uint32_t count, field_t* fields) {
  (void)state;
  for (uint32_t i = 0; i < count; i++) {
    fields[i].field_present = true;
    fields[i].res_u64 = event->datalen;
  }
  return 0;
}
