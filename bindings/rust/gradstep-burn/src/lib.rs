// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod configs;
mod optimizer;
mod state;

pub use configs::{AdamConfig, AdamWConfig, SgdConfig};
pub use gradstep;
pub use optimizer::Gradstep;
pub use state::GradstepState;
