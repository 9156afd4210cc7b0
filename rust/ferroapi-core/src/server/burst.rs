//! Pieces of a response's body that follow each other at once, and travel together.
//!
//! Written one by one, each small piece is a segment of its own and wakes its reader, which costs more than all else
//! that is done for it. While `TCP_CORK` is set (Linux, tcp(7)), the kernel sends full segments only; it sends the rest
//! when the option is taken away, or after 200 ms. It is set between pieces of one turn of the event loop, and taken
//! away with the last piece or the turn. An application that blocks the loop in between delays nobody by more than
//! that, and one whose pieces are apart delays nobody at all.

use std::time::{Duration, Instant};

use pyo3::prelude::*;

use super::link::Link;
use super::outbox::Outbox;
use crate::cell::AttachedCell;
use crate::shared::Shared;

/// Pieces that are further apart do not belong together.
const QUICK: Duration = Duration::from_millis(1);

#[derive(Default)]
pub struct Burst {
    socket: AttachedCell<Socket>,
    state: AttachedCell<State>,
}

#[derive(Clone, Copy, Default)]
enum Socket {
    #[default]
    Unasked,
    /// It has no such option, or it is gone.
    Unfit,
    Fit(i32),
}

#[derive(Clone, Copy, Default)]
struct State {
    former: Option<Piece>,
    corked: bool,
}

/// When a piece was written.
#[derive(Clone, Copy)]
struct Piece {
    at: Instant,
    /// None if nothing would tell the end of that turn.
    turn: Option<u64>,
}

impl Burst {
    /// Takes note that a piece is about to be written, and that more will come.
    pub fn add(&self, link: &Shared<Link>, outbox: &Bound<'_, Outbox>) -> PyResult<()> {
        let py = outbox.py();
        let State { former, corked } = self.state.read(py, |state| *state);
        let at = Instant::now();
        let quick = former.is_some_and(|former| at.duration_since(former.at) < QUICK);
        if quick {
            Outbox::await_end(outbox)?;
        }
        let turn = outbox.get().awaited_turn(py);
        if corked && !quick {
            self.end(py);
        } else if !corked && quick && former.and_then(|former| former.turn) == turn {
            self.begin(link, outbox)?;
        }
        let piece = Piece { at, turn };
        self.state.update(py, |state| state.former = Some(piece));
        Ok(())
    }

    fn begin(&self, link: &Shared<Link>, outbox: &Bound<'_, Outbox>) -> PyResult<()> {
        let py = outbox.py();
        let mut socket = self.socket.read(py, |socket| *socket);
        if matches!(socket, Socket::Unasked) {
            socket = match link.corkable(py)? {
                Some(descriptor) => Socket::Fit(descriptor),
                None => Socket::Unfit,
            };
            self.socket.replace(py, socket);
        }
        if matches!(socket, Socket::Fit(_)) && !outbox.get().is_over(py)? {
            Outbox::visit_later(outbox, Shared::clone(link))?;
            let corked = self.set(py, true);
            self.state.update(py, |state| state.corked = corked);
        }
        Ok(())
    }

    /// Has the kernel send what it keeps.
    pub fn end(&self, py: Python<'_>) {
        let corked = self
            .state
            .update(py, |state| std::mem::take(&mut state.corked));
        if corked {
            self.set(py, false);
        }
    }

    /// The transport may close its socket from now on.
    pub fn forget(&self, py: Python<'_>) {
        self.socket.replace(py, Socket::Unfit);
    }

    /// Sets the option, or takes it away; true if that could be done.
    fn set(&self, py: Python<'_>, corked: bool) -> bool {
        let Socket::Fit(descriptor) = self.socket.read(py, |socket| *socket) else {
            return false;
        };
        // SAFETY: the descriptor is the transport's. The transports of asyncio and of uvloop close theirs after they
        // have called `connection_lost`, where it is forgotten, or when their loop is closed. A loop that is closed
        // ends no turn, and `begin` asks whether it is.
        unsafe { set_cork(descriptor, corked) }
    }
}

/// # Safety
/// The descriptor must be that of an open socket.
#[cfg(target_os = "linux")]
unsafe fn set_cork(descriptor: i32, corked: bool) -> bool {
    // SAFETY: promised by the caller.
    let socket = unsafe { std::os::fd::BorrowedFd::borrow_raw(descriptor) };
    rustix::net::sockopt::set_tcp_cork(socket, corked).is_ok()
}

/// Elsewhere nothing limits how long the rest is kept.
#[cfg(not(target_os = "linux"))]
unsafe fn set_cork(_descriptor: i32, _corked: bool) -> bool {
    false
}
