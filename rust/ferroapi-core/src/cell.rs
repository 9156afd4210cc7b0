//! Interior mutability for state that only the thread attached to the interpreter touches.

use std::cell::UnsafeCell;
use std::mem;

use pyo3::{Py, Python};

/// A slot whose content is moved in and out as a whole.
///
/// There is no way to borrow the content across a call, so code that runs in between (and may come
/// back to the same cell) can never see a half-written value.
#[derive(Default)]
pub struct AttachedCell<T>(UnsafeCell<T>);

// SAFETY: every safe access takes a `Python<'_>` token, and the module is declared `gil_used = true`,
// so at most one thread at a time holds such a token. No method runs foreign code while it touches
// the content, so accesses of one thread can't overlap either.
unsafe impl<T: Send> Sync for AttachedCell<T> {}

impl<T> AttachedCell<T> {
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Puts `value` in and hands the former content out, to be dropped by the caller.
    pub fn replace(&self, _py: Python<'_>, value: T) -> T {
        // SAFETY: the token proves that no other thread is here, and `mem::replace` only moves bits.
        unsafe { mem::replace(&mut *self.0.get(), value) }
    }

    /// A copy made by `copy`, which must not run Python code (`clone_ref` does not).
    pub fn read<R>(&self, _py: Python<'_>, copy: impl FnOnce(&T) -> R) -> R {
        // SAFETY: as above; `copy` only clones references or copies plain data.
        copy(unsafe { &*self.0.get() })
    }

    /// Changes the content in place. `change` must neither run Python code nor drop a reference to an object,
    /// which may run some: what it takes out goes to the caller.
    pub fn update<R>(&self, _py: Python<'_>, change: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: the token proves that no other thread is here, and `change` can't come back to this cell.
        change(unsafe { &mut *self.0.get() })
    }

    /// The content as the garbage collector's traversal sees it.
    ///
    /// # Safety
    /// Only for `__traverse__`: the collector runs while its thread holds the interpreter lock and no
    /// frame of ours is inside `replace` or `read`.
    pub unsafe fn traversed(&self) -> &T {
        // SAFETY: guaranteed by the caller.
        unsafe { &*self.0.get() }
    }
}

impl<T> AttachedCell<Option<Py<T>>> {
    /// The object in the slot, if there is one.
    pub fn get(&self, py: Python<'_>) -> Option<Py<T>> {
        self.read(py, |object| {
            object.as_ref().map(|object| object.clone_ref(py))
        })
    }

    /// Puts another object in, or none, and lets go of the former one.
    pub fn put(&self, py: Python<'_>, object: Option<Py<T>>) {
        if let Some(former) = self.replace(py, object) {
            former.drop_ref(py);
        }
    }
}

impl<T: Default> AttachedCell<T> {
    pub fn take(&self, py: Python<'_>) -> T {
        self.replace(py, T::default())
    }
}
