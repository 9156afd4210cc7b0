//! Calling an application without a frame of Python's.
//!
//! `FastAPI.__call__` is a Python function, which can be inspected, wrapped and replaced. For a class whose
//! `__call__` is that very function, the call slot (`tp_call`) leads here instead. CPython sets the slot back
//! by itself when somebody assigns `__call__` to the class or to one of its bases (`update_slot`), so that a
//! replaced method is always the one that runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

use super::entry::{serve_app, way_in};
use crate::attached::attached;
use crate::coroutine::{Coroutine, nothing};
use crate::package::Package;
use crate::request::RequestContext;
use crate::scope::Scope;
use crate::server::{Exchange, policy_of};
use crate::wire::Wire;

/// CPython's slot for classes that define `__call__` in Python.
static GENERIC: OnceLock<ffi::ternaryfunc> = OnceLock::new();

/// Points the call slot of an application's class here, if its `__call__` is the package's own.
pub fn compile_class(class: &Bound<'_, PyType>, package: &Package) -> PyResult<()> {
    let py = class.py();
    let Some(present) = slot(class) else {
        return Ok(());
    };
    if is_compiled(present) {
        return Ok(());
    }
    let call = class.getattr(intern!(py, "__call__"))?;
    if !package.has_call(&call) {
        return Ok(());
    }
    if std::ptr::fn_addr_eq(*GENERIC.get_or_init(|| present), present) {
        // SAFETY: the class is a live heap type (`slot` has checked that), attached to which we are; its
        // `__call__` is a Python function, for which `call` gives the same outcome as the generic slot.
        unsafe { (*class.as_type_ptr()).tp_call = Some(call_application) };
    }
    Ok(())
}

/// The call slot of a class made by a `class` statement.
fn slot(class: &Bound<'_, PyType>) -> Option<ffi::ternaryfunc> {
    let class = class.as_type_ptr();
    // SAFETY: a live type object, whose fields are read while attached to the interpreter.
    unsafe {
        let heap = ffi::PyType_HasFeature(class, ffi::Py_TPFLAGS_HEAPTYPE) != 0;
        (*class).tp_call.filter(|_| heap)
    }
}

/// Whether calling `app` leads here.
pub fn is_application(app: &Bound<'_, PyAny>) -> bool {
    slot(&app.get_type()).is_some_and(is_compiled)
}

fn is_compiled(slot: ffi::ternaryfunc) -> bool {
    std::ptr::fn_addr_eq(slot, call_application as ffi::ternaryfunc)
}

/// `app(scope, receive, send)`.
///
/// # Safety
/// As for any `tp_call`: called by CPython, attached, with a live object, a tuple, and a dict or null.
unsafe extern "C" fn call_application(
    app: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
    keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: guaranteed by the caller.
        let py = unsafe { Python::assume_attached() };
        // SAFETY: CPython hands over borrowed references that live for the whole call.
        let (app, arguments) = unsafe {
            let app = Borrowed::from_ptr(py, app);
            (app, Borrowed::from_ptr(py, arguments))
        };
        let arguments = arguments.cast::<PyTuple>().ok();
        let arguments = arguments.filter(|found| keywords.is_null() && found.len() == 3);
        let made = coroutine(&app, &*arguments?).and_then(|made| Py::new(py, made));
        Some(made.map_or_else(
            |error| {
                error.restore(py);
                std::ptr::null_mut()
            },
            Py::into_ptr,
        ))
    }));
    match outcome {
        Ok(Some(made)) => made,
        Ok(None) => match GENERIC.get() {
            // SAFETY: the arguments are those of the slot that this one stands for.
            Some(generic) => unsafe { generic(app, arguments, keywords) },
            None => refused("no call slot of CPython's"),
        },
        Err(_) => refused("panic in the application's call"),
    }
}

fn refused(reason: &'static str) -> *mut ffi::PyObject {
    Python::attach(|py| {
        PyRuntimeError::new_err(format!("ferroapi: internal error: {reason}")).restore(py);
    });
    std::ptr::null_mut()
}

/// Puts the application's own limits in force for a request that is not served natively.
fn limit(app: &Bound<'_, PyAny>, receive: &Py<PyAny>) -> PyResult<()> {
    let py = app.py();
    let Some(exchange) = Exchange::behind(receive.bind(py)) else {
        return Ok(());
    };
    match policy_of(app)? {
        Some(policy) => Exchange::limit(&exchange, &policy),
        None => Ok(()),
    }
}

/// What serves the connection once it is awaited.
fn coroutine(app: &Bound<'_, PyAny>, arguments: &Bound<'_, PyTuple>) -> PyResult<Coroutine> {
    let app = app.clone().unbind();
    let scope = arguments.get_item(0)?.unbind();
    let receive = arguments.get_item(1)?.unbind();
    let send = arguments.get_item(2)?.unbind();
    let coroutine = Coroutine::new(|channel| async move {
        let (known, scope) = attached(|py| {
            let scope = Scope::given(scope.bind(py))?;
            Ok::<_, PyErr>((way_in(py, app.bind(py), &scope)?, scope))
        })?;
        if let Some(known) = known {
            let mut cx = attached(|py| {
                let wire = Wire::Asgi { receive, send };
                RequestContext::untraced(py, known.leaves, channel, scope, wire)
            })?;
            serve_app(app, known, &mut cx).await?;
            return nothing();
        }
        let call = attached(|py| {
            limit(app.bind(py), &receive)?;
            let class = app.bind(py).get_type();
            let function = class.getattr(intern!(py, "__call__"))?.unbind();
            function.call1(py, (app, scope.object(py)?, receive, send))
        })?;
        channel.await_(call).await
    });
    Ok(coroutine.expecting_await("FastAPI.__call__"))
}
