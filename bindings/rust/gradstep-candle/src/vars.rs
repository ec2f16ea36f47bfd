// SPDX-License-Identifier: Apache-2.0
//! The vars of an optimizer, and what is ready to step them.
use std::collections::HashSet;

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var, bail};
use candle_nn::VarMap;
use gradstep::{Dtype, TensorId};

use crate::arrays::Elements;

/// A var and its tensor in the library.
#[derive(Debug)]
pub(crate) struct Entry {
    pub name: String,
    pub var: Var,
    pub tensor: TensorId,
    pub dtype: Dtype,
    pub elements: usize, // the address that the library has
}

/// A gradient that suits its var: contiguous, and with a storage that no var and no other gradient has.
#[derive(Debug)]
pub(crate) struct Ready<'a> {
    pub entry: &'a Entry,
    pub grad: Tensor,
    pub first: usize, // the address of its first element
}

/// Checks all gradients before the first var changes.
pub(crate) fn ready<'a>(entries: &'a [Entry], grads: &GradStore) -> Result<Vec<Ready<'a>>> {
    let mut taken = HashSet::new();
    for entry in entries {
        taken.insert(Elements::of_tensor(&entry.var, "var", &entry.name)?.storage);
    }
    let mut all = Vec::with_capacity(entries.len());
    for entry in entries {
        let Some(grad) = grads.get(&entry.var) else {
            continue;
        };
        let name = &entry.name;
        if grad.shape() != entry.var.shape() {
            bail!(
                "the gradient of var {name:?} has the shape {:?}; the var has {:?}",
                grad.shape(),
                entry.var.shape()
            );
        }
        if grad.dtype() != entry.var.dtype() {
            bail!(
                "the gradient of var {name:?} is {}; the var is {}",
                grad.dtype().as_str(),
                entry.var.dtype().as_str()
            );
        }
        let what = "the gradient of var";
        let mut grad = grad.contiguous()?;
        let mut elements = Elements::of_tensor(&grad, what, name)?;
        if !taken.insert(elements.storage) && entry.var.elem_count() > 0 {
            grad = grad.force_contiguous()?;
            elements = Elements::of_tensor(&grad, what, name)?;
        }
        let first = elements.first.addr();
        all.push(Ready { entry, grad, first });
    }
    Ok(all)
}

/// The vars of a map in the order of their names.
pub(crate) fn of_map(map: &VarMap) -> Vec<(String, Var)> {
    let vars = map
        .data()
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut all: Vec<_> = vars
        .iter()
        .map(|(name, var)| (name.clone(), var.clone()))
        .collect();
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    all
}
