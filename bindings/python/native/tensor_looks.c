/* SPDX-License-Identifier: Apache-2.0
 *
 * Looks at many tensors of a framework at once: are they still the objects, at the addresses, with
 * the shapes that they were? The Python package asks so before every step, and in Python each
 * question would cost a call for each tensor.
 *
 * The framework's side are C functions of its stable interfaces, which the caller passes. One is of
 * DLPack's exchange interface: it describes a tensor object without copying it
 * (https://dmlc.github.io/dlpack, "C exchange API"). The other gives the address of a tensor that
 * the framework has made a handle for. Python's side is PyDict_Next of its stable interface, found
 * in the running interpreter. So one binary serves every version of Python. All functions here need
 * the GIL. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* DLPack's DLTensor, version 1. */
typedef struct {
  void* data;
  int32_t device_type; /* 1: this machine's memory */
  int32_t device_id;
  int32_t ndim;
  uint8_t dtype_code;
  uint8_t dtype_bits;
  uint16_t dtype_lanes;
  int64_t* shape;
  int64_t* strides; /* in elements; NULL: row-major */
  uint64_t byte_offset;
} tensor_view;

/* Fills *view for a tensor object; 0 on success, -1 with a Python exception set. */
typedef int (*describe_function)(void* object, tensor_view* view);

/* The address of the elements of a tensor that `handle` stands for; 0 on success. */
typedef int32_t (*address_function)(void* handle, void** data);

/* Numbers of a tensor's dimensions, and its sizes or strides. */
typedef int32_t (*number_function)(void* handle, int64_t* number);
typedef int32_t (*numbers_function)(void* handle, int64_t** numbers);

typedef struct _object PyObject;
extern int PyDict_Next(PyObject* dict, ptrdiff_t* position, PyObject** key, PyObject** value);
extern void PyErr_Clear(void);

#define EXPORT __attribute__((visibility("default")))
enum { CPU = 1 };

static int describe(describe_function function, void* object, const void* none, tensor_view* view) {
  if (object == none) return 0;
  if (function(object, view) != 0) {
    PyErr_Clear();
    return 0;
  }
  return view->device_type == CPU;
}

static uint64_t address(const tensor_view* view) {
  return (uint64_t)(uintptr_t)view->data + view->byte_offset;
}

/* Returns 1 if the elements of the i-th tensor are at addresses[i], for all i. */
EXPORT int gradstep_looks_same_addresses(address_function function, void* const* handles,
                                         size_t count, void* const* addresses) {
  for (size_t i = 0; i < count; ++i) {
    void* data = NULL;
    if (function(handles[i], &data) != 0 || data != addresses[i]) return 0;
  }
  return 1;
}

/* Returns 1 if the tensors have the shapes of `words`: for each its number of dimensions, sizes and
 * strides. */
EXPORT int gradstep_looks_same_shapes(number_function dims_of, numbers_function sizes_of,
                                      numbers_function strides_of, void* const* handles,
                                      size_t count, const int64_t* words) {
  for (size_t i = 0; i < count; ++i) {
    int64_t dims = 0, *sizes = NULL, *strides = NULL;
    if (dims_of(handles[i], &dims) != 0 || dims != *words++) return 0;
    if (dims == 0) continue;
    if (sizes_of(handles[i], &sizes) != 0 || strides_of(handles[i], &strides) != 0) return 0;
    const size_t bytes = (size_t)dims * sizeof(int64_t);
    if (memcmp(words, sizes, bytes) != 0 || memcmp(words + dims, strides, bytes) != 0) return 0;
    words += 2 * dims;
  }
  return 1;
}

/* The first word of a tensor's description: dtype and number of dimensions. */
static int64_t kind_of(const tensor_view* view) {
  return (int64_t)view->dtype_code | (int64_t)view->dtype_bits << 8 |
         (int64_t)view->dtype_lanes << 16 | (int64_t)view->ndim << 32;
}

/* Writes the description of every tensor: its kind, shape and strides, one tensor after another.
 * Returns the number of words, or -1 if an object is no tensor in this machine's memory or
 * `capacity` is too small. */
EXPORT int64_t gradstep_looks_record(describe_function function, void* const* objects, size_t count,
                                     const void* none, int64_t* words, size_t capacity) {
  size_t used = 0;
  for (size_t i = 0; i < count; ++i) {
    tensor_view view;
    if (!describe(function, objects[i], none, &view) || view.strides == NULL) return -1;
    const size_t dims = (size_t)view.ndim;
    if (used + 1 + 2 * dims > capacity) return -1;
    words[used++] = kind_of(&view);
    memcpy(words + used, view.shape, dims * sizeof(int64_t));
    memcpy(words + used + dims, view.strides, dims * sizeof(int64_t));
    used += 2 * dims;
  }
  return (int64_t)used;
}

/* Returns 1 if the tensors are described by `words`, and writes the address of the i-th to the
 * place that is i * step bytes after `places`. Otherwise returns 0; some places may be written. */
EXPORT int gradstep_looks_place(describe_function function, void* const* objects, size_t count,
                                const void* none, const int64_t* words, char* places, size_t step) {
  for (size_t i = 0; i < count; ++i) {
    tensor_view view;
    if (!describe(function, objects[i], none, &view) || view.strides == NULL) return 0;
    if (*words++ != kind_of(&view)) return 0;
    const size_t bytes = (size_t)view.ndim * sizeof(int64_t);
    if (memcmp(words, view.shape, bytes) != 0) return 0;
    words += view.ndim;
    if (memcmp(words, view.strides, bytes) != 0) return 0;
    words += view.ndim;
    const uint64_t found = address(&view);
    memcpy(places + i * step, &found, sizeof found);
  }
  return 1;
}

/* Returns 1 if the values of the dicts, one dict after another, are exactly these objects. */
EXPORT int gradstep_looks_same_values(void* const* dicts, size_t dict_count, void* const* values,
                                      size_t value_count) {
  size_t used = 0;
  for (size_t i = 0; i < dict_count; ++i) {
    ptrdiff_t position = 0;
    PyObject* value = NULL;
    while (PyDict_Next((PyObject*)dicts[i], &position, NULL, &value)) {
      if (used == value_count || values[used++] != (void*)value) return 0;
    }
  }
  return used == value_count;
}
