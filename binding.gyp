{
  "targets": [
    {
      "target_name": "peregrine",
      "sources": [
        "native/addon.cc",
        "native/block.cc",
        "native/converter.cc",
        "native/enter_store.cc",
        "native/event.cc",
        "native/fds.cc",
        "native/header.cc",
        "native/input.cc",
        "native/interfaces.cc",
        "native/interner.cc",
        "native/interner_class.cc",
        "native/live_class.cc",
        "native/live_interest.cc",
        "native/live_programs.c",
        "native/live_reader.cc",
        "native/live_ring.cc",
        "native/live_snapshot.cc",
        "native/proc_fds.cc",
        "native/proc_files.cc",
        "native/proc_sockets.cc",
        "native/proc_threads.cc",
        "native/processes.cc",
        "native/reader.cc",
        "native/reader_class.cc",
        "native/recipe.cc",
        "native/record_writer.cc",
        "native/section_object.cc",
        "native/users.cc",
        "native/walk.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_DISABLE_CPP_EXCEPTIONS", "NAPI_VERSION=9"],
      "cflags!": ["-fno-exceptions"],
      "cflags": ["-O3", "-fvisibility=hidden", "-Wall", "-Wextra"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-rtti"],
      "cflags_cc": ["-std=c++20", "-fno-exceptions", "-fvisibility-inlines-hidden"]
    },
    {
      "target_name": "plugin_link",
      "sources": [
        "native/plugin/addon.cc",
        "native/plugin/async.cc",
        "native/plugin/extraction.cc",
        "native/plugin/host_loop.cc",
        "native/plugin/library.cc",
        "native/plugin/link.cc",
        "native/plugin/link_class.cc",
        "native/plugin/owner.cc",
        "native/plugin/process.cc",
        "native/plugin/session.cc",
        "native/plugin/sourcing.cc",
        "native/plugin/table_api.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_DISABLE_CPP_EXCEPTIONS", "NAPI_VERSION=9"],
      "cflags!": ["-fno-exceptions"],
      "cflags": ["-O3", "-fvisibility=hidden", "-Wall", "-Wextra"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-rtti"],
      "cflags_cc": ["-std=c++20", "-fno-exceptions", "-fvisibility-inlines-hidden"]
    },
    {
      "target_name": "plugin_host",
      "type": "executable",
      "sources": [
        "native/plugin/async.cc",
        "native/plugin/extraction.cc",
        "native/plugin/host_loop.cc",
        "native/plugin/host_main.cc",
        "native/plugin/library.cc",
        "native/plugin/owner.cc",
        "native/plugin/session.cc",
        "native/plugin/sourcing.cc",
        "native/plugin/table_api.cc"
      ],
      "cflags": ["-O2", "-Wall", "-Wextra"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-rtti"],
      "cflags_cc": ["-std=c++20", "-fno-exceptions"],
      "ldflags": ["-pthread"],
      "libraries": ["-ldl"]
    }
  ]
}
