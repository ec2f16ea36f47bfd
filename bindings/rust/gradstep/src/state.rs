// SPDX-License-Identifier: Apache-2.0
use std::ptr;

use gradstep_sys as sys;

use crate::element::{Dtype, Element, array_of};
use crate::error::{Error, Result, check, expect_length};
use crate::rule::Rule;

/// The elements of a parameter and, for rules that look at rows and columns, its matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub(crate) count: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl Shape {
    /// One run of elements.
    pub fn flat(count: usize) -> Self {
        Self {
            count,
            rows: 0,
            columns: 0,
        }
    }

    /// A row-major matrix.
    pub fn matrix(rows: usize, columns: usize) -> Self {
        Self::matrices(1, rows, columns)
    }

    /// Row-major matrices, one after another.
    pub fn matrices(count: usize, rows: usize, columns: usize) -> Self {
        Self {
            count: count.saturating_mul(rows).saturating_mul(columns),
            rows,
            columns,
        }
    }
}

/// An array of the library's own kinds, 8-bit floats in blocks among them.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub data: Vec<u64>, // aligned for every dtype
    pub scales: Vec<f32>,
    pub dtype: Dtype,
    count: usize,
    pub bytes: usize, // of data that are used
}

impl Slot {
    fn array(&mut self) -> sys::gradstep_array {
        let mut array = array_of(self.dtype, self.data.as_mut_ptr().cast());
        if !self.scales.is_empty() {
            array.extra = self.scales.as_mut_ptr().cast();
        }
        array
    }
}

/// The state of one parameter, for [`crate::apply`]: the slots and scalars of its rule.
#[derive(Clone, Debug)]
pub struct State {
    pub(crate) rule_name: &'static str,
    shape: Shape,
    param_dtype: Dtype,
    pub(crate) slots: Vec<Option<Slot>>, // None: the rule does not use it
    scalars: Vec<f64>,
}

impl State {
    /// The state before the first step of a parameter, in the type of the arithmetic.
    pub fn new<P: Element>(rule: &Rule, shape: Shape, param: &[P]) -> Result<Self> {
        Self::with_slots(rule, shape, param, None)
    }

    /// As `new`, with the dtype that is wanted for slots: bfloat16 halves the memory, and each of the
    /// 8-bit dtypes means the one that suits a slot.
    pub fn with_slots<P: Element>(
        rule: &Rule,
        shape: Shape,
        param: &[P],
        slot_dtype: Option<Dtype>,
    ) -> Result<Self> {
        expect_length("the shape", shape.count, param.len())?;
        let mut state = Self {
            rule_name: rule.info().name,
            shape,
            param_dtype: P::DTYPE,
            slots: Vec::new(),
            scalars: initial_scalars(rule, sys::GRADSTEP_SCOPE_TENSOR)?,
        };
        for index in 0..rule.info().slots.len() {
            let layout = slot_layout(rule, index, shape, P::DTYPE, slot_dtype)?;
            let slot = (layout.is_used == 1)
                .then(|| new_slot(&layout, param))
                .transpose()?;
            state.slots.push(slot);
        }
        Ok(state)
    }

    /// The numbers of a slot: "exp_avg".
    pub fn read(&mut self, rule: &Rule, slot: &str) -> Result<Vec<f64>> {
        let slot = self.find(rule, slot)?;
        let mut values = vec![0.0; slot.count];
        // SAFETY: both have `count` elements.
        check(unsafe { sys::gradstep_array_read(&slot.array(), slot.count, values.as_mut_ptr()) })?;
        Ok(values)
    }

    /// Replaces the numbers of a slot.
    pub fn write(&mut self, rule: &Rule, slot: &str, values: &[f64]) -> Result<()> {
        let slot = self.find(rule, slot)?;
        if values.len() != slot.count {
            return Err(Error::invalid(format!(
                "there are {} values; the slot has {} elements",
                values.len(),
                slot.count
            )));
        }
        // SAFETY: both have `count` elements.
        check(unsafe { sys::gradstep_array_write(&slot.array(), slot.count, values.as_ptr()) })
    }

    /// The single numbers of the rule's state.
    pub fn scalars(&self) -> &[f64] {
        &self.scalars
    }

    /// As `scalars`, to change them.
    pub fn scalars_mut(&mut self) -> &mut [f64] {
        &mut self.scalars
    }

    pub(crate) fn find(&mut self, rule: &Rule, name: &str) -> Result<&mut Slot> {
        self.check_rule(rule)?;
        let names = &rule.info().slots;
        names
            .iter()
            .position(|slot| *slot == name)
            .and_then(|i| self.slots[i].as_mut())
            .ok_or_else(|| {
                Error::invalid(format!(
                    "slot is {name:?}; {} may use {names:?}",
                    self.rule_name
                ))
            })
    }

    pub(crate) fn check_rule(&self, rule: &Rule) -> Result<()> {
        if self.rule_name == rule.info().name {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "the state is that of {}, and the rule is {}",
            self.rule_name,
            rule.info().name
        )))
    }

    /// Whether the rule, with its present hyper-parameters, finds every slot at its size.
    pub(crate) fn check_layout(&self, rule: &Rule) -> Result<()> {
        self.check_rule(rule)?;
        for (index, slot) in self.slots.iter().enumerate() {
            let layout = slot_layout(rule, index, self.shape, self.param_dtype, None)?;
            let count = slot.as_ref().map_or(0, |slot| slot.count);
            if layout.is_used == 1 && count != layout.count as usize {
                return Err(Error::invalid(format!(
                    "the state's {} has {count} elements, and {} now needs {}: its hyper-parameters \
                     have changed since the state was made",
                    rule.info().slots[index],
                    rule.info().name,
                    layout.count
                )));
            }
        }
        Ok(())
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }
    pub(crate) fn param_dtype(&self) -> Dtype {
        self.param_dtype
    }
    pub(crate) fn arrays(&mut self) -> Vec<sys::gradstep_array> {
        self.slots
            .iter_mut()
            .map(|slot| slot.as_mut().map_or_else(Default::default, Slot::array))
            .collect()
    }
}

/// The scalars that all tensors of a rule share, before the first step: [`crate::StepOptions::shared`].
pub fn shared_scalars(rule: &Rule) -> Result<Vec<f64>> {
    initial_scalars(rule, sys::GRADSTEP_SCOPE_ALL)
}

fn initial_scalars(rule: &Rule, scope: i32) -> Result<Vec<f64>> {
    let name = crate::error::c_text("rule_name", rule.info().name)?;
    let mut values = Vec::new();
    for index in 0..rule.info().scalars.len() {
        let mut info = sys::gradstep_scalar_info::default();
        // SAFETY: the pointers are valid.
        check(unsafe { sys::gradstep_rule_describe_scalar(name.as_ptr(), index, &mut info) })?;
        if info.scope != scope {
            continue;
        }
        let source = crate::catalogue::text(info.initial_hyperparameter);
        values.push(if source.is_empty() {
            info.initial_value
        } else {
            rule.get(source)?
        });
    }
    Ok(values)
}

fn slot_layout(
    rule: &Rule,
    index: usize,
    shape: Shape,
    param_dtype: Dtype,
    slot_dtype: Option<Dtype>,
) -> Result<sys::gradstep_slot_layout> {
    let tensor = sys::gradstep_tensor {
        count: shape.count as u64,
        rows: shape.rows as u64,
        columns: shape.columns as u64,
        param: array_of(param_dtype, ptr::null_mut()),
        ..Default::default()
    };
    let wanted = slot_dtype.map_or(0, |dtype| dtype as i32);
    let mut layout = sys::gradstep_slot_layout::default();
    // SAFETY: the pointers are valid.
    check(unsafe {
        sys::gradstep_rule_slot_layout(rule.as_ptr(), index, &tensor, wanted, &mut layout)
    })?;
    Ok(layout)
}

fn new_slot<P: Element>(layout: &sys::gradstep_slot_layout, param: &[P]) -> Result<Slot> {
    let count = layout.count as usize;
    let mut slot = Slot {
        data: vec![0; (layout.bytes as usize).div_ceil(8)],
        scales: vec![0.0; layout.extra_bytes as usize / 4],
        dtype: Dtype::from_code(layout.dtype).ok_or_else(|| {
            Error::invalid(format!("this crate does not know dtype {}", layout.dtype))
        })?,
        count,
        bytes: layout.bytes as usize,
    };
    let values = if layout.start == sys::GRADSTEP_START_PARAM {
        let from = array_of(P::DTYPE, param.as_ptr().cast_mut().cast());
        let mut values = vec![0.0; count];
        // SAFETY: param has `count` elements, and is only read.
        check(unsafe { sys::gradstep_array_read(&from, count, values.as_mut_ptr()) })?;
        values
    } else if layout.initial_value != 0.0 {
        vec![layout.initial_value; count]
    } else {
        return Ok(slot);
    };
    // SAFETY: both have `count` elements.
    check(unsafe { sys::gradstep_array_write(&slot.array(), count, values.as_ptr()) })?;
    Ok(slot)
}
