//! Textures: images that go into the pack as they are, once they are known to be sound, and the
//! plan of what else becomes of them.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};
use image::{ImageDecoder, ImageFormat, ImageReader, RgbImage, metadata::Orientation};
use serde::{Deserialize, Serialize};
use touchline_pack::CodecId;

use super::track::Track;
use crate::args::{PackArgs, TextureKind};
use crate::error::BadInput;
use crate::progress::Audience;
use crate::video::{self, Encoding};

/// The longest side, pixels: WebGPU's default limit.
const SIDE_MAX: u32 = 8192;

/// What all textures of a track share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// An image that becomes a texture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Image {
    /// A file of its own.
    File(PathBuf),
    /// From inside another file.
    Inside { path: PathBuf, bytes: Arc<[u8]> },
}

impl Image {
    /// The file that it is, or is from.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Inside { path, .. } => path,
        }
    }

    /// Reads its bytes.
    pub(crate) fn read(&self) -> Result<Vec<u8>> {
        match self {
            Self::File(path) => std::fs::read(path).map_err(|error| {
                BadInput::new(path, error.to_string(), "make the image readable").into()
            }),
            Self::Inside { bytes, .. } => Ok(bytes.to_vec()),
        }
    }

    /// Decodes it, without its alpha.
    pub(crate) fn decode(&self) -> Result<RgbImage> {
        let image = image::load_from_memory(&self.read()?);
        Ok(image.map_err(|error| self.unusable(error))?.into_rgb8())
    }

    /// Decodes it to see that it is sound.
    pub(crate) fn survey(&self) -> Result<TextureShape> {
        shape_of(&self.read()?).map_err(|error| self.unusable(error).into())
    }

    /// The same with each pixel's colour changed, as PNG.
    pub(crate) fn recoloured(&self, change: impl Fn([u8; 3]) -> [u8; 3]) -> Result<Self> {
        let mut image = self.decode()?;
        for pixel in image.pixels_mut() {
            pixel.0 = change(pixel.0);
        }
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, ImageFormat::Png)?;
        Ok(Self::Inside {
            path: self.path().to_owned(),
            bytes: bytes.into_inner().into(),
        })
    }

    fn unusable(&self, error: impl fmt::Display) -> BadInput {
        let remedy = "export this image again: JPEG, PNG or WebP, at most 8192 pixels a side";
        BadInput::new(self.path(), error.to_string(), remedy)
    }
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

/// What becomes of a track's texture, in the order in which a player tries it; empty without one.
pub(crate) type TexturePlan = Vec<TextureForm>;

/// What becomes of a track's texture.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TextureForm {
    Video(Encoding),
    Images,
}

/// Plans what becomes of each track's texture; says if that is less than was asked.
///
/// # Errors
/// If a video alone was asked for and cannot be made.
pub(crate) fn plan(
    tracks: &[Track],
    args: &PackArgs,
    audience: Audience,
) -> Result<Vec<TexturePlan>> {
    let wants_video = args.textures.contains(&TextureKind::Video);
    let has_sequence = tracks.iter().any(|track| track.has_texture_sequence);
    let encoders = if wants_video && has_sequence {
        video::encoders()?
    } else {
        None
    };
    let each = tracks.iter().map(|track| {
        let forms = forms_of(track, args, encoders.as_ref());
        let has_video = forms
            .iter()
            .any(|form| matches!(form, TextureForm::Video(_)));
        if wants_video && track.has_texture_sequence && !has_video {
            let id = &track.id;
            let why = match encoders {
                None => "there is no `ffmpeg` on the path",
                Some(_) => "the `ffmpeg` on the path has no encoder for it",
            };
            ensure!(
                !forms.is_empty(),
                "the texture of track \"{id}\" cannot become a video, for {why}: install it, or \
                 say `--textures images`"
            );
            let text = "install it for a fraction of the bytes, or say `--textures images`";
            audience.warn(&format!(
                "the texture of track \"{id}\" stays images, for {why}: {text}"
            ));
        }
        Ok(forms)
    });
    each.collect()
}

/// What can be made of a track's texture of what was asked for.
fn forms_of(track: &Track, args: &PackArgs, encoders: Option<&BTreeSet<String>>) -> TexturePlan {
    let Some((_, shape)) = &track.textures else {
        return Vec::new();
    };
    if !track.has_texture_sequence {
        return vec![TextureForm::Images];
    }
    let size = [shape.width, shape.height];
    let (codec, quality) = (args.texture_codec, args.texture_quality);
    let encoding = encoders
        .and_then(|encoders| Encoding::choose(codec, quality, args.frame_rate, size, encoders));
    let kinds = args.textures.iter().enumerate();
    let once = kinds.filter(|(place, kind)| !args.textures[..*place].contains(kind));
    let forms = once.filter_map(|(_, kind)| match kind {
        TextureKind::Video => encoding.map(TextureForm::Video),
        TextureKind::Images => Some(TextureForm::Images),
    });
    forms.collect()
}
