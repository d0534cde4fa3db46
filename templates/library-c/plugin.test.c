// Runs the plugin without an engine: make test.
#include "PLUGIN.c"

#define CHECK(what)                                              \
  do {                                                           \
    if (!(what)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
      exit(1);                                                   \
    }                                                            \
  } while (0)

static const char* text_of(const field_t* field) { return field->res_len == 0 ? NULL : *(const char* const*)field->res; }

int main(void) {
  int32_t rc = RC_FAILURE;
  const init_input_t init = {.config = ""};
  void* state = plugin_init(&init, &rc);
  CHECK(rc == RC_SUCCESS);
  CHECK(plugin_open(state, "/nowhere/at-all", &rc) == NULL && rc == RC_FAILURE);
  CHECK(strcmp(plugin_get_last_error(state), "open_params: /nowhere/at-all cannot be opened") == 0);

  void* opened = plugin_open(state, "events.txt", &rc);
  CHECK(rc == RC_SUCCESS);
  uint32_t count = 0;
  event_t** events = NULL;
  CHECK(plugin_next_batch(state, opened, &count, &events) == RC_SUCCESS && count == 3);

  field_t fields[] = {{.field_id = USER}, {.field_id = ACTION}, {.field_id = FAILED}, {.field_id = WORD, .arg_index = 3},
                      {.field_id = WORD, .arg_index = 4}};
  const extract_input_t input = {.num_fields = 5, .fields = fields};
  const event_input_t second = {events[1], 2, plugin_get_event_source()};
  CHECK(strcmp(plugin_event_to_string(state, &second), "mallory login failed 203.0.113.9") == 0);
  CHECK(plugin_extract_fields(state, &second, &input) == RC_SUCCESS);
  CHECK(strcmp(text_of(&fields[0]), "mallory") == 0);
  CHECK(strcmp(text_of(&fields[1]), "login") == 0);
  CHECK(*(const uint32_t*)fields[2].res == 1);
  CHECK(strcmp(text_of(&fields[3]), "203.0.113.9") == 0);
  CHECK(text_of(&fields[4]) == NULL);

  CHECK(plugin_next_batch(state, opened, &count, &events) == RC_EOF && count == 0);
  plugin_close(state, opened);
  plugin_destroy(state);
  puts("ok");
  return 0;
}
