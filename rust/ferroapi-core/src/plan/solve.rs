//! Runs the steps of a graph for one request, in the reference's order of effects.

use pyo3::exceptions::{PyKeyError, PyRuntimeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use smallvec::SmallVec;

use super::check::{self, Errors};
use super::overrides;
use super::spec::{BodyParam, BodyStep, CallKind, Graph, Injection, Param, Source, Step};
use crate::attached::attached;
use crate::call::{call_keywords, call_named};
use crate::extract::Values;
use crate::request::RequestContext;
use crate::stacks::{StackKey, generators};

/// The request body as the handler read it.
pub enum Body {
    /// No body, or none declared.
    Undefined,
    /// JSON content, or raw bytes of another content type.
    Content(Py<PyAny>),
    /// A `FormData`.
    Form(Py<PyAny>),
}

impl Body {
    /// What a Python leaf receives as the body.
    pub fn object(&self, cx: &RequestContext, py: Python<'_>) -> Py<PyAny> {
        match self {
            Self::Undefined => cx.leaves.undefined.clone_ref(py),
            Self::Content(object) | Self::Form(object) => object.clone_ref(py),
        }
    }
}

/// All arguments, ready for the endpoint, or the errors that forbid calling it.
pub struct Solution {
    pub slots: Vec<Option<Py<PyAny>>>,
    pub errors: Option<Py<PyList>>,
    /// Results of dependencies by cache cell.
    pub cache: SmallVec<[Option<Py<PyAny>>; 8]>,
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

fn missing_argument() -> PyErr {
    PyRuntimeError::new_err("ferroapi: a compiled step is short of an argument; please report this")
}

/// Runs all dependencies and fills the arguments of the last step, the endpoint.
///
/// `cache` holds results known from before, by cache cell; it may be empty. A dependency may change the
/// provider's overrides: they hold for every dependency that has not been reached yet.
pub async fn solve(
    graph: &Graph,
    cx: &mut RequestContext,
    body: &Body,
    cache: Vec<Option<Py<PyAny>>>,
    overrides_provider: Option<&Py<PyAny>>,
) -> PyResult<Solution> {
    let mut solver = Solver::new(graph, cache);
    let mut changed: Option<Graph> = None;
    let mut index = 0;
    loop {
        let graph = changed.as_ref().unwrap_or(graph);
        let Some(step) = graph.steps.get(index) else {
            break;
        };
        run_step(&mut solver, cx, index, step, body).await?;
        if step.parent.is_some() {
            let provider = overrides_provider;
            let rebuilt = attached(|py| overrides::rebuilt(py, cx, graph, step, provider))?;
            if let Some(rebuilt) = rebuilt {
                solver.adopt(&rebuilt, index);
                changed = Some(rebuilt);
            }
        }
        index += 1;
    }
    Ok(Solution {
        slots: solver.slots,
        errors: solver.errors.into_list(),
        cache: solver.cache,
    })
}

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
            let body = body.object(cx, py);
            cx.leaves.body_to_args.call1(py, (fields, body, *embed))
        })?;
        let result = cx.await_(call).await?;
        attached(|py| solver.take_form(py, index, slots, result.bind(py)))?;
    }
    let Some(parent) = step.parent else {
        return Ok(());
    };
    if solver.is_failed(index) {
        solver.fail(parent);
        return Ok(());
    }
    let cached = attached(|py| solver.cached(py, step));
    let value = if let Some(value) = cached {
        value
    } else {
        call(cx, step, &solver.slots).await?
    };
    attached(|py| solver.store(py, step, value));
    Ok(())
}

/// Calls a dependency for its value.
async fn call(
    cx: &mut RequestContext,
    step: &Step,
    slots: &[Option<Py<PyAny>>],
) -> PyResult<Py<PyAny>> {
    if step.kind == CallKind::AsyncGenerator && may_keep_generator(cx, step) {
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

/// Whether a generator may be kept without an `AsyncExitStack`: nobody has one to put callbacks between.
fn may_keep_generator(cx: &RequestContext, step: &Step) -> bool {
    step.concurrency.is_none()
        && cx.request_stack.object.is_none()
        && cx.function_stack.object.is_none()
}

/// Starts a dependency's call; the result is awaited by the caller.
fn begin(
    py: Python<'_>,
    cx: &mut RequestContext,
    step: &Step,
    slots: &[Option<Py<PyAny>>],
) -> PyResult<Py<PyAny>> {
    if matches!(step.kind, CallKind::Generator | CallKind::AsyncGenerator) {
        let key = if step.function_scope {
            StackKey::Function
        } else {
            StackKey::Request
        };
        cx.stack(py, StackKey::Request)?;
        let stack = cx.stack(py, key)?;
        let values = values_dict(py, step, slots)?;
        let arguments = (&step.call, values, stack, &cx.scope, &step.concurrency);
        return cx.leaves.enter_generator.call1(py, arguments);
    }
    if let Some(concurrency) = &step.concurrency {
        let values = values_dict(py, step, slots)?;
        let threaded = step.kind == CallKind::Threadpool;
        let arguments = (&step.call, values, concurrency, threaded);
        return cx.leaves.call_limited.call1(py, arguments);
    }
    match step.kind {
        CallKind::Threadpool => step.invoke_through(py, &cx.leaves.run_in_threadpool, slots),
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

struct Solver {
    slots: Vec<Option<Py<PyAny>>>,
    cache: SmallVec<[Option<Py<PyAny>>; 8]>,
    failed: SmallVec<[bool; 16]>,
    errors: Errors,
    values: Values,
}

impl Solver {
    fn new(graph: &Graph, known: Vec<Option<Py<PyAny>>>) -> Self {
        let mut cache = SmallVec::from_vec(known);
        cache.resize_with(graph.cache_cells, || None);
        Self {
            slots: std::iter::repeat_with(|| None).take(graph.slots).collect(),
            cache,
            failed: SmallVec::from_elem(false, graph.steps.len()),
            errors: Errors::default(),
            values: Values::default(),
        }
    }

    /// Goes on with a rebuilt graph, whose steps are the same up to `done`.
    fn adopt(&mut self, graph: &Graph, done: usize) {
        self.slots.resize_with(graph.slots, || None);
        self.cache.resize_with(graph.cache_cells, || None);
        self.failed.truncate(done + 1);
        self.failed.resize(graph.steps.len(), false);
        for (index, step) in graph.steps.iter().enumerate().take(done + 1) {
            if let (true, Some(parent)) = (self.is_failed(index), step.parent) {
                self.fail(parent);
            }
        }
    }

    fn is_failed(&self, step: usize) -> bool {
        self.failed.get(step).copied().unwrap_or(false)
    }

    fn fail(&mut self, step: usize) {
        if let Some(failed) = self.failed.get_mut(step) {
            *failed = true;
        }
    }

    fn set(&mut self, slot: usize, value: Py<PyAny>) {
        if let Some(place) = self.slots.get_mut(slot) {
            *place = Some(value);
        }
    }

    fn cached(&self, py: Python<'_>, step: &Step) -> Option<Py<PyAny>> {
        let value = self.cache.get(step.cache_cell)?.as_ref()?;
        step.use_cache.then(|| value.clone_ref(py))
    }

    /// Hands a dependency's result to its parent; the first result of a key stays cached.
    fn store(&mut self, py: Python<'_>, step: &Step, value: Py<PyAny>) {
        if let Some(cell @ None) = self.cache.get_mut(step.cache_cell) {
            *cell = Some(value.clone_ref(py));
        }
        if let Some(target) = step.target {
            self.set(target, value);
        }
    }

    /// Everything of a step that needs no awaiting: parameters, JSON body, injected objects.
    fn fill(
        &mut self,
        py: Python<'_>,
        cx: &mut RequestContext,
        index: usize,
        step: &Step,
        body: &Body,
    ) -> PyResult<()> {
        if !cx.custom_request {
            require_sources(py, cx)?;
        }
        for param in &step.params {
            match self.param(py, cx, param)? {
                Some(value) => self.set(param.slot, value),
                None => self.fail(index),
            }
        }
        match &step.body {
            Some(BodyStep::Whole(param)) => self.whole_body(py, cx, index, param, body)?,
            Some(BodyStep::Keys(params)) => self.body_keys(py, cx, index, params, body)?,
            Some(BodyStep::Form { .. }) | None => {}
        }
        for (injection, slot) in &step.injections {
            let object = match injection {
                Injection::Request => cx.request(py)?,
                Injection::Response => cx.response(py)?,
                Injection::BackgroundTasks => cx.background_tasks(py)?,
                Injection::SecurityScopes(scopes) => {
                    cx.leaves.new_security_scopes.call1(py, (scopes,))?
                }
            };
            self.set(*slot, object);
        }
        Ok(())
    }

    fn param(
        &mut self,
        py: Python<'_>,
        cx: &RequestContext,
        param: &Param,
    ) -> PyResult<Option<Py<PyAny>>> {
        if cx.custom_request || param.model.is_some() {
            return self.param_leaf(py, cx, param);
        }
        let (alias, value) = self.values.find(cx.scope.bind(py), param)?;
        check::validate(
            &cx.leaves,
            &param.check,
            value,
            &alias.loc,
            &mut self.errors,
            py,
        )
    }

    fn param_leaf(
        &mut self,
        py: Python<'_>,
        cx: &RequestContext,
        param: &Param,
    ) -> PyResult<Option<Py<PyAny>>> {
        let source = match param.source {
            Source::Path => "path_params",
            Source::Query => "query_params",
            Source::Header => "headers",
            Source::Cookie => "cookies",
        };
        let request = cx.request.as_ref().filter(|_| cx.custom_request);
        let arguments = (&param.check.field, source, &cx.scope, request);
        let (value, found): (Py<PyAny>, Bound<'_, PyAny>) =
            cx.leaves.params_to_args.call1(py, arguments)?.extract(py)?;
        Ok((!self.errors.extend(&found)?).then_some(value))
    }

    fn whole_body(
        &mut self,
        py: Python<'_>,
        cx: &RequestContext,
        index: usize,
        param: &BodyParam,
        body: &Body,
    ) -> PyResult<()> {
        let value = match body {
            Body::Undefined => None,
            Body::Content(object) | Body::Form(object) => Some(object.bind(py).clone()),
        };
        let Some(alias) = param.aliases.first() else {
            return Err(missing_argument());
        };
        match check::validate(
            &cx.leaves,
            &param.check,
            value,
            &alias.loc,
            &mut self.errors,
            py,
        )? {
            Some(value) => self.set(param.slot, value),
            None => self.fail(index),
        }
        Ok(())
    }

    fn body_keys(
        &mut self,
        py: Python<'_>,
        cx: &RequestContext,
        index: usize,
        params: &[BodyParam],
        body: &Body,
    ) -> PyResult<()> {
        for param in params {
            let Some(first) = param.aliases.first() else {
                return Err(missing_argument());
            };
            let (loc, value) = match body_key(py, param, body)? {
                Key::NoMapping => {
                    // As the reference: whatever has no keys lacks each of them, defaults or not.
                    let error = cx.leaves.missing_error.call1(py, (&first.loc,))?;
                    self.errors.append(py, error)?;
                    self.fail(index);
                    continue;
                }
                Key::Absent => (&first.loc, None),
                Key::Found(loc, value) => (loc, Some(value)),
            };
            match check::validate(&cx.leaves, &param.check, value, loc, &mut self.errors, py)? {
                Some(value) => self.set(param.slot, value),
                None => self.fail(index),
            }
        }
        Ok(())
    }

    fn take_form(
        &mut self,
        py: Python<'_>,
        index: usize,
        slots: &[(Py<pyo3::types::PyString>, usize)],
        result: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let (values, found): (Bound<'_, PyDict>, Bound<'_, PyAny>) = result.extract()?;
        if self.errors.extend(&found)? {
            self.fail(index);
        }
        for (name, slot) in slots {
            if let Some(value) = values.get_item(name.bind(py))? {
                self.set(*slot, value.unbind());
            }
        }
        Ok(())
    }
}

/// A scope without these is refused, whether the parameters are used or not, as `Request` would.
fn require_sources(py: Python<'_>, cx: &RequestContext) -> PyResult<()> {
    let scope = cx.scope.bind(py);
    for key in [intern!(py, "query_string"), intern!(py, "headers")] {
        if !scope.contains(key)? {
            return Err(PyKeyError::new_err(key.clone().unbind()));
        }
    }
    Ok(())
}

enum Key<'a, 'py> {
    NoMapping,
    Absent,
    Found(&'a Py<PyTuple>, Bound<'py, PyAny>),
}

fn body_key<'a, 'py>(py: Python<'py>, param: &'a BodyParam, body: &Body) -> PyResult<Key<'a, 'py>> {
    let (Body::Content(object) | Body::Form(object)) = body else {
        return Ok(Key::Absent);
    };
    let object = object.bind(py);
    if object.is_instance_of::<PyBytes>() {
        return Ok(Key::Absent);
    }
    let Ok(mapping) = object.cast::<PyDict>() else {
        return Ok(Key::NoMapping);
    };
    for alias in &param.aliases {
        if let Some(value) = mapping.get_item(&alias.key)? {
            return Ok(Key::Found(&alias.loc, value));
        }
    }
    Ok(Key::Absent)
}
