// SPDX-License-Identifier: Apache-2.0
use std::path::Path;

use candle_core::backprop::GradStore;
use candle_core::{Result, Var};
use candle_nn::{Optimizer, ParamsAdamW, VarMap};
use gradstep::{LoadResult, Rule};

use crate::arrays::failed;
use crate::optimizer::Gradstep;
use crate::options::Options;

/// candle's `AdamW`, with its `ParamsAdamW` and defaults, and with checkpoints.
///
/// A var that has no gradient in a step sits out, and its bias corrections count its own steps, as in
/// PyTorch; candle counts all steps of the optimizer.
#[derive(Debug)]
pub struct AdamW {
    inner: Gradstep,
    params: ParamsAdamW,
}

fn rule_of(params: &ParamsAdamW) -> gradstep::Result<Rule> {
    Rule::new("adamw")?
        .with("lr", params.lr)?
        .with("beta1", params.beta1)?
        .with("beta2", params.beta2)?
        .with("eps", params.eps)?
        .with("weight_decay", params.weight_decay)
}

impl AdamW {
    /// candle's defaults, but for the learning rate.
    pub fn new_lr(vars: Vec<Var>, learning_rate: f64) -> Result<Self> {
        let params = ParamsAdamW {
            lr: learning_rate,
            ..ParamsAdamW::default()
        };
        Self::new(vars, params)
    }

    /// An optimizer whose checkpoints know the vars by these names.
    pub fn named<N: Into<String>>(
        vars: impl IntoIterator<Item = (N, Var)>,
        params: ParamsAdamW,
    ) -> Result<Self> {
        let inner = Gradstep::named(vars, rule_of(&params).map_err(failed)?)?;
        Ok(Self { inner, params })
    }

    /// An optimizer for all vars of a map, by their names there.
    pub fn from_var_map(map: &VarMap, params: ParamsAdamW) -> Result<Self> {
        let inner = Gradstep::from_var_map(map, rule_of(&params).map_err(failed)?)?;
        Ok(Self { inner, params })
    }

    /// The hyper-parameters of the next step.
    pub fn params(&self) -> &ParamsAdamW {
        &self.params
    }

    /// Replaces them. If the library refuses one, none is replaced, and the next step fails and says why.
    pub fn set_params(&mut self, params: ParamsAdamW) {
        self.inner.set_all(rule_of(&params));
        self.params = params;
    }

    /// As [`Gradstep::save`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.inner.save(path)
    }

    /// As [`Gradstep::load`].
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<LoadResult> {
        let loaded = self.inner.load(path)?;
        self.params = ParamsAdamW {
            lr: self.inner.hyperparameter("lr")?,
            beta1: self.inner.hyperparameter("beta1")?,
            beta2: self.inner.hyperparameter("beta2")?,
            eps: self.inner.hyperparameter("eps")?,
            weight_decay: self.inner.hyperparameter("weight_decay")?,
        };
        Ok(loaded)
    }

    /// What the trait does not have: the state, the step count, the last step's result.
    pub fn as_gradstep(&self) -> &Gradstep {
        &self.inner
    }
}

impl Optimizer for AdamW {
    type Config = ParamsAdamW;

    fn new(vars: Vec<Var>, params: ParamsAdamW) -> Result<Self> {
        let rule = rule_of(&params).map_err(failed)?;
        let inner = Gradstep::new(vars, Options::new(rule))?;
        Ok(Self { inner, params })
    }

    fn step(&mut self, grads: &GradStore) -> Result<()> {
        self.inner.step(grads)
    }

    fn learning_rate(&self) -> f64 {
        self.params.lr
    }

    fn set_learning_rate(&mut self, lr: f64) {
        let params = ParamsAdamW {
            lr,
            ..self.params.clone()
        };
        self.set_params(params);
    }
}
