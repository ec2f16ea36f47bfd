// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod apply;
mod arrays;
mod catalogue;
mod checkpoint;
mod context;
mod element;
mod error;
mod lent;
mod optimizer;
mod owned;
mod plateau;
mod rule;
mod schedule;
mod settings;
mod slot_bits;
mod state;
mod stepping;

pub use apply::{StepOptions, StepResult, Tensor, apply};
pub use catalogue::{
    HyperparameterInfo, HyperparameterKind, RuleInfo, ScheduleInfo, instruction_sets, rule, rules,
    schedule, schedules, version,
};
pub use checkpoint::{LoadOptions, LoadResult};
pub use context::{Context, ContextOptions};
pub use element::{Dtype, Element};
pub use error::{Error, ErrorKind, Result};
pub use lent::LentArray;
pub use optimizer::{GroupId, GroupOptions, Optimizer, OptimizerOptions, TensorId, TensorOptions};
pub use plateau::Plateau;
pub use rule::Rule;
pub use schedule::Schedule;
pub use settings::{GroupInfo, OptimizerInfo, TensorInfo};
pub use slot_bits::SlotBits;
pub use state::{Shape, State, shared_scalars};
pub use stepping::{StepInParts, TensorStep};
