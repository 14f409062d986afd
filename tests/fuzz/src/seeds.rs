//! Good inputs for the fuzzer to start from: the conformance vectors, whole and in part.
//!
//! A vector's name ends in its frame's place in a run, or its layer's in a frame, after the last
//! `-`; those that are equal before it belong together, in order of names.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use touchline_codec::{MESH, POINTS};
use touchline_pack::{CodecId, Header, SegmentWriter, Sha256};

use super::input::{CHUNK_COUNT_MAX, join};

/// What is fuzzed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// [`super::points`].
    Points,
    /// [`super::mesh`].
    Mesh,
    /// [`super::container`].
    Container,
}

/// Every target.
pub const TARGETS: [Target; 3] = [Target::Points, Target::Mesh, Target::Container];

impl Target {
    /// As the fuzzer's binary is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Points => "points",
            Self::Mesh => "mesh",
            Self::Container => "container",
        }
    }

    /// Good inputs.
    ///
    /// # Panics
    /// If the folder of vectors cannot be read.
    pub fn seeds(self, vectors: &Path) -> Vec<Vec<u8>> {
        match self {
            Self::Points => chunk_seeds(vectors, POINTS),
            Self::Mesh => chunk_seeds(vectors, MESH),
            Self::Container => container_seeds(vectors),
        }
    }
}

/// Every run of frames or pile of layers, from the first chunk to each.
fn chunk_seeds(vectors: &Path, codec: [u8; 4]) -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for chunks in chunk_groups(vectors, codec) {
        for count in 1..=chunks.len().min(CHUNK_COUNT_MAX) {
            seeds.push(join(&chunks[..count]));
        }
    }
    seeds
}

/// The vectors of a codec, those together that belong together.
fn chunk_groups(vectors: &Path, codec: [u8; 4]) -> Vec<Vec<Vec<u8>>> {
    let extension = CodecId(codec).to_string();
    let entries = fs::read_dir(vectors).unwrap_or_else(|error| panic!("{error} ({vectors:?})"));
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| *found == *extension));
    paths.sort();
    let mut groups: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let group = name.rsplit_once('-').map_or(&*name, |(before, _)| before);
        let chunk = fs::read(&path).unwrap_or_else(|error| panic!("{error} ({path:?})"));
        groups.entry(group.to_owned()).or_default().push(chunk);
    }
    groups.into_values().collect()
}

/// A segment, a manifest, and a single file of both.
fn container_seeds(vectors: &Path) -> Vec<Vec<u8>> {
    let mut writer = SegmentWriter::new(CodecId(MESH), 0);
    for (index, chunk) in chunk_groups(vectors, MESH).concat().iter().enumerate() {
        // Few bytes of each: nothing here reads them.
        writer.push(&chunk[..chunk.len().min(8 + index)], index == 0);
    }
    let segment = writer.finish();
    let manifest = MANIFEST
        .replace("$SIZE", &segment.len().to_string())
        .replace("$SHA256", &Sha256::of(&segment).to_string())
        .into_bytes();
    let header = Header {
        manifest_size: manifest.len() as u64,
    };
    let file = [&header.to_bytes()[..], &manifest, &segment].concat();
    vec![segment, manifest, file]
}

/// A manifest with one of everything.
const MANIFEST: &str = r#"{"format":"touchline","version":1,"critical":[],"id":"a","title":"A",
"frameRate":{"numerator":25,"denominator":1},"frameCount":2,"startUnixMs":1771097400000.0,
"startMediaSecs":1.5,"bounds":{"lo":[-1,0,0],"hi":[1,1,1]},
"stage":{"surface":"pitch","groundMetres":-0.5},
"tracks":[{"id":"p","kind":"points","role":"venue","isStatic":true,"layers":[{"codec":"oct2",
"elementCountMax":9,"segments":[{"firstFrame":0,"frameCount":1,"size":7,
"sha256":"$SHA256"}]},{"codec":"oct2","elementCountMax":99,"segments":[
{"firstFrame":0,"frameCount":1,"offset":7,"size":77,"sha256":"$SHA256"}]}]},
{"id":"m","title":"M","kind":"mesh","role":"subject","alternative":"a","shading":"lit",
"renditions":[{"codec":"msh2","elementCountMax":9,"triangleCountMax":9,"segments":[
{"firstFrame":0,"frameCount":2,"offset":0,"size":$SIZE,"sha256":"$SHA256"}]}],
"textures":[{"codec":"webp","width":16,"height":8,"segments":[
{"firstFrame":0,"frameCount":2,"url":"t.seg","offset":9,"size":9,"sha256":"$SHA256"}]}]}],
"presets":[{"id":"v","title":"V","viewpoint":{"target":[0,1,0],"yawRadians":0.5,
"pitchRadians":0.1,"distanceMetres":4,"fovYRadians":0.6}}],
"cameras":[{"id":"c","title":"C","keys":[{"frame":0,"camera":{"pose":{"position":[0,1,5],
"orientation":[0,0,0,1]},"lens":{"fovYRadians":0.6}}},{"frame":1,"camera":{"pose":{
"position":[0,2,5],"orientation":[0,1,0,0]},"lens":{"fovYRadians":0.7}}}]}],
"poster":"p.jpg","credits":[{"name":"N","text":"T"}]}"#;
