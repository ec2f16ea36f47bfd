// SPDX-License-Identifier: Apache-2.0
//! The groups of an optimizer, its settings and its counts.
use std::ffi::CStr;

use gradstep_sys as sys;

use crate::catalogue::text;
use crate::error::{Result, c_text, check};
use crate::optimizer::{GroupId, Optimizer, TensorId};
use crate::schedule::Schedule;

/// What an optimizer has at present.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct OptimizerInfo {
    /// Without removed ones.
    pub group_count: usize,
    /// Without removed ones.
    pub tensor_count: usize,
    /// Steps that were not skipped.
    pub step_count: u64,
    /// Steps that were skipped.
    pub skipped_count: u64,
    /// Of the last step; 0 if that step did not need it.
    pub grad_norm: f64,
    /// The memory of slots and accumulated gradients.
    pub state_bytes: usize,
}

/// What a group is at present.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct GroupInfo {
    /// As it was added.
    pub name: String,
    /// The name of its rule.
    pub rule: &'static str,
    /// The name of its schedule.
    pub schedule: Option<&'static str>,
    /// Without removed ones.
    pub tensor_count: usize,
    /// The rate of the next step, after schedule and lr_scale.
    pub lr: f64,
    /// Multiplies the schedule's rate.
    pub lr_scale: f64,
}

/// What a tensor is at present.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TensorInfo {
    /// The group that it is in.
    pub group: GroupId,
    /// Its elements.
    pub count: usize,
    /// Steps in which it took part.
    pub step_count: u64,
    /// Steps leave it out.
    pub is_frozen: bool,
    /// It takes part by its gradient.
    pub has_grad: bool,
    /// The params in its average.
    pub average_count: u64,
}

impl Optimizer {
    /// The counts of the optimizer.
    pub fn info(&self) -> OptimizerInfo {
        let mut raw = sys::gradstep_optimizer_info::default();
        // SAFETY: the pointers are valid, as they are below.
        check(unsafe { sys::gradstep_optimizer_describe(self.as_ptr(), &mut raw) })
            .expect("an optimizer can be described");
        OptimizerInfo {
            group_count: raw.group_count,
            tensor_count: raw.tensor_count,
            step_count: raw.step_count,
            skipped_count: raw.skipped_count,
            grad_norm: raw.grad_norm,
            state_bytes: raw.state_bytes,
        }
    }

    /// What a group is.
    pub fn group_info(&self, group: GroupId) -> Result<GroupInfo> {
        let mut raw = sys::gradstep_group_info::default();
        check(unsafe { sys::gradstep_optimizer_describe_group(self.as_ptr(), group.0, &mut raw) })?;
        Ok(GroupInfo {
            name: unsafe { CStr::from_ptr(raw.name) }
                .to_string_lossy()
                .into_owned(),
            rule: text(raw.rule_name),
            schedule: (!raw.schedule_name.is_null()).then(|| text(raw.schedule_name)),
            tensor_count: raw.tensor_count,
            lr: raw.lr,
            lr_scale: raw.lr_scale,
        })
    }

    /// What a tensor is.
    pub fn tensor_info(&self, tensor: TensorId) -> Result<TensorInfo> {
        let raw = self.describe_tensor(tensor)?;
        Ok(TensorInfo {
            group: GroupId(raw.group),
            count: raw.count,
            step_count: raw.step_count,
            is_frozen: raw.is_frozen != 0,
            has_grad: raw.has_grad != 0,
            average_count: raw.average_count,
        })
    }

    /// The group of this name.
    pub fn find_group(&self, name: &str) -> Result<GroupId> {
        let name = c_text("name", name)?;
        let mut index = 0;
        check(unsafe {
            sys::gradstep_optimizer_find_group(self.as_ptr(), name.as_ptr(), &mut index)
        })?;
        Ok(GroupId(index))
    }

    /// Removes a group that has no tensors.
    pub fn remove_group(&mut self, group: GroupId) -> Result<()> {
        check(unsafe { sys::gradstep_optimizer_remove_group(self.as_ptr(), group.0) })
    }

    /// Moves a tensor to another group; state that the new rule knows by name goes along.
    pub fn move_tensor(&mut self, tensor: TensorId, group: GroupId) -> Result<()> {
        check(unsafe { sys::gradstep_optimizer_move_tensor(self.as_ptr(), tensor.0, group.0) })
    }

    /// A frozen tensor takes no part in steps.
    pub fn set_frozen(&mut self, tensor: TensorId, is_frozen: bool) -> Result<()> {
        check(unsafe {
            sys::gradstep_optimizer_set_frozen(self.as_ptr(), tensor.0, is_frozen.into())
        })
    }

    /// Sets a hyper-parameter of a group's rule; "lr" is the base rate of its schedule.
    pub fn set_hyperparameter(&mut self, group: GroupId, name: &str, value: f64) -> Result<()> {
        let name = c_text("name", name)?;
        check(unsafe {
            sys::gradstep_optimizer_set_hyperparameter(self.as_ptr(), group.0, name.as_ptr(), value)
        })
    }

    /// The value of a hyper-parameter of a group's rule.
    pub fn hyperparameter(&self, group: GroupId, name: &str) -> Result<f64> {
        let name = c_text("name", name)?;
        let mut value = 0.0;
        check(unsafe {
            sys::gradstep_optimizer_get_hyperparameter(
                self.as_ptr(),
                group.0,
                name.as_ptr(),
                &mut value,
            )
        })?;
        Ok(value)
    }

    /// Replaces a group's schedule; None: a constant rate.
    pub fn set_schedule(&mut self, group: GroupId, schedule: Option<&Schedule>) -> Result<()> {
        let schedule = schedule.map_or(std::ptr::null(), Schedule::as_ptr);
        check(unsafe { sys::gradstep_optimizer_set_schedule(self.as_ptr(), group.0, schedule) })
    }

    /// Sets the number of the optimizer's steps, for a run that another program began.
    pub fn set_step_count(&mut self, count: u64) -> Result<()> {
        check(unsafe { sys::gradstep_optimizer_set_step_count(self.as_ptr(), count) })
    }

    /// Sets the number of the steps in which a tensor took part.
    pub fn set_tensor_step_count(&mut self, tensor: TensorId, count: u64) -> Result<()> {
        check(unsafe {
            sys::gradstep_optimizer_set_tensor_step_count(self.as_ptr(), tensor.0, count)
        })
    }

    /// Replaces the param by what the rule is evaluated with, or back: schedule-free's "average".
    pub fn transform(&mut self, group: GroupId, name: &str) -> Result<()> {
        let name = c_text("name", name)?;
        check(unsafe { sys::gradstep_optimizer_transform(self.as_ptr(), group.0, name.as_ptr()) })
    }

    /// Scales the loss: steps divide the gradients by the scale, which grows and shrinks with them.
    /// None: no loss scaling.
    pub fn set_loss_scale(&mut self, scale: Option<f64>) -> Result<()> {
        let mut scaler = sys::gradstep_loss_scaler::default();
        check(unsafe { sys::gradstep_loss_scaler_init(&mut scaler) })?;
        if let Some(scale) = scale {
            scaler.scale = scale;
        }
        let scaler = if scale.is_some() {
            &raw const scaler
        } else {
            std::ptr::null()
        };
        check(unsafe { sys::gradstep_optimizer_set_loss_scaler(self.as_ptr(), scaler) })
    }

    /// The factor that the loss is to be multiplied by.
    pub fn loss_scale(&self) -> Result<f64> {
        let mut scaler = sys::gradstep_loss_scaler::default();
        check(unsafe { sys::gradstep_optimizer_get_loss_scaler(self.as_ptr(), &mut scaler) })?;
        Ok(scaler.scale)
    }
}
