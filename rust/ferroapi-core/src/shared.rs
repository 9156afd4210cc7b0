//! Values that several owners keep alive, counted without atomic instructions.

use std::ops::Deref;
use std::rc::Rc;

use pyo3::PyVisit;

use crate::traverse::{Traverse, Visited};

/// As `Arc`, for what only the thread attached to the interpreter touches.
///
/// A locked instruction takes as long as some twenty others, and a request would need a dozen of them.
pub struct Shared<T>(Rc<T>);

// SAFETY: what holds a `Shared` is owned by a Python object, or by a future that one polls, and both are made, used and
// dropped by the thread that is attached to the interpreter: this crate starts no threads, does not detach while it
// runs, and the module is declared `gil_used = true`. So no two threads are at a count at the same time, and handing
// the lock over orders what they do. The value itself is as safe to send and to share as `T` is.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub fn new(value: T) -> Self {
        Self(Rc::new(value))
    }

    /// Whether both are the same value.
    pub fn ptr_eq(one: &Self, other: &Self) -> bool {
        Rc::ptr_eq(&one.0, &other.0)
    }
}

impl<T: Default> Default for Shared<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// The one handle that owns a shared value, and speaks for it to the garbage collector; the others are on loan.
pub struct Owned<T>(Shared<T>);

impl<T> Owned<T> {
    pub fn new(value: T) -> Self {
        Self(Shared::new(value))
    }

    /// Another handle of the value.
    pub fn share(&self) -> Shared<T> {
        Shared::clone(&self.0)
    }
}

impl<T: Default> Default for Owned<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Deref for Owned<T> {
    type Target = Shared<T>;

    fn deref(&self) -> &Shared<T> {
        &self.0
    }
}

impl<T: Traverse> Traverse for Owned<T> {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        T::traverse(self, visit)
    }
}
