/* SPDX-License-Identifier: Apache-2.0
 *
 * The C interface for JavaScript: calls by name, on the calling thread or on a thread of the pool,
 * and reading C's memory. lib/ builds everything else from it. */
#include <gradstep/gradstep.h>
#include <node_api.h>
#include <stdlib.h>
#include <string.h>

enum { max_arguments = 16, sentence_size = 4096, name_size = 128 };

#define CHECK(call) \
  if ((call) != napi_ok) return NULL

/* One call of gradstep_call, and what comes of it. */
struct pending_call {
  char name[name_size];
  uint64_t arguments[max_arguments];
  size_t argument_count;
  gradstep_status status;
  char sentence[sentence_size];
  napi_deferred deferred;
  napi_async_work work;
  napi_ref kept; /* what the arguments point into */
};

static void run(struct pending_call* c) {
  c->status =
      gradstep_call(c->name, c->arguments, c->argument_count, c->sentence, sizeof c->sentence);
}

/* A value of {status, sentence}. */
static napi_value outcome(napi_env env, const struct pending_call* c) {
  napi_value result, status, sentence;
  CHECK(napi_create_object(env, &result));
  CHECK(napi_create_int32(env, c->status, &status));
  CHECK(napi_create_string_utf8(env, c->sentence, NAPI_AUTO_LENGTH, &sentence));
  CHECK(napi_set_named_property(env, result, "status", status));
  CHECK(napi_set_named_property(env, result, "sentence", sentence));
  return result;
}

/* Reads (name, BigUint64Array) from the arguments. */
static int read_call(napi_env env, const napi_value* argv, struct pending_call* c) {
  napi_typedarray_type type;
  void* data = NULL;
  size_t length = 0;
  if (napi_get_value_string_utf8(env, argv[0], c->name, sizeof c->name, NULL) != napi_ok ||
      napi_get_typedarray_info(env, argv[1], &type, &length, &data, NULL, NULL) != napi_ok ||
      type != napi_biguint64_array || length > max_arguments) {
    napi_throw_type_error(env, NULL, "a call takes a name and a BigUint64Array of arguments");
    return 0;
  }
  if (length > 0) memcpy(c->arguments, data, length * sizeof(uint64_t));
  c->argument_count = length;
  return 1;
}

static napi_value call(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  size_t argc = 2;
  struct pending_call c = {0};
  CHECK(napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  if (!read_call(env, argv, &c)) return NULL;
  run(&c);
  return outcome(env, &c);
}

static void execute(napi_env env, void* data) {
  (void)env;
  run(data);
}

static void complete(napi_env env, napi_status status, void* data) {
  struct pending_call* c = data;
  if (status == napi_cancelled) {
    c->status = GRADSTEP_INTERNAL;
    strcpy(c->sentence, "the environment ended before the call");
  }
  napi_value result = outcome(env, c);
  if (result != NULL) napi_resolve_deferred(env, c->deferred, result);
  napi_delete_reference(env, c->kept);
  napi_delete_async_work(env, c->work);
  free(c);
}

/* callAsync(name, arguments, kept): a promise of what call gives; `kept` stays alive until then. */
static napi_value call_async(napi_env env, napi_callback_info info) {
  napi_value argv[3], promise, label;
  size_t argc = 3;
  CHECK(napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  struct pending_call* c = calloc(1, sizeof *c);
  if (c == NULL) {
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  if (!read_call(env, argv, c) || napi_create_reference(env, argv[2], 1, &c->kept) != napi_ok ||
      napi_create_promise(env, &c->deferred, &promise) != napi_ok ||
      napi_create_string_utf8(env, "gradstep", NAPI_AUTO_LENGTH, &label) != napi_ok ||
      napi_create_async_work(env, NULL, label, execute, complete, c, &c->work) != napi_ok ||
      napi_queue_async_work(env, c->work) != napi_ok) {
    free(c);
    return NULL;
  }
  return promise;
}

/* addressOf(typed array): where its elements are. */
static napi_value address_of(napi_env env, napi_callback_info info) {
  napi_value argv[1], result;
  size_t argc = 1;
  void* data = NULL;
  CHECK(napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  if (napi_get_typedarray_info(env, argv[0], NULL, NULL, &data, NULL, NULL) != napi_ok) {
    napi_throw_type_error(env, NULL, "addressOf takes a typed array");
    return NULL;
  }
  CHECK(napi_create_bigint_uint64(env, (uint64_t)(uintptr_t)data, &result));
  return result;
}

/* textAt(address): the text there, or null. */
static napi_value text_at(napi_env env, napi_callback_info info) {
  napi_value argv[1], result;
  size_t argc = 1;
  uint64_t address = 0;
  bool is_whole = false;
  CHECK(napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  CHECK(napi_get_value_bigint_uint64(env, argv[0], &address, &is_whole));
  if (address == 0) {
    CHECK(napi_get_null(env, &result));
    return result;
  }
  CHECK(napi_create_string_utf8(env, (const char*)(uintptr_t)address, NAPI_AUTO_LENGTH, &result));
  return result;
}

/* names(what): those of gradstep_<what>_name. */
static napi_value names(napi_env env, napi_callback_info info) {
  napi_value argv[1], result, text;
  size_t argc = 1;
  char what[16];
  CHECK(napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  CHECK(napi_get_value_string_utf8(env, argv[0], what, sizeof what, NULL));
  const int is_rule = strcmp(what, "rule") == 0, is_schedule = strcmp(what, "schedule") == 0;
  size_t (*count)(void) = is_rule       ? gradstep_rule_count
                          : is_schedule ? gradstep_schedule_count
                                        : gradstep_isa_count;
  const char* (*name)(size_t) = is_rule       ? gradstep_rule_name
                                : is_schedule ? gradstep_schedule_name
                                              : gradstep_isa_name;
  CHECK(napi_create_array(env, &result));
  for (size_t i = 0, end = count(), next = 0; i < end; ++i) {
    if (!is_rule && !is_schedule && gradstep_isa_is_available(i) != 1) continue;
    CHECK(napi_create_string_utf8(env, name(i), NAPI_AUTO_LENGTH, &text));
    CHECK(napi_set_element(env, result, next++, text));
  }
  return result;
}

static napi_value version(napi_env env, napi_callback_info info) {
  napi_value result;
  (void)info;
  CHECK(napi_create_string_utf8(env, gradstep_version_text(), NAPI_AUTO_LENGTH, &result));
  return result;
}

/* destroy(what, address) */
static napi_value destroy(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  size_t argc = 2;
  char what[16];
  uint64_t address = 0;
  bool is_whole = false;
  CHECK(napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  CHECK(napi_get_value_string_utf8(env, argv[0], what, sizeof what, NULL));
  CHECK(napi_get_value_bigint_uint64(env, argv[1], &address, &is_whole));
  void* object = (void*)(uintptr_t)address;
  if (strcmp(what, "context") == 0) gradstep_context_destroy(object);
  if (strcmp(what, "rule") == 0) gradstep_rule_destroy(object);
  if (strcmp(what, "schedule") == 0) gradstep_schedule_destroy(object);
  if (strcmp(what, "optimizer") == 0) gradstep_optimizer_destroy(object);
  return NULL;
}

NAPI_MODULE_INIT() {
  const struct {
    const char* name;
    napi_callback function;
  } all[] = {{"call", call},      {"callAsync", call_async}, {"addressOf", address_of},
             {"textAt", text_at}, {"names", names},          {"version", version},
             {"destroy", destroy}};
  for (size_t i = 0; i < sizeof all / sizeof *all; ++i) {
    napi_value function;
    CHECK(
        napi_create_function(env, all[i].name, NAPI_AUTO_LENGTH, all[i].function, NULL, &function));
    CHECK(napi_set_named_property(env, exports, all[i].name, function));
  }
  return exports;
}
