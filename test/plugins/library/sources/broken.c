// SPDX-License-Identifier: Apache-2.0
// A plugin that is built with one thing wrong, by -D options.
#include "abi.h"

#ifndef API
#define API "3.0.0"
#endif
#ifndef VERSION
#define VERSION "1.0.0"
#endif
#ifndef FIELDS
#define FIELDS "[{\"type\":\"string\",\"name\":\"broken.text\",\"desc\":\"Text\"}]"
#endif
#ifndef NAME
#define NAME "broken"
#endif

#ifndef NO_API
EXPORT const char* plugin_get_required_api_version(void) { return API; }
#endif
#ifndef NO_NAME
EXPORT const char* plugin_get_name(void) { return NAME; }
#endif
EXPORT const char* plugin_get_version(void) { return VERSION; }
EXPORT const char* plugin_get_description(void) { return "Broken"; }
EXPORT const char* plugin_get_contact(void) { return NULL; }
#ifndef NO_LAST_ERROR
EXPORT const char* plugin_get_last_error(void* state) {
  (void)state;
  return "the last error";
}
#endif
EXPORT void* plugin_init(const init_input_t* in, int32_t* rc) {
  (void)in;
#ifdef INIT_NULL
  *rc = 0;
  return NULL;
#else
  *rc = 0;
  return malloc(1);
#endif
}
EXPORT void plugin_destroy(void* state) { free(state); }
#ifdef TYPE
EXPORT uint32_t plugin_get_type(void) { return TYPE; }
#endif
#ifdef SCHEMA
EXPORT const char* plugin_get_init_schema(uint32_t* type) {
  *type = SCHEMA_TYPE;
  return SCHEMA;
}
#endif
#ifdef OPEN
EXPORT void* plugin_open(void* state, const char* parameters, int32_t* rc) {
  (void)state, (void)parameters;
  *rc = 1;
  return NULL;
}
#endif
#ifdef REST_OF_SOURCE
EXPORT void plugin_close(void* state, void* opened) { (void)state, (void)opened; }
EXPORT int32_t plugin_next_batch(void* state, void* opened, uint32_t* count, event_t*** events) {
  (void)state, (void)opened, (void)count, (void)events;
  return 2;
}
#endif
#ifdef ID
EXPORT uint32_t plugin_get_id(void) { return ID; }
#endif
#ifdef SOURCE
EXPORT const char* plugin_get_event_source(void) { return SOURCE; }
#endif
#ifdef EXTRACT
EXPORT int32_t plugin_extract_fields(void* state, const event_input_t* in, const extract_input_t* input) {
  (void)state, (void)in, (void)input;
  return 0;
}
#endif
#ifndef NO_FIELDS
EXPORT const char* plugin_get_fields(void) { return FIELDS; }
#endif
#ifdef SOURCES
EXPORT const char* plugin_get_extract_event_sources(void) { return SOURCES; }
#endif
#ifdef TYPES
EXPORT uint16_t* plugin_get_extract_event_types(uint32_t* count, void* state) {
  static uint16_t types[] = {TYPES};
  (void)state;
  *count = sizeof types / sizeof *types;
  return types;
}
#endif
#ifdef EVENT_SCHEMA
EXPORT const char* plugin_get_required_event_schema_version(void) { return EVENT_SCHEMA; }
#endif
#ifdef ASYNC_HANDLER
EXPORT int32_t plugin_set_async_event_handler(void* state, void* owner, async_handler_t handler) {
  (void)state, (void)owner, (void)handler;
  return 0;
}
#endif
#ifdef ASYNC_EVENTS
EXPORT const char* plugin_get_async_events(void) { return ASYNC_EVENTS; }
#endif
#ifdef CAPTURE_OPEN
EXPORT int32_t plugin_capture_open(void* state, const listen_input_t* in) {
  (void)state, (void)in;
  return 0;
}
#endif
#ifdef CONSTRUCTOR
__attribute__((constructor)) static void at_load(void) { CONSTRUCTOR; }
#endif
