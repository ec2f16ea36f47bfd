// SPDX-License-Identifier: Apache-2.0
//! Tensors whose arrays stay the host's, for engines that keep params and hand them out under a lock.
use std::ffi::c_void;

use gradstep_sys as sys;

use crate::element::{Dtype, array_of};
use crate::error::{Result, check};
use crate::optimizer::{GroupId, Optimizer, Place, TensorId};
use crate::state::Shape;
use crate::stepping::StepInParts;

/// The address of a param's elements, and the dtype of the param and its gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LentArray {
    /// Of `f32`, `f64` or a 16-bit type.
    pub dtype: Dtype,
    /// Of the first element.
    pub data: *mut c_void,
}

impl LentArray {
    fn tensor(self, shape: Shape) -> sys::gradstep_tensor {
        sys::gradstep_tensor {
            count: shape.count as u64,
            rows: shape.rows as u64,
            columns: shape.columns as u64,
            param: array_of(self.dtype, self.data),
            grad: array_of(self.dtype, std::ptr::null_mut()),
            ..Default::default()
        }
    }
}

impl Optimizer {
    /// Adds a tensor whose param and gradients are the host's. It has no gradient yet.
    ///
    /// # Safety
    /// Until the tensor is removed or `set_lent_param` replaces the address, a call that uses the
    /// param may only be made while the param is valid there and nobody else uses its elements: a step
    /// in which the tensor takes part, a transform, `read_array` and `write_array` of "param", a save
    /// or load with params.
    pub unsafe fn add_lent(
        &mut self,
        group: GroupId,
        name: &str,
        shape: Shape,
        param: LentArray,
    ) -> Result<TensorId> {
        // SAFETY: the caller promises it.
        unsafe { self.add_place(group, name, &param.tensor(shape), Place::Lent) }
    }

    /// The tensor's param is the host's from now on, or elsewhere, with the same shape. The tensor has no
    /// gradient afterwards.
    ///
    /// # Safety
    /// As for `add_lent`.
    pub unsafe fn set_lent_param(
        &mut self,
        tensor: TensorId,
        shape: Shape,
        param: LentArray,
    ) -> Result<()> {
        let arrays = param.tensor(shape);
        let (handle, from) = (self.as_ptr(), std::ptr::null());
        // SAFETY: the pointers are valid, as they are below; those in the tensor by the caller's promise.
        check(unsafe { sys::gradstep_optimizer_set_param(handle, tensor.0, &arrays, from, 0) })?;
        self.tensors[tensor.0] = Place::Lent; // after the library has let go of owned arrays
        Ok(())
    }

    /// Sets the gradient of a lent tensor; NULL: it has none, and takes no part in steps.
    ///
    /// # Safety
    /// Until it is replaced, a call that uses the gradient may only be made while the gradient is valid at
    /// this address, in the tensor's dtype and count, and nobody writes it: a step, an inspection, an
    /// accumulation. With [`crate::OptimizerOptions::zero_grad`] nobody else may use it at all.
    pub unsafe fn set_lent_grad(&mut self, tensor: TensorId, grad: *const c_void) -> Result<()> {
        check(unsafe { sys::gradstep_optimizer_set_grad(self.as_ptr(), tensor.0, grad.cast_mut()) })
    }
}

impl StepInParts<'_> {
    /// Steps a tensor.
    pub fn step_tensor(&mut self, tensor: TensorId) -> Result<()> {
        check(unsafe { sys::gradstep_optimizer_step_tensor(self.optimizer.as_ptr(), tensor.0) })
    }
}
