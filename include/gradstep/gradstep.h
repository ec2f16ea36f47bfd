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
 *
 * Errors. Every call that can fail returns a gradstep_status; 0 is success. On failure no output
 * and no array has changed, and gradstep_last_error() says in a sentence which argument was wrong,
 * its value, and what is allowed. A step that passed validation cannot fail.
 *
 * Ownership. The library keeps no pointer that a caller hands to it beyond the call (the pool of
 * gradstep_context_options excepted). Every create has a destroy; destroy accepts NULL. Strings
 * that the library returns are static, unless their declaration says otherwise.
 *
 * Threads. Every call may run at the same time as every other, as long as no two of them write the
 * same array and no handle is changed or destroyed while another call uses it.
 *
 * Structs. A struct that the caller fills begins with struct_size = sizeof(the struct); set every
 * other field to zero (`= {0}` or memset) before you fill in what you need. Later versions only
 * append fields. A struct larger than this library knows is accepted while the unknown bytes are
 * zero. Structs that the library fills work the same way: set struct_size, and no more than
 * struct_size bytes are written. Arrays of structs advance by the first element's struct_size,
 * and all elements carry the same one.
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
#define GRADSTEP_UNKNOWN_NAME 2     /* no rule, hyper-parameter or instruction set of that name */
#define GRADSTEP_OUT_OF_RANGE 3     /* a number outside its bounds, or an index past the end */
#define GRADSTEP_UNSUPPORTED 4      /* valid, but not on this machine or not in this build */
#define GRADSTEP_OUT_OF_MEMORY 5    /* memory or a thread could not be had */
#define GRADSTEP_INTERNAL 6         /* a defect of the library: please report the message */

/* The constant's name for a status ("GRADSTEP_OK"); "GRADSTEP_UNKNOWN_STATUS" for any other. */
GRADSTEP_API const char* gradstep_status_name(gradstep_status status);

/* The sentence for the last call of this thread that failed; "" when none has. A call that succeeds
 * leaves it alone. The text is valid until this thread's next failing call, or its end. */
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
 * Where only the calling thread is free, it may run all of them there. */
typedef void (*gradstep_parallel_for)(void* pool, size_t count, gradstep_task task, void* argument);

/* Flags of gradstep_context_options. */
#define GRADSTEP_CONTEXT_CALLER_ARENA 1u  /* use the oneTBB arena that the calling thread is in */
#define GRADSTEP_CONTEXT_PIN_THREADS 2u   /* pin an own arena's worker threads to one CPU each */
#define GRADSTEP_CONTEXT_FLUSH_TO_ZERO 4u /* denormals count as zero inside the steps */
#define GRADSTEP_CONTEXT_SERIAL_BELOW 8u  /* serial_below is set (it may be 0) */
#define GRADSTEP_CONTEXT_PIECE_SIZE 16u   /* piece_size is set */

typedef struct gradstep_context_options {
  size_t struct_size;

  uint64_t flags;

  /* The most threads that work on a step, the caller's included: 1 to 1024. 0 means the value of
   * GRADSTEP_THREADS or, without it, as many CPUs as the process may use (its affinity and its
   * container's CPU quota). oneTBB adds no more threads than the process has CPUs. With
   * CALLER_ARENA or parallel_for it bounds the threads that are asked for. */
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

/* Creates a context; options may be NULL. On success *context is to be destroyed by the caller.
 * Fails with UNKNOWN_NAME or UNSUPPORTED for the instruction set (GRADSTEP_ISA's too),
 * OUT_OF_RANGE or INVALID_ARGUMENT for the rest, OUT_OF_MEMORY. */
GRADSTEP_API gradstep_status gradstep_context_create(const gradstep_context_options* options,
                                                     gradstep_context** context);

/* Waits for nothing: no call may be using the context. */
GRADSTEP_API void gradstep_context_destroy(gradstep_context* context);

typedef struct gradstep_context_info {
  size_t struct_size;
  const char* isa;       /* the instruction set in use */
  size_t thread_count;   /* the most threads that work on a step */
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
#define GRADSTEP_REAL 0 /* any number within the bounds */
#define GRADSTEP_FLAG 1 /* 0 or 1 */

/* Flags of gradstep_hyperparameter_info. */
#define GRADSTEP_MINIMUM_EXCLUDED 1u
#define GRADSTEP_MAXIMUM_EXCLUDED 2u

typedef struct gradstep_hyperparameter_info {
  size_t struct_size;
  const char* name;
  const char* help; /* one line */
  double default_value;
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
 * be NULL. Every field that is not set is 0. */
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

  /* slot_count dtypes: FLOAT32, BFLOAT16, SIGNED8 or, for slots that are non-negative, UNSIGNED8;
   * beside a float64 param FLOAT64. NULL: FLOAT64 beside a float64 param, else FLOAT32. */
  const int32_t* slot_dtypes;
  /* slot_count pointers to the scales of the slots of an 8-bit dtype, one for each block of 256
   * elements, the last one begun counted; 0 before the first step. NULL where there is none. */
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
#define GRADSTEP_APPLY_STOCHASTIC_PARAM 64u /* round bfloat16 params at random, not to nearest */
#define GRADSTEP_APPLY_NEAREST_SLOTS 128u   /* round narrow slots to nearest, not at random */

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
   * `average`; at step 1 average <- param. */
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
} gradstep_apply_result;

/* Applies one step of the rule to every tensor of the list, as one parallel region, in this order:
 * scale the gradient, clip by value, maximize, coupled weight decay, the rule, decoupled decay and
 * subtraction, store (param, slots, copy, average), zero the gradient. Each element crosses the
 * memory bus once; CHECK_FINITE and MAX_NORM add one pass that reads the gradients.
 *
 * Everything is validated before anything is written; after that the step cannot fail. A step that
 * CHECK_FINITE skips returns GRADSTEP_OK with is_skipped = 1: do not count it in `step`.
 *
 * Slots of bfloat16 and of 8-bit dtypes are rounded at random, up with a probability equal to the
 * part cut off: to nearest, a moving average with a decay near 1 would never move. A block of an
 * 8-bit slot in which an element is not finite is NaN as a whole.
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
 * Float64 gradients beyond 1e154 overflow to an infinite norm, below 1e-162 vanish. Multiply by
 * your own scale afterwards. */
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

#ifdef __cplusplus
}
#endif

#endif /* GRADSTEP_GRADSTEP_H */
