// SPDX-License-Identifier: Apache-2.0
use std::path::Path;

use candle_core::backprop::GradStore;
use candle_core::{Result, Var, bail};
use candle_nn::{Optimizer, VarMap};
use gradstep::{
    Context, GroupId, GroupOptions, LoadOptions, LoadResult, Rule, StepResult, shared_scalars,
};

use crate::arrays::{Elements, failed, shape_of};
use crate::copies::{on_copies, place_of};
use crate::options::Options;
use crate::step;
use crate::vars::{Entry, of_map, ready};

/// Any rule of the library, for vars on the CPU of the dtypes f32, f64, bf16 and f16. A step writes the
/// vars in place, under their locks. Vars without a gradient sit out a step: neither they nor their state
/// nor their step count change. As in candle's optimizers, vars that are not floats are left aside.
///
/// A failed step has changed nothing, unless another thread replaces the storage of a var meanwhile.
#[derive(Debug)]
pub struct Gradstep {
    inner: gradstep::Optimizer,
    group: GroupId,
    entries: Vec<Entry>,
    is_named: bool,
    needs_all_grads: bool,
    needs_all_vars: bool,               // the rule sums over all of them
    pub(crate) refused: Option<String>, // why a setting was refused that could not fail
    last: Option<StepResult>,
}

impl Gradstep {
    /// An optimizer whose checkpoints know the vars by these names.
    pub fn named<N: Into<String>>(
        vars: impl IntoIterator<Item = (N, Var)>,
        options: impl Into<Options>,
    ) -> Result<Self> {
        let vars = vars.into_iter().map(|(name, var)| (name.into(), var));
        Self::build(vars.collect(), true, options.into())
    }

    /// An optimizer for all vars of a map, by their names there.
    pub fn from_var_map(map: &VarMap, options: impl Into<Options>) -> Result<Self> {
        Self::build(of_map(map), true, options.into())
    }

    fn build(vars: Vec<(String, Var)>, is_named: bool, options: Options) -> Result<Self> {
        let rule = &options.rule;
        let context = options.context.map_or_else(Context::shared, Ok);
        let mut inner = gradstep::Optimizer::with_options(context.map_err(failed)?, options.steps)
            .map_err(failed)?;
        let mut all = GroupOptions::new("all", rule);
        if let Some(schedule) = &options.schedule {
            all = all.schedule(schedule);
        }
        if let Some(dtype) = options.slot_dtype {
            all = all.slot_dtype(dtype);
        }
        let mut optimizer = Self {
            group: inner.add_group(all).map_err(failed)?,
            inner,
            entries: Vec::new(),
            is_named,
            needs_all_grads: options.needs_all_grads,
            needs_all_vars: !shared_scalars(rule).map_err(failed)?.is_empty(),
            refused: None,
            last: None,
        };
        for (name, var) in vars {
            optimizer.add(name, var)?;
        }
        Ok(optimizer)
    }

    /// Adds a var, whose name is its number unless the optimizer has names.
    pub fn push(&mut self, var: &Var) -> Result<()> {
        if self.is_named {
            bail!("the vars of this optimizer have names; push_named adds one");
        }
        self.add(self.entries.len().to_string(), var.clone())
    }

    /// Adds a var by a name.
    pub fn push_named(&mut self, name: &str, var: &Var) -> Result<()> {
        if !self.is_named {
            bail!("the vars of this optimizer have no names; push adds one");
        }
        self.add(name.to_owned(), var.clone())
    }

    fn add(&mut self, name: String, var: Var) -> Result<()> {
        if !var.dtype().is_float() {
            return Ok(());
        }
        if let Some(twice) = self.entries.iter().find(|each| each.var.id() == var.id()) {
            bail!("vars {:?} and {name:?} are the same var", twice.name);
        }
        Elements::of_tensor(&var, "var", &name)?;
        let place = place_of(&var)?;
        // SAFETY: the var lives as long as the optimizer, and each step compares the address again, under
        // the var's lock. Nothing else that uses params is called, but on copies.
        let tensor = unsafe {
            self.inner
                .add_lent(self.group, &name, shape_of(&var), place)
        };
        self.entries.push(Entry {
            name,
            tensor: tensor.map_err(failed)?,
            var,
            dtype: place.dtype,
            elements: place.data.addr(),
        });
        Ok(())
    }

    /// The vars.
    pub fn into_inner(self) -> Vec<Var> {
        self.entries.into_iter().map(|entry| entry.var).collect()
    }

    /// Writes the state, the step counts and the hyper-parameters, in the library's format. The file is
    /// replaced as a whole or not at all. The vars themselves are not in it: `VarMap::save` writes them.
    ///
    /// Fails for an optimizer without names, because `VarMap::all_vars` has another order in each process.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.expect_names("save")?;
        self.expect_accepted()?;
        self.inner.save(path, false).map_err(failed)
    }

    /// Loads what `save` has written for vars of the same names and shapes, hyper-parameters included. On a
    /// failure nothing has changed.
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<LoadResult> {
        self.expect_names("load")?;
        let loaded = self.inner.load(path, LoadOptions::new()).map_err(failed)?;
        self.refused = None;
        Ok(loaded)
    }

    fn expect_names(&self, call: &str) -> Result<()> {
        if self.is_named {
            return Ok(());
        }
        bail!(
            "{call} needs names of the vars, because VarMap::all_vars has another order in each process: \
             create the optimizer by from_var_map or named"
        )
    }

    fn expect_accepted(&self) -> Result<()> {
        match &self.refused {
            Some(sentence) => bail!("{sentence}"),
            None => Ok(()),
        }
    }

    /// A hyper-parameter of the rule: "beta1".
    pub fn hyperparameter(&self, name: &str) -> Result<f64> {
        self.inner.hyperparameter(self.group, name).map_err(failed)
    }

    /// Sets a hyper-parameter, from the next step on.
    pub fn set_hyperparameter(&mut self, name: &str, value: f64) -> Result<()> {
        self.inner
            .set_hyperparameter(self.group, name, value)
            .map_err(failed)
    }

    /// Sets hyper-parameters, all or none; a refusal is what the next step says.
    pub(crate) fn set_all(&mut self, rule: gradstep::Result<Rule>) {
        let set = rule.and_then(|rule| {
            for each in &rule.info().hyperparameters {
                let value = rule.get(each.name)?;
                self.inner
                    .set_hyperparameter(self.group, each.name, value)?;
            }
            Ok(())
        });
        self.refused = set.err().map(|error| error.to_string());
    }

    /// What the last step has done: whether it was skipped, and the norm of the gradients.
    pub fn last_step(&self) -> Option<StepResult> {
        self.last
    }

    /// The steps that were not skipped.
    pub fn step_count(&self) -> u64 {
        self.inner.info().step_count
    }

    /// The memory of the state in bytes.
    pub fn state_bytes(&self) -> usize {
        self.inner.info().state_bytes
    }

    /// The numbers of a slot of a var's state: "exp_avg". They are in the order of the var's elements.
    pub fn state(&self, var: &Var, slot: &str) -> Result<Vec<f64>> {
        let Some(entry) = self.entries.iter().find(|each| each.var.id() == var.id()) else {
            bail!(
                "the var is not one of the optimizer's {}",
                self.entries.len()
            );
        };
        if slot == "param" {
            bail!("slot is \"param\"; the var itself has its elements");
        }
        self.inner.read_array(entry.tensor, slot).map_err(failed)
    }

    /// Replaces the vars by what the rule is evaluated with ("evaluate" of schedule_free_adamw), or back
    /// ("train").
    pub fn transform(&mut self, name: &str) -> Result<()> {
        self.follow_storages()?;
        let vars = self.entries.iter().map(|entry| (entry, None));
        let group = self.group;
        on_copies(&mut self.inner, vars, |inner| inner.transform(group, name))
    }

    /// Tells the library where the vars are whose storage was replaced.
    fn follow_storages(&mut self) -> Result<()> {
        for entry in &mut self.entries {
            let now = Elements::of_tensor(&entry.var, "var", &entry.name)?;
            if now.first.addr() == entry.elements {
                continue;
            }
            let place = place_of(&entry.var)?;
            // SAFETY: as in `add`.
            unsafe {
                self.inner
                    .set_lent_param(entry.tensor, shape_of(&entry.var), place)
            }
            .map_err(failed)?;
            entry.elements = place.data.addr();
        }
        Ok(())
    }
}

impl Optimizer for Gradstep {
    type Config = Options;

    /// The vars have no names, so that [`Gradstep::save`] fails.
    fn new(vars: Vec<Var>, options: Options) -> Result<Self> {
        let numbers = 0..vars.len();
        let vars = numbers.map(|i| i.to_string()).zip(vars).collect();
        Self::build(vars, false, options)
    }

    fn step(&mut self, grads: &GradStore) -> Result<()> {
        self.expect_accepted()?;
        self.follow_storages()?;
        let all = ready(&self.entries, grads)?;
        let inner = &mut self.inner;
        let result = if self.needs_all_vars {
            let vars = all.iter().map(|each| (each.entry, Some(&each.grad)));
            on_copies(inner, vars, gradstep::Optimizer::step)?
        } else {
            step::in_place(inner, &all, self.needs_all_grads)?
        };
        self.last = Some(result);
        Ok(())
    }

    /// The rate of the next step: with a schedule, what it gives.
    fn learning_rate(&self) -> f64 {
        let group = self.inner.group_info(self.group);
        group.map_or(f64::NAN, |group| group.lr)
    }

    /// With a schedule, its base rate. If the library refuses the rate, the next step fails and says why.
    fn set_learning_rate(&mut self, lr: f64) {
        let set = self.inner.set_hyperparameter(self.group, "lr", lr);
        self.refused = set.err().map(|error| error.to_string());
    }
}
