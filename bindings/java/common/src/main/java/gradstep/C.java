// SPDX-License-Identifier: Apache-2.0
//
// Made by bindings/java/generate_structs.py from include/gradstep/gradstep.json.
package gradstep;

/** The constants of the C interface, and where the fields of its structs are, in bytes. */
final class C {
  private C() {}

  static final String VERSION = "0.2.0";
  static final int VERSION_MAJOR = 0;
  static final int VERSION_MINOR = 2;
  static final int VERSION_PATCH = 0;
  static final int OK = 0;
  static final int INVALID_ARGUMENT = 1;
  static final int UNKNOWN_NAME = 2;
  static final int OUT_OF_RANGE = 3;
  static final int UNSUPPORTED = 4;
  static final int OUT_OF_MEMORY = 5;
  static final int INTERNAL = 6;
  static final int BUSY = 7;
  static final int WRONG_ORDER = 8;
  static final int IO_ERROR = 9;
  static final int CORRUPT = 10;
  static final int MISMATCH = 11;
  static final long CONTEXT_CALLER_ARENA = 1L;
  static final long CONTEXT_PIN_THREADS = 2L;
  static final long CONTEXT_FLUSH_TO_ZERO = 4L;
  static final long CONTEXT_SERIAL_BELOW = 8L;
  static final long CONTEXT_PIECE_SIZE = 16L;
  static final int REAL = 0;
  static final int FLAG = 1;
  static final int INTEGER = 2;
  static final int LIST = 3;
  static final int MINIMUM_EXCLUDED = 1;
  static final int MAXIMUM_EXCLUDED = 2;
  static final int EXTENT_ELEMENT = 0;
  static final int EXTENT_ROW = 1;
  static final int EXTENT_COLUMN = 2;
  static final int EXTENT_MATRIX = 3;
  static final int EXTENT_TENSOR = 4;
  static final int START_VALUE = 0;
  static final int START_PARAM = 1;
  static final int SCOPE_TENSOR = 0;
  static final int SCOPE_ALL = 1;
  static final int FLOAT32 = 1;
  static final int FLOAT64 = 2;
  static final int BFLOAT16 = 3;
  static final int FLOAT16 = 4;
  static final int S1E4M3_B256 = 5;
  static final int E5M3_B256 = 6;
  static final int BLOCK_SIZE = 256;
  static final long APPLY_GRAD_SCALE = 1L;
  static final long APPLY_MAX_NORM = 2L;
  static final long APPLY_MAX_VALUE = 4L;
  static final long APPLY_AVERAGE = 8L;
  static final long APPLY_CHECK_FINITE = 16L;
  static final long APPLY_ZERO_GRAD = 32L;
  static final long APPLY_STOCHASTIC_PARAM = 64L;
  static final long APPLY_NEAREST_SLOTS = 128L;
  static final long APPLY_FRESH_SLOTS = 256L;
  static final long APPLY_GRAD_NORM = 512L;
  static final long APPLY_AVERAGE_COUNT = 1024L;
  static final long APPLY_AVERAGE_EQUAL = 2048L;
  static final int GROUP_LR_SCALE = 1;
  static final int GROUP_MAX_NORM = 2;
  static final long ALL_GROUPS = -1L;
  static final long ALL_TENSORS = -1L;
  static final long STEP_GRAD_SCALE = 1L;
  static final long STEP_GRAD_NORM = 2L;
  static final long STEP_INSPECTED = 4L;
  static final long CHECKPOINT_PARAMS = 1L;
  static final long CHECKPOINT_PARTIAL = 2L;
  static final long CHECKPOINT_KEEP_SETTINGS = 4L;
  static final long CHECKPOINT_ANY_GROUP = 8L;
  static final long CHECKPOINT_START_MISSING = 16L;

  static final class gradstep_context_options {
    private gradstep_context_options() {}

    static final long SIZE = 64;
    static final long struct_size = 0;
    static final long flags = 8;
    static final long thread_count = 16;
    static final long isa = 24;
    static final long parallel_for = 32;
    static final long pool = 40;
    static final long serial_below = 48;
    static final long piece_size = 56;
  }

  static final class gradstep_context_info {
    private gradstep_context_info() {}

    static final long SIZE = 48;
    static final long struct_size = 0;
    static final long isa = 8;
    static final long thread_count = 16;
    static final long serial_below = 24;
    static final long piece_size = 32;
    static final long threading = 40;
  }

  static final class gradstep_rule_info {
    private gradstep_rule_info() {}

    static final long SIZE = 72;
    static final long struct_size = 0;
    static final long name = 8;
    static final long summary = 16;
    static final long formula = 24;
    static final long source = 32;
    static final long hyperparameter_count = 40;
    static final long slot_count = 48;
    static final long scalar_count = 56;
    static final long transform_count = 64;
  }

  static final class gradstep_hyperparameter_info {
    private gradstep_hyperparameter_info() {}

    static final long SIZE = 56;
    static final long struct_size = 0;
    static final long name = 8;
    static final long help = 16;
    static final long default_value = 24;
    static final long minimum = 32;
    static final long maximum = 40;
    static final long flags = 48;
    static final long kind = 52;
  }

  static final class gradstep_slot_info {
    private gradstep_slot_info() {}

    static final long SIZE = 56;
    static final long struct_size = 0;
    static final long name = 8;
    static final long help = 16;
    static final long initial_hyperparameter = 24;
    static final long initial_value = 32;
    static final long is_non_negative = 40;
    static final long extent = 44;
    static final long start = 48;
    static final long reserved = 52;
  }

  static final class gradstep_scalar_info {
    private gradstep_scalar_info() {}

    static final long SIZE = 48;
    static final long struct_size = 0;
    static final long name = 8;
    static final long help = 16;
    static final long initial_hyperparameter = 24;
    static final long initial_value = 32;
    static final long scope = 40;
    static final long index = 44;
  }

  static final class gradstep_array {
    private gradstep_array() {}

    static final long SIZE = 40;
    static final long data = 0;
    static final long extra = 8;
    static final long extra2 = 16;
    static final long pitch = 24;
    static final long dtype = 32;
    static final long flags = 36;
  }

  static final class gradstep_tensor {
    private gradstep_tensor() {}

    static final long SIZE = 296;
    static final long struct_size = 0;
    static final long flags = 8;
    static final long count = 16;
    static final long rows = 24;
    static final long columns = 32;
    static final long whole_count = 40;
    static final long first_index = 48;
    static final long key = 56;
    static final long param = 64;
    static final long grad = 104;
    static final long copy = 144;
    static final long average = 184;
    static final long slots = 224;
    static final long slot_count = 232;
    static final long scalars = 240;
    static final long scalar_count = 248;
    static final long delta = 256;
  }

  static final class gradstep_slot_layout {
    private gradstep_slot_layout() {}

    static final long SIZE = 56;
    static final long struct_size = 0;
    static final long count = 8;
    static final long bytes = 16;
    static final long extra_bytes = 24;
    static final long initial_value = 32;
    static final long dtype = 40;
    static final long extent = 44;
    static final long start = 48;
    static final long is_used = 52;
  }

  static final class gradstep_apply_options {
    private gradstep_apply_options() {}

    static final long SIZE = 120;
    static final long struct_size = 0;
    static final long flags = 8;
    static final long step = 16;
    static final long grad_scale = 24;
    static final long max_norm = 32;
    static final long max_value = 40;
    static final long average_decay = 48;
    static final long seed = 56;
    static final long scalars = 64;
    static final long scalar_count = 72;
    static final long workspace = 80;
    static final long workspace_size = 88;
    static final long grad_norm = 96;
    static final long non_finite_count = 104;
    static final long average_count = 112;
  }

  static final class gradstep_apply_result {
    private gradstep_apply_result() {}

    static final long SIZE = 64;
    static final long struct_size = 0;
    static final long piece_count = 8;
    static final long non_finite_count = 16;
    static final long grad_norm = 24;
    static final long clip_factor = 32;
    static final long is_skipped = 40;
    static final long is_stopped = 44;
    static final long left_out_count = 48;
    static final long first_left_out = 56;
  }

  static final class gradstep_norm_result {
    private gradstep_norm_result() {}

    static final long SIZE = 32;
    static final long struct_size = 0;
    static final long norm = 8;
    static final long non_finite_count = 16;
    static final long piece_count = 24;
  }

  static final class gradstep_loss_scaler {
    private gradstep_loss_scaler() {}

    static final long SIZE = 48;
    static final long struct_size = 0;
    static final long scale = 8;
    static final long growth_factor = 16;
    static final long backoff_factor = 24;
    static final long growth_interval = 32;
    static final long steps_in_a_row = 40;
  }

  static final class gradstep_schedule_info {
    private gradstep_schedule_info() {}

    static final long SIZE = 48;
    static final long struct_size = 0;
    static final long name = 8;
    static final long summary = 16;
    static final long formula = 24;
    static final long source = 32;
    static final long hyperparameter_count = 40;
  }

  static final class gradstep_plateau {
    private gradstep_plateau() {}

    static final long SIZE = 96;
    static final long struct_size = 0;
    static final long lr = 8;
    static final long factor = 16;
    static final long threshold = 24;
    static final long min_lr = 32;
    static final long eps = 40;
    static final long best = 48;
    static final long patience = 56;
    static final long cooldown = 64;
    static final long bad_count = 72;
    static final long cooldown_left = 80;
    static final long maximizes = 88;
    static final long is_absolute = 92;
  }

  static final class gradstep_optimizer_options {
    private gradstep_optimizer_options() {}

    static final long SIZE = 48;
    static final long struct_size = 0;
    static final long flags = 8;
    static final long max_norm = 16;
    static final long max_value = 24;
    static final long average_decay = 32;
    static final long seed = 40;
  }

  static final class gradstep_group_options {
    private gradstep_group_options() {}

    static final long SIZE = 56;
    static final long struct_size = 0;
    static final long name = 8;
    static final long rule = 16;
    static final long schedule = 24;
    static final long lr_scale = 32;
    static final long slot_dtype = 40;
    static final long flags = 44;
    static final long max_norm = 48;
  }

  static final class gradstep_step_options {
    private gradstep_step_options() {}

    static final long SIZE = 40;
    static final long struct_size = 0;
    static final long flags = 8;
    static final long grad_scale = 16;
    static final long grad_norm = 24;
    static final long non_finite_count = 32;
  }

  static final class gradstep_optimizer_info {
    private gradstep_optimizer_info() {}

    static final long SIZE = 80;
    static final long struct_size = 0;
    static final long group_count = 8;
    static final long tensor_count = 16;
    static final long step_count = 24;
    static final long skipped_count = 32;
    static final long grad_norm = 40;
    static final long state_bytes = 48;
    static final long is_in_step = 56;
    static final long reserved = 60;
    static final long tensor_end = 64;
    static final long group_end = 72;
  }

  static final class gradstep_group_info {
    private gradstep_group_info() {}

    static final long SIZE = 80;
    static final long struct_size = 0;
    static final long name = 8;
    static final long rule_name = 16;
    static final long schedule_name = 24;
    static final long tensor_count = 32;
    static final long lr = 40;
    static final long momentum = 48;
    static final long lr_scale = 56;
    static final long max_norm = 64;
    static final long grad_norm = 72;
  }

  static final class gradstep_tensor_info {
    private gradstep_tensor_info() {}

    static final long SIZE = 72;
    static final long struct_size = 0;
    static final long name = 8;
    static final long group = 16;
    static final long count = 24;
    static final long step_count = 32;
    static final long accumulate_count = 40;
    static final long param_dtype = 48;
    static final long grad_dtype = 52;
    static final long is_frozen = 56;
    static final long has_grad = 60;
    static final long average_count = 64;
  }

  static final class gradstep_save_options {
    private gradstep_save_options() {}

    static final long SIZE = 56;
    static final long struct_size = 0;
    static final long flags = 8;
    static final long path = 16;
    static final long write = 24;
    static final long stream = 32;
    static final long memory = 40;
    static final long memory_size = 48;
  }

  static final class gradstep_load_result {
    private gradstep_load_result() {}

    static final long SIZE = 32;
    static final long struct_size = 0;
    static final long loaded_count = 8;
    static final long missing_count = 16;
    static final long extra_count = 24;
  }

  static final class gradstep_load_options {
    private gradstep_load_options() {}

    static final long SIZE = 80;
    static final long struct_size = 0;
    static final long flags = 8;
    static final long path = 16;
    static final long read = 24;
    static final long stream = 32;
    static final long stream_size = 40;
    static final long memory = 48;
    static final long memory_size = 56;
    static final long file_prefix = 64;
    static final long prefix = 72;
  }
}
