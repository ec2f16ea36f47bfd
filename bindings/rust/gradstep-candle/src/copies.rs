// SPDX-License-Identifier: Apache-2.0
//! Calls of the library that need all params at once work on copies: to hold the locks of several vars
//! would lock up with threads that take them in another order.
use std::cell::Cell;

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Tensor, bail};
use gradstep::{LentArray, Optimizer, TensorId};

use crate::arrays::{Elements, failed, shape_of};
use crate::vars::Entry;

/// A var, and copies of it and of its gradient that nobody else has.
struct Copied<'a> {
    entry: &'a Entry,
    param: Tensor,
    grad: Option<Tensor>,
}

/// Runs `work` while the library has copies of these vars and gradients, and then sets the vars.
pub(crate) fn on_copies<'a, T>(
    optimizer: &mut Optimizer,
    vars: impl IntoIterator<Item = (&'a Entry, Option<&'a Tensor>)>,
    work: impl FnOnce(&mut Optimizer) -> gradstep::Result<T>,
) -> Result<T> {
    let mut all = Vec::new();
    for (entry, grad) in vars {
        all.push(Copied {
            entry,
            param: entry.var.force_contiguous()?,
            grad: grad.map(Tensor::force_contiguous).transpose()?,
        });
    }
    let outcome = lend(optimizer, &all).and_then(|()| work(optimizer).map_err(failed));
    for Copied { entry, param, .. } in &all {
        let place = LentArray {
            data: std::ptr::without_provenance_mut(entry.elements),
            ..place_of(param)?
        };
        // SAFETY: an address that steps compare with the var's.
        unsafe { optimizer.set_lent_param(entry.tensor, shape_of(&entry.var), place) }
            .map_err(failed)?;
    }
    let done = outcome?;
    for Copied { entry, param, .. } in &all {
        entry.var.set(param)?;
    }
    Ok(done)
}

fn lend(optimizer: &mut Optimizer, all: &[Copied<'_>]) -> Result<()> {
    for Copied { entry, param, grad } in all {
        let (place, tensor): (_, TensorId) = (place_of(param)?, entry.tensor);
        // SAFETY: the copies outlive `work`, and nobody else has them.
        unsafe { optimizer.set_lent_param(tensor, shape_of(&entry.var), place) }.map_err(failed)?;
        if let Some(grad) = grad {
            let place = place_of(grad)?;
            unsafe { optimizer.set_lent_grad(tensor, place.data) }.map_err(failed)?;
        }
    }
    Ok(())
}

/// The place of a tensor's elements, to be written.
pub(crate) fn place_of(tensor: &Tensor) -> Result<LentArray> {
    let place = Place(Cell::new(None));
    tensor.inplace_op1(&place)?;
    match place.0.get() {
        Some(place) => Ok(place),
        None => bail!("the tensor is not contiguous, or has a dtype that gradstep does not step"),
    }
}

struct Place(Cell<Option<LentArray>>);

impl InplaceOp1 for Place {
    fn name(&self) -> &'static str {
        "gradstep"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        self.0.set(Elements::of_mut(storage, layout));
        Ok(())
    }
}
