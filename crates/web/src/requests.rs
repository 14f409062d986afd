//! How requests are made: plainly, or as the page wishes, which may sign each by itself.
//!
//! Always true: where the page wishes nothing, it is asked nothing and nothing more goes out.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_channel::oneshot;
use js_sys::Function;
use touchline_player::FailReason;
use touchline_scene::SortedMap;
use wasm_bindgen::JsValue;
use web_sys::RequestCredentials;

use crate::cmcd::{self, Figures};
use crate::core::to_js;
use crate::fetch::{Abort, ByteRange, Fetched, Outgoing, fetch};
use crate::messages::{Credentials, Notice, PackRequest, RequestRules, RequestType, SignedRequest};

/// Something of a pack that is to be fetched.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Where it is, unsigned.
    pub(crate) url: String,
    /// The part of it, or all.
    pub(crate) range: Option<ByteRange>,
    /// It may have changed since it was fetched last.
    pub(crate) is_anew: bool,
    /// What it is.
    pub(crate) of_type: RequestType,
    /// Id of the track that it belongs to.
    pub(crate) track: Option<String>,
    /// What the server is told, where the page wants that.
    pub(crate) figures: Figures,
}

/// The one way out to the network; clones share it.
#[derive(Clone)]
pub(crate) struct Requests(Rc<State>);

struct State {
    send: Function,
    rules: RefCell<RequestRules>,
    /// What the page is asked about. As many as fetches under way: each ends with its fetch.
    asked: RefCell<SortedMap<u32, Abort>>,
    asked_count: Cell<u32>,
    /// Times the picture had to wait that the server has been told of.
    told_stall_count: Cell<u32>,
}

impl Requests {
    /// Plain requests.
    ///
    /// - `send`: called with each notice.
    pub(crate) fn new(send: Function) -> Self {
        Self(Rc::new(State {
            send,
            rules: RefCell::default(),
            asked: RefCell::default(),
            asked_count: Cell::default(),
            told_stall_count: Cell::default(),
        }))
    }

    /// Makes requests otherwise from now on.
    pub(crate) fn set_rules(&self, rules: RequestRules) {
        self.0.rules.replace(rules);
    }

    /// Whether the server is told anything.
    pub(crate) fn tells_figures(&self) -> bool {
        self.0.rules.borrow().cmcd.is_some()
    }

    /// Whether the picture had to wait since the last request; `count` is how often it ever had.
    pub(crate) fn is_first_since_stall(&self, count: u32) -> bool {
        let told = self.0.told_stall_count.replace(count);
        count > told
    }

    /// The page has answered; `None` if its hook has failed.
    pub(crate) fn answered(&self, id: u32, request: Option<SignedRequest>) {
        let abort = self.0.asked.borrow_mut().remove(&id);
        let signing = abort.and_then(|abort| abort.take_signing());
        if let Some((signing, request)) = signing.zip(request) {
            // Nobody waits any more: the fetch has just been stopped.
            let _ = signing.send(request);
        }
    }

    /// Fetches; where a hook signs, a refusal is tried again with what the hook says then: what it
    /// had signed with may just have run out.
    ///
    /// # Errors
    /// Why it failed; [`FailReason::Unsigned`] if the hook did.
    pub(crate) async fn fetch(
        &self,
        wanted: &Wanted,
        abort: &Abort,
    ) -> Result<Fetched, FailReason> {
        let mut refused = None;
        loop {
            let result = fetch(self.outgoing(wanted, refused, abort), abort).await;
            match result {
                Err(FailReason::Http {
                    status: status @ (401 | 403),
                    ..
                }) if refused.is_none() && self.0.rules.borrow().is_hooked => {
                    refused = Some(status);
                }
                other => return other,
            }
        }
    }

    async fn outgoing(
        &self,
        wanted: &Wanted,
        refused: Option<u16>,
        abort: &Abort,
    ) -> Result<Outgoing, FailReason> {
        let rules = self.0.rules.borrow().clone();
        let plain = SignedRequest {
            url: wanted.url.clone(),
            headers: Vec::new(),
            credentials: rules.credentials,
        };
        let request = if rules.is_hooked {
            self.signed(wanted, refused, abort).await?
        } else {
            plain
        };
        let mut url = request.url;
        let headers = request.headers.into_iter();
        let mut headers: Vec<_> = headers.map(|[name, value]| (name, value)).collect();
        if let Some(cmcd) = &rules.cmcd {
            let content = cmcd.content_id.as_deref();
            let entries = wanted.figures.entries(&cmcd.session_id, content);
            if cmcd.is_in_headers {
                headers.extend(cmcd::headers(&entries));
            } else {
                url = cmcd::with_query(&url, &entries);
            }
        }
        Ok(Outgoing {
            url,
            headers,
            credentials: match request.credentials {
                Credentials::Omit => RequestCredentials::Omit,
                Credentials::SameOrigin => RequestCredentials::SameOrigin,
                Credentials::Include => RequestCredentials::Include,
            },
            range: wanted.range.clone(),
            is_anew: wanted.is_anew,
        })
    }

    /// Asks the page; ends with `abort` at the latest.
    async fn signed(
        &self,
        wanted: &Wanted,
        refused: Option<u16>,
        abort: &Abort,
    ) -> Result<SignedRequest, FailReason> {
        let id = self.0.asked_count.get();
        self.0.asked_count.set(id.wrapping_add(1));
        let (signing, signed) = oneshot::channel();
        abort.put_signing(signing);
        self.0.asked.borrow_mut().insert(id, abort.clone());
        let notice = Notice::Request(PackRequest {
            id,
            url: wanted.url.clone(),
            of_type: wanted.of_type,
            track: wanted.track.clone(),
            http_status: refused,
        });
        // The page's own exceptions are the page's own.
        let _ = self.0.send.call1(&JsValue::NULL, &to_js(&notice));
        let signed = signed.await;
        self.0.asked.borrow_mut().remove(&id);
        signed.map_err(|_| FailReason::Unsigned)
    }
}
