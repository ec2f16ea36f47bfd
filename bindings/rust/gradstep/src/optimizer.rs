// SPDX-License-Identifier: Apache-2.0
use std::ptr::{self, NonNull};
use std::sync::Arc;

use gradstep_sys as sys;

use crate::apply::StepResult;
use crate::context::Context;
use crate::element::{Dtype, Element};
use crate::error::{Result, c_text, check, expect_length};
use crate::owned::OwnedArray;
use crate::rule::Rule;
use crate::schedule::Schedule;
use crate::state::Shape;

/// A group of an optimizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub(crate) usize);

/// A tensor of an optimizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub(crate) usize);

/// Parameters in groups, with their gradients and state, step counts and learning rates. It owns the
/// arrays: read a param and write its gradient between steps.
///
/// ```
/// use gradstep::{GroupOptions, Optimizer, Rule};
/// # fn main() -> gradstep::Result<()> {
/// let mut optimizer = Optimizer::new()?;
/// let rule = Rule::new("adamw")?.with("lr", 0.1)?.with("weight_decay", 0.0)?;
/// let group = optimizer.add_group(GroupOptions::new("all", &rule))?;
/// let w = optimizer.add_tensor(group, "w", vec![3.0f32, -2.0])?;
/// for _ in 0..200 {
///     let (param, grad) = optimizer.param_and_grad::<f32, f32>(w)?;
///     for (g, p) in grad.iter_mut().zip(param) {
///         *g = 2.0 * p; // the gradient of p squared
///     }
///     optimizer.step()?;
/// }
/// assert!(optimizer.param::<f32>(w)?.iter().all(|p| p.abs() < 1e-2));
/// # Ok(()) }
/// ```
///
/// A param that is borrowed keeps the optimizer from stepping:
///
/// ```compile_fail,E0502
/// # fn main() -> gradstep::Result<()> {
/// # let mut optimizer = gradstep::Optimizer::new()?;
/// # let w = optimizer.find_tensor("w")?;
/// let param = optimizer.param::<f32>(w)?;
/// optimizer.step()?;
/// println!("{param:?}");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Optimizer {
    pub(crate) handle: NonNull<sys::gradstep_optimizer>,
    pub(crate) tensors: Vec<Place>, // by index
    _context: Arc<Context>,         // destroyed after the handle
}

// SAFETY: any thread may call; calls that change the optimizer or its arrays need it exclusively.
unsafe impl Send for Optimizer {}
unsafe impl Sync for Optimizer {}

/// Where the arrays of a tensor are.
#[derive(Debug)]
pub(crate) enum Place {
    Owned(TensorArrays),
    Lent, // see crate::lent
    Removed,
}

#[derive(Debug)]
pub(crate) struct TensorArrays {
    pub shape: Shape,
    pub param: OwnedArray,
    pub grad: OwnedArray,
    pub copy: Option<OwnedArray>,
    pub average: Option<OwnedArray>,
}

/// The options of all steps of an optimizer.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct OptimizerOptions {
    raw: sys::gradstep_optimizer_options,
}

// SAFETY: it holds numbers.
unsafe impl Send for OptimizerOptions {}
unsafe impl Sync for OptimizerOptions {}

impl OptimizerOptions {
    /// No clipping, no average.
    pub fn new() -> Self {
        Self::default()
    }
    /// Clips by the global norm of all gradients of a step.
    pub fn max_norm(mut self, norm: f64) -> Self {
        self.raw.max_norm = norm;
        self.flag(sys::GRADSTEP_APPLY_MAX_NORM)
    }
    /// Clips each element of the gradients.
    pub fn max_value(mut self, value: f64) -> Self {
        self.raw.max_value = value;
        self.flag(sys::GRADSTEP_APPLY_MAX_VALUE)
    }
    /// Moves the averages of tensors that have one: see [`TensorOptions::average`].
    pub fn average(mut self, decay: f64) -> Self {
        self.raw.average_decay = decay;
        self.flag(sys::GRADSTEP_APPLY_AVERAGE)
    }
    /// The averages are means of all params.
    pub fn equal_average(self) -> Self {
        self.flag(sys::GRADSTEP_APPLY_AVERAGE | sys::GRADSTEP_APPLY_AVERAGE_EQUAL)
    }
    /// Skips steps in which a gradient is not finite.
    pub fn check_finite(self) -> Self {
        self.flag(sys::GRADSTEP_APPLY_CHECK_FINITE)
    }
    /// Steps zero the gradients.
    pub fn zero_grad(self) -> Self {
        self.flag(sys::GRADSTEP_APPLY_ZERO_GRAD)
    }
    /// Rounds 16-bit params stochastically.
    pub fn stochastic_param(self) -> Self {
        self.flag(sys::GRADSTEP_APPLY_STOCHASTIC_PARAM)
    }
    /// Rounds narrow slots to nearest instead of stochastically.
    pub fn nearest_slots(self) -> Self {
        self.flag(sys::GRADSTEP_APPLY_NEAREST_SLOTS)
    }
    /// The seed of stochastic rounding.
    pub fn seed(mut self, seed: u64) -> Self {
        self.raw.seed = seed;
        self
    }
    fn flag(mut self, flag: u64) -> Self {
        self.raw.flags |= flag;
        self
    }
}

/// What a group is made of.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct GroupOptions<'a> {
    name: &'a str,
    rule: &'a Rule,
    schedule: Option<&'a Schedule>,
    lr_scale: Option<f64>,
    max_norm: Option<f64>,
    slot_dtype: Option<Dtype>,
}

impl<'a> GroupOptions<'a> {
    /// The name is unique among groups. The rule's lr is the base rate of the schedule.
    pub fn new(name: &'a str, rule: &'a Rule) -> Self {
        Self {
            name,
            rule,
            schedule: None,
            lr_scale: None,
            max_norm: None,
            slot_dtype: None,
        }
    }
    /// The course of the learning rate; it is copied.
    pub fn schedule(mut self, schedule: &'a Schedule) -> Self {
        self.schedule = Some(schedule);
        self
    }
    /// Multiplies the schedule's rate.
    pub fn lr_scale(mut self, factor: f64) -> Self {
        self.lr_scale = Some(factor);
        self
    }
    /// Clips the group by the norm of its own gradients.
    pub fn max_norm(mut self, norm: f64) -> Self {
        self.max_norm = Some(norm);
        self
    }
    /// The dtype that is wanted for slots: each of the 8-bit dtypes means the one that suits a slot.
    pub fn slot_dtype(mut self, dtype: Dtype) -> Self {
        self.slot_dtype = Some(dtype);
        self
    }
}

/// What a tensor is made of.
#[derive(Debug)]
#[must_use]
pub struct TensorOptions {
    arrays: TensorArrays,
}

impl TensorOptions {
    /// A flat tensor with a gradient of zeros in the same dtype.
    pub fn new<P: Element>(param: Vec<P>) -> Self {
        let count = param.len();
        let arrays = TensorArrays {
            shape: Shape::flat(count),
            param: OwnedArray::new(param),
            grad: OwnedArray::zeros::<P>(count),
            copy: None,
            average: None,
        };
        Self { arrays }
    }
    /// The matrices of the tensor, for rules that look at rows and columns.
    pub fn shape(mut self, shape: Shape) -> Self {
        self.arrays.shape = shape;
        self
    }
    /// The gradient is of another type.
    pub fn grad<G: Element>(mut self) -> Self {
        self.arrays.grad = OwnedArray::zeros::<G>(self.arrays.param.len());
        self
    }
    /// Steps also write the param in another dtype.
    pub fn copy<C: Element>(mut self) -> Self {
        self.arrays.copy = Some(OwnedArray::zeros::<C>(self.arrays.param.len()));
        self
    }
    /// The tensor has a moving average, which steps with [`OptimizerOptions::average`] update.
    pub fn average(mut self) -> Self {
        let count = self.arrays.param.len();
        let is_wide = self.arrays.param.array().dtype == Dtype::Float64 as i32;
        self.arrays.average = Some(if is_wide {
            OwnedArray::zeros::<f64>(count)
        } else {
            OwnedArray::zeros::<f32>(count)
        });
        self
    }
}

impl Optimizer {
    /// An optimizer without options on the process's shared context.
    pub fn new() -> Result<Self> {
        Self::with_options(Context::shared()?, OptimizerOptions::new())
    }

    /// An optimizer without groups.
    pub fn with_options(context: Arc<Context>, options: OptimizerOptions) -> Result<Self> {
        let mut handle = ptr::null_mut();
        // SAFETY: the context lives as long as the optimizer.
        check(unsafe {
            sys::gradstep_optimizer_create(context.as_ptr(), &options.raw, &mut handle)
        })?;
        let handle = NonNull::new(handle).expect("a created optimizer");
        Ok(Self {
            handle,
            tensors: Vec::new(),
            _context: context,
        })
    }

    /// Replaces all options, from the next step on.
    pub fn set_options(&mut self, options: OptimizerOptions) -> Result<()> {
        // SAFETY: the pointers are valid, as they are below.
        check(unsafe { sys::gradstep_optimizer_set_options(self.as_ptr(), &options.raw) })
    }

    /// Adds a group; rule and schedule are copied.
    pub fn add_group(&mut self, options: GroupOptions<'_>) -> Result<GroupId> {
        let name = c_text("name", options.name)?;
        let mut raw = sys::gradstep_group_options {
            name: name.as_ptr(),
            rule: options.rule.as_ptr(),
            schedule: options
                .schedule
                .map_or(ptr::null(), |schedule| schedule.as_ptr()),
            slot_dtype: options.slot_dtype.map_or(0, |dtype| dtype as i32),
            ..Default::default()
        };
        if let Some(factor) = options.lr_scale {
            raw.lr_scale = factor;
            raw.flags |= sys::GRADSTEP_GROUP_LR_SCALE;
        }
        if let Some(norm) = options.max_norm {
            raw.max_norm = norm;
            raw.flags |= sys::GRADSTEP_GROUP_MAX_NORM;
        }
        let mut index = 0;
        check(unsafe { sys::gradstep_optimizer_add_group(self.as_ptr(), &raw, &mut index) })?;
        Ok(GroupId(index))
    }

    /// Adds a flat tensor with a gradient of zeros. The name is unique among tensors.
    pub fn add_tensor<P: Element>(
        &mut self,
        group: GroupId,
        name: &str,
        param: Vec<P>,
    ) -> Result<TensorId> {
        self.add(group, name, TensorOptions::new(param))
    }

    /// Adds a tensor.
    pub fn add(&mut self, group: GroupId, name: &str, options: TensorOptions) -> Result<TensorId> {
        let arrays = options.arrays;
        expect_length("the shape", arrays.shape.count, arrays.param.len())?;
        let optional = |array: &Option<OwnedArray>| {
            array
                .as_ref()
                .map_or_else(Default::default, OwnedArray::array)
        };
        let tensor = sys::gradstep_tensor {
            count: arrays.shape.count as u64,
            rows: arrays.shape.rows as u64,
            columns: arrays.shape.columns as u64,
            param: arrays.param.array(),
            grad: arrays.grad.array(),
            copy: optional(&arrays.copy),
            average: optional(&arrays.average),
            ..Default::default()
        };
        // SAFETY: the arrays are the optimizer's from now on.
        unsafe { self.add_place(group, name, &tensor, Place::Owned(arrays)) }
    }

    /// Adds a tensor whose arrays are at that place.
    ///
    /// # Safety
    /// The arrays are the place's, or the host has promised what `add_lent` asks for.
    pub(crate) unsafe fn add_place(
        &mut self,
        group: GroupId,
        name: &str,
        tensor: &sys::gradstep_tensor,
        place: Place,
    ) -> Result<TensorId> {
        let name = c_text("name", name)?;
        let mut index = 0;
        // SAFETY: the pointers are valid; those in the tensor by the caller's promise.
        check(unsafe {
            sys::gradstep_optimizer_add_tensor(
                self.as_ptr(),
                group.0,
                name.as_ptr(),
                tensor,
                &mut index,
            )
        })?;
        debug_assert_eq!(index, self.tensors.len());
        self.tensors.push(place);
        Ok(TensorId(index))
    }

    /// Steps every tensor that has a gradient and is not frozen.
    pub fn step(&mut self) -> Result<StepResult> {
        self.step_scaled(1.0)
    }

    /// As `step`; the factor multiplies each gradient.
    pub fn step_scaled(&mut self, grad_scale: f64) -> Result<StepResult> {
        let options = sys::gradstep_step_options {
            flags: sys::GRADSTEP_STEP_GRAD_SCALE,
            grad_scale,
            ..Default::default()
        };
        let mut result = sys::gradstep_apply_result::default();
        check(unsafe { sys::gradstep_optimizer_step(self.as_ptr(), &options, &mut result) })?;
        Ok(result.into())
    }

    pub(crate) fn as_ptr(&self) -> *mut sys::gradstep_optimizer {
        self.handle.as_ptr()
    }
}

impl Drop for Optimizer {
    fn drop(&mut self) {
        // SAFETY: nobody else has the handle. The arrays and the context go afterwards.
        unsafe { sys::gradstep_optimizer_destroy(self.handle.as_ptr()) }
    }
}
