// SPDX-License-Identifier: Apache-2.0
//! Which gradients a step takes, and where.
use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, Var};
use gradstep_candle::gradstep::Rule;
use gradstep_candle::{AdamW, Gradstep, Optimizer, Options, ParamsAdamW, SGD};

const CPU: &Device = &Device::Cpu;

/// A store that holds these gradients.
fn store<'a>(grads: impl IntoIterator<Item = (&'a Var, Tensor)>) -> Result<GradStore> {
    let mut store = Tensor::new(0f32, CPU)?.backward()?;
    for (var, grad) in grads {
        store.insert(var, grad);
    }
    Ok(store)
}

fn sgd(lr: f64) -> Rule {
    Rule::new("sgd").unwrap().with("lr", lr).unwrap()
}

#[test]
fn strided_and_offset_gradients() -> Result<()> {
    let all = Tensor::arange(0f32, 24.0, CPU)?.reshape((4, 6))?;
    for options in [Options::new(sgd(1.0)), Options::new(sgd(1.0)).max_norm(1e9)] {
        let vars = [
            Var::zeros((6, 4), DType::F32, CPU)?,
            Var::zeros((2, 6), DType::F32, CPU)?,
            Var::zeros((4, 2), DType::F32, CPU)?,
            Var::zeros((3, 2), DType::F32, CPU)?,
        ];
        let grads = [
            all.t()?,                                      // strided
            all.narrow(0, 1, 2)?,                          // at an offset
            all.narrow(1, 3, 2)?,                          // both
            Tensor::new(7f32, CPU)?.broadcast_as((3, 2))?, // one element
        ];
        let mut optimizer = Gradstep::new(vars.to_vec(), options)?;
        optimizer.step(&store(vars.iter().zip(grads.clone()))?)?;
        for (var, grad) in vars.iter().zip(&grads) {
            assert_eq!(var.neg()?.to_vec2::<f32>()?, grad.to_vec2::<f32>()?);
        }
    }
    Ok(())
}

#[test]
fn one_gradient_for_two_vars_and_a_var_as_gradient() -> Result<()> {
    for options in [Options::new(sgd(1.0)), Options::new(sgd(1.0)).max_norm(1e9)] {
        let (a, b) = (Var::new(&[1f32, 2.0], CPU)?, Var::new(&[10f32, 20.0], CPU)?);
        let mut optimizer = Gradstep::new(vec![a.clone(), b.clone()], options)?;
        let shared = Tensor::new(&[0.5f32, 0.25], CPU)?;
        optimizer.step(&store([(&a, shared.clone()), (&b, shared.clone())])?)?;
        assert_eq!(a.to_vec1::<f32>()?, [0.5, 1.75]);
        assert_eq!(b.to_vec1::<f32>()?, [9.5, 19.75]);
        // The gradients are what the vars are before the step.
        let (old_a, old_b) = (a.as_detached_tensor(), b.as_detached_tensor());
        optimizer.step(&store([(&a, old_b), (&b, old_a)])?)?;
        assert_eq!(a.to_vec1::<f32>()?, [-9.0, -18.0]);
        assert_eq!(b.to_vec1::<f32>()?, [9.0, 18.0]);
        optimizer.step(&store([(&a, a.as_detached_tensor())])?)?;
        assert_eq!(a.to_vec1::<f32>()?, [0.0, 0.0]);
    }
    Ok(())
}

#[test]
fn vars_without_a_gradient_sit_out() -> Result<()> {
    for name in ["adamw", "prodigy"] {
        let (a, b) = (Var::new(&[1f32, 2.0], CPU)?, Var::new(&[3f32], CPU)?);
        let rule = Rule::new(name).unwrap();
        let mut optimizer = Gradstep::new(vec![a.clone(), b.clone()], rule.into())?;
        for _ in 0..3 {
            optimizer.step(&store([(&a, a.ones_like()?)])?)?;
        }
        assert_eq!(b.to_vec1::<f32>()?, [3.0]);
        assert_eq!(optimizer.state(&b, "exp_avg")?, [0.0]);
        assert!(a.to_vec1::<f32>()?[0] < 1.0);
        let before = a.to_vec1::<f32>()?;
        optimizer.step(&store([(&b, b.ones_like()?)])?)?;
        assert_eq!(a.to_vec1::<f32>()?, before);
        assert!(b.to_vec1::<f32>()?[0] < 3.0);
    }
    Ok(())
}

#[test]
fn vars_that_are_no_floats_or_empty() -> Result<()> {
    let counts = Var::zeros(4, DType::U32, CPU)?;
    let (empty, x) = (Var::zeros((0, 3), DType::F32, CPU)?, Var::new(1f32, CPU)?);
    for options in [Options::new(sgd(1.0)), Options::new(sgd(1.0)).max_norm(1e9)] {
        let vars = vec![counts.clone(), empty.clone(), x.clone()];
        let mut optimizer = Gradstep::new(vars, options)?;
        let before = x.to_scalar::<f32>()?;
        let grads = store([
            (&empty, empty.zeros_like()?),
            (&x, Tensor::new(0.5f32, CPU)?),
        ])?;
        optimizer.step(&grads)?;
        assert_eq!(x.to_scalar::<f32>()?, before - 0.5);
        assert_eq!(optimizer.into_inner().len(), 2);
    }
    Ok(())
}

#[test]
fn a_var_whose_storage_was_replaced_is_followed() -> Result<()> {
    struct Replace;
    impl candle_core::InplaceOp1 for Replace {
        fn name(&self) -> &'static str {
            "replace"
        }
        fn cpu_fwd(
            &self,
            storage: &mut candle_core::CpuStorage,
            _: &candle_core::Layout,
        ) -> Result<()> {
            *storage = candle_core::CpuStorage::F32(vec![5.0; 300]);
            Ok(())
        }
    }
    let x = Var::zeros(300, DType::F32, CPU)?;
    let mut optimizer = SGD::new(vec![x.clone()], 1.0)?;
    let grads = store([(&x, x.ones_like()?)])?;
    optimizer.step(&grads)?;
    assert_eq!(x.to_vec1::<f32>()?, [-1.0; 300]);
    x.inplace_op1(&Replace)?;
    optimizer.step(&grads)?;
    assert_eq!(x.to_vec1::<f32>()?, [4.0; 300]);
    Ok(())
}

#[test]
fn a_step_is_skipped_that_is_not_finite() -> Result<()> {
    let (a, b) = (Var::new(1f32, CPU)?, Var::new(2f32, CPU)?);
    let options = Options::new(sgd(1.0)).check_finite();
    let mut optimizer = Gradstep::new(vec![a.clone(), b.clone()], options)?;
    let infinite = Tensor::new(f32::INFINITY, CPU)?;
    optimizer.step(&store([(&a, Tensor::new(1f32, CPU)?), (&b, infinite)])?)?;
    assert!(optimizer.last_step().unwrap().is_skipped);
    assert_eq!(optimizer.step_count(), 0);
    assert_eq!([a.to_scalar::<f32>()?, b.to_scalar::<f32>()?], [1.0, 2.0]);
    Ok(())
}

#[test]
fn schedule_free_is_evaluated_elsewhere() -> Result<()> {
    let x = Var::new(&[4f32, -4.0], CPU)?;
    let rule = Rule::new("schedule_free_adamw").unwrap();
    let mut optimizer = Gradstep::new(vec![x.clone()], rule.into())?;
    for _ in 0..10 {
        let loss = x.sqr()?.sum_all()?;
        optimizer.backward_step(&loss)?;
    }
    let trained = x.to_vec1::<f32>()?;
    optimizer.transform("evaluate")?;
    assert_ne!(x.to_vec1::<f32>()?, trained);
    let loss = x.sqr()?.sum_all()?;
    let refused = optimizer.backward_step(&loss).unwrap_err().to_string();
    assert!(refused.contains("train"), "{refused}");
    optimizer.transform("train")?;
    for (now, before) in x.to_vec1::<f32>()?.iter().zip(trained) {
        assert!((now - before).abs() < 1e-5);
    }
    optimizer.backward_step(&x.sqr()?.sum_all()?)
}

/// Reads and steps at the same time: each read sees a var before or after a step, and nothing locks up.
#[test]
fn vars_are_read_while_they_are_stepped() -> Result<()> {
    let vars: Vec<_> = (0..4)
        .map(|_| Var::zeros(1 << 14, DType::F32, CPU))
        .collect::<Result<_>>()?;
    let mut optimizer = AdamW::new(vars.clone(), ParamsAdamW::default())?;
    let grads = store(
        vars.iter()
            .map(|var| Ok((var, var.ones_like()?)))
            .collect::<Result<Vec<_>>>()?,
    )?;
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|threads| {
        for shift in 1..3 {
            let (vars, is_over) = (&vars, &is_over);
            threads.spawn(move || {
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    for i in 0..4 {
                        let sum =
                            (vars[i].as_tensor() + vars[(i + shift) % 4].as_tensor()).unwrap();
                        let sum = sum.to_vec1::<f32>().unwrap();
                        assert!(sum.iter().all(|x| *x == sum[0]));
                    }
                }
            });
        }
        for _ in 0..200 {
            optimizer.step(&grads).unwrap();
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(vars[0].to_vec1::<f32>()?[0] < 0.0);
    Ok(())
}
