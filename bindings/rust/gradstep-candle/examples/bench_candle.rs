// SPDX-License-Identifier: Apache-2.0
//! A step of candle's AdamW and of ours, in turn: `bench_candle small|medium|large THREADS`.
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Tensor, Var};
use gradstep_candle::gradstep::{Context, ContextOptions, Dtype, Rule};
use gradstep_candle::{Gradstep, Optimizer, Options, ParamsAdamW};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

struct Model {
    vars: Vec<Var>,
    grads: GradStore,
}

fn model(tensors: usize, count: usize) -> Result<Model> {
    let mut grads = Tensor::new(0f32, &Device::Cpu)?.backward()?;
    let mut vars = Vec::new();
    for k in 0..tensors {
        let numbers = |factor: usize| -> Vec<f32> {
            let each = (0..count).map(|i| ((factor * i + 11 * k) % 201) as f32 / 128.0 - 0.78);
            each.collect()
        };
        let var = Var::from_vec(numbers(37), count, &Device::Cpu)?;
        let grad = Tensor::from_vec(numbers(53), count, &Device::Cpu)?;
        grads.insert(&var, grad);
        vars.push(var);
    }
    Ok(Model { vars, grads })
}

fn options(context: &Arc<Context>, slots: Option<Dtype>) -> Result<Options> {
    let rule = Rule::new("adamw")?.with("lr", 1e-3)?;
    let options = Options::new(rule).context(context.clone());
    Ok(match slots {
        Some(dtype) => options.slot_dtype(dtype),
        None => options,
    })
}

/// Milliseconds per step.
fn time(optimizer: &mut impl Optimizer, grads: &GradStore, steps: usize) -> Result<f64> {
    let start = Instant::now();
    for _ in 0..steps {
        optimizer.step(grads)?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e3 / steps as f64)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The largest difference, relative to the largest param.
fn difference(one: &[Var], two: &[Var]) -> Result<f32> {
    let (mut largest, mut difference) = (0f32, 0f32);
    for (one, two) in one.iter().zip(two) {
        largest = largest.max(two.abs()?.max(0)?.to_scalar()?);
        difference = difference.max(one.sub(two)?.abs()?.max(0)?.to_scalar()?);
    }
    Ok(difference / largest)
}

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let (tensors, count, steps, repetitions) = match arguments.first().map(String::as_str) {
        Some("small") => (100, 4096, 100, 15),
        Some("medium") => (8, 1 << 20, 2, 7),
        Some("large") => (1, 1 << 26, 1, 3),
        _ => return Err("usage: bench_candle small|medium|large THREADS".into()),
    };
    let threads: usize = arguments.get(1).map_or(Ok(1), |text| text.parse())?;
    let context = Arc::new(ContextOptions::new().threads(threads).create()?);
    let (ours, theirs) = (model(tensors, count)?, model(tensors, count)?);
    let params = ParamsAdamW::default();
    let mut engine = candle_nn::AdamW::new(theirs.vars.clone(), params)?;
    let mut gradstep = Gradstep::new(ours.vars.clone(), options(&context, None)?)?;
    let (mut engine_times, mut gradstep_times) = (Vec::new(), Vec::new());
    for repetition in 0..=repetitions {
        let engine_time = time(&mut engine, &theirs.grads, steps)?;
        let gradstep_time = time(&mut gradstep, &ours.grads, steps)?;
        if repetition > 0 {
            engine_times.push(engine_time);
            gradstep_times.push(gradstep_time);
        }
    }
    let difference = difference(&ours.vars, &theirs.vars)?;
    if difference.is_nan() || difference > 1e-3 {
        return Err(format!("the params differ by {difference}, relative to the largest").into());
    }
    let (engine, gradstep) = (median(engine_times), median(gradstep_times));
    println!(
        "candle {} {threads} threads: engine {engine:.3} ms, gradstep {gradstep:.3} ms, ratio {:.2}",
        arguments[0],
        engine / gradstep
    );
    let bytes = |slots| -> Result<f64> {
        let var = Var::zeros(1 << 16, DType::F32, &Device::Cpu)?;
        let optimizer = Gradstep::new(vec![var], options(&context, slots)?)?;
        Ok(optimizer.state_bytes() as f64 / f64::from(1 << 16))
    };
    println!(
        "bytes of state per parameter: candle 8, gradstep float32 {}, bfloat16 {}, s1e4m3_b256 {:.3}",
        bytes(None)?,
        bytes(Some(Dtype::BFloat16))?,
        bytes(Some(Dtype::S1E4M3Blocks))?
    );
    Ok(())
}
