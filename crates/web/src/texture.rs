//! Textures: images decoded by the browser, and what it decoded on the way to the GPU.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::{Rc, Weak};

use js_sys::{Array, Uint8Array};
use touchline_pack::CodecId;
use touchline_player::{JobId, Recovery, StreamKey, StreamKind};
use touchline_render::TextureHandle;
use touchline_scene::Seconds;
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
            core.frame_ready(stream, frame, Resident::Texture(texture), (0, Seconds(0.0)));
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
        // All textures are as large as their images: the size is theirs.
        let uploaded = bitmap.ok().and_then(|bitmap| {
            let size = (bitmap.width(), bitmap.height());
            upload(core, size, &Image(bitmap))
        });
        match uploaded {
            Some(texture) => {
                let size_bytes = texture.size_bytes();
                let resident = Resident::Texture(Rc::new(texture));
                core.frame_ready(stream, frame, resident, (size_bytes, Seconds(0.0)));
            }
            None => {
                core.job_failed(job, Recovery::SkipToNextKey);
                is_wanted = false;
            }
        }
    });
    is_wanted
}

/// Copies a decoded image to the GPU; `None` if that cannot hold it.
///
/// - `width`, `height`: the texture's; the image has at least as many pixels.
pub(crate) fn upload(
    core: &mut Core,
    (width, height): (u32, u32),
    image: &Image,
) -> Option<TextureHandle> {
    let texture = core.screen.renderer()?.create_texture(width, height).ok()?;
    core.screen.write_image(&texture, image);
    Some(texture)
}

/// A picture that the browser decoded, an `ImageBitmap`, or a `VideoFrame` that passes for one;
/// closed when dropped: decoders have few of them to give.
#[derive(Debug)]
pub(crate) struct Image(pub(crate) ImageBitmap);

impl Drop for Image {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A number that no other segment of this or an earlier pack has; exact in JavaScript.
pub(crate) fn number_of(visit: u32, stream: StreamKey, segment: u32) -> f64 {
    let StreamKind::Texture(index) = stream.kind else {
        return -1.0;
    };
    // A manifest has at most 256 tracks, 16 streams each and 864000 frames.
    let in_pack = u32::from(stream.track) << 24 | u32::from(index) << 20 | segment;
    f64::from(visit) * 4_294_967_296.0 + f64::from(in_pack)
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

#[cfg(test)]
mod tests {
    //! Goal: segments are told apart by their numbers.

    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    fn texture(track: u16, index: u8) -> StreamKey {
        let kind = StreamKind::Texture(index);
        StreamKey { track, kind }
    }

    #[wasm_bindgen_test]
    fn no_two_segments_have_one_number() {
        let numbers = [
            (0, texture(0, 0), 0),
            (0, texture(0, 0), 1),
            (0, texture(0, 15), 863_999),
            (0, texture(1, 0), 0),
            (0, texture(255, 15), 863_999),
            (1, texture(0, 0), 0),
        ];
        let numbers = numbers.map(|(visit, stream, segment)| number_of(visit, stream, segment));
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    }
}
