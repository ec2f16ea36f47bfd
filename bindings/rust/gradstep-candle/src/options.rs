// SPDX-License-Identifier: Apache-2.0
use std::sync::Arc;

use gradstep::{Context, Dtype, OptimizerOptions, Rule, Schedule};

/// What a [`crate::Gradstep`] is made of: a rule, and what surrounds its steps.
///
/// ```
/// use gradstep_candle::{Options, gradstep::Rule};
/// # fn main() -> gradstep_candle::gradstep::Result<()> {
/// let options = Options::new(Rule::new("lamb")?.with("lr", 0.01)?).max_norm(1.0);
/// # let _ = options;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Options {
    pub(crate) rule: Rule,
    pub(crate) schedule: Option<Schedule>,
    pub(crate) slot_dtype: Option<Dtype>,
    pub(crate) context: Option<Arc<Context>>,
    pub(crate) steps: OptimizerOptions,
    pub(crate) needs_all_grads: bool,
}

impl From<Rule> for Options {
    fn from(rule: Rule) -> Self {
        Self::new(rule)
    }
}

impl Options {
    /// The rule at a constant rate, and nothing else.
    pub fn new(rule: Rule) -> Self {
        Self {
            rule,
            schedule: None,
            slot_dtype: None,
            context: None,
            steps: OptimizerOptions::new(),
            needs_all_grads: false,
        }
    }

    /// The course of the learning rate. The rule's lr is its base rate.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = Some(schedule);
        self
    }

    /// The dtype that is wanted for slots: bfloat16 halves the memory of the state, and each of the 8-bit
    /// dtypes means the one that suits a slot.
    pub fn slot_dtype(mut self, dtype: Dtype) -> Self {
        self.slot_dtype = Some(dtype);
        self
    }

    /// The threads of steps; otherwise the process's shared context. Not rayon's
    /// (`ContextOptions::rayon`): a step holds the lock of a var, and a thread of rayon's that waits for the
    /// step may begin another task that waits for the lock.
    pub fn context(mut self, context: Arc<Context>) -> Self {
        self.context = Some(context);
        self
    }

    /// Clips by the global norm of all gradients of a step.
    pub fn max_norm(mut self, norm: f64) -> Self {
        self.steps = self.steps.max_norm(norm);
        self.needs_all_grads = true;
        self
    }

    /// Clips each element of the gradients.
    pub fn max_value(mut self, value: f64) -> Self {
        self.steps = self.steps.max_value(value);
        self
    }

    /// Skips steps in which a gradient is not finite.
    pub fn check_finite(mut self) -> Self {
        self.steps = self.steps.check_finite();
        self.needs_all_grads = true;
        self
    }

    /// Rounds 16-bit vars stochastically.
    pub fn stochastic_param(mut self) -> Self {
        self.steps = self.steps.stochastic_param();
        self
    }

    /// The seed of stochastic rounding.
    pub fn seed(mut self, seed: u64) -> Self {
        self.steps = self.steps.seed(seed);
        self
    }
}
