// SPDX-License-Identifier: Apache-2.0
//! Steps through burn have the library's bits, and those of a run that is resumed.
use burn::module::{Module, Param};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, ModuleOptimizer, Optimizer};
use burn::tensor::{Device, Element, Tensor, TensorData, bf16, f16};
use gradstep_burn::gradstep::{self, Dtype, GroupOptions, Rule, Shape, TensorOptions, rules};
use gradstep_burn::{AdamConfig, AdamWConfig, Gradstep, SgdConfig};

const SHAPE: [usize; 2] = [64, 80]; // enough for 8-bit slots
const COUNT: usize = 64 * 80;

fn numbers(factor: usize, shift: usize) -> Vec<f32> {
    let number = |i| ((factor * i + 11 * shift) % 201) as f32 / 128.0 - 0.78;
    (0..COUNT).map(number).collect()
}

fn typed<E: Element>(numbers: &[f32]) -> Vec<E> {
    TensorData::from(numbers)
        .convert::<E>()
        .try_into_vec()
        .unwrap()
}

fn stepped_by_each() -> impl Iterator<Item = Rule> {
    let all = rules()
        .into_iter()
        .map(|info| Rule::new(info.name).unwrap());
    all.filter(|rule| gradstep::shared_scalars(rule).unwrap().is_empty())
}

fn compare<E: Element + gradstep::Element>(rule: &Rule) {
    let device = Device::default();
    let tensor = |values: Vec<E>| -> Tensor<2> {
        Tensor::from_data(TensorData::new(values, SHAPE), (&device, E::dtype()))
    };
    let mut twin = gradstep::Optimizer::new().unwrap();
    let group = twin.add_group(GroupOptions::new("all", rule)).unwrap();
    let options = TensorOptions::new(typed::<E>(&numbers(37, 0)));
    let options = options.shape(Shape::matrix(SHAPE[0], SHAPE[1]));
    let w = twin.add(group, "w", options).unwrap();
    let optimizer = Gradstep::new(rule.clone()).unwrap();
    let (mut param, mut state) = (tensor(typed(&numbers(37, 0))), None);
    let start = param.clone().into_data();
    for step in 0..8 {
        let grad = typed::<E>(&numbers(53, step));
        twin.grad_mut::<E>(w).unwrap().copy_from_slice(&grad);
        twin.set_hyperparameter(group, "lr", 0.01 * step as f64)
            .unwrap();
        twin.step().unwrap();
        (param, state) = optimizer.step(0.01 * step as f64, param, tensor(grad), state);
        let wanted = TensorData::new(twin.param::<E>(w).unwrap().to_vec(), SHAPE);
        assert_eq!(
            param.clone().into_data(),
            wanted,
            "{} step {step}",
            rule.info().name
        );
    }
    assert_ne!(param.into_data(), start, "{}", rule.info().name);
    assert_eq!(state.unwrap().steps(), 8);
}

#[test]
fn every_rule_and_dtype_has_the_librarys_bits() {
    for rule in stepped_by_each() {
        compare::<f32>(&rule);
        compare::<f64>(&rule);
        compare::<bf16>(&rule);
        compare::<f16>(&rule);
    }
}

#[derive(Module, Debug)]
struct Model {
    w: Param<Tensor<2>>,
    b: Param<Tensor<1>>,
}

impl Model {
    fn new(device: &Device) -> Self {
        let w = TensorData::new(numbers(37, 0), SHAPE);
        Self {
            w: Param::from_tensor(Tensor::from_data(w, device)),
            b: Param::from_tensor(Tensor::zeros([SHAPE[1]], device)),
        }
    }

    fn train(mut self, optimizer: &mut ModuleOptimizer, steps: std::ops::Range<usize>) -> Self {
        let device = self.w.val().device();
        for step in steps {
            let x = TensorData::new(numbers(53, step)[..2 * SHAPE[0]].to_vec(), [2, SHAPE[0]]);
            let x = Tensor::<2>::from_data(x, &device);
            let y = x.matmul(self.w.val()) + self.b.val().unsqueeze();
            let grads = (y - 0.5).square().sum().backward();
            let grads = GradientsParams::from_grads(grads, &self);
            self = optimizer.step(0.01, self, grads);
        }
        self
    }

    fn bits(&self) -> [TensorData; 2] {
        [self.w.val().into_data(), self.b.val().into_data()]
    }
}

#[test]
fn a_run_is_resumed_from_its_record() {
    let device = Device::default().autodiff();
    for rule in stepped_by_each() {
        for dtype in [Dtype::Float32, Dtype::BFloat16, Dtype::S1E4M3Blocks] {
            let name = rule.info().name;
            let afresh = || {
                Gradstep::new(rule.clone())
                    .unwrap()
                    .slot_dtype(dtype)
                    .init()
            };
            let mut optimizer = afresh();
            let half = Model::new(&device).train(&mut optimizer, 0..6);
            let record = optimizer.into_bytes().unwrap();
            let whole = half.clone().train(&mut optimizer, 6..12);
            let mut resumed = afresh().from_bytes(record.clone()).unwrap();
            // A record that no step has used yet is saved as it was loaded.
            let again = resumed.into_bytes().unwrap();
            let mut twice = afresh().from_bytes(again).unwrap();
            let twice = half.clone().train(&mut twice, 6..12);
            assert_eq!(twice.bits(), whole.bits(), "{name} {dtype:?} twice");
            let second = half.clone().train(&mut resumed, 6..12);
            assert_eq!(second.bits(), whole.bits(), "{name} {dtype:?}");
            let other = half.train(&mut afresh(), 6..12);
            let state = gradstep::State::new(&rule, Shape::flat(1), &[0f32]).unwrap();
            let has_state = !state.slots().is_empty();
            assert_eq!(other.bits() != whole.bits(), has_state, "{name} {dtype:?}");
        }
    }
}

fn follows_burns(mut ours: ModuleOptimizer, mut theirs: ModuleOptimizer) {
    let device = Device::default().autodiff();
    let ours = Model::new(&device).train(&mut ours, 0..20);
    let theirs = Model::new(&device).train(&mut theirs, 0..20);
    for (one, two) in ours.bits().iter().zip(theirs.bits()) {
        one.assert_approx_eq::<f32>(&two, burn::tensor::Tolerance::absolute(1e-4));
    }
    assert_ne!(ours.bits(), Model::new(&device).bits());
}

#[test]
fn the_configurations_follow_burns() {
    use burn::optim as engine;
    follows_burns(AdamConfig::new().init(), engine::AdamConfig::new().init());
    follows_burns(AdamWConfig::new().init(), engine::AdamWConfig::new().init());
    follows_burns(SgdConfig::new().init(), engine::SgdConfig::new().init());
    let (momentum, decay) = (MomentumConfig::new(), WeightDecayConfig::new(0.05));
    follows_burns(
        SgdConfig::new()
            .with_momentum(Some(momentum.clone()))
            .with_weight_decay(Some(decay.clone()))
            .init(),
        engine::SgdConfig::new()
            .with_momentum(Some(momentum))
            .with_weight_decay(Some(decay.clone()))
            .init(),
    );
    follows_burns(
        AdamConfig::new()
            .with_amsgrad(true)
            .with_weight_decay(Some(decay.clone()))
            .init(),
        engine::AdamConfig::new()
            .with_amsgrad(true)
            .with_weight_decay(Some(decay))
            .init(),
    );
}

#[test]
fn a_shared_param_is_copied() {
    let device = Device::default();
    let ones = || Tensor::<1>::ones([4], &device);
    let (param, optimizer) = (ones(), SgdConfig::new().build());
    let (stepped, _) = optimizer.step::<1>(0.5, param.clone(), ones(), None);
    assert_eq!(param.into_data(), TensorData::from([1f32; 4]));
    assert_eq!(stepped.into_data(), TensorData::from([0.5f32; 4]));
    // A gradient that is a transposed view.
    let grad = Tensor::<2>::from_data([[1f32, 2.0, 3.0], [4.0, 5.0, 6.0]], &device).transpose();
    let (stepped, _) = optimizer.step::<2>(1.0, Tensor::zeros([3, 2], &device), grad, None);
    let wanted = [[-1f32, -4.0], [-2.0, -5.0], [-3.0, -6.0]];
    assert_eq!(stepped.into_data(), TensorData::from(wanted));
}

#[test]
fn what_cannot_be_stepped_is_refused() {
    let prodigy = Gradstep::new(Rule::new("prodigy").unwrap()).unwrap_err();
    assert!(
        prodigy.to_string().contains("sums over all params"),
        "{prodigy}"
    );
    let beta = AdamConfig::new().with_beta_1(1.5).rule().unwrap_err();
    assert!(beta.to_string().contains("beta1"), "{beta}");
    let nesterov = MomentumConfig::new().with_nesterov(true);
    let rule = SgdConfig::new().with_momentum(Some(nesterov)).rule();
    assert!(
        rule.and_then(Gradstep::new)
            .unwrap_err()
            .to_string()
            .contains("dampening")
    );
}

#[test]
#[should_panic(expected = "lr")]
fn a_rate_that_is_no_number_panics() {
    let one = || Tensor::<1>::ones([1], &Device::default());
    SgdConfig::new()
        .build()
        .step::<1>(f64::NAN, one(), one(), None);
}

#[test]
#[should_panic(expected = "the record lacks")]
fn a_record_of_another_rule_panics() {
    let device = Device::default().autodiff();
    let mut sgd = SgdConfig::new().init();
    let model = Model::new(&device).train(&mut sgd, 0..1);
    let mut adam = AdamConfig::new().init().load_record(sgd.to_record());
    model.train(&mut adam, 1..2);
}
