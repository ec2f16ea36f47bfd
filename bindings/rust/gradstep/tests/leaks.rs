// SPDX-License-Identifier: Apache-2.0
//! In a program of its own, since it measures the process.
use gradstep::{ErrorKind, GroupOptions, Optimizer, Rule};

/// An optimizer that steps and fails.
fn use_once() {
    let mut optimizer = Optimizer::new().unwrap();
    let rule = Rule::new("adamw").unwrap();
    let group = optimizer
        .add_group(GroupOptions::new("all", &rule))
        .unwrap();
    optimizer.add_tensor(group, "w", vec![1.0f32; 64]).unwrap();
    optimizer.step().unwrap();
    let taken = optimizer
        .add_group(GroupOptions::new("all", &rule.clone()))
        .unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::InvalidArgument);
}

fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn many_objects_leave_no_memory_behind() {
    (0..1000).for_each(|_| use_once());
    let before = resident_bytes();
    (0..100_000).for_each(|_| use_once());
    let more = resident_bytes().saturating_sub(before);
    assert!(more < 4 << 20, "{more} bytes more");
}
