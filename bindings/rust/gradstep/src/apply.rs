// SPDX-License-Identifier: Apache-2.0
//! Steps without an optimizer: the caller owns all arrays and counts the steps.
use std::marker::PhantomData;
use std::ptr;

use gradstep_sys as sys;

use crate::context::Context;
use crate::element::{Element, array_of};
use crate::error::{Error, Result, check, expect_length};
use crate::rule::Rule;
use crate::state::State;

/// One parameter in a call of [`apply`]: it borrows its arrays.
#[derive(Debug)]
#[must_use]
pub struct Tensor<'a> {
    raw: sys::gradstep_tensor,
    state: &'a mut State,
    zeroes: bool,
    _arrays: PhantomData<&'a mut [f32]>,
}

// SAFETY: the pointers are those of slices that this borrows, whose elements are Send.
unsafe impl Send for Tensor<'_> {}

impl<'a> Tensor<'a> {
    /// The state is that of the parameter, made with the same number of elements.
    pub fn new<P: Element, G: Element>(
        param: &'a mut [P],
        grad: &'a [G],
        state: &'a mut State,
    ) -> Result<Self> {
        let grad = (grad.as_ptr().cast_mut(), grad.len());
        Self::made(param, grad, state, false)
    }

    /// The step also zeroes the gradient.
    pub fn zeroing_grad<P: Element, G: Element>(
        param: &'a mut [P],
        grad: &'a mut [G],
        state: &'a mut State,
    ) -> Result<Self> {
        Self::made(param, (grad.as_mut_ptr(), grad.len()), state, true)
    }

    fn made<P: Element, G: Element>(
        param: &'a mut [P],
        grad: (*mut G, usize),
        state: &'a mut State,
        zeroes: bool,
    ) -> Result<Self> {
        expect_length("grad", grad.1, param.len())?;
        expect_length("the state", state.shape().count, param.len())?;
        if state.param_dtype() != P::DTYPE {
            return Err(Error::invalid(format!(
                "param is {:?}, and the state was made for {:?}",
                P::DTYPE,
                state.param_dtype()
            )));
        }
        let raw = sys::gradstep_tensor {
            count: param.len() as u64,
            rows: state.shape().rows as u64,
            columns: state.shape().columns as u64,
            param: array_of(P::DTYPE, param.as_mut_ptr().cast()),
            grad: array_of(G::DTYPE, grad.0.cast()),
            ..Default::default()
        };
        Ok(Self {
            raw,
            state,
            zeroes,
            _arrays: PhantomData,
        })
    }

    /// The step also writes the new param in another dtype.
    pub fn copy<C: Element>(mut self, copy: &'a mut [C]) -> Result<Self> {
        expect_length("copy", copy.len(), self.state.shape().count)?;
        self.raw.copy = array_of(C::DTYPE, copy.as_mut_ptr().cast());
        Ok(self)
    }

    /// The moving average of the param, with [`StepOptions::average`]. `A` is f64 beside a param of f64,
    /// otherwise f32.
    pub fn average<A: Element>(mut self, average: &'a mut [A]) -> Result<Self> {
        expect_length("average", average.len(), self.state.shape().count)?;
        self.raw.average = array_of(A::DTYPE, average.as_mut_ptr().cast());
        Ok(self)
    }

    /// Distinguishes tensors in stochastic rounding; 0: the position in the list.
    pub fn key(mut self, key: u64) -> Self {
        self.raw.key = key;
        self
    }
}

/// The options of one call of [`apply`].
#[derive(Debug)]
#[must_use]
pub struct StepOptions<'a> {
    raw: sys::gradstep_apply_options,
    _shared: PhantomData<&'a mut [f64]>,
}

impl<'a> StepOptions<'a> {
    /// Step t of the formulas, counted from 1.
    pub fn step(t: u64) -> Self {
        let raw = sys::gradstep_apply_options {
            step: t,
            ..Default::default()
        };
        Self {
            raw,
            _shared: PhantomData,
        }
    }

    /// Multiplies each gradient: 1 / loss scale, for example.
    pub fn grad_scale(mut self, factor: f64) -> Self {
        self.raw.grad_scale = factor;
        self.flag(sys::GRADSTEP_APPLY_GRAD_SCALE)
    }

    /// Clips by the global norm of the scaled gradients.
    pub fn max_norm(mut self, norm: f64) -> Self {
        self.raw.max_norm = norm;
        self.flag(sys::GRADSTEP_APPLY_MAX_NORM)
    }

    /// Clips each element of the scaled gradients.
    pub fn max_value(mut self, value: f64) -> Self {
        self.raw.max_value = value;
        self.flag(sys::GRADSTEP_APPLY_MAX_VALUE)
    }

    /// Moves the averages towards the new params by 1 - decay.
    pub fn average(mut self, decay: f64) -> Self {
        self.raw.average_decay = decay;
        self.flag(sys::GRADSTEP_APPLY_AVERAGE)
    }

    /// Skips the step if a gradient is not finite.
    pub fn check_finite(self) -> Self {
        self.flag(sys::GRADSTEP_APPLY_CHECK_FINITE)
    }

    /// Rounds 16-bit params stochastically.
    pub fn stochastic_param(self) -> Self {
        self.flag(sys::GRADSTEP_APPLY_STOCHASTIC_PARAM)
    }

    /// Rounds narrow slots to nearest instead of stochastically.
    pub fn nearest_slots(self) -> Self {
        self.flag(sys::GRADSTEP_APPLY_NEAREST_SLOTS)
    }

    /// A slot that no step has used yet is used from this step on: momentum that is switched on.
    pub fn fresh_slots(self) -> Self {
        self.flag(sys::GRADSTEP_APPLY_FRESH_SLOTS)
    }

    /// The seed of stochastic rounding.
    pub fn seed(mut self, seed: u64) -> Self {
        self.raw.seed = seed;
        self
    }

    /// The scalars that all tensors share ([`crate::shared_scalars`]); prodigy has them.
    pub fn shared(mut self, scalars: &'a mut [f64]) -> Self {
        self.raw.scalars = if scalars.is_empty() {
            ptr::null_mut()
        } else {
            scalars.as_mut_ptr()
        };
        self.raw.scalar_count = scalars.len();
        self
    }

    fn flag(mut self, flag: u64) -> Self {
        self.raw.flags |= flag;
        self
    }
}

/// What a step has done.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct StepResult {
    /// Nothing was changed, because a gradient is not finite. The step does not count.
    pub is_skipped: bool,
    /// Nothing was changed, because the rule stopped the step.
    pub is_stopped: bool,
    /// The norm of the scaled gradients before clipping; 0 unless the step needed it.
    pub grad_norm: f64,
    /// The elements of gradients that are not finite; 0 unless the step looked for them.
    pub non_finite_count: u64,
    /// The factor by which the gradients were clipped.
    pub clip_factor: f64,
    /// The pieces of work that ran.
    pub piece_count: u64,
    /// Of a step tensor by tensor: the tensors that should have been stepped, but were not.
    pub left_out_count: usize,
}

impl From<sys::gradstep_apply_result> for StepResult {
    fn from(raw: sys::gradstep_apply_result) -> Self {
        Self {
            is_skipped: raw.is_skipped != 0,
            is_stopped: raw.is_stopped != 0,
            grad_norm: raw.grad_norm,
            non_finite_count: raw.non_finite_count,
            clip_factor: raw.clip_factor,
            piece_count: raw.piece_count,
            left_out_count: raw.left_out_count,
        }
    }
}

/// Makes one step of the rule for all tensors, on the context's threads.
///
/// ```
/// use gradstep::{Context, Rule, Shape, State, StepOptions, Tensor, apply};
/// # fn main() -> gradstep::Result<()> {
/// let (context, rule) = (Context::new()?, Rule::new("sgd")?.with("lr", 0.5)?);
/// let mut param = [1.0f32, 2.0];
/// let mut state = State::new(&rule, Shape::flat(2), &param)?;
/// let tensor = Tensor::new(&mut param, &[1.0f32, 1.0], &mut state)?;
/// apply(&context, &rule, &mut [tensor], StepOptions::step(1))?;
/// assert_eq!(param, [0.5, 1.5]);
/// # Ok(()) }
/// ```
///
/// No array can be in two tensors of a call:
///
/// ```compile_fail,E0499
/// # use gradstep::{Rule, Shape, State, Tensor};
/// # fn main() -> gradstep::Result<()> {
/// # let rule = Rule::new("sgd")?;
/// # let mut param = [1.0f32];
/// # let mut states = [State::new(&rule, Shape::flat(1), &param)?, State::new(&rule, Shape::flat(1), &param)?];
/// let [one, two] = &mut states;
/// let tensors = [
///     Tensor::new(&mut param, &[1.0f32], one)?,
///     Tensor::new(&mut param, &[1.0f32], two)?,
/// ];
/// # Ok(()) }
/// ```
pub fn apply(
    context: &Context,
    rule: &Rule,
    tensors: &mut [Tensor<'_>],
    mut options: StepOptions<'_>,
) -> Result<StepResult> {
    let zeroing = tensors.iter().filter(|tensor| tensor.zeroes).count();
    if zeroing == tensors.len() && zeroing > 0 {
        options.raw.flags |= sys::GRADSTEP_APPLY_ZERO_GRAD;
    } else if zeroing > 0 {
        return Err(Error::invalid(format!(
            "{zeroing} of {} tensors are to have their gradient zeroed; it must be all or none",
            tensors.len()
        )));
    }
    let mut slots = Vec::with_capacity(tensors.len());
    for tensor in tensors.iter_mut() {
        tensor.state.check_layout(rule)?;
        slots.push(tensor.state.arrays());
    }
    let raw: Vec<_> = tensors
        .iter_mut()
        .zip(&slots)
        .map(|(tensor, slots)| {
            let scalars = tensor.state.scalars_mut();
            sys::gradstep_tensor {
                slots: if slots.is_empty() {
                    ptr::null()
                } else {
                    slots.as_ptr()
                },
                slot_count: slots.len(),
                scalars: if scalars.is_empty() {
                    ptr::null_mut()
                } else {
                    scalars.as_mut_ptr()
                },
                scalar_count: scalars.len(),
                ..tensor.raw
            }
        })
        .collect();
    let mut result = sys::gradstep_apply_result::default();
    // SAFETY: every array has the elements that the tensor says, and is borrowed by it.
    check(unsafe {
        sys::gradstep_apply(
            context.as_ptr(),
            rule.as_ptr(),
            raw.as_ptr(),
            raw.len(),
            &options.raw,
            &mut result,
        )
    })?;
    Ok(result.into())
}
