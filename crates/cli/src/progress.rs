//! How far the work is, for a person at a terminal or for a machine, and how to stop it.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::error::Cancelled;

/// A line of JSON at most this often: a machine draws no finer.
const LINE_PERIOD: Duration = Duration::from_millis(200);

/// Asks the work to stop, from any thread.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Stops the work at its next step.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the work may go on.
    ///
    /// # Errors
    /// [`Cancelled`] if it may not.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.0.load(Ordering::Relaxed) {
            Err(Cancelled)
        } else {
            Ok(())
        }
    }
}

/// Who reads along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Nobody.
    Nobody,
    /// A person: bars on the standard error, if that is a terminal.
    Person,
    /// A machine: lines of JSON on the standard output.
    Machine,
}

impl Audience {
    /// A machine where `--json` was given.
    pub fn from_json(json: bool) -> Self {
        if json { Self::Machine } else { Self::Person }
    }

    /// Says something that needs no answer but should be known.
    pub fn warn(self, text: &str) {
        match self {
            Self::Nobody => {}
            Self::Person => eprintln!("warning: {text}"),
            Self::Machine => self.line(&json!({ "event": "warning", "text": text })),
        }
    }

    /// One line of JSON, where a machine reads.
    pub fn line(self, value: &serde_json::Value) {
        if self == Self::Machine {
            let mut out = std::io::stdout().lock();
            // A reader that went away is no reason to stop: the pack is still wanted.
            let _ = writeln!(out, "{value}");
            let _ = out.flush();
        }
    }

    /// Starts work of which nobody knows the end.
    pub fn ongoing(self) -> Ongoing {
        let bar = if self == Self::Person && std::io::stderr().is_terminal() {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::hidden()
        };
        bar.enable_steady_tick(LINE_PERIOD);
        Ongoing(bar)
    }

    /// Starts a stage of the work with `total` steps, each a `unit`.
    pub fn stage(self, name: &'static str, total: u64, unit: &str) -> Progress {
        let bar = if self == Self::Person && std::io::stderr().is_terminal() {
            ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr())
        } else {
            ProgressBar::hidden()
        };
        let template = format!(
            "{{prefix:>10}} [{{bar:30}}] {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left"
        );
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(name);
        Progress {
            audience: self,
            name,
            total,
            done: AtomicU64::new(0),
            started: Instant::now(),
            said_millis: AtomicU64::new(0),
            bar,
        }
    }
}

/// Work without a known end, told a person in a line that changes.
#[derive(Debug)]
pub struct Ongoing(ProgressBar);

impl Ongoing {
    /// How far it is.
    pub fn say(&self, text: &str) {
        self.0.set_message(text.to_owned());
        self.0.tick();
    }
}

impl Drop for Ongoing {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// One stage of the work; shared by threads.
#[derive(Debug)]
pub struct Progress {
    audience: Audience,
    name: &'static str,
    total: u64,
    done: AtomicU64,
    started: Instant,
    said_millis: AtomicU64,
    bar: ProgressBar,
}

impl Progress {
    /// One step is done.
    pub fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.bar.inc(1);
        let elapsed = self.started.elapsed();
        let (now, said) = (
            elapsed.as_millis() as u64,
            self.said_millis.load(Ordering::Relaxed),
        );
        let is_due = done == self.total || now >= said + LINE_PERIOD.as_millis() as u64;
        let is_mine = is_due
            && self
                .said_millis
                .compare_exchange(said, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if is_mine {
            let rate = done as f64 / elapsed.as_secs_f64().max(1e-6);
            let left = (self.total - done) as f64 / rate;
            self.audience.line(&json!({
                "event": "progress", "stage": self.name, "done": done, "total": self.total,
                "perSecond": (rate * 10.0).round() / 10.0,
                "secondsLeft": (left * 10.0).round() / 10.0,
            }));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
