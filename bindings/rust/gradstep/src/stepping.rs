// SPDX-License-Identifier: Apache-2.0
//! A step made tensor by tensor, each as soon as its gradient is ready, on any threads.
use std::marker::PhantomData;

use gradstep_sys as sys;

use crate::apply::StepResult;
use crate::element::Element;
use crate::error::{Result, check};
use crate::optimizer::{Optimizer, Place, TensorArrays, TensorId};

/// A step that has begun. Dropping it ends the step; tensors that were not stepped are left out.
#[derive(Debug)]
pub struct StepInParts<'a> {
    pub(crate) optimizer: &'a mut Optimizer,
    is_over: bool,
}

/// A tensor within a step: its gradient can still be written, and it is stepped once.
#[derive(Debug)]
pub struct TensorStep<'a> {
    handle: *mut sys::gradstep_optimizer,
    id: TensorId,
    arrays: &'a mut TensorArrays,
    _step: PhantomData<&'a Optimizer>,
}

// SAFETY: it has its tensor's arrays for itself; step_tensor may be called from any thread.
unsafe impl Send for TensorStep<'_> {}

impl Optimizer {
    /// Begins a step tensor by tensor. Its bits are those of [`Optimizer::step`]. Options that need all
    /// gradients before the first tensor is stepped (max_norm, check_finite, a loss scale) are refused.
    ///
    /// ```
    /// # use gradstep::{GroupOptions, Optimizer, Rule};
    /// # fn main() -> gradstep::Result<()> {
    /// # let mut optimizer = Optimizer::new()?;
    /// # let rule = Rule::new("sgd")?.with("lr", 1.0)?;
    /// # let group = optimizer.add_group(GroupOptions::new("all", &rule))?;
    /// # let id = optimizer.add_tensor(group, "w", vec![1.0f32; 4])?;
    /// let mut step = optimizer.begin_step()?;
    /// std::thread::scope(|threads| {
    ///     for mut tensor in step.tensors() {
    ///         threads.spawn(move || {
    ///             tensor.grad_mut::<f32>()?.fill(0.5);
    ///             tensor.step()
    ///         });
    ///     }
    /// });
    /// assert_eq!(step.end()?.left_out_count, 0);
    /// # assert_eq!(optimizer.param::<f32>(id)?, [0.5; 4]);
    /// # Ok(()) }
    /// ```
    pub fn begin_step(&mut self) -> Result<StepInParts<'_>> {
        self.begin_step_with(sys::gradstep_step_options::default())
    }

    /// As `begin_step`, after [`Optimizer::inspect`] of each gradient, so that the options that need
    /// all gradients are not refused.
    pub fn begin_inspected_step(&mut self) -> Result<StepInParts<'_>> {
        self.begin_step_with(sys::gradstep_step_options {
            flags: sys::GRADSTEP_STEP_INSPECTED,
            ..Default::default()
        })
    }

    fn begin_step_with(&mut self, options: sys::gradstep_step_options) -> Result<StepInParts<'_>> {
        // SAFETY: the pointers are valid, as they are below.
        check(unsafe { sys::gradstep_optimizer_begin_step(self.as_ptr(), &options) })?;
        Ok(StepInParts {
            optimizer: self,
            is_over: false,
        })
    }

    /// Reads the tensor's gradient for the norm and the finite check of the next step, which is to be
    /// begun by [`Optimizer::begin_inspected_step`].
    pub fn inspect(&mut self, tensor: TensorId) -> Result<()> {
        check(unsafe { sys::gradstep_optimizer_inspect(self.as_ptr(), tensor.0, 1.0) })
    }
}

impl StepInParts<'_> {
    /// Each tensor, to be stepped by whoever has it.
    pub fn tensors(&mut self) -> impl Iterator<Item = TensorStep<'_>> {
        let handle = self.optimizer.as_ptr();
        self.optimizer
            .tensors
            .iter_mut()
            .enumerate()
            .filter_map(move |(index, arrays)| {
                let Place::Owned(arrays) = arrays else {
                    return None;
                };
                Some(TensorStep {
                    handle,
                    id: TensorId(index),
                    arrays,
                    _step: PhantomData,
                })
            })
    }

    /// Ends the step, and tells whether tensors were left out.
    pub fn end(mut self) -> Result<StepResult> {
        let mut result = sys::gradstep_apply_result::default();
        self.is_over = true;
        check(unsafe { sys::gradstep_optimizer_end_step(self.optimizer.as_ptr(), &mut result) })?;
        Ok(result.into())
    }
}

impl Drop for StepInParts<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            unsafe {
                sys::gradstep_optimizer_end_step(self.optimizer.as_ptr(), std::ptr::null_mut())
            };
        }
    }
}

impl TensorStep<'_> {
    /// Which tensor it is.
    pub fn id(&self) -> TensorId {
        self.id
    }
    /// The elements of the param.
    pub fn param<P: Element>(&self) -> Result<&[P]> {
        self.arrays.param.slice("param")
    }
    /// The elements of the gradient, to write them.
    pub fn grad_mut<G: Element>(&mut self) -> Result<&mut [G]> {
        self.arrays.grad.slice_mut("grad")
    }
    /// Steps the tensor.
    pub fn step(self) -> Result<()> {
        check(unsafe { sys::gradstep_optimizer_step_tensor(self.handle, self.id.0) })
    }
}
