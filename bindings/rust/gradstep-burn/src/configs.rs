// SPDX-License-Identifier: Apache-2.0
//! Configurations as burn's own optimizers of these names have them, with the same defaults.
use burn_core as burn;

use burn_core::config::Config;
use burn_optim::ModuleOptimizer;
use burn_optim::decay::WeightDecayConfig;
use burn_optim::grad_clipping::GradientClippingConfig;
use burn_optim::momentum::MomentumConfig;
use gradstep::Rule;

use crate::optimizer::Gradstep;

/// burn's `AdamConfig`.
#[derive(Config, Debug)]
pub struct AdamConfig {
    /// The decay of the first moment.
    #[config(default = 0.9)]
    beta_1: f32,
    /// The decay of the second moment.
    #[config(default = 0.999)]
    beta_2: f32,
    /// Is added to the root of the second moment.
    #[config(default = 1e-5)]
    epsilon: f32,
    /// Whether the second moment's maximum takes its place.
    #[config(default = false)]
    amsgrad: bool,
    /// The decay that is added to the gradient.
    weight_decay: Option<WeightDecayConfig>,
    /// Clips each gradient on its own.
    grad_clipping: Option<GradientClippingConfig>,
}

/// burn's `AdamWConfig`, without `cautious_weight_decay`.
#[derive(Config, Debug)]
pub struct AdamWConfig {
    /// The decay of the first moment.
    #[config(default = 0.9)]
    beta_1: f32,
    /// The decay of the second moment.
    #[config(default = 0.999)]
    beta_2: f32,
    /// Is added to the root of the second moment.
    #[config(default = 1e-5)]
    epsilon: f32,
    /// The decay that is kept out of the moments.
    #[config(default = 1e-4)]
    weight_decay: f32,
    /// Whether the second moment's maximum takes its place.
    #[config(default = false)]
    amsgrad: bool,
    /// Clips each gradient on its own.
    grad_clipping: Option<GradientClippingConfig>,
}

/// burn's `SgdConfig`. Nesterov's momentum needs a dampening of 0, which is not `MomentumConfig`'s default.
#[derive(Config, Debug)]
pub struct SgdConfig {
    /// The decay that is added to the gradient.
    weight_decay: Option<WeightDecayConfig>,
    /// Momentum, if any.
    momentum: Option<MomentumConfig>,
    /// Clips each gradient on its own.
    gradient_clipping: Option<GradientClippingConfig>,
}

/// The number that somebody wrote: 0.9 for 0.9f32.
fn wide(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}

fn decay(config: Option<&WeightDecayConfig>) -> f64 {
    config.map_or(0.0, |config| wide(config.penalty))
}

impl AdamConfig {
    /// The rule. Fails for a number that the library refuses.
    pub fn rule(&self) -> gradstep::Result<Rule> {
        Rule::new("adam")?
            .with("beta1", wide(self.beta_1))?
            .with("beta2", wide(self.beta_2))?
            .with("eps", wide(self.epsilon))?
            .with("amsgrad", f64::from(self.amsgrad))?
            .with("weight_decay", decay(self.weight_decay.as_ref()))
    }
}

impl AdamWConfig {
    /// The rule. Fails for a number that the library refuses.
    pub fn rule(&self) -> gradstep::Result<Rule> {
        Rule::new("adamw")?
            .with("beta1", wide(self.beta_1))?
            .with("beta2", wide(self.beta_2))?
            .with("eps", wide(self.epsilon))?
            .with("amsgrad", f64::from(self.amsgrad))?
            .with("weight_decay", wide(self.weight_decay))
    }
}

impl SgdConfig {
    /// The rule. Fails for a number that the library refuses.
    pub fn rule(&self) -> gradstep::Result<Rule> {
        let rule = Rule::new("sgd")?.with("weight_decay", decay(self.weight_decay.as_ref()))?;
        let Some(momentum) = &self.momentum else {
            return Ok(rule);
        };
        rule.with("momentum", momentum.momentum)?
            .with("dampening", momentum.dampening)?
            .with("nesterov", f64::from(momentum.nesterov))
    }
}

macro_rules! initialized {
    ($config:ident, $clipping:ident) => {
        impl $config {
            /// The optimizer of single params.
            ///
            /// # Panics
            /// For a number that the library refuses, with its sentence.
            pub fn build(&self) -> Gradstep {
                let made = self.rule().and_then(Gradstep::new);
                made.unwrap_or_else(|error| panic!("{error}"))
            }

            /// The optimizer of a whole module.
            ///
            /// # Panics
            /// As `build`.
            pub fn init(&self) -> ModuleOptimizer {
                let optimizer = self.build().init();
                match &self.$clipping {
                    Some(config) => optimizer.with_grad_clipping(config.init()),
                    None => optimizer,
                }
            }
        }
    };
}

initialized!(AdamConfig, grad_clipping);
initialized!(AdamWConfig, grad_clipping);
initialized!(SgdConfig, gradient_clipping);
