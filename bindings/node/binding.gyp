{
  "targets": [
    {
      "target_name": "gradstep",
      "sources": ["native/addon.c"],
      "defines": ["NAPI_VERSION=8"],
      "cflags": ["<!@(pkg-config --cflags gradstep)", "-Wall", "-Wextra", "-Wno-cast-function-type"],
      "libraries": ["<!@(pkg-config --libs gradstep)", "-Wl,-rpath,<!(pkg-config --variable=libdir gradstep)"]
    }
  ]
}
