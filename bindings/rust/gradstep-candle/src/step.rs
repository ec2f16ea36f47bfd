// SPDX-License-Identifier: Apache-2.0
//! Steps var by var: each in its own place, under its own lock.
use std::cell::RefCell;

use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Storage, bail};
use gradstep::{Optimizer, StepInParts, StepResult};

use crate::arrays::{Elements, failed};
use crate::vars::{Entry, Ready};

/// Makes one step. `inspects`: reads all gradients first, for their norm and the finite check.
pub(crate) fn in_place(
    optimizer: &mut Optimizer,
    all: &[Ready<'_>],
    inspects: bool,
) -> Result<StepResult> {
    let outcome = lend_and_step(optimizer, all, inspects);
    for Ready { entry, .. } in all {
        // SAFETY: no gradient.
        unsafe { optimizer.set_lent_grad(entry.tensor, std::ptr::null()) }.map_err(failed)?;
    }
    outcome
}

fn lend_and_step(
    optimizer: &mut Optimizer,
    all: &[Ready<'_>],
    inspects: bool,
) -> Result<StepResult> {
    for Ready { entry, grad, first } in all {
        let (storage, layout) = grad.storage_and_layout();
        let Storage::Cpu(storage) = &*storage else {
            bail!("the gradient of var {:?} has left the CPU", entry.name);
        };
        let elements = expect(Elements::of(storage, layout))?;
        expect((elements.first.addr() == *first).then_some(()))?;
        // SAFETY: the guard keeps the gradient while it is inspected. Before it is used again, the step
        // compares its address under its lock.
        unsafe { optimizer.set_lent_grad(entry.tensor, elements.first) }.map_err(failed)?;
        if inspects {
            optimizer.inspect(entry.tensor).map_err(failed)?;
        }
    }
    let step = if inspects {
        optimizer.begin_inspected_step()
    } else {
        optimizer.begin_step()
    };
    let step = RefCell::new(step.map_err(failed)?);
    for Ready { entry, grad, first } in all {
        let (step, first) = (&step, *first);
        entry
            .var
            .inplace_op2(grad, &StepOne { step, entry, first })?;
    }
    step.into_inner().end().map_err(failed)
}

/// Steps one var, whose storage candle lends exclusively.
struct StepOne<'a, 'b> {
    step: &'a RefCell<StepInParts<'b>>,
    entry: &'a Entry,
    first: usize, // the address of the gradient that the library has
}

impl InplaceOp2 for StepOne<'_, '_> {
    fn name(&self) -> &'static str {
        "gradstep"
    }

    fn cpu_fwd(
        &self,
        param: &mut CpuStorage,
        layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> Result<()> {
        let Entry { tensor, dtype, .. } = *self.entry;
        let param = expect(Elements::of_mut(param, layout))?;
        let grad = expect(Elements::of(grad, grad_layout))?;
        let is_same = (param.dtype, param.data.addr()) == (dtype, self.entry.elements)
            && (grad.dtype, grad.first.addr()) == (dtype, self.first);
        expect(is_same.then_some(()))?;
        self.step.borrow_mut().step_tensor(tensor).map_err(failed)
    }
}

fn expect<T>(found: Option<T>) -> Result<T> {
    match found {
        Some(found) => Ok(found),
        None => {
            bail!("another thread has replaced the storage of a var or a gradient in this step")
        }
    }
}
