//! What a client sends behind the request that is served: kept as it came, and read when its turn comes.

use pyo3::prelude::*;

use ferroapi_http::http1::{Decoder, Event, Head, Limits};

use super::exchange::HIGH_WATER;
use crate::cell::AttachedCell;

#[derive(Default)]
pub struct Behind(AttachedCell<State>);

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    /// Those in front of this have been read.
    start: usize,
    /// So many more came, and have no meaning.
    dropped: usize,
}

impl State {
    fn unread(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

impl Behind {
    /// Keeps more bytes.
    pub fn keep(&self, py: Python<'_>, data: &[u8]) {
        self.0.update(py, |state| {
            // Of a client that is always ahead the read ones would never be let go.
            state.bytes.drain(..std::mem::take(&mut state.start));
            state.bytes.extend_from_slice(data);
        });
    }

    /// Counts bytes that nobody will read.
    pub fn drop_bytes(&self, py: Python<'_>, count: usize) {
        self.0.update(py, |state| {
            state.dropped = state.dropped.saturating_add(count);
        });
    }

    pub fn is_empty(&self, py: Python<'_>) -> bool {
        self.0.read(py, |state| state.unread().is_empty())
    }

    /// Whether the client has sent enough for now.
    pub fn is_enough(&self, py: Python<'_>) -> bool {
        self.0.read(py, |state| {
            state.unread().len().saturating_add(state.dropped) > HIGH_WATER
        })
    }

    /// Hands out the bytes, and where the unread ones begin; [`put_back`](Self::put_back) returns what is left.
    pub fn take(&self, py: Python<'_>) -> (Vec<u8>, usize) {
        let state = self.0.take(py);
        let start = state.start.min(state.bytes.len());
        (state.bytes, start)
    }

    /// Takes bytes back of which the last `unread` have not been read.
    pub fn put_back(&self, py: Python<'_>, bytes: Vec<u8>, unread: usize) {
        let start = bytes.len().saturating_sub(unread);
        let state = State {
            bytes,
            start,
            dropped: 0,
        };
        drop(self.0.replace(py, state));
    }

    pub fn clear(&self, py: Python<'_>) {
        drop(self.0.take(py));
    }

    /// How many requests are here, up to one that is `last`, which does not count.
    pub fn requests(
        &self,
        py: Python<'_>,
        limits: Limits,
        last: impl Fn(&Head<'_>) -> bool,
    ) -> usize {
        self.0.read(py, |state| {
            let mut decoder = Decoder::new(limits);
            let mut input = state.unread();
            let mut count = 0;
            while let Ok(Some(event)) = decoder.next(&mut input) {
                match event {
                    Event::Head(head) if last(&head) => break,
                    Event::Head(_) => count += 1,
                    Event::Data(_) | Event::End => {}
                }
            }
            count
        })
    }
}
