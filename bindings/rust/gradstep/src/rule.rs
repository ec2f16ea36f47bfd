// SPDX-License-Identifier: Apache-2.0
use std::ptr::{self, NonNull};

use gradstep_sys as sys;

use crate::catalogue::{self, RuleInfo};
use crate::error::{Result, c_text, check};

/// An update formula with a value for each of its hyper-parameters. [`crate::rules`] lists them.
///
/// ```
/// # fn main() -> gradstep::Result<()> {
/// let rule = gradstep::Rule::new("adamw")?.with("lr", 3e-4)?.with("weight_decay", 0.1)?;
/// assert_eq!(rule.get("beta1")?, 0.9);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Rule {
    handle: NonNull<sys::gradstep_rule>,
    info: RuleInfo,
}

// SAFETY: several threads may read a rule; `set` needs it exclusively.
unsafe impl Send for Rule {}
unsafe impl Sync for Rule {}

impl Rule {
    /// A rule with every hyper-parameter at its default.
    pub fn new(name: &str) -> Result<Self> {
        let c_name = c_text("rule_name", name)?;
        let mut handle = ptr::null_mut();
        // SAFETY: the pointers are valid.
        check(unsafe { sys::gradstep_rule_create(c_name.as_ptr(), &mut handle) })?;
        let handle = NonNull::new(handle).expect("a created rule");
        Ok(Self {
            handle,
            info: catalogue::rule(name)?,
        })
    }

    /// What the rule is.
    pub fn info(&self) -> &RuleInfo {
        &self.info
    }

    /// Sets a hyper-parameter; a flag is 0 or 1.
    pub fn set(&mut self, name: &str, value: f64) -> Result<()> {
        let name = c_text("name", name)?;
        // SAFETY: the pointers are valid, as they are below.
        check(unsafe { sys::gradstep_rule_set(self.handle.as_ptr(), name.as_ptr(), value) })
    }

    /// As `set`, in a chain.
    pub fn with(mut self, name: &str, value: f64) -> Result<Self> {
        self.set(name, value)?;
        Ok(self)
    }

    /// The value of a hyper-parameter.
    pub fn get(&self, name: &str) -> Result<f64> {
        let name = c_text("name", name)?;
        let mut value = 0.0;
        check(unsafe { sys::gradstep_rule_get(self.as_ptr(), name.as_ptr(), &mut value) })?;
        Ok(value)
    }

    /// Checks that the hyper-parameters go together; every step does too.
    pub fn check(&self) -> Result<()> {
        check(unsafe { sys::gradstep_rule_check(self.as_ptr()) })
    }

    pub(crate) fn as_ptr(&self) -> *const sys::gradstep_rule {
        self.handle.as_ptr()
    }
}

impl Clone for Rule {
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.info.name).expect("the rule exists");
        for each in &self.info.hyperparameters {
            let value = self.get(each.name).expect("the hyper-parameter exists");
            copy.set(each.name, value)
                .expect("the value is within its bounds");
        }
        copy
    }
}

impl Drop for Rule {
    fn drop(&mut self) {
        // SAFETY: nobody else has the handle.
        unsafe { sys::gradstep_rule_destroy(self.handle.as_ptr()) }
    }
}
