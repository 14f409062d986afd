//! The few functions of the browser that exist both on a page and in a worker.
//!
//! web-sys binds them twice, to `Window` and to `WorkerGlobalScope`; here they are global.

use js_sys::{Function, Promise};
use touchline_scene::Seconds;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = requestAnimationFrame)]
    pub(crate) fn request_animation_frame(callback: &Function) -> i32;

    #[wasm_bindgen(js_name = setTimeout)]
    pub(crate) fn set_timeout(callback: &Function, millis: f64) -> i32;

    #[wasm_bindgen(js_name = clearTimeout)]
    pub(crate) fn clear_timeout(id: i32);

    #[wasm_bindgen(js_name = fetch)]
    pub(crate) fn fetch(url: &str, options: &web_sys::RequestInit) -> Promise;

    #[wasm_bindgen(js_name = createImageBitmap, catch)]
    pub(crate) fn create_image_bitmap(
        blob: &web_sys::Blob,
        options: &web_sys::ImageBitmapOptions,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    #[wasm_bindgen(thread_local_v2, js_namespace = performance, js_name = timeOrigin)]
    static TIME_ORIGIN: f64;

    #[wasm_bindgen(thread_local_v2, js_namespace = navigator, js_name = gpu)]
    static GPU: JsValue;
}

/// Now, in seconds since 1970: the player's time base. The same on the page and in every worker,
/// which `performance.now()` alone is not.
pub(crate) fn now() -> Seconds {
    Seconds::from_millis(TIME_ORIGIN.with(|origin| *origin) + performance_now())
}

/// Whether this browser has WebGPU at all. wgpu panics where it has not.
pub(crate) fn has_web_gpu() -> bool {
    GPU.with(|gpu| !gpu.is_undefined() && !gpu.is_null())
}

/// Waits.
pub(crate) async fn sleep(span: Seconds) {
    let promise = Promise::new(&mut |resolve, _| {
        set_timeout(&resolve, span.as_millis());
    });
    // A timer's promise is never rejected.
    let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
}
