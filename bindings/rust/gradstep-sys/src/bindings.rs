// SPDX-License-Identifier: Apache-2.0
//
// Made by bindings/rust/generate_sys.py from include/gradstep/gradstep.json.
use core::ffi::{c_char, c_void};
use core::mem::{offset_of, size_of, zeroed};

pub const GRADSTEP_VERSION_MAJOR: i32 = 0;
pub const GRADSTEP_VERSION_MINOR: i32 = 2;
pub const GRADSTEP_VERSION_PATCH: i32 = 0;
pub const GRADSTEP_OK: i32 = 0;
pub const GRADSTEP_INVALID_ARGUMENT: i32 = 1;
pub const GRADSTEP_UNKNOWN_NAME: i32 = 2;
pub const GRADSTEP_OUT_OF_RANGE: i32 = 3;
pub const GRADSTEP_UNSUPPORTED: i32 = 4;
pub const GRADSTEP_OUT_OF_MEMORY: i32 = 5;
pub const GRADSTEP_INTERNAL: i32 = 6;
pub const GRADSTEP_BUSY: i32 = 7;
pub const GRADSTEP_WRONG_ORDER: i32 = 8;
pub const GRADSTEP_IO_ERROR: i32 = 9;
pub const GRADSTEP_CORRUPT: i32 = 10;
pub const GRADSTEP_MISMATCH: i32 = 11;
pub const GRADSTEP_CONTEXT_CALLER_ARENA: u64 = 1;
pub const GRADSTEP_CONTEXT_PIN_THREADS: u64 = 2;
pub const GRADSTEP_CONTEXT_FLUSH_TO_ZERO: u64 = 4;
pub const GRADSTEP_CONTEXT_SERIAL_BELOW: u64 = 8;
pub const GRADSTEP_CONTEXT_PIECE_SIZE: u64 = 16;
pub const GRADSTEP_REAL: i32 = 0;
pub const GRADSTEP_FLAG: i32 = 1;
pub const GRADSTEP_INTEGER: i32 = 2;
pub const GRADSTEP_LIST: i32 = 3;
pub const GRADSTEP_MINIMUM_EXCLUDED: u32 = 1;
pub const GRADSTEP_MAXIMUM_EXCLUDED: u32 = 2;
pub const GRADSTEP_EXTENT_ELEMENT: i32 = 0;
pub const GRADSTEP_EXTENT_ROW: i32 = 1;
pub const GRADSTEP_EXTENT_COLUMN: i32 = 2;
pub const GRADSTEP_EXTENT_MATRIX: i32 = 3;
pub const GRADSTEP_EXTENT_TENSOR: i32 = 4;
pub const GRADSTEP_START_VALUE: i32 = 0;
pub const GRADSTEP_START_PARAM: i32 = 1;
pub const GRADSTEP_SCOPE_TENSOR: i32 = 0;
pub const GRADSTEP_SCOPE_ALL: i32 = 1;
pub const GRADSTEP_FLOAT32: i32 = 1;
pub const GRADSTEP_FLOAT64: i32 = 2;
pub const GRADSTEP_BFLOAT16: i32 = 3;
pub const GRADSTEP_FLOAT16: i32 = 4;
pub const GRADSTEP_S1E4M3_B256: i32 = 5;
pub const GRADSTEP_E5M3_B256: i32 = 6;
pub const GRADSTEP_BLOCK_SIZE: i32 = 256;
pub const GRADSTEP_APPLY_GRAD_SCALE: u64 = 1;
pub const GRADSTEP_APPLY_MAX_NORM: u64 = 2;
pub const GRADSTEP_APPLY_MAX_VALUE: u64 = 4;
pub const GRADSTEP_APPLY_AVERAGE: u64 = 8;
pub const GRADSTEP_APPLY_CHECK_FINITE: u64 = 16;
pub const GRADSTEP_APPLY_ZERO_GRAD: u64 = 32;
pub const GRADSTEP_APPLY_STOCHASTIC_PARAM: u64 = 64;
pub const GRADSTEP_APPLY_NEAREST_SLOTS: u64 = 128;
pub const GRADSTEP_APPLY_FRESH_SLOTS: u64 = 256;
pub const GRADSTEP_APPLY_GRAD_NORM: u64 = 512;
pub const GRADSTEP_APPLY_AVERAGE_COUNT: u64 = 1024;
pub const GRADSTEP_APPLY_AVERAGE_EQUAL: u64 = 2048;
pub const GRADSTEP_GROUP_LR_SCALE: u32 = 1;
pub const GRADSTEP_GROUP_MAX_NORM: u32 = 2;
pub const GRADSTEP_ALL_GROUPS: usize = usize::MAX;
pub const GRADSTEP_ALL_TENSORS: usize = usize::MAX;
pub const GRADSTEP_STEP_GRAD_SCALE: u64 = 1;
pub const GRADSTEP_STEP_GRAD_NORM: u64 = 2;
pub const GRADSTEP_STEP_INSPECTED: u64 = 4;
pub const GRADSTEP_CHECKPOINT_PARAMS: u64 = 1;
pub const GRADSTEP_CHECKPOINT_PARTIAL: u64 = 2;
pub const GRADSTEP_CHECKPOINT_KEEP_SETTINGS: u64 = 4;
pub const GRADSTEP_CHECKPOINT_ANY_GROUP: u64 = 8;
pub const GRADSTEP_CHECKPOINT_START_MISSING: u64 = 16;
pub type gradstep_status = i32;
#[repr(C)]
pub struct gradstep_context {
    _private: [u8; 0],
}
#[repr(C)]
pub struct gradstep_rule {
    _private: [u8; 0],
}
#[repr(C)]
pub struct gradstep_schedule {
    _private: [u8; 0],
}
#[repr(C)]
pub struct gradstep_optimizer {
    _private: [u8; 0],
}
pub type gradstep_task = unsafe extern "C" fn(argument: *mut c_void, index: usize);
pub type gradstep_parallel_for = unsafe extern "C" fn(
    pool: *mut c_void,
    count: usize,
    task: gradstep_task,
    argument: *mut c_void,
);
pub type gradstep_write =
    unsafe extern "C" fn(stream: *mut c_void, bytes: *const c_void, size: usize) -> i32;
pub type gradstep_read =
    unsafe extern "C" fn(stream: *mut c_void, offset: u64, bytes: *mut c_void, size: usize) -> i32;
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_context_options {
    pub struct_size: usize,
    pub flags: u64,
    pub thread_count: usize,
    pub isa: *const c_char,
    pub parallel_for: Option<gradstep_parallel_for>,
    pub pool: *mut c_void,
    pub serial_below: usize,
    pub piece_size: usize,
}
const _: () = {
    assert!(size_of::<gradstep_context_options>() == 64);
    assert!(offset_of!(gradstep_context_options, struct_size) == 0);
    assert!(offset_of!(gradstep_context_options, flags) == 8);
    assert!(offset_of!(gradstep_context_options, thread_count) == 16);
    assert!(offset_of!(gradstep_context_options, isa) == 24);
    assert!(offset_of!(gradstep_context_options, parallel_for) == 32);
    assert!(offset_of!(gradstep_context_options, pool) == 40);
    assert!(offset_of!(gradstep_context_options, serial_below) == 48);
    assert!(offset_of!(gradstep_context_options, piece_size) == 56);
};
impl Default for gradstep_context_options {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_context_info {
    pub struct_size: usize,
    pub isa: *const c_char,
    pub thread_count: usize,
    pub serial_below: usize,
    pub piece_size: usize,
    pub threading: *const c_char,
}
const _: () = {
    assert!(size_of::<gradstep_context_info>() == 48);
    assert!(offset_of!(gradstep_context_info, struct_size) == 0);
    assert!(offset_of!(gradstep_context_info, isa) == 8);
    assert!(offset_of!(gradstep_context_info, thread_count) == 16);
    assert!(offset_of!(gradstep_context_info, serial_below) == 24);
    assert!(offset_of!(gradstep_context_info, piece_size) == 32);
    assert!(offset_of!(gradstep_context_info, threading) == 40);
};
impl Default for gradstep_context_info {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_rule_info {
    pub struct_size: usize,
    pub name: *const c_char,
    pub summary: *const c_char,
    pub formula: *const c_char,
    pub source: *const c_char,
    pub hyperparameter_count: usize,
    pub slot_count: usize,
    pub scalar_count: usize,
    pub transform_count: usize,
}
const _: () = {
    assert!(size_of::<gradstep_rule_info>() == 72);
    assert!(offset_of!(gradstep_rule_info, struct_size) == 0);
    assert!(offset_of!(gradstep_rule_info, name) == 8);
    assert!(offset_of!(gradstep_rule_info, summary) == 16);
    assert!(offset_of!(gradstep_rule_info, formula) == 24);
    assert!(offset_of!(gradstep_rule_info, source) == 32);
    assert!(offset_of!(gradstep_rule_info, hyperparameter_count) == 40);
    assert!(offset_of!(gradstep_rule_info, slot_count) == 48);
    assert!(offset_of!(gradstep_rule_info, scalar_count) == 56);
    assert!(offset_of!(gradstep_rule_info, transform_count) == 64);
};
impl Default for gradstep_rule_info {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_hyperparameter_info {
    pub struct_size: usize,
    pub name: *const c_char,
    pub help: *const c_char,
    pub default_value: f64,
    pub minimum: f64,
    pub maximum: f64,
    pub flags: u32,
    pub kind: i32,
}
const _: () = {
    assert!(size_of::<gradstep_hyperparameter_info>() == 56);
    assert!(offset_of!(gradstep_hyperparameter_info, struct_size) == 0);
    assert!(offset_of!(gradstep_hyperparameter_info, name) == 8);
    assert!(offset_of!(gradstep_hyperparameter_info, help) == 16);
    assert!(offset_of!(gradstep_hyperparameter_info, default_value) == 24);
    assert!(offset_of!(gradstep_hyperparameter_info, minimum) == 32);
    assert!(offset_of!(gradstep_hyperparameter_info, maximum) == 40);
    assert!(offset_of!(gradstep_hyperparameter_info, flags) == 48);
    assert!(offset_of!(gradstep_hyperparameter_info, kind) == 52);
};
impl Default for gradstep_hyperparameter_info {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_slot_info {
    pub struct_size: usize,
    pub name: *const c_char,
    pub help: *const c_char,
    pub initial_hyperparameter: *const c_char,
    pub initial_value: f64,
    pub is_non_negative: i32,
    pub extent: i32,
    pub start: i32,
    pub reserved: i32,
}
const _: () = {
    assert!(size_of::<gradstep_slot_info>() == 56);
    assert!(offset_of!(gradstep_slot_info, struct_size) == 0);
    assert!(offset_of!(gradstep_slot_info, name) == 8);
    assert!(offset_of!(gradstep_slot_info, help) == 16);
    assert!(offset_of!(gradstep_slot_info, initial_hyperparameter) == 24);
    assert!(offset_of!(gradstep_slot_info, initial_value) == 32);
    assert!(offset_of!(gradstep_slot_info, is_non_negative) == 40);
    assert!(offset_of!(gradstep_slot_info, extent) == 44);
    assert!(offset_of!(gradstep_slot_info, start) == 48);
    assert!(offset_of!(gradstep_slot_info, reserved) == 52);
};
impl Default for gradstep_slot_info {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_scalar_info {
    pub struct_size: usize,
    pub name: *const c_char,
    pub help: *const c_char,
    pub initial_hyperparameter: *const c_char,
    pub initial_value: f64,
    pub scope: i32,
    pub index: i32,
}
const _: () = {
    assert!(size_of::<gradstep_scalar_info>() == 48);
    assert!(offset_of!(gradstep_scalar_info, struct_size) == 0);
    assert!(offset_of!(gradstep_scalar_info, name) == 8);
    assert!(offset_of!(gradstep_scalar_info, help) == 16);
    assert!(offset_of!(gradstep_scalar_info, initial_hyperparameter) == 24);
    assert!(offset_of!(gradstep_scalar_info, initial_value) == 32);
    assert!(offset_of!(gradstep_scalar_info, scope) == 40);
    assert!(offset_of!(gradstep_scalar_info, index) == 44);
};
impl Default for gradstep_scalar_info {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_array {
    pub data: *mut c_void,
    pub extra: *mut c_void,
    pub extra2: *mut c_void,
    pub pitch: i64,
    pub dtype: i32,
    pub flags: u32,
}
const _: () = {
    assert!(size_of::<gradstep_array>() == 40);
    assert!(offset_of!(gradstep_array, data) == 0);
    assert!(offset_of!(gradstep_array, extra) == 8);
    assert!(offset_of!(gradstep_array, extra2) == 16);
    assert!(offset_of!(gradstep_array, pitch) == 24);
    assert!(offset_of!(gradstep_array, dtype) == 32);
    assert!(offset_of!(gradstep_array, flags) == 36);
};
impl Default for gradstep_array {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        unsafe { zeroed() }
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_tensor {
    pub struct_size: usize,
    pub flags: u64,
    pub count: u64,
    pub rows: u64,
    pub columns: u64,
    pub whole_count: u64,
    pub first_index: u64,
    pub key: u64,
    pub param: gradstep_array,
    pub grad: gradstep_array,
    pub copy: gradstep_array,
    pub average: gradstep_array,
    pub slots: *const gradstep_array,
    pub slot_count: usize,
    pub scalars: *mut f64,
    pub scalar_count: usize,
    pub delta: gradstep_array,
}
const _: () = {
    assert!(size_of::<gradstep_tensor>() == 296);
    assert!(offset_of!(gradstep_tensor, struct_size) == 0);
    assert!(offset_of!(gradstep_tensor, flags) == 8);
    assert!(offset_of!(gradstep_tensor, count) == 16);
    assert!(offset_of!(gradstep_tensor, rows) == 24);
    assert!(offset_of!(gradstep_tensor, columns) == 32);
    assert!(offset_of!(gradstep_tensor, whole_count) == 40);
    assert!(offset_of!(gradstep_tensor, first_index) == 48);
    assert!(offset_of!(gradstep_tensor, key) == 56);
    assert!(offset_of!(gradstep_tensor, param) == 64);
    assert!(offset_of!(gradstep_tensor, grad) == 104);
    assert!(offset_of!(gradstep_tensor, copy) == 144);
    assert!(offset_of!(gradstep_tensor, average) == 184);
    assert!(offset_of!(gradstep_tensor, slots) == 224);
    assert!(offset_of!(gradstep_tensor, slot_count) == 232);
    assert!(offset_of!(gradstep_tensor, scalars) == 240);
    assert!(offset_of!(gradstep_tensor, scalar_count) == 248);
    assert!(offset_of!(gradstep_tensor, delta) == 256);
};
impl Default for gradstep_tensor {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_slot_layout {
    pub struct_size: usize,
    pub count: u64,
    pub bytes: u64,
    pub extra_bytes: u64,
    pub initial_value: f64,
    pub dtype: i32,
    pub extent: i32,
    pub start: i32,
    pub is_used: i32,
}
const _: () = {
    assert!(size_of::<gradstep_slot_layout>() == 56);
    assert!(offset_of!(gradstep_slot_layout, struct_size) == 0);
    assert!(offset_of!(gradstep_slot_layout, count) == 8);
    assert!(offset_of!(gradstep_slot_layout, bytes) == 16);
    assert!(offset_of!(gradstep_slot_layout, extra_bytes) == 24);
    assert!(offset_of!(gradstep_slot_layout, initial_value) == 32);
    assert!(offset_of!(gradstep_slot_layout, dtype) == 40);
    assert!(offset_of!(gradstep_slot_layout, extent) == 44);
    assert!(offset_of!(gradstep_slot_layout, start) == 48);
    assert!(offset_of!(gradstep_slot_layout, is_used) == 52);
};
impl Default for gradstep_slot_layout {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_apply_options {
    pub struct_size: usize,
    pub flags: u64,
    pub step: u64,
    pub grad_scale: f64,
    pub max_norm: f64,
    pub max_value: f64,
    pub average_decay: f64,
    pub seed: u64,
    pub scalars: *mut f64,
    pub scalar_count: usize,
    pub workspace: *mut c_void,
    pub workspace_size: usize,
    pub grad_norm: f64,
    pub non_finite_count: u64,
    pub average_count: u64,
}
const _: () = {
    assert!(size_of::<gradstep_apply_options>() == 120);
    assert!(offset_of!(gradstep_apply_options, struct_size) == 0);
    assert!(offset_of!(gradstep_apply_options, flags) == 8);
    assert!(offset_of!(gradstep_apply_options, step) == 16);
    assert!(offset_of!(gradstep_apply_options, grad_scale) == 24);
    assert!(offset_of!(gradstep_apply_options, max_norm) == 32);
    assert!(offset_of!(gradstep_apply_options, max_value) == 40);
    assert!(offset_of!(gradstep_apply_options, average_decay) == 48);
    assert!(offset_of!(gradstep_apply_options, seed) == 56);
    assert!(offset_of!(gradstep_apply_options, scalars) == 64);
    assert!(offset_of!(gradstep_apply_options, scalar_count) == 72);
    assert!(offset_of!(gradstep_apply_options, workspace) == 80);
    assert!(offset_of!(gradstep_apply_options, workspace_size) == 88);
    assert!(offset_of!(gradstep_apply_options, grad_norm) == 96);
    assert!(offset_of!(gradstep_apply_options, non_finite_count) == 104);
    assert!(offset_of!(gradstep_apply_options, average_count) == 112);
};
impl Default for gradstep_apply_options {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_apply_result {
    pub struct_size: usize,
    pub piece_count: u64,
    pub non_finite_count: u64,
    pub grad_norm: f64,
    pub clip_factor: f64,
    pub is_skipped: i32,
    pub is_stopped: i32,
    pub left_out_count: usize,
    pub first_left_out: usize,
}
const _: () = {
    assert!(size_of::<gradstep_apply_result>() == 64);
    assert!(offset_of!(gradstep_apply_result, struct_size) == 0);
    assert!(offset_of!(gradstep_apply_result, piece_count) == 8);
    assert!(offset_of!(gradstep_apply_result, non_finite_count) == 16);
    assert!(offset_of!(gradstep_apply_result, grad_norm) == 24);
    assert!(offset_of!(gradstep_apply_result, clip_factor) == 32);
    assert!(offset_of!(gradstep_apply_result, is_skipped) == 40);
    assert!(offset_of!(gradstep_apply_result, is_stopped) == 44);
    assert!(offset_of!(gradstep_apply_result, left_out_count) == 48);
    assert!(offset_of!(gradstep_apply_result, first_left_out) == 56);
};
impl Default for gradstep_apply_result {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_norm_result {
    pub struct_size: usize,
    pub norm: f64,
    pub non_finite_count: u64,
    pub piece_count: u64,
}
const _: () = {
    assert!(size_of::<gradstep_norm_result>() == 32);
    assert!(offset_of!(gradstep_norm_result, struct_size) == 0);
    assert!(offset_of!(gradstep_norm_result, norm) == 8);
    assert!(offset_of!(gradstep_norm_result, non_finite_count) == 16);
    assert!(offset_of!(gradstep_norm_result, piece_count) == 24);
};
impl Default for gradstep_norm_result {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_loss_scaler {
    pub struct_size: usize,
    pub scale: f64,
    pub growth_factor: f64,
    pub backoff_factor: f64,
    pub growth_interval: u64,
    pub steps_in_a_row: u64,
}
const _: () = {
    assert!(size_of::<gradstep_loss_scaler>() == 48);
    assert!(offset_of!(gradstep_loss_scaler, struct_size) == 0);
    assert!(offset_of!(gradstep_loss_scaler, scale) == 8);
    assert!(offset_of!(gradstep_loss_scaler, growth_factor) == 16);
    assert!(offset_of!(gradstep_loss_scaler, backoff_factor) == 24);
    assert!(offset_of!(gradstep_loss_scaler, growth_interval) == 32);
    assert!(offset_of!(gradstep_loss_scaler, steps_in_a_row) == 40);
};
impl Default for gradstep_loss_scaler {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_schedule_info {
    pub struct_size: usize,
    pub name: *const c_char,
    pub summary: *const c_char,
    pub formula: *const c_char,
    pub source: *const c_char,
    pub hyperparameter_count: usize,
}
const _: () = {
    assert!(size_of::<gradstep_schedule_info>() == 48);
    assert!(offset_of!(gradstep_schedule_info, struct_size) == 0);
    assert!(offset_of!(gradstep_schedule_info, name) == 8);
    assert!(offset_of!(gradstep_schedule_info, summary) == 16);
    assert!(offset_of!(gradstep_schedule_info, formula) == 24);
    assert!(offset_of!(gradstep_schedule_info, source) == 32);
    assert!(offset_of!(gradstep_schedule_info, hyperparameter_count) == 40);
};
impl Default for gradstep_schedule_info {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_plateau {
    pub struct_size: usize,
    pub lr: f64,
    pub factor: f64,
    pub threshold: f64,
    pub min_lr: f64,
    pub eps: f64,
    pub best: f64,
    pub patience: u64,
    pub cooldown: u64,
    pub bad_count: u64,
    pub cooldown_left: u64,
    pub maximizes: i32,
    pub is_absolute: i32,
}
const _: () = {
    assert!(size_of::<gradstep_plateau>() == 96);
    assert!(offset_of!(gradstep_plateau, struct_size) == 0);
    assert!(offset_of!(gradstep_plateau, lr) == 8);
    assert!(offset_of!(gradstep_plateau, factor) == 16);
    assert!(offset_of!(gradstep_plateau, threshold) == 24);
    assert!(offset_of!(gradstep_plateau, min_lr) == 32);
    assert!(offset_of!(gradstep_plateau, eps) == 40);
    assert!(offset_of!(gradstep_plateau, best) == 48);
    assert!(offset_of!(gradstep_plateau, patience) == 56);
    assert!(offset_of!(gradstep_plateau, cooldown) == 64);
    assert!(offset_of!(gradstep_plateau, bad_count) == 72);
    assert!(offset_of!(gradstep_plateau, cooldown_left) == 80);
    assert!(offset_of!(gradstep_plateau, maximizes) == 88);
    assert!(offset_of!(gradstep_plateau, is_absolute) == 92);
};
impl Default for gradstep_plateau {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_optimizer_options {
    pub struct_size: usize,
    pub flags: u64,
    pub max_norm: f64,
    pub max_value: f64,
    pub average_decay: f64,
    pub seed: u64,
}
const _: () = {
    assert!(size_of::<gradstep_optimizer_options>() == 48);
    assert!(offset_of!(gradstep_optimizer_options, struct_size) == 0);
    assert!(offset_of!(gradstep_optimizer_options, flags) == 8);
    assert!(offset_of!(gradstep_optimizer_options, max_norm) == 16);
    assert!(offset_of!(gradstep_optimizer_options, max_value) == 24);
    assert!(offset_of!(gradstep_optimizer_options, average_decay) == 32);
    assert!(offset_of!(gradstep_optimizer_options, seed) == 40);
};
impl Default for gradstep_optimizer_options {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_group_options {
    pub struct_size: usize,
    pub name: *const c_char,
    pub rule: *const gradstep_rule,
    pub schedule: *const gradstep_schedule,
    pub lr_scale: f64,
    pub slot_dtype: i32,
    pub flags: u32,
    pub max_norm: f64,
}
const _: () = {
    assert!(size_of::<gradstep_group_options>() == 56);
    assert!(offset_of!(gradstep_group_options, struct_size) == 0);
    assert!(offset_of!(gradstep_group_options, name) == 8);
    assert!(offset_of!(gradstep_group_options, rule) == 16);
    assert!(offset_of!(gradstep_group_options, schedule) == 24);
    assert!(offset_of!(gradstep_group_options, lr_scale) == 32);
    assert!(offset_of!(gradstep_group_options, slot_dtype) == 40);
    assert!(offset_of!(gradstep_group_options, flags) == 44);
    assert!(offset_of!(gradstep_group_options, max_norm) == 48);
};
impl Default for gradstep_group_options {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_step_options {
    pub struct_size: usize,
    pub flags: u64,
    pub grad_scale: f64,
    pub grad_norm: f64,
    pub non_finite_count: u64,
}
const _: () = {
    assert!(size_of::<gradstep_step_options>() == 40);
    assert!(offset_of!(gradstep_step_options, struct_size) == 0);
    assert!(offset_of!(gradstep_step_options, flags) == 8);
    assert!(offset_of!(gradstep_step_options, grad_scale) == 16);
    assert!(offset_of!(gradstep_step_options, grad_norm) == 24);
    assert!(offset_of!(gradstep_step_options, non_finite_count) == 32);
};
impl Default for gradstep_step_options {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_optimizer_info {
    pub struct_size: usize,
    pub group_count: usize,
    pub tensor_count: usize,
    pub step_count: u64,
    pub skipped_count: u64,
    pub grad_norm: f64,
    pub state_bytes: usize,
    pub is_in_step: i32,
    pub reserved: i32,
    pub tensor_end: usize,
    pub group_end: usize,
}
const _: () = {
    assert!(size_of::<gradstep_optimizer_info>() == 80);
    assert!(offset_of!(gradstep_optimizer_info, struct_size) == 0);
    assert!(offset_of!(gradstep_optimizer_info, group_count) == 8);
    assert!(offset_of!(gradstep_optimizer_info, tensor_count) == 16);
    assert!(offset_of!(gradstep_optimizer_info, step_count) == 24);
    assert!(offset_of!(gradstep_optimizer_info, skipped_count) == 32);
    assert!(offset_of!(gradstep_optimizer_info, grad_norm) == 40);
    assert!(offset_of!(gradstep_optimizer_info, state_bytes) == 48);
    assert!(offset_of!(gradstep_optimizer_info, is_in_step) == 56);
    assert!(offset_of!(gradstep_optimizer_info, reserved) == 60);
    assert!(offset_of!(gradstep_optimizer_info, tensor_end) == 64);
    assert!(offset_of!(gradstep_optimizer_info, group_end) == 72);
};
impl Default for gradstep_optimizer_info {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_group_info {
    pub struct_size: usize,
    pub name: *const c_char,
    pub rule_name: *const c_char,
    pub schedule_name: *const c_char,
    pub tensor_count: usize,
    pub lr: f64,
    pub momentum: f64,
    pub lr_scale: f64,
    pub max_norm: f64,
    pub grad_norm: f64,
}
const _: () = {
    assert!(size_of::<gradstep_group_info>() == 80);
    assert!(offset_of!(gradstep_group_info, struct_size) == 0);
    assert!(offset_of!(gradstep_group_info, name) == 8);
    assert!(offset_of!(gradstep_group_info, rule_name) == 16);
    assert!(offset_of!(gradstep_group_info, schedule_name) == 24);
    assert!(offset_of!(gradstep_group_info, tensor_count) == 32);
    assert!(offset_of!(gradstep_group_info, lr) == 40);
    assert!(offset_of!(gradstep_group_info, momentum) == 48);
    assert!(offset_of!(gradstep_group_info, lr_scale) == 56);
    assert!(offset_of!(gradstep_group_info, max_norm) == 64);
    assert!(offset_of!(gradstep_group_info, grad_norm) == 72);
};
impl Default for gradstep_group_info {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_tensor_info {
    pub struct_size: usize,
    pub name: *const c_char,
    pub group: usize,
    pub count: usize,
    pub step_count: u64,
    pub accumulate_count: u64,
    pub param_dtype: i32,
    pub grad_dtype: i32,
    pub is_frozen: i32,
    pub has_grad: i32,
    pub average_count: u64,
}
const _: () = {
    assert!(size_of::<gradstep_tensor_info>() == 72);
    assert!(offset_of!(gradstep_tensor_info, struct_size) == 0);
    assert!(offset_of!(gradstep_tensor_info, name) == 8);
    assert!(offset_of!(gradstep_tensor_info, group) == 16);
    assert!(offset_of!(gradstep_tensor_info, count) == 24);
    assert!(offset_of!(gradstep_tensor_info, step_count) == 32);
    assert!(offset_of!(gradstep_tensor_info, accumulate_count) == 40);
    assert!(offset_of!(gradstep_tensor_info, param_dtype) == 48);
    assert!(offset_of!(gradstep_tensor_info, grad_dtype) == 52);
    assert!(offset_of!(gradstep_tensor_info, is_frozen) == 56);
    assert!(offset_of!(gradstep_tensor_info, has_grad) == 60);
    assert!(offset_of!(gradstep_tensor_info, average_count) == 64);
};
impl Default for gradstep_tensor_info {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_save_options {
    pub struct_size: usize,
    pub flags: u64,
    pub path: *const c_char,
    pub write: Option<gradstep_write>,
    pub stream: *mut c_void,
    pub memory: *mut c_void,
    pub memory_size: usize,
}
const _: () = {
    assert!(size_of::<gradstep_save_options>() == 56);
    assert!(offset_of!(gradstep_save_options, struct_size) == 0);
    assert!(offset_of!(gradstep_save_options, flags) == 8);
    assert!(offset_of!(gradstep_save_options, path) == 16);
    assert!(offset_of!(gradstep_save_options, write) == 24);
    assert!(offset_of!(gradstep_save_options, stream) == 32);
    assert!(offset_of!(gradstep_save_options, memory) == 40);
    assert!(offset_of!(gradstep_save_options, memory_size) == 48);
};
impl Default for gradstep_save_options {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_load_result {
    pub struct_size: usize,
    pub loaded_count: usize,
    pub missing_count: usize,
    pub extra_count: usize,
}
const _: () = {
    assert!(size_of::<gradstep_load_result>() == 32);
    assert!(offset_of!(gradstep_load_result, struct_size) == 0);
    assert!(offset_of!(gradstep_load_result, loaded_count) == 8);
    assert!(offset_of!(gradstep_load_result, missing_count) == 16);
    assert!(offset_of!(gradstep_load_result, extra_count) == 24);
};
impl Default for gradstep_load_result {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct gradstep_load_options {
    pub struct_size: usize,
    pub flags: u64,
    pub path: *const c_char,
    pub read: Option<gradstep_read>,
    pub stream: *mut c_void,
    pub stream_size: u64,
    pub memory: *const c_void,
    pub memory_size: usize,
    pub file_prefix: *const c_char,
    pub prefix: *const c_char,
}
const _: () = {
    assert!(size_of::<gradstep_load_options>() == 80);
    assert!(offset_of!(gradstep_load_options, struct_size) == 0);
    assert!(offset_of!(gradstep_load_options, flags) == 8);
    assert!(offset_of!(gradstep_load_options, path) == 16);
    assert!(offset_of!(gradstep_load_options, read) == 24);
    assert!(offset_of!(gradstep_load_options, stream) == 32);
    assert!(offset_of!(gradstep_load_options, stream_size) == 40);
    assert!(offset_of!(gradstep_load_options, memory) == 48);
    assert!(offset_of!(gradstep_load_options, memory_size) == 56);
    assert!(offset_of!(gradstep_load_options, file_prefix) == 64);
    assert!(offset_of!(gradstep_load_options, prefix) == 72);
};
impl Default for gradstep_load_options {
    /// All of it is 0, except struct_size.
    fn default() -> Self {
        // SAFETY: integers, floats, pointers and optional functions may be 0.
        let mut all: Self = unsafe { zeroed() };
        all.struct_size = size_of::<Self>();
        all
    }
}
unsafe extern "C" {
    pub fn gradstep_version() -> u32;
    pub fn gradstep_version_text() -> *const c_char;
    pub fn gradstep_status_name(status: gradstep_status) -> *const c_char;
    pub fn gradstep_last_error() -> *const c_char;
    pub fn gradstep_call(
        function: *const c_char,
        arguments: *const u64,
        argument_count: usize,
        sentence: *mut c_char,
        sentence_size: usize,
    ) -> gradstep_status;
    pub fn gradstep_isa_count() -> usize;
    pub fn gradstep_isa_name(index: usize) -> *const c_char;
    pub fn gradstep_isa_is_available(index: usize) -> i32;
    pub fn gradstep_context_create(
        options: *const gradstep_context_options,
        context: *mut *mut gradstep_context,
    ) -> gradstep_status;
    pub fn gradstep_context_destroy(context: *mut gradstep_context);
    pub fn gradstep_context_describe(
        context: *const gradstep_context,
        info: *mut gradstep_context_info,
    ) -> gradstep_status;
    pub fn gradstep_rule_count() -> usize;
    pub fn gradstep_rule_name(index: usize) -> *const c_char;
    pub fn gradstep_rule_describe(
        rule_name: *const c_char,
        info: *mut gradstep_rule_info,
    ) -> gradstep_status;
    pub fn gradstep_rule_describe_hyperparameter(
        rule_name: *const c_char,
        index: usize,
        info: *mut gradstep_hyperparameter_info,
    ) -> gradstep_status;
    pub fn gradstep_rule_describe_slot(
        rule_name: *const c_char,
        index: usize,
        info: *mut gradstep_slot_info,
    ) -> gradstep_status;
    pub fn gradstep_rule_describe_scalar(
        rule_name: *const c_char,
        index: usize,
        info: *mut gradstep_scalar_info,
    ) -> gradstep_status;
    pub fn gradstep_rule_transform_name(rule_name: *const c_char, index: usize) -> *const c_char;
    pub fn gradstep_rule_create(
        rule_name: *const c_char,
        rule: *mut *mut gradstep_rule,
    ) -> gradstep_status;
    pub fn gradstep_rule_destroy(rule: *mut gradstep_rule);
    pub fn gradstep_rule_set(
        rule: *mut gradstep_rule,
        name: *const c_char,
        value: f64,
    ) -> gradstep_status;
    pub fn gradstep_rule_get(
        rule: *const gradstep_rule,
        name: *const c_char,
        value: *mut f64,
    ) -> gradstep_status;
    pub fn gradstep_rule_check(rule: *const gradstep_rule) -> gradstep_status;
    pub fn gradstep_array_read(
        array: *const gradstep_array,
        count: usize,
        values: *mut f64,
    ) -> gradstep_status;
    pub fn gradstep_array_write(
        array: *const gradstep_array,
        count: usize,
        values: *const f64,
    ) -> gradstep_status;
    pub fn gradstep_rule_slot_layout(
        rule: *const gradstep_rule,
        index: usize,
        tensor: *const gradstep_tensor,
        dtype: i32,
        layout: *mut gradstep_slot_layout,
    ) -> gradstep_status;
    pub fn gradstep_apply(
        context: *const gradstep_context,
        rule: *const gradstep_rule,
        tensors: *const gradstep_tensor,
        tensor_count: usize,
        options: *const gradstep_apply_options,
        result: *mut gradstep_apply_result,
    ) -> gradstep_status;
    pub fn gradstep_apply_part(
        context: *const gradstep_context,
        rule: *const gradstep_rule,
        tensors: *const gradstep_tensor,
        tensor_count: usize,
        options: *const gradstep_apply_options,
        part: usize,
        part_count: usize,
        result: *mut gradstep_apply_result,
    ) -> gradstep_status;
    pub fn gradstep_apply_arrays(
        context: *const gradstep_context,
        rule: *const gradstep_rule,
        step: u64,
        count: u64,
        rows: u64,
        columns: u64,
        param_dtype: i32,
        param: *mut c_void,
        grad_dtype: i32,
        grad: *mut c_void,
        slot_dtype: i32,
        slot0: *mut c_void,
        slot1: *mut c_void,
        slot2: *mut c_void,
        slot3: *mut c_void,
        slot4: *mut c_void,
        slot5: *mut c_void,
        slot6: *mut c_void,
        slot7: *mut c_void,
        scalars: *mut f64,
        options: *const gradstep_apply_options,
        result: *mut gradstep_apply_result,
    ) -> gradstep_status;
    pub fn gradstep_workspace_size(
        rule: *const gradstep_rule,
        tensors: *const gradstep_tensor,
        tensor_count: usize,
        bytes: *mut usize,
    ) -> gradstep_status;
    pub fn gradstep_transform(
        context: *const gradstep_context,
        rule: *const gradstep_rule,
        tensors: *const gradstep_tensor,
        tensor_count: usize,
        name: *const c_char,
    ) -> gradstep_status;
    pub fn gradstep_gradient_norm(
        context: *const gradstep_context,
        tensors: *const gradstep_tensor,
        tensor_count: usize,
        result: *mut gradstep_norm_result,
    ) -> gradstep_status;
    pub fn gradstep_loss_scaler_init(scaler: *mut gradstep_loss_scaler) -> gradstep_status;
    pub fn gradstep_loss_scaler_update(
        scaler: *mut gradstep_loss_scaler,
        is_skipped: i32,
    ) -> gradstep_status;
    pub fn gradstep_schedule_count() -> usize;
    pub fn gradstep_schedule_name(index: usize) -> *const c_char;
    pub fn gradstep_schedule_describe(
        schedule_name: *const c_char,
        info: *mut gradstep_schedule_info,
    ) -> gradstep_status;
    pub fn gradstep_schedule_describe_hyperparameter(
        schedule_name: *const c_char,
        index: usize,
        info: *mut gradstep_hyperparameter_info,
    ) -> gradstep_status;
    pub fn gradstep_schedule_create(
        schedule_name: *const c_char,
        schedule: *mut *mut gradstep_schedule,
    ) -> gradstep_status;
    pub fn gradstep_schedule_create_sequence(
        parts: *const *const gradstep_schedule,
        lengths: *const u64,
        count: usize,
        schedule: *mut *mut gradstep_schedule,
    ) -> gradstep_status;
    pub fn gradstep_schedule_destroy(schedule: *mut gradstep_schedule);
    pub fn gradstep_schedule_set(
        schedule: *mut gradstep_schedule,
        name: *const c_char,
        value: f64,
    ) -> gradstep_status;
    pub fn gradstep_schedule_get(
        schedule: *const gradstep_schedule,
        name: *const c_char,
        value: *mut f64,
    ) -> gradstep_status;
    pub fn gradstep_schedule_set_list(
        schedule: *mut gradstep_schedule,
        name: *const c_char,
        values: *const f64,
        count: usize,
    ) -> gradstep_status;
    pub fn gradstep_schedule_check(schedule: *const gradstep_schedule) -> gradstep_status;
    pub fn gradstep_schedule_lr(
        schedule: *const gradstep_schedule,
        base_lr: f64,
        t: f64,
        lr: *mut f64,
    ) -> gradstep_status;
    pub fn gradstep_schedule_momentum(
        schedule: *const gradstep_schedule,
        t: f64,
        momentum: *mut f64,
    ) -> gradstep_status;
    pub fn gradstep_plateau_init(plateau: *mut gradstep_plateau, lr: f64) -> gradstep_status;
    pub fn gradstep_plateau_report(
        plateau: *mut gradstep_plateau,
        metric: f64,
        is_reduced: *mut i32,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_create(
        context: *const gradstep_context,
        options: *const gradstep_optimizer_options,
        optimizer: *mut *mut gradstep_optimizer,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_destroy(optimizer: *mut gradstep_optimizer);
    pub fn gradstep_optimizer_set_options(
        optimizer: *mut gradstep_optimizer,
        options: *const gradstep_optimizer_options,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_add_group(
        optimizer: *mut gradstep_optimizer,
        options: *const gradstep_group_options,
        group: *mut usize,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_add_tensor(
        optimizer: *mut gradstep_optimizer,
        group: usize,
        name: *const c_char,
        tensor: *const gradstep_tensor,
        index: *mut usize,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_add_arrays(
        optimizer: *mut gradstep_optimizer,
        group: usize,
        name: *const c_char,
        count: u64,
        rows: u64,
        columns: u64,
        param_dtype: i32,
        param: *mut c_void,
        grad_dtype: i32,
        grad: *mut c_void,
        index: *mut usize,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_remove_tensor(
        optimizer: *mut gradstep_optimizer,
        tensor: usize,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_remove_group(
        optimizer: *mut gradstep_optimizer,
        group: usize,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_move_tensor(
        optimizer: *mut gradstep_optimizer,
        tensor: usize,
        group: usize,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_set_param(
        optimizer: *mut gradstep_optimizer,
        tensor: usize,
        arrays: *const gradstep_tensor,
        sources: *const i64,
        source_count: usize,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_find_group(
        optimizer: *const gradstep_optimizer,
        name: *const c_char,
        group: *mut usize,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_find_tensor(
        optimizer: *const gradstep_optimizer,
        name: *const c_char,
        tensor: *mut usize,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_set_grad(
        optimizer: *mut gradstep_optimizer,
        tensor: usize,
        grad: *mut c_void,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_set_grads(
        optimizer: *mut gradstep_optimizer,
        first: usize,
        count: usize,
        grads: *const *mut c_void,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_set_frozen(
        optimizer: *mut gradstep_optimizer,
        tensor: usize,
        is_frozen: i32,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_set_hyperparameter(
        optimizer: *mut gradstep_optimizer,
        group: usize,
        name: *const c_char,
        value: f64,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_get_hyperparameter(
        optimizer: *const gradstep_optimizer,
        group: usize,
        name: *const c_char,
        value: *mut f64,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_set_schedule(
        optimizer: *mut gradstep_optimizer,
        group: usize,
        schedule: *const gradstep_schedule,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_set_plateau(
        optimizer: *mut gradstep_optimizer,
        group: usize,
        plateau: *const gradstep_plateau,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_get_plateau(
        optimizer: *const gradstep_optimizer,
        group: usize,
        plateau: *mut gradstep_plateau,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_report_metric(
        optimizer: *mut gradstep_optimizer,
        metric: f64,
        reduced_count: *mut usize,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_set_group_max_norm(
        optimizer: *mut gradstep_optimizer,
        group: usize,
        max_norm: f64,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_set_loss_scaler(
        optimizer: *mut gradstep_optimizer,
        scaler: *const gradstep_loss_scaler,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_get_loss_scaler(
        optimizer: *const gradstep_optimizer,
        scaler: *mut gradstep_loss_scaler,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_transform(
        optimizer: *mut gradstep_optimizer,
        group: usize,
        name: *const c_char,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_start_average(
        optimizer: *mut gradstep_optimizer,
        tensor: usize,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_set_average_count(
        optimizer: *mut gradstep_optimizer,
        tensor: usize,
        count: u64,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_step(
        optimizer: *mut gradstep_optimizer,
        options: *const gradstep_step_options,
        result: *mut gradstep_apply_result,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_begin_step(
        optimizer: *mut gradstep_optimizer,
        options: *const gradstep_step_options,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_step_tensor(
        optimizer: *mut gradstep_optimizer,
        tensor: usize,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_end_step(
        optimizer: *mut gradstep_optimizer,
        result: *mut gradstep_apply_result,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_inspect(
        optimizer: *mut gradstep_optimizer,
        tensor: usize,
        grad_scale: f64,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_accumulate(
        optimizer: *mut gradstep_optimizer,
        tensor: usize,
        scale: f64,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_describe(
        optimizer: *const gradstep_optimizer,
        info: *mut gradstep_optimizer_info,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_describe_group(
        optimizer: *const gradstep_optimizer,
        group: usize,
        info: *mut gradstep_group_info,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_describe_tensor(
        optimizer: *const gradstep_optimizer,
        tensor: usize,
        info: *mut gradstep_tensor_info,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_get_array(
        optimizer: *const gradstep_optimizer,
        tensor: usize,
        array_name: *const c_char,
        array: *mut gradstep_array,
        count: *mut usize,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_get_scalar(
        optimizer: *const gradstep_optimizer,
        tensor: usize,
        name: *const c_char,
        value: *mut f64,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_set_step_count(
        optimizer: *mut gradstep_optimizer,
        step_count: u64,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_set_tensor_step_count(
        optimizer: *mut gradstep_optimizer,
        tensor: usize,
        step_count: u64,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_export_array(
        optimizer: *const gradstep_optimizer,
        tensor: usize,
        array_name: *const c_char,
        to: *const gradstep_array,
        count: usize,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_import_array(
        optimizer: *mut gradstep_optimizer,
        tensor: usize,
        array_name: *const c_char,
        from: *const gradstep_array,
        count: usize,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_set_scalar(
        optimizer: *mut gradstep_optimizer,
        tensor: usize,
        name: *const c_char,
        value: f64,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_set_note(
        optimizer: *mut gradstep_optimizer,
        name: *const c_char,
        text: *const c_char,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_get_note(
        optimizer: *const gradstep_optimizer,
        name: *const c_char,
        text: *mut *const c_char,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_note_count(
        optimizer: *const gradstep_optimizer,
        count: *mut usize,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_note_at(
        optimizer: *const gradstep_optimizer,
        index: usize,
        name: *mut *const c_char,
        text: *mut *const c_char,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_save_to(
        optimizer: *const gradstep_optimizer,
        options: *const gradstep_save_options,
        size: *mut u64,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_save(
        optimizer: *const gradstep_optimizer,
        path: *const c_char,
        flags: u64,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_load_from(
        optimizer: *mut gradstep_optimizer,
        options: *const gradstep_load_options,
        result: *mut gradstep_load_result,
    ) -> gradstep_status;
    pub fn gradstep_optimizer_load(
        optimizer: *mut gradstep_optimizer,
        path: *const c_char,
        flags: u64,
        result: *mut gradstep_load_result,
    ) -> gradstep_status;
}
