//! Runs the steps of a graph for one request, in the reference's order of effects.

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use smallvec::SmallVec;

use super::body::Body;
use super::overrides::{self, OverridesProvider};
use super::solver::Solver;
use super::spec::{BodyStep, CallKind, Graph, Step};
use crate::attached::attached;
use crate::call::{call_keywords, call_named};
use crate::request::RequestContext;
use crate::stacks::{StackKey, generators};

/// All arguments, ready for the endpoint, or the errors that forbid calling it.
#[derive(Default)]
pub struct Solution {
    pub slots: Vec<Option<Py<PyAny>>>,
    pub errors: Option<Py<PyList>>,
    /// Results of dependencies by cache cell, for whoever gave some.
    pub cache: Vec<Option<Py<PyAny>>>,
}

impl Solution {
    /// The arguments of `step` as a dict, for a Python leaf.
    pub fn values<'py>(&self, py: Python<'py>, step: &Step) -> PyResult<Bound<'py, PyDict>> {
        let values = PyDict::new(py);
        for (name, value) in step.names.bind(py).iter().zip(step.arguments(&self.slots)) {
            if let Some(value) = value {
                values.set_item(name, value)?;
            }
        }
        Ok(values)
    }
}

impl Step {
    pub fn arguments<'a>(&self, slots: &'a [Option<Py<PyAny>>]) -> &'a [Option<Py<PyAny>>] {
        slots.get(self.first_slot..).unwrap_or_default()
    }

    /// Calls the step's callable with its arguments.
    pub fn invoke(&self, py: Python<'_>, slots: &[Option<Py<PyAny>>]) -> PyResult<Py<PyAny>> {
        let arguments = self.own_arguments(py, slots)?;
        call_keywords(py, &self.call, arguments, &self.names)
            .unwrap_or_else(|| Err(missing_argument()))
    }

    /// Calls `function(call, **arguments)`.
    pub fn invoke_through(
        &self,
        py: Python<'_>,
        function: &Py<PyAny>,
        slots: &[Option<Py<PyAny>>],
    ) -> PyResult<Py<PyAny>> {
        let mut arguments: SmallVec<[&Py<PyAny>; 8]> = SmallVec::new();
        arguments.push(&self.call);
        for value in self.own_arguments(py, slots)? {
            arguments.push(value.as_ref().ok_or_else(missing_argument)?);
        }
        call_named(py, function, &arguments, &self.names)
    }

    fn own_arguments<'a>(
        &self,
        py: Python<'_>,
        slots: &'a [Option<Py<PyAny>>],
    ) -> PyResult<&'a [Option<Py<PyAny>>]> {
        let end = self.first_slot + self.names.bind(py).len();
        slots.get(self.first_slot..end).ok_or_else(missing_argument)
    }
}

pub fn missing_argument() -> PyErr {
    PyRuntimeError::new_err("ferroapi: a compiled step is short of an argument; please report this")
}

/// Runs all dependencies and fills the arguments of the last step, the endpoint.
///
/// `known` holds results known from before, by cache cell; it may be empty, and is none where nobody asks for the
/// results either. A dependency may change the provider's overrides: they hold for every dependency that has not been
/// reached yet.
pub async fn solve(
    graph: &Graph,
    cx: &mut RequestContext,
    body: &Body,
    known: Option<Vec<Option<Py<PyAny>>>>,
    overrides_provider: Option<&OverridesProvider>,
) -> PyResult<Solution> {
    if let [endpoint] = &graph.steps[..]
        && !matches!(endpoint.body, Some(BodyStep::Form { .. }))
    {
        if graph.slots == 0 && endpoint.body.is_none() {
            attached(|py| cx.read_values(py))?;
            return Ok(Solution {
                cache: known.unwrap_or_default(),
                ..Solution::default()
            });
        }
        let mut solver = Solver::new(graph, known);
        attached(|py| solver.fill(py, cx, 0, endpoint, body))?;
        return Ok(solver.finish());
    }
    // Boxed, so that a request without dependencies is small.
    Box::pin(solve_all(graph, cx, body, known, overrides_provider)).await
}

async fn solve_all(
    graph: &Graph,
    cx: &mut RequestContext,
    body: &Body,
    known: Option<Vec<Option<Py<PyAny>>>>,
    overrides_provider: Option<&OverridesProvider>,
) -> PyResult<Solution> {
    let mut solver = Solver::new(graph, known);
    let mut changed: Option<Graph> = None;
    let mut index = 0;
    loop {
        let graph = changed.as_ref().unwrap_or(graph);
        let Some(step) = graph.steps.get(index) else {
            break;
        };
        if may_await(step) {
            let call = attached(|py| solver.begin(py, cx, index, step, body))?;
            if let Some(call) = call {
                let value = cx.await_(call).await?;
                attached(|py| solver.store(py, step, value));
            }
        } else {
            Box::pin(run_step(&mut solver, cx, index, step, body)).await?;
        }
        if step.parent.is_some() {
            let provider = overrides_provider;
            let rebuilt = attached(|py| overrides::rebuilt(py, cx, graph, index, provider))?;
            if let Some(rebuilt) = rebuilt {
                solver.adopt(&rebuilt, index);
                changed = Some(rebuilt);
            }
        }
        index += 1;
    }
    Ok(solver.finish())
}

/// Whether all that a step does is to call something, and await that.
fn may_await(step: &Step) -> bool {
    !matches!(step.body, Some(BodyStep::Form { .. })) && !is_generator(step)
}

fn is_generator(step: &Step) -> bool {
    matches!(step.kind, CallKind::Generator | CallKind::AsyncGenerator)
}

impl Solver {
    /// Begins a step whose result is to be awaited and stored; none if it needs no call.
    fn begin(
        &mut self,
        py: Python<'_>,
        cx: &mut RequestContext,
        index: usize,
        step: &Step,
        body: &Body,
    ) -> PyResult<Option<Py<PyAny>>> {
        self.fill(py, cx, index, step, body)?;
        if self.is_settled(py, index, step) {
            return Ok(None);
        }
        begin(py, cx, step, &self.slots).map(Some)
    }

    /// Whether a step whose arguments are filled needs no call: it is the endpoint, some argument of it is missing,
    /// or its result is known.
    fn is_settled(&mut self, py: Python<'_>, index: usize, step: &Step) -> bool {
        let Some(parent) = step.parent else {
            return true;
        };
        if self.is_failed(index) {
            self.fail(parent);
            return true;
        }
        let Some(value) = self.cached(py, step) else {
            return false;
        };
        self.store(py, step, value);
        true
    }
}

/// A step with a form, or whose call stays open.
async fn run_step(
    solver: &mut Solver,
    cx: &mut RequestContext,
    index: usize,
    step: &Step,
    body: &Body,
) -> PyResult<()> {
    attached(|py| solver.fill(py, cx, index, step, body))?;
    if let Some(BodyStep::Form {
        fields,
        embed,
        slots,
    }) = &step.body
    {
        let call = attached(|py| {
            let body = body.object(cx, py)?;
            cx.leaves.body_to_args.call1(py, (fields, body, *embed))
        })?;
        let result = cx.await_(call).await?;
        attached(|py| solver.take_form(py, index, slots, result.bind(py)))?;
    }
    if attached(|py| solver.is_settled(py, index, step)) {
        return Ok(());
    }
    let value = call(cx, step, &solver.slots).await?;
    attached(|py| solver.store(py, step, value));
    Ok(())
}

/// Calls a dependency for its value.
async fn call(
    cx: &mut RequestContext,
    step: &Step,
    slots: &[Option<Py<PyAny>>],
) -> PyResult<Py<PyAny>> {
    if step.kind == CallKind::AsyncGenerator && attached(|py| may_keep_generator(py, cx, step))? {
        let generator = attached(|py| step.invoke(py, slots))?;
        let value = generators::enter(cx, &generator).await?;
        if step.function_scope {
            cx.function_stack.push(generator);
        } else {
            cx.request_stack.push(generator);
        }
        return Ok(value);
    }
    let call = attached(|py| begin(py, cx, step, slots))?;
    cx.await_(call).await
}

/// Whether a generator may be kept beside the `AsyncExitStack`: nobody has had one to put callbacks between.
fn may_keep_generator(py: Python<'_>, cx: &RequestContext, step: &Step) -> PyResult<bool> {
    let keep = step.concurrency.is_none()
        && cx.request.is_none()
        && cx.request_stack.is_bare(py)
        && cx.function_stack.is_bare(py);
    if keep && cx.watched {
        // As whoever enters a generator leaves it.
        let name = intern!(py, "fastapi_async_cleanup_scopes");
        let scopes = (name, PyDict::new(py));
        cx.scope
            .object(py)?
            .call_method1(intern!(py, "setdefault"), scopes)?;
    }
    Ok(keep)
}

/// Starts a dependency's call; the result is awaited by the caller.
fn begin(
    py: Python<'_>,
    cx: &mut RequestContext,
    step: &Step,
    slots: &[Option<Py<PyAny>>],
) -> PyResult<Py<PyAny>> {
    if is_generator(step) {
        let key = if step.function_scope {
            StackKey::Function
        } else {
            StackKey::Request
        };
        cx.stack(py, StackKey::Request)?;
        let stack = cx.stack(py, key)?;
        let values = values_dict(py, step, slots)?;
        let arguments = (
            &step.call,
            values,
            stack,
            cx.scope.object(py)?,
            &step.concurrency,
        );
        return cx.leaves.enter_generator.call1(py, arguments);
    }
    if let Some(concurrency) = &step.concurrency {
        let values = values_dict(py, step, slots)?;
        let threaded = step.kind == CallKind::Threadpool;
        let arguments = (&step.call, values, concurrency, threaded);
        return cx.leaves.call_limited.call1(py, arguments);
    }
    match step.kind {
        CallKind::Threadpool => step.invoke_through(py, &cx.leaves.call_in_thread, slots),
        _ => step.invoke(py, slots),
    }
}

fn values_dict<'py>(
    py: Python<'py>,
    step: &Step,
    slots: &[Option<Py<PyAny>>],
) -> PyResult<Bound<'py, PyDict>> {
    let values = PyDict::new(py);
    for (name, value) in step
        .names
        .bind(py)
        .iter()
        .zip(step.own_arguments(py, slots)?)
    {
        values.set_item(name, value.as_ref().ok_or_else(missing_argument)?)?;
    }
    Ok(values)
}
