//! The decode worker's module: `codec` behind one message.
//!
//! Converts and forwards; decides nothing. What it returns is transferred to the engine and
//! uploaded to the GPU as it is.
#![forbid(unsafe_code)]

use js_sys::{ArrayBuffer, Error, Object, Reflect, Uint8Array};
use touchline_codec::{Decode, DecodeError, Limits, Recovery};
use touchline_scene::{Frame, MeshFrame, PointsFrame};
use wasm_bindgen::prelude::*;

/// Decodes the chunks of one stream.
#[wasm_bindgen]
pub struct Decoder {
    inner: Box<dyn Decode>,
}

#[wasm_bindgen]
impl Decoder {
    /// For a codec by its name in the manifest, such as `oct2`.
    ///
    /// # Errors
    /// Throws a `DecodeError` if there is no such codec here.
    #[wasm_bindgen(constructor)]
    pub fn new(codec: &str) -> Result<Self, JsValue> {
        let codec = codec.as_bytes();
        // A name of another length is no codec; its start stands for it in the message.
        let name = std::array::from_fn(|index| codec.get(index).copied().unwrap_or(b' '));
        let inner = if codec.len() == name.len() {
            touchline_codec::decoder(name)
        } else {
            Err(DecodeError::UnknownCodec(name))
        };
        inner.map(|inner| Self { inner }).map_err(thrown)
    }

    /// Decodes one frame, or one brick of it, from its layers' chunks, layer 0 first, into an
    /// object of array buffers, laid out as FORMAT.md 7 says:
    /// `{ kind: "points", chunks, points }` or
    /// `{ kind: "mesh", lattice, vertices, indices?, attributes? }`, the last two in keys.
    ///
    /// # Errors
    /// Throws a `DecodeError` with `recovery`: `fetch-again`, `skip-to-next-key` or `stop`.
    pub fn decode(
        &mut self,
        layers: Vec<Uint8Array>,
        brick: Option<u32>,
        element_count_max: u32,
        triangle_count_max: u32,
    ) -> Result<Object, JsValue> {
        let limits = Limits {
            element_count_max,
            triangle_count_max,
        };
        let layers: Vec<Vec<u8>> = layers.iter().map(Uint8Array::to_vec).collect();
        let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
        let frame = self.inner.decode(&layers, brick, &limits);
        match frame.map_err(thrown)? {
            Frame::Points(frame) => points(frame),
            Frame::Mesh(frame) => mesh(frame),
        }
    }

    /// Forgets earlier chunks: the next one must be a key. Call it after every seek.
    pub fn reset(&mut self) {
        self.inner.reset();
    }

    /// Whether meshes come with normals from now on, as they do at first; else these are zero.
    #[wasm_bindgen(js_name = setNormals)]
    pub fn set_normals(&mut self, has_normals: bool) {
        self.inner.set_normals(has_normals);
    }
}

fn points(frame: &PointsFrame) -> Result<Object, JsValue> {
    object(
        "points",
        &[
            ("chunks", bytemuck::cast_slice(&frame.chunks)),
            ("points", bytemuck::cast_slice(&frame.points)),
        ],
    )
}

fn mesh(frame: &MeshFrame) -> Result<Object, JsValue> {
    let mut buffers = vec![
        ("lattice", bytemuck::bytes_of(&frame.lattice)),
        ("vertices", bytemuck::cast_slice(&frame.vertices)),
    ];
    if let Some(topology) = &frame.topology {
        buffers.push(("indices", bytemuck::cast_slice(&topology.indices)));
        buffers.push(("attributes", bytemuck::cast_slice(&topology.attributes)));
    }
    object("mesh", &buffers)
}

/// An object with a kind and copies of the buffers, outside this module's memory.
fn object(kind: &str, buffers: &[(&str, &[u8])]) -> Result<Object, JsValue> {
    let object = Object::new();
    Reflect::set(&object, &"kind".into(), &kind.into())?;
    for (name, bytes) in buffers {
        let buffer: ArrayBuffer = Uint8Array::from(*bytes).buffer();
        Reflect::set(&object, &(*name).into(), &buffer)?;
    }
    Ok(object)
}

/// The error as JavaScript sees it.
fn thrown(error: DecodeError) -> JsValue {
    let recovery = match error.recovery() {
        Recovery::FetchAgain => "fetch-again",
        Recovery::SkipToNextKey => "skip-to-next-key",
        Recovery::Stop => "stop",
    };
    let thrown = Error::new(&error.to_string());
    thrown.set_name("DecodeError");
    // A fresh error takes any property.
    let _is_set = Reflect::set(&thrown, &"recovery".into(), &recovery.into());
    thrown.into()
}
