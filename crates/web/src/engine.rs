//! JavaScript's edge: the engine as a class that takes commands and sends notices.

use js_sys::{Function, Promise};
use serde::Deserialize;
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, MessagePort, OffscreenCanvas};

use crate::core::Shared;
use crate::fetch::Abort;
use crate::messages::Command;
use crate::reading::Reader;

/// What JavaScript holds. Converts and forwards; decides nothing.
#[wasm_bindgen]
pub struct Engine {
    shared: Shared,
}

#[wasm_bindgen]
impl Engine {
    /// Listens, and opens the GPU meanwhile: a pack is fetched and decoded without one.
    ///
    /// - `canvas`: where to draw.
    /// - `decoders`: one port to each decode worker, at least one.
    /// - `send`: called with each notice.
    /// - `decodable`: given a manifest, promises it without the textures that this browser cannot
    ///   decode.
    #[wasm_bindgen(constructor)]
    pub fn new(
        canvas: OffscreenCanvas,
        decoders: Vec<MessagePort>,
        send: Function,
        decodable: Function,
    ) -> Engine {
        console_error_panic_hook::set_once();
        let shared = Shared::new(canvas, decoders, send, decodable);
        Self { shared }
    }

    /// Takes the answer to a request that has left while the engine was on its way: the next pack
    /// is opened with it.
    ///
    /// - `answer`: promises the response to the pack's first request.
    /// - `abort`: stops that.
    pub fn expect(&self, answer: Promise, abort: AbortController) {
        self.shared
            .enter(|core| core.expected = Some(Abort::of(answer, abort)));
    }

    /// Takes a command of the page.
    ///
    /// # Errors
    /// If it is none: the page and the engine are of different versions.
    pub fn receive(&self, command: JsValue) -> Result<(), JsValue> {
        let command = Command::deserialize(Reader(command))?;
        self.shared.enter(|core| core.receive(command));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! Goal: every command arrives as the page sent it, and nothing else does.

    use super::*;
    use crate::messages::{Credentials, Mode, SignedRequest};
    use wasm_bindgen_test::wasm_bindgen_test;

    fn read_json(json: &str) -> Result<Command, JsValue> {
        let value = js_sys::JSON::parse(json).unwrap();
        Ok(Command::deserialize(Reader(value))?)
    }

    #[wasm_bindgen_test]
    fn commands_arrive() {
        let check = |json, command| assert_eq!(read_json(json).unwrap(), command, "{json}");
        check(r#"{"kind":"play"}"#, Command::Play {});
        check(r#"{"kind":"close"}"#, Command::Close {});
        check(r#"{"kind":"seek","secs":1.5}"#, Command::Seek { secs: 1.5 });
        check(
            r#"{"kind":"step","frames":-3}"#,
            Command::Step { frames: -3 },
        );
        check(
            r#"{"kind":"set-mode","mode":"follow"}"#,
            Command::SetMode { mode: Mode::Follow },
        );
        check(
            r#"{"kind":"open","src":"https://a/b"}"#,
            Command::Open {
                src: "https://a/b".into(),
            },
        );
        let answer = r#"{"kind":"answer","id":7,"request":{"url":"https://a/b?c",
            "headers":[["range","x"]],"credentials":"include"}}"#;
        let request = SignedRequest {
            url: "https://a/b?c".into(),
            headers: vec![["range".into(), "x".into()]],
            credentials: Credentials::Include,
        };
        let (id, request) = (7, Some(request));
        check(answer, Command::Answer { id, request });
        check(
            r#"{"kind":"answer","id":7,"request":null}"#,
            Command::Answer { id, request: None },
        );
        let rules = r#"{"kind":"set-requests","isHooked":true,"credentials":"same-origin",
            "cmcd":{"isInHeaders":false,"sessionId":"a","contentId":null}}"#;
        assert!(
            matches!(read_json(rules), Ok(Command::SetRequests(rules)) if rules.cmcd.is_some())
        );
        let video = r#"{"kind":"video","mediaSecs":1,"unixMs":null,"shownAtMs":5,"rate":1,
            "isPaused":true,"isSeeking":false}"#;
        assert!(matches!(read_json(video), Ok(Command::Video(sample)) if sample.is_paused));
    }

    #[wasm_bindgen_test]
    fn other_things_do_not() {
        for json in [
            "null",
            "{}",
            r#"{"kind":"dance"}"#,
            r#"{"kind":"seek"}"#,
            r#"{"kind":3}"#,
        ] {
            assert!(read_json(json).is_err(), "took {json}");
        }
    }
}
