//! HTTP: whole objects and byte ranges, with timeouts and abort.
//!
//! Never tries again: when and how often is the player's decision.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_channel::oneshot;
use js_sys::{ArrayBuffer, Promise, Uint8Array};
use touchline_player::FailReason;
use touchline_scene::Seconds;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal, Headers, RequestCredentials, RequestInit, Response};

use crate::js;
use crate::messages::SignedRequest;

/// Until the server answers. As hls.js waits for a fragment's first byte.
const ANSWER_TIMEOUT: Seconds = Seconds(10.0);
/// Until the last byte is here. As hls.js waits for a fragment.
const BODY_TIMEOUT: Seconds = Seconds(120.0);

/// Part of an object: `start..end`, bytes.
pub(crate) type ByteRange = std::ops::Range<u64>;

/// What a server sent.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// The body, in JavaScript's memory: wasm's never shrinks.
    pub(crate) bytes: Uint8Array,
    /// Whether the server honoured the range. If not, `bytes` is the whole object.
    pub(crate) is_range: bool,
}

/// What the page's hook makes of a request; dropped unsaid where it makes nothing of it.
pub(crate) type Signing = oneshot::Sender<SignedRequest>;

/// Stops what is fetched, and fetched again, for one purpose.
#[derive(Clone, Debug, Default)]
pub(crate) struct Abort(Rc<AbortState>);

#[derive(Debug, Default)]
struct AbortState {
    is_stopped: Cell<bool>,
    /// Of the try under way.
    controller: RefCell<Option<AbortController>>,
    /// To the first try, where that has left before the engine was there.
    answer: RefCell<Option<Promise>>,
    /// The page is asked how to fetch.
    signing: RefCell<Option<Signing>>,
}

impl Abort {
    /// For something whose first request has left already.
    pub(crate) fn of(answer: Promise, controller: AbortController) -> Self {
        Self(Rc::new(AbortState {
            controller: RefCell::new(Some(controller)),
            answer: RefCell::new(Some(answer)),
            ..AbortState::default()
        }))
    }

    /// Stops it for good.
    pub(crate) fn abort(&self) {
        self.0.is_stopped.set(true);
        self.interrupt();
    }

    /// Stops the try under way; another may follow.
    fn interrupt(&self) {
        if let Some(controller) = self.0.controller.take() {
            controller.abort();
        }
        self.take_signing();
    }

    /// For another try.
    fn signal(&self) -> Result<AbortSignal, FailReason> {
        if self.0.is_stopped.get() {
            return Err(FailReason::Offline);
        }
        let controller = AbortController::new().map_err(offline)?;
        let signal = controller.signal();
        self.0.controller.replace(Some(controller));
        Ok(signal)
    }

    /// Keeps what waits for the page, which a stop ends.
    pub(crate) fn put_signing(&self, signing: Signing) {
        self.0.signing.replace(Some(signing));
    }

    /// What waits for the page, if anything does.
    pub(crate) fn take_signing(&self) -> Option<Signing> {
        self.0.signing.take()
    }
}

/// A request as it goes out.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// Where to.
    pub(crate) url: String,
    /// Names and values.
    pub(crate) headers: Vec<(String, String)>,
    /// Whether cookies go with it.
    pub(crate) credentials: RequestCredentials,
    /// The part of the object, or all.
    pub(crate) range: Option<ByteRange>,
    /// The browser asks whether what it keeps is still right.
    pub(crate) is_anew: bool,
}

/// Fetches an object or a part of it, as soon as `outgoing` says how.
///
/// # Errors
/// Why it failed; [`FailReason::Offline`] also where it was aborted.
pub(crate) async fn fetch(
    outgoing: impl Future<Output = Result<Outgoing, FailReason>>,
    abort: &Abort,
) -> Result<Fetched, FailReason> {
    let timer = Timer::start(abort);
    timer.set(ANSWER_TIMEOUT);
    let result = match asked(outgoing, abort).await {
        Ok(answer) => received(answer, &timer).await,
        Err(reason) => Err(reason),
    };
    match result {
        Err(FailReason::Offline) if timer.has_fired() => Err(FailReason::Timeout),
        other => other,
    }
}

/// What promises the response, be it on its way already.
async fn asked(
    outgoing: impl Future<Output = Result<Outgoing, FailReason>>,
    abort: &Abort,
) -> Result<Promise, FailReason> {
    if let Some(answer) = abort.0.answer.take() {
        return Ok(answer);
    }
    let signal = abort.signal()?;
    ask(&outgoing.await?, &signal)
}

fn ask(outgoing: &Outgoing, signal: &AbortSignal) -> Result<Promise, FailReason> {
    let options = RequestInit::new();
    options.set_signal(Some(signal));
    options.set_credentials(outgoing.credentials);
    if outgoing.is_anew {
        // By name: an enumeration's glue is a list of all its names.
        let name = JsValue::from_str("no-cache");
        js_sys::Reflect::set(&options, &JsValue::from_str("cache"), &name).map_err(offline)?;
    }
    // A request without headers of ours is the simplest: no other origin is asked beforehand.
    if !outgoing.headers.is_empty() || outgoing.range.is_some() {
        let headers = Headers::new().map_err(offline)?;
        for (name, value) in &outgoing.headers {
            headers.set(name, value).map_err(offline)?;
        }
        if let Some(range) = &outgoing.range {
            let value = format!("bytes={}-{}", range.start, range.end - 1);
            headers.set("Range", &value).map_err(offline)?;
        }
        options.set_headers(&headers);
    }
    Ok(js::fetch(&outgoing.url, &options))
}

async fn received(answer: Promise, timer: &Timer) -> Result<Fetched, FailReason> {
    let response = JsFuture::from(answer).await.map_err(offline)?;
    let response: Response = response.dyn_into().map_err(offline)?;
    timer.set(BODY_TIMEOUT);
    if !response.ok() {
        return Err(FailReason::Http {
            status: response.status(),
            retry_after: retry_after(&response.headers()),
        });
    }
    let buffer = JsFuture::from(response.array_buffer().map_err(offline)?).await;
    let buffer: ArrayBuffer = buffer.map_err(offline)?.unchecked_into();
    Ok(Fetched {
        bytes: Uint8Array::new(&buffer),
        is_range: response.status() == 206,
    })
}

/// Whatever the browser threw: it does not say why a network fails.
fn offline(_: JsValue) -> FailReason {
    FailReason::Offline
}

/// `Retry-After`, as seconds or as a date.
fn retry_after(headers: &Headers) -> Option<Seconds> {
    let text = headers.get("Retry-After").ok()??;
    // A whole number by RFC 9110; reading floats would cost 12 kB of wasm.
    if let Ok(secs) = text.trim().parse::<u32>() {
        return Some(Seconds(f64::from(secs)));
    }
    let at = Seconds::from_millis(js_sys::Date::parse(&text));
    at.0.is_finite()
        .then(|| Seconds((at - js::now()).0.max(0.0)))
}

/// Aborts a fetch that takes too long.
struct Timer {
    fire: Closure<dyn FnMut()>,
    id: Cell<Option<i32>>,
    has_fired: Rc<Cell<bool>>,
}

impl Timer {
    fn start(abort: &Abort) -> Self {
        let has_fired = Rc::new(Cell::new(false));
        let (abort, fired) = (abort.clone(), has_fired.clone());
        let fire = Closure::new(move || {
            fired.set(true);
            abort.interrupt();
        });
        Self {
            fire,
            id: Cell::new(None),
            has_fired,
        }
    }

    /// Fires after `span` from now instead of what was set before.
    fn set(&self, span: Seconds) {
        self.clear();
        let id = js::set_timeout(self.fire.as_ref().unchecked_ref(), span.as_millis());
        self.id.set(Some(id));
    }

    fn has_fired(&self) -> bool {
        self.has_fired.get()
    }

    fn clear(&self) {
        if let Some(id) = self.id.take() {
            js::clear_timeout(id);
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.clear();
    }
}
