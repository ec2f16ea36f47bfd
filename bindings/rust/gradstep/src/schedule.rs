// SPDX-License-Identifier: Apache-2.0
use std::ptr::{self, NonNull};

use gradstep_sys as sys;

use crate::error::{Error, Result, c_text, check};

/// The learning rate as a function of the step. [`crate::schedules`] lists them.
///
/// ```
/// # fn main() -> gradstep::Result<()> {
/// let schedule = gradstep::Schedule::new("cosine")?.with("total_steps", 100.0)?;
/// assert_eq!(schedule.lr(0.1, 0.0)?, 0.1);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Schedule {
    handle: NonNull<sys::gradstep_schedule>,
}

// SAFETY: several threads may read a schedule; `set` needs it exclusively.
unsafe impl Send for Schedule {}
unsafe impl Sync for Schedule {}

impl Schedule {
    /// A schedule with every hyper-parameter at its default. Those without a default must be set.
    pub fn new(name: &str) -> Result<Self> {
        let name = c_text("schedule_name", name)?;
        // SAFETY: the name is valid during the call.
        Self::made_by(|handle| unsafe { sys::gradstep_schedule_create(name.as_ptr(), handle) })
    }

    /// Schedules one after the other: each part for its number of steps, the last one for ever (its length
    /// is 0).
    pub fn sequence(parts: &[&Schedule], lengths: &[u64]) -> Result<Self> {
        if parts.len() != lengths.len() {
            return Err(Error::invalid(format!(
                "there are {} parts and {} lengths; each part needs one",
                parts.len(),
                lengths.len()
            )));
        }
        let handles: Vec<_> = parts.iter().map(|part| part.as_ptr()).collect();
        // SAFETY: both arrays have as many elements as there are parts.
        Self::made_by(|handle| unsafe {
            sys::gradstep_schedule_create_sequence(
                handles.as_ptr(),
                lengths.as_ptr(),
                handles.len(),
                handle,
            )
        })
    }

    fn made_by(
        create: impl FnOnce(*mut *mut sys::gradstep_schedule) -> sys::gradstep_status,
    ) -> Result<Self> {
        let mut handle = ptr::null_mut();
        check(create(&mut handle))?;
        Ok(Self {
            handle: NonNull::new(handle).expect("a created schedule"),
        })
    }

    /// Sets a hyper-parameter.
    pub fn set(&mut self, name: &str, value: f64) -> Result<()> {
        let name = c_text("name", name)?;
        // SAFETY: the pointers are valid, as they are below.
        check(unsafe { sys::gradstep_schedule_set(self.handle.as_ptr(), name.as_ptr(), value) })
    }

    /// As `set`, in a chain.
    pub fn with(mut self, name: &str, value: f64) -> Result<Self> {
        self.set(name, value)?;
        Ok(self)
    }

    /// Sets a hyper-parameter that is a list: milestones.
    pub fn set_list(&mut self, name: &str, values: &[f64]) -> Result<()> {
        let name = c_text("name", name)?;
        check(unsafe {
            sys::gradstep_schedule_set_list(
                self.handle.as_ptr(),
                name.as_ptr(),
                values.as_ptr(),
                values.len(),
            )
        })
    }

    /// The value of a hyper-parameter.
    pub fn get(&self, name: &str) -> Result<f64> {
        let name = c_text("name", name)?;
        let mut value = 0.0;
        check(unsafe { sys::gradstep_schedule_get(self.as_ptr(), name.as_ptr(), &mut value) })?;
        Ok(value)
    }

    /// The learning rate at step t, counted from 0.
    pub fn lr(&self, base_lr: f64, t: f64) -> Result<f64> {
        let mut lr = 0.0;
        check(unsafe { sys::gradstep_schedule_lr(self.as_ptr(), base_lr, t, &mut lr) })?;
        Ok(lr)
    }

    /// The momentum at step t, if the schedule drives it.
    pub fn momentum(&self, t: f64) -> Result<f64> {
        let mut momentum = 0.0;
        check(unsafe { sys::gradstep_schedule_momentum(self.as_ptr(), t, &mut momentum) })?;
        Ok(momentum)
    }

    pub(crate) fn as_ptr(&self) -> *const sys::gradstep_schedule {
        self.handle.as_ptr()
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        // SAFETY: nobody else has the handle.
        unsafe { sys::gradstep_schedule_destroy(self.handle.as_ptr()) }
    }
}
