// SPDX-License-Identifier: Apache-2.0
use gradstep_sys as sys;

/// How the elements of an array are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum Dtype {
    /// `f32`
    Float32 = sys::GRADSTEP_FLOAT32,
    /// `f64`; the step computes in double precision.
    Float64 = sys::GRADSTEP_FLOAT64,
    /// `half::bf16`: the upper half of a float32
    BFloat16 = sys::GRADSTEP_BFLOAT16,
    /// `half::f16`
    Float16 = sys::GRADSTEP_FLOAT16,
    /// For slots: 8-bit floats with a sign, in blocks of 256 with a scale each.
    S1E4M3Blocks = sys::GRADSTEP_S1E4M3_B256,
    /// For slots that are never negative: 8-bit floats without a sign, in blocks of 256.
    E5M3Blocks = sys::GRADSTEP_E5M3_B256,
}

impl Dtype {
    pub(crate) fn from_code(code: i32) -> Option<Self> {
        [
            Self::Float32,
            Self::Float64,
            Self::BFloat16,
            Self::Float16,
            Self::S1E4M3Blocks,
            Self::E5M3Blocks,
        ]
        .into_iter()
        .find(|dtype| *dtype as i32 == code)
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A type of the elements of params, gradients and copies: `f32`, `f64` and, with the feature `half`,
/// `half::bf16` and `half::f16`.
pub trait Element: sealed::Sealed + Copy + Default + Send + Sync + 'static {
    /// How the library calls the type.
    const DTYPE: Dtype;
}

macro_rules! element {
    ($($type:ty, $dtype:ident;)*) => {$(
        impl sealed::Sealed for $type {}
        impl Element for $type {
            const DTYPE: Dtype = Dtype::$dtype;
        }
    )*};
}

element! {
    f32, Float32;
    f64, Float64;
}
#[cfg(feature = "half")]
element! {
    half::bf16, BFloat16;
    half::f16, Float16;
}

/// An array of the host's. `data` may be NULL.
pub(crate) fn array_of(dtype: Dtype, data: *mut std::ffi::c_void) -> sys::gradstep_array {
    sys::gradstep_array {
        data,
        dtype: dtype as i32,
        ..Default::default()
    }
}
