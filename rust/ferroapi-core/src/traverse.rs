//! What the garbage collector is told: each reference to a Python object once, by the value that owns it.
//!
//! A reference that is visited twice makes the collector take an object that is in use for garbage. So nobody visits
//! fields by hand: [`traverse!`] lists all fields of a struct, and the compiler refuses a list that lacks one. Of a value
//! that is shared only the [`Owned`](crate::shared::Owned) handle visits; a `Shared` is a loan, and can't.

use std::collections::VecDeque;

use pyo3::{Py, PyTraverseError, PyVisit};

use crate::cell::AttachedCell;

pub type Visited = Result<(), PyTraverseError>;

/// Refers to Python objects.
pub trait Traverse {
    /// Visits each reference that this owns, once. What is not visited is kept alive, at worst for ever.
    fn traverse(&self, visit: PyVisit<'_>) -> Visited;
}

/// Implements [`Traverse`] for a struct: the fields that are visited, then those that are not, because they refer to
/// nothing that could lead back here, or because somebody else owns what they refer to.
macro_rules! traverse {
    ($kind:ty { $($visited:tt),* $(,)? }) => {
        $crate::traverse::traverse!($kind { $($visited),* } but { });
    };
    ($kind:ty { $($visited:tt),* $(,)? } but { $($other:tt),* $(,)? }) => {
        impl $crate::traverse::Traverse for $kind {
            fn traverse(&self, visit: pyo3::PyVisit<'_>) -> $crate::traverse::Visited {
                // Fails to compile if a field is in neither list.
                let Self { $($visited: _,)* $($other: _,)* } = self;
                $($crate::traverse::Traverse::traverse(&self.$visited, visit)?;)*
                Ok(())
            }
        }
    };
}
pub(crate) use traverse;

impl<T> Traverse for Py<T> {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        visit.call(self)
    }
}

impl<T: Traverse> Traverse for Option<T> {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        self.iter().try_for_each(|value| value.traverse(visit))
    }
}

impl<T: Traverse> Traverse for Vec<T> {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        self.iter().try_for_each(|value| value.traverse(visit))
    }
}

impl<T: Traverse> Traverse for VecDeque<T> {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        self.iter().try_for_each(|value| value.traverse(visit))
    }
}

impl<T: Traverse, const N: usize> Traverse for [T; N] {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        self.iter().try_for_each(|value| value.traverse(visit))
    }
}

impl<T: Traverse> Traverse for Box<T> {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        (**self).traverse(visit)
    }
}

impl<T: Traverse> Traverse for AttachedCell<T> {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        // SAFETY: only the collector makes a `PyVisit`, for the time of a traversal.
        unsafe { self.traversed() }.traverse(visit)
    }
}
