// SPDX-License-Identifier: Apache-2.0
//! Training through candle has the bits of the library's own run on the same gradients.
use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{Linear, Module};
use gradstep_candle::gradstep::{self, Dtype, GroupOptions, Rule, Schedule, Shape, TensorOptions};
use gradstep_candle::{AdamW, Gradstep, Optimizer, Options, ParamsAdamW, SGD};

/// y = 3 a + b - 2 at four points, as in candle's own tests.
struct Regression {
    xs: Tensor,
    ys: Tensor,
    w: Var,
    b: Var,
}

impl Regression {
    fn new(dtype: DType) -> Result<Self> {
        let cpu = &Device::Cpu;
        let xs = Tensor::new(&[[2f32, 1.0], [7.0, 4.0], [-4.0, 12.0], [5.0, 8.0]], cpu)?;
        let ys = Tensor::new(&[[5f32], [23.0], [-2.0], [21.0]], cpu)?;
        Ok(Self {
            xs: xs.to_dtype(dtype)?,
            ys: ys.to_dtype(dtype)?,
            w: Var::zeros((1, 2), dtype, cpu)?,
            b: Var::zeros((), dtype, cpu)?,
        })
    }

    fn vars(&self) -> Vec<Var> {
        vec![self.w.clone(), self.b.clone()]
    }

    fn grads(&self) -> Result<GradStore> {
        let line = Linear::new(self.w.as_tensor().clone(), Some(self.b.as_tensor().clone()));
        line.forward(&self.xs)?
            .sub(&self.ys)?
            .sqr()?
            .sum_all()?
            .backward()
    }

    fn numbers(&self) -> Result<Vec<f64>> {
        let w = self.w.flatten_all()?.to_dtype(DType::F64)?.to_vec1()?;
        let b = self.b.to_dtype(DType::F64)?.to_scalar()?;
        Ok([w, vec![b]].concat())
    }
}

fn grad_of(grads: &GradStore, var: &Var) -> Result<Vec<f64>> {
    grads
        .get(var)
        .expect("a gradient")
        .flatten_all()?
        .to_dtype(DType::F64)?
        .to_vec1()
}

/// The same model in an optimizer of the library, which owns its arrays.
struct Twin(gradstep::Optimizer, gradstep::TensorId, gradstep::TensorId);

impl Twin {
    fn new<P: Number>(rule: &Rule, options: gradstep::OptimizerOptions) -> gradstep::Result<Self> {
        let context = gradstep::Context::shared()?;
        let mut inner = gradstep::Optimizer::with_options(context, options)?;
        let group = inner.add_group(GroupOptions::new("all", rule))?;
        let w = TensorOptions::new(vec![P::default(); 2]).shape(Shape::matrix(1, 2));
        let w = inner.add(group, "0", w)?;
        let b = inner.add_tensor(group, "1", vec![P::default()])?;
        Ok(Self(inner, w, b))
    }

    fn step<P: Number>(&mut self, model: &Regression, grads: &GradStore) -> Result<Vec<f64>> {
        let Self(inner, w, b) = self;
        let mut numbers = Vec::new();
        for (tensor, var) in [(*w, &model.w), (*b, &model.b)] {
            let grad = inner.grad_mut::<P>(tensor).unwrap();
            for (to, from) in grad.iter_mut().zip(grad_of(grads, var)?) {
                *to = P::from_f64(from);
            }
        }
        inner.step().unwrap();
        for tensor in [*w, *b] {
            let param = inner.param::<P>(tensor).unwrap();
            numbers.extend(param.iter().map(|p| p.to_f64()));
        }
        Ok(numbers)
    }
}

trait Number: gradstep::Element {
    fn from_f64(x: f64) -> Self;
    fn to_f64(self) -> f64;
}
macro_rules! number {
    ($($type:ty, $from:expr, $to:expr;)*) => {$(
        impl Number for $type {
            fn from_f64(x: f64) -> Self { $from(x) }
            fn to_f64(self) -> f64 { $to(self) }
        }
    )*};
}
number! {
    f64, |x| x, |x| x;
    f32, |x| x as f32, f64::from;
    half::bf16, half::bf16::from_f64, half::bf16::to_f64;
    half::f16, half::f16::from_f64, half::f16::to_f64;
}

fn compare<P: Number>(dtype: DType, rule: &Rule, limits: bool) -> Result<()> {
    let model = Regression::new(dtype)?;
    let mut options = Options::new(rule.clone());
    let mut twin = gradstep::OptimizerOptions::new();
    if limits {
        options = options.max_norm(2.5).check_finite();
        twin = twin.max_norm(2.5).check_finite();
    }
    let mut optimizer = Gradstep::new(model.vars(), options)?;
    let mut twin = Twin::new::<P>(rule, twin).unwrap();
    for step in 1..=30 {
        let grads = model.grads()?;
        optimizer.step(&grads)?;
        let wanted = twin.step::<P>(&model, &grads)?;
        assert_eq!(
            model.numbers()?,
            wanted,
            "{} {dtype:?} {limits} step {step}",
            rule.info().name
        );
    }
    assert!(model.numbers()?.iter().any(|x| *x != 0.0));
    Ok(())
}

#[test]
fn every_rule_and_dtype() -> Result<()> {
    for info in gradstep::rules() {
        let rule = Rule::new(info.name).unwrap();
        for limits in [false, true] {
            compare::<f32>(DType::F32, &rule, limits)?;
            compare::<f64>(DType::F64, &rule, limits)?;
            compare::<half::bf16>(DType::BF16, &rule, limits)?;
            compare::<half::f16>(DType::F16, &rule, limits)?;
        }
    }
    Ok(())
}

/// The values are those of PyTorch 2.14's AdamW and SGD, within float32.
#[test]
fn candles_types_give_pytorchs_values() -> Result<()> {
    let model = Regression::new(DType::F32)?;
    let mut adamw = AdamW::new_lr(model.vars(), 0.1)?;
    for _ in 0..100 {
        adamw.step(&model.grads()?)?;
    }
    for (got, wanted) in model.numbers()?.iter().zip([2.7257, 0.7097, 0.7873]) {
        assert!((got - wanted).abs() < 1e-4, "{got} for {wanted}");
    }
    let model = Regression::new(DType::F32)?;
    let mut sgd = SGD::new(model.vars(), 0.004)?;
    for _ in 0..1000 {
        sgd.step(&model.grads()?)?;
    }
    for (got, wanted) in model
        .numbers()?
        .iter()
        .zip([2.9983196, 0.99790204, -1.9796902])
    {
        assert!((got - wanted).abs() < 1e-5, "{got} for {wanted}");
    }
    Ok(())
}

/// candle's own AdamW beside ours, on the same gradients.
#[test]
fn adamw_follows_candles() -> Result<()> {
    let params = ParamsAdamW {
        lr: 0.05,
        beta1: 0.8,
        beta2: 0.95,
        eps: 1e-6,
        weight_decay: 0.1,
    };
    for dtype in [DType::F32, DType::F64] {
        let (ours, theirs) = (Regression::new(dtype)?, Regression::new(dtype)?);
        let mut one = AdamW::new(ours.vars(), params.clone())?;
        let mut two = candle_nn::AdamW::new(theirs.vars(), params.clone())?;
        for _ in 0..50 {
            one.step(&ours.grads()?)?;
            two.step(&theirs.grads()?)?;
        }
        let tolerance = if dtype == DType::F64 { 1e-12 } else { 1e-5 };
        for (one, two) in ours.numbers()?.iter().zip(theirs.numbers()?) {
            assert!(
                (one - two).abs() <= tolerance * two.abs(),
                "{one} and {two}"
            );
        }
    }
    Ok(())
}

#[test]
fn schedules_and_narrow_slots() -> Result<()> {
    let model = Regression::new(DType::F32)?;
    let rule = Rule::new("adamw").unwrap().with("lr", 0.1).unwrap();
    let schedule = Schedule::new("cosine").unwrap().with("total_steps", 10.0);
    let options = Options::new(rule)
        .schedule(schedule.unwrap())
        .slot_dtype(Dtype::BFloat16);
    let mut optimizer = Gradstep::new(model.vars(), options)?;
    assert_eq!(optimizer.learning_rate(), 0.1);
    for _ in 0..5 {
        optimizer.step(&model.grads()?)?;
    }
    assert!((optimizer.learning_rate() - 0.05).abs() < 1e-12);
    optimizer.set_learning_rate(0.2);
    assert!((optimizer.learning_rate() - 0.1).abs() < 1e-12);
    assert_eq!(optimizer.state_bytes(), 3 * 2 * 2);
    assert_eq!(optimizer.step_count(), 5);
    Ok(())
}
