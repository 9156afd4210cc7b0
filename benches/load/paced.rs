//! An open-loop load of HTTP/1.1: one request each `1 / rate` seconds, whatever the server does.
//!
//! Latency counts from the moment a request was due, so a server that stalls pays for the requests that had to wait
//! (no coordinated omission). One thread that never sleeps: it has a core to itself. Every byte of every answer is
//! compared with the one given, except the value of `date`.
//!
//! `paced PORT RATE SECONDS CONNECTIONS REQUEST ANSWER`; the last two are files. Prints one line of JSON.
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Requests of the first moments find cold caches and are not counted.
const WARM_UP: Duration = Duration::from_millis(500);
/// How long after the last request was due its answer may come.
const PATIENCE: Duration = Duration::from_secs(5);
/// A turn of the loop that took longer was held up by the machine, not by the server.
const STALL: Duration = Duration::from_micros(500);

struct Exchange {
    request: Vec<u8>,
    answer: Vec<u8>,
    /// Where the answer has the date, which may differ.
    date: Range<usize>,
}

impl Exchange {
    fn new(request: Vec<u8>, answer: Vec<u8>) -> Self {
        let head = answer.to_ascii_lowercase();
        let name = b"\r\ndate:";
        let date = head
            .windows(name.len())
            .position(|part| part == name)
            .map_or(0..0, |at| {
                let start = at + name.len();
                let length = head[start..]
                    .iter()
                    .position(|byte| *byte == b'\r')
                    .unwrap_or(0);
                start..start + length
            });
        Self {
            request,
            answer,
            date,
        }
    }

    /// Whether `part` is what the answer has from `offset` on.
    fn agrees(&self, offset: usize, part: &[u8]) -> bool {
        let Some(expected) = self.answer.get(offset..offset + part.len()) else {
            return false;
        };
        part == expected
            || part
                .iter()
                .zip(expected)
                .enumerate()
                .all(|(index, (found, right))| {
                    found == right || self.date.contains(&(offset + index))
                })
    }
}

struct Connection {
    stream: TcpStream,
    due: Instant,
    sent: usize,
    received: usize,
}

impl Connection {
    fn open(port: u16) -> std::io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            due: Instant::now(),
            sent: 0,
            received: 0,
        })
    }

    fn begin(&mut self, due: Instant) {
        (self.due, self.sent, self.received) = (due, 0, 0);
    }

    /// Write and read what can be; return whether the answer is complete.
    fn advance(&mut self, exchange: &Exchange, buffer: &mut [u8]) -> Result<bool, Box<dyn Error>> {
        while self.sent < exchange.request.len() {
            match self.stream.write(&exchange.request[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        match self.stream.read(buffer) {
            Ok(0) => return Err("the server closed a connection".into()),
            Ok(count) if exchange.agrees(self.received, &buffer[..count]) => self.received += count,
            Ok(_) => return Err("the server gave another answer".into()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        Ok(self.received == exchange.answer.len())
    }
}

struct Found {
    /// Nanoseconds of each counted request.
    latencies: Vec<u64>,
    stalled: Duration,
    longest_stall: Duration,
    took: Duration,
}

fn run(
    exchange: &Exchange,
    connections: &mut [Connection],
    rate: f64,
    span: Duration,
) -> Result<Found, Box<dyn Error>> {
    let start = Instant::now();
    let warm = start + WARM_UP;
    let end = warm + span;
    let mut found = Found {
        latencies: Vec::with_capacity((rate * span.as_secs_f64()) as usize + 1),
        stalled: Duration::ZERO,
        longest_stall: Duration::ZERO,
        took: Duration::ZERO,
    };
    let mut idle: VecDeque<usize> = (0..connections.len()).collect();
    let mut busy: Vec<usize> = Vec::with_capacity(connections.len());
    let mut buffer = vec![0; 128 * 1024];
    let (mut number, mut due, mut before) = (0.0, start, start);
    while due < end || !busy.is_empty() {
        let now = Instant::now();
        let turn = now - before;
        if turn > STALL && now > warm {
            found.stalled += turn;
            found.longest_stall = found.longest_stall.max(turn);
        }
        before = now;
        while due < end && due <= now {
            let Some(index) = idle.pop_front() else { break };
            connections[index].begin(due);
            busy.push(index);
            number += 1.0;
            due = start + Duration::from_secs_f64(number / rate);
        }
        let mut place = 0;
        while place < busy.len() {
            let connection = &mut connections[busy[place]];
            if connection.advance(exchange, &mut buffer)? {
                if connection.due >= warm {
                    found
                        .latencies
                        .push(u64::try_from(connection.due.elapsed().as_nanos())?);
                }
                idle.push_back(busy.swap_remove(place));
            } else {
                place += 1;
            }
        }
        if now > end + PATIENCE {
            return Err("the server does not keep up".into());
        }
    }
    found.took = warm.elapsed();
    found.latencies.sort_unstable();
    Ok(found)
}

fn percentile(sorted: &[u64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.max(1) - 1)
        .map_or(f64::NAN, |nanoseconds| *nanoseconds as f64 / 1e3)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, rate, seconds, count, request, answer] = arguments.as_slice() else {
        return Err("paced PORT RATE SECONDS CONNECTIONS REQUEST ANSWER".into());
    };
    let exchange = Exchange::new(std::fs::read(request)?, std::fs::read(answer)?);
    let port = port.parse()?;
    let mut connections = (0..count.parse()?)
        .map(|_| Connection::open(port))
        .collect::<Result<Vec<_>, _>>()?;
    let span = Duration::from_secs_f64(seconds.parse()?);
    let found = run(&exchange, &mut connections, rate.parse()?, span)?;
    let took = found.took.as_secs_f64();
    println!(
        "{{\"requests\": {}, \"rate\": {:.1}, \"p50_us\": {:.1}, \"p90_us\": {:.1}, \"p99_us\": {:.1}, \
         \"max_us\": {:.1}, \"stalled\": {:.4}, \"longest_stall_us\": {:.1}}}",
        found.latencies.len(),
        found.latencies.len() as f64 / took,
        percentile(&found.latencies, 0.5),
        percentile(&found.latencies, 0.9),
        percentile(&found.latencies, 0.99),
        percentile(&found.latencies, 1.0),
        found.stalled.as_secs_f64() / took,
        found.longest_stall.as_micros() as f64,
    );
    Ok(())
}
