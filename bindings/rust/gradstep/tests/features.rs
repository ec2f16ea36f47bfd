// SPDX-License-Identifier: Apache-2.0
//! What rules, schedules and optimizers can do beside stepping.
use gradstep::{
    Context, ErrorKind, GroupOptions, LoadOptions, Optimizer, OptimizerOptions, Plateau, Rule,
    Schedule, Shape, State, StepOptions, Tensor, TensorOptions, apply,
};

#[test]
fn the_library_tells_what_there_is() {
    assert_eq!(gradstep::version(), env!("CARGO_PKG_VERSION"));
    assert!(gradstep::instruction_sets().contains(&"baseline"));
    let rules = gradstep::rules();
    assert!(rules.len() >= 11);
    for info in &rules {
        assert!(
            !info.formula.is_empty() && !info.source.is_empty(),
            "{}",
            info.name
        );
        let rule = Rule::new(info.name).unwrap();
        rule.check().unwrap();
        for each in &info.hyperparameters {
            assert_eq!(
                Some(rule.get(each.name).unwrap()),
                each.default,
                "{}",
                each.name
            );
        }
    }
    assert!(gradstep::rule("adamw").unwrap().slots.contains(&"exp_avg"));
    assert!(
        gradstep::schedules()
            .iter()
            .all(|schedule| !schedule.hyperparameters.is_empty())
    );
}

#[test]
fn schedules_follow_each_other() {
    let mut steps = Schedule::new("multistep").unwrap();
    steps.set_list("milestones", &[2.0, 4.0]).unwrap();
    let constant = Schedule::new("cosine")
        .unwrap()
        .with("total_steps", 10.0)
        .unwrap();
    let both = Schedule::sequence(&[&constant, &steps], &[5, 0]).unwrap();
    assert_eq!(both.lr(0.1, 5.0).unwrap(), 0.1);
    assert!(both.lr(0.1, 8.0).unwrap() < 0.1);
    assert!(Schedule::sequence(&[&constant], &[]).is_err());
    assert_eq!(
        both.momentum(0.0).unwrap_err().kind(),
        ErrorKind::Unsupported
    );
}

fn optimizer_with(
    options: OptimizerOptions,
    tensor: TensorOptions,
) -> (Optimizer, gradstep::TensorId) {
    let mut optimizer = Optimizer::with_options(Context::shared().unwrap(), options).unwrap();
    let rule = Rule::new("sgd").unwrap().with("lr", 0.5).unwrap();
    let group = optimizer
        .add_group(GroupOptions::new("all", &rule))
        .unwrap();
    let id = optimizer.add(group, "w", tensor).unwrap();
    (optimizer, id)
}

#[test]
fn averages_and_zeroed_gradients() {
    let options = OptimizerOptions::new().average(0.5).zero_grad();
    let (mut optimizer, w) = optimizer_with(options, TensorOptions::new(vec![1.0f64; 3]).average());
    for _ in 0..2 {
        optimizer.grad_mut::<f64>(w).unwrap().fill(1.0);
        optimizer.step().unwrap();
    }
    assert_eq!(optimizer.param::<f64>(w).unwrap(), [0.0; 3]);
    assert_eq!(optimizer.grad::<f64>(w).unwrap(), [0.0; 3]);
    assert_eq!(optimizer.average::<f64>(w).unwrap(), [0.25; 3]);
    assert_eq!(optimizer.tensor_info(w).unwrap().average_count, 2);
}

#[test]
fn frozen_tensors_and_tensors_without_gradient_stay() {
    let (mut optimizer, w) =
        optimizer_with(OptimizerOptions::new(), TensorOptions::new(vec![1.0f32; 3]));
    optimizer.grad_mut::<f32>(w).unwrap().fill(1.0);
    optimizer.set_frozen(w, true).unwrap();
    optimizer.step().unwrap();
    optimizer.set_frozen(w, false).unwrap();
    optimizer.set_has_grad(w, false).unwrap();
    optimizer.step().unwrap();
    assert_eq!(optimizer.param::<f32>(w).unwrap(), [1.0; 3]);
    optimizer.set_has_grad(w, true).unwrap();
    optimizer.accumulate(w, 2.0).unwrap();
    optimizer.step().unwrap();
    assert_eq!(optimizer.param::<f32>(w).unwrap(), [0.0; 3]);
}

#[test]
fn plateaus_notes_and_loss_scales_are_in_checkpoints() {
    let (mut optimizer, w) =
        optimizer_with(OptimizerOptions::new(), TensorOptions::new(vec![1.0f32; 3]));
    let group = optimizer.tensor_info(w).unwrap().group;
    optimizer
        .set_plateau(group, Some(Plateau::new(0.5).unwrap().patience(0)))
        .unwrap();
    optimizer.set_loss_scale(Some(8.0)).unwrap();
    optimizer.set_note("epoch", Some("7")).unwrap();
    assert_eq!(optimizer.report_metric(1.0).unwrap(), 0);
    assert_eq!(optimizer.report_metric(2.0).unwrap(), 1);
    let bytes = optimizer.save_to_vec(false).unwrap();

    let (mut other, _) =
        optimizer_with(OptimizerOptions::new(), TensorOptions::new(vec![1.0f32; 3]));
    other.load_from_slice(&bytes, LoadOptions::new()).unwrap();
    assert_eq!(other.note_names(), ["epoch"]);
    assert_eq!(other.note("epoch").unwrap(), "7");
    assert_eq!(other.loss_scale().unwrap(), 8.0);
    assert_eq!(other.group_info(group).unwrap().lr, 0.05);
    assert_eq!(other.plateau(group).unwrap().lr(), 0.05);
}

#[test]
fn stateless_steps_skip_and_clip() {
    let context = Context::new().unwrap();
    let rule = Rule::new("sgd").unwrap().with("lr", 1.0).unwrap();
    let mut param = [0.0f32; 2];
    let mut state = State::new(&rule, Shape::flat(2), &param).unwrap();
    let mut step = |grad: [f32; 2]| {
        let tensor = Tensor::new(&mut param, &grad, &mut state).unwrap();
        let options = StepOptions::step(1).check_finite().max_norm(1.0);
        let result = apply(&context, &rule, &mut [tensor], options).unwrap();
        (result, param)
    };
    let (result, param) = step([f32::INFINITY, 1.0]);
    assert!(result.is_skipped && result.non_finite_count == 1);
    assert_eq!(param, [0.0; 2]);
    let (result, param) = step([3.0, 4.0]);
    assert_eq!(result.grad_norm, 5.0);
    assert!(
        (param[0] + 0.6).abs() < 1e-6 && (param[1] + 0.8).abs() < 1e-6,
        "{param:?}"
    );
}

#[cfg(feature = "half")]
#[test]
fn half_precision() {
    use half::{bf16, f16};
    let tensor = TensorOptions::new(vec![bf16::from_f32(1.0); 3])
        .grad::<f16>()
        .copy::<f32>();
    let (mut optimizer, w) = optimizer_with(OptimizerOptions::new(), tensor);
    optimizer
        .grad_mut::<f16>(w)
        .unwrap()
        .fill(f16::from_f32(1.0));
    optimizer.step().unwrap();
    assert_eq!(
        optimizer.param::<bf16>(w).unwrap(),
        [bf16::from_f32(0.5); 3]
    );
    assert_eq!(optimizer.copy::<f32>(w).unwrap(), [0.5; 3]);
}
