// SPDX-License-Identifier: Apache-2.0

// A plugin in Go for API 3.x, without an SDK: what it is about is Go's runtime in a plugin's process.
package main

/*
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct { const char* config; void* owner; void* rest[3]; } init_input;
typedef struct { const char* evt; uint64_t evtnum; const char* evtsrc; } event_input;
typedef struct {
  const void* res; uint64_t res_len; uint32_t field_id; const char* field; const char* arg_key; uint64_t arg_index;
  uint32_t arg_present, ftype, flist;
} field;
typedef struct { void* owner; void* error; uint32_t num_fields; field* fields; void* rest[6]; } extract_input;

static void put_event(char* to, uint64_t ts, const char* data, uint32_t size) {
  const uint64_t tid = UINT64_MAX;
  const uint32_t len = 38 + size, count = 2, four = 4, id = 996;
  const uint16_t type = 322;
  memcpy(to, &ts, 8); memcpy(to + 8, &tid, 8); memcpy(to + 16, &len, 4); memcpy(to + 20, &type, 2);
  memcpy(to + 22, &count, 4); memcpy(to + 26, &four, 4); memcpy(to + 30, &size, 4); memcpy(to + 34, &id, 4);
  memcpy(to + 38, data, size);
}
static const char* event_data(const char* event) { return event + 38; }
static uint32_t event_size(const char* event) { uint32_t size; memcpy(&size, event + 30, 4); return size; }
static void set_event(char** events, uint32_t i, char* event) { events[i] = event; }
*/
import "C"

import (
	"strconv"
	"sync"
	"time"
	"unsafe"
)

type instance struct {
	next, end uint64
	room      []*C.char
	list      **C.char
}

var (
	mutex     sync.Mutex
	instances = map[uintptr]*instance{}
	last      uintptr
	texts     = map[string]*C.char{}
	results   = map[unsafe.Pointer]unsafe.Pointer{}
)

// Texts that are handed out stay where they are.
func text(s string) *C.char {
	mutex.Lock()
	defer mutex.Unlock()
	if texts[s] == nil {
		texts[s] = C.CString(s)
	}
	return texts[s]
}

//export plugin_get_required_api_version
func plugin_get_required_api_version() *C.char { return text("3.0.0") }

//export plugin_get_name
func plugin_get_name() *C.char { return text("go") }

//export plugin_get_version
func plugin_get_version() *C.char { return text("0.1.0") }

//export plugin_get_description
func plugin_get_description() *C.char { return text("In Go") }

//export plugin_get_contact
func plugin_get_contact() *C.char { return text("nobody") }

//export plugin_get_id
func plugin_get_id() C.uint32_t { return 996 }

//export plugin_get_event_source
func plugin_get_event_source() *C.char { return text("go") }

//export plugin_get_fields
func plugin_get_fields() *C.char {
	return text(`[{"type":"uint64","name":"go.square","desc":"The square"}]`)
}

//export plugin_init
func plugin_init(in *C.init_input, rc *C.int32_t) unsafe.Pointer {
	*rc = 0
	state := C.malloc(8)
	mutex.Lock()
	results[state] = C.malloc(8)
	mutex.Unlock()
	return state
}

//export plugin_destroy
func plugin_destroy(state unsafe.Pointer) {
	mutex.Lock()
	C.free(results[state])
	delete(results, state)
	mutex.Unlock()
	C.free(state)
}

//export plugin_get_last_error
func plugin_get_last_error(state unsafe.Pointer) *C.char { return text("") }

//export plugin_open
func plugin_open(state unsafe.Pointer, params *C.char, rc *C.int32_t) unsafe.Pointer {
	end, err := strconv.ParseUint(C.GoString(params), 10, 64)
	*rc = 0
	if err != nil {
		*rc = 1
		return nil
	}
	opened := &instance{end: end, list: (**C.char)(C.malloc(64 * 8))}
	for i := 0; i < 64; i++ {
		opened.room = append(opened.room, (*C.char)(C.malloc(128)))
	}
	handle := C.malloc(1)
	mutex.Lock()
	instances[uintptr(handle)] = opened
	mutex.Unlock()
	return handle
}

//export plugin_close
func plugin_close(state, handle unsafe.Pointer) {
	mutex.Lock()
	delete(instances, uintptr(handle))
	mutex.Unlock()
	C.free(handle)
}

//export plugin_next_batch
func plugin_next_batch(state, handle unsafe.Pointer, count *C.uint32_t, events ***C.char) C.int32_t {
	mutex.Lock()
	opened := instances[uintptr(handle)]
	mutex.Unlock()
	made := make(chan string)
	go func() {
		for i := 0; i < 64 && opened.next < opened.end; i++ {
			made <- strconv.FormatUint(opened.next, 10)
			opened.next++
		}
		close(made)
	}()
	n := 0
	for data := range made {
		bytes := C.CString(data)
		C.put_event(opened.room[n], C.uint64_t(time.Now().UnixNano()), bytes, C.uint32_t(len(data)))
		C.free(unsafe.Pointer(bytes))
		C.set_event(opened.list, C.uint32_t(n), opened.room[n])
		n++
	}
	*count = C.uint32_t(n)
	*events = opened.list
	if n == 0 {
		return 2
	}
	return 0
}

//export plugin_extract_fields
func plugin_extract_fields(state unsafe.Pointer, in *C.event_input, input *C.extract_input) C.int32_t {
	data := C.GoStringN(C.event_data(in.evt), C.int(C.event_size(in.evt)))
	if data == "panic" {
		panic("as asked")
	}
	if data == "nil" {
		var nowhere *instance
		nowhere.next = 1
	}
	n, _ := strconv.ParseUint(data, 10, 64)
	mutex.Lock()
	result := (*C.uint64_t)(results[state])
	mutex.Unlock()
	*result = C.uint64_t(n * n)
	fields := unsafe.Slice(input.fields, int(input.num_fields))
	for i := range fields {
		fields[i].res = unsafe.Pointer(result)
		fields[i].res_len = 1
	}
	return 0
}

func main() {}
