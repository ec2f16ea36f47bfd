// SPDX-License-Identifier: Apache-2.0
//! Wrong use is an error with a sentence, or does not compile; it changes nothing.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gradstep::{
    Context, ContextOptions, ErrorKind, GroupOptions, LoadOptions, Optimizer, OptimizerOptions,
    Rule, Shape, State, StepOptions, Tensor, TensorOptions, apply,
};

fn one_tensor(count: usize) -> (Optimizer, gradstep::TensorId) {
    let mut optimizer = Optimizer::new().unwrap();
    let rule = Rule::new("adamw").unwrap();
    let group = optimizer
        .add_group(GroupOptions::new("all", &rule))
        .unwrap();
    let w = optimizer
        .add_tensor(group, "w", vec![1.0f32; count])
        .unwrap();
    (optimizer, w)
}

#[test]
fn names_are_suggested() {
    let error = Rule::new("adamm").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownName);
    assert!(error.sentence().contains("adam"), "{error}");
    let error = Rule::new("adamw").unwrap().with("beta", 0.9).unwrap_err();
    assert!(error.to_string().contains("beta1"), "{error}");
    let error = Rule::new("ada\0m").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let mut rule = Rule::new("adamw").unwrap();
    let error = rule.set("beta1", 1.5).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfRange);
    assert_eq!(rule.get("beta1").unwrap(), 0.9);
}

#[test]
fn lengths_and_types_are_checked() {
    let rule = Rule::new("adam").unwrap();
    let mut param = [1.0f32; 8];
    assert!(State::new(&rule, Shape::flat(7), &param).is_err());
    assert!(State::new(&rule, Shape::matrices(usize::MAX, 2, 4), &param).is_err());
    let mut state = State::new(&rule, Shape::flat(8), &param).unwrap();
    let error = Tensor::new(&mut param, &[0.0f32; 7], &mut state).unwrap_err();
    assert!(
        error
            .sentence()
            .contains("grad has 7 elements, and param has 8"),
        "{error}"
    );
    let error = Tensor::new(&mut [1.0f64; 8], &[0.0f32; 8], &mut state).unwrap_err();
    assert!(error.sentence().contains("Float64"), "{error}");
    assert!(Tensor::new(&mut [1.0f32; 9], &[0.0f32; 9], &mut state).is_err());

    let (mut optimizer, w) = one_tensor(8);
    assert!(optimizer.param::<f64>(w).is_err());
    assert!(optimizer.write_array(w, "exp_avg", &[0.0; 7]).is_err());
    let group = optimizer.find_group("all").unwrap();
    let wrong = TensorOptions::new(vec![0.0f32; 6]).shape(Shape::matrix(2, 4));
    assert!(optimizer.add(group, "v", wrong).is_err());
    assert_eq!(optimizer.info().tensor_count, 1);
}

/// A state has the arrays of the rule that it was made for.
#[test]
fn a_state_fits_its_rule() {
    let context = Context::shared().unwrap();
    let (sgd, adam) = (Rule::new("sgd").unwrap(), Rule::new("adam").unwrap());
    let mut param = vec![1.0f32; 64];
    let mut state = State::new(&sgd, Shape::flat(64), &param).unwrap();
    let tensor = Tensor::new(&mut param, &[1.0f32; 64], &mut state).unwrap();
    assert!(apply(&context, &adam, &mut [tensor], StepOptions::step(1)).is_err());
    let momentum = sgd.clone().with("momentum", 0.9).unwrap();
    let tensor = Tensor::new(&mut param, &[1.0f32; 64], &mut state).unwrap();
    let error = apply(&context, &momentum, &mut [tensor], StepOptions::step(1)).unwrap_err();
    assert!(error.sentence().contains("momentum_buffer"), "{error}");
    assert_eq!(param, [1.0; 64]);
}

/// Factored and unfactored second moments are slots of different sizes.
#[test]
fn a_state_of_another_shape_is_refused() {
    let rule = Rule::new("adafactor").unwrap();
    let param = vec![1.0f32; 64];
    let mut flat = State::new(&rule, Shape::flat(64), &param).unwrap();
    let mut matrix = State::new(&rule, Shape::matrix(8, 8), &param).unwrap();
    for state in [&mut flat, &mut matrix] {
        let mut param = param.clone();
        let tensor = Tensor::new(&mut param, &[1.0f32; 64], state).unwrap();
        let context = Context::shared().unwrap();
        apply(&context, &rule, &mut [tensor], StepOptions::step(1)).unwrap();
    }
}

#[test]
fn a_removed_tensor_is_out_of_range() {
    let (mut optimizer, w) = one_tensor(8);
    optimizer.remove(w).unwrap();
    assert_eq!(
        optimizer.remove(w).unwrap_err().kind(),
        ErrorKind::OutOfRange
    );
    assert_eq!(
        optimizer.param::<f32>(w).unwrap_err().kind(),
        ErrorKind::OutOfRange
    );
    assert_eq!(
        optimizer.set_has_grad(w, true).unwrap_err().kind(),
        ErrorKind::OutOfRange
    );
    assert_eq!(optimizer.tensors().count(), 0);
    optimizer.step().unwrap();
}

#[test]
fn a_failed_load_changes_nothing() {
    let (mut optimizer, w) = one_tensor(300);
    optimizer.grad_mut::<f32>(w).unwrap().fill(0.5);
    optimizer.step().unwrap();
    let bytes = optimizer.save_to_vec(true).unwrap();
    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let error = optimizer
        .load_from_slice(&damaged, LoadOptions::new().params())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert_eq!(optimizer.save_to_vec(true).unwrap(), bytes);
    let (mut other, _) = one_tensor(299);
    let error = other
        .load_from_slice(&bytes, LoadOptions::new())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let error = optimizer
        .load("/nowhere/at/all", LoadOptions::new())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(
        optimizer
            .load_from_slice(&bytes, LoadOptions::new().params())
            .unwrap()
            .loaded_count,
        1
    );
}

/// A step that needs all gradients at once cannot be made tensor by tensor; one that is dropped ends.
#[test]
fn steps_in_parts_end() {
    let (mut optimizer, w) = one_tensor(8);
    drop(optimizer.begin_step().unwrap());
    assert_eq!(optimizer.param::<f32>(w).unwrap(), [1.0; 8]);
    let step = optimizer.begin_step().unwrap();
    assert_eq!(step.end().unwrap().left_out_count, 1);
    optimizer
        .set_options(OptimizerOptions::new().max_norm(1.0))
        .unwrap();
    assert_eq!(
        optimizer.begin_step().unwrap_err().kind(),
        ErrorKind::WrongOrder
    );
    optimizer.step().unwrap();
}

fn bits_after_steps(context: Arc<Context>) -> Vec<u32> {
    let mut optimizer = Optimizer::with_options(context, OptimizerOptions::new()).unwrap();
    let rule = Rule::new("adam").unwrap();
    let group = optimizer
        .add_group(GroupOptions::new("all", &rule))
        .unwrap();
    let w = optimizer
        .add_tensor(group, "w", vec![1.0f32; 100_000])
        .unwrap();
    for step in 0..3 {
        let grad = optimizer.grad_mut::<f32>(w).unwrap();
        grad.iter_mut()
            .enumerate()
            .for_each(|(i, g)| *g = ((i * 31 + step) % 97) as f32 - 48.0);
        optimizer.step().unwrap();
    }
    optimizer
        .param::<f32>(w)
        .unwrap()
        .iter()
        .map(|p| p.to_bits())
        .collect()
}

#[test]
fn a_pool_that_panics_or_leaves_tasks_out_changes_no_bit() {
    let wanted = bits_after_steps(Context::shared().unwrap());
    let pool = |run: fn(usize, &(dyn Fn(usize) + Sync))| {
        let calls = Arc::new(AtomicUsize::new(0));
        let seen = calls.clone();
        let options = ContextOptions::new()
            .threads(4)
            .serial_below(0)
            .pool(move |count, task| {
                seen.fetch_add(1, Ordering::Relaxed);
                run(count, task);
            });
        assert_eq!(
            bits_after_steps(Arc::new(options.create().unwrap())),
            wanted
        );
        assert!(calls.load(Ordering::Relaxed) >= 3);
    };
    pool(|count, task| (0..count).for_each(task));
    pool(|_, _| {});
    pool(|_, task| {
        task(0);
        task(0);
        task(usize::MAX);
    });
    std::panic::set_hook(Box::new(|_| {}));
    pool(|_, task| {
        task(0);
        panic!("the host's pool");
    });
    let _ = std::panic::take_hook();
}

#[cfg(feature = "rayon")]
#[test]
fn rayon_gives_the_same_bits() {
    let options = ContextOptions::new().threads(4).serial_below(0).rayon();
    let context = Arc::new(options.create().unwrap());
    assert_eq!(
        bits_after_steps(context),
        bits_after_steps(Context::shared().unwrap())
    );
}

#[test]
fn threads_step_optimizers_of_their_own_by_one_context() {
    let context = Context::shared().unwrap();
    let wanted = bits_after_steps(context.clone());
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| assert_eq!(bits_after_steps(context.clone()), wanted));
        }
    });
}

/// The sentence of an error is that of the failing call, whatever other threads do.
#[test]
fn sentences_do_not_mix() {
    std::thread::scope(|threads| {
        for thread in 0..8 {
            threads.spawn(move || {
                for i in 0..1000 {
                    let name = format!("rule_{thread}_{i}");
                    let error = Rule::new(&name).unwrap_err();
                    assert!(error.sentence().contains(&name), "{error}");
                }
            });
        }
    });
}
