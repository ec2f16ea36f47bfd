// SPDX-License-Identifier: Apache-2.0
use candle_core::backprop::GradStore;
use candle_core::{Result, Var};
use candle_nn::Optimizer;
use gradstep::Rule;

use crate::arrays::failed;
use crate::optimizer::Gradstep;
use crate::options::Options;

/// candle's `SGD`: its configuration is the learning rate, and it has neither momentum nor state. The rule
/// `sgd` of [`Gradstep`] has momentum.
#[derive(Debug)]
pub struct SGD {
    inner: Gradstep,
}

impl SGD {
    /// The vars.
    pub fn into_inner(self) -> Vec<Var> {
        self.inner.into_inner()
    }

    /// Adds a var. Fails for one that is there already; candle's would step it twice.
    pub fn push(&mut self, var: &Var) -> Result<()> {
        self.inner.push(var)
    }
}

impl Optimizer for SGD {
    type Config = f64;

    fn new(vars: Vec<Var>, learning_rate: f64) -> Result<Self> {
        let rule = Rule::new("sgd").and_then(|rule| rule.with("lr", learning_rate));
        let inner = Gradstep::new(vars, Options::new(rule.map_err(failed)?))?;
        Ok(Self { inner })
    }

    fn step(&mut self, grads: &GradStore) -> Result<()> {
        self.inner.step(grads)
    }

    fn learning_rate(&self) -> f64 {
        self.inner.learning_rate()
    }

    fn set_learning_rate(&mut self, lr: f64) {
        self.inner.set_learning_rate(lr);
    }
}
