//! Opens a glTF file: its JSON, the buffers it names and the bytes of its images.
//!
//! The library reads the container and the JSON. Its accessors trust both (they index, unwrap and
//! assert), so everything is looked up with [`Document::get`] and read in `accessor.rs` instead.
//!
//! Always true: no file makes the packer panic.
//!
//! Source: glTF 2.0 specification, Khronos Group, 2021, sections 3.4 to 3.6 and 4.

use std::path::{Path, PathBuf};

use ::gltf::Glb;
use ::gltf::json::root::Get;
use ::gltf::json::{self, Index, Root};
use anyhow::Result;
use data_url::DataUrl;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::error::BadInput;
use crate::pack::geometry;
use crate::pack::texture::Image;

/// What a file may require beyond glTF 2.0: what is read here, and what changes no base colour.
const EXTENSIONS: [&str; 3] = [
    "KHR_materials_unlit",
    "KHR_mesh_quantization",
    "KHR_texture_transform",
];
/// Before the first chunk of a binary file, bytes.
const GLB_HEADER_SIZE: u32 = 12;

/// A glTF file and the buffers that belong to it.
pub(super) struct Document {
    pub(super) path: PathBuf,
    pub(super) root: Root,
    buffers: Vec<Vec<u8>>,
}

/// What must be known before the rest can be read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Preamble {
    asset: Asset,
    #[serde(default)]
    extensions_required: Vec<String>,
}

#[derive(Deserialize)]
struct Asset {
    version: String,
}

/// The bytes of a buffer view, and how far its elements lie apart where it says so.
pub(super) struct View<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) stride: Option<usize>,
}

impl Document {
    /// Reads the file at `path` and those it names.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let bytes = geometry::read_bytes(path)?;
        let (json, bin) = if bytes.starts_with(b"glTF") {
            split(path, &bytes)?
        } else {
            (bytes, None)
        };
        let preamble: Preamble = parse(path, &json)?;
        if !preamble.asset.version.starts_with("2.") {
            let what = format!("this is glTF {}", preamble.asset.version);
            return Err(BadInput::new(path, what, "export it as glTF 2.0").into());
        }
        let mut required = preamble.extensions_required.iter();
        if let Some(unknown) = required.find(|name| !EXTENSIONS.contains(&name.as_str())) {
            let what = format!("the file cannot be read without its extension {unknown}");
            let remedy = "export it without (no compression, textures as PNG, JPEG or WebP)";
            return Err(BadInput::new(path, what, remedy).into());
        }
        let mut document = Self {
            path: path.to_owned(),
            root: parse(path, &json)?,
            buffers: Vec::new(),
        };
        document.buffers = document.read_buffers(bin)?;
        Ok(document)
    }

    /// Something in the file that breaks a rule of glTF.
    pub(super) fn broken(&self, what: impl std::fmt::Display) -> BadInput {
        broken(&self.path, what)
    }

    /// What an index stands for.
    pub(super) fn get<T>(&self, index: Index<T>) -> Result<&T>
    where
        Root: Get<T>,
    {
        let kind = std::any::type_name::<T>().rsplit("::").next();
        let kind = kind.unwrap_or_default().to_lowercase();
        let missing = || self.broken(format!("{kind} {index} is named, but there is none"));
        Ok(self.root.get(index).ok_or_else(missing)?)
    }

    /// The bytes of a buffer view.
    pub(super) fn view(&self, index: Index<json::buffer::View>) -> Result<View<'_>> {
        let view = self.get(index)?;
        let bytes = self.buffers.get(view.buffer.value());
        let start = view.byte_offset.unwrap_or_default().0;
        let bytes = bytes.and_then(|bytes| part(bytes, start, view.byte_length.0));
        let outside = || self.broken(format!("bufferView {index} lies outside its buffer"));
        Ok(View {
            bytes: bytes.ok_or_else(outside)?,
            stride: view.byte_stride.map(|stride| stride.0),
        })
    }

    /// An image, not yet decoded.
    pub(super) fn image(&self, index: Index<json::Image>) -> Result<Image> {
        let image = self.get(index)?;
        let inside = |bytes: Vec<u8>| Image::Inside {
            path: self.path.clone(),
            bytes: bytes.into(),
        };
        match (image.buffer_view, &image.uri) {
            (Some(view), _) => Ok(inside(self.view(view)?.bytes.to_vec())),
            (None, Some(uri)) if is_data(uri) => Ok(inside(self.data(uri)?)),
            (None, Some(uri)) => Ok(Image::File(self.beside(uri)?)),
            (None, None) => Err(self.broken(format!("image {index} has no bytes")).into()),
        }
    }

    fn read_buffers(&self, mut bin: Option<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
        let read = |(index, buffer): (usize, &json::Buffer)| {
            let bytes = match &buffer.uri {
                Some(uri) if is_data(uri) => self.data(uri)?,
                Some(uri) => geometry::read_bytes(&self.beside(uri)?)?,
                // The container's is the first one.
                None => bin.take().unwrap_or_default(),
            };
            let (size, expected) = (bytes.len(), buffer.byte_length.0);
            if (size as u64) < expected {
                let what = format!("buffer {index} has {size} bytes of {expected}");
                return Err(self.broken(what).into());
            }
            Ok(bytes)
        };
        self.root.buffers.iter().enumerate().map(read).collect()
    }

    /// What a `data:` URI holds.
    fn data(&self, uri: &str) -> Result<Vec<u8>> {
        let undecodable = || self.broken("a `data:` URI cannot be decoded");
        let url = DataUrl::process(uri).map_err(|_| undecodable())?;
        let (bytes, _) = url.decode_to_vec().map_err(|_| undecodable())?;
        Ok(bytes)
    }

    /// The file that a relative URI names.
    fn beside(&self, uri: &str) -> Result<PathBuf> {
        if uri.contains(':') {
            let what = format!("the file needs {uri}, and nothing is fetched from elsewhere");
            let remedy = "put it beside the file, or export as .glb";
            return Err(BadInput::new(&self.path, what, remedy).into());
        }
        let name = percent_decode_str(uri).decode_utf8_lossy();
        let path = self.path.with_file_name("").join(&*name);
        if !path.is_file() {
            let what = format!(
                "{} needs this file, and it is not there",
                self.path.display()
            );
            let remedy = "put it there, or export as .glb";
            return Err(BadInput::new(&path, what, remedy).into());
        }
        Ok(path)
    }
}

fn broken(path: &Path, what: impl std::fmt::Display) -> BadInput {
    let what = format!("this is no sound glTF file: {what}");
    BadInput::new(path, what, "export it again")
}

/// The JSON of a binary file, and the buffer behind it.
fn split(path: &Path, bytes: &[u8]) -> Result<(Vec<u8>, Option<Vec<u8>>)> {
    let size = bytes.get(8..).and_then(<[u8]>::first_chunk);
    // The library subtracts the one from the other.
    if size.is_none_or(|&size| u32::from_le_bytes(size) < GLB_HEADER_SIZE) {
        return Err(broken(path, "its header is cut off").into());
    }
    let glb = Glb::from_slice(bytes).map_err(|error| broken(path, error))?;
    Ok((glb.json.into_owned(), glb.bin.map(Into::into)))
}

fn parse<'a, T: Deserialize<'a>>(path: &Path, json: &'a [u8]) -> Result<T> {
    serde_json::from_slice(json).map_err(|error| broken(path, error).into())
}

fn is_data(uri: &str) -> bool {
    uri.starts_with("data:")
}

/// `size` bytes from `start`, if they are there.
pub(super) fn part(bytes: &[u8], start: u64, size: u64) -> Option<&[u8]> {
    let end = usize::try_from(start.checked_add(size)?).ok()?;
    bytes.get(usize::try_from(start).ok()?..end)
}
