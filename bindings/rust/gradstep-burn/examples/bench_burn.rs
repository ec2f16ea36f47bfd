// SPDX-License-Identifier: Apache-2.0
//! A step of burn's AdamW and of ours, in turn: `bench_burn small|medium|large THREADS`.
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use burn::module::{Module, Param};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData};
use gradstep_burn::gradstep::{Context, ContextOptions, Dtype, Rule, Shape, State};
use gradstep_burn::{AdamWConfig, Gradstep};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Module, Debug)]
struct Model {
    params: Vec<Param<Tensor<1>>>,
}

fn tensor(factor: usize, shift: usize, count: usize, device: &Device) -> Tensor<1> {
    let number = |i| ((factor * i + 11 * shift) % 201) as f32 / 128.0 - 0.78;
    let numbers: Vec<f32> = (0..count).map(number).collect();
    Tensor::from_data(TensorData::new(numbers, [count]), device)
}

/// A model with its optimizer, and gradients that each step uses up.
struct Run {
    model: Model,
    optimizer: ModuleOptimizer,
    grads: Vec<TensorData>,
}

impl Run {
    fn new(optimizer: ModuleOptimizer, tensors: usize, count: usize) -> Self {
        let device = Device::default();
        let params = (0..tensors)
            .map(|k| Param::from_tensor(tensor(37, k, count, &device.clone().autodiff())));
        let grads = (0..tensors).map(|k| tensor(53, k, count, &device).into_data());
        Self {
            model: Model {
                params: params.collect(),
            },
            optimizer,
            grads: grads.collect(),
        }
    }

    /// Milliseconds per step, without the making of gradients.
    fn time(mut self, steps: usize) -> (Self, f64) {
        let (device, mut total) = (Device::default(), Duration::ZERO);
        for _ in 0..steps {
            let mut grads = GradientsParams::new();
            for (param, grad) in self.model.params.iter().zip(&self.grads) {
                grads.register(param.id, Tensor::<1>::from_data(grad.clone(), &device));
            }
            let start = Instant::now();
            self.model = self.optimizer.step(1e-3, self.model, grads);
            total += start.elapsed();
        }
        (self, total.as_secs_f64() * 1e3 / steps as f64)
    }

    fn numbers(&self) -> Vec<f32> {
        let each = self.model.params.iter();
        each.flat_map(|param| param.val().into_data().try_into_vec::<f32>().unwrap())
            .collect()
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The largest difference, relative to the largest param.
fn difference(one: &[f32], two: &[f32]) -> f32 {
    let largest = two.iter().fold(0f32, |most, x| most.max(x.abs()));
    let each = one.iter().zip(two).map(|(one, two)| (one - two).abs());
    each.fold(0f32, f32::max) / largest
}

fn state_bytes(rule: &Rule, slots: Option<Dtype>) -> Result<f64> {
    let param = vec![0f32; 1 << 16];
    let state = State::with_slots(rule, Shape::flat(param.len()), &param, slots)?;
    let each = state.slots();
    let bytes: usize = each
        .iter()
        .map(|slot| slot.data.len() + 4 * slot.scales.len())
        .sum();
    Ok(bytes as f64 / param.len() as f64)
}

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let (tensors, count, steps, repetitions) = match arguments.first().map(String::as_str) {
        Some("small") => (100, 4096, 100, 15),
        Some("medium") => (8, 1 << 20, 2, 7),
        Some("large") => (1, 1 << 26, 1, 3),
        _ => return Err("usage: bench_burn small|medium|large THREADS".into()),
    };
    let threads: usize = arguments.get(1).map_or(Ok(1), |text| text.parse())?;
    let context: Arc<Context> = Arc::new(ContextOptions::new().threads(threads).create()?);
    let rule = AdamWConfig::new().rule()?;
    let ours = Gradstep::new(rule.clone())?.context(context).init();
    let theirs = burn::optim::AdamWConfig::new().init();
    let mut gradstep = Run::new(ours, tensors, count);
    let mut engine = Run::new(theirs, tensors, count);
    let (mut engine_times, mut gradstep_times) = (Vec::new(), Vec::new());
    for repetition in 0..=repetitions {
        let (engine_time, gradstep_time);
        (engine, engine_time) = engine.time(steps);
        (gradstep, gradstep_time) = gradstep.time(steps);
        if repetition > 0 {
            engine_times.push(engine_time);
            gradstep_times.push(gradstep_time);
        }
    }
    let difference = difference(&gradstep.numbers(), &engine.numbers());
    if difference.is_nan() || difference > 1e-3 {
        return Err(format!("the params differ by {difference}, relative to the largest").into());
    }
    let (engine, gradstep) = (median(engine_times), median(gradstep_times));
    println!(
        "burn {} {threads} threads: engine {engine:.3} ms, gradstep {gradstep:.3} ms, ratio {:.2}",
        arguments[0],
        engine / gradstep
    );
    println!(
        "bytes of state per parameter: burn 8, gradstep float32 {}, bfloat16 {}, s1e4m3_b256 {:.3}",
        state_bytes(&rule, None)?,
        state_bytes(&rule, Some(Dtype::BFloat16))?,
        state_bytes(&rule, Some(Dtype::S1E4M3Blocks))?
    );
    Ok(())
}
