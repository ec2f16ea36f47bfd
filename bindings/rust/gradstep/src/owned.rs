// SPDX-License-Identifier: Apache-2.0
use std::ptr::NonNull;

use gradstep_sys as sys;

use crate::element::{Dtype, Element, array_of};
use crate::error::{Error, Result};

/// An array that an optimizer owns and the library writes: a boxed slice of any element type, by its
/// address, so that moving the owner does not count as using the elements.
#[derive(Debug)]
pub(crate) struct OwnedArray {
    data: NonNull<u8>,
    len: usize,
    dtype: Dtype,
    free: unsafe fn(NonNull<u8>, usize),
}

// SAFETY: elements are Send and Sync.
unsafe impl Send for OwnedArray {}
unsafe impl Sync for OwnedArray {}

/// # Safety
/// `data` and `len` are those of a boxed slice of T that nobody else owns.
unsafe fn free<T: Element>(data: NonNull<u8>, len: usize) {
    let slice = std::ptr::slice_from_raw_parts_mut(data.as_ptr().cast::<T>(), len);
    drop(unsafe { Box::from_raw(slice) });
}

impl OwnedArray {
    pub fn new<T: Element>(elements: Vec<T>) -> Self {
        let slice = Box::into_raw(elements.into_boxed_slice());
        Self {
            data: NonNull::new(slice.cast::<u8>()).expect("a box has an address"),
            len: slice.len(),
            dtype: T::DTYPE,
            free: free::<T>,
        }
    }

    pub fn zeros<T: Element>(len: usize) -> Self {
        Self::new(vec![T::default(); len])
    }

    pub fn array(&self) -> sys::gradstep_array {
        array_of(self.dtype, self.data.as_ptr().cast())
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn slice<T: Element>(&self, what: &str) -> Result<&[T]> {
        self.expect_type::<T>(what)?;
        // SAFETY: the elements are Ts, and &self keeps the library from writing them.
        Ok(unsafe { std::slice::from_raw_parts(self.data.as_ptr().cast::<T>(), self.len) })
    }

    pub fn slice_mut<T: Element>(&mut self, what: &str) -> Result<&mut [T]> {
        self.expect_type::<T>(what)?;
        // SAFETY: as above, and &mut self excludes other readers.
        Ok(unsafe { std::slice::from_raw_parts_mut(self.data.as_ptr().cast::<T>(), self.len) })
    }

    fn expect_type<T: Element>(&self, what: &str) -> Result<()> {
        if self.dtype == T::DTYPE {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "{what} is {:?}, and is asked for as {:?}",
            self.dtype,
            T::DTYPE
        )))
    }
}

impl Drop for OwnedArray {
    fn drop(&mut self) {
        // SAFETY: made by `new`.
        unsafe { (self.free)(self.data, self.len) }
    }
}
