//! JavaScript's edge: the engine as a class that takes commands and sends notices.

use js_sys::{Function, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{MessagePort, OffscreenCanvas};

use crate::core::{Shared, to_js};
use crate::messages::Command;
use crate::screen::Screen;

/// What JavaScript holds. Converts and forwards; decides nothing.
#[wasm_bindgen]
pub struct Engine {
    shared: Shared,
}

#[wasm_bindgen]
impl Engine {
    /// Opens the GPU and listens.
    ///
    /// - `canvas`: where to draw.
    /// - `decoders`: one port to each decode worker, at least one.
    /// - `send`: called with each notice.
    ///
    /// # Errors
    /// A `Problem` as `www/src/messages.ts` has it, if there is nothing to draw with.
    pub async fn start(
        canvas: OffscreenCanvas,
        decoders: Vec<MessagePort>,
        send: Function,
    ) -> Result<Engine, JsValue> {
        console_error_panic_hook::set_once();
        let screen = Screen::open(canvas)
            .await
            .map_err(|problem| to_js(&problem))?;
        let shared = Shared::new(screen, decoders, send);
        Ok(Self { shared })
    }

    /// Takes a command of the page.
    ///
    /// # Errors
    /// If it is none: the page and the engine are of different versions.
    pub fn receive(&self, command: JsValue) -> Result<(), JsValue> {
        let kind = Reflect::get(&command, &JsValue::from_str("kind"))?;
        let tagged = Object::new();
        Reflect::set(&tagged, &kind, &command)?;
        let command: Command = serde_wasm_bindgen::from_value(tagged.into())?;
        self.shared.enter(|core| core.receive(command));
        Ok(())
    }
}
