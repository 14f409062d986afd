//! Textures: images that go into the pack as they are, once they are known to be sound.

use std::io::Cursor;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use image::{ImageDecoder, ImageFormat, ImageReader, metadata::Orientation};
use touchline_pack::CodecId;

use crate::error::BadInput;

/// The longest side, pixels: WebGPU's default limit.
const SIDE_MAX: u32 = 8192;

/// What all textures of a track share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextureShape {
    /// `jpeg`, `png_` or `webp`.
    pub(crate) codec: CodecId,
    /// Pixels.
    pub(crate) width: u32,
    /// Pixels.
    pub(crate) height: u32,
}

/// The kinds of images and the names of their codecs.
const FORMATS: [(ImageFormat, CodecId); 3] = [
    (ImageFormat::Jpeg, CodecId(*b"jpeg")),
    (ImageFormat::Png, CodecId(*b"png_")),
    (ImageFormat::WebP, CodecId(*b"webp")),
];

/// The image format behind a stream's codec; `None` for a codec of geometry.
pub(crate) fn format_of(codec: CodecId) -> Option<ImageFormat> {
    let found = FORMATS.iter().find(|(_, id)| *id == codec);
    found.map(|(format, _)| *format)
}

/// Reads an image's bytes.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path)
        .map_err(|error| BadInput::new(path, error.to_string(), "make the image readable").into())
}

/// Decodes the image at `path` to see that it is sound.
pub(crate) fn survey(path: &Path) -> Result<TextureShape> {
    shape_of(&read(path)?).map_err(|error| {
        let remedy = "export this image again: JPEG, PNG or WebP, at most 8192 pixels a side";
        BadInput::new(path, error.to_string(), remedy).into()
    })
}

/// Decodes an image and says what it is.
pub(crate) fn shape_of(bytes: &[u8]) -> Result<TextureShape> {
    let format = image::guess_format(bytes).ok();
    let known = FORMATS.iter().find(|(known, _)| Some(*known) == format);
    let &(format, codec) = known.context("this is no JPEG, PNG or WebP image")?;
    let undecodable = |error: image::ImageError| anyhow!("the image cannot be decoded: {error}");
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format)
        .into_decoder()
        .map_err(undecodable)?;
    let (width, height) = decoder.dimensions();
    let fits = width.max(height) <= SIDE_MAX;
    ensure!(
        fits,
        "the image is {width} x {height} pixels, 8192 a side is the limit"
    );
    // Browsers would turn it, and the texture coordinates would not fit any more.
    let is_upright = decoder.orientation().map_err(undecodable)? == Orientation::NoTransforms;
    ensure!(is_upright, "the image is stored turned (EXIF orientation)");
    image::DynamicImage::from_decoder(decoder).map_err(undecodable)?;
    Ok(TextureShape {
        codec,
        width,
        height,
    })
}
