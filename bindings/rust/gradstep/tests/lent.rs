// SPDX-License-Identifier: Apache-2.0
//! Tensors whose arrays stay the host's.
use std::ptr;

use gradstep::{
    Context, Dtype, GroupOptions, LentArray, Optimizer, OptimizerOptions, Result, Rule, Shape,
    TensorId,
};

fn place(param: &mut [f32]) -> LentArray {
    LentArray {
        dtype: Dtype::Float32,
        data: param.as_mut_ptr().cast(),
    }
}

/// An optimizer with a lent tensor.
fn lent(options: OptimizerOptions, param: &mut [f32]) -> Result<(Optimizer, TensorId)> {
    let mut optimizer = Optimizer::with_options(Context::shared()?, options)?;
    let rule = Rule::new("sgd")?.with("lr", 1.0)?;
    let group = optimizer.add_group(GroupOptions::new("all", &rule))?;
    let shape = Shape::flat(param.len());
    // SAFETY: each test keeps the param, or lends another.
    let w = unsafe { optimizer.add_lent(group, "w", shape, place(param)) }?;
    Ok((optimizer, w))
}

fn step(optimizer: &mut Optimizer, w: TensorId, grad: &[f32], inspects: bool) -> Result<usize> {
    // SAFETY: the gradient is taken away before it ends.
    unsafe { optimizer.set_lent_grad(w, grad.as_ptr().cast()) }?;
    let mut step = if inspects {
        optimizer.inspect(w)?;
        optimizer.begin_inspected_step()?
    } else {
        optimizer.begin_step()?
    };
    step.step_tensor(w)?;
    let left_out = step.end()?.left_out_count;
    unsafe { optimizer.set_lent_grad(w, ptr::null()) }?;
    Ok(left_out)
}

#[test]
fn a_param_is_stepped_where_it_is() -> Result<()> {
    let (mut first, mut second) = ([1f32, 2.0], [5f32, 6.0]);
    let (mut optimizer, w) = lent(OptimizerOptions::new(), &mut first)?;
    assert_eq!(step(&mut optimizer, w, &[0.5, 0.25], false)?, 0);
    unsafe { optimizer.set_lent_param(w, Shape::flat(2), place(&mut second)) }?;
    step(&mut optimizer, w, &[1.0, 1.0], false)?;
    assert_eq!(first, [0.5, 1.75]);
    assert_eq!(second, [4.0, 5.0]);
    optimizer.step()?; // without a gradient
    assert_eq!(second, [4.0, 5.0]);
    assert_eq!(optimizer.tensor_info(w)?.step_count, 2);
    assert_eq!(optimizer.tensors().collect::<Vec<_>>(), [w]);
    Ok(())
}

#[test]
fn the_norm_comes_from_inspections() -> Result<()> {
    let mut param = [0f32, 0.0];
    let (mut optimizer, w) = lent(OptimizerOptions::new().max_norm(1.0), &mut param)?;
    assert!(step(&mut optimizer, w, &[3.0, 4.0], false).is_err());
    assert_eq!(param, [0.0, 0.0]);
    step(&mut optimizer, w, &[3.0, 4.0], true)?;
    assert!((param[0] + 0.6).abs() < 1e-6 && (param[1] + 0.8).abs() < 1e-6);
    assert_eq!(optimizer.info().grad_norm, 5.0);
    Ok(())
}

#[test]
fn the_optimizer_lends_none_of_the_hosts_arrays() -> Result<()> {
    let mut param = [1f32];
    let (mut optimizer, w) = lent(OptimizerOptions::new(), &mut param)?;
    for refused in [
        optimizer.param::<f32>(w).map(drop),
        optimizer.grad_mut::<f32>(w).map(drop),
        optimizer.set_has_grad(w, true),
    ] {
        let sentence = refused.unwrap_err().to_string();
        assert_eq!(
            sentence,
            "the arrays of tensor \"w\" are the host's, which has lent them"
        );
    }
    assert_eq!(optimizer.begin_step()?.tensors().count(), 0);
    optimizer.remove(w)?;
    assert_eq!(optimizer.tensors().count(), 0);
    assert!(optimizer.param::<f32>(w).is_err());
    Ok(())
}
