// SPDX-License-Identifier: Apache-2.0
//! The state of one param, and how burn's records hold it.
use burn_core::tensor::{DType, Device, TensorData};
use burn_optim::{RecordState, StateSink, StateSource};
use burn_pack::Scalar;
use gradstep::{Dtype, Error, ErrorKind, Result, Rule, SlotBits, State};

/// The state of one param: its slots, its scalars and its step count.
///
/// A record holds each slot as a tensor, by the library's names, in its dtype; 8-bit slots as bytes, with
/// their scales beside them. So a run that is resumed goes on to the bit.
#[derive(Clone, Debug)]
pub struct GradstepState<const D: usize> {
    steps: u64,
    held: Held,
}

#[derive(Clone, Debug)]
enum Held {
    Ready(State),
    Loaded(Vec<Loaded>, Vec<f64>), // until a step tells the rule
}

#[derive(Clone, Debug)]
struct Loaded {
    name: &'static str,
    dtype: Dtype,
    data: Vec<u8>,
    scales: Vec<f32>,
}

const FLOATS: [(Dtype, DType); 4] = [
    (Dtype::Float32, DType::F32),
    (Dtype::Float64, DType::F64),
    (Dtype::BFloat16, DType::BF16),
    (Dtype::Float16, DType::F16),
];

/// Stored as bytes, under the slot's name and this.
const BLOCKS: [(Dtype, &str); 2] = [
    (Dtype::S1E4M3Blocks, ".s1e4m3_b256"),
    (Dtype::E5M3Blocks, ".e5m3_b256"),
];

impl<const D: usize> GradstepState<D> {
    pub(crate) fn new(state: State, steps: u64) -> Self {
        Self {
            steps,
            held: Held::Ready(state),
        }
    }

    /// The steps that the param has made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The state as the library has it. `afresh` makes one for the rule.
    pub(crate) fn into_parts(
        self,
        rule: &Rule,
        afresh: impl FnOnce() -> Result<State>,
    ) -> Result<(State, u64)> {
        let (slots, scalars) = match self.held {
            Held::Ready(state) => return Ok((state, self.steps)),
            Held::Loaded(slots, scalars) => (slots, scalars),
        };
        let mut state = afresh()?;
        let wanted: Vec<_> = state.slots().iter().map(|slot| slot.name).collect();
        for name in wanted {
            let Some(slot) = slots.iter().find(|slot| slot.name == name) else {
                return Err(unfit(rule, &format!("slot {name:?}")));
            };
            state.set_slot(rule, &slot.bits())?;
        }
        if scalars.len() != state.scalars().len() {
            return Err(unfit(rule, "its scalars"));
        }
        state.scalars_mut().copy_from_slice(&scalars);
        Ok((state, self.steps))
    }
}

fn unfit(rule: &Rule, what: &str) -> Error {
    let sentence = format!(
        "the record lacks {what} of rule {:?}; was it saved from another rule?",
        rule.info().name
    );
    Error::new(ErrorKind::Mismatch, sentence)
}

impl Loaded {
    fn bits(&self) -> SlotBits<'_> {
        SlotBits {
            name: self.name,
            dtype: self.dtype,
            data: &self.data,
            scales: &self.scales,
        }
    }

    /// None: the record does not have the slot.
    fn take(name: &'static str, prefix: &str, from: &mut StateSource) -> Option<Self> {
        for (dtype, suffix) in BLOCKS {
            if let Some(data) = from.take_tensor(prefix, &format!("{name}{suffix}")) {
                let scales = from.take_tensor(prefix, &format!("{name}.scales"))?;
                let scales = scales.try_into_vec::<f32>().ok()?;
                let data = data.as_bytes().to_vec();
                return Some(Self {
                    name,
                    dtype,
                    data,
                    scales,
                });
            }
        }
        let data = from.take_tensor(prefix, name)?;
        let (dtype, _) = FLOATS.into_iter().find(|(_, each)| *each == data.dtype())?;
        Some(Self {
            name,
            dtype,
            data: data.as_bytes().to_vec(),
            scales: Vec::new(),
        })
    }
}

fn flatten(slot: &SlotBits<'_>, prefix: &str, out: &mut StateSink) {
    let float = FLOATS.iter().find(|(dtype, _)| *dtype == slot.dtype);
    let stored = float.map_or(DType::U8, |(_, stored)| *stored);
    let blocks = BLOCKS.iter().find(|(dtype, _)| *dtype == slot.dtype);
    let suffix = blocks.map_or("", |(_, suffix)| suffix);
    let count = slot.data.len() / stored.size();
    let data = TensorData::from_bytes_vec(slot.data.to_vec(), [count], stored);
    out.push_tensor(prefix, &format!("{}{suffix}", slot.name), data);
    if !slot.scales.is_empty() {
        let scales = TensorData::new(slot.scales.to_vec(), [slot.scales.len()]);
        out.push_tensor(prefix, &format!("{}.scales", slot.name), scales);
    }
}

impl<const D: usize> RecordState for GradstepState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_scalar(prefix, "steps", Scalar::from(self.steps));
        let scalars = match &self.held {
            Held::Ready(state) => {
                for slot in state.slots() {
                    flatten(&slot, prefix, out);
                }
                state.scalars()
            }
            Held::Loaded(slots, scalars) => {
                for slot in slots {
                    flatten(&slot.bits(), prefix, out);
                }
                scalars
            }
        };
        for (index, scalar) in scalars.iter().enumerate() {
            out.push_scalar(prefix, &format!("scalars.{index}"), Scalar::from(*scalar));
        }
    }

    fn state_unflatten(prefix: &str, from: &mut StateSource, _device: &Device) -> Option<Self> {
        let steps = u64::try_from(from.take_scalar(prefix, "steps")?).ok()?;
        let mut names: Vec<_> = gradstep::rules()
            .into_iter()
            .flat_map(|rule| rule.slots)
            .collect();
        names.sort_unstable();
        names.dedup();
        let slots = names
            .into_iter()
            .filter_map(|name| Loaded::take(name, prefix, from))
            .collect();
        let mut scalars = Vec::new();
        while let Some(scalar) = from.take_scalar(prefix, &format!("scalars.{}", scalars.len())) {
            scalars.push(f64::try_from(scalar).ok()?);
        }
        Some(Self {
            steps,
            held: Held::Loaded(slots, scalars),
        })
    }
}
