// SPDX-License-Identifier: Apache-2.0
//! The recorded runs of tests/golden: formulas of the papers, and PyTorch's runs.
use std::path::PathBuf;

use gradstep::{
    Context, Element, GroupOptions, Optimizer, Rule, Shape, State, StepOptions, Tensor,
    TensorOptions, apply, shared_scalars,
};

const FILES: [&str; 4] = [
    "traces.txt",
    "pass_traces.txt",
    "torch_traces.txt",
    "torch_matrix_traces.txt",
];

#[derive(Clone, Default)]
struct Case {
    name: String,
    rule: String,
    values: Vec<(String, f64)>,
    shape: Vec<usize>,
    start: Vec<f64>,
    grads: Vec<Vec<f64>>,
    float64: Vec<Vec<f64>>,
    float32: Vec<Vec<f64>>,
    is_plain: bool, // one tensor, without transforms and stopped steps
}

/// "0x1.8p-1" and "-0.75".
fn number(word: &str) -> f64 {
    let (sign, digits) = match word.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, word),
    };
    let Some(hexadecimal) = digits.strip_prefix("0x") else {
        return word
            .parse()
            .unwrap_or_else(|_| panic!("{word} is no number"));
    };
    let (mantissa, exponent) = hexadecimal.split_once('p').expect("a p");
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let bits = u64::from_str_radix(&format!("{whole}{part}"), 16).expect("digits");
    let exponent = exponent.parse::<i32>().expect("an exponent") - 4 * part.len() as i32;
    // In two steps, since 2^-1074 is no normal number.
    sign * (bits as f64 * 2f64.powi(exponent / 2)) * 2f64.powi(exponent - exponent / 2)
}

fn numbers<'a>(words: impl Iterator<Item = &'a str>) -> Vec<f64> {
    words.map(number).collect()
}

fn cases_of(file: &str) -> Vec<Case> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../tests/golden")
        .join(file);
    let text = std::fs::read_to_string(path).expect("a golden file");
    let mut cases: Vec<Case> = Vec::new();
    let (mut start, mut grads) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            None | Some("#" | "count" | "steps") => {}
            Some("start") => (start, grads) = (numbers(words), Vec::new()),
            Some("grad") => grads.push(numbers(words.skip(1))),
            Some("case") => {
                let mut case = Case {
                    start: start.clone(),
                    grads: grads.clone(),
                    ..Default::default()
                };
                case.name = words.next().expect("a name").to_owned();
                case.rule = words.next().expect("a rule").to_owned();
                case.is_plain = true;
                case.shape = vec![start.len()];
                for (key, value) in words.map(|word| word.split_once('=').expect("an option")) {
                    match key {
                        "shape" => {
                            case.shape = value
                                .split('x')
                                .map(|n| n.parse().expect("a size"))
                                .collect();
                        }
                        "split" => case.is_plain = false,
                        _ => case.values.push((key.to_owned(), number(value))),
                    }
                }
                cases.push(case);
            }
            Some(word) => {
                let case = cases.last_mut().expect("a case first");
                match word {
                    "param" => case.float64.push(numbers(words.skip(1))),
                    "param32" => case.float32.push(numbers(words.skip(1))),
                    "evaluated" | "trained" | "stopped" => case.is_plain = false,
                    _ => {}
                }
            }
        }
    }
    cases.retain(|case| case.is_plain);
    cases
}

impl Case {
    fn rule(&self) -> Rule {
        let mut rule = Rule::new(&self.rule).unwrap();
        for (name, value) in &self.values {
            rule.set(name, *value).unwrap();
        }
        rule
    }

    fn shape(&self) -> Shape {
        match self.shape[..] {
            [rows, columns] => Shape::matrix(rows, columns),
            [count, rows, columns] => Shape::matrices(count, rows, columns),
            _ => Shape::flat(self.start.len()),
        }
    }

    fn expect(&self, got: &[Vec<f64>], is_wide: bool) {
        let wanted = if is_wide || self.float32.is_empty() {
            &self.float64
        } else {
            &self.float32
        };
        let tolerance = match (is_wide, self.rule.as_str()) {
            (true, "nadam") => 1e-5, // PyTorch keeps mu_product in float32
            (true, _) => 1e-12,
            (false, "prodigy") => 1024.0 * 2f64.powi(-23),
            (false, _) => 16.0 * 2f64.powi(-23),
        };
        assert_eq!(got.len(), wanted.len());
        for i in 0..self.start.len() {
            let largest = wanted
                .iter()
                .fold(self.start[i].abs(), |m, param| m.max(param[i].abs()));
            for (step, (got, wanted)) in got.iter().zip(wanted).enumerate() {
                let difference = (got[i] - wanted[i]).abs();
                let place = format!("{}, step {}, element {i}", self.name, step + 1);
                assert!(
                    difference <= tolerance * largest,
                    "{place}: {} for {}",
                    got[i],
                    wanted[i]
                );
            }
        }
    }
}

trait Number: Element + Into<f64> {
    fn from_f64(x: f64) -> Self;
}
impl Number for f64 {
    fn from_f64(x: f64) -> Self {
        x
    }
}
impl Number for f32 {
    fn from_f64(x: f64) -> Self {
        x as f32
    }
}

fn rounded<T: Number>(numbers: &[f64]) -> Vec<T> {
    numbers.iter().map(|x| T::from_f64(*x)).collect()
}

fn run_optimizer<T: Number>(case: &Case) -> Vec<Vec<f64>> {
    let mut optimizer = Optimizer::new().unwrap();
    let group = optimizer
        .add_group(GroupOptions::new("all", &case.rule()))
        .unwrap();
    let tensor = TensorOptions::new(rounded::<T>(&case.start)).shape(case.shape());
    let w = optimizer.add(group, "w", tensor).unwrap();
    let step = |grad: &Vec<f64>| {
        optimizer
            .grad_mut::<T>(w)
            .unwrap()
            .copy_from_slice(&rounded::<T>(grad));
        assert!(!optimizer.step().unwrap().is_skipped);
        optimizer
            .param::<T>(w)
            .unwrap()
            .iter()
            .map(|p| (*p).into())
            .collect()
    };
    case.grads.iter().map(step).collect()
}

fn run_stateless<T: Number>(case: &Case) -> Vec<Vec<f64>> {
    let (context, rule) = (Context::shared().unwrap(), case.rule());
    let mut param = rounded::<T>(&case.start);
    let mut state = State::new(&rule, case.shape(), &param).unwrap();
    let mut shared = shared_scalars(&rule).unwrap();
    let mut all = Vec::new();
    for (i, grad) in case.grads.iter().enumerate() {
        let grad = rounded::<T>(grad);
        let tensor = Tensor::new(&mut param, &grad, &mut state).unwrap();
        let options = StepOptions::step(i as u64 + 1).shared(&mut shared);
        apply(&context, &rule, &mut [tensor], options).unwrap();
        all.push(param.iter().map(|p| (*p).into()).collect());
    }
    all
}

#[test]
fn recorded_runs_are_replayed() {
    let cases: Vec<_> = FILES.into_iter().flat_map(cases_of).collect();
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    for case in &cases {
        let wide = run_optimizer::<f64>(case);
        case.expect(&wide, true);
        assert_eq!(run_stateless::<f64>(case), wide, "{}", case.name);
        let single = run_optimizer::<f32>(case);
        case.expect(&single, false);
        assert_eq!(run_stateless::<f32>(case), single, "{}", case.name);
    }
}
