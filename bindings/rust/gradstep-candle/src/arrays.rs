// SPDX-License-Identifier: Apache-2.0
//! Where the elements of candle's tensors are.
use std::ffi::c_void;

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor, bail};
use gradstep::{Dtype, LentArray, Shape};

/// The elements of a contiguous tensor in a storage of the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Elements {
    pub dtype: Dtype,
    pub storage: usize, // the address of the storage's first element
    pub first: *const c_void,
}

impl Elements {
    /// None: the dtype is not one of the library's, or the layout has gaps or leaves the storage.
    pub fn of(storage: &CpuStorage, layout: &Layout) -> Option<Self> {
        let (begin, end) = layout.contiguous_offsets()?;
        macro_rules! elements {
            ($($variant:ident, $dtype:ident;)*) => {
                match storage {
                    $(CpuStorage::$variant(all) => Some(Self {
                        dtype: Dtype::$dtype,
                        storage: all.as_ptr().addr(),
                        first: all.get(begin..end)?.as_ptr().cast(),
                    }),)*
                    _ => None,
                }
            };
        }
        elements! {
            F32, Float32;
            F64, Float64;
            BF16, BFloat16;
            F16, Float16;
        }
    }

    /// The elements of a storage that the caller has exclusively, to be written.
    pub fn of_mut(storage: &mut CpuStorage, layout: &Layout) -> Option<LentArray> {
        let (begin, end) = layout.contiguous_offsets()?;
        macro_rules! elements {
            ($($variant:ident, $dtype:ident;)*) => {
                match storage {
                    $(CpuStorage::$variant(all) => Some(LentArray {
                        dtype: Dtype::$dtype,
                        data: all.get_mut(begin..end)?.as_mut_ptr().cast(),
                    }),)*
                    _ => None,
                }
            };
        }
        elements! {
            F32, Float32;
            F64, Float64;
            BF16, BFloat16;
            F16, Float16;
        }
    }

    /// `what` and `name` say in an error which tensor it is.
    pub fn of_tensor(tensor: &Tensor, what: &str, name: &str) -> Result<Self> {
        let (storage, layout) = tensor.storage_and_layout();
        let Storage::Cpu(storage) = &*storage else {
            bail!(
                "{what} {name:?} is on {:?}; gradstep steps tensors on the CPU",
                tensor.device().location()
            );
        };
        match Self::of(storage, layout) {
            Some(elements) => Ok(elements),
            None if layout.is_contiguous() => bail!(
                "{what} {name:?} is {}; gradstep steps f32, f64, bf16 and f16",
                tensor.dtype().as_str()
            ),
            None => bail!(
                "{what} {name:?} has the strides {:?}; it must be contiguous",
                layout.stride()
            ),
        }
    }
}

/// The matrices of a tensor are its last two dimensions.
pub(crate) fn shape_of(tensor: &Tensor) -> Shape {
    match tensor.dims() {
        [.., rows, columns] if *rows > 0 && *columns > 0 => {
            Shape::matrices(tensor.elem_count() / (rows * columns), *rows, *columns)
        }
        _ => Shape::flat(tensor.elem_count()),
    }
}

/// An error of the library's as one of candle's.
pub(crate) fn failed(error: gradstep::Error) -> candle_core::Error {
    candle_core::Error::wrap(error)
}
