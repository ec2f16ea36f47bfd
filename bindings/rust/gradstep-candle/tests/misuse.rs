// SPDX-License-Identifier: Apache-2.0
//! Wrong arguments give an error that names them, and nothing changes.
use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, Var};
use gradstep_candle::gradstep::Rule;
use gradstep_candle::{AdamW, Gradstep, Optimizer, Options, ParamsAdamW, SGD};

const CPU: &Device = &Device::Cpu;

/// Without the backtrace that RUST_BACKTRACE adds.
fn sentence<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => panic!("an error was expected"),
        Err(error) => {
            let text = error.to_string();
            text.split("\n   0:").next().unwrap_or_default().to_owned()
        }
    }
}

fn store(grads: &[(&Var, Tensor)]) -> Result<GradStore> {
    let mut store = Tensor::new(0f32, CPU)?.backward()?;
    for (var, grad) in grads {
        store.insert(var, grad.clone());
    }
    Ok(store)
}

#[test]
fn a_var_twice() -> Result<()> {
    let x = Var::new(&[1f32], CPU)?;
    let again = Var::from_tensor(x.as_tensor())?;
    let error = sentence(SGD::new(vec![x.clone(), again], 0.1));
    assert_eq!(error, "vars \"0\" and \"1\" are the same var");
    let mut sgd = SGD::new(vec![x.clone()], 0.1)?;
    assert!(sentence(sgd.push(&x)).contains("same var"));
    sgd.push(&Var::new(&[2f32], CPU)?)?;
    assert_eq!(sgd.into_inner().len(), 2);
    Ok(())
}

#[test]
fn a_name_twice_and_names_left_out() -> Result<()> {
    let (x, y) = (Var::new(&[1f32], CPU)?, Var::new(&[1f32], CPU)?);
    let rule = Rule::new("sgd").unwrap();
    let twice = [("w", x.clone()), ("w", y.clone())];
    assert!(sentence(Gradstep::named(twice, rule.clone())).contains("\"w\""));
    let mut named = Gradstep::named([("w", x.clone())], rule.clone())?;
    assert!(sentence(named.push(&y)).contains("push_named"));
    named.push_named("v", &y)?;
    let mut nameless = Gradstep::new(vec![x], rule.into())?;
    assert!(sentence(nameless.push_named("v", &y)).contains("push adds"));
    Ok(())
}

#[test]
fn gradients_that_do_not_suit() -> Result<()> {
    for limited in [false, true] {
        let (x, y) = (Var::new(&[1f32, 2.0], CPU)?, Var::new(&[3f32, 4.0], CPU)?);
        let mut options = Options::new(Rule::new("sgd").unwrap().with("lr", 1.0).unwrap());
        if limited {
            options = options.max_norm(1.0);
        }
        let vars = [("x", x.clone()), ("y", y.clone())];
        let mut optimizer = Gradstep::named(vars, options)?;
        let good = (&x, x.ones_like()?);
        let shape = store(&[good.clone(), (&y, Tensor::zeros(3, DType::F32, CPU)?)])?;
        let error = sentence(optimizer.step(&shape));
        assert!(
            error.contains("\"y\"") && error.contains("[3]") && error.contains("[2]"),
            "{error}"
        );
        let dtype = store(&[good, (&y, Tensor::zeros(2, DType::F64, CPU)?)])?;
        let error = sentence(optimizer.step(&dtype));
        assert_eq!(error, "the gradient of var \"y\" is f64; the var is f32");
        assert_eq!(x.to_vec1::<f32>()?, [1.0, 2.0]);
        assert_eq!(optimizer.step_count(), 0);
        let good = store(&[(&x, x.ones_like()?)])?;
        optimizer.step(&good)?;
        assert_eq!(optimizer.step_count(), 1);
    }
    Ok(())
}

#[test]
fn dtypes_that_are_not_stepped() -> Result<()> {
    let x = Var::zeros(4, DType::F8E4M3, CPU)?;
    let error = sentence(AdamW::new(vec![x], ParamsAdamW::default()));
    assert!(error.contains("var \"0\" is f8e4m3"), "{error}");
    Ok(())
}

#[test]
fn refused_settings_are_the_next_steps_error() -> Result<()> {
    let x = Var::new(&[1f32], CPU)?;
    assert!(sentence(SGD::new(vec![x.clone()], -1.0)).contains("-1"));
    let grads = store(&[(&x, x.ones_like()?)])?;
    let mut adamw = AdamW::named([("x", x.clone())], ParamsAdamW::default())?;
    adamw.set_learning_rate(f64::NAN);
    assert!(sentence(adamw.step(&grads)).contains("lr"));
    assert!(sentence(adamw.save("/nowhere")).contains("lr"));
    adamw.set_learning_rate(0.5);
    let wrong = ParamsAdamW {
        lr: 0.25,
        beta1: 1.5,
        ..ParamsAdamW::default()
    };
    adamw.set_params(wrong);
    assert_eq!(adamw.as_gradstep().hyperparameter("lr")?, 0.5);
    assert!(sentence(adamw.step(&grads)).contains("beta1"));
    assert_eq!(x.to_vec1::<f32>()?, [1.0]);
    adamw.set_params(ParamsAdamW::default());
    adamw.step(&grads)?;
    assert!(x.to_vec1::<f32>()?[0] < 1.0);
    let mut sgd = SGD::new(vec![x.clone()], 0.1)?;
    sgd.set_learning_rate(-2.0);
    assert_eq!(sgd.learning_rate(), 0.1);
    assert!(sentence(sgd.step(&grads)).contains("-2"));
    Ok(())
}

#[test]
fn state_that_is_not_there() -> Result<()> {
    let (x, other) = (Var::new(&[1f32], CPU)?, Var::new(&[1f32], CPU)?);
    let adamw = AdamW::new_lr(vec![x.clone()], 0.1)?;
    let state = |var: &Var, slot: &str| adamw.as_gradstep().state(var, slot);
    assert_eq!(state(&x, "exp_avg")?, [0.0]);
    assert!(sentence(state(&x, "momentum")).contains("exp_avg"));
    assert!(sentence(state(&x, "param")).contains("the var itself"));
    assert!(sentence(state(&other, "exp_avg")).contains("not one of"));
    let mut sgd = Gradstep::new(vec![x], Rule::new("sgd").unwrap().into())?;
    assert!(sentence(sgd.set_hyperparameter("momentun", 0.9)).contains("momentum"));
    assert!(sentence(sgd.transform("evaluate")).contains("evaluate"));
    Ok(())
}
