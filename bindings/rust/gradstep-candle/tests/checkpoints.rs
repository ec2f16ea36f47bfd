// SPDX-License-Identifier: Apache-2.0
//! A run that is resumed has the bits of one that never stopped.
use std::path::PathBuf;

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{Linear, Module, VarBuilder, VarMap, linear};
use gradstep_candle::gradstep::{Dtype, Rule, rules};
use gradstep_candle::{AdamW, Gradstep, Optimizer, Options, ParamsAdamW};

struct Network {
    vars: VarMap,
    layers: [Linear; 2],
}

impl Network {
    fn new() -> Result<Self> {
        let vars = VarMap::new();
        let builder = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
        let layers = [
            linear(8, 16, builder.pp("first"))?,
            linear(16, 1, builder.pp("second"))?,
        ];
        let network = Self { vars, layers };
        for (k, (_, var)) in network.sorted().iter().enumerate() {
            let numbers =
                (0..var.elem_count()).map(|i| ((37 * i + 11 * k) % 201) as f32 / 128.0 - 0.78);
            let numbers = Tensor::from_vec(numbers.collect(), var.shape(), &Device::Cpu)?;
            var.set(&numbers)?;
        }
        Ok(network)
    }

    fn sorted(&self) -> Vec<(String, Var)> {
        let map = self.vars.data().lock().unwrap();
        let mut all: Vec<_> = map.iter().map(|(n, v)| (n.clone(), v.clone())).collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }

    fn train(&self, optimizer: &mut impl Optimizer, steps: std::ops::Range<usize>) -> Result<()> {
        for step in steps {
            let x = (0..32).map(|i| ((i * (step + 3)) % 17) as f32 / 8.0 - 1.0);
            let x = Tensor::from_vec(x.collect(), (4, 8), &Device::Cpu)?;
            let y = self.layers[1].forward(&self.layers[0].forward(&x)?.tanh()?)?;
            optimizer.backward_step(&(y - 0.5)?.sqr()?.sum_all()?)?;
        }
        Ok(())
    }

    fn numbers(&self) -> Result<Vec<Vec<f32>>> {
        let all = self.sorted();
        all.iter()
            .map(|(_, var)| var.flatten_all()?.to_vec1())
            .collect()
    }
}

fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("gradstep-candle-{}-{name}", std::process::id()))
}

#[test]
fn every_rule_resumes() -> Result<()> {
    let (state, params) = (temporary("state"), temporary("params.safetensors"));
    for info in rules() {
        let options = || {
            Options::new(Rule::new(info.name).unwrap())
                .slot_dtype(Dtype::BFloat16)
                .max_norm(1.0)
                .seed(7)
        };
        let one = Network::new()?;
        let mut optimizer = Gradstep::from_var_map(&one.vars, options())?;
        one.train(&mut optimizer, 0..10)?;
        optimizer.set_learning_rate(optimizer.learning_rate() / 2.0);
        optimizer.save(&state)?;
        one.vars.save(&params)?;
        one.train(&mut optimizer, 10..20)?;

        let mut two = Network::new()?;
        two.vars.load(&params)?;
        let mut resumed = Gradstep::from_var_map(&two.vars, options())?;
        let loaded = resumed.load(&state)?;
        assert_eq!((loaded.loaded_count, loaded.missing_count), (4, 0));
        assert_eq!(resumed.step_count(), 10);
        two.train(&mut resumed, 10..20)?;
        assert_eq!(one.numbers()?, two.numbers()?, "{}", info.name);

        let mut three = Network::new()?;
        three.vars.load(&params)?;
        let mut afresh = Gradstep::from_var_map(&three.vars, options())?;
        three.train(&mut afresh, 10..20)?;
        assert_ne!(one.numbers()?, three.numbers()?, "{}", info.name);
    }
    std::fs::remove_file(state)?;
    std::fs::remove_file(params)?;
    Ok(())
}

#[test]
fn adamw_resumes_with_its_params() -> Result<()> {
    let path = temporary("adamw");
    let (one, two) = (Network::new()?, Network::new()?);
    let params = ParamsAdamW {
        lr: 0.01,
        beta1: 0.8,
        beta2: 0.9,
        eps: 1e-6,
        weight_decay: 0.2,
    };
    let mut optimizer = AdamW::from_var_map(&one.vars, params)?;
    one.train(&mut optimizer, 0..5)?;
    optimizer.save(&path)?;
    let reversed = two.sorted().into_iter().rev();
    let mut resumed = AdamW::named(reversed, ParamsAdamW::default())?;
    resumed.load(&path)?;
    let loaded = resumed.params();
    assert_eq!([loaded.lr, loaded.beta1, loaded.beta2], [0.01, 0.8, 0.9]);
    assert_eq!([loaded.eps, loaded.weight_decay], [1e-6, 0.2]);
    assert_eq!(resumed.learning_rate(), 0.01);
    for ((_, from), (_, to)) in one.sorted().iter().zip(two.sorted()) {
        to.set(from)?;
    }
    one.train(&mut optimizer, 5..9)?;
    two.train(&mut resumed, 5..9)?;
    assert_eq!(one.numbers()?, two.numbers()?);
    std::fs::remove_file(path)?;
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused() -> Result<()> {
    let path = temporary("misfit");
    let network = Network::new()?;
    let adamw = Rule::new("adamw").unwrap();
    let mut optimizer = Gradstep::from_var_map(&network.vars, adamw.clone())?;
    network.train(&mut optimizer, 0..2)?;
    optimizer.save(&path)?;

    let other = Var::zeros((3, 3), DType::F32, &Device::Cpu)?;
    let mut misfit = Gradstep::named([("first.weight", other)], adamw.clone())?;
    assert!(misfit.load(&path).is_err());
    assert_eq!(misfit.step_count(), 0);

    let vars = network.vars.all_vars();
    let mut nameless = Gradstep::new(vars, adamw.into())?;
    for error in [
        nameless.save(&path).unwrap_err(),
        nameless.load(&path).unwrap_err(),
    ] {
        assert!(error.to_string().contains("from_var_map"), "{error}");
    }
    assert!(nameless.load(temporary("missing")).is_err());
    std::fs::remove_file(&path)?;
    assert!(optimizer.load(&path).is_err());
    Ok(())
}
