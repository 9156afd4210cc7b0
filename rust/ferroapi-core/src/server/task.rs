//! Starting the task of a request.
//!
//! A task made by `loop.create_task` takes its first step in the next turn of the event loop. Most requests are
//! answered in that one step, so taking it at once saves the turn. Python 3.12 has eager tasks for this. In 3.11 the
//! constructor of `asyncio.Task` hands its first step to `loop.call_soon`: for the length of that one call, an
//! attribute of the loop object catches the step, which is then run here. What runs is a task of asyncio's own in
//! each case, in a context of its own, current while it runs, and listed by `asyncio.all_tasks()`.
//!
//! Whatever stands in the way (a task factory, a task that is running already, a loop or a task class of another
//! kind) makes it an ordinary `loop.create_task`.

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyAnyMethods, PyDict, PySet, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use super::leaves::ServerLeaves;
use crate::cell::AttachedCell;
use crate::coroutine::Coroutine;

/// How the tasks of one event loop are started.
pub struct Starter {
    event_loop: Py<PyAny>,
    create_task: Py<PyAny>,
    /// None if the first step can't be taken at once.
    eager: Option<Eager>,
    /// Tasks run in an empty context instead of a copy of the present one.
    empty_context: Option<Py<PyAny>>,
}

struct Eager {
    task_class: Py<PyAny>,
    get_task_factory: Py<PyAny>,
    current_tasks: Py<PyDict>,
    catch: Catch,
}

/// When the first step is to be taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum When {
    Now,
    NextTurn,
}

impl Starter {
    pub fn new(
        leaves: &ServerLeaves,
        event_loop: &Bound<'_, PyAny>,
        reset_contextvars: bool,
    ) -> PyResult<Self> {
        let py = event_loop.py();
        let empty_context = if reset_contextvars {
            Some(py.import("contextvars")?.getattr("Context")?.unbind())
        } else {
            None
        };
        Ok(Self {
            event_loop: event_loop.clone().unbind(),
            create_task: event_loop.getattr("create_task")?.unbind(),
            eager: Eager::new(leaves, event_loop),
            empty_context,
        })
    }

    /// Makes the task of a request; None if it is done already.
    pub fn start(
        &self,
        py: Python<'_>,
        coroutine: Py<Coroutine>,
        when: When,
    ) -> PyResult<Option<Py<PyAny>>> {
        let context = match &self.empty_context {
            Some(class) => Some(class.call0(py)?),
            None => None,
        };
        if when == When::Now
            && let Some(eager) = &self.eager
            && eager.is_possible(py, &self.event_loop)?
        {
            return eager.start(py, &self.event_loop, coroutine, context);
        }
        let task = match context {
            None => self.create_task.call1(py, (coroutine,))?,
            Some(context) => {
                let keywords = PyDict::new(py);
                keywords.set_item(intern!(py, "context"), context)?;
                self.create_task.call(py, (coroutine,), Some(&keywords))?
            }
        };
        Ok(Some(task))
    }

    /// Visits what it refers to, for the garbage collector.
    pub fn traverse(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        visit.call(&self.create_task)?;
        if let Some(eager) = &self.eager {
            visit.call(&eager.get_task_factory)?;
        }
        Ok(())
    }
}

impl Eager {
    fn new(leaves: &ServerLeaves, event_loop: &Bound<'_, PyAny>) -> Option<Self> {
        let py = event_loop.py();
        Some(Self {
            task_class: leaves.task_class.clone_ref(py),
            get_task_factory: event_loop.getattr("get_task_factory").ok()?.unbind(),
            current_tasks: leaves.current_tasks.clone_ref(py),
            catch: Catch::new(leaves, event_loop)?,
        })
    }

    fn is_possible(&self, py: Python<'_>, event_loop: &Py<PyAny>) -> PyResult<bool> {
        Ok(!self.current_tasks.bind(py).contains(event_loop)?
            && self.get_task_factory.call0(py)?.is_none(py)
            && self.catch.is_possible(py)?)
    }

    fn start(
        &self,
        py: Python<'_>,
        event_loop: &Py<PyAny>,
        coroutine: Py<Coroutine>,
        context: Option<Py<PyAny>>,
    ) -> PyResult<Option<Py<PyAny>>> {
        let caught = self
            .catch
            .construct(py, &self.task_class, event_loop, coroutine, context)?;
        let listed = self.catch.list(py, &caught.task)?;
        let step = caught.step(py);
        self.catch.unlist(py, listed)?;
        step?;
        let done = caught.task.call_method0(py, intern!(py, "done"))?;
        if done.is_truthy(py)? {
            return Ok(None);
        }
        self.catch.keep_listed(py, &caught.task)?;
        Ok(Some(caught.task))
    }
}

/// Catches the first step of a new task: Python 3.11.
struct Catch {
    /// The attributes of the loop object.
    loop_attributes: Py<PyDict>,
    /// `asyncio`'s weak set of all tasks: its attributes, and the set of references in it.
    all_tasks: Py<PyAny>,
    all_tasks_attributes: Py<PyDict>,
    references: Py<PySet>,
    keywords: Py<PyTuple>,
    keywords_with_context: Py<PyTuple>,
    catch_step: Py<PyAny>,
    skip: Py<PyAny>,
}

/// A task whose first step is still to be taken.
struct Caught {
    task: Py<PyAny>,
    step: Py<PyAny>,
    context: Py<PyAny>,
}

/// What `catch_step` was called with, and for whom it waits.
#[derive(Default)]
struct Expected {
    coroutine: Option<Py<Coroutine>>,
    event_loop: Option<Py<PyAny>>,
    step: Option<(Py<PyAny>, Py<PyAny>)>,
}

static EXPECTED: AttachedCell<Expected> = AttachedCell::new(Expected {
    coroutine: None,
    event_loop: None,
    step: None,
});

impl Catch {
    fn new(leaves: &ServerLeaves, event_loop: &Bound<'_, PyAny>) -> Option<Self> {
        let py = event_loop.py();
        if cfg!(Py_3_12) {
            return None;
        }
        let attributes = |object: &Bound<'_, PyAny>| {
            let dict = object.getattr(intern!(py, "__dict__")).ok()?;
            Some(dict.cast_into::<PyDict>().ok()?.unbind())
        };
        Some(Self {
            loop_attributes: attributes(event_loop)?,
            all_tasks_attributes: attributes(leaves.all_tasks.bind(py))?,
            all_tasks: leaves.all_tasks.clone_ref(py),
            references: leaves.all_tasks_data.as_ref()?.clone_ref(py),
            keywords: PyTuple::new(py, ["loop"]).ok()?.unbind(),
            keywords_with_context: PyTuple::new(py, ["loop", "context"]).ok()?.unbind(),
            catch_step: pyo3::wrap_pyfunction!(catch_step, py)
                .ok()?
                .into_any()
                .unbind(),
            skip: pyo3::wrap_pyfunction!(skip, py).ok()?.into_any().unbind(),
        })
    }

    /// Nobody else has put something in the place of the two methods.
    fn is_possible(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(!self
            .loop_attributes
            .bind(py)
            .contains(intern!(py, "call_soon"))?
            && !self
                .all_tasks_attributes
                .bind(py)
                .contains(intern!(py, "add"))?)
    }

    fn construct(
        &self,
        py: Python<'_>,
        task_class: &Py<PyAny>,
        event_loop: &Py<PyAny>,
        coroutine: Py<Coroutine>,
        context: Option<Py<PyAny>>,
    ) -> PyResult<Caught> {
        drop(EXPECTED.replace(
            py,
            Expected {
                coroutine: Some(coroutine.clone_ref(py)),
                event_loop: Some(event_loop.clone_ref(py)),
                step: None,
            },
        ));
        let call_soon = intern!(py, "call_soon");
        let add = intern!(py, "add");
        let on_loop = self.loop_attributes.bind(py);
        let on_set = self.all_tasks_attributes.bind(py);
        on_loop.set_item(call_soon, &self.catch_step)?;
        on_set.set_item(add, &self.skip)?;
        let coroutine = coroutine.into_any();
        let made = match &context {
            None => {
                let arguments = [&coroutine, event_loop];
                crate::call::call_named(py, task_class, &arguments, &self.keywords)
            }
            Some(context) => {
                let arguments = [&coroutine, event_loop, context];
                crate::call::call_named(py, task_class, &arguments, &self.keywords_with_context)
            }
        };
        on_loop.del_item(call_soon)?;
        on_set.del_item(add)?;
        let expected = EXPECTED.take(py);
        let (step, context) = expected.step.ok_or_else(|| {
            PyRuntimeError::new_err("ferroapi: a task was made without a first step")
        })?;
        Ok(Caught {
            task: made?,
            step,
            context,
        })
    }

    /// Lists a task for `asyncio.all_tasks()` while its first step runs.
    fn list(&self, py: Python<'_>, task: &Py<PyAny>) -> PyResult<Py<PyAny>> {
        // SAFETY: a live object; the function gives a new reference or sets an exception.
        let reference = unsafe {
            let reference = ffi::PyWeakref_NewRef(task.as_ptr(), std::ptr::null_mut());
            Bound::from_owned_ptr_or_err(py, reference)?
        };
        self.references.bind(py).add(&reference)?;
        Ok(reference.unbind())
    }

    fn unlist(&self, py: Python<'_>, reference: Py<PyAny>) -> PyResult<()> {
        self.references.bind(py).discard(reference).map(drop)
    }

    /// Lists a task that goes on, as its constructor would have done.
    fn keep_listed(&self, py: Python<'_>, task: &Py<PyAny>) -> PyResult<()> {
        self.all_tasks
            .call_method1(py, intern!(py, "add"), (task,))
            .map(drop)
    }
}

impl Caught {
    /// Takes the first step in the task's own context, as the loop would.
    fn step(&self, py: Python<'_>) -> PyResult<()> {
        // SAFETY: the context is a live `contextvars.Context` that the task was made with; it is left again
        // on every way out, before anything else may enter or leave one.
        unsafe {
            if ffi::PyContext_Enter(self.context.as_ptr()) != 0 {
                return Err(PyErr::fetch(py));
            }
            let outcome = self.step.call0(py);
            if ffi::PyContext_Exit(self.context.as_ptr()) != 0 {
                return Err(PyErr::fetch(py));
            }
            outcome.map(drop)
        }
    }
}

/// Stands for `loop.call_soon` while a task is made.
#[pyfunction]
#[pyo3(signature = (callback, *args, context=None))]
fn catch_step(
    py: Python<'_>,
    callback: Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    context: Option<Bound<'_, PyAny>>,
) -> PyResult<Py<PyAny>> {
    let expected = EXPECTED.read(py, |expected| {
        expected
            .coroutine
            .as_ref()
            .map(|coroutine| coroutine.clone_ref(py))
    });
    if let (Some(expected), Some(context)) = (&expected, &context)
        && args.is_empty()
        && is_step_of(&callback, expected)?
    {
        let step = (callback.unbind(), context.clone().unbind());
        let former = EXPECTED.update(py, |expected| expected.step.replace(step));
        drop(former);
        return Ok(py.None());
    }
    // Something else was scheduled meanwhile: by a finalizer, say.
    let event_loop = EXPECTED.read(py, |expected| {
        expected
            .event_loop
            .as_ref()
            .map(|known| known.clone_ref(py))
    });
    let event_loop = event_loop.ok_or_else(|| PyRuntimeError::new_err("no event loop"))?;
    let event_loop = event_loop.bind(py);
    let method = event_loop.get_type().getattr(intern!(py, "call_soon"))?;
    let mut arguments = vec![event_loop.clone(), callback];
    arguments.extend(args.iter());
    let keywords = PyDict::new(py);
    keywords.set_item(intern!(py, "context"), context)?;
    let arguments = PyTuple::new(py, arguments)?;
    method.call(arguments, Some(&keywords)).map(Bound::unbind)
}

/// Whether a callback is the step of the task that runs `coroutine`.
fn is_step_of(callback: &Bound<'_, PyAny>, coroutine: &Py<Coroutine>) -> PyResult<bool> {
    let py = callback.py();
    let Some(task) = callback.getattr_opt(intern!(py, "__self__"))? else {
        return Ok(false);
    };
    let Some(get) = task.getattr_opt(intern!(py, "get_coro"))? else {
        return Ok(false);
    };
    Ok(get.call0()?.is(coroutine))
}

/// Stands for `WeakSet.add` while a task is made: the task is listed right after.
#[pyfunction]
fn skip(py: Python<'_>, task: Bound<'_, PyAny>) -> PyResult<()> {
    let expected = EXPECTED.read(py, |expected| {
        expected
            .coroutine
            .as_ref()
            .map(|coroutine| coroutine.clone_ref(py))
    });
    let own = match &expected {
        Some(expected) => task.call_method0(intern!(py, "get_coro"))?.is(expected),
        None => false,
    };
    if own {
        return Ok(());
    }
    // A task of somebody else, made meanwhile.
    let all_tasks = super::leaves::server_leaves(py)?.all_tasks.clone_ref(py);
    let method = all_tasks.bind(py).get_type().getattr(intern!(py, "add"))?;
    method.call1((all_tasks, task)).map(drop)
}
