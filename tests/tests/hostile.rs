//! Goal: no bytes make a reader panic, hang, over-allocate or half succeed.
//! Method: damage each good vector in every way below; expect a clean refusal, or where damage
//! may go unnoticed (hashes catch it before), a frame within the limits.
#![expect(
    clippy::expect_used,
    reason = "a test's helpers may panic as the test itself"
)]

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use touchline_codec::{Decode, DecodeError, Limits, MESH, POINTS, Recovery};
use touchline_pack::{CodecId, Header, Manifest, Segment, SegmentWriter};
use touchline_scene::Frame;

/// What the vectors need, and little more.
const LIMITS: Limits = Limits {
    element_count_max: 2000,
    triangle_count_max: 2000,
};

/// A good frame, and the chunks that a decoder must have seen before it.
struct Vector {
    codec: [u8; 4],
    before: Vec<Vec<u8>>,
    /// One of each layer.
    chunks: Vec<Vec<u8>>,
}

impl Vector {
    /// A decoder that expects the frame.
    fn decoder(&self) -> Box<dyn Decode> {
        let mut decoder = touchline_codec::decoder(self.codec).expect("a known codec");
        for chunk in &self.before {
            let frame = decoder.decode(&[chunk], None, &LIMITS);
            frame.expect("a good chunk");
        }
        decoder
    }

    /// Decodes `chunks` in this vector's place, each in an allocation of its own, so that reading
    /// too far shows.
    fn decode(
        &self,
        chunks: &[Vec<u8>],
        brick: Option<u32>,
        limits: &Limits,
    ) -> Result<Frame, DecodeError> {
        let chunks = chunks.iter();
        let owned: Vec<Box<[u8]>> = chunks.map(|chunk| chunk.as_slice().into()).collect();
        let layers: Vec<&[u8]> = owned.iter().map(|chunk| &**chunk).collect();
        self.decoder().decode(&layers, brick, limits).cloned()
    }

    /// Decodes what may be anything, whole and in bricks: what comes out is sound.
    fn judge(&self, chunks: &[Vec<u8>]) {
        let count = touchline_codec::brick_count(self.codec, &chunks[0]).unwrap_or(1);
        let bricks = (0..count.min(BRICK_COUNT_MAX)).map(Some);
        for brick in [None].into_iter().chain(bricks) {
            if let Ok(frame) = self.decode(chunks, brick, &LIMITS) {
                check_sound(&frame);
            }
        }
    }

    /// The frame's chunks with one of them changed.
    fn with(&self, layer: usize, change: impl FnOnce(&mut Vec<u8>)) -> Vec<Vec<u8>> {
        let mut chunks = self.chunks.clone();
        change(&mut chunks[layer]);
        chunks
    }
}

/// Bricks that are tried of what may be anything.
const BRICK_COUNT_MAX: u32 = 4;
/// Of points, by layer.
const POINTS_LAYERS: &[&str] = &[
    "points-layer0.oct2",
    "points-layer1.oct2",
    "points-layer2.oct2",
];

/// A key and its next frame of a mesh, points decoded up to each layer, and a mesh with coded
/// normals.
fn good_vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let read = |name: &&str| fs::read(folder.join(name)).expect("a committed chunk");
    let [key, next] = ["mesh-key.msh2", "mesh-next.msh2"].map(|name| read(&name));
    let vector = |codec, before, chunks| Vector {
        codec,
        before,
        chunks,
    };
    let mut vectors = vec![
        vector(MESH, vec![], vec![key.clone()]),
        vector(MESH, vec![key], vec![next]),
    ];
    let layers: Vec<Vec<u8>> = POINTS_LAYERS.iter().map(read).collect();
    for count in 1..=layers.len() {
        vectors.push(vector(POINTS, vec![], layers[..count].to_vec()));
    }
    let normals = ["mesh-normals-key.msh2", "mesh-normals-next.msh2"];
    let [key, next] = normals.map(|name| read(&name));
    vectors.push(vector(MESH, vec![], vec![key.clone()]));
    vectors.push(vector(MESH, vec![key], vec![next]));
    vectors
}

/// Each layer of each good vector.
fn each_layer() -> impl Iterator<Item = (Vector, usize)> {
    let counts = good_vectors()
        .into_iter()
        .map(|vector| vector.chunks.len())
        .enumerate();
    counts.flat_map(|(index, count)| {
        (0..count).map(move |layer| (good_vectors().swap_remove(index), layer))
    })
}

fn element_count(frame: &Frame) -> usize {
    match frame {
        Frame::Points(frame) => frame.points.len(),
        Frame::Mesh(frame) => frame.vertices.len(),
    }
}

/// What reached the GPU would stay inside its buffers.
fn check_sound(frame: &Frame) {
    assert!(element_count(frame) <= LIMITS.element_count_max as usize);
    match frame {
        Frame::Points(frame) => {
            let end = frame.chunks.iter().fold(0, |end, chunk| {
                assert_eq!(chunk.first_point, end);
                end + chunk.point_count
            });
            assert_eq!(end as usize, frame.points.len());
        }
        Frame::Mesh(frame) => {
            if let Some(topology) = &frame.topology {
                assert_eq!(topology.attributes.len(), frame.vertices.len());
                assert!(topology.indices.len() <= LIMITS.triangle_count_max as usize * 3);
                let vertex_count = frame.vertices.len() as u32;
                assert!(topology.indices.iter().all(|&index| index < vertex_count));
            }
        }
    }
}

#[test]
fn every_prefix_of_a_chunk_is_refused() {
    for (vector, layer) in each_layer() {
        for length in 0..vector.chunks[layer].len() {
            let cut = vector.with(layer, |chunk| chunk.truncate(length));
            let error = vector.decode(&cut, None, &LIMITS).expect_err("a prefix");
            assert_eq!(
                error.recovery(),
                Recovery::FetchAgain,
                "{length} bytes: {error}"
            );
        }
    }
}

#[test]
fn surplus_bytes_are_refused() {
    for (vector, layer) in each_layer() {
        for surplus in [&[0][..], &[255], &vector.chunks[layer]] {
            let longer = vector.with(layer, |chunk| chunk.extend_from_slice(surplus));
            let error = vector.decode(&longer, None, &LIMITS).expect_err("surplus");
            assert_eq!(error.recovery(), Recovery::SkipToNextKey);
        }
    }
}

#[test]
fn other_layers_than_there_are_are_refused() {
    for vector in good_vectors() {
        let mut more = vector.chunks.clone();
        more.extend(vector.chunks.last().cloned());
        for chunks in [&[], &more[..]] {
            let error = vector.decode(chunks, None, &LIMITS).expect_err("no frame");
            assert_eq!(error.recovery(), Recovery::SkipToNextKey);
        }
    }
}

#[test]
fn bricks_are_the_frame_and_no_more() {
    for vector in good_vectors() {
        let count = touchline_codec::brick_count(vector.codec, &vector.chunks[0]);
        let count = count.expect("a good chunk");
        let decode = |brick| vector.decode(&vector.chunks, brick, &LIMITS);
        for brick in [count, u32::MAX] {
            let error = decode(Some(brick)).expect_err("no such brick");
            assert_eq!(error.recovery(), Recovery::SkipToNextKey);
        }
        let whole = decode(None).expect("a good frame");
        let mut bricks = (0..count).map(|brick| decode(Some(brick)).expect("a good brick"));
        let first = bricks.next().expect("at least one brick");
        assert!(bricks.fold(first, joined) == whole);
    }
}

/// Points, and those of the next brick behind them.
fn joined(frame: Frame, next: Frame) -> Frame {
    let (Frame::Points(mut frame), Frame::Points(next)) = (frame, next) else {
        panic!("only points have many bricks")
    };
    let point_count = frame.points.len() as u32;
    let moved = next.chunks.into_iter().map(|mut chunk| {
        chunk.first_point += point_count;
        chunk
    });
    frame.chunks.extend(moved);
    frame.points.extend(next.points);
    Frame::Points(frame)
}

#[test]
fn a_flipped_bit_never_breaks_anything() {
    for (vector, layer) in each_layer() {
        for bit in 0..vector.chunks[layer].len() * 8 {
            vector.judge(&vector.with(layer, |chunk| chunk[bit / 8] ^= 1 << (bit % 8)));
        }
    }
}

#[test]
fn after_an_error_only_a_key_helps() {
    let vectors = good_vectors();
    let (key, next) = (&vectors[0].chunks[0], &vectors[1].chunks[0]);
    for bad in [&[][..], &[&next[..20]], &[key, next]] {
        let mut decoder = vectors[1].decoder();
        assert!(decoder.decode(bad, None, &LIMITS).is_err());
        assert!(decoder.decode(&[next], None, &LIMITS).is_err());
        assert!(decoder.decode(&[key], None, &LIMITS).is_ok());
        assert!(decoder.decode(&[next], None, &LIMITS).is_ok());
    }
}

#[test]
fn limits_hold_to_the_last_element() {
    for vector in good_vectors() {
        let decode = |limits: &Limits| vector.decode(&vector.chunks, None, limits);
        let frame = decode(&LIMITS).expect("a good frame");
        let exact = Limits {
            element_count_max: element_count(&frame) as u32,
            ..LIMITS
        };
        assert!(decode(&exact).is_ok());
        let less = Limits {
            element_count_max: exact.element_count_max - 1,
            ..exact
        };
        // They are the whole frame's, whichever brick of it is wanted.
        for brick in [None, Some(0)] {
            let error = vector.decode(&vector.chunks, brick, &less);
            assert_eq!(error.map_err(|error| error.recovery()), Err(Recovery::Stop));
        }
    }
    let key = &good_vectors()[0];
    let flat = Limits {
        triangle_count_max: 10,
        ..LIMITS
    };
    assert!(matches!(
        key.decode(&key.chunks, None, &flat),
        Err(DecodeError::OverLimit { limit: 10, .. })
    ));
}

#[test]
fn huge_promises_cost_nothing() {
    let endless = Limits {
        element_count_max: u32::MAX,
        triangle_count_max: u32::MAX,
    };
    for vector in good_vectors() {
        let mut chunks = vector.chunks.clone();
        // Points: the count of bricks lies at 6, the first brick's points at 46, behind 8 levels'
        // steps. Meshes: the count of vertices lies at 8, that of triangles at 12.
        let is_points = vector.chunks.len() > 1;
        for place in if is_points { [6, 46] } else { [8, 12] } {
            chunks[0][place..place + 4].copy_from_slice(&u32::MAX.to_le_bytes());
            assert!(vector.decode(&chunks, None, &endless).is_err());
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_end_in_ok_or_err(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for (vector, layer) in each_layer() {
            vector.judge(&vector.with(layer, |chunk| chunk.clone_from(&bytes)));
        }
        let _segment = Segment::parse(&bytes);
        let _header = Header::parse(&bytes);
        let _manifest = Manifest::parse(&bytes);
    }

    #[test]
    fn any_payload_ends_in_ok_or_err(seed in prop::collection::vec(any::<u8>(), 1..40)) {
        for (vector, layer) in each_layer() {
            // The header stays good, so that the random bytes reach the models.
            let header_size = if vector.before.is_empty() { 56 } else { 16 };
            vector.judge(&vector.with(layer, |chunk| {
                let payload = chunk.iter_mut().skip(header_size);
                for (byte, random) in payload.zip(seed.iter().cycle()) {
                    *byte = *random;
                }
            }));
        }
    }
}

fn segment() -> Vec<u8> {
    let vectors = good_vectors();
    let mut writer = SegmentWriter::new(CodecId(MESH), 7);
    writer.push(&vectors[0].chunks[0], true);
    writer.push(&vectors[1].chunks[0], false);
    writer.finish()
}

#[test]
fn damaged_segments_are_refused_or_sound() {
    let good = segment();
    assert!(Segment::parse(&good).is_ok());
    for length in 0..good.len() {
        assert!(
            Segment::parse(&good[..length]).is_err(),
            "took {length} bytes"
        );
    }
    assert!(Segment::parse(&[&good[..], &[0]].concat()).is_err());
    for bit in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(segment) = Segment::parse(&bytes) {
            assert!(
                segment
                    .frames
                    .iter()
                    .all(|frame| bytes.get(frame.bytes.clone()).is_some())
            );
        }
    }
}

#[test]
fn damaged_headers_are_refused_or_small() {
    let good = Header {
        manifest_size: 5000,
    }
    .to_bytes();
    for length in 0..good.len() {
        assert!(
            Header::parse(&good[..length]).is_err(),
            "took {length} bytes"
        );
    }
    for bit in 0..good.len() * 8 {
        let mut bytes = good;
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(header) = Header::parse(&bytes) {
            assert!(header.manifest_size <= 64 << 20);
        }
    }
}

/// A small manifest with one of everything that is checked against something else.
const MANIFEST: &str = r#"{"format":"touchline","version":1,"id":"a","frameRate":{"numerator":25,
"denominator":1},"frameCount":2,"bounds":{"lo":[0,0,0],"hi":[1,1,1]},"tracks":[{"id":"t",
"kind":"points","role":"subject","layers":[{"codec":"oct2","elementCountMax":9,"segments":[
{"firstFrame":0,"frameCount":2,"url":"t.seg","size":9,"sha256":
"0000000000000000000000000000000000000000000000000000000000000000"}]}]}]}"#;

#[test]
fn damaged_manifests_never_break_anything() {
    let good = MANIFEST.as_bytes();
    Manifest::parse(good).expect("a good manifest");
    for length in 0..good.len() {
        assert!(
            Manifest::parse(&good[..length]).is_err(),
            "took {length} bytes"
        );
    }
    for bit in 0..good.len() * 8 {
        let mut bytes = good.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let _either = Manifest::parse(&bytes);
    }
}
