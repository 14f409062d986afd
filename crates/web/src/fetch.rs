//! HTTP: whole objects and byte ranges, with timeouts and abort.
//!
//! Never tries again: when and how often is the player's decision.

use js_sys::{ArrayBuffer, Uint8Array};
use touchline_player::FailReason;
use touchline_scene::Seconds;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, RequestInit, Response};

use crate::js;

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

/// A fetch under way that can be stopped.
#[derive(Clone, Debug)]
pub(crate) struct Abort(AbortController);

impl Abort {
    /// For one fetch.
    pub(crate) fn new() -> Result<Self, FailReason> {
        AbortController::new()
            .map(Self)
            .map_err(|_| FailReason::Offline)
    }

    /// Stops it.
    pub(crate) fn abort(&self) {
        self.0.abort();
    }
}

/// Fetches an object or a part of it.
///
/// # Errors
/// Why it failed; [`FailReason::Offline`] also where it was aborted.
pub(crate) async fn fetch(
    url: &str,
    range: Option<ByteRange>,
    abort: &Abort,
) -> Result<Fetched, FailReason> {
    let timer = Timer::start(abort);
    timer.set(ANSWER_TIMEOUT);
    let result = fetch_timed(url, range, abort, &timer).await;
    match result {
        Err(FailReason::Offline) if timer.has_fired() => Err(FailReason::Timeout),
        other => other,
    }
}

async fn fetch_timed(
    url: &str,
    range: Option<ByteRange>,
    abort: &Abort,
    timer: &Timer,
) -> Result<Fetched, FailReason> {
    let options = RequestInit::new();
    options.set_signal(Some(&abort.0.signal()));
    options.set_credentials(web_sys::RequestCredentials::SameOrigin);
    if let Some(range) = &range {
        let headers = Headers::new().map_err(offline)?;
        let value = format!("bytes={}-{}", range.start, range.end - 1);
        headers.set("Range", &value).map_err(offline)?;
        options.set_headers(&headers);
    }
    let response = JsFuture::from(js::fetch(url, &options))
        .await
        .map_err(offline)?;
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
    id: std::cell::Cell<Option<i32>>,
    has_fired: std::rc::Rc<std::cell::Cell<bool>>,
}

impl Timer {
    fn start(abort: &Abort) -> Self {
        let has_fired = std::rc::Rc::new(std::cell::Cell::new(false));
        let (abort, fired) = (abort.clone(), has_fired.clone());
        let fire = Closure::new(move || {
            fired.set(true);
            abort.abort();
        });
        Self {
            fire,
            id: std::cell::Cell::new(None),
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
