// SPDX-License-Identifier: Apache-2.0
//! What rules, schedules and instruction sets there are. All of it comes from the library.
use std::ffi::{CStr, c_char};

use gradstep_sys as sys;

use crate::error::{Result, c_text, check};

/// A hyper-parameter of a rule or a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct HyperparameterInfo {
    /// As `set` takes it.
    pub name: &'static str,
    /// One line.
    pub help: &'static str,
    /// None: a value must be set.
    pub default: Option<f64>,
    /// The lowest value, or the bound above which values are.
    pub minimum: f64,
    /// The highest value, or the bound below which values are.
    pub maximum: f64,
    /// What values there are.
    pub kind: HyperparameterKind,
}

/// What values a hyper-parameter has. All are passed as `f64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HyperparameterKind {
    /// Any number within the bounds.
    Real,
    /// 0 or 1.
    Flag,
    /// A whole number within the bounds.
    Integer,
    /// Any number of values: [`crate::Schedule::set_list`].
    List,
}

/// An update formula.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleInfo {
    /// As [`crate::Rule::new`] takes it.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Lines of mathematics.
    pub formula: &'static str,
    /// The paper or text that the formula is from.
    pub source: &'static str,
    /// In the library's order.
    pub hyperparameters: Vec<HyperparameterInfo>,
    /// The names of its arrays of state: PyTorch's, where PyTorch has them.
    pub slots: Vec<&'static str>,
    /// The names of the single numbers of its state.
    pub scalars: Vec<&'static str>,
}

/// A course of the learning rate.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleInfo {
    /// As [`crate::Schedule::new`] takes it.
    pub name: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Lines of mathematics.
    pub formula: &'static str,
    /// The paper or text that the formula is from.
    pub source: &'static str,
    /// In the library's order.
    pub hyperparameters: Vec<HyperparameterInfo>,
}

/// The rules, in the library's order.
pub fn rules() -> Vec<RuleInfo> {
    // SAFETY: the names are static.
    names(unsafe { sys::gradstep_rule_count() }, |i| unsafe {
        sys::gradstep_rule_name(i)
    })
    .into_iter()
    .map(|name| rule(name).expect("a rule of the library"))
    .collect()
}

/// A rule by its name.
pub fn rule(name: &str) -> Result<RuleInfo> {
    let c_name = c_text("rule_name", name)?;
    let mut info = sys::gradstep_rule_info::default();
    // SAFETY: the pointers are valid, as they are below.
    check(unsafe { sys::gradstep_rule_describe(c_name.as_ptr(), &mut info) })?;
    let mut slots = Vec::new();
    for i in 0..info.slot_count {
        let mut slot = sys::gradstep_slot_info::default();
        check(unsafe { sys::gradstep_rule_describe_slot(c_name.as_ptr(), i, &mut slot) })?;
        slots.push(text(slot.name));
    }
    let mut scalars = Vec::new();
    for i in 0..info.scalar_count {
        let mut scalar = sys::gradstep_scalar_info::default();
        check(unsafe { sys::gradstep_rule_describe_scalar(c_name.as_ptr(), i, &mut scalar) })?;
        scalars.push(text(scalar.name));
    }
    Ok(RuleInfo {
        name: text(info.name),
        summary: text(info.summary),
        formula: text(info.formula),
        source: text(info.source),
        hyperparameters: hyperparameters(info.hyperparameter_count, |i, to| unsafe {
            sys::gradstep_rule_describe_hyperparameter(c_name.as_ptr(), i, to)
        })?,
        slots,
        scalars,
    })
}

/// The schedules, in the library's order.
pub fn schedules() -> Vec<ScheduleInfo> {
    // SAFETY: the names are static.
    names(unsafe { sys::gradstep_schedule_count() }, |i| unsafe {
        sys::gradstep_schedule_name(i)
    })
    .into_iter()
    .map(|name| schedule(name).expect("a schedule of the library"))
    .collect()
}

/// A schedule by its name.
pub fn schedule(name: &str) -> Result<ScheduleInfo> {
    let c_name = c_text("schedule_name", name)?;
    let mut info = sys::gradstep_schedule_info::default();
    // SAFETY: the pointers are valid.
    check(unsafe { sys::gradstep_schedule_describe(c_name.as_ptr(), &mut info) })?;
    Ok(ScheduleInfo {
        name: text(info.name),
        summary: text(info.summary),
        formula: text(info.formula),
        source: text(info.source),
        hyperparameters: hyperparameters(info.hyperparameter_count, |i, to| unsafe {
            sys::gradstep_schedule_describe_hyperparameter(c_name.as_ptr(), i, to)
        })?,
    })
}

/// The names of the instruction sets of this build that this CPU can run, from the lowest to the
/// highest.
pub fn instruction_sets() -> Vec<&'static str> {
    // SAFETY: the names are static.
    let all = names(unsafe { sys::gradstep_isa_count() }, |i| unsafe {
        sys::gradstep_isa_name(i)
    });
    let is_available = |i| unsafe { sys::gradstep_isa_is_available(i) } == 1;
    all.into_iter()
        .enumerate()
        .filter(|(i, _)| is_available(*i))
        .map(|(_, name)| name)
        .collect()
}

/// The version of the running library: "0.2.0".
pub fn version() -> &'static str {
    // SAFETY: the text is static.
    text(unsafe { sys::gradstep_version_text() })
}

/// `of`: a static text of the library's, or NULL.
pub(crate) fn text(of: *const c_char) -> &'static str {
    if of.is_null() {
        return "";
    }
    // SAFETY: static texts end with a zero byte.
    unsafe { CStr::from_ptr(of) }
        .to_str()
        .expect("texts of the library are UTF-8")
}

fn names(count: usize, name: impl Fn(usize) -> *const c_char) -> Vec<&'static str> {
    (0..count).map(|i| text(name(i))).collect()
}

fn hyperparameters(
    count: usize,
    describe: impl Fn(usize, *mut sys::gradstep_hyperparameter_info) -> sys::gradstep_status,
) -> Result<Vec<HyperparameterInfo>> {
    let mut all = Vec::with_capacity(count);
    for i in 0..count {
        let mut info = sys::gradstep_hyperparameter_info::default();
        check(describe(i, &mut info))?;
        all.push(HyperparameterInfo {
            name: text(info.name),
            help: text(info.help),
            default: (!info.default_value.is_nan()).then_some(info.default_value),
            minimum: info.minimum,
            maximum: info.maximum,
            kind: match info.kind {
                sys::GRADSTEP_FLAG => HyperparameterKind::Flag,
                sys::GRADSTEP_INTEGER => HyperparameterKind::Integer,
                sys::GRADSTEP_LIST => HyperparameterKind::List,
                _ => HyperparameterKind::Real,
            },
        });
    }
    Ok(all)
}
