/* gradstep: optimizer steps for machine learning, on flat arrays of floats.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * This header is the complete C interface and its contract. It compiles as C99 and as C++11.
 * docs/c-api.md shows how to use the calls together. docs/numerics.md states what they compute.
 *
 * What the library does. A training program keeps its parameters and their gradients in plain
 * memory. gradstep updates the parameters by SGD, Adam, AdamW or another rule. The same pass over
 * memory can also unscale and clip the gradients, keep a moving average of the parameters, copy
 * them to another dtype, and zero the gradients.
 *
 * Objects.
 *
 *     context    threads and an instruction set; immutable, shared by any number of threads
 *     rule       one update formula ("adamw") with a value for each of its hyper-parameters
 *     array      where numbers are in memory, and how they are stored
 *     tensor     one parameter: arrays for the param, its gradient (grad) and the rule's slots
 *     schedule   the learning rate as a function of the step ("cosine")
 *     optimizer  groups of tensors with their state and step counts; it writes checkpoints
 *
 *     A slot is an array in which a rule keeps state, mostly one number for each element
 *     ("exp_avg"). A scalar is a single number of a rule's state. A group is a set of tensors that
 * share a rule, its hyper-parameters and a schedule. The host is the program that calls the
 * library.
 *
 * Two ways to step. gradstep_apply is stateless: the caller owns every array and counts the steps.
 * gradstep_optimizer_step works on an optimizer, which keeps slots, step counts and learning rates.
 * Both give the same bits.
 *
 * Life of a call. A call validates all its arguments before it changes anything. On success it
 * returns GRADSTEP_OK, which is 0. On failure it returns another status and has changed nothing: no
 * array, no object, no output. (gradstep_optimizer_save and save_to describe two exceptions.)
 * After a failure, gradstep_last_error() returns a sentence. For a wrong argument the sentence
 * gives the argument's name, its value, and what is allowed. A step that has passed validation
 * cannot fail.
 *
 * Comments omit the prefix of a status, dtype or flag where it is clear which one is meant:
 * OUT_OF_RANGE is GRADSTEP_OUT_OF_RANGE, and CHECK_FINITE is GRADSTEP_APPLY_CHECK_FINITE. "Fails
 * with" lists the statuses that a call can return on failure. Some causes of failure are not
 * repeated there. Every call can return GRADSTEP_INVALID_ARGUMENT for a wrong struct_size, or for a
 * NULL that its comment does not allow. Every call can return GRADSTEP_INTERNAL for a defect of the
 * library. Every call on an optimizer can return GRADSTEP_BUSY (see gradstep_optimizer). Between
 * begin_step and end_step, every call on an optimizer that is not allowed there returns
 * GRADSTEP_WRONG_ORDER (see gradstep_optimizer_begin_step).
 *
 * Ownership. Contexts and optimizers keep some of the pointers that the caller passes; their
 * comments say which. No other object keeps a pointer. Every create call has a destroy call, which
 * accepts NULL. A returned string is static unless its comment says otherwise.
 *
 * Threads. Any calls may run at the same time, with two exceptions. No call may write an array that
 * another call uses (but see gradstep_apply_part). No object may be changed or destroyed while
 * another call uses it. An optimizer may be changed nevertheless, but not destroyed: calls on one
 * optimizer wait for each other (see gradstep_optimizer). If a thread is cancelled (pthread_cancel)
 * while it creates a context, saves or loads, it finishes that call first.
 *
 * Structs. Every struct but gradstep_array begins with struct_size, which the caller sets to the
 * size of the struct, as given by sizeof. There are three cases:
 *   - A struct that the caller fills: zero all of it (`= {0}` or memset), set struct_size, then set
 *     the fields that you need. The other fields stay 0.
 *   - A struct that the library fills: set struct_size. The library fills the rest of the struct.
 *   - An array of structs: set the same struct_size in all elements. It is also the distance in
 *     bytes from one element to the next.
 * No struct has padding. Later versions of the library only append fields, so a program and a
 * library of different versions work together:
 *   - A program of an earlier version has structs that lack fields. The library takes these fields
 *     as 0, which means that everything is as it was before they existed. It neither reads nor
 *     writes beyond struct_size bytes.
 *   - A program of a later version has structs with fields that the library does not know. If the
 *     caller fills the struct, these fields must be 0; otherwise the call fails with
 *     GRADSTEP_INVALID_ARGUMENT. If the library fills the struct, it sets them to 0.
 * This holds for every program since version 0.2. struct_size is a multiple of 8, at least the size
 * that the struct had in its first version, and at most 4096. The library refuses any other value
 * before it reads or writes the rest of the struct.
 *
 * Environment. The library reads two environment variables, GRADSTEP_ISA and GRADSTEP_THREADS, and
 * only when a context is created. It prints nothing, never aborts, and changes no process-wide
 * setting.
 */
#ifndef GRADSTEP_GRADSTEP_H
#define GRADSTEP_GRADSTEP_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#if defined(GRADSTEP_BUILD)
#define GRADSTEP_API __declspec(dllexport)
#elif defined(GRADSTEP_STATIC)
#define GRADSTEP_API
#else
#define GRADSTEP_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define GRADSTEP_API __attribute__((visibility("default")))
#else
#define GRADSTEP_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version ------------------------------------------------------------------------------- */

#define GRADSTEP_VERSION_MAJOR 0
#define GRADSTEP_VERSION_MINOR 2
#define GRADSTEP_VERSION_PATCH 0

/* The version of the running library: 10000 * major + 100 * minor + patch. */
GRADSTEP_API uint32_t gradstep_version(void);

/* The version of the running library as text: "0.2.0". */
GRADSTEP_API const char* gradstep_version_text(void);

/* ---- Status -------------------------------------------------------------------------------- */

typedef int32_t gradstep_status;

#define GRADSTEP_OK 0
#define GRADSTEP_INVALID_ARGUMENT 1 /* a NULL, misaligned, overlapping or inconsistent argument */
#define GRADSTEP_UNKNOWN_NAME 2     /* nothing has this name; the sentence lists similar names */
#define GRADSTEP_OUT_OF_RANGE 3     /* a number outside its bounds, or an index past the end */
#define GRADSTEP_UNSUPPORTED 4      /* valid, but this machine, build or object does not have it */
#define GRADSTEP_OUT_OF_MEMORY 5    /* the system refused memory or a thread */
#define GRADSTEP_INTERNAL 6         /* a defect of the library: please report the sentence */
#define GRADSTEP_BUSY 7             /* the call would wait for ever: see gradstep_optimizer */
#define GRADSTEP_WRONG_ORDER 8      /* another call has to come first */
#define GRADSTEP_IO_ERROR 9         /* a file or stream cannot be read or written; a full disk */
#define GRADSTEP_CORRUPT 10         /* the file is truncated, damaged, or not a checkpoint */
#define GRADSTEP_MISMATCH 11        /* the checkpoint was saved from another model */

/* The name of a status: "GRADSTEP_OK". For any other number: "GRADSTEP_UNKNOWN_STATUS". */
GRADSTEP_API const char* gradstep_status_name(gradstep_status status);

/* The sentence for this thread's last failed call; "" if no call of this thread has failed. A
 * successful call does not change the sentence. The text stays valid until the thread's next failed
 * call or the thread's end. The text is UTF-8 if the names that the caller has passed are. A text
 * of 4096 bytes or more is cut and ends with "...". Without free memory this call and failing calls
 * still work, but a sentence may be lost; this call then returns a sentence that says so. Both
 * kinds of call are allowed in destructors of static, thread-local and thread-specific objects. */
GRADSTEP_API const char* gradstep_last_error(void);

/* Calls the function of this library with the name `function`, and writes the sentence of its
 * failure to `sentence`. It is for hosts that may run two calls in a row on different threads (Go,
 * Node, Tokio): between the failure and the copy of its sentence no other code runs. If two calls
 * in a row do run on the same thread, call the functions themselves, which the compiler checks.
 *
 * function. The name of any function that returns gradstep_status, except "gradstep_call".
 *
 * arguments. One number for each argument, in order: argument_count numbers. An integer is as it
 * is; of a 32-bit integer only the lower 32 bits count. A pointer is its address. A double is its
 * 64 bits. gradstep.json lists each function's arguments with their types. The library checks their
 * number, but cannot check that they are what the function expects.
 *
 * sentence. sentence_size bytes, which the call writes in any case: the sentence of a failure, or
 * "" after a success. A sentence that is too long is cut, and ends with "..."; fewer than 8 bytes
 * have room for "" only. sentence may be NULL if sentence_size is 0. gradstep_last_error gives the
 * sentence too.
 *
 * Returns the status of the function. Fails with UNKNOWN_NAME, whose sentence lists similar names,
 * and with INVALID_ARGUMENT for a wrong argument_count. */
GRADSTEP_API gradstep_status gradstep_call(const char* function, const uint64_t* arguments,
                                           size_t argument_count, char* sentence,
                                           size_t sentence_size);

/* ---- Instruction sets ---------------------------------------------------------------------- */

/* The number of instruction sets that this library was built for, and their names, from the lowest
 * to the highest. The lowest is "baseline": SSE2 on x86-64, NEON on AArch64. gradstep_isa_name
 * returns NULL for an index past the end. */
GRADSTEP_API size_t gradstep_isa_count(void);
GRADSTEP_API const char* gradstep_isa_name(size_t index);

/* Returns 1 if this CPU and operating system can run the instruction set; 0 if they cannot, or if
 * index is past the end. */
GRADSTEP_API int32_t gradstep_isa_is_available(size_t index);

/* ---- Contexts ------------------------------------------------------------------------------ */

/* A context determines which threads run a step, and which instruction set they use. By default the
 * threads are those of a oneTBB arena (a set of threads) that belongs to the context. A step's
 * elements are cut into pieces of work, and the threads take one piece after another. A context is
 * immutable: any number of threads may use it at the same time. */
typedef struct gradstep_context gradstep_context;

/* A task for the host's thread pool, which calls task(argument, index). */
typedef void (*gradstep_task)(void* argument, size_t index);

/* A function of the host that runs tasks on the host's own thread pool. It calls task(argument, i)
 * exactly once for every i < count, on any threads and in any order, and returns after all these
 * calls have returned. It cannot report a failure. If only the calling thread is free, the function
 * may run all tasks on that thread.
 *
 * If a pool breaks these rules, the step takes longer but is still complete and correct: after the
 * function returns, the calling thread does the work that is left.
 *   - A C++ exception that leaves the function counts as a return and is not passed on. The step
 *     waits for tasks that are still running.
 *   - A task that the pool calls after the step has ended does nothing, or helps with another step
 *     of the same context. The pool must not call a task after the context is destroyed.
 *   - If a thread is cancelled (pthread_cancel) in this function, the cancellation takes effect
 *     after the step.
 *   - longjmp and pthread_exit are not allowed: the function must return. */
typedef void (*gradstep_parallel_for)(void* pool, size_t count, gradstep_task task, void* argument);

/* Flags of gradstep_context_options. */
#define GRADSTEP_CONTEXT_CALLER_ARENA UINT64_C(1)  /* use the calling thread's oneTBB arena */
#define GRADSTEP_CONTEXT_PIN_THREADS UINT64_C(2)   /* bind each worker of the own arena to a CPU */
#define GRADSTEP_CONTEXT_FLUSH_TO_ZERO UINT64_C(4) /* steps treat denormals as zero */
#define GRADSTEP_CONTEXT_SERIAL_BELOW UINT64_C(8)  /* serial_below is set (it may be 0) */
#define GRADSTEP_CONTEXT_PIECE_SIZE UINT64_C(16)   /* piece_size is set */

typedef struct gradstep_context_options {
  size_t struct_size;

  uint64_t flags;

  /* The largest number of threads that work on a step, including the caller's: 1 to 1024. 0: the
   * value of GRADSTEP_THREADS or, if that is not set, the number of CPUs that the process may use.
   * This is the number of CPUs that at least one thread of the process may run on, limited by the
   * CPU quota of its container.
   *
   * An arena that belongs to the context has at most as many threads as oneTBB allows when the
   * context is created: one per CPU of the process, unless the host has set a tbb::global_control.
   * With CALLER_ARENA or parallel_for, thread_count limits how many threads a step asks for. */
  size_t thread_count;

  /* The name of the instruction set (see gradstep_isa_name). NULL: the value of GRADSTEP_ISA or, if
   * that is not set, the highest instruction set that the CPU has. */
  const char* isa;

  /* The function that runs tasks on the host's pool. NULL: the threads are oneTBB's. `pool` is
   * passed to parallel_for unchanged. The context keeps both pointers until it is destroyed. */
  gradstep_parallel_for parallel_for;
  void* pool;

  /* A step runs on the calling thread alone if its tensors have fewer elements than this in total.
   * This field is ignored without SERIAL_BELOW; the default is then a measured value. */
  size_t serial_below;

  /* The number of elements in one piece of work: at least 1, rounded up to a multiple of 64. This
   * field is ignored without PIECE_SIZE; the library then chooses a size for each step. It is for
   * tests and tuning: results do not depend on it. */
  size_t piece_size;
} gradstep_context_options;

/* Creates a context, which the caller destroys. options may be NULL.
 *
 * fork(). In a child process, a context that the parent created works on the calling thread alone
 * and gives the same bits. This holds whatever the parent's other threads were doing at the fork. A
 * context that the child creates has threads, with one exception: if it would use oneTBB, and a
 * parent process has had a context with oneTBB's threads, it works on the calling thread alone.
 *
 * Unloading. Threads may outlive their context. Creating a context with threads therefore keeps the
 * library in memory: dlclose does not unload it. If the library is linked statically into a plugin,
 * the plugin stays in memory too.
 *
 * Fails with UNKNOWN_NAME for an instruction set that this build does not have; with UNSUPPORTED
 * for an instruction set that this CPU lacks, or with which this build does not round exactly; with
 * OUT_OF_RANGE or INVALID_ARGUMENT for the other options; with OUT_OF_MEMORY. GRADSTEP_ISA and
 * GRADSTEP_THREADS are checked in the same way as the options. */
GRADSTEP_API gradstep_status gradstep_context_create(const gradstep_context_options* options,
                                                     gradstep_context** context);

/* Destroys a context. It does not wait for calls, so no call may be using the context. */
GRADSTEP_API void gradstep_context_destroy(gradstep_context* context);

typedef struct gradstep_context_info {
  size_t struct_size;
  const char* isa;     /* the instruction set in use */
  size_t thread_count; /* the most threads that work on a step; 1 for a context inherited by fork */
  size_t serial_below; /* in elements */
  size_t piece_size;   /* the smallest piece, in elements; 0: chosen for each step */
  const char* threading; /* "own arena", "caller's arena" or "host pool" */
} gradstep_context_info;

GRADSTEP_API gradstep_status gradstep_context_describe(const gradstep_context* context,
                                                       gradstep_context_info* info);

/* ---- Which rules there are ----------------------------------------------------------------- */

/* The number of rules, and their names. gradstep_rule_name returns NULL for an index past the
 * end. */
GRADSTEP_API size_t gradstep_rule_count(void);
GRADSTEP_API const char* gradstep_rule_name(size_t index);

typedef struct gradstep_rule_info {
  size_t struct_size;
  const char* name;
  const char* summary; /* one line */
  const char* formula; /* lines separated by '\n' */
  const char* source;  /* the paper or text that the formula is from */
  size_t hyperparameter_count;
  size_t slot_count;
  size_t scalar_count;
  size_t transform_count;
} gradstep_rule_info;

/* Fails with UNKNOWN_NAME. */
GRADSTEP_API gradstep_status gradstep_rule_describe(const char* rule_name,
                                                    gradstep_rule_info* info);

/* Kinds of hyper-parameter. All kinds are passed as double. */
#define GRADSTEP_REAL 0    /* any number within the bounds */
#define GRADSTEP_FLAG 1    /* 0 or 1 */
#define GRADSTEP_INTEGER 2 /* a whole number within the bounds */
#define GRADSTEP_LIST 3    /* any number of values within the bounds: gradstep_schedule_set_list */

/* Flags of gradstep_hyperparameter_info. */
#define GRADSTEP_MINIMUM_EXCLUDED 1u
#define GRADSTEP_MAXIMUM_EXCLUDED 2u

typedef struct gradstep_hyperparameter_info {
  size_t struct_size;
  const char* name;
  const char* help;     /* one line */
  double default_value; /* NaN: there is no default, and a value must be set (schedules only) */
  double minimum;
  double maximum; /* may be infinity; the values themselves are always finite */
  uint32_t flags;
  int32_t kind;
} gradstep_hyperparameter_info;

/* Describes the index-th hyper-parameter of a rule. Fails with UNKNOWN_NAME or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_rule_describe_hyperparameter(
    const char* rule_name, size_t index, gradstep_hyperparameter_info* info);

/* How many elements a slot has: one for each element of the tensor, of each row, of each column of
 * each matrix, of each matrix, or one for the tensor. A tensor without a shape (rows = columns = 0)
 * has no rows, columns and matrices, so these slots then have 0 elements. */
#define GRADSTEP_EXTENT_ELEMENT 0
#define GRADSTEP_EXTENT_ROW 1
#define GRADSTEP_EXTENT_COLUMN 2
#define GRADSTEP_EXTENT_MATRIX 3
#define GRADSTEP_EXTENT_TENSOR 4

/* What a slot holds before the first step. */
#define GRADSTEP_START_VALUE 0 /* every element has the same value */
#define GRADSTEP_START_PARAM 1 /* a copy of the param */

typedef struct gradstep_slot_info {
  size_t struct_size;
  const char* name; /* PyTorch's name, if PyTorch has the slot */
  const char* help; /* one line */
  /* If start is GRADSTEP_START_VALUE, every element has this value before the first step: if
   * initial_hyperparameter is not NULL, the value of the hyper-parameter with that name; otherwise
   * initial_value. */
  const char* initial_hyperparameter;
  double initial_value;
  int32_t is_non_negative; /* 1: never below 0, so GRADSTEP_E5M3_B256 can store it */
  int32_t extent;          /* GRADSTEP_EXTENT_ */
  int32_t start;           /* GRADSTEP_START_ */
  int32_t reserved;        /* 0 */
} gradstep_slot_info;

/* Describes the index-th slot of a rule. Whether a step uses the slot depends on the
 * hyper-parameters: see gradstep_rule_slot_layout. Fails with UNKNOWN_NAME or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_rule_describe_slot(const char* rule_name, size_t index,
                                                         gradstep_slot_info* info);

/* Whose state a scalar is. */
#define GRADSTEP_SCOPE_TENSOR 0 /* each tensor has its own: gradstep_tensor.scalars */
#define GRADSTEP_SCOPE_ALL 1    /* all tensors share it: gradstep_apply_options.scalars */

/* A scalar is a number of the rule's state beside its slots, kept in double. Steps read and write
 * it. A rule that has scalars with GRADSTEP_SCOPE_ALL sums over all tensors before it updates one.
 */
typedef struct gradstep_scalar_info {
  size_t struct_size;
  const char* name;
  const char* help; /* one line */
  /* The value before the first step: that of the hyper-parameter with this name or, if
   * initial_hyperparameter is NULL, initial_value. */
  const char* initial_hyperparameter;
  double initial_value;
  int32_t scope; /* GRADSTEP_SCOPE_ */
  int32_t index; /* in the array of the scope */
} gradstep_scalar_info;

/* Describes the index-th scalar of a rule. Fails with UNKNOWN_NAME or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_rule_describe_scalar(const char* rule_name, size_t index,
                                                           gradstep_scalar_info* info);

/* The name of the index-th transform of a rule: see gradstep_transform. NULL for an unknown rule,
 * and for an index past the end. */
GRADSTEP_API const char* gradstep_rule_transform_name(const char* rule_name, size_t index);

/* ---- Rules --------------------------------------------------------------------------------- */

/* A rule with a value for each of its hyper-parameters. Several threads may read it and step with
 * it at the same time. While a thread sets a value, no other thread may use the rule. */
typedef struct gradstep_rule gradstep_rule;

/* Creates a rule with every hyper-parameter at its default; the caller destroys it. Fails with
 * UNKNOWN_NAME, OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_rule_create(const char* rule_name, gradstep_rule** rule);
GRADSTEP_API void gradstep_rule_destroy(gradstep_rule* rule);

/* Sets or reads one hyper-parameter. Fails with UNKNOWN_NAME, or with OUT_OF_RANGE, whose sentence
 * gives the bounds. */
GRADSTEP_API gradstep_status gradstep_rule_set(gradstep_rule* rule, const char* name, double value);
GRADSTEP_API gradstep_status gradstep_rule_get(const gradstep_rule* rule, const char* name,
                                               double* value);

/* Checks that the hyper-parameters are consistent with each other: nesterov needs momentum, for
 * example. Every step makes the same check. Fails with INVALID_ARGUMENT. */
GRADSTEP_API gradstep_status gradstep_rule_check(const gradstep_rule* rule);

/* ---- Arrays -------------------------------------------------------------------------------- */

/* The dtypes of arrays. The type of the arithmetic is the type in which a step computes: float64
 * for a float64 param, and float32 for all others. Elements of other dtypes are converted when they
 * are loaded and when they are stored.
 *
 * bfloat16 is the upper half of a float32.
 *
 * S1E4M3_B256 and E5M3_B256 are for slots: 8-bit floats in blocks of 256 elements, with one float32
 * scale per block, a power of two. S1E4M3_B256 has a sign, 4 bits of exponent and 3 of mantissa.
 * E5M3_B256 has no sign, 5 bits of exponent and 3 of mantissa. docs/numerics.md defines the codes.
 */
#define GRADSTEP_FLOAT32 1
#define GRADSTEP_FLOAT64 2
#define GRADSTEP_BFLOAT16 3
#define GRADSTEP_FLOAT16 4
#define GRADSTEP_S1E4M3_B256 5
#define GRADSTEP_E5M3_B256 6

/* Elements per block of an 8-bit dtype. The array has one scale per block; a final partial block
 * counts as one: ceil(elements / 256) scales. */
#define GRADSTEP_BLOCK_SIZE 256

/* Where an array is in memory, and how its elements are stored. How many elements it has follows
 * from the place where the struct stands. This struct will never change.
 *
 * data. The first element; NULL: there is no such array. The array needs only the alignment of one
 * element. The library reads nothing beyond its end.
 *
 * extra. 8-bit dtypes: the float32 scales, one per block of 256 elements; 0 before the first step.
 * bfloat16 params: NULL, or the lower halves (uint16_t) of exact float32 params whose upper halves
 * are in `data`; training then gives the same bits as with float32 params. All other arrays: NULL.
 *
 * pitch. The distance from the start of one row to the start of the next, counted in elements. 0 or
 * the number of columns: the rows follow each other without gaps. A larger pitch leaves gaps, which
 * the library neither reads nor writes. It is possible only for arrays of a tensor that has rows
 * and columns, and only for arrays with one number per element of the tensor. Row r of matrix m
 * begins at element (m rows + r) pitch; the array ends with its last row. Lower halves have the
 * pitch of their upper halves. Arrays of an 8-bit dtype have no gaps. If a slot of the tensor has
 * an 8-bit dtype, its other arrays may have gaps only if columns is a multiple of 256. */
typedef struct gradstep_array {
  void* data;
  void* extra;
  void* extra2; /* NULL */
  int64_t pitch;
  int32_t dtype;
  uint32_t flags; /* 0 */
} gradstep_array;

/* gradstep_array_read converts a whole array of `count` elements to doubles. gradstep_array_write
 * converts doubles to a whole array. `values` has `count` elements. Use these calls to give a slot
 * its initial value, to look at a slot, or to change its dtype. gradstep_array_write rounds to
 * nearest; for every dtype but FLOAT64, it first rounds to float32. If count is 0, the pointers may
 * have any value. The array's pitch must be 0. A bfloat16 array may have lower halves. Both calls
 * run on the calling thread. Both fail with INVALID_ARGUMENT or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_array_read(const gradstep_array* array, size_t count,
                                                 double* values);
GRADSTEP_API gradstep_status gradstep_array_write(const gradstep_array* array, size_t count,
                                                  const double* values);

/* ---- Tensors ------------------------------------------------------------------------------- */

/* One parameter and its arrays. An array that is there has an explicit dtype. Of an absent array,
 * whose data is NULL, the other fields are ignored. No array may overlap another; two arrays with
 * gaps of the same pitch in bytes may lie in each other's gaps. If count is 0, pointers to arrays
 * may have any value. A step does not touch arrays that it does not need: a slot that the rule does
 * not use, for example, or `average` without AVERAGE. */
typedef struct gradstep_tensor {
  size_t struct_size;
  uint64_t flags; /* 0 */
  uint64_t count; /* elements */

  /* The tensor's shape. Both are 0: the tensor is flat, one run of elements. Otherwise it consists
   * of row-major matrices of this shape, one after another, and count is a multiple of
   * rows * columns. A rule that treats every element alike gives the same bits for every shape. */
  uint64_t rows;
  uint64_t columns;

  /* The caller may split a tensor into pieces, for different calls or machines. first_index is then
   * the index of this piece's first element in the whole tensor, and whole_count is the number of
   * elements of the whole tensor: at least first_index + count. Both are 0 for a tensor that is not
   * split; whole_count may also be 0 if the rule treats every element alike. A rule that sums over
   * tensors (gradstep_workspace_size is not 0) fails with UNSUPPORTED for a piece. first_index must
   * be a multiple of 256 if a slot has an 8-bit dtype. Stochastic rounding (see gradstep_apply)
   * depends on first_index. */
  uint64_t whole_count;
  uint64_t first_index;
  /* Distinguishes tensors in stochastic rounding. 0: the key is 1 + the position in the list. All
   * pieces of a split tensor must have the same key, which must not be 0. */
  uint64_t key;

  /* Read and written; with delta, only read. FLOAT32, FLOAT64, BFLOAT16 or FLOAT16. */
  gradstep_array param;
  /* Read; written only with GRADSTEP_APPLY_ZERO_GRAD. Its dtype is any of the same four,
   * independent of the param's. Its fields other than data must be valid even if data is NULL. */
  gradstep_array grad;
  /* Absent, or a copy of the new param in another dtype, written together with the param: FLOAT32,
   * BFLOAT16 or FLOAT16. */
  gradstep_array copy;
  /* Absent, or the moving average of the param, which GRADSTEP_APPLY_AVERAGE updates. Its dtype is
   * the type of the arithmetic. It is computed from the new value of the param before that value is
   * rounded to the param's dtype. */
  gradstep_array average;

  /* slot_count arrays in the order of gradstep_rule_describe_slot; each slot is read and written.
   * gradstep_rule_slot_layout tells how many elements a slot has and which dtype suits it. If the
   * param is float64, the dtype of every slot is FLOAT64. Otherwise a slot with one number per
   * element is FLOAT32, BFLOAT16, FLOAT16, S1E4M3_B256 or, if it is non-negative, E5M3_B256; other
   * slots are FLOAT32. A slot that the rule does not use may be absent. If the rule uses no slot,
   * `slots` may be NULL; slot_count is the rule's number of slots nevertheless. */
  const gradstep_array* slots;
  size_t slot_count;

  /* The rule's scalars with GRADSTEP_SCOPE_TENSOR, in the order of gradstep_rule_describe_scalar;
   * read and written. Before the first step they have their initial values. NULL and 0 if the rule
   * has none. No two tensors may share them. */
  double* scalars;
  size_t scalar_count;

  /* Absent, or the array that receives the change of the param: the number that a step would add
   * to the param, weight decay included. The step writes delta and only reads the param; slots and
   * scalars change as in any step. Every rule has such a change.
   *
   * The dtype is FLOAT64 beside a float64 param, else FLOAT32, BFLOAT16 or FLOAT16. The change is
   * computed in the type of the arithmetic and rounded to nearest. STOCHASTIC_PARAM does not affect
   * it. A step without delta rounds once less, so its param may differ from param + delta in the
   * last place.
   *
   * A skipped or stopped step does not write delta, which then holds no change. In an optimizer,
   * nor does a step in which the tensor takes no part: delta then still holds an earlier change,
   * which must not be added again. Neither copy nor
   * average may be there, and transforms refuse the tensor. Without ZERO_GRAD, delta may be the
   * array of grad: the same data, dtype and pitch. The change then replaces the gradient. In an
   * optimizer, delta is an array of its own. */
  gradstep_array delta;
} gradstep_tensor;

typedef struct gradstep_slot_layout {
  size_t struct_size;
  uint64_t count;       /* elements of the slot; 0: the slot's array may be absent */
  uint64_t bytes;       /* of `data` */
  uint64_t extra_bytes; /* of `extra`; 0 unless dtype is 8-bit */
  /* With GRADSTEP_START_VALUE: the value of every element before the first step. */
  double initial_value;
  int32_t dtype;
  int32_t extent;  /* GRADSTEP_EXTENT_ */
  int32_t start;   /* GRADSTEP_START_ */
  int32_t is_used; /* 1: steps read and write the slot; 0: its array may be absent */
} gradstep_slot_layout;

/* Tells what the index-th slot of a rule looks like for a tensor, with the rule's present
 * hyper-parameters. Of the tensor the call reads count, rows, columns, first_index, whole_count and
 * param.dtype. `dtype` is the dtype that the caller wants; 0: the type of the arithmetic.
 * layout->dtype becomes the dtype that the slot is to have:
 *   - FLOAT64 beside a float64 param, whatever is wanted;
 *   - otherwise FLOAT32 for a slot that does not have one number per element of the tensor;
 *   - if one of the two 8-bit dtypes is wanted, the one that suits the slot: E5M3_B256 if the slot
 *     is non-negative, otherwise S1E4M3_B256. For fewer than 4096 elements it is FLOAT32, because 8
 *     bits would save little memory;
 *   - otherwise the dtype that is wanted.
 * An optimizer allocates slots of this layout. An array whose bytes are all 0 holds zeros in every
 * dtype; gradstep_array_write sets other initial values.
 *
 * Fails with INVALID_ARGUMENT (FLOAT64 is wanted beside another param; an 8-bit dtype for a piece
 * that begins inside a block; a wrong shape) or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_rule_slot_layout(const gradstep_rule* rule, size_t index,
                                                       const gradstep_tensor* tensor, int32_t dtype,
                                                       gradstep_slot_layout* layout);

/* ---- Stateless steps: the caller owns every array ------------------------------------------ */

/* Flags of gradstep_apply_options. Each of the first three says that the field of the same name
 * is set. AVERAGE updates the averages: by average_decay or, with AVERAGE_EQUAL, with equal
 * weights.
 */
#define GRADSTEP_APPLY_GRAD_SCALE UINT64_C(1)
#define GRADSTEP_APPLY_MAX_NORM UINT64_C(2)
#define GRADSTEP_APPLY_MAX_VALUE UINT64_C(4)
#define GRADSTEP_APPLY_AVERAGE UINT64_C(8)
#define GRADSTEP_APPLY_CHECK_FINITE UINT64_C(16) /* skip the step if a gradient is not finite */
#define GRADSTEP_APPLY_ZERO_GRAD UINT64_C(32)    /* zero every gradient, in a skipped step too */
#define GRADSTEP_APPLY_STOCHASTIC_PARAM UINT64_C(64) /* round 16-bit params stochastically */
#define GRADSTEP_APPLY_NEAREST_SLOTS UINT64_C(128)   /* round narrow slots to nearest */
/* Set this flag if at least one slot that the rule uses still has its initial value, because no
 * earlier step has used it. An example is the first step after momentum is switched on. The
 * momentum_buffer of sgd, which is 0, then becomes the gradient, without dampening. Step 1 implies
 * this flag, because no slot has been used before. An optimizer sets the flag itself. */
#define GRADSTEP_APPLY_FRESH_SLOTS UINT64_C(256)
#define GRADSTEP_APPLY_GRAD_NORM UINT64_C(512)      /* grad_norm and non_finite_count are set */
#define GRADSTEP_APPLY_AVERAGE_COUNT UINT64_C(1024) /* average_count is set; needs AVERAGE */
#define GRADSTEP_APPLY_AVERAGE_EQUAL UINT64_C(2048) /* equal weights; needs AVERAGE */

typedef struct gradstep_apply_options {
  size_t struct_size;
  uint64_t flags;
  uint64_t step; /* t in the formulas; counted from 1, at most 2^53 */

  /* Finite. Multiplies each gradient: 1 / loss scale, for example. Without GRAD_SCALE the factor is
   * 1. */
  double grad_scale;

  /* > 0. Let n be the global norm of the scaled gradients: the square root of the sum of their
   * squares over the whole list. Each gradient is also multiplied by min(1, max_norm / (n + 1e-6)).
   * Costs one more pass, which reads the gradients. If a gradient is infinite, the factor is 0, and
   * the param beside that gradient becomes NaN; if one is NaN, so is the factor, and it spoils
   * every param. CHECK_FINITE skips such steps. Infinity: nothing is clipped, whatever n is;
   * result.grad_norm tells n. */
  double max_norm;

  /* > 0. After scaling, each gradient is clipped to [-max_value, max_value]. */
  double max_value;

  /* In [0, 1]; for tensors that have an `average`. Let n be the number of params that the average
   * holds already: average_count, or step - 1 without AVERAGE_COUNT. If n is 0, the step sets
   * average <- param. Otherwise it sets
   *     average <- average + (1 - average_decay) (param - average)
   * So average_decay = 0 copies the param, and average_decay = 1 keeps the average as it is.
   *
   * With AVERAGE_EQUAL the average is the mean of its params. average_decay must then be 0, and the
   * step sets
   *     average <- average + (param - average) / (n + 1) */
  double average_decay;

  /* The seed of stochastic rounding. The random bits are a function of (seed, key, step, array,
   * element). */
  uint64_t seed;

  /* The rule's scalars with GRADSTEP_SCOPE_ALL, in the order of gradstep_rule_describe_scalar; read
   * and written. Before the first step they have their initial values. NULL and 0 if the rule has
   * none. */
  double* scalars;
  size_t scalar_count;

  /* Memory for rules that sum over tensors before they update them: at least as many bytes as
   * gradstep_workspace_size gives, at any address. Two steps at the same time need memory of their
   * own. What the memory contains does not matter, before the step or after it. NULL and 0: if the
   * rule needs memory, the library allocates it before anything is changed, and frees it after the
   * step. */
  void* workspace;
  size_t workspace_size;

  /* With GRADSTEP_APPLY_GRAD_NORM, if the caller already knows them: the global norm of all
   * gradients after scaling, and the number of elements that are not finite. The step then does not
   * read the gradients to find them. Both numbers may include other tensors and other machines.
   * grad_norm is finite and >= 0; if non_finite_count is above 0, grad_norm may also be infinity or
   * NaN. */
  double grad_norm;
  uint64_t non_finite_count;

  /* At most 2^53; the same for all tensors of the list. See average_decay. Without AVERAGE_COUNT
   * the count is step - 1, so the average begins with step 1. 0: it begins with this step. To begin
   * it with the initial param, copy the param to the average, and set average_count to `step`. */
  uint64_t average_count;
} gradstep_apply_options;

typedef struct gradstep_apply_result {
  size_t struct_size;
  uint64_t piece_count; /* pieces of work that ran; 1 if the calling thread did everything */

  /* The next two are 0 unless CHECK_FINITE, MAX_NORM or GRAD_NORM is set, or INSPECTED in a step of
   * an optimizer; a group's max_norm does not count. With GRAD_NORM they are those of the
   * options. */

  /* The number of gradient elements that are not finite after conversion to the type of the
   * arithmetic and scaling. */
  uint64_t non_finite_count;
  /* The global norm after scaling and before clipping. */
  double grad_norm;

  double clip_factor; /* the factor by which MAX_NORM multiplied the gradients; else 1 */
  int32_t is_skipped; /* 1: CHECK_FINITE or a loss scaler skipped it; gradients may be zeroed */
  int32_t is_stopped; /* 1: the rule stopped the step; at most, gradients were zeroed */

  /* Set by gradstep_optimizer_end_step, otherwise 0. left_out_count is the number of tensors that
   * should have taken part in the step but were not stepped; first_left_out is the index of the
   * first of them. */
  size_t left_out_count;
  size_t first_left_out;
} gradstep_apply_result;

/* Applies one step of the rule to every tensor of the list. The context's threads share the work of
 * the whole list. result may be NULL.
 *
 * Order. For each element: scale the gradient, clip it by norm and by value, negate it (maximize),
 * add the coupled weight decay, apply the rule, apply the decoupled weight decay, subtract the
 * result from the param, store (param or delta, slots, copy, average), and zero the gradient. All
 * of this is one pass over memory. The L1 penalty (l1_penalty) is added just before the coupled
 * weight decay. With decay_after_step, the decoupled weight decay comes after the subtraction.
 * CHECK_FINITE, MAX_NORM or both add one pass, which reads the gradients; GRAD_NORM makes that pass
 * unnecessary.
 *
 * Rules that sum. Some rules need sums before they update an element: lamb and adafactor over each
 * tensor, prodigy over all tensors of the list. Such a rule makes passes that read the tensors, and
 * only its last pass stores. A sum contains the gradients as the rule gets them: scaled, clipped,
 * negated, and with the L1 penalty and the coupled weight decay.
 *
 * Skipped steps. A step that CHECK_FINITE skips returns GRADSTEP_OK with is_skipped = 1. It has
 * changed no param, slot, scalar, copy, average or delta. Do not count it in `step`.
 *
 * Stopped steps. A rule may stop a step before anything is stored: prodigy does so as long as all
 * gradients are 0. The step returns GRADSTEP_OK with is_stopped = 1, and is otherwise like a
 * skipped step.
 *
 * Shared arrays. No array that is written may be in two entries of the list, because two threads
 * could write it at the same time. The caller must ensure this. The library finds a shared param
 * only where the check is cheap, and then the call fails. In a list of at most 32 entries it finds
 * params that overlap. In a longer list it finds equal pointers param.data in the same block of
 * 1024 entries.
 *
 * Rounding. bfloat16, float16 and 8-bit slots are rounded stochastically: up with a probability
 * equal to the part that is cut off. If they were rounded to nearest, a moving average with a decay
 * near 1 would never change. NEAREST_SLOTS rounds these slots to nearest nevertheless. bfloat16 and
 * float16 params are rounded to nearest; STOCHASTIC_PARAM rounds them stochastically. Neither flag
 * affects arrays that are not rounded: float32, float64, and params with lower halves. A copy is
 * always rounded to nearest.
 *
 * Range. float16 overflows to infinity beyond 65504, and its smallest positive number is 2^-24.
 * bfloat16 needs the same memory and has the range of float32. If one element of an 8-bit slot's
 * block is not finite, the whole block becomes NaN.
 *
 * Same bits. The result does not depend on the number of threads, on addresses, on how the library
 * splits the work, or on the host's rounding mode and flush-to-zero mode. All instruction sets that
 * have fused multiply-add give the same result; only the baseline on x86-64 does not have it.
 *
 * Fails with INVALID_ARGUMENT (NULL, overlapping or misaligned arrays, inconsistent dtypes, a wrong
 * shape, pitch, slot_count or scalar_count, a workspace that is too small, inconsistent
 * hyper-parameters); with OUT_OF_RANGE (step, count, first_index, a number in the options); with
 * UNSUPPORTED for a piece of a tensor, if the rule sums; with WRONG_ORDER for a tensor that is
 * transformed (see gradstep_transform); with OUT_OF_MEMORY for the workspace. */
GRADSTEP_API gradstep_status gradstep_apply(const gradstep_context* context,
                                            const gradstep_rule* rule,
                                            const gradstep_tensor* tensors, size_t tensor_count,
                                            const gradstep_apply_options* options,
                                            gradstep_apply_result* result);

/* Makes part `part` of the step that gradstep_apply would make with the same arguments, on the
 * calling thread alone. It is for hosts whose threads are already inside an operator (ggml,
 * OpenMP): each of part_count threads makes one part. Together the parts make the step, to the bit.
 * The call uses the instruction set and the FLUSH_TO_ZERO of the context, but not its threads. It
 * allocates no memory and waits for nothing.
 *
 * Parts. The elements of all tensors, in the order of the list, are cut into part_count runs of
 * almost equal length. Each cut inside a tensor is at a multiple of 64 elements, or of 256 if a
 * slot has an 8-bit dtype. So a part may be empty. All parts must get the same rule, tensors,
 * options and part_count. They may run at the same time or one after another, in any order: each
 * reads and writes only its own elements. Wait for all of them before you use the arrays, or change
 * the tensors or options.
 *
 * CHECK_FINITE and MAX_NORM need all gradients first. With one of them the call fails with
 * WRONG_ORDER, unless GRAD_NORM supplies the norm and the number of elements that are not finite
 * (see gradstep_gradient_norm). In a skipped step every part has is_skipped = 1, and with ZERO_GRAD
 * zeroes its own gradients. result->piece_count is 1, or 0 if the part has nothing to do; the rest
 * of the result is the same for all parts. result may be NULL.
 *
 * Fails as gradstep_apply does, but not with OUT_OF_MEMORY; with WRONG_ORDER as described above;
 * with OUT_OF_RANGE unless part < part_count and 1 <= part_count <= 1024; with UNSUPPORTED for a
 * rule that sums over tensors, because each part would need the sum of all parts, and for a rule
 * that has scalars, because no part could write them. */
GRADSTEP_API gradstep_status gradstep_apply_part(const gradstep_context* context,
                                                 const gradstep_rule* rule,
                                                 const gradstep_tensor* tensors,
                                                 size_t tensor_count,
                                                 const gradstep_apply_options* options, size_t part,
                                                 size_t part_count, gradstep_apply_result* result);

/* Applies step number `step` to one tensor, as gradstep_apply does. Its arrays are arguments
 * instead of fields. It is for languages that can pin arguments in memory, but not pointers in
 * structs (Go, Java, C#, JavaScript). The bits are those of gradstep_apply for a list of this
 * tensor alone.
 *
 * count, rows, columns. The number of elements, and the shape or 0 and 0, as in gradstep_tensor.
 *
 * param, grad. Arrays of `count` elements without gaps.
 *
 * slot0 to slot7. The rule's slots in the order of gradstep_rule_describe_slot. No rule has more
 * than eight. A slot that the rule does not use may be NULL, and a slot that it does not have must
 * be NULL. slot_dtype is the dtype of the slots with one number per element; 0: the type of the
 * arithmetic. Other slots have the type of the arithmetic. 8-bit dtypes need scales, so they are
 * left to gradstep_apply.
 *
 * scalars. The rule's scalars: first those with GRADSTEP_SCOPE_TENSOR, then those with
 * GRADSTEP_SCOPE_ALL, both in the order of gradstep_rule_describe_scalar. NULL if the rule has
 * none.
 *
 * options. NULL: no options. options->step is 0 or equal to `step`, and options->scalars is NULL.
 * The norm of MAX_NORM is that of this gradient alone, unless GRAD_NORM supplies another. The key
 * of stochastic rounding is 1. So if slots or params are rounded stochastically, give each tensor a
 * seed of its own.
 *
 * result may be NULL. Fails as gradstep_apply does. The sentence names the arguments of this call.
 */
GRADSTEP_API gradstep_status gradstep_apply_arrays(
    const gradstep_context* context, const gradstep_rule* rule, uint64_t step, uint64_t count,
    uint64_t rows, uint64_t columns, int32_t param_dtype, void* param, int32_t grad_dtype,
    void* grad, int32_t slot_dtype, void* slot0, void* slot1, void* slot2, void* slot3, void* slot4,
    void* slot5, void* slot6, void* slot7, double* scalars, const gradstep_apply_options* options,
    gradstep_apply_result* result);

/* *bytes becomes the size of the workspace for a step of the rule over these tensors; 0: the step
 * needs none. The size depends on the rule, on its
 * hyper-parameters, and on the count, rows and columns of each tensor. The call uses nothing else.
 * Fails with INVALID_ARGUMENT or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_workspace_size(const gradstep_rule* rule,
                                                     const gradstep_tensor* tensors,
                                                     size_t tensor_count, size_t* bytes);

/* A transform changes params in a way that the rule defines, without a gradient. The example is
 * schedule_free_adamw: "evaluate" turns the params at which gradients are taken into the averaged
 * params, and "train" turns the averaged params back. Copies of the params are written too; slots
 * and averages stay as they are. One of the rule's scalars, such as "is_evaluated", says which
 * transform was made last. A step needs this scalar to be 0. Transforms round: after both, a param
 * may differ from its first value by rounding.
 *
 * `tensors` are as in gradstep_apply, but grad may be absent and delta is. Fails with UNKNOWN_NAME;
 * with WRONG_ORDER if a tensor is not in the state that the transform begins with; otherwise as
 * gradstep_apply does. */
GRADSTEP_API gradstep_status gradstep_transform(const gradstep_context* context,
                                                const gradstep_rule* rule,
                                                const gradstep_tensor* tensors, size_t tensor_count,
                                                const char* name);

typedef struct gradstep_norm_result {
  size_t struct_size;
  double norm;               /* sqrt of the sum of squares over all gradients of the list */
  uint64_t non_finite_count; /* elements that are infinite or NaN; if any, norm is not finite */
  uint64_t piece_count;      /* pieces of work that ran */
} gradstep_norm_result;

/* Computes the global norm of the gradients, without any scale, in one pass that reads the
 * gradients. Of each tensor the call uses only count, rows, columns and grad. The norm is correct
 * whenever the true norm is in the range of double. The squares are summed in double and in a fixed
 * order. So the norm has the same bits with any number of threads and with any instruction set that
 * has fused multiply-add; for float32 gradients, with every instruction set. Fails with
 * INVALID_ARGUMENT or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_gradient_norm(const gradstep_context* context,
                                                    const gradstep_tensor* tensors,
                                                    size_t tensor_count,
                                                    gradstep_norm_result* result);

/* ---- Loss scaling -------------------------------------------------------------------------- */

/* A dynamic loss scale (Micikevicius et al. 2018), owned by the caller. The scale keeps small
 * gradients in the range of a 16-bit dtype. In each step: multiply the loss by `scale`, compute the
 * gradients, step with grad_scale = 1 / scale and CHECK_FINITE, then call
 * gradstep_loss_scaler_update. */
typedef struct gradstep_loss_scaler {
  size_t struct_size;
  double scale;             /* the present scale */
  double growth_factor;     /* >= 1; multiplies scale when steps_in_a_row reaches growth_interval */
  double backoff_factor;    /* in (0, 1); multiplies scale after a skipped step */
  uint64_t growth_interval; /* >= 1 */
  uint64_t steps_in_a_row;  /* steps since the last skipped step or growth */
} gradstep_loss_scaler;

/* Sets PyTorch's defaults: scale 65536, growth factor 2 after 2000 steps, backoff factor 0.5. */
GRADSTEP_API gradstep_status gradstep_loss_scaler_init(gradstep_loss_scaler* scaler);

/* Call it after each step, with the step's is_skipped. scale is always a normal float32: a change
 * that would take it out of that range is not made. Fails with INVALID_ARGUMENT or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_loss_scaler_update(gradstep_loss_scaler* scaler,
                                                         int32_t is_skipped);

/* ---- Schedules ----------------------------------------------------------------------------- */

/* A schedule gives the learning rate as a pure function of t and a base rate, so a run can stop and
 * resume at any step. t counts from 0: step T = 1, 2, 3 ... of a run uses t = T - 1. t need not be
 * a whole number. After its end a schedule keeps its last value. Rates are computed in double, and
 * are finite and >= 0.
 *
 * Every schedule S can begin with a warm-up, except wsd and noam, which have their own:
 *
 *     t <  warmup_steps:  warmup_begin_lr + (S(0) - warmup_begin_lr) t / warmup_steps
 *     t >= warmup_steps:  S(t - warmup_steps)
 *
 * Several threads may evaluate one schedule at the same time. While a thread sets a value, no other
 * thread may use the schedule. */
typedef struct gradstep_schedule gradstep_schedule;

/* The number of schedules, and their names. gradstep_schedule_name returns NULL for an index past
 * the end. */
GRADSTEP_API size_t gradstep_schedule_count(void);
GRADSTEP_API const char* gradstep_schedule_name(size_t index);

typedef struct gradstep_schedule_info {
  size_t struct_size;
  const char* name;
  const char* summary; /* one line */
  const char* formula; /* lines separated by '\n'; L is the base rate */
  const char* source;  /* the paper, text or library that the formula is from */
  size_t hyperparameter_count;
} gradstep_schedule_info;

/* Fails with UNKNOWN_NAME. */
GRADSTEP_API gradstep_status gradstep_schedule_describe(const char* schedule_name,
                                                        gradstep_schedule_info* info);

/* Describes the index-th parameter of a schedule. Fails with UNKNOWN_NAME or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_schedule_describe_hyperparameter(
    const char* schedule_name, size_t index, gradstep_hyperparameter_info* info);

/* Creates a schedule with every parameter at its default; the caller destroys it. Fails with
 * UNKNOWN_NAME, OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_schedule_create(const char* schedule_name,
                                                      gradstep_schedule** schedule);

/* Creates a sequence of schedules: part i runs for lengths[i] steps, and its t begins at 0. The
 * last part never ends, and its length is ignored. The parts are copied. A part may be a sequence
 * itself, up to a depth of 8. The new schedule is named "sequence" and has no parameters. Fails
 * with INVALID_ARGUMENT, OUT_OF_RANGE (count is 0, or a length other than the last is 0),
 * OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status
gradstep_schedule_create_sequence(const gradstep_schedule* const* parts, const uint64_t* lengths,
                                  size_t count, gradstep_schedule** schedule);

GRADSTEP_API void gradstep_schedule_destroy(gradstep_schedule* schedule);

/* Sets or reads one parameter. A parameter without a default reads as NaN until it is set. Fails
 * with UNKNOWN_NAME, OUT_OF_RANGE, or INVALID_ARGUMENT if the parameter is a list. */
GRADSTEP_API gradstep_status gradstep_schedule_set(gradstep_schedule* schedule, const char* name,
                                                   double value);
GRADSTEP_API gradstep_status gradstep_schedule_get(const gradstep_schedule* schedule,
                                                   const char* name, double* value);

/* Sets a parameter that is a list, such as the milestones of multistep: at most 65536 numbers in
 * ascending order, which are copied. Fails with UNKNOWN_NAME, OUT_OF_RANGE, INVALID_ARGUMENT,
 * OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_schedule_set_list(gradstep_schedule* schedule,
                                                        const char* name, const double* values,
                                                        size_t count);

/* Checks that every parameter without a default is set, and that the values are consistent with
 * each other. gradstep_schedule_lr and gradstep_schedule_momentum make the same checks. Fails with
 * INVALID_ARGUMENT. */
GRADSTEP_API gradstep_status gradstep_schedule_check(const gradstep_schedule* schedule);

/* *lr becomes the rate at t. t is from 0 to 2^53; base_lr is finite and >= 0. Fails with
 * INVALID_ARGUMENT or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_schedule_lr(const gradstep_schedule* schedule, double base_lr,
                                                  double t, double* lr);

/* *momentum becomes the momentum (or beta1) at t. Only one_cycle and cyclic can drive (set) the
 * momentum, if their parameter drives_momentum is 1. The momentum is then high where the rate is
 * low. Fails as gradstep_schedule_lr does, and with UNSUPPORTED if the schedule does not drive the
 * momentum at t. */
GRADSTEP_API gradstep_status gradstep_schedule_momentum(const gradstep_schedule* schedule, double t,
                                                        double* momentum);

/* ---- Reducing the rate on a plateau --------------------------------------------------------- */

/* A learning rate that is lowered when a metric stops improving. The caller owns the struct.
 *
 * The caller reports the metric at intervals. A report is bad if its metric is not better than
 * `best` by more than the threshold. After more than `patience` bad reports in a row:
 *   - lr <- max(lr factor, min_lr), if this lowers lr by more than eps;
 *   - the next `cooldown` reports do not count as bad.
 * This is PyTorch's ReduceLROnPlateau with one difference. If `best` is below 0, PyTorch applies a
 * relative threshold in the wrong direction; gradstep does not. */
typedef struct gradstep_plateau {
  size_t struct_size;
  double lr;        /* the present rate, >= 0; the caller sets the first one */
  double factor;    /* in (0, 1) */
  double threshold; /* >= 0; a fraction of |best| or, if is_absolute is 1, a difference */
  double min_lr;    /* >= 0 */
  double eps;       /* >= 0 */
  double best;      /* the best metric so far; at first infinity, or -infinity if maximizes is 1 */
  uint64_t patience;
  uint64_t cooldown;
  uint64_t bad_count;     /* state: bad reports in a row */
  uint64_t cooldown_left; /* state: reports that will not count as bad */
  int32_t maximizes;      /* 1: a larger metric is better */
  int32_t is_absolute;    /* 1: threshold is a difference */
} gradstep_plateau;

/* Sets lr to the argument, and the other fields to PyTorch's defaults: factor 0.1, patience 10, a
 * relative threshold of 1e-4, cooldown 0, min_lr 0, eps 1e-8, and a smaller metric is better.
 * Change fields after this call. If you set maximizes = 1, also set best = -infinity. */
GRADSTEP_API gradstep_status gradstep_plateau_init(gradstep_plateau* plateau, double lr);

/* Reports a metric. A metric that is not finite counts as bad. *is_reduced becomes 1 if lr was
 * lowered, else 0; is_reduced may be NULL. Fails with INVALID_ARGUMENT or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_plateau_report(gradstep_plateau* plateau, double metric,
                                                     int32_t* is_reduced);

/* ---- The optimizer ------------------------------------------------------------------------- */

/* An optimizer holds groups of tensors, and options for all steps. For each group it holds a rule,
 * hyper-parameters and a schedule. For each tensor it holds the state (slots, scalars and
 * accumulated gradient), the step count and the count of its average. It gives the same bits as the
 * stateless calls.
 *
 * Ownership. The optimizer keeps the pointer to the context until it is destroyed, and the pointers
 * to the arrays of a tensor as long as gradstep_optimizer_add_tensor says. The caller owns these.
 * Rules and schedules are copied. The library owns the state arrays that the caller does not
 * provide. A step never allocates memory: only other calls do.
 *
 * Indices. Groups and tensors have indices from 0 on, in the order of adding. An index is never
 * used again: after a removal, every call with the index fails with OUT_OF_RANGE; only
 * set_grads may pass over it.
 *
 * Step counts. The optimizer counts its steps that were not skipped; its T-th such step evaluates
 * the schedules at t = T - 1. For each tensor it also counts the steps in which the tensor took
 * part, as PyTorch does; the bias corrections of the rule use this count. So the count of a tensor
 * is lower if it was added late or took no part in some steps. Stopped steps are not counted.
 * Counts go up to 2^53. A step or an accumulation that would exceed this limit fails with
 * OUT_OF_RANGE.
 *
 * Threads. Any thread may make a call at any time. Calls that cannot run at the same time wait for
 * each other, and run in the order in which they were made:
 *   - find, describe and get calls, note_count and note_at run immediately, at the same time as any
 *     other call. During a call of step they see the counts and settings from before it.
 *   - step_tensor, inspect, accumulate and set_grad run at the same time if they are for different
 *     tensors.
 *   - save and export_array run at the same time as other saves and exports.
 *   - All other calls run alone, and so do inspect and accumulate for all tensors.
 * Calls on different optimizers do not wait for each other. A waiting thread does nothing else, so
 * the host's pool must be able to finish a step without a thread that waits for that step.
 *
 * BUSY. A call that would wait for ever fails with GRADSTEP_BUSY and does nothing. There are two
 * such cases. First: during a call on the optimizer, a function of the host (parallel_for, write,
 * read) makes another call on it from the same thread, and that call would have to wait. Second:
 * the process was forked while another thread was inside a call other than these immediate ones. In
 * the child, every call on that optimizer but destroy then fails. */
typedef struct gradstep_optimizer gradstep_optimizer;

typedef struct gradstep_optimizer_options {
  size_t struct_size;
  /* GRADSTEP_APPLY_ flags for every step: any except GRAD_SCALE, FRESH_SLOTS, GRAD_NORM and
   * AVERAGE_COUNT. The fields below have the same meaning as in gradstep_apply_options. MAX_NORM
   * uses the norm of all gradients of a step, across all groups (see also
   * gradstep_optimizer_set_group_max_norm). The optimizer counts the params in each average (see
   * gradstep_optimizer_start_average). */
  uint64_t flags;
  double max_norm;
  double max_value;
  double average_decay;
  uint64_t seed;
} gradstep_optimizer_options;

/* Creates an optimizer without groups. The caller destroys the optimizer, and only then the
 * context. options may be NULL. Fails with INVALID_ARGUMENT, OUT_OF_RANGE, OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_optimizer_create(const gradstep_context* context,
                                                       const gradstep_optimizer_options* options,
                                                       gradstep_optimizer** optimizer);

/* Destroys an optimizer. It does not wait for calls, so no call may be using the optimizer. */
GRADSTEP_API void gradstep_optimizer_destroy(gradstep_optimizer* optimizer);

/* Replaces all options, from the next step on; options is not NULL. Fails as
 * gradstep_optimizer_create does. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_options(
    gradstep_optimizer* optimizer, const gradstep_optimizer_options* options);

/* Flags of gradstep_group_options. */
#define GRADSTEP_GROUP_LR_SCALE 1u /* lr_scale is set (it may be 0) */
#define GRADSTEP_GROUP_MAX_NORM 2u /* max_norm is set */

typedef struct gradstep_group_options {
  size_t struct_size;
  const char* name; /* unique among groups; 1 to 255 bytes of UTF-8, no control characters */
  const gradstep_rule* rule; /* its lr is the base rate of the schedule */
  /* NULL: the rate is constant. A schedule that drives the momentum (see
   * gradstep_schedule_momentum) sets the rule's momentum, or beta1 if the rule has no momentum. */
  const gradstep_schedule* schedule;
  /* >= 0, finite. Multiplies the schedule's rate; with 0 the group's params do not change. Without
   * GRADSTEP_GROUP_LR_SCALE the factor is 1, and this field must be 0. */
  double lr_scale;
  /* The dtype that the caller wants for slots that the library allocates: see
   * gradstep_rule_slot_layout. 0: the type of the arithmetic. FLOAT64 is not allowed here: slots of
   * float64 params are always float64. */
  int32_t slot_dtype;
  uint32_t flags;
  /* > 0. Clips the group by the norm of its own gradients: see
   * gradstep_optimizer_set_group_max_norm. Without GRADSTEP_GROUP_MAX_NORM the group has no
   * max_norm, and this field must be 0. */
  double max_norm;
} gradstep_group_options;

/* Adds a group. *group becomes its index: 0, 1, 2 ...; group may be NULL. Fails with
 * INVALID_ARGUMENT (a name that is taken or malformed, inconsistent hyper-parameters, a schedule
 * that drives the momentum for a rule that has neither momentum nor beta1), OUT_OF_RANGE,
 * OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_optimizer_add_group(gradstep_optimizer* optimizer,
                                                          const gradstep_group_options* options,
                                                          size_t* group);

/* Adds a tensor to a group, at any time between steps. *index becomes its index: 0, 1, 2 ... in the
 * order of adding; index may be NULL. The name is unique among tensors: 1 to 255 bytes of UTF-8
 * without control characters.
 *
 * State. If tensor->slots is NULL (slot_count is then 0), the library allocates the slots that the
 * rule uses, at their initial values. Their dtypes are those that gradstep_rule_slot_layout gives
 * for the group's slot_dtype. A slot that begins as a copy of the param is copied when the tensor
 * takes its first step. If tensor->slots is not NULL, the slots belong to the caller, who has set
 * their initial values. Likewise for tensor->scalars. Scalars with GRADSTEP_SCOPE_ALL always belong
 * to the optimizer, which has one set of them for each rule.
 *
 * Lifetime. The optimizer uses an array of elements until it is destroyed, remove_tensor removes
 * the tensor, set_param replaces its arrays, set_grad or set_grads replaces its gradient, or
 * move_tensor forgets a slot or the scalars. The struct itself and `slots` are not needed after
 * this call. grad.data may be NULL; set_grad and set_grads change it later. Only set_param changes
 * the dtype and the pitch of grad.
 *
 * Arrays with gaps. The optimizer counts the gaps between rows as part of an array. So no other
 * array of the optimizer may lie in them.
 *
 * If tensor->key is 0, the key is computed from the name, so stochastic rounding does not depend on
 * the order in which tensors are added.
 *
 * Fails as gradstep_apply does for the tensor; with INVALID_ARGUMENT for a name that is taken or
 * malformed, or for an array that overlaps an array of an earlier tensor; with OUT_OF_RANGE for the
 * group; with OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_optimizer_add_tensor(gradstep_optimizer* optimizer,
                                                           size_t group, const char* name,
                                                           const gradstep_tensor* tensor,
                                                           size_t* index);

/* Adds a tensor as gradstep_optimizer_add_tensor does. Its arrays are arguments instead of fields,
 * as in gradstep_apply_arrays. The library owns the state, scalars included. The optimizer uses
 * both arrays as long as it says there, so a language with a garbage collector must keep them where
 * they are for that long. grad may be
 * NULL; its dtype must be valid nevertheless. Fails as gradstep_optimizer_add_tensor does. */
GRADSTEP_API gradstep_status gradstep_optimizer_add_arrays(gradstep_optimizer* optimizer,
                                                           size_t group, const char* name,
                                                           uint64_t count, uint64_t rows,
                                                           uint64_t columns, int32_t param_dtype,
                                                           void* param, int32_t grad_dtype,
                                                           void* grad, size_t* index);

/* Removes a tensor: its index, its name, the pointers to its arrays, and its state. The name is
 * free again, and the caller may reuse the arrays. Copies of the name's pointer stay valid until
 * the optimizer is destroyed. Calls for all tensors, and checkpoints, leave the tensor out. Fails
 * with OUT_OF_RANGE, and with WRONG_ORDER inside a step. */
GRADSTEP_API gradstep_status gradstep_optimizer_remove_tensor(gradstep_optimizer* optimizer,
                                                              size_t tensor);

/* Removes a group that has no tensors: its index, its name and its settings. If no other group has
 * its rule, the rule's scalars with GRADSTEP_SCOPE_ALL go too. Fails with INVALID_ARGUMENT for a
 * group that has tensors, with OUT_OF_RANGE, and with WRONG_ORDER inside a step. */
GRADSTEP_API gradstep_status gradstep_optimizer_remove_group(gradstep_optimizer* optimizer,
                                                             size_t group);

/* Moves a tensor to another group; if it is in this group already, nothing happens. The tensor
 * keeps its arrays, step count, accumulated gradient, average, and whether it is frozen.
 *
 * If the rules differ, slots and scalars with GRADSTEP_SCOPE_TENSOR that the new rule uses and the
 * old one has, by name, go along: from adam to adamw, exp_avg and exp_avg_sq. A slot keeps its
 * dtype if the new rule allows it; otherwise it is converted. Every other slot that the new rule
 * uses is allocated at its initial value, and counts as fresh (see FRESH_SLOTS). The rest of the
 * old rule's state is freed. Slots of the caller go along in the same way; the new rule must find
 * every slot that it uses among them, and those that it does not have are forgotten. If the rules
 * differ, the library owns the scalars afterwards.
 *
 * Fails with OUT_OF_RANGE; with INVALID_ARGUMENT for a slot that the caller's slots lack, or for a
 * tensor whose place does not suit slots of an 8-bit dtype; with UNSUPPORTED for a piece of a
 * tensor, if the new rule sums; with WRONG_ORDER inside a step, and for a tensor that is
 * transformed, if the rules differ; with OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_optimizer_move_tensor(gradstep_optimizer* optimizer,
                                                            size_t tensor, size_t group);

/* Replaces the tensor's own arrays: param, grad, copy, average and delta become those of `arrays`,
 * with their dtypes. The type of the arithmetic stays. If arrays->key is 0, the key stays too. The
 * count of the average stays, unless the tensor has no average afterwards. The elements are the
 * caller's: the library does not copy them. The old arrays may be freed before this call. The new
 * arrays may overlap the tensor's old ones, but no array of another tensor. `arrays` and `sources`
 * are not needed after this call.
 *
 * source_count = 0 and a count as before: the arrays have moved. rows and columns are as before,
 * and the state goes on as it is. `sources` is ignored. If the caller owns the slots or scalars,
 * arrays->slots or arrays->scalars are the new ones, which hold what they should hold; otherwise
 * they are NULL.
 *
 * source_count > 0: the tensor grows, shrinks or is sorted anew, as the points of a point cloud do.
 * It consists of source_count items of arrays->count / source_count elements, such as the 3
 * coordinates of a point; its old count is a number of whole items too. sources[i] is the index of
 * the old item whose state new item i continues, or -1 for an item that begins. Several items may
 * continue the same one. The library must own the slots; otherwise the call fails with
 * INVALID_ARGUMENT.
 *   - Slots with one number per element, and the accumulated gradient, go along item by item. Of an
 *     item that begins, slots have their initial values (a slot that begins as the param is copied
 *     from the new param), and the accumulated gradient is 0.
 *   - Slots with one number per row, column or matrix go along in the same way if an item is a
 *     number of whole rows or matrices of an unchanged shape. Otherwise they stay as they are, if
 *     the number of matrices and the number of the slot's elements do not change.
 *   - Slots with one number for the tensor, scalars and the step count stay.
 *   - The dtypes of the slots are chosen again, as for an added tensor of the new count.
 * arrays->count = 0 with source_count = 0 prunes all items of a tensor that had some. A tensor of 0
 * elements may grow again.
 *
 * Gradients that were inspected are forgotten. Elements of slots that the library owns are at other
 * addresses afterwards, unless the arrays have only moved.
 *
 * Fails as gradstep_optimizer_add_tensor does for `arrays`; with INVALID_ARGUMENT for a count or
 * shape that does not suit the sources; with OUT_OF_RANGE for the tensor and for sources[i]; with
 * UNSUPPORTED for a slot that cannot go along; with WRONG_ORDER inside a step; with OUT_OF_MEMORY.
 */
GRADSTEP_API gradstep_status gradstep_optimizer_set_param(gradstep_optimizer* optimizer,
                                                          size_t tensor,
                                                          const gradstep_tensor* arrays,
                                                          const int64_t* sources,
                                                          size_t source_count);

/* The index of the group or tensor with this name. Fails with UNKNOWN_NAME. */
GRADSTEP_API gradstep_status gradstep_optimizer_find_group(const gradstep_optimizer* optimizer,
                                                           const char* name, size_t* group);
GRADSTEP_API gradstep_status gradstep_optimizer_find_tensor(const gradstep_optimizer* optimizer,
                                                            const char* name, size_t* tensor);

/* Replaces the tensor's gradient array, from now on. The new array has the same dtype, count and
 * pitch. NULL: the tensor has no gradient and takes no part in steps, unless it has an accumulated
 * gradient. A step in which it takes no part changes none of its arrays, nor its step count.
 *
 * The new array may still be the gradient of another tensor, so that the caller can exchange
 * gradients one call at a time. While the gradients of two tensors overlap, these calls fail with
 * INVALID_ARGUMENT, and the sentence names both tensors: step and begin_step; also step_tensor,
 * inspect and accumulate, for one of the two tensors or for all tensors.
 *
 * Fails with OUT_OF_RANGE for the tensor; with INVALID_ARGUMENT for an array that is misaligned, or
 * that overlaps an array other than a gradient. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_grad(gradstep_optimizer* optimizer,
                                                         size_t tensor, void* grad);

/* Replaces the gradients of `count` tensors, from tensor `first` on, as gradstep_optimizer_set_grad
 * does for one: grads[i] becomes that of tensor first + i, or NULL; it is NULL for a removed
 * tensor. The optimizer copies the pointers. The new gradients may change places with each other.
 * In the end none of them may overlap a gradient of any tensor. The cost grows with the optimizer's
 * number of tensors. On any failure nothing has changed.
 *
 * count may be 0. Fails with OUT_OF_RANGE for first and count; with INVALID_ARGUMENT for an array
 * that is misaligned or overlaps another; with OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_grads(gradstep_optimizer* optimizer,
                                                          size_t first, size_t count,
                                                          void* const* grads);

/* is_frozen: 1 or 0. A frozen tensor takes no part in steps, whether it has a gradient or not. No
 * step reads or zeroes its gradient. Fails with OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_frozen(gradstep_optimizer* optimizer,
                                                           size_t tensor, int32_t is_frozen);

/* Sets or reads a hyper-parameter of a group. "lr" is the schedule's base rate and, if the group
 * has a plateau, the lr of the plateau. These calls do not see the rate and momentum that a
 * schedule has set; gradstep_optimizer_describe_group does.
 *
 * If the new value makes the rule use one more slot, the library allocates that slot. If the caller
 * has provided the slots and this slot is missing, the call fails with INVALID_ARGUMENT.
 *
 * Fails as gradstep_rule_set and gradstep_rule_check do; with OUT_OF_RANGE for the group; with
 * OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_hyperparameter(gradstep_optimizer* optimizer,
                                                                   size_t group, const char* name,
                                                                   double value);
GRADSTEP_API gradstep_status gradstep_optimizer_get_hyperparameter(
    const gradstep_optimizer* optimizer, size_t group, const char* name, double* value);

/* Replaces a group's schedule; NULL: no schedule. Fails as gradstep_optimizer_add_group does for
 * the schedule. If the new schedule drives the momentum, the rule may use one more slot: see
 * gradstep_optimizer_set_hyperparameter. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_schedule(gradstep_optimizer* optimizer,
                                                             size_t group,
                                                             const gradstep_schedule* schedule);

/* set_plateau copies a plateau into a group; the plateau's lr replaces the group's base rate. NULL
 * removes the plateau and leaves the base rate as it is. get_plateau copies the group's plateau to
 * *plateau; it fails with UNSUPPORTED if the group has none. Both fail with OUT_OF_RANGE for the
 * group. set_plateau also fails with OUT_OF_RANGE for a wrong number in the plateau. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_plateau(gradstep_optimizer* optimizer,
                                                            size_t group,
                                                            const gradstep_plateau* plateau);
GRADSTEP_API gradstep_status gradstep_optimizer_get_plateau(const gradstep_optimizer* optimizer,
                                                            size_t group,
                                                            gradstep_plateau* plateau);

/* Reports a metric, such as a validation loss, to the plateaus of all groups. *reduced_count
 * becomes the number of groups whose rate was lowered; reduced_count may be NULL. */
GRADSTEP_API gradstep_status gradstep_optimizer_report_metric(gradstep_optimizer* optimizer,
                                                              double metric, size_t* reduced_count);

/* Clips a group by the norm of its own gradients. max_norm > 0: let n be the norm of the scaled
 * gradients of those tensors of the group that take part in a step. Each of these gradients is
 * multiplied by min(1, max_norm / (n + 1e-6)). This factor replaces the one that the optimizer's
 * MAX_NORM would give. Infinity: the group is not clipped, and n is told. 0: the group has no
 * max_norm.
 *
 * The optimizer's MAX_NORM, if it is set, still uses the norm of all gradients of the step,
 * including those of groups with a max_norm. It clips the groups that have none. grad_norm and
 * clip_factor of a step's result are the optimizer's (0 and 1 without MAX_NORM). grad_norm of
 * gradstep_group_info is n; its bits are those of gradstep_apply with MAX_NORM over the group's
 * tensors, in the order of adding.
 *
 * A step reads the group's gradients before it updates a tensor, so begin_step needs
 * GRADSTEP_STEP_INSPECTED. A step with GRADSTEP_STEP_GRAD_NORM, which tells nothing of one group,
 * fails with UNSUPPORTED.
 *
 * Fails with OUT_OF_RANGE for the group, for a max_norm below 0, and for NaN. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_group_max_norm(gradstep_optimizer* optimizer,
                                                                   size_t group, double max_norm);

/* set_loss_scaler copies a loss scaler into the optimizer. From then on each step divides the
 * gradients by the scale, is skipped if a gradient is not finite, and updates the optimizer's copy
 * of the scaler. NULL removes the loss scaler. get_loss_scaler copies it to *scaler, so that the
 * caller can multiply the loss by its scale; it fails with UNSUPPORTED if there is none.
 * set_loss_scaler fails with OUT_OF_RANGE for a wrong number in the scaler. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_loss_scaler(gradstep_optimizer* optimizer,
                                                                const gradstep_loss_scaler* scaler);
GRADSTEP_API gradstep_status gradstep_optimizer_get_loss_scaler(const gradstep_optimizer* optimizer,
                                                                gradstep_loss_scaler* scaler);

/* Instead of a group's index: all groups. In a language without unsigned types: -1. */
#define GRADSTEP_ALL_GROUPS SIZE_MAX

/* Makes a transform (see gradstep_transform) for every tensor of a group, frozen ones too. With
 * GRADSTEP_ALL_GROUPS it is made for all groups whose rule has it. Tensors that are already
 * transformed stay as they are, so a second call changes nothing. A step fails with WRONG_ORDER
 * until the transform that leads back is made. A checkpoint keeps the state, so save the params
 * with it. Fails with OUT_OF_RANGE for the group, with UNKNOWN_NAME, with INVALID_ARGUMENT for a
 * tensor that has a delta, and with WRONG_ORDER inside a step. */
GRADSTEP_API gradstep_status gradstep_optimizer_transform(gradstep_optimizer* optimizer,
                                                          size_t group, const char* name);

/* ---- Stepping an optimizer ----------------------------------------------------------------- */

/* Instead of a tensor's index: all tensors. In a language without unsigned types: -1. */
#define GRADSTEP_ALL_TENSORS SIZE_MAX

/* Moving averages. The optimizer counts the params in the `average` of each tensor: average_count
 * of gradstep_tensor_info. It is 0 at first. A step with AVERAGE that is neither
 * skipped nor stopped adds 1 for each tensor that takes part. The step that finds 0 copies the
 * param, whatever the array held. So an average may begin late: set AVERAGE when it is to begin. A
 * step in which a tensor takes no part changes neither its average nor the count; nor does a step
 * without AVERAGE.
 *
 * start_average copies the param, as it is now (transformed or not), to the average, and sets the
 * count to 1. Call it before the first step for an average that begins with the initial params.
 * Call it for frozen tensors, whose average no step writes. With GRADSTEP_ALL_TENSORS it is for
 * every tensor that has an average, frozen ones too.
 *
 * set_average_count sets the count alone, to at most 2^53. Call it after you have written numbers
 * of your own into the average: the mean of 7 params has the count 7. With 0, the next step with
 * AVERAGE begins the average anew. With GRADSTEP_ALL_TENSORS it is for every tensor that has an
 * average.
 *
 * Both fail with OUT_OF_RANGE for the tensor and the count; with UNSUPPORTED for one tensor that
 * has no average; with WRONG_ORDER inside a step. */
GRADSTEP_API gradstep_status gradstep_optimizer_start_average(gradstep_optimizer* optimizer,
                                                              size_t tensor);
GRADSTEP_API gradstep_status gradstep_optimizer_set_average_count(gradstep_optimizer* optimizer,
                                                                  size_t tensor, uint64_t count);

/* Flags of gradstep_step_options. GRAD_NORM and INSPECTED exclude each other. */
#define GRADSTEP_STEP_GRAD_SCALE UINT64_C(1) /* grad_scale is set */
#define GRADSTEP_STEP_GRAD_NORM UINT64_C(2)  /* grad_norm and non_finite_count are set */
#define GRADSTEP_STEP_INSPECTED UINT64_C(4)  /* both come from gradstep_optimizer_inspect */

typedef struct gradstep_step_options {
  size_t struct_size;
  uint64_t flags;
  /* As in gradstep_apply_options. If the optimizer has a loss scaler, grad_scale is also multiplied
   * by 1 / loss scale. */
  double grad_scale;
  /* If the caller already knows them: the global norm of all gradients after scaling, and the
   * number of elements that are not finite. The step then does not read the gradients to find them.
   * Both numbers may include the gradients of other machines. grad_norm is finite and >= 0; if
   * non_finite_count is above 0, grad_norm may also be infinity or NaN. */
  double grad_norm;
  uint64_t non_finite_count;
} gradstep_step_options;

/* Steps every tensor that takes part: every tensor that is not frozen and has a gradient or an
 * accumulated sum. Tensors with the same group and step count are stepped as one parallel region. A
 * rule that sums over all tensors (prodigy) sums over all groups that have it; the sentence of
 * INVALID_ARGUMENT names a hyper-parameter that must then be equal in these groups. Such rules come
 * first. options and result may be NULL.
 *
 * A skipped step (is_skipped in the result) is counted in skipped_count and nowhere else. A stopped
 * step (is_stopped) is counted nowhere, and changes the tensors of no group.
 *
 * Fails with INVALID_ARGUMENT, OUT_OF_RANGE, WRONG_ORDER (between begin_step and end_step; with
 * INSPECTED, if a gradient is not inspected; for a tensor that is transformed), UNSUPPORTED (with
 * GRAD_NORM, if a group has a max_norm). */
GRADSTEP_API gradstep_status gradstep_optimizer_step(gradstep_optimizer* optimizer,
                                                     const gradstep_step_options* options,
                                                     gradstep_apply_result* result);

/* These calls make the same step tensor by tensor, each tensor as soon as its gradient is ready.
 * Call begin_step; then step_tensor at most once for each tensor, in any order and from any
 * threads; then end_step. The bits are the same as those of gradstep_optimizer_step.
 *
 * begin_step. MAX_NORM, CHECK_FINITE, a loss scaler and a group's max_norm need all gradients
 * before the first tensor is stepped. With one of them, begin_step fails with WRONG_ORDER unless
 * GRADSTEP_STEP_GRAD_NORM or GRADSTEP_STEP_INSPECTED supplies the norm and the number of elements
 * that are not finite. For a group's max_norm only INSPECTED does. If the rule of a group sums over
 * all tensors (prodigy), begin_step fails with UNSUPPORTED. Otherwise it fails as
 * gradstep_optimizer_step does.
 *
 * step_tensor. It fails with WRONG_ORDER for a tensor that was already stepped; so of two
 * simultaneous calls for the same tensor, one fails. For a tensor that does not take part it does
 * nothing. In a skipped step it only zeroes the accumulated sum or, with ZERO_GRAD, the gradient.
 * With GRADSTEP_STEP_INSPECTED it fails with WRONG_ORDER if the gradient has changed since it was
 * inspected.
 *
 * Between begin_step and end_step these other calls are also allowed: set_grad, set_grads,
 * accumulate (for tensors that are not stepped yet), the find and describe calls, get_array, and
 * the calls that read notes. All others fail with WRONG_ORDER.
 *
 * end_step. It waits for a step_tensor that is running. A tensor for which step_tensor was not
 * called, or failed, is not stepped. In the result, left_out_count is the number of such tensors
 * that should have taken part, in a skipped step too. piece_count is the sum over all tensors. The
 * rest of the result is the same as that of gradstep_optimizer_step. */
GRADSTEP_API gradstep_status gradstep_optimizer_begin_step(gradstep_optimizer* optimizer,
                                                           const gradstep_step_options* options);
GRADSTEP_API gradstep_status gradstep_optimizer_step_tensor(gradstep_optimizer* optimizer,
                                                            size_t tensor);
GRADSTEP_API gradstep_status gradstep_optimizer_end_step(gradstep_optimizer* optimizer,
                                                         gradstep_apply_result* result);

/* Reads a tensor's gradient, as soon as the caller has it, and keeps its sum of squares and its
 * number of elements that are not finite. The next step with GRADSTEP_STEP_INSPECTED adds up these
 * numbers over all tensors, in the order in which the tensors were added. It computes the norm from
 * them, and decides whether to skip the step. Every step discards these numbers.
 *
 * grad_scale must be the same as in the step: 1 if the step does not set it. If the optimizer has a
 * loss scaler, grad_scale is also multiplied by 1 / loss scale, as in the step.
 *
 * With GRADSTEP_ALL_TENSORS the call reads every gradient that has not been inspected with this
 * scale yet. It reads nothing for a tensor that would take no part in the step.
 *
 * The step fails with WRONG_ORDER if a tensor that takes part was inspected with another scale, or
 * has not been inspected since set_grad, set_grads, set_param, accumulate, a load or an import last
 * changed its gradient. Fails with OUT_OF_RANGE for the tensor, and for a scale that is not finite;
 * with INVALID_ARGUMENT for gradients that overlap. The library does not notice if the caller
 * writes to the gradient's elements between the inspection and the step.
 */
GRADSTEP_API gradstep_status gradstep_optimizer_inspect(gradstep_optimizer* optimizer,
                                                        size_t tensor, double grad_scale);

/* Accumulates gradients over micro-batches: sum <- sum + scale grad. The call is for one tensor,
 * which may be frozen. With GRADSTEP_ALL_TENSORS it is for every tensor that is not frozen and has
 * a gradient. The sum begins at 0 and has the type of the arithmetic. It is an array that the
 * library owns and that the first call allocates. With ZERO_GRAD the same pass over memory zeroes
 * the gradient.
 *
 * The tensor's next step uses the sum instead of `grad` (which may then be NULL) and resets it,
 * even if the step is skipped.
 *
 * Fails with INVALID_ARGUMENT (no gradient, or a gradient that overlaps another), OUT_OF_RANGE,
 * WRONG_ORDER (the tensor is already stepped in this step), OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_optimizer_accumulate(gradstep_optimizer* optimizer,
                                                           size_t tensor, double scale);

/* ---- Looking into an optimizer ------------------------------------------------------------- */

typedef struct gradstep_optimizer_info {
  size_t struct_size;
  size_t group_count;     /* without removed ones */
  size_t tensor_count;    /* without removed ones */
  uint64_t step_count;    /* T: steps that were not skipped */
  uint64_t skipped_count; /* steps that were skipped */
  double grad_norm;       /* of the last step, skipped or not; 0 if that step did not need it */
  size_t state_bytes;     /* memory of the library's slots, scales and accumulated gradients */
  int32_t is_in_step;     /* 1 between begin_step and end_step */
  int32_t reserved;       /* 0 */
  size_t tensor_end; /* the first index that no tensor has had; all tensors have smaller ones */
  size_t group_end;  /* the same of groups */
} gradstep_optimizer_info;

GRADSTEP_API gradstep_status gradstep_optimizer_describe(const gradstep_optimizer* optimizer,
                                                         gradstep_optimizer_info* info);

/* The optimizer owns the name; it stays valid until the optimizer is destroyed, even after a
 * removal. rule_name and schedule_name are static. */
typedef struct gradstep_group_info {
  size_t struct_size;
  const char* name;
  const char* rule_name;
  const char* schedule_name; /* NULL: no schedule */
  size_t tensor_count;
  double lr;       /* of the next step (inside a step, of that step), after schedule and lr_scale */
  double momentum; /* the value that the schedule sets; NaN if it does not set it */
  double lr_scale;
  double max_norm; /* 0: none; the optimizer's MAX_NORM clips the group */
  /* The group's norm in the last step, skipped or not. 0 if the group had no max_norm in that step,
   * and after a load. */
  double grad_norm;
} gradstep_group_info;

/* Fails with OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_optimizer_describe_group(const gradstep_optimizer* optimizer,
                                                               size_t group,
                                                               gradstep_group_info* info);

/* The optimizer owns the name; it stays valid until the optimizer is destroyed. */
typedef struct gradstep_tensor_info {
  size_t struct_size;
  const char* name;
  size_t group;
  size_t count;
  uint64_t step_count;       /* t: steps in which this tensor took part */
  uint64_t accumulate_count; /* calls of accumulate since its last step */
  int32_t param_dtype;
  int32_t grad_dtype;
  int32_t is_frozen;
  int32_t has_grad;       /* 1: the caller has set a gradient array */
  uint64_t average_count; /* params in the average; 0 if the tensor has none */
} gradstep_tensor_info;

/* Fails with OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_optimizer_describe_tensor(const gradstep_optimizer* optimizer,
                                                                size_t tensor,
                                                                gradstep_tensor_info* info);

/* Gives a tensor's array by name: a slot ("exp_avg"), "param", "average" or "accumulated_grad". The
 * call fills *array, which points to the tensor's own elements, and *count, the number of elements;
 * count may be NULL. The caller may read or write the elements directly, or with
 * gradstep_array_read and gradstep_array_write, while no call of step, step_tensor, accumulate,
 * transform, start_average, load or import_array changes them; and write them while no save, export
 * or inspection reads them. Elements that the library owns stay at their addresses until
 * remove_tensor, move_tensor or set_param is called for the tensor, or the optimizer is destroyed;
 * a slot that the rule stops using keeps its memory. Fails with OUT_OF_RANGE; with UNKNOWN_NAME,
 * whose sentence lists all names; with UNSUPPORTED if the tensor does not have this array at
 * present. */
GRADSTEP_API gradstep_status gradstep_optimizer_get_array(const gradstep_optimizer* optimizer,
                                                          size_t tensor, const char* array_name,
                                                          gradstep_array* array, size_t* count);

/* *value becomes a scalar of the tensor's rule (see gradstep_rule_describe_scalar). An example is
 * "d", which prodigy has found: the factor of its learning rate. Fails with OUT_OF_RANGE,
 * UNKNOWN_NAME, WRONG_ORDER (inside a step). */
GRADSTEP_API gradstep_status gradstep_optimizer_get_scalar(const gradstep_optimizer* optimizer,
                                                           size_t tensor, const char* name,
                                                           double* value);

/* ---- State from elsewhere ------------------------------------------------------------------ */

/* These calls give an optimizer the state of another program's run, or of its own file, so that the
 * run goes on here as it would have gone on there. A complete state is: the params; the arrays and
 * scalars of each tensor; the step count and the average's count of each tensor; the step count,
 * the loss scaler and the plateaus of the optimizer. With step counts above 0 the calls may be made
 * in any order. All fail with WRONG_ORDER inside a step. */

/* The optimizer's step count T becomes step_count: the next step evaluates the schedules at
 * t = step_count. Fails with OUT_OF_RANGE above 2^53. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_step_count(gradstep_optimizer* optimizer,
                                                               uint64_t step_count);

/* The step count t of a tensor becomes step_count; with GRADSTEP_ALL_TENSORS, that of every tensor.
 * Above 0: no slot that the tensor's rule uses is fresh (see FRESH_SLOTS), so momentum goes on from
 * what the slot holds. 0: all slots are fresh. They keep what they hold, with one exception: slots
 * that begin as a copy of the param are copied again at the next step. Fails with OUT_OF_RANGE for
 * the tensor, and above 2^53. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_tensor_step_count(gradstep_optimizer* optimizer,
                                                                      size_t tensor,
                                                                      uint64_t step_count);

/* export_array converts a tensor's array to `to`; import_array converts `from` to the tensor's
 * array. array_name is as in gradstep_optimizer_get_array. The caller's array has `count` elements,
 * as many as the tensor's, and any dtype: E5M3_B256 only if the slot is non-negative. If the
 * tensor's array has one number per element and the tensor has rows and columns, the caller's array
 * may have a pitch. `from` must not overlap the tensor's array, nor `to` any array of the
 * optimizer. The struct is not needed after the call; import_array only reads the elements.
 *
 * If both arrays have the same dtype (and both or none have lower halves), the elements are copied
 * to the bit. Otherwise they are rounded to nearest, and to float32 first, as by
 * gradstep_array_write. An imported slot is not fresh, once the tensor's step count is above 0. An
 * imported average keeps its count: see gradstep_optimizer_set_average_count. The `copy` of an
 * imported param is not written.
 *
 * Fails with OUT_OF_RANGE, UNKNOWN_NAME and UNSUPPORTED as gradstep_optimizer_get_array does; with
 * INVALID_ARGUMENT for the caller's array or for count. */
GRADSTEP_API gradstep_status gradstep_optimizer_export_array(const gradstep_optimizer* optimizer,
                                                             size_t tensor, const char* array_name,
                                                             const gradstep_array* to,
                                                             size_t count);
GRADSTEP_API gradstep_status gradstep_optimizer_import_array(gradstep_optimizer* optimizer,
                                                             size_t tensor, const char* array_name,
                                                             const gradstep_array* from,
                                                             size_t count);

/* A scalar of the tensor's rule becomes `value`: any finite number, whether a step could have left
 * it or not. A scalar with GRADSTEP_SCOPE_ALL,
 * such as prodigy's d, is that of all tensors with the rule. A scalar that transforms set, such as
 * is_evaluated, only takes the values that they leave; the params must be in the same state. Fails
 * with OUT_OF_RANGE, UNKNOWN_NAME. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_scalar(gradstep_optimizer* optimizer,
                                                           size_t tensor, const char* name,
                                                           double value);

/* ---- Notes --------------------------------------------------------------------------------- */

/* A note is a text of the caller's that the optimizer keeps under a name. A checkpoint holds all
 * notes, so a program can keep in the same file what it needs itself to go on: its options, say, or
 * how many epochs it has done. The library does not read the texts.
 *
 * set_note sets a note, or replaces it; text NULL removes it, if it is there. The name has 1 to 255
 * bytes of UTF-8 without control characters. The text has at most 2^20 bytes of UTF-8; it may be
 * empty. Both are copied. Fails with INVALID_ARGUMENT, WRONG_ORDER (inside a step), OUT_OF_MEMORY.
 *
 * get_note gives the text of a note. It fails with UNKNOWN_NAME, whose sentence names the nearest
 * notes. note_count and note_at enumerate the notes, in the order of the bytes of their names, from
 * index 0 on; text may be NULL. note_at fails with OUT_OF_RANGE for an index past the end. These
 * three calls run immediately, as describe calls do, inside a step too.
 *
 * The optimizer owns names and texts. They stay valid until set_note replaces or removes that
 * note, a load replaces all notes, or the optimizer is destroyed. No other thread may do so while
 * the caller reads a text. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_note(gradstep_optimizer* optimizer,
                                                         const char* name, const char* text);
GRADSTEP_API gradstep_status gradstep_optimizer_get_note(const gradstep_optimizer* optimizer,
                                                         const char* name, const char** text);
GRADSTEP_API gradstep_status gradstep_optimizer_note_count(const gradstep_optimizer* optimizer,
                                                           size_t* count);
GRADSTEP_API gradstep_status gradstep_optimizer_note_at(const gradstep_optimizer* optimizer,
                                                        size_t index, const char** name,
                                                        const char** text);

/* ---- Checkpoints --------------------------------------------------------------------------- */

/* Flags of checkpoints. A save takes PARAMS, a load takes all. */
#define GRADSTEP_CHECKPOINT_PARAMS UINT64_C(1)        /* include params and their lower halves */
#define GRADSTEP_CHECKPOINT_PARTIAL UINT64_C(2)       /* load the tensors that fit, and no others */
#define GRADSTEP_CHECKPOINT_KEEP_SETTINGS UINT64_C(4) /* load no settings */
#define GRADSTEP_CHECKPOINT_ANY_GROUP UINT64_C(8)     /* groups and rules may differ */
#define GRADSTEP_CHECKPOINT_START_MISSING UINT64_C(16) /* what the file lacks starts afresh */

/* A function of the caller's that appends bytes to a stream: in order, from the first byte of the
 * checkpoint to the last. size is at least 1. It returns 0 when it is done. Any other number means
 * that it has failed; the save then fails with IO_ERROR, and the sentence gives the number. */
typedef int32_t (*gradstep_write)(void* stream, const void* bytes, size_t size);

/* A function of the caller's that reads exactly `size` bytes of a stream, from `offset` on, into
 * `bytes`. size is at least 1, and offset + size is at most the stream's size. A load reads in any
 * order, and most parts twice: to verify them and to use them. It returns 0, or another number as
 * gradstep_write does. Bytes that change between two readings make the load fail with CORRUPT.
 *
 * Both functions are called on the calling thread, during the call that they were passed to. They
 * may make other calls of the library. Of the calls on that optimizer, they may make the find,
 * describe and get calls; calls that cannot run at the same time fail with BUSY. A C++ exception
 * that leaves a function counts as a failure, and is not passed on. longjmp and pthread_exit are
 * not allowed: the functions must return. */
typedef int32_t (*gradstep_read)(void* stream, uint64_t offset, void* bytes, size_t size);

typedef struct gradstep_save_options {
  size_t struct_size;
  uint64_t flags; /* GRADSTEP_CHECKPOINT_PARAMS or 0 */
  /* Where the checkpoint goes. At most one of path, write and memory is not NULL. The bytes are the
   * same for all three. */
  const char* path;     /* a file, as at gradstep_optimizer_save */
  gradstep_write write; /* a function, to which `stream` is passed unchanged */
  void* stream;         /* NULL without write */
  void* memory; /* memory_size bytes, without alignment; no array of the optimizer overlaps them */
  size_t memory_size; /* may be more than is needed; 0 without memory */
} gradstep_save_options;

/* Writes the whole state, as gradstep_optimizer_save does, to a file, through a function or into
 * memory. *size becomes the number of bytes of the checkpoint. With none of path, write and memory,
 * this number is all that the call finds out: it stays the same until the optimizer changes. size
 * may be NULL otherwise.
 *
 * If the call fails, the optimizer is as it was. A file is as gradstep_optimizer_save describes,
 * and memory is unchanged. A stream may have got some of the bytes.
 *
 * Fails as gradstep_optimizer_save does; with INVALID_ARGUMENT if memory_size is too small (the
 * sentence gives the size that is needed). */
GRADSTEP_API gradstep_status gradstep_optimizer_save_to(const gradstep_optimizer* optimizer,
                                                        const gradstep_save_options* options,
                                                        uint64_t* size);

/* Writes the whole state to a safetensors file: gradstep_optimizer_save_to with this path. Arrays
 * are named "<tensor name>.<array name>": slots, averages, accumulated gradients and, with PARAMS,
 * params. Everything else is in the file's metadata: the notes, each as it is, and the rest as
 * JSON. A CRC-32 of each array and of the header detects damage. docs/checkpoints.md states the
 * format.
 *
 * `path` is UTF-8; POSIX systems get its bytes unchanged, as open() takes them. The file at `path`
 * is replaced as a whole or not at all. The new file is written in the same folder under another
 * name, synced to disk, and renamed to `path`; then the folder is synced. If the program crashes,
 * is killed or finds the disk full at any moment, the file at `path` is the complete old one or the
 * complete new one. A killed process leaves "<name>.gradstep-<number>.tmp" behind, which the next
 * save to the same path removes.
 *
 * If the call fails, the file at `path` is as it was, with one exception: if only syncing the
 * folder fails, the status is IO_ERROR, and the sentence says that the new file is in place.
 *
 * Fails with INVALID_ARGUMENT, WRONG_ORDER (inside a step), IO_ERROR, OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_optimizer_save(const gradstep_optimizer* optimizer,
                                                     const char* path, uint64_t flags);

typedef struct gradstep_load_result {
  size_t struct_size;
  size_t loaded_count;  /* tensors of the optimizer whose state was loaded */
  size_t missing_count; /* tensors of the optimizer: missing from the file, or incompatible */
  size_t extra_count;   /* tensors of the file that were not loaded */
} gradstep_load_result;

typedef struct gradstep_load_options {
  size_t struct_size;
  uint64_t flags; /* any GRADSTEP_CHECKPOINT_ flags */
  /* Where the checkpoint is. Exactly one of path, read and memory is not NULL. */
  const char* path;   /* a file; UTF-8 */
  gradstep_read read; /* a function, to which `stream` is passed unchanged */
  void* stream;
  uint64_t stream_size; /* of the checkpoint, in bytes */
  const void* memory;   /* memory_size bytes, without alignment */
  size_t memory_size;
  /* Names of tensors. A tensor of the file whose name begins with file_prefix is taken for the
   * tensor of the optimizer whose name begins with prefix instead, and is otherwise the same. With
   * "encoder." and "", the file's "encoder.bias" is loaded into "bias". Tensors of the file without
   * file_prefix, and tensors of the optimizer without prefix, are not looked at: they are counted
   * in extra_count and missing_count, and are no difference. NULL counts as "". */
  const char* file_prefix;
  const char* prefix;
} gradstep_load_options;

/* Loads what a save has written, into an optimizer that has the same groups (with the same names
 * and rules) and the same tensors (with the same names and counts, in the same groups), in any
 * order. If the dtype of an array differs, the array is converted. The whole checkpoint is read and
 * verified before anything changes. result may be NULL.
 *
 * With PARAMS, params are loaded too; the file must contain them. A load also replaces the
 * settings: hyper-parameters, lr_scale, max_norm of groups, schedules, plateaus, the loss scaler,
 * and which tensors are frozen. With KEEP_SETTINGS all settings stay as they are.
 *
 * Every load replaces the optimizer's step_count, skipped_count and grad_norm, the scalars with
 * GRADSTEP_SCOPE_ALL and all notes, with any flags and even if no tensor fits. The options of
 * gradstep_optimizer_options are not in a checkpoint. So a program can read the notes before it
 * builds its model: it loads the file with PARTIAL into an optimizer without groups, which it then
 * destroys.
 *
 * With ANY_GROUP, tensors are matched by name alone. Groups may be missing, split, joined or have
 * other rules. Slots and scalars are matched by name too; those that the tensor's rule does not
 * have are left, as is an average that the tensor does not have. Settings are loaded into groups
 * that match a group of the file by name and rule; the other groups keep theirs.
 *
 * With START_MISSING, a slot that the rule uses and the file lacks gets its initial value, and
 * counts as never used. An average that the file lacks becomes equal to the param, after loading,
 * and its count becomes 1. Without this flag, such a tensor does not fit. A scalar that the file
 * lacks gets its initial value in any case.
 *
 * Fails with INVALID_ARGUMENT, WRONG_ORDER (inside a step), IO_ERROR, OUT_OF_MEMORY; with CORRUPT
 * for a checkpoint that is truncated, damaged or none (the sentence names the fault); with MISMATCH
 * for a checkpoint of another model (the sentence lists as many differences as it has room for), or
 * one in which a later version of the library has saved what this one does not know (the sentence
 * names it, its place and its value). */
GRADSTEP_API gradstep_status gradstep_optimizer_load_from(gradstep_optimizer* optimizer,
                                                          const gradstep_load_options* options,
                                                          gradstep_load_result* result);

/* Loads a file: gradstep_optimizer_load_from with this path and these flags. */
GRADSTEP_API gradstep_status gradstep_optimizer_load(gradstep_optimizer* optimizer,
                                                     const char* path, uint64_t flags,
                                                     gradstep_load_result* result);

#ifdef __cplusplus
}
#endif

#endif /* GRADSTEP_GRADSTEP_H */
