// SPDX-License-Identifier: Apache-2.0
//! The run that every language's package makes: bindings/README.md.
use gradstep::{
    Context, Dtype, GroupOptions, LoadOptions, Optimizer, OptimizerOptions, Rule, Schedule, Shape,
    TensorOptions,
};
use sha2::{Digest, Sha256};

fn start(k: usize, count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((37 * i + 11 * k) % 201) as f32 - 100.0)
        .map(|x| x / 128.0)
        .collect()
}

fn model() -> gradstep::Result<Optimizer> {
    let options = OptimizerOptions::new().max_norm(1.0).seed(7);
    let mut optimizer = Optimizer::with_options(Context::shared()?, options)?;
    let schedule = Schedule::new("cosine")?
        .with("total_steps", 300.0)?
        .with("warmup_steps", 20.0)?;
    let adamw = Rule::new("adamw")?
        .with("lr", 0.01)?
        .with("weight_decay", 0.1)?;
    let sgd = Rule::new("sgd")?
        .with("lr", 0.05)?
        .with("momentum", 0.9)?
        .with("nesterov", 1.0)?;
    let options = GroupOptions::new("matrices", &adamw);
    let options = options.schedule(&schedule).slot_dtype(Dtype::BFloat16);
    let matrices = optimizer.add_group(options)?;
    let rest = optimizer.add_group(GroupOptions::new("rest", &sgd))?;
    let embedding = TensorOptions::new(start(0, 64 * 48)).shape(Shape::matrix(64, 48));
    optimizer.add(matrices, "embedding", embedding)?;
    optimizer.add_tensor(rest, "bias", start(1, 100))?;
    Ok(optimizer)
}

fn run(optimizer: &mut Optimizer, steps: std::ops::RangeInclusive<usize>) -> gradstep::Result<()> {
    for t in steps {
        for (k, name) in ["embedding", "bias"].into_iter().enumerate() {
            let tensor = optimizer.find_tensor(name)?;
            for (i, g) in optimizer.grad_mut::<f32>(tensor)?.iter_mut().enumerate() {
                *g = (((i + 1) * (t + 3 * k + 1) % 127) as f32 - 63.0) / 64.0;
            }
        }
        optimizer.step()?;
    }
    Ok(())
}

#[test]
fn the_checkpoint_is_that_of_every_language() -> gradstep::Result<()> {
    if Context::shared()?.isa() == "baseline" && cfg!(target_arch = "x86_64") {
        println!("SKIPPED: this instruction set has no fused multiply-add, so other bits");
        return Ok(());
    }
    let mut whole = model()?;
    run(&mut whole, 1..=300)?;
    let bytes = whole.save_to_vec(true)?;
    let digest: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../same_run.sha256");
    let wanted = std::fs::read_to_string(file).expect("same_run.sha256");
    assert_eq!(Some(digest.as_str()), wanted.split_whitespace().next());

    // A run that was interrupted goes on to the same bits, from a file too.
    let mut first = model()?;
    run(&mut first, 1..=100)?;
    let path = std::env::temp_dir().join(format!("gradstep-{}.safetensors", std::process::id()));
    first.save(&path, true)?;
    let mut second = model()?;
    let loaded = second.load(&path, LoadOptions::new().params())?;
    std::fs::remove_file(&path).expect("the file was written");
    assert_eq!(loaded.loaded_count, 2);
    run(&mut second, 101..=300)?;
    assert_eq!(second.save_to_vec(true)?, bytes);
    Ok(())
}
