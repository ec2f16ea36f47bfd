// SPDX-License-Identifier: Apache-2.0
//! The slots of a state as they are stored, for hosts that write checkpoints of their own.
use std::ptr;

use crate::element::Dtype;
use crate::error::{Error, Result, expect_length};
use crate::rule::Rule;
use crate::state::State;

/// A slot as it is stored, to be saved and restored without rounding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlotBits<'a> {
    /// "exp_avg"
    pub name: &'static str,
    /// How the elements are stored.
    pub dtype: Dtype,
    /// The elements, in the machine's order of bytes.
    pub data: &'a [u8],
    /// The scales of the blocks, for 8-bit dtypes.
    pub scales: &'a [f32],
}

impl State {
    /// The slots that the rule uses, as they are stored.
    pub fn slots(&self) -> Vec<SlotBits<'_>> {
        let names = crate::catalogue::rule(self.rule_name).expect("the state's rule");
        let each = names.slots.iter().zip(&self.slots);
        each.filter_map(|(name, slot)| {
            let slot = slot.as_ref()?;
            Some(SlotBits {
                name,
                dtype: slot.dtype,
                // SAFETY: `data` has at least that many bytes, all of them initialized.
                data: unsafe { std::slice::from_raw_parts(slot.data.as_ptr().cast(), slot.bytes) },
                scales: &slot.scales,
            })
        })
        .collect()
    }

    /// Restores a slot of the same rule, shape and dtypes.
    pub fn set_slot(&mut self, rule: &Rule, bits: &SlotBits<'_>) -> Result<()> {
        let slot = self.find(rule, bits.name)?;
        if slot.dtype != bits.dtype {
            return Err(Error::invalid(format!(
                "{} is {:?}; the state's is {:?}",
                bits.name, bits.dtype, slot.dtype
            )));
        }
        expect_length(bits.name, bits.data.len(), slot.bytes)?;
        expect_length("scales", bits.scales.len(), slot.scales.len())?;
        // SAFETY: as many bytes as there are, and no two slices overlap.
        unsafe {
            let to = slot.data.as_mut_ptr().cast();
            ptr::copy_nonoverlapping(bits.data.as_ptr(), to, slot.bytes);
        }
        slot.scales.copy_from_slice(bits.scales);
        Ok(())
    }
}
