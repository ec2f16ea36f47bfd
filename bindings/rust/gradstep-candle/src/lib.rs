// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod adamw;
mod arrays;
mod copies;
mod optimizer;
mod options;
mod sgd;
mod step;
mod vars;

pub use adamw::AdamW;
pub use candle_nn::{Optimizer, ParamsAdamW};
pub use gradstep;
pub use optimizer::Gradstep;
pub use options::Options;
pub use sgd::SGD;
