//! The process-wide epoch: one integer that moves whenever something a compiled plan relies on changed.

use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::prelude::*;

static EPOCH: AtomicU64 = AtomicU64::new(1);

/// The present epoch. Whoever caches derived data keeps the epoch at which it was valid.
pub fn current() -> u64 {
    EPOCH.load(Ordering::Relaxed)
}

/// Tell every compiled plan and route table to look again before its next use.
#[pyfunction]
pub fn bump_epoch() {
    EPOCH.fetch_add(1, Ordering::Relaxed);
}

/// The number that moves whenever something a compiled plan relies on has changed.
#[pyfunction]
pub fn current_epoch() -> u64 {
    current()
}
