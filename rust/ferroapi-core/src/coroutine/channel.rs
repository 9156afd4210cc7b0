//! What a coroutine object and the leaf future inside it tell each other.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;

use crate::cell::AttachedCell;
use crate::traverse::traverse;

/// How Python resumed the coroutine.
#[derive(Default)]
pub enum Resume {
    /// `send(None)`, or `__next__()`.
    #[default]
    Next,
    /// `send(value)`.
    Value(Py<PyAny>),
    /// `throw(exception)`; `close()` arrives as `GeneratorExit`.
    Throw(PyErr),
}

/// Shared by one coroutine and its futures.
#[derive(Default)]
pub struct Channel {
    pub(super) resume: AttachedCell<Resume>,
    /// What the awaited object yielded, on its way to the event loop.
    pub(super) yielded: AttachedCell<Option<Py<PyAny>>>,
    /// The iterator being driven. Its only reference is here, where the garbage collector sees it.
    pub(super) awaiting: AttachedCell<Option<Py<PyAny>>>,
    response_started: AtomicBool,
    response_delivered: AtomicBool,
}

traverse!(Channel {
    awaiting
} but {
    resume, yielded, response_started, response_delivered
});

impl Channel {
    /// Whether `http.response.start` was sent from inside of the application's middleware.
    pub fn response_started(&self) -> bool {
        self.response_started.load(Ordering::Relaxed)
    }

    pub fn mark_response_started(&self) {
        self.response_started.store(true, Ordering::Relaxed);
    }

    /// Whether `http.response.start` came to the server: a layer in between may keep it for a while.
    pub fn response_delivered(&self) -> bool {
        self.response_delivered.load(Ordering::Relaxed)
    }

    pub fn mark_response_delivered(&self) {
        self.response_delivered.store(true, Ordering::Relaxed);
    }
}
