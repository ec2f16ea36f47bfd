// SPDX-License-Identifier: Apache-2.0
use gradstep_sys as sys;

use crate::error::{Result, check};
use crate::optimizer::{GroupId, Optimizer};

/// Lowers a group's rate when a metric no longer improves.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Plateau {
    raw: sys::gradstep_plateau,
}

impl Plateau {
    /// A plateau with the library's defaults, whose rate begins at lr.
    pub fn new(lr: f64) -> Result<Self> {
        let mut raw = sys::gradstep_plateau::default();
        // SAFETY: the pointer is valid, as those below are.
        check(unsafe { sys::gradstep_plateau_init(&mut raw, lr) })?;
        Ok(Self { raw })
    }
    /// Multiplies the rate.
    pub fn factor(mut self, factor: f64) -> Self {
        self.raw.factor = factor;
        self
    }
    /// How many reports without improvement are borne.
    pub fn patience(mut self, reports: u64) -> Self {
        self.raw.patience = reports;
        self
    }
    /// How many reports after a reduction do not count.
    pub fn cooldown(mut self, reports: u64) -> Self {
        self.raw.cooldown = reports;
        self
    }
    /// What counts as an improvement: a part of the best metric, or an amount.
    pub fn threshold(mut self, threshold: f64, is_absolute: bool) -> Self {
        self.raw.threshold = threshold;
        self.raw.is_absolute = is_absolute.into();
        self
    }
    /// The rate is never below this.
    pub fn min_lr(mut self, lr: f64) -> Self {
        self.raw.min_lr = lr;
        self
    }
    /// The metric is to grow. Call it before the first report.
    pub fn maximizes(mut self) -> Self {
        self.raw.maximizes = 1;
        self.raw.best = f64::NEG_INFINITY;
        self
    }
    /// The present rate.
    pub fn lr(&self) -> f64 {
        self.raw.lr
    }
    /// Reports a metric; true: the rate was lowered.
    pub fn report(&mut self, metric: f64) -> Result<bool> {
        let mut is_reduced = 0;
        check(unsafe { sys::gradstep_plateau_report(&mut self.raw, metric, &mut is_reduced) })?;
        Ok(is_reduced != 0)
    }
}

impl Optimizer {
    /// Gives a group a plateau, whose rate replaces the group's base rate; None removes it.
    pub fn set_plateau(&mut self, group: GroupId, plateau: Option<Plateau>) -> Result<()> {
        let plateau = plateau
            .as_ref()
            .map_or(std::ptr::null(), |plateau| &raw const plateau.raw);
        check(unsafe { sys::gradstep_optimizer_set_plateau(self.as_ptr(), group.0, plateau) })
    }

    /// A group's plateau at present.
    pub fn plateau(&self, group: GroupId) -> Result<Plateau> {
        let mut raw = sys::gradstep_plateau::default();
        check(unsafe { sys::gradstep_optimizer_get_plateau(self.as_ptr(), group.0, &mut raw) })?;
        Ok(Plateau { raw })
    }

    /// Reports a metric to the plateaus of all groups; returns how many rates were lowered.
    pub fn report_metric(&mut self, metric: f64) -> Result<usize> {
        let mut count = 0;
        check(unsafe { sys::gradstep_optimizer_report_metric(self.as_ptr(), metric, &mut count) })?;
        Ok(count)
    }

    /// Clips a group by the norm of its own gradients; None: it is not.
    pub fn set_group_max_norm(&mut self, group: GroupId, norm: Option<f64>) -> Result<()> {
        let norm = norm.unwrap_or(0.0);
        check(unsafe { sys::gradstep_optimizer_set_group_max_norm(self.as_ptr(), group.0, norm) })
    }
}
