//! The interpreter's token inside our futures.

use pyo3::Python;

/// Runs `f` with the token, without asking the thread whether it is attached.
///
/// For the bodies of futures only. A token can't be kept over an `await`: it is not `Send`, and the futures
/// have to be.
pub fn attached<R>(f: impl for<'py> FnOnce(Python<'py>) -> R) -> R {
    // SAFETY: the futures of this crate are polled by `Coroutine::poll` alone, which is called by Python and
    // holds a token for the whole poll.
    f(unsafe { Python::assume_attached() })
}
