! SPDX-License-Identifier: Apache-2.0
!
! Made by bindings/fortran/generate_c.py from include/gradstep/gradstep.json.
!> The C interface: constants, structs and functions, with the names that they have in C.
!> gradstep.h describes them. Unsigned integers have the signed kind of the same size. Every pointer
!> is a c_ptr by value, with two exceptions: a text is an array of characters that ends with
!> c_null_char, or is absent for NULL; and what creates an object has its handle as an argument.
module gradstep_c
  use, intrinsic :: iso_c_binding, only: c_char, c_double, c_funptr, c_int32_t, c_int64_t, &
    & c_null_funptr, c_null_ptr, c_ptr, c_size_t
  implicit none
  public

  integer(c_int32_t), parameter :: GRADSTEP_VERSION_MAJOR = 0_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_VERSION_MINOR = 2_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_VERSION_PATCH = 0_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_OK = 0_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_INVALID_ARGUMENT = 1_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_UNKNOWN_NAME = 2_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_OUT_OF_RANGE = 3_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_UNSUPPORTED = 4_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_OUT_OF_MEMORY = 5_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_INTERNAL = 6_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_BUSY = 7_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_WRONG_ORDER = 8_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_IO_ERROR = 9_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_CORRUPT = 10_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_MISMATCH = 11_c_int32_t
  integer(c_int64_t), parameter :: GRADSTEP_CONTEXT_CALLER_ARENA = 1_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_CONTEXT_PIN_THREADS = 2_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_CONTEXT_FLUSH_TO_ZERO = 4_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_CONTEXT_SERIAL_BELOW = 8_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_CONTEXT_PIECE_SIZE = 16_c_int64_t
  integer(c_int32_t), parameter :: GRADSTEP_REAL = 0_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_FLAG = 1_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_INTEGER = 2_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_LIST = 3_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_MINIMUM_EXCLUDED = 1_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_MAXIMUM_EXCLUDED = 2_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_EXTENT_ELEMENT = 0_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_EXTENT_ROW = 1_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_EXTENT_COLUMN = 2_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_EXTENT_MATRIX = 3_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_EXTENT_TENSOR = 4_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_START_VALUE = 0_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_START_PARAM = 1_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_SCOPE_TENSOR = 0_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_SCOPE_ALL = 1_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_FLOAT32 = 1_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_FLOAT64 = 2_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_BFLOAT16 = 3_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_FLOAT16 = 4_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_S1E4M3_B256 = 5_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_E5M3_B256 = 6_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_BLOCK_SIZE = 256_c_int32_t
  integer(c_int64_t), parameter :: GRADSTEP_APPLY_GRAD_SCALE = 1_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_APPLY_MAX_NORM = 2_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_APPLY_MAX_VALUE = 4_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_APPLY_AVERAGE = 8_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_APPLY_CHECK_FINITE = 16_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_APPLY_ZERO_GRAD = 32_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_APPLY_STOCHASTIC_PARAM = 64_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_APPLY_NEAREST_SLOTS = 128_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_APPLY_FRESH_SLOTS = 256_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_APPLY_GRAD_NORM = 512_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_APPLY_AVERAGE_COUNT = 1024_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_APPLY_AVERAGE_EQUAL = 2048_c_int64_t
  integer(c_int32_t), parameter :: GRADSTEP_GROUP_LR_SCALE = 1_c_int32_t
  integer(c_int32_t), parameter :: GRADSTEP_GROUP_MAX_NORM = 2_c_int32_t
  integer(c_size_t), parameter :: GRADSTEP_ALL_GROUPS = -1_c_size_t
  integer(c_size_t), parameter :: GRADSTEP_ALL_TENSORS = -1_c_size_t
  integer(c_int64_t), parameter :: GRADSTEP_STEP_GRAD_SCALE = 1_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_STEP_GRAD_NORM = 2_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_STEP_INSPECTED = 4_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_CHECKPOINT_PARAMS = 1_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_CHECKPOINT_PARTIAL = 2_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_CHECKPOINT_KEEP_SETTINGS = 4_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_CHECKPOINT_ANY_GROUP = 8_c_int64_t
  integer(c_int64_t), parameter :: GRADSTEP_CHECKPOINT_START_MISSING = 16_c_int64_t

  type, bind(c) :: gradstep_context_options
    integer(c_size_t) :: struct_size = 64
    integer(c_int64_t) :: flags = 0
    integer(c_size_t) :: thread_count = 0
    type(c_ptr) :: isa = c_null_ptr
    type(c_funptr) :: parallel_for = c_null_funptr
    type(c_ptr) :: pool = c_null_ptr
    integer(c_size_t) :: serial_below = 0
    integer(c_size_t) :: piece_size = 0
  end type gradstep_context_options

  type, bind(c) :: gradstep_context_info
    integer(c_size_t) :: struct_size = 48
    type(c_ptr) :: isa = c_null_ptr
    integer(c_size_t) :: thread_count = 0
    integer(c_size_t) :: serial_below = 0
    integer(c_size_t) :: piece_size = 0
    type(c_ptr) :: threading = c_null_ptr
  end type gradstep_context_info

  type, bind(c) :: gradstep_rule_info
    integer(c_size_t) :: struct_size = 72
    type(c_ptr) :: name = c_null_ptr
    type(c_ptr) :: summary = c_null_ptr
    type(c_ptr) :: formula = c_null_ptr
    type(c_ptr) :: source = c_null_ptr
    integer(c_size_t) :: hyperparameter_count = 0
    integer(c_size_t) :: slot_count = 0
    integer(c_size_t) :: scalar_count = 0
    integer(c_size_t) :: transform_count = 0
  end type gradstep_rule_info

  type, bind(c) :: gradstep_hyperparameter_info
    integer(c_size_t) :: struct_size = 56
    type(c_ptr) :: name = c_null_ptr
    type(c_ptr) :: help = c_null_ptr
    real(c_double) :: default_value = 0.0_c_double
    real(c_double) :: minimum = 0.0_c_double
    real(c_double) :: maximum = 0.0_c_double
    integer(c_int32_t) :: flags = 0
    integer(c_int32_t) :: kind = 0
  end type gradstep_hyperparameter_info

  type, bind(c) :: gradstep_slot_info
    integer(c_size_t) :: struct_size = 56
    type(c_ptr) :: name = c_null_ptr
    type(c_ptr) :: help = c_null_ptr
    type(c_ptr) :: initial_hyperparameter = c_null_ptr
    real(c_double) :: initial_value = 0.0_c_double
    integer(c_int32_t) :: is_non_negative = 0
    integer(c_int32_t) :: extent = 0
    integer(c_int32_t) :: start = 0
    integer(c_int32_t) :: reserved = 0
  end type gradstep_slot_info

  type, bind(c) :: gradstep_scalar_info
    integer(c_size_t) :: struct_size = 48
    type(c_ptr) :: name = c_null_ptr
    type(c_ptr) :: help = c_null_ptr
    type(c_ptr) :: initial_hyperparameter = c_null_ptr
    real(c_double) :: initial_value = 0.0_c_double
    integer(c_int32_t) :: scope = 0
    integer(c_int32_t) :: index = 0
  end type gradstep_scalar_info

  type, bind(c) :: gradstep_array
    type(c_ptr) :: data = c_null_ptr
    type(c_ptr) :: extra = c_null_ptr
    type(c_ptr) :: extra2 = c_null_ptr
    integer(c_int64_t) :: pitch = 0
    integer(c_int32_t) :: dtype = 0
    integer(c_int32_t) :: flags = 0
  end type gradstep_array

  type, bind(c) :: gradstep_tensor
    integer(c_size_t) :: struct_size = 296
    integer(c_int64_t) :: flags = 0
    integer(c_int64_t) :: count = 0
    integer(c_int64_t) :: rows = 0
    integer(c_int64_t) :: columns = 0
    integer(c_int64_t) :: whole_count = 0
    integer(c_int64_t) :: first_index = 0
    integer(c_int64_t) :: key = 0
    type(gradstep_array) :: param
    type(gradstep_array) :: grad
    type(gradstep_array) :: copy
    type(gradstep_array) :: average
    type(c_ptr) :: slots = c_null_ptr
    integer(c_size_t) :: slot_count = 0
    type(c_ptr) :: scalars = c_null_ptr
    integer(c_size_t) :: scalar_count = 0
    type(gradstep_array) :: delta
  end type gradstep_tensor

  type, bind(c) :: gradstep_slot_layout
    integer(c_size_t) :: struct_size = 56
    integer(c_int64_t) :: count = 0
    integer(c_int64_t) :: bytes = 0
    integer(c_int64_t) :: extra_bytes = 0
    real(c_double) :: initial_value = 0.0_c_double
    integer(c_int32_t) :: dtype = 0
    integer(c_int32_t) :: extent = 0
    integer(c_int32_t) :: start = 0
    integer(c_int32_t) :: is_used = 0
  end type gradstep_slot_layout

  type, bind(c) :: gradstep_apply_options
    integer(c_size_t) :: struct_size = 120
    integer(c_int64_t) :: flags = 0
    integer(c_int64_t) :: step = 0
    real(c_double) :: grad_scale = 0.0_c_double
    real(c_double) :: max_norm = 0.0_c_double
    real(c_double) :: max_value = 0.0_c_double
    real(c_double) :: average_decay = 0.0_c_double
    integer(c_int64_t) :: seed = 0
    type(c_ptr) :: scalars = c_null_ptr
    integer(c_size_t) :: scalar_count = 0
    type(c_ptr) :: workspace = c_null_ptr
    integer(c_size_t) :: workspace_size = 0
    real(c_double) :: grad_norm = 0.0_c_double
    integer(c_int64_t) :: non_finite_count = 0
    integer(c_int64_t) :: average_count = 0
  end type gradstep_apply_options

  type, bind(c) :: gradstep_apply_result
    integer(c_size_t) :: struct_size = 64
    integer(c_int64_t) :: piece_count = 0
    integer(c_int64_t) :: non_finite_count = 0
    real(c_double) :: grad_norm = 0.0_c_double
    real(c_double) :: clip_factor = 0.0_c_double
    integer(c_int32_t) :: is_skipped = 0
    integer(c_int32_t) :: is_stopped = 0
    integer(c_size_t) :: left_out_count = 0
    integer(c_size_t) :: first_left_out = 0
  end type gradstep_apply_result

  type, bind(c) :: gradstep_norm_result
    integer(c_size_t) :: struct_size = 32
    real(c_double) :: norm = 0.0_c_double
    integer(c_int64_t) :: non_finite_count = 0
    integer(c_int64_t) :: piece_count = 0
  end type gradstep_norm_result

  type, bind(c) :: gradstep_loss_scaler
    integer(c_size_t) :: struct_size = 48
    real(c_double) :: scale = 0.0_c_double
    real(c_double) :: growth_factor = 0.0_c_double
    real(c_double) :: backoff_factor = 0.0_c_double
    integer(c_int64_t) :: growth_interval = 0
    integer(c_int64_t) :: steps_in_a_row = 0
  end type gradstep_loss_scaler

  type, bind(c) :: gradstep_schedule_info
    integer(c_size_t) :: struct_size = 48
    type(c_ptr) :: name = c_null_ptr
    type(c_ptr) :: summary = c_null_ptr
    type(c_ptr) :: formula = c_null_ptr
    type(c_ptr) :: source = c_null_ptr
    integer(c_size_t) :: hyperparameter_count = 0
  end type gradstep_schedule_info

  type, bind(c) :: gradstep_plateau
    integer(c_size_t) :: struct_size = 96
    real(c_double) :: lr = 0.0_c_double
    real(c_double) :: factor = 0.0_c_double
    real(c_double) :: threshold = 0.0_c_double
    real(c_double) :: min_lr = 0.0_c_double
    real(c_double) :: eps = 0.0_c_double
    real(c_double) :: best = 0.0_c_double
    integer(c_int64_t) :: patience = 0
    integer(c_int64_t) :: cooldown = 0
    integer(c_int64_t) :: bad_count = 0
    integer(c_int64_t) :: cooldown_left = 0
    integer(c_int32_t) :: maximizes = 0
    integer(c_int32_t) :: is_absolute = 0
  end type gradstep_plateau

  type, bind(c) :: gradstep_optimizer_options
    integer(c_size_t) :: struct_size = 48
    integer(c_int64_t) :: flags = 0
    real(c_double) :: max_norm = 0.0_c_double
    real(c_double) :: max_value = 0.0_c_double
    real(c_double) :: average_decay = 0.0_c_double
    integer(c_int64_t) :: seed = 0
  end type gradstep_optimizer_options

  type, bind(c) :: gradstep_group_options
    integer(c_size_t) :: struct_size = 56
    type(c_ptr) :: name = c_null_ptr
    type(c_ptr) :: rule = c_null_ptr
    type(c_ptr) :: schedule = c_null_ptr
    real(c_double) :: lr_scale = 0.0_c_double
    integer(c_int32_t) :: slot_dtype = 0
    integer(c_int32_t) :: flags = 0
    real(c_double) :: max_norm = 0.0_c_double
  end type gradstep_group_options

  type, bind(c) :: gradstep_step_options
    integer(c_size_t) :: struct_size = 40
    integer(c_int64_t) :: flags = 0
    real(c_double) :: grad_scale = 0.0_c_double
    real(c_double) :: grad_norm = 0.0_c_double
    integer(c_int64_t) :: non_finite_count = 0
  end type gradstep_step_options

  type, bind(c) :: gradstep_optimizer_info
    integer(c_size_t) :: struct_size = 80
    integer(c_size_t) :: group_count = 0
    integer(c_size_t) :: tensor_count = 0
    integer(c_int64_t) :: step_count = 0
    integer(c_int64_t) :: skipped_count = 0
    real(c_double) :: grad_norm = 0.0_c_double
    integer(c_size_t) :: state_bytes = 0
    integer(c_int32_t) :: is_in_step = 0
    integer(c_int32_t) :: reserved = 0
    integer(c_size_t) :: tensor_end = 0
    integer(c_size_t) :: group_end = 0
  end type gradstep_optimizer_info

  type, bind(c) :: gradstep_group_info
    integer(c_size_t) :: struct_size = 80
    type(c_ptr) :: name = c_null_ptr
    type(c_ptr) :: rule_name = c_null_ptr
    type(c_ptr) :: schedule_name = c_null_ptr
    integer(c_size_t) :: tensor_count = 0
    real(c_double) :: lr = 0.0_c_double
    real(c_double) :: momentum = 0.0_c_double
    real(c_double) :: lr_scale = 0.0_c_double
    real(c_double) :: max_norm = 0.0_c_double
    real(c_double) :: grad_norm = 0.0_c_double
  end type gradstep_group_info

  type, bind(c) :: gradstep_tensor_info
    integer(c_size_t) :: struct_size = 72
    type(c_ptr) :: name = c_null_ptr
    integer(c_size_t) :: group = 0
    integer(c_size_t) :: count = 0
    integer(c_int64_t) :: step_count = 0
    integer(c_int64_t) :: accumulate_count = 0
    integer(c_int32_t) :: param_dtype = 0
    integer(c_int32_t) :: grad_dtype = 0
    integer(c_int32_t) :: is_frozen = 0
    integer(c_int32_t) :: has_grad = 0
    integer(c_int64_t) :: average_count = 0
  end type gradstep_tensor_info

  type, bind(c) :: gradstep_save_options
    integer(c_size_t) :: struct_size = 56
    integer(c_int64_t) :: flags = 0
    type(c_ptr) :: path = c_null_ptr
    type(c_funptr) :: write = c_null_funptr
    type(c_ptr) :: stream = c_null_ptr
    type(c_ptr) :: memory = c_null_ptr
    integer(c_size_t) :: memory_size = 0
  end type gradstep_save_options

  type, bind(c) :: gradstep_load_result
    integer(c_size_t) :: struct_size = 32
    integer(c_size_t) :: loaded_count = 0
    integer(c_size_t) :: missing_count = 0
    integer(c_size_t) :: extra_count = 0
  end type gradstep_load_result

  type, bind(c) :: gradstep_load_options
    integer(c_size_t) :: struct_size = 80
    integer(c_int64_t) :: flags = 0
    type(c_ptr) :: path = c_null_ptr
    type(c_funptr) :: read = c_null_funptr
    type(c_ptr) :: stream = c_null_ptr
    integer(c_int64_t) :: stream_size = 0
    type(c_ptr) :: memory = c_null_ptr
    integer(c_size_t) :: memory_size = 0
    type(c_ptr) :: file_prefix = c_null_ptr
    type(c_ptr) :: prefix = c_null_ptr
  end type gradstep_load_options

  interface
    function gradstep_version() &
      & bind(c, name="gradstep_version") result(returned)
      import :: c_int32_t
      integer(c_int32_t) :: returned
    end function gradstep_version
    function gradstep_version_text() &
      & bind(c, name="gradstep_version_text") result(returned)
      import :: c_ptr
      type(c_ptr) :: returned
    end function gradstep_version_text
    function gradstep_status_name(status) &
      & bind(c, name="gradstep_status_name") result(returned)
      import :: c_int32_t, c_ptr
      integer(c_int32_t), value :: status
      type(c_ptr) :: returned
    end function gradstep_status_name
    function gradstep_last_error() &
      & bind(c, name="gradstep_last_error") result(returned)
      import :: c_ptr
      type(c_ptr) :: returned
    end function gradstep_last_error
    function gradstep_call(function, arguments, argument_count, sentence, sentence_size) &
      & bind(c, name="gradstep_call") result(returned)
      import :: c_char, c_int32_t, c_ptr, c_size_t
      character(kind=c_char), intent(in), optional :: function(*)
      type(c_ptr), value :: arguments
      integer(c_size_t), value :: argument_count
      type(c_ptr), value :: sentence
      integer(c_size_t), value :: sentence_size
      integer(c_int32_t) :: returned
    end function gradstep_call
    function gradstep_isa_count() &
      & bind(c, name="gradstep_isa_count") result(returned)
      import :: c_size_t
      integer(c_size_t) :: returned
    end function gradstep_isa_count
    function gradstep_isa_name(index) &
      & bind(c, name="gradstep_isa_name") result(returned)
      import :: c_ptr, c_size_t
      integer(c_size_t), value :: index
      type(c_ptr) :: returned
    end function gradstep_isa_name
    function gradstep_isa_is_available(index) &
      & bind(c, name="gradstep_isa_is_available") result(returned)
      import :: c_int32_t, c_size_t
      integer(c_size_t), value :: index
      integer(c_int32_t) :: returned
    end function gradstep_isa_is_available
    function gradstep_context_create(options, context) &
      & bind(c, name="gradstep_context_create") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: options
      type(c_ptr), intent(inout) :: context
      integer(c_int32_t) :: returned
    end function gradstep_context_create
    subroutine gradstep_context_destroy(context) &
      & bind(c, name="gradstep_context_destroy")
      import :: c_ptr
      type(c_ptr), value :: context
    end subroutine gradstep_context_destroy
    function gradstep_context_describe(context, info) &
      & bind(c, name="gradstep_context_describe") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: context
      type(c_ptr), value :: info
      integer(c_int32_t) :: returned
    end function gradstep_context_describe
    function gradstep_rule_count() &
      & bind(c, name="gradstep_rule_count") result(returned)
      import :: c_size_t
      integer(c_size_t) :: returned
    end function gradstep_rule_count
    function gradstep_rule_name(index) &
      & bind(c, name="gradstep_rule_name") result(returned)
      import :: c_ptr, c_size_t
      integer(c_size_t), value :: index
      type(c_ptr) :: returned
    end function gradstep_rule_name
    function gradstep_rule_describe(rule_name, info) &
      & bind(c, name="gradstep_rule_describe") result(returned)
      import :: c_char, c_int32_t, c_ptr
      character(kind=c_char), intent(in), optional :: rule_name(*)
      type(c_ptr), value :: info
      integer(c_int32_t) :: returned
    end function gradstep_rule_describe
    function gradstep_rule_describe_hyperparameter(rule_name, index, info) &
      & bind(c, name="gradstep_rule_describe_hyperparameter") result(returned)
      import :: c_char, c_int32_t, c_ptr, c_size_t
      character(kind=c_char), intent(in), optional :: rule_name(*)
      integer(c_size_t), value :: index
      type(c_ptr), value :: info
      integer(c_int32_t) :: returned
    end function gradstep_rule_describe_hyperparameter
    function gradstep_rule_describe_slot(rule_name, index, info) &
      & bind(c, name="gradstep_rule_describe_slot") result(returned)
      import :: c_char, c_int32_t, c_ptr, c_size_t
      character(kind=c_char), intent(in), optional :: rule_name(*)
      integer(c_size_t), value :: index
      type(c_ptr), value :: info
      integer(c_int32_t) :: returned
    end function gradstep_rule_describe_slot
    function gradstep_rule_describe_scalar(rule_name, index, info) &
      & bind(c, name="gradstep_rule_describe_scalar") result(returned)
      import :: c_char, c_int32_t, c_ptr, c_size_t
      character(kind=c_char), intent(in), optional :: rule_name(*)
      integer(c_size_t), value :: index
      type(c_ptr), value :: info
      integer(c_int32_t) :: returned
    end function gradstep_rule_describe_scalar
    function gradstep_rule_transform_name(rule_name, index) &
      & bind(c, name="gradstep_rule_transform_name") result(returned)
      import :: c_char, c_ptr, c_size_t
      character(kind=c_char), intent(in), optional :: rule_name(*)
      integer(c_size_t), value :: index
      type(c_ptr) :: returned
    end function gradstep_rule_transform_name
    function gradstep_rule_create(rule_name, rule) &
      & bind(c, name="gradstep_rule_create") result(returned)
      import :: c_char, c_int32_t, c_ptr
      character(kind=c_char), intent(in), optional :: rule_name(*)
      type(c_ptr), intent(inout) :: rule
      integer(c_int32_t) :: returned
    end function gradstep_rule_create
    subroutine gradstep_rule_destroy(rule) &
      & bind(c, name="gradstep_rule_destroy")
      import :: c_ptr
      type(c_ptr), value :: rule
    end subroutine gradstep_rule_destroy
    function gradstep_rule_set(rule, name, value) &
      & bind(c, name="gradstep_rule_set") result(returned)
      import :: c_char, c_double, c_int32_t, c_ptr
      type(c_ptr), value :: rule
      character(kind=c_char), intent(in), optional :: name(*)
      real(c_double), value :: value
      integer(c_int32_t) :: returned
    end function gradstep_rule_set
    function gradstep_rule_get(rule, name, value) &
      & bind(c, name="gradstep_rule_get") result(returned)
      import :: c_char, c_int32_t, c_ptr
      type(c_ptr), value :: rule
      character(kind=c_char), intent(in), optional :: name(*)
      type(c_ptr), value :: value
      integer(c_int32_t) :: returned
    end function gradstep_rule_get
    function gradstep_rule_check(rule) &
      & bind(c, name="gradstep_rule_check") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: rule
      integer(c_int32_t) :: returned
    end function gradstep_rule_check
    function gradstep_array_read(array, count, values) &
      & bind(c, name="gradstep_array_read") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: array
      integer(c_size_t), value :: count
      type(c_ptr), value :: values
      integer(c_int32_t) :: returned
    end function gradstep_array_read
    function gradstep_array_write(array, count, values) &
      & bind(c, name="gradstep_array_write") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: array
      integer(c_size_t), value :: count
      type(c_ptr), value :: values
      integer(c_int32_t) :: returned
    end function gradstep_array_write
    function gradstep_rule_slot_layout(rule, index, tensor, dtype, layout) &
      & bind(c, name="gradstep_rule_slot_layout") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: rule
      integer(c_size_t), value :: index
      type(c_ptr), value :: tensor
      integer(c_int32_t), value :: dtype
      type(c_ptr), value :: layout
      integer(c_int32_t) :: returned
    end function gradstep_rule_slot_layout
    function gradstep_apply(context, rule, tensors, tensor_count, options, result) &
      & bind(c, name="gradstep_apply") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: context
      type(c_ptr), value :: rule
      type(c_ptr), value :: tensors
      integer(c_size_t), value :: tensor_count
      type(c_ptr), value :: options
      type(c_ptr), value :: result
      integer(c_int32_t) :: returned
    end function gradstep_apply
    function gradstep_apply_part(context, rule, tensors, tensor_count, options, part, &
      & part_count, result) &
      & bind(c, name="gradstep_apply_part") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: context
      type(c_ptr), value :: rule
      type(c_ptr), value :: tensors
      integer(c_size_t), value :: tensor_count
      type(c_ptr), value :: options
      integer(c_size_t), value :: part
      integer(c_size_t), value :: part_count
      type(c_ptr), value :: result
      integer(c_int32_t) :: returned
    end function gradstep_apply_part
    function gradstep_apply_arrays(context, rule, step, count, rows, columns, param_dtype, &
      & param, grad_dtype, grad, slot_dtype, slot0, slot1, slot2, slot3, slot4, slot5, slot6, &
      & slot7, scalars, options, result) &
      & bind(c, name="gradstep_apply_arrays") result(returned)
      import :: c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: context
      type(c_ptr), value :: rule
      integer(c_int64_t), value :: step
      integer(c_int64_t), value :: count
      integer(c_int64_t), value :: rows
      integer(c_int64_t), value :: columns
      integer(c_int32_t), value :: param_dtype
      type(c_ptr), value :: param
      integer(c_int32_t), value :: grad_dtype
      type(c_ptr), value :: grad
      integer(c_int32_t), value :: slot_dtype
      type(c_ptr), value :: slot0
      type(c_ptr), value :: slot1
      type(c_ptr), value :: slot2
      type(c_ptr), value :: slot3
      type(c_ptr), value :: slot4
      type(c_ptr), value :: slot5
      type(c_ptr), value :: slot6
      type(c_ptr), value :: slot7
      type(c_ptr), value :: scalars
      type(c_ptr), value :: options
      type(c_ptr), value :: result
      integer(c_int32_t) :: returned
    end function gradstep_apply_arrays
    function gradstep_workspace_size(rule, tensors, tensor_count, bytes) &
      & bind(c, name="gradstep_workspace_size") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: rule
      type(c_ptr), value :: tensors
      integer(c_size_t), value :: tensor_count
      type(c_ptr), value :: bytes
      integer(c_int32_t) :: returned
    end function gradstep_workspace_size
    function gradstep_transform(context, rule, tensors, tensor_count, name) &
      & bind(c, name="gradstep_transform") result(returned)
      import :: c_char, c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: context
      type(c_ptr), value :: rule
      type(c_ptr), value :: tensors
      integer(c_size_t), value :: tensor_count
      character(kind=c_char), intent(in), optional :: name(*)
      integer(c_int32_t) :: returned
    end function gradstep_transform
    function gradstep_gradient_norm(context, tensors, tensor_count, result) &
      & bind(c, name="gradstep_gradient_norm") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: context
      type(c_ptr), value :: tensors
      integer(c_size_t), value :: tensor_count
      type(c_ptr), value :: result
      integer(c_int32_t) :: returned
    end function gradstep_gradient_norm
    function gradstep_loss_scaler_init(scaler) &
      & bind(c, name="gradstep_loss_scaler_init") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: scaler
      integer(c_int32_t) :: returned
    end function gradstep_loss_scaler_init
    function gradstep_loss_scaler_update(scaler, is_skipped) &
      & bind(c, name="gradstep_loss_scaler_update") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: scaler
      integer(c_int32_t), value :: is_skipped
      integer(c_int32_t) :: returned
    end function gradstep_loss_scaler_update
    function gradstep_schedule_count() &
      & bind(c, name="gradstep_schedule_count") result(returned)
      import :: c_size_t
      integer(c_size_t) :: returned
    end function gradstep_schedule_count
    function gradstep_schedule_name(index) &
      & bind(c, name="gradstep_schedule_name") result(returned)
      import :: c_ptr, c_size_t
      integer(c_size_t), value :: index
      type(c_ptr) :: returned
    end function gradstep_schedule_name
    function gradstep_schedule_describe(schedule_name, info) &
      & bind(c, name="gradstep_schedule_describe") result(returned)
      import :: c_char, c_int32_t, c_ptr
      character(kind=c_char), intent(in), optional :: schedule_name(*)
      type(c_ptr), value :: info
      integer(c_int32_t) :: returned
    end function gradstep_schedule_describe
    function gradstep_schedule_describe_hyperparameter(schedule_name, index, info) &
      & bind(c, name="gradstep_schedule_describe_hyperparameter") result(returned)
      import :: c_char, c_int32_t, c_ptr, c_size_t
      character(kind=c_char), intent(in), optional :: schedule_name(*)
      integer(c_size_t), value :: index
      type(c_ptr), value :: info
      integer(c_int32_t) :: returned
    end function gradstep_schedule_describe_hyperparameter
    function gradstep_schedule_create(schedule_name, schedule) &
      & bind(c, name="gradstep_schedule_create") result(returned)
      import :: c_char, c_int32_t, c_ptr
      character(kind=c_char), intent(in), optional :: schedule_name(*)
      type(c_ptr), intent(inout) :: schedule
      integer(c_int32_t) :: returned
    end function gradstep_schedule_create
    function gradstep_schedule_create_sequence(parts, lengths, count, schedule) &
      & bind(c, name="gradstep_schedule_create_sequence") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: parts
      type(c_ptr), value :: lengths
      integer(c_size_t), value :: count
      type(c_ptr), intent(inout) :: schedule
      integer(c_int32_t) :: returned
    end function gradstep_schedule_create_sequence
    subroutine gradstep_schedule_destroy(schedule) &
      & bind(c, name="gradstep_schedule_destroy")
      import :: c_ptr
      type(c_ptr), value :: schedule
    end subroutine gradstep_schedule_destroy
    function gradstep_schedule_set(schedule, name, value) &
      & bind(c, name="gradstep_schedule_set") result(returned)
      import :: c_char, c_double, c_int32_t, c_ptr
      type(c_ptr), value :: schedule
      character(kind=c_char), intent(in), optional :: name(*)
      real(c_double), value :: value
      integer(c_int32_t) :: returned
    end function gradstep_schedule_set
    function gradstep_schedule_get(schedule, name, value) &
      & bind(c, name="gradstep_schedule_get") result(returned)
      import :: c_char, c_int32_t, c_ptr
      type(c_ptr), value :: schedule
      character(kind=c_char), intent(in), optional :: name(*)
      type(c_ptr), value :: value
      integer(c_int32_t) :: returned
    end function gradstep_schedule_get
    function gradstep_schedule_set_list(schedule, name, values, count) &
      & bind(c, name="gradstep_schedule_set_list") result(returned)
      import :: c_char, c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: schedule
      character(kind=c_char), intent(in), optional :: name(*)
      type(c_ptr), value :: values
      integer(c_size_t), value :: count
      integer(c_int32_t) :: returned
    end function gradstep_schedule_set_list
    function gradstep_schedule_check(schedule) &
      & bind(c, name="gradstep_schedule_check") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: schedule
      integer(c_int32_t) :: returned
    end function gradstep_schedule_check
    function gradstep_schedule_lr(schedule, base_lr, t, lr) &
      & bind(c, name="gradstep_schedule_lr") result(returned)
      import :: c_double, c_int32_t, c_ptr
      type(c_ptr), value :: schedule
      real(c_double), value :: base_lr
      real(c_double), value :: t
      type(c_ptr), value :: lr
      integer(c_int32_t) :: returned
    end function gradstep_schedule_lr
    function gradstep_schedule_momentum(schedule, t, momentum) &
      & bind(c, name="gradstep_schedule_momentum") result(returned)
      import :: c_double, c_int32_t, c_ptr
      type(c_ptr), value :: schedule
      real(c_double), value :: t
      type(c_ptr), value :: momentum
      integer(c_int32_t) :: returned
    end function gradstep_schedule_momentum
    function gradstep_plateau_init(plateau, lr) &
      & bind(c, name="gradstep_plateau_init") result(returned)
      import :: c_double, c_int32_t, c_ptr
      type(c_ptr), value :: plateau
      real(c_double), value :: lr
      integer(c_int32_t) :: returned
    end function gradstep_plateau_init
    function gradstep_plateau_report(plateau, metric, is_reduced) &
      & bind(c, name="gradstep_plateau_report") result(returned)
      import :: c_double, c_int32_t, c_ptr
      type(c_ptr), value :: plateau
      real(c_double), value :: metric
      type(c_ptr), value :: is_reduced
      integer(c_int32_t) :: returned
    end function gradstep_plateau_report
    function gradstep_optimizer_create(context, options, optimizer) &
      & bind(c, name="gradstep_optimizer_create") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: context
      type(c_ptr), value :: options
      type(c_ptr), intent(inout) :: optimizer
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_create
    subroutine gradstep_optimizer_destroy(optimizer) &
      & bind(c, name="gradstep_optimizer_destroy")
      import :: c_ptr
      type(c_ptr), value :: optimizer
    end subroutine gradstep_optimizer_destroy
    function gradstep_optimizer_set_options(optimizer, options) &
      & bind(c, name="gradstep_optimizer_set_options") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: optimizer
      type(c_ptr), value :: options
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_set_options
    function gradstep_optimizer_add_group(optimizer, options, group) &
      & bind(c, name="gradstep_optimizer_add_group") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: optimizer
      type(c_ptr), value :: options
      type(c_ptr), value :: group
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_add_group
    function gradstep_optimizer_add_tensor(optimizer, group, name, tensor, index) &
      & bind(c, name="gradstep_optimizer_add_tensor") result(returned)
      import :: c_char, c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: group
      character(kind=c_char), intent(in), optional :: name(*)
      type(c_ptr), value :: tensor
      type(c_ptr), value :: index
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_add_tensor
    function gradstep_optimizer_add_arrays(optimizer, group, name, count, rows, columns, &
      & param_dtype, param, grad_dtype, grad, index) &
      & bind(c, name="gradstep_optimizer_add_arrays") result(returned)
      import :: c_char, c_int32_t, c_int64_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: group
      character(kind=c_char), intent(in), optional :: name(*)
      integer(c_int64_t), value :: count
      integer(c_int64_t), value :: rows
      integer(c_int64_t), value :: columns
      integer(c_int32_t), value :: param_dtype
      type(c_ptr), value :: param
      integer(c_int32_t), value :: grad_dtype
      type(c_ptr), value :: grad
      type(c_ptr), value :: index
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_add_arrays
    function gradstep_optimizer_remove_tensor(optimizer, tensor) &
      & bind(c, name="gradstep_optimizer_remove_tensor") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: tensor
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_remove_tensor
    function gradstep_optimizer_remove_group(optimizer, group) &
      & bind(c, name="gradstep_optimizer_remove_group") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: group
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_remove_group
    function gradstep_optimizer_move_tensor(optimizer, tensor, group) &
      & bind(c, name="gradstep_optimizer_move_tensor") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: tensor
      integer(c_size_t), value :: group
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_move_tensor
    function gradstep_optimizer_set_param(optimizer, tensor, arrays, sources, source_count) &
      & bind(c, name="gradstep_optimizer_set_param") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: tensor
      type(c_ptr), value :: arrays
      type(c_ptr), value :: sources
      integer(c_size_t), value :: source_count
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_set_param
    function gradstep_optimizer_find_group(optimizer, name, group) &
      & bind(c, name="gradstep_optimizer_find_group") result(returned)
      import :: c_char, c_int32_t, c_ptr
      type(c_ptr), value :: optimizer
      character(kind=c_char), intent(in), optional :: name(*)
      type(c_ptr), value :: group
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_find_group
    function gradstep_optimizer_find_tensor(optimizer, name, tensor) &
      & bind(c, name="gradstep_optimizer_find_tensor") result(returned)
      import :: c_char, c_int32_t, c_ptr
      type(c_ptr), value :: optimizer
      character(kind=c_char), intent(in), optional :: name(*)
      type(c_ptr), value :: tensor
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_find_tensor
    function gradstep_optimizer_set_grad(optimizer, tensor, grad) &
      & bind(c, name="gradstep_optimizer_set_grad") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: tensor
      type(c_ptr), value :: grad
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_set_grad
    function gradstep_optimizer_set_grads(optimizer, first, count, grads) &
      & bind(c, name="gradstep_optimizer_set_grads") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: first
      integer(c_size_t), value :: count
      type(c_ptr), value :: grads
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_set_grads
    function gradstep_optimizer_set_frozen(optimizer, tensor, is_frozen) &
      & bind(c, name="gradstep_optimizer_set_frozen") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: tensor
      integer(c_int32_t), value :: is_frozen
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_set_frozen
    function gradstep_optimizer_set_hyperparameter(optimizer, group, name, value) &
      & bind(c, name="gradstep_optimizer_set_hyperparameter") result(returned)
      import :: c_char, c_double, c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: group
      character(kind=c_char), intent(in), optional :: name(*)
      real(c_double), value :: value
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_set_hyperparameter
    function gradstep_optimizer_get_hyperparameter(optimizer, group, name, value) &
      & bind(c, name="gradstep_optimizer_get_hyperparameter") result(returned)
      import :: c_char, c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: group
      character(kind=c_char), intent(in), optional :: name(*)
      type(c_ptr), value :: value
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_get_hyperparameter
    function gradstep_optimizer_set_schedule(optimizer, group, schedule) &
      & bind(c, name="gradstep_optimizer_set_schedule") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: group
      type(c_ptr), value :: schedule
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_set_schedule
    function gradstep_optimizer_set_plateau(optimizer, group, plateau) &
      & bind(c, name="gradstep_optimizer_set_plateau") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: group
      type(c_ptr), value :: plateau
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_set_plateau
    function gradstep_optimizer_get_plateau(optimizer, group, plateau) &
      & bind(c, name="gradstep_optimizer_get_plateau") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: group
      type(c_ptr), value :: plateau
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_get_plateau
    function gradstep_optimizer_report_metric(optimizer, metric, reduced_count) &
      & bind(c, name="gradstep_optimizer_report_metric") result(returned)
      import :: c_double, c_int32_t, c_ptr
      type(c_ptr), value :: optimizer
      real(c_double), value :: metric
      type(c_ptr), value :: reduced_count
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_report_metric
    function gradstep_optimizer_set_group_max_norm(optimizer, group, max_norm) &
      & bind(c, name="gradstep_optimizer_set_group_max_norm") result(returned)
      import :: c_double, c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: group
      real(c_double), value :: max_norm
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_set_group_max_norm
    function gradstep_optimizer_set_loss_scaler(optimizer, scaler) &
      & bind(c, name="gradstep_optimizer_set_loss_scaler") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: optimizer
      type(c_ptr), value :: scaler
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_set_loss_scaler
    function gradstep_optimizer_get_loss_scaler(optimizer, scaler) &
      & bind(c, name="gradstep_optimizer_get_loss_scaler") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: optimizer
      type(c_ptr), value :: scaler
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_get_loss_scaler
    function gradstep_optimizer_transform(optimizer, group, name) &
      & bind(c, name="gradstep_optimizer_transform") result(returned)
      import :: c_char, c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: group
      character(kind=c_char), intent(in), optional :: name(*)
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_transform
    function gradstep_optimizer_start_average(optimizer, tensor) &
      & bind(c, name="gradstep_optimizer_start_average") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: tensor
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_start_average
    function gradstep_optimizer_set_average_count(optimizer, tensor, count) &
      & bind(c, name="gradstep_optimizer_set_average_count") result(returned)
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: tensor
      integer(c_int64_t), value :: count
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_set_average_count
    function gradstep_optimizer_step(optimizer, options, result) &
      & bind(c, name="gradstep_optimizer_step") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: optimizer
      type(c_ptr), value :: options
      type(c_ptr), value :: result
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_step
    function gradstep_optimizer_begin_step(optimizer, options) &
      & bind(c, name="gradstep_optimizer_begin_step") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: optimizer
      type(c_ptr), value :: options
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_begin_step
    function gradstep_optimizer_step_tensor(optimizer, tensor) &
      & bind(c, name="gradstep_optimizer_step_tensor") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: tensor
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_step_tensor
    function gradstep_optimizer_end_step(optimizer, result) &
      & bind(c, name="gradstep_optimizer_end_step") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: optimizer
      type(c_ptr), value :: result
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_end_step
    function gradstep_optimizer_inspect(optimizer, tensor, grad_scale) &
      & bind(c, name="gradstep_optimizer_inspect") result(returned)
      import :: c_double, c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: tensor
      real(c_double), value :: grad_scale
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_inspect
    function gradstep_optimizer_accumulate(optimizer, tensor, scale) &
      & bind(c, name="gradstep_optimizer_accumulate") result(returned)
      import :: c_double, c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: tensor
      real(c_double), value :: scale
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_accumulate
    function gradstep_optimizer_describe(optimizer, info) &
      & bind(c, name="gradstep_optimizer_describe") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: optimizer
      type(c_ptr), value :: info
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_describe
    function gradstep_optimizer_describe_group(optimizer, group, info) &
      & bind(c, name="gradstep_optimizer_describe_group") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: group
      type(c_ptr), value :: info
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_describe_group
    function gradstep_optimizer_describe_tensor(optimizer, tensor, info) &
      & bind(c, name="gradstep_optimizer_describe_tensor") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: tensor
      type(c_ptr), value :: info
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_describe_tensor
    function gradstep_optimizer_get_array(optimizer, tensor, array_name, array, count) &
      & bind(c, name="gradstep_optimizer_get_array") result(returned)
      import :: c_char, c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: tensor
      character(kind=c_char), intent(in), optional :: array_name(*)
      type(c_ptr), value :: array
      type(c_ptr), value :: count
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_get_array
    function gradstep_optimizer_get_scalar(optimizer, tensor, name, value) &
      & bind(c, name="gradstep_optimizer_get_scalar") result(returned)
      import :: c_char, c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: tensor
      character(kind=c_char), intent(in), optional :: name(*)
      type(c_ptr), value :: value
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_get_scalar
    function gradstep_optimizer_set_step_count(optimizer, step_count) &
      & bind(c, name="gradstep_optimizer_set_step_count") result(returned)
      import :: c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: optimizer
      integer(c_int64_t), value :: step_count
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_set_step_count
    function gradstep_optimizer_set_tensor_step_count(optimizer, tensor, step_count) &
      & bind(c, name="gradstep_optimizer_set_tensor_step_count") result(returned)
      import :: c_int32_t, c_int64_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: tensor
      integer(c_int64_t), value :: step_count
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_set_tensor_step_count
    function gradstep_optimizer_export_array(optimizer, tensor, array_name, to, count) &
      & bind(c, name="gradstep_optimizer_export_array") result(returned)
      import :: c_char, c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: tensor
      character(kind=c_char), intent(in), optional :: array_name(*)
      type(c_ptr), value :: to
      integer(c_size_t), value :: count
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_export_array
    function gradstep_optimizer_import_array(optimizer, tensor, array_name, from, count) &
      & bind(c, name="gradstep_optimizer_import_array") result(returned)
      import :: c_char, c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: tensor
      character(kind=c_char), intent(in), optional :: array_name(*)
      type(c_ptr), value :: from
      integer(c_size_t), value :: count
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_import_array
    function gradstep_optimizer_set_scalar(optimizer, tensor, name, value) &
      & bind(c, name="gradstep_optimizer_set_scalar") result(returned)
      import :: c_char, c_double, c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: tensor
      character(kind=c_char), intent(in), optional :: name(*)
      real(c_double), value :: value
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_set_scalar
    function gradstep_optimizer_set_note(optimizer, name, text) &
      & bind(c, name="gradstep_optimizer_set_note") result(returned)
      import :: c_char, c_int32_t, c_ptr
      type(c_ptr), value :: optimizer
      character(kind=c_char), intent(in), optional :: name(*)
      character(kind=c_char), intent(in), optional :: text(*)
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_set_note
    function gradstep_optimizer_get_note(optimizer, name, text) &
      & bind(c, name="gradstep_optimizer_get_note") result(returned)
      import :: c_char, c_int32_t, c_ptr
      type(c_ptr), value :: optimizer
      character(kind=c_char), intent(in), optional :: name(*)
      type(c_ptr), value :: text
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_get_note
    function gradstep_optimizer_note_count(optimizer, count) &
      & bind(c, name="gradstep_optimizer_note_count") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: optimizer
      type(c_ptr), value :: count
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_note_count
    function gradstep_optimizer_note_at(optimizer, index, name, text) &
      & bind(c, name="gradstep_optimizer_note_at") result(returned)
      import :: c_int32_t, c_ptr, c_size_t
      type(c_ptr), value :: optimizer
      integer(c_size_t), value :: index
      type(c_ptr), value :: name
      type(c_ptr), value :: text
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_note_at
    function gradstep_optimizer_save_to(optimizer, options, size) &
      & bind(c, name="gradstep_optimizer_save_to") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: optimizer
      type(c_ptr), value :: options
      type(c_ptr), value :: size
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_save_to
    function gradstep_optimizer_save(optimizer, path, flags) &
      & bind(c, name="gradstep_optimizer_save") result(returned)
      import :: c_char, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: optimizer
      character(kind=c_char), intent(in), optional :: path(*)
      integer(c_int64_t), value :: flags
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_save
    function gradstep_optimizer_load_from(optimizer, options, result) &
      & bind(c, name="gradstep_optimizer_load_from") result(returned)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: optimizer
      type(c_ptr), value :: options
      type(c_ptr), value :: result
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_load_from
    function gradstep_optimizer_load(optimizer, path, flags, result) &
      & bind(c, name="gradstep_optimizer_load") result(returned)
      import :: c_char, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: optimizer
      character(kind=c_char), intent(in), optional :: path(*)
      integer(c_int64_t), value :: flags
      type(c_ptr), value :: result
      integer(c_int32_t) :: returned
    end function gradstep_optimizer_load
  end interface
end module gradstep_c
