// An event source of the lines of a file, and fields of their words, for the plugin API 3.x.
#include "abi.h"

// For plugins in development. An ID of your own: docs/plugins/registry.md of Peregrine.
#define ID 999

enum { BATCH = 64, LINE = 4096, WORDS = 64 };
enum { USER, ACTION, FAILED, WORD };

typedef struct {
  const char* text;
  uint32_t flag;
} value_t;

// What plugin_init makes. Values that were returned stay as they are until the next call.
typedef struct {
  char error[512];
  char line[LINE];
  const char* words[WORDS];
  uint32_t count;
  value_t* values;
  uint32_t room;
} plugin_t;

// What plugin_open makes.
typedef struct {
  FILE* file;
  char bytes[BATCH][38 + LINE];
  event_t* events[BATCH];
} opened_t;

EXPORT const char* plugin_get_required_api_version(void) { return "3.0.0"; }
EXPORT const char* plugin_get_name(void) { return "PLUGIN"; }
EXPORT const char* plugin_get_version(void) { return "0.1.0"; }
EXPORT const char* plugin_get_description(void) { return "What its events are"; }
EXPORT const char* plugin_get_contact(void) { return "you@example.com"; }
EXPORT uint32_t plugin_get_id(void) { return ID; }
EXPORT const char* plugin_get_event_source(void) { return "SOURCE"; }

// In the order of the enum above: extraction is asked by place.
EXPORT const char* plugin_get_fields(void) {
  return "[{\"type\":\"string\",\"name\":\"SOURCE.user\",\"desc\":\"Who did it\",\"addOutput\":true},"
         "{\"type\":\"string\",\"name\":\"SOURCE.action\",\"desc\":\"What was done\"},"
         "{\"type\":\"bool\",\"name\":\"SOURCE.failed\",\"desc\":\"Whether it failed\"},"
         "{\"type\":\"string\",\"name\":\"SOURCE.word\",\"desc\":\"A word of the line, from 0\","
         "\"arg\":{\"isIndex\":true,\"isRequired\":true}}]";
}

EXPORT void* plugin_init(const init_input_t* in, int32_t* rc) {
  (void)in;  // in->config is init_config, as text
  plugin_t* plugin = calloc(1, sizeof *plugin);
  *rc = plugin == NULL ? RC_FAILURE : RC_SUCCESS;
  return plugin;
}

EXPORT void plugin_destroy(void* state) {
  plugin_t* plugin = state;
  free(plugin->values);
  free(plugin);
}

EXPORT const char* plugin_get_last_error(void* state) { return ((plugin_t*)state)->error; }

// parameters: open_params, the path of the file.
EXPORT void* plugin_open(void* state, const char* parameters, int32_t* rc) {
  plugin_t* plugin = state;
  opened_t* opened = calloc(1, sizeof *opened);
  if (opened != NULL) opened->file = fopen(parameters, "r");
  if (opened == NULL || opened->file == NULL) {
    snprintf(plugin->error, sizeof plugin->error, "open_params: %s cannot be opened", parameters);
    free(opened);
    *rc = RC_FAILURE;
    return NULL;
  }
  *rc = RC_SUCCESS;
  return opened;
}

EXPORT void plugin_close(void* state, void* instance) {
  (void)state;
  opened_t* opened = instance;
  fclose(opened->file);
  free(opened);
}

// The next events. RC_EOF: there will be no more; RC_TIMEOUT: none for now, ask again.
EXPORT int32_t plugin_next_batch(void* state, void* instance, uint32_t* count, event_t*** events) {
  (void)state;
  opened_t* opened = instance;
  char line[LINE];
  *count = 0;
  *events = opened->events;
  while (*count < BATCH && fgets(line, sizeof line, opened->file) != NULL) {
    const size_t size = strcspn(line, "\n");
    if (size == 0) continue;
    // A time of UINT64_MAX is that at which the event is received.
    opened->events[*count] = write_event(opened->bytes[*count], UINT64_MAX, ID, line, (uint32_t)size);
    (*count)++;
  }
  return *count == 0 ? RC_EOF : RC_SUCCESS;
}

// Copies the event's line and cuts it into words: data of events have no end of their own.
static void read_line(plugin_t* plugin, const event_t* event) {
  uint32_t size = 0;
  const char* data = event_data(event, &size);
  if (size >= LINE) size = LINE - 1;
  memcpy(plugin->line, data, size);
  plugin->line[size] = 0;
}

static void read_words(plugin_t* plugin, const event_t* event) {
  read_line(plugin, event);
  plugin->count = 0;
  char* rest = NULL;
  for (char* word = strtok_r(plugin->line, " ", &rest); word != NULL && plugin->count < WORDS;
       word = strtok_r(NULL, " ", &rest)) {
    plugin->words[plugin->count++] = word;
  }
}

EXPORT const char* plugin_event_to_string(void* state, const event_input_t* in) {
  plugin_t* plugin = state;
  read_line(plugin, in->evt);
  return plugin->line;
}

// A field without a value has a length of 0.
EXPORT int32_t plugin_extract_fields(void* state, const event_input_t* in, const extract_input_t* input) {
  plugin_t* plugin = state;
  if (input->num_fields > plugin->room) {
    value_t* values = realloc(plugin->values, input->num_fields * sizeof *values);
    if (values == NULL) return RC_FAILURE;
    plugin->values = values;
    plugin->room = input->num_fields;
  }
  read_words(plugin, in->evt);
  for (uint32_t i = 0; i < input->num_fields; i++) {
    field_t* field = &input->fields[i];
    value_t* value = &plugin->values[i];
    const uint64_t place = field->field_id == WORD ? field->arg_index : field->field_id;
    field->res_len = place < plugin->count ? 1 : 0;
    if (field->res_len == 0) continue;
    value->text = plugin->words[place];
    value->flag = strcmp(value->text, "failed") == 0;
    field->res = field->field_id == FAILED ? (const void*)&value->flag : &value->text;
  }
  return RC_SUCCESS;
}
