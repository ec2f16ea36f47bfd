// SPDX-License-Identifier: Apache-2.0
#![doc = include_str!("../README.md")]
#![no_std]
#![allow(non_camel_case_types)]
#![allow(clippy::field_reassign_with_default)]

mod bindings;
pub use bindings::*;
