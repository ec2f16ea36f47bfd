/* SPDX-License-Identifier: Apache-2.0
 *
 * For programs that use the library's structs: each lies at the end of a page, so a library that
 * reads or writes beyond it ends the program. With -DGROWN the header is one in which every struct
 * has one more field at its end, of 8 bytes. */
#ifndef GRADSTEP_TESTS_PLACED_STRUCT_H
#define GRADSTEP_TESTS_PLACED_STRUCT_H

#include <gradstep/gradstep.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { most_structs = 100 };
static int library_is_grown; /* whether it knows the new fields */
static int call_count, name_count;
static const char* names[most_structs]; /* of the structs that were made */

static void check(int is_right, const char* what, const char* why) {
  if (is_right) return;
  fprintf(stderr, "every_struct: %s: %s\n", what, why);
  exit(1);
}
static void check_ok(gradstep_status status, const char* what) {
  check(status == GRADSTEP_OK, what, gradstep_last_error());
}

static void remember(const char* name) {
  int i = 0;
  while (i < name_count && strcmp(names[i], name) != 0) ++i;
  check(i < most_structs, name, "too many structs");
  if (i == name_count) names[name_count++] = name;
}

/* `number` zeroed structs with their struct_size, at the end of a page. */
static void* make(size_t size, size_t number, const char* name) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char* pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char* structs = pages + page - number * size;
  size_t i;
  check(pages != MAP_FAILED && number * size <= page, name, "no memory");
  check(mprotect(pages + page, page, PROT_NONE) == 0, name, "no unreadable page");
  for (i = 0; i < number; ++i) memcpy(structs + i * size, &size, sizeof size);
  remember(name);
  return structs;
}
#define MAKE(type) ((type*)make(sizeof(type), 1, #type))

static size_t size_of(const void* one) {
  size_t size;
  memcpy(&size, one, sizeof size);
  return size;
}

#ifdef GROWN
/* The new field of a struct. */
static uint64_t new_field(const void* one) {
  uint64_t value;
  memcpy(&value, (const char*)one + size_of(one) - sizeof value, sizeof value);
  return value;
}
static void set_new_field(void* one, uint64_t value) {
  memcpy((char*)one + size_of(one) - sizeof value, &value, sizeof value);
}
#endif

typedef gradstep_status call(void*);
#define INPUT(one, body) input(one, body, #body)
#define OUTPUT(one, body) output(one, body, #body)

/* Makes a call that reads the struct. If it has a new field that is set, only a library that knows
 * the field accepts it. */
static void input(void* one, call* body, const char* what) {
  check_ok(body(one), what);
  ++call_count;
#ifdef GROWN
  const uint64_t before = new_field(one);
  set_new_field(one, 1);
  const gradstep_status status = body(one);
  set_new_field(one, before);
  if (library_is_grown) {
    check_ok(status, what);
  } else {
    check(status == GRADSTEP_INVALID_ARGUMENT, what, "a field that the library lacks was accepted");
    check(strstr(gradstep_last_error(), "has a field set that this version") != NULL, what,
          gradstep_last_error());
  }
#endif
}

/* Makes a call that fills the struct: all of it, and nothing else. */
static void output(void* one, call* body, const char* what) {
  const size_t size = size_of(one);
  const uint64_t unset = UINT64_MAX;
  uint64_t field;
  size_t at;
  memset((char*)one + sizeof size, 0xFF, size - sizeof size);
  check_ok(body(one), what);
  ++call_count;
  check(size_of(one) == size, what, "struct_size has changed");
  for (at = sizeof size; at < size; at += sizeof field) {
    memcpy(&field, (char*)one + at, sizeof field);
    check(field != unset, what, "a field is not filled");
  }
#ifdef GROWN
  check(new_field(one) == (uint64_t)library_is_grown, what, "the new field is wrong");
#endif
}

#endif
