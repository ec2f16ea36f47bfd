/* gradstep: the parameter update of a training step, on flat arrays of floats.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * This header is the whole C interface and its contract. It compiles as C99 and as C++11.
 *
 *     rule      one update formula with its hyper-parameters ("adamw")
 *     slot      one per-element state array of a rule ("exp_avg")
 *     tensor    one parameter: a flat param, a grad and slot arrays of `count` elements
 *     context   threads and instruction set; immutable, shareable
 *     schedule  the learning rate as a function of the step ("cosine")
 *     group     tensors that share a rule, its hyper-parameters and a schedule
 *     optimizer groups, tensors, their state and step counts: all that a checkpoint holds
 *
 * Errors. Every call that can fail returns a gradstep_status; 0 is success. On failure no output
 * and no array has changed, and gradstep_last_error() says in a sentence which argument was wrong,
 * its value, and what is allowed. A step that passed validation cannot fail.
 *
 * Ownership. Only contexts and optimizers keep pointers that a caller hands to them, as they say;
 * all other calls keep none. Every create has a destroy; destroy accepts NULL. Strings that the
 * library returns are static, unless their declaration says otherwise.
 *
 * Threads. Every call may run at the same time as every other, as long as no two of them write the
 * same array and no handle is changed or destroyed while another call uses it. Calls on one
 * optimizer wait for each other: see gradstep_optimizer. A thread that is cancelled
 * (pthread_cancel) while it creates a context, saves or loads finishes the call first.
 *
 * Structs. A struct that the caller fills begins with struct_size = sizeof(the struct); set every
 * other field to zero (`= {0}` or memset) before you fill in what you need. Later versions only
 * append fields. A struct larger than this library knows is accepted while the unknown bytes are
 * zero. Structs that the library fills work the same way: set struct_size, and no more than
 * struct_size bytes are written. Arrays of structs advance by the first element's struct_size,
 * and all elements carry the same one. A struct_size is a multiple of the struct's alignment and at
 * most 4096: any other is refused before more than the struct itself is read.
 *
 * Environment. GRADSTEP_ISA and GRADSTEP_THREADS are read when a context is created, nothing else
 * ever is. The library prints nothing, never aborts, and changes no process-wide setting.
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
#define GRADSTEP_VERSION_MINOR 1
#define GRADSTEP_VERSION_PATCH 0

/* The version of the library that runs, as 10000 * major + 100 * minor + patch. */
GRADSTEP_API uint32_t gradstep_version(void);

/* The same as text: "0.1.0". */
GRADSTEP_API const char* gradstep_version_text(void);

/* ---- Status -------------------------------------------------------------------------------- */

typedef int32_t gradstep_status;

#define GRADSTEP_OK 0
#define GRADSTEP_INVALID_ARGUMENT 1 /* a null, misaligned, overlapping or inconsistent argument */
#define GRADSTEP_UNKNOWN_NAME 2     /* nothing of that name; the message lists the nearest */
#define GRADSTEP_OUT_OF_RANGE 3     /* a number outside its bounds, or an index past the end */
#define GRADSTEP_UNSUPPORTED 4      /* valid, but not on this machine or not in this build */
#define GRADSTEP_OUT_OF_MEMORY 5    /* memory or a thread could not be had */
#define GRADSTEP_INTERNAL 6         /* a defect of the library: please report the message */
#define GRADSTEP_BUSY 7             /* a call on the optimizer that this one cannot wait for */
#define GRADSTEP_WRONG_ORDER 8      /* not now: before or after another call */
#define GRADSTEP_IO_ERROR 9         /* a file cannot be read or written; the disk is full */
#define GRADSTEP_CORRUPT 10         /* a file that is truncated, damaged or no checkpoint */
#define GRADSTEP_MISMATCH 11        /* a checkpoint of another model */

/* The constant's name for a status ("GRADSTEP_OK"); "GRADSTEP_UNKNOWN_STATUS" for any other. */
GRADSTEP_API const char* gradstep_status_name(gradstep_status status);

/* The sentence for the last call of this thread that failed; "" when none has. A call that succeeds
 * leaves it alone. The text is valid until this thread's next failing call, or its end. It is UTF-8
 * where the caller's names in it are; from 4096 bytes on it is cut, and ends with "...". This call
 * and failing calls are allowed in destructors of static, thread-local and thread-specific objects,
 * and need no memory. */
GRADSTEP_API const char* gradstep_last_error(void);

/* ---- Instruction sets ---------------------------------------------------------------------- */

/* The instruction sets this library was built for, from the lowest ("baseline": SSE2 on x86-64,
 * NEON on AArch64) to the highest. gradstep_isa_name gives NULL for an index past the end. */
GRADSTEP_API size_t gradstep_isa_count(void);
GRADSTEP_API const char* gradstep_isa_name(size_t index);

/* 1 when this CPU and operating system can run it, 0 when not or when the index is past the end. */
GRADSTEP_API int32_t gradstep_isa_is_available(size_t index);

/* ---- Contexts ------------------------------------------------------------------------------ */

/* Which threads run a step, and which instruction set. Immutable once created: any number of
 * threads may use one at the same time. */
typedef struct gradstep_context gradstep_context;

/* One unit of work: the pool calls task(argument, index). */
typedef void (*gradstep_task)(void* argument, size_t index);

/* The host's own thread pool. It must run task(argument, i) exactly once for every i < count, on
 * any threads and in any order, and return when all have returned. It cannot report failure.
 * Where only the calling thread is free, it may run all of them there.
 *
 * The step is done whole and right whatever it does instead, as long as it comes back: the calling
 * thread does what is left. A C++ exception counts as coming back, and goes no further; tasks
 * that are running then are waited for. A task that is called later does nothing, or helps with
 * another step of the context; not after the context is destroyed. A thread that is cancelled
 * (pthread_cancel) in here is cancelled after the step. longjmp and pthread_exit do not come back:
 * they are not allowed. */
typedef void (*gradstep_parallel_for)(void* pool, size_t count, gradstep_task task, void* argument);

/* Flags of gradstep_context_options. */
#define GRADSTEP_CONTEXT_CALLER_ARENA 1u /* use the oneTBB arena that the calling thread is in */
#define GRADSTEP_CONTEXT_PIN_THREADS                           \
  2u /* bind workers of an own arena to one CPU each in a step \
      */
#define GRADSTEP_CONTEXT_FLUSH_TO_ZERO 4u /* denormals count as zero inside the steps */
#define GRADSTEP_CONTEXT_SERIAL_BELOW 8u  /* serial_below is set (it may be 0) */
#define GRADSTEP_CONTEXT_PIECE_SIZE 16u   /* piece_size is set */

typedef struct gradstep_context_options {
  size_t struct_size;

  uint64_t flags;

  /* The most threads that work on a step, the caller's included: 1 to 1024. 0 means the value of
   * GRADSTEP_THREADS or, without it, as many CPUs as the process may use: those that any of its
   * threads is bound to, and its container's CPU quota. An own arena has no more threads than
   * oneTBB allows when the context is created: as many as the process has CPUs, unless the host has
   * set a tbb::global_control. With CALLER_ARENA or parallel_for it bounds the threads that are
   * asked for. */
  size_t thread_count;

  /* The instruction set by name. NULL means the value of GRADSTEP_ISA or, without it, the highest
   * that the CPU has. */
  const char* isa;

  /* The host's pool; NULL means oneTBB. Both are kept until the context is destroyed. */
  gradstep_parallel_for parallel_for;
  void* pool;

  /* Steps with fewer elements than this, over all their tensors, run on the calling thread alone.
   * Default: a measured value. Ignored without its flag. */
  size_t serial_below;

  /* Elements in one piece of work, rounded up to a multiple of 64. Default: a measured value.
   * For tests and tuning; results do not depend on it. Ignored without its flag; 0 is refused. */
  size_t piece_size;
} gradstep_context_options;

/* Creates a context; options may be NULL.
 *
 * In a child of fork() a context of the parent's works: on the calling thread alone, with the same
 * bits, whatever other threads of the parent were doing. So does one that the child creates, if a
 * parent has had one with oneTBB's threads; if not, or with parallel_for, it has its threads.
 *
 * Threads of oneTBB outlive a context. So creating one that has any keeps the library in memory,
 * and a host's plugin that the library is linked into statically: dlclose does not unload it.
 *
 * On success *context is to be destroyed by the caller.
 * Fails with UNKNOWN_NAME or UNSUPPORTED for the instruction set (GRADSTEP_ISA's too),
 * OUT_OF_RANGE or INVALID_ARGUMENT for the rest, OUT_OF_MEMORY. UNSUPPORTED: this CPU lacks it, or
 * this build of the library does not round exactly with it. */
GRADSTEP_API gradstep_status gradstep_context_create(const gradstep_context_options* options,
                                                     gradstep_context** context);

/* Waits for nothing: no call may be using the context. */
GRADSTEP_API void gradstep_context_destroy(gradstep_context* context);

typedef struct gradstep_context_info {
  size_t struct_size;
  const char* isa;       /* the instruction set in use */
  size_t thread_count;   /* the most threads that work on a step; 1 in a child of fork */
  size_t serial_below;   /* in elements */
  size_t piece_size;     /* the smallest piece, in elements; 0: chosen per step */
  const char* threading; /* "own arena", "caller's arena" or "host pool" */
} gradstep_context_info;

GRADSTEP_API gradstep_status gradstep_context_describe(const gradstep_context* context,
                                                       gradstep_context_info* info);

/* ---- What rules there are ------------------------------------------------------------------ */

/* The number of rules, and their names. gradstep_rule_name gives NULL for an index past the end. */
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
} gradstep_rule_info;

/* Fails with UNKNOWN_NAME; the message lists the nearest names. */
GRADSTEP_API gradstep_status gradstep_rule_describe(const char* rule_name,
                                                    gradstep_rule_info* info);

/* Kinds of hyper-parameter. All are passed as double. */
#define GRADSTEP_REAL 0    /* any number within the bounds */
#define GRADSTEP_FLAG 1    /* 0 or 1 */
#define GRADSTEP_INTEGER 2 /* a whole number within the bounds */
#define GRADSTEP_LIST 3    /* any count of numbers within the bounds: gradstep_schedule_set_list */

/* Flags of gradstep_hyperparameter_info. */
#define GRADSTEP_MINIMUM_EXCLUDED 1u
#define GRADSTEP_MAXIMUM_EXCLUDED 2u

typedef struct gradstep_hyperparameter_info {
  size_t struct_size;
  const char* name;
  const char* help;     /* one line */
  double default_value; /* NaN: it has none, and must be set (schedules only) */
  double minimum;
  double maximum; /* infinity, then always excluded: values are finite */
  uint32_t flags;
  int32_t kind;
} gradstep_hyperparameter_info;

/* The index-th hyper-parameter of a rule. Fails with UNKNOWN_NAME or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_hyperparameter_describe(const char* rule_name, size_t index,
                                                              gradstep_hyperparameter_info* info);

typedef struct gradstep_slot_info {
  size_t struct_size;
  const char* name; /* PyTorch's, where it has one */
  const char* help; /* one line */
  /* What every element holds before the first step: the hyper-parameter of this name, or, when it
   * is NULL, initial_value. */
  const char* initial_hyperparameter;
  double initial_value;
  int32_t is_non_negative; /* 1: never below 0, so GRADSTEP_UNSIGNED8 can store it */
  int32_t reserved;        /* 0 */
} gradstep_slot_info;

/* The index-th slot of a rule, whether the rule's present options use it or not. Fails with
 * UNKNOWN_NAME or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_slot_describe(const char* rule_name, size_t index,
                                                    gradstep_slot_info* info);

/* ---- Rules --------------------------------------------------------------------------------- */

/* A rule together with a value for each of its hyper-parameters. Reading and stepping with one from
 * several threads is fine; setting needs it alone. */
typedef struct gradstep_rule gradstep_rule;

/* A rule with every hyper-parameter at its default. Fails with UNKNOWN_NAME, OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_rule_create(const char* rule_name, gradstep_rule** rule);
GRADSTEP_API void gradstep_rule_destroy(gradstep_rule* rule);

/* Sets or reads one hyper-parameter. Fails with UNKNOWN_NAME (the message lists the nearest) or
 * OUT_OF_RANGE (the message gives the bounds). */
GRADSTEP_API gradstep_status gradstep_rule_set(gradstep_rule* rule, const char* name, double value);
GRADSTEP_API gradstep_status gradstep_rule_get(const gradstep_rule* rule, const char* name,
                                               double* value);

/* Whether the values go together (nesterov needs momentum, say). Every step checks this too.
 * Fails with INVALID_ARGUMENT. */
GRADSTEP_API gradstep_status gradstep_rule_check(const gradstep_rule* rule);

/* For the index-th slot and the present hyper-parameters: *is_used becomes 1 when a step reads and
 * writes it (0: its array may be NULL), *initial_value what each element holds before the first
 * step. Either output may be NULL. Fails with OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_rule_slot_state(const gradstep_rule* rule, size_t index,
                                                      int32_t* is_used, double* initial_value);

/* ---- How arrays are stored ----------------------------------------------------------------- */

/* The dtypes of arrays. Arithmetic is in float64 for float64 params and in float32 for all others:
 * every other type is converted as it is loaded and stored.
 *
 * bfloat16 is the upper half of a float32. The 8-bit types, for slots, are 8-bit floats in blocks
 * of 256 elements with a float32 scale for each block, a power of two: SIGNED8 has 4 bits of
 * exponent and 3 of mantissa; UNSIGNED8 has no sign and 5 bits of exponent. docs/numerics.md has
 * the codes.
 */
#define GRADSTEP_FLOAT32 1
#define GRADSTEP_FLOAT64 2
#define GRADSTEP_BFLOAT16 3
#define GRADSTEP_FLOAT16 4
#define GRADSTEP_SIGNED8 5
#define GRADSTEP_UNSIGNED8 6

#define GRADSTEP_BLOCK_SIZE 256 /* elements that share a scale of an 8-bit type */

typedef struct gradstep_storage_info {
  size_t struct_size;
  size_t bytes;       /* of the array */
  size_t scale_count; /* float32 scales beside it; 0 but for 8-bit types */
  int32_t dtype;
  int32_t reserved; /* 0 */
} gradstep_storage_info;

/* How to store `count` elements of a rule's slot when `dtype` is wanted for it. For either 8-bit
 * type: the one that suits the slot, and GRADSTEP_FLOAT32 for tensors of fewer than 4096 elements,
 * which have little to save. Other dtypes are taken as they are. Fails with UNKNOWN_NAME,
 * OUT_OF_RANGE or INVALID_ARGUMENT. */
GRADSTEP_API gradstep_status gradstep_slot_storage(const char* rule_name, size_t index,
                                                   int32_t dtype, size_t count,
                                                   gradstep_storage_info* info);

/* An array of any dtype. */
typedef struct gradstep_array {
  size_t struct_size;
  size_t count;
  void* data;
  /* 8-bit types: a float32 scale for each block of 256 elements, the last one begun counted. Else
   * NULL, or for bfloat16 the lower halves (uint16_t) that make every element an exact float32. */
  void* extra;
  int32_t dtype;
  int32_t reserved; /* 0 */
} gradstep_array;

/* Converts a whole array to or from doubles; writing rounds to nearest (through float32, but for
 * float64). To fill a slot with its initial value, to look into it, to carry it to another dtype.
 * Runs on the calling thread. Fails with INVALID_ARGUMENT or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_array_read(const gradstep_array* array, double* values);
GRADSTEP_API gradstep_status gradstep_array_write(const gradstep_array* array,
                                                  const double* values);

/* ---- Steps, stateless: the caller owns every array ----------------------------------------- */

/* One parameter and its arrays, `count` elements each, none overlapping another. Arrays need the
 * alignment of one element and no more; nothing past their ends is read. When count is 0 they may
 * be NULL, or anything. Arrays that a step has no use for (an average without the option, a slot
 * that the rule does not use) are not touched. Every field that is not set is 0. */
typedef struct gradstep_tensor {
  size_t struct_size;
  size_t count;
  void* param; /* read and written */
  void* grad;  /* read; written only where GRADSTEP_APPLY_ZERO_GRAD asks for it */
  /* slot_count pointers, in the order of gradstep_slot_describe, each read and written; those that
   * gradstep_rule_slot_state calls unused may be NULL, and so may `slots` where all are. */
  void* const* slots;
  size_t slot_count;
  int32_t param_dtype; /* FLOAT32, FLOAT64, BFLOAT16 or FLOAT16 */
  int32_t grad_dtype;  /* any of these, chosen independently of param_dtype */

  /* slot_count dtypes: FLOAT32, BFLOAT16, FLOAT16, SIGNED8 or, for slots that are non-negative,
   * UNSIGNED8; beside a float64 param FLOAT64. NULL: FLOAT64 there, else FLOAT32. */
  const int32_t* slot_dtypes;
  /* slot_count pointers to the scales of the slots of an 8-bit dtype, one for each block of 256
   * elements, the last one begun counted; 0 before the first step. NULL where there is none; those
   * beside other dtypes are not looked at. */
  float* const* slot_scales;

  /* bfloat16 params only, or NULL: the lower halves of exact float32 params, whose upper halves are
   * in `param`. Training is then float32's to the bit. */
  uint16_t* param_low;

  /* NULL, or a copy of the new param in another dtype, written in the same pass. */
  void* param_copy;
  /* NULL, or the moving average of the param that GRADSTEP_APPLY_AVERAGE updates; float64 beside a
   * float64 param, else float32. It averages the param before it is rounded to its dtype. */
  void* average;

  /* For a caller that splits a tensor: the index of this piece's first element in the whole, and
   * the same `key`, other than 0, for all pieces. Stochastic rounding depends on them. A multiple
   * of 256 beside slots of 8-bit dtypes. */
  uint64_t first_index;
  uint64_t key; /* distinguishes tensors in stochastic rounding. 0: 1 + the position in the list */

  int32_t copy_dtype; /* of param_copy: FLOAT32, BFLOAT16 or FLOAT16; 0 without it */
  int32_t reserved;   /* 0 */
} gradstep_tensor;

/* Flags of gradstep_apply_options. The first four also say that the field of that name is set. */
#define GRADSTEP_APPLY_GRAD_SCALE 1u
#define GRADSTEP_APPLY_MAX_NORM 2u
#define GRADSTEP_APPLY_MAX_VALUE 4u
#define GRADSTEP_APPLY_AVERAGE 8u
#define GRADSTEP_APPLY_CHECK_FINITE 16u     /* skip the whole step when a gradient is not finite */
#define GRADSTEP_APPLY_ZERO_GRAD 32u        /* leave zeros in every gradient, skipped or not */
#define GRADSTEP_APPLY_STOCHASTIC_PARAM 64u /* round 16-bit params at random, not to nearest */
#define GRADSTEP_APPLY_NEAREST_SLOTS 128u   /* round narrow slots to nearest, not at random */
/* Some slot that the rule uses is at its initial values, because no earlier step used it, as when
 * momentum is switched on later: sgd's momentum_buffer then begins with the undamped gradient. Step
 * 1 implies it. An optimizer sees to it itself. */
#define GRADSTEP_APPLY_FRESH_SLOTS 256u

typedef struct gradstep_apply_options {
  size_t struct_size;
  uint64_t flags;
  uint64_t step; /* t, counted from 1; at most 2^53 */

  /* finite; each gradient is multiplied by it (1 / loss scale, say). 1 without its flag */
  double grad_scale;

  /* > 0. With the global norm n of all scaled gradients of the list, each is multiplied by
   * min(1, max_norm / (n + 1e-6)) as well. Costs one more reading pass over the gradients. */
  double max_norm;

  /* > 0. Each gradient, after scaling, is clipped to [-max_value, max_value]. */
  double max_value;

  /* In [0, 1]: average <- average + (1 - average_decay)(param - average) for tensors that have an
   * `average`; at step 1 average <- param. 0 copies the param, 1 keeps the average as it is. */
  double average_decay;

  /* Of stochastic rounding. The random bits are a function of (seed, key, step, array, element). */
  uint64_t seed;
} gradstep_apply_options;

typedef struct gradstep_apply_result {
  size_t struct_size;
  uint64_t piece_count; /* the pieces of work that ran: 1 when the caller's thread did it all */

  /* Gradient elements that are not finite once converted to the type of the arithmetic and scaled,
   * and the global norm after scaling, before clipping. Both 0 unless CHECK_FINITE or MAX_NORM is
   * set. */
  uint64_t non_finite_count;
  double grad_norm;

  double clip_factor; /* what MAX_NORM multiplied the gradients by; else 1 */
  int32_t is_skipped; /* 1: CHECK_FINITE found some, and nothing but zeroed gradients changed */
  int32_t reserved;   /* 0 */

  /* Of gradstep_optimizer_end_step: tensors that sat the step out though they were not frozen and
   * had a gradient, and the index of the first of them. Else both 0. */
  size_t left_out_count;
  size_t first_left_out;
} gradstep_apply_result;

/* Applies one step of the rule to every tensor of the list, as one parallel region, in this order:
 * scale the gradient, clip by value, maximize, coupled weight decay, the rule, decoupled decay and
 * subtraction, store (param, slots, copy, average), zero the gradient. Each element crosses the
 * memory bus once; CHECK_FINITE and MAX_NORM add one pass that reads the gradients.
 *
 * No array that is written may be in two entries of the list: two threads would write it at once.
 * That is the caller's part. A param in two entries is refused where it can be seen at little cost:
 * in a list of up to 32 entries, and in a longer one where both have the same pointer and are in
 * the same 1024 entries.
 *
 * Everything is validated before anything is written; after that the step cannot fail. A step that
 * CHECK_FINITE skips returns GRADSTEP_OK with is_skipped = 1: do not count it in `step`.
 *
 * Slots of bfloat16, float16 and 8-bit dtypes are rounded at random, up with a probability equal
 * to the part cut off: to nearest, a moving average with a decay near 1 would never move.
 * NEAREST_SLOTS has them rounded to nearest, STOCHASTIC_PARAM has bfloat16 and float16 params
 * rounded at random. Neither concerns what is not rounded: float32, float64, and params with lower
 * halves. A copy is rounded to nearest whatever the flags.
 *
 * Float16 ends at 65504, beyond which it is infinite, and its numbers near 0 are multiples of
 * 2^-24: bfloat16 slots take as little memory and have float32's range. A block of an 8-bit slot in
 * which an element is not finite is NaN as a whole.
 *
 * The result's bits depend neither on the number of threads nor on addresses, on how the library
 * splits the work, on the host's rounding mode or flush-to-zero, nor on the choice among
 * instruction sets that have fused multiply-add (all but baseline on x86-64).
 *
 * result may be NULL. Fails with INVALID_ARGUMENT (null, overlapping or misaligned arrays, dtypes
 * that do not go together, wrong slot count, hyper-parameters that do not go together) or
 * OUT_OF_RANGE (step, count, first_index, the options' numbers). */
GRADSTEP_API gradstep_status gradstep_apply(const gradstep_context* context,
                                            const gradstep_rule* rule,
                                            const gradstep_tensor* tensors, size_t tensor_count,
                                            const gradstep_apply_options* options,
                                            gradstep_apply_result* result);

typedef struct gradstep_norm_result {
  size_t struct_size;
  double norm;               /* sqrt of the sum of squares over all gradients of the list */
  uint64_t non_finite_count; /* elements that are infinite or NaN; norm is then not finite */
  uint64_t piece_count;      /* the pieces of work that ran */
} gradstep_norm_result;

/* The global gradient norm, in one reading pass. Of each tensor only count, grad and grad_dtype are
 * looked at. Squares are summed in double in a fixed order: the same bits from any number of
 * threads and any instruction set with fused multiply-add (for float32 gradients from any at all).
 * It is right wherever the true norm is in the range of double. Multiply by your own scale
 * afterwards. */
GRADSTEP_API gradstep_status gradstep_gradient_norm(const gradstep_context* context,
                                                    const gradstep_tensor* tensors,
                                                    size_t tensor_count,
                                                    gradstep_norm_result* result);

/* ---- Loss scaling -------------------------------------------------------------------------- */

/* A dynamic loss scale (Micikevicius et al. 2018), owned by the caller: multiply the loss by
 * `scale`, step with grad_scale = 1 / scale and CHECK_FINITE, then call the update. */
typedef struct gradstep_loss_scaler {
  size_t struct_size;
  double scale;             /* the present one */
  double growth_factor;     /* >= 1; applied after growth_interval steps in a row */
  double backoff_factor;    /* in (0, 1); applied after a skipped step */
  uint64_t growth_interval; /* >= 1 */
  uint64_t steps_in_a_row;  /* not skipped, since the scale last changed */
} gradstep_loss_scaler;

/* PyTorch's defaults: scale 65536, growth 2 after 2000 steps, backoff 0.5. */
GRADSTEP_API gradstep_status gradstep_loss_scaler_init(gradstep_loss_scaler* scaler);

/* After each step, with its is_skipped. The scale stays a normal float32: a change that would lead
 * out of their range is left out. Fails with INVALID_ARGUMENT or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_loss_scaler_update(gradstep_loss_scaler* scaler,
                                                         int32_t is_skipped);

/* ---- Schedules ----------------------------------------------------------------------------- */

/* A learning rate as a function of the step: a pure function of t and the base rate, so a run can
 * stop and resume anywhere. t counts from 0 (the T-th step of a run, T = 1, 2 ..., uses t = T - 1)
 * and need not be whole. Beyond its end a schedule holds its last value. Computed in double, always
 * finite and >= 0.
 *
 * Every schedule but wsd and noam, which have their own, begins with a warm-up on request: for
 * t < warmup_steps it is warmup_begin_lr + (S(0) - warmup_begin_lr) t / warmup_steps, then
 * S(t - warmup_steps). Evaluating with one from several threads is fine; setting needs it alone. */
typedef struct gradstep_schedule gradstep_schedule;

/* The number of schedules, and their names; NULL for an index past the end. */
GRADSTEP_API size_t gradstep_schedule_count(void);
GRADSTEP_API const char* gradstep_schedule_name(size_t index);

typedef struct gradstep_schedule_info {
  size_t struct_size;
  const char* name;
  const char* summary; /* one line */
  const char* formula; /* lines separated by '\n'; L is the base rate */
  const char* source;  /* the paper, text or library that the formula is from */
  size_t parameter_count;
} gradstep_schedule_info;

/* Fails with UNKNOWN_NAME; the message lists the nearest names. */
GRADSTEP_API gradstep_status gradstep_schedule_describe(const char* schedule_name,
                                                        gradstep_schedule_info* info);

/* The index-th parameter of a schedule. Fails with UNKNOWN_NAME or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_schedule_parameter_describe(
    const char* schedule_name, size_t index, gradstep_hyperparameter_info* info);

/* A schedule with every parameter at its default. Fails with UNKNOWN_NAME, OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_schedule_create(const char* schedule_name,
                                                      gradstep_schedule** schedule);

/* Schedules one after another: the i-th for lengths[i] steps, with a t of its own from 0, the last
 * one for ever (lengths[count - 1] is ignored). Copies the parts; they may be sequences themselves,
 * up to a depth of 8. Its name is "sequence", it has no parameters.
 * Fails with INVALID_ARGUMENT, OUT_OF_RANGE (a length of 0, count 0), OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status
gradstep_schedule_create_sequence(const gradstep_schedule* const* parts, const uint64_t* lengths,
                                  size_t count, gradstep_schedule** schedule);

GRADSTEP_API void gradstep_schedule_destroy(gradstep_schedule* schedule);

/* Sets or reads one parameter. Fails with UNKNOWN_NAME, OUT_OF_RANGE, or INVALID_ARGUMENT for a
 * list. A parameter that has no default and is not set reads as NaN. */
GRADSTEP_API gradstep_status gradstep_schedule_set(gradstep_schedule* schedule, const char* name,
                                                   double value);
GRADSTEP_API gradstep_status gradstep_schedule_get(const gradstep_schedule* schedule,
                                                   const char* name, double* value);

/* Sets a parameter that is a list of numbers (multistep's milestones): copied, in ascending order,
 * at most 65536. Fails with UNKNOWN_NAME, OUT_OF_RANGE, INVALID_ARGUMENT, OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_schedule_set_list(gradstep_schedule* schedule,
                                                        const char* name, const double* values,
                                                        size_t count);

/* Whether all that has no default is set, and the values go together. Evaluating checks this too.
 * Fails with INVALID_ARGUMENT. */
GRADSTEP_API gradstep_status gradstep_schedule_check(const gradstep_schedule* schedule);

/* The rate at t, from 0 to 2^53, for a finite base rate >= 0.
 * Fails with INVALID_ARGUMENT or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_schedule_lr(const gradstep_schedule* schedule, double base_lr,
                                                  double t, double* lr);

/* one_cycle and cyclic with drives_momentum = 1 drive momentum (or beta1) too, inversely to the
 * rate: its value at t. Fails with UNSUPPORTED where the schedule does not drive it. */
GRADSTEP_API gradstep_status gradstep_schedule_momentum(const gradstep_schedule* schedule, double t,
                                                        double* momentum);

/* ---- Reducing the rate on a plateau --------------------------------------------------------- */

/* A rate that is lowered when a metric stops improving, owned by the caller. A report is bad when
 * it is not better than `best` by the threshold (relative: by a part of |best|). More than
 * `patience` bad ones in a row: lr <- max(lr factor, min_lr), if that changes it by more than eps,
 * and for `cooldown` reports none counts as bad. PyTorch's ReduceLROnPlateau, but that a metric
 * below 0 has a threshold on the right side. */
typedef struct gradstep_plateau {
  size_t struct_size;
  double lr;        /* the present one, >= 0; the caller's to set at first */
  double factor;    /* in (0, 1) */
  double threshold; /* >= 0 */
  double min_lr;    /* >= 0 */
  double eps;       /* >= 0 */
  double best; /* the best metric so far; before the first infinity, -infinity with maximizes */
  uint64_t patience;
  uint64_t cooldown;
  uint64_t bad_count;     /* state: bad reports in a row */
  uint64_t cooldown_left; /* state: reports that still do not count */
  int32_t maximizes;      /* 1: a larger metric is better */
  int32_t is_absolute;    /* 1: the threshold is a difference, not a part of |best| */
} gradstep_plateau;

/* PyTorch's defaults: factor 0.1, patience 10, threshold 1e-4 relative, cooldown 0, min_lr 0, eps
 * 1e-8, a smaller metric is better; lr as given. Set the other fields afterwards; with maximizes,
 * set best = -infinity. */
GRADSTEP_API gradstep_status gradstep_plateau_init(gradstep_plateau* plateau, double lr);

/* Reports a metric: one that is not finite is bad. *is_reduced, which may be NULL, becomes 1 when
 * lr was lowered. Fails with INVALID_ARGUMENT or OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_plateau_report(gradstep_plateau* plateau, double metric,
                                                     int32_t* is_reduced);

/* ---- The optimizer ------------------------------------------------------------------------- */

/* Groups of tensors with a rule, hyper-parameters and a schedule each; their state and step counts;
 * what surrounds a step. It is built on the stateless calls and gives the same bits.
 *
 * Ownership. It keeps the context, and the pointers of the tensors that are added, until it is
 * destroyed; those arrays are the caller's. Rules and schedules are copied. State that the caller
 * does not hand in is the library's. It allocates when it is set up, never in a step.
 *
 * Step counts. The optimizer counts its steps that were not skipped: the T-th uses the schedules'
 * t = T - 1. Each tensor counts the steps that it took part in, for its rule's bias corrections, as
 * PyTorch does: one that was added late, or that sat steps out, has a count of its own. Counts go
 * up to 2^53: a step or an accumulation that would count beyond fails with OUT_OF_RANGE.
 *
 * Threads. Calls on one optimizer may come from any threads at any time, and none is lost: a call
 * waits for those before it that it cannot run beside, in the order in which they came.
 *   - find, describe and get calls run at once, whatever else runs; those beside a step see the
 *     state before it.
 *   - step_tensor, inspect, accumulate and set_grad run beside each other for different tensors.
 *   - save runs beside other saves.
 *   - all others, and inspect and accumulate for all tensors, run alone.
 * GRADSTEP_BUSY, with nothing done, is for calls that would wait for ever: one that a host's
 * parallel_for makes from within a call on the same optimizer, where it cannot run beside it; and
 * every call but destroy in a child of a process that was forked while another thread was in a call
 * other than find, describe and get. A thread that waits does nothing else: a host's pool must not
 * need it for the step that is waited for. Calls on different optimizers are independent. */
typedef struct gradstep_optimizer gradstep_optimizer;

typedef struct gradstep_optimizer_options {
  size_t struct_size;
  /* GRADSTEP_APPLY_ flags, for every step; all but GRAD_SCALE and
   * FRESH_SLOTS. The fields are those of
   * gradstep_apply_options, and the norm is that of all gradients of a step, whatever the group. */
  uint64_t flags;
  double max_norm;
  double max_value;
  double average_decay;
  uint64_t seed;
} gradstep_optimizer_options;

/* Creates an optimizer without groups; options may be NULL. The context outlives it.
 * Fails with INVALID_ARGUMENT, OUT_OF_RANGE, OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_optimizer_create(const gradstep_context* context,
                                                       const gradstep_optimizer_options* options,
                                                       gradstep_optimizer** optimizer);

/* Waits for nothing: no call may be using the optimizer. */
GRADSTEP_API void gradstep_optimizer_destroy(gradstep_optimizer* optimizer);

/* Replaces the options, from the next step on. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_options(
    gradstep_optimizer* optimizer, const gradstep_optimizer_options* options);

/* Flags of gradstep_group_options. */
#define GRADSTEP_GROUP_LR_SCALE 1u /* lr_scale is set (it may be 0) */

typedef struct gradstep_group_options {
  size_t struct_size;
  const char* name; /* unique among groups; 1 to 255 bytes of UTF-8, no control characters */
  const gradstep_rule* rule; /* its lr is the base rate of the schedule */
  /* NULL: the rate is constant. One that drives momentum sets the rule's momentum or beta1. */
  const gradstep_schedule* schedule;
  /* >= 0, finite; multiplies what the schedule gives: with 0 the group's params stand still. 1
   * without its flag; then it must be 0 */
  double lr_scale;
  int32_t slot_dtype; /* wanted for state that the library allocates, as gradstep_slot_storage
                         takes it; 0: that of the arithmetic. Not FLOAT64, which
                         stands beside float64 params whatever is wanted */
  uint32_t flags;
} gradstep_group_options;

/* Adds a group; *group, which may be NULL, becomes its index: 0, 1, 2 ...
 * Fails with INVALID_ARGUMENT (a name that is taken or malformed, a rule whose values do not go
 * together, a schedule that drives momentum for a rule without it), OUT_OF_RANGE, OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_optimizer_add_group(gradstep_optimizer* optimizer,
                                                          const gradstep_group_options* options,
                                                          size_t* group);

/* Adds a tensor to a group, at any time between steps; *index, which may be NULL, becomes its
 * index: 0, 1, 2 ... in the order of adding. name: unique among tensors, 1 to 255 bytes of UTF-8
 * without control characters.
 *
 * Where tensor->slots is NULL (slot_count then 0), the library allocates the slots that the rule
 * uses, in the group's slot_dtype (float64 beside a float64 param), at their initial values; else
 * they are the caller's, initialised by the caller, and stay so. grad may be NULL, or change:
 * gradstep_optimizer_set_grad. param, grad and all other arrays outlive the optimizer; the struct
 * and the arrays of pointers in it need not. Where tensor->key is 0, it is made from the name, so
 * that stochastic rounding does not depend on the order of adding.
 *
 * Fails as gradstep_apply does for the tensor, and with INVALID_ARGUMENT when an array overlaps one
 * of a tensor that is here already; OUT_OF_RANGE for the group; OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_optimizer_add_tensor(gradstep_optimizer* optimizer,
                                                           size_t group, const char* name,
                                                           const gradstep_tensor* tensor,
                                                           size_t* index);

/* The index of a group or a tensor by its name. Fails with UNKNOWN_NAME; the message lists the
 * nearest. */
GRADSTEP_API gradstep_status gradstep_optimizer_find_group(const gradstep_optimizer* optimizer,
                                                           const char* name, size_t* group);
GRADSTEP_API gradstep_status gradstep_optimizer_find_tensor(const gradstep_optimizer* optimizer,
                                                            const char* name, size_t* tensor);

/* Where the tensor's gradient is from now on, of the same dtype and count as before. NULL: it has
 * none, and sits steps out: nothing of it changes, nor does its step count. The array may be one
 * that another tensor's gradient still has, so that gradients can change places one by one; but
 * while two overlap, what looks at them fails with INVALID_ARGUMENT and names both: step and
 * begin_step, and step_tensor, inspect and accumulate for one of the two or for all. Fails with
 * OUT_OF_RANGE, or INVALID_ARGUMENT for an array that is misaligned or overlaps one of any tensor's
 * that is no gradient. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_grad(gradstep_optimizer* optimizer,
                                                         size_t tensor, void* grad);

/* A frozen tensor sits steps out whatever its gradient, which no step reads or zeroes. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_frozen(gradstep_optimizer* optimizer,
                                                           size_t tensor, int32_t is_frozen);

/* Sets or reads a hyper-parameter of a group; "lr" is the schedule's base rate, and its plateau's
 * lr. What a schedule drives is not seen here, but by describe_group. A value with which
 * the rule uses a slot that it did not use before allocates that slot where the library owns the
 * state. Fails as gradstep_rule_set and gradstep_rule_check, with OUT_OF_RANGE for the group, and
 * with INVALID_ARGUMENT when a caller's state lacks the slot. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_hyperparameter(gradstep_optimizer* optimizer,
                                                                   size_t group, const char* name,
                                                                   double value);
GRADSTEP_API gradstep_status gradstep_optimizer_get_hyperparameter(
    const gradstep_optimizer* optimizer, size_t group, const char* name, double* value);

/* Replaces a group's schedule; NULL: none. Fails as gradstep_optimizer_add_group does for the
 * schedule, and as gradstep_optimizer_set_hyperparameter where momentum comes to be driven. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_schedule(gradstep_optimizer* optimizer,
                                                             size_t group,
                                                             const gradstep_schedule* schedule);

/* Gives a group a plateau, whose lr takes the place of the group's base rate; NULL takes it away
 * and leaves the rate as it is. get copies it out; it fails with UNSUPPORTED when there is none. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_plateau(gradstep_optimizer* optimizer,
                                                            size_t group,
                                                            const gradstep_plateau* plateau);
GRADSTEP_API gradstep_status gradstep_optimizer_get_plateau(const gradstep_optimizer* optimizer,
                                                            size_t group,
                                                            gradstep_plateau* plateau);

/* Reports a metric (a validation loss, say) to every group's plateau. *reduced_count, which may be
 * NULL, becomes the number of groups whose rate was lowered. */
GRADSTEP_API gradstep_status gradstep_optimizer_report_metric(gradstep_optimizer* optimizer,
                                                              double metric, size_t* reduced_count);

/* Gives the optimizer a loss scaler of its own: each step divides gradients by its scale, skips
 * itself where one is not finite, and updates it. NULL takes it away. get copies it out, for the
 * scale to multiply the loss by; it fails with UNSUPPORTED when there is none. */
GRADSTEP_API gradstep_status gradstep_optimizer_set_loss_scaler(gradstep_optimizer* optimizer,
                                                                const gradstep_loss_scaler* scaler);
GRADSTEP_API gradstep_status gradstep_optimizer_get_loss_scaler(const gradstep_optimizer* optimizer,
                                                                gradstep_loss_scaler* scaler);

/* ---- Stepping an optimizer ----------------------------------------------------------------- */

/* In place of a tensor's index: every tensor. */
#define GRADSTEP_ALL_TENSORS SIZE_MAX

/* Flags of gradstep_step_options. */
#define GRADSTEP_STEP_GRAD_SCALE 1u /* grad_scale is set */
#define GRADSTEP_STEP_GRAD_NORM 2u  /* grad_norm and non_finite_count are set */
#define GRADSTEP_STEP_INSPECTED 4u  /* norm and verdict come from gradstep_optimizer_inspect */

typedef struct gradstep_step_options {
  size_t struct_size;
  uint64_t flags;
  double
      grad_scale; /* as in gradstep_apply_options; times 1 / loss scale where there is a scaler */
  /* What the engine knows of all gradients (those of other machines too, say), so that none has to
   * be read beforehand: their global norm after scaling, and how many are not finite. The norm is
   * at least 0; NaN is allowed beside a count above 0. */
  double grad_norm;
  uint64_t non_finite_count;
} gradstep_step_options;

/* One step of every tensor that is not frozen and has a gradient. options and result may be NULL.
 * A skipped step (the result's is_skipped) counts nowhere but in skipped_count. Tensors that share
 * a group and a step count are one parallel region. Fails with INVALID_ARGUMENT, OUT_OF_RANGE,
 * WRONG_ORDER (between begin_step and end_step); after its checks it cannot fail. */
GRADSTEP_API gradstep_status gradstep_optimizer_step(gradstep_optimizer* optimizer,
                                                     const gradstep_step_options* options,
                                                     gradstep_apply_result* result);

/* The same step, tensor by tensor, each the moment its gradient is ready: begin, step_tensor at
 * most once for each tensor in any order, from any threads, end. The bits are those of
 * gradstep_optimizer_step. step_tensor for a tensor that was stepped already fails with
 * WRONG_ORDER; of two at once, one does. On one that is frozen or has no gradient it does nothing.
 * Tensors that are not stepped sit the step out, and the result's left_out_count says how many of
 * them had a gradient and were not frozen, in a skipped step too: 0 unless a step_tensor failed or
 * was forgotten. With GRADSTEP_STEP_INSPECTED step_tensor fails with WRONG_ORDER for a gradient
 * that changed since it was inspected.
 *
 * While an option needs all gradients first - MAX_NORM, CHECK_FINITE, a loss scaler - begin_step
 * fails with WRONG_ORDER, unless the norm and the verdict are there: GRADSTEP_STEP_GRAD_NORM or
 * GRADSTEP_STEP_INSPECTED. Where the verdict skips the step, step_tensor only zeroes gradients.
 *
 * In between, only set_grad, accumulate (for tensors not yet stepped), the find and describe calls
 * and get_array are allowed; all others fail with WRONG_ORDER. end_step waits for a step_tensor
 * that runs. Its result is what step's would have been; piece_count is the sum. */
GRADSTEP_API gradstep_status gradstep_optimizer_begin_step(gradstep_optimizer* optimizer,
                                                           const gradstep_step_options* options);
GRADSTEP_API gradstep_status gradstep_optimizer_step_tensor(gradstep_optimizer* optimizer,
                                                            size_t tensor);
GRADSTEP_API gradstep_status gradstep_optimizer_end_step(gradstep_optimizer* optimizer,
                                                         gradstep_apply_result* result);

/* Reads a tensor's gradient for the norm and the verdict of the next step, as soon as it is ready;
 * GRADSTEP_ALL_TENSORS: those that have not been. Of a tensor that would sit the step out nothing
 * is read. grad_scale: the one that the step will have (1 without its flag); that of a loss scaler
 * comes on top here too. A step with GRADSTEP_STEP_INSPECTED adds the sums in the order of adding;
 * it fails with WRONG_ORDER when a tensor that would take part was not inspected since its gradient
 * last changed (by set_grad or accumulate), or with another scale. Every step forgets the sums. */
GRADSTEP_API gradstep_status gradstep_optimizer_inspect(gradstep_optimizer* optimizer,
                                                        size_t tensor, double grad_scale);

/* Gradient accumulation over micro-batches: sum <- sum + scale grad, in the type of the arithmetic,
 * in an array of the library's (allocated at the first call), for one tensor, frozen or not, or for
 * GRADSTEP_ALL_TENSORS that are not frozen and have a gradient; with ZERO_GRAD the gradient is
 * zeroed in the same pass. The sum begins at 0. The next step of a tensor with a sum uses the sum
 * for its gradient, and clears it, skipped or not; `grad`, which may be NULL then, is not looked
 * at. Fails with INVALID_ARGUMENT (no gradient, or one that overlaps another), OUT_OF_RANGE,
 * WRONG_ORDER, OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_optimizer_accumulate(gradstep_optimizer* optimizer,
                                                           size_t tensor, double scale);

/* ---- Looking into an optimizer ------------------------------------------------------------- */

typedef struct gradstep_optimizer_info {
  size_t struct_size;
  size_t group_count;
  size_t tensor_count;
  uint64_t step_count;    /* T: steps that were not skipped */
  uint64_t skipped_count; /* steps that were */
  double grad_norm;       /* of the last step, skipped or not; 0 when it did not need it */
  size_t state_bytes;     /* arrays that the library owns: slots, scales, accumulated gradients */
  int32_t is_in_step;     /* 1 between begin_step and end_step */
  int32_t reserved;       /* 0 */
} gradstep_optimizer_info;

GRADSTEP_API gradstep_status gradstep_optimizer_describe(const gradstep_optimizer* optimizer,
                                                         gradstep_optimizer_info* info);

/* Strings of the next two are the optimizer's, valid until it is destroyed. */
typedef struct gradstep_group_info {
  size_t struct_size;
  const char* name;
  const char* rule_name;
  const char* schedule_name; /* NULL without one */
  size_t tensor_count;
  double lr;       /* of the next step (inside one, of that step): schedule and lr_scale applied */
  double momentum; /* what the schedule drives it to; NaN when it does not */
  double lr_scale;
} gradstep_group_info;

/* Fails with OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_optimizer_describe_group(const gradstep_optimizer* optimizer,
                                                               size_t group,
                                                               gradstep_group_info* info);

typedef struct gradstep_tensor_info {
  size_t struct_size;
  const char* name;
  size_t group;
  size_t count;
  uint64_t step_count;       /* t: steps that this tensor took part in */
  uint64_t accumulate_count; /* calls of accumulate since its last step */
  int32_t param_dtype;
  int32_t grad_dtype;
  int32_t is_frozen;
  int32_t has_grad; /* of the caller's; a tensor with a sum takes part without */
} gradstep_tensor_info;

/* Fails with OUT_OF_RANGE. */
GRADSTEP_API gradstep_status gradstep_optimizer_describe_tensor(const gradstep_optimizer* optimizer,
                                                                size_t tensor,
                                                                gradstep_tensor_info* info);

/* A tensor's array by name, to read or write with gradstep_array_read and gradstep_array_write, or
 * directly: a slot ("exp_avg"), "param", "average" or "accumulated_grad". `array` is the output.
 * Fails with OUT_OF_RANGE, UNKNOWN_NAME (the message lists the names), UNSUPPORTED when the tensor
 * has no such array at present. */
GRADSTEP_API gradstep_status gradstep_optimizer_get_array(const gradstep_optimizer* optimizer,
                                                          size_t tensor, const char* array_name,
                                                          gradstep_array* array);

/* ---- Checkpoints --------------------------------------------------------------------------- */

/* Flags of save and load. */
#define GRADSTEP_CHECKPOINT_PARAMS 1u  /* params (with lower halves) too */
#define GRADSTEP_CHECKPOINT_PARTIAL 2u /* load: what fits, and leave the rest */
#define GRADSTEP_CHECKPOINT_KEEP_SETTINGS                \
  4u /* load: not hyper-parameters, schedules, plateaus, \
        scaler; these stay as they are */

/* Writes the whole state to a safetensors file: arrays "<tensor name>.<array name>" (slots,
 * averages and accumulated gradients, with PARAMS params), and all else as JSON in the metadata, a
 * CRC-32 of every array and of the header among it. docs/checkpoints.md states the format.
 *
 * The file appears whole or not at all: it is written beside `path` under another name, synced,
 * renamed over `path`, and the folder is synced. A crash, a kill or a full disk at any moment
 * leaves the old file as it was; what a killed process leaves, "<name>.gradstep-<number>.tmp", the
 * next save to the same path removes. On failure the file at `path` is as it was, but for one
 * IO_ERROR whose sentence says that the new file is in place: a disk that fails while the folder is
 * synced.
 * path: as the system's open() takes it.
 * Fails with INVALID_ARGUMENT, WRONG_ORDER (inside a step), IO_ERROR, OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_optimizer_save(gradstep_optimizer* optimizer,
                                                     const char* path, uint64_t flags);

typedef struct gradstep_load_result {
  size_t struct_size;
  size_t loaded_count;  /* tensors of the optimizer whose state was loaded */
  size_t missing_count; /* tensors of the optimizer that the file does not have, or not to fit */
  size_t extra_count;   /* tensors of the file that the optimizer does not have, or not to fit */
} gradstep_load_result;

/* Loads what save wrote into an optimizer with the same groups (by name, with the same rules) and
 * the same tensors (by name, with the same counts), in any order. Arrays are converted where dtypes
 * differ. The file is read and verified whole before anything changes; on failure nothing has.
 * result may be NULL.
 * Fails with INVALID_ARGUMENT, WRONG_ORDER, IO_ERROR, CORRUPT (truncated, damaged or not a
 * checkpoint: the message names the fault), MISMATCH (of another model: the message lists the
 * differences, as many as there is room for), OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_optimizer_load(gradstep_optimizer* optimizer,
                                                     const char* path, uint64_t flags,
                                                     gradstep_load_result* result);

#ifdef __cplusplus
}
#endif

#endif /* GRADSTEP_GRADSTEP_H */
