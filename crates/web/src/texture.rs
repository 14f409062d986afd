//! Texture images: decoded by the browser, copied to the GPU.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::{Rc, Weak};

use js_sys::{Array, Uint8Array};
use touchline_pack::CodecId;
use touchline_player::{JobId, Recovery, StreamKey};
use touchline_render::TextureHandle;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, BlobPropertyBag, ImageBitmap, ImageBitmapOptions};

use crate::core::{Core, enter};
use crate::js;
use crate::store::{HeldSegment, Resident};

/// Decodes some frames of a texture's segment, one after the other, and uploads each.
///
/// - `frames`: indices in the segment. An empty chunk shares the image before it.
pub(crate) fn decode(
    core: Weak<RefCell<Core>>,
    visit: u32,
    job: JobId,
    stream: StreamKey,
    held: HeldSegment,
    frames: Range<u32>,
) {
    spawn_local(async move {
        for index in frames {
            let is_wanted = decode_frame(&core, visit, job, stream, &held, index).await;
            if !is_wanted {
                return;
            }
        }
        enter(&core, |core| {
            if core.is_wanted(job, visit) {
                core.job_done(job);
            }
        });
    });
}

/// Decodes one frame; says whether the next is wanted too.
async fn decode_frame(
    core: &Weak<RefCell<Core>>,
    visit: u32,
    job: JobId,
    stream: StreamKey,
    held: &HeldSegment,
    index: u32,
) -> bool {
    let frames = &held.segment.frames[..=index as usize];
    let Some(image) = frames.iter().rposition(|frame| !frame.bytes.is_empty()) else {
        enter(core, |core| core.job_failed(job, Recovery::SkipToNextKey));
        return false;
    };
    let first_frame = held.segment.first_frame;
    let (frame, image_frame) = (first_frame + index, first_frame + image as u32);
    let mut is_shared = false;
    let mut is_wanted = false;
    enter(core, |core| {
        is_wanted = core.is_wanted(job, visit);
        let before = frame.checked_sub(1).filter(|&before| before >= image_frame);
        let holders = [Some(image_frame), before].into_iter().flatten();
        let mut shared = holders.filter_map(|holder| match core.store.frame(stream, holder) {
            Some(Resident::Texture(texture)) => Some(texture.clone()),
            _ => None,
        });
        if is_wanted && let Some(texture) = shared.next() {
            drop(shared);
            core.frame_ready(stream, frame, Resident::Texture(texture), 0);
            is_shared = true;
        }
    });
    if !is_wanted || is_shared {
        return is_wanted;
    }
    let range = frames[image].bytes.clone();
    let bytes = held.bytes.subarray(range.start as u32, range.end as u32);
    let bitmap = image_bitmap(&bytes, held.segment.codec).await;
    enter(core, |core| {
        is_wanted = core.is_wanted(job, visit);
        if !is_wanted {
            return;
        }
        match bitmap.ok().and_then(|bitmap| upload(core, &bitmap)) {
            Some(texture) => {
                let size_bytes = texture.size_bytes();
                let resident = Resident::Texture(Rc::new(texture));
                core.frame_ready(stream, frame, resident, size_bytes);
            }
            None => {
                core.job_failed(job, Recovery::SkipToNextKey);
                is_wanted = false;
            }
        }
    });
    is_wanted
}

fn upload(core: &mut Core, bitmap: &ImageBitmap) -> Option<TextureHandle> {
    let (width, height) = (bitmap.width(), bitmap.height());
    let texture = core.screen.renderer().create_texture(width, height).ok()?;
    let is_written = core.screen.write_bitmap(&texture, bitmap);
    bitmap.close();
    is_written.then_some(texture)
}

/// Has the browser decode an image, colours and alpha as they are written.
async fn image_bitmap(bytes: &Uint8Array, codec: CodecId) -> Result<ImageBitmap, JsValue> {
    let kind = match &codec.0 {
        b"jpeg" => "image/jpeg",
        b"png_" => "image/png",
        b"webp" => "image/webp",
        _ => return Err(JsValue::from_str("no image codec")),
    };
    let properties = BlobPropertyBag::new();
    properties.set_type(kind);
    let blob = Blob::new_with_u8_array_sequence_and_options(&Array::of1(bytes), &properties)?;
    let options = ImageBitmapOptions::new();
    options.set_premultiply_alpha(web_sys::PremultiplyAlpha::None);
    options.set_color_space_conversion(web_sys::ColorSpaceConversion::None);
    let promise = js::create_image_bitmap(&blob, &options)?;
    Ok(JsFuture::from(promise).await?.unchecked_into())
}
