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

/// A good chunk, and the chunks that a decoder must have seen before it.
struct Vector {
    codec: [u8; 4],
    before: Vec<Vec<u8>>,
    chunk: Vec<u8>,
}

impl Vector {
    /// A decoder that expects the chunk.
    fn decoder(&self) -> Box<dyn Decode> {
        let mut decoder = touchline_codec::decoder(self.codec).expect("a known codec");
        for chunk in &self.before {
            decoder
                .decode(&[chunk], None, &LIMITS)
                .expect("a good chunk");
        }
        decoder
    }

    /// Decodes `chunk` in this vector's place, in an allocation of its own, so that reading too
    /// far shows.
    fn decode(&self, chunk: &[u8]) -> Result<Frame, DecodeError> {
        self.decoder()
            .decode(&[&chunk.to_vec().into_boxed_slice()], None, &LIMITS)
    }
}

fn good_vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let read = |name: &str| fs::read(folder.join(name)).expect("a committed chunk");
    let vector = |codec, before, name| Vector {
        codec,
        before,
        chunk: read(name),
    };
    vec![
        vector(POINTS, vec![], "points.oct1"),
        vector(MESH, vec![], "mesh-key.msh1"),
        vector(MESH, vec![read("mesh-key.msh1")], "mesh-next.msh1"),
    ]
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
    for vector in good_vectors() {
        for length in 0..vector.chunk.len() {
            let error = vector
                .decode(&vector.chunk[..length])
                .expect_err("a prefix");
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
    for vector in good_vectors() {
        for surplus in [&[0][..], &[255], &vector.chunk] {
            let chunk = [&vector.chunk[..], surplus].concat();
            let error = vector.decode(&chunk).expect_err("surplus");
            assert_eq!(error.recovery(), Recovery::SkipToNextKey);
        }
    }
}

#[test]
fn a_flipped_bit_never_breaks_anything() {
    for vector in good_vectors() {
        for bit in 0..vector.chunk.len() * 8 {
            let mut chunk = vector.chunk.clone();
            chunk[bit / 8] ^= 1 << (bit % 8);
            if let Ok(frame) = vector.decode(&chunk) {
                check_sound(&frame);
            }
        }
    }
}

#[test]
fn after_an_error_only_a_key_helps() {
    let vectors = good_vectors();
    let (key, next) = (&vectors[1], &vectors[2]);
    let mut decoder = next.decoder();
    assert!(decoder.decode(&[&next.chunk[..20]], None, &LIMITS).is_err());
    assert!(decoder.decode(&[&next.chunk], None, &LIMITS).is_err());
    assert!(decoder.decode(&[&key.chunk], None, &LIMITS).is_ok());
    assert!(decoder.decode(&[&next.chunk], None, &LIMITS).is_ok());
}

#[test]
fn limits_hold_to_the_last_element() {
    for vector in good_vectors() {
        let frame = vector.decode(&vector.chunk).expect("a good chunk");
        let exact = Limits {
            element_count_max: element_count(&frame) as u32,
            ..LIMITS
        };
        assert!(
            vector
                .decoder()
                .decode(&[&vector.chunk], None, &exact)
                .is_ok()
        );
        let less = Limits {
            element_count_max: exact.element_count_max - 1,
            ..exact
        };
        let error = vector.decoder().decode(&[&vector.chunk], None, &less);
        assert_eq!(error.map_err(|error| error.recovery()), Err(Recovery::Stop));
    }
    let key = &good_vectors()[1];
    let flat = Limits {
        triangle_count_max: 10,
        ..LIMITS
    };
    assert!(matches!(
        key.decoder().decode(&[&key.chunk], None, &flat),
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
        let mut chunk = vector.chunk.clone();
        // The count of points lies at 4, that of vertices at 8, that of triangles at 12.
        for place in [4, 8, 12] {
            chunk[place..place + 4].copy_from_slice(&u32::MAX.to_le_bytes());
            assert!(vector.decoder().decode(&[&chunk], None, &endless).is_err());
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_end_in_ok_or_err(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for vector in good_vectors() {
            if let Ok(frame) = vector.decode(&bytes) {
                check_sound(&frame);
            }
        }
        let _segment = Segment::parse(&bytes);
        let _header = Header::parse(&bytes);
        let _manifest = Manifest::parse(&bytes);
    }

    #[test]
    fn any_payload_ends_in_ok_or_err(seed in prop::collection::vec(any::<u8>(), 1..40)) {
        for vector in good_vectors() {
            // The header stays good, so that the random bytes reach the models.
            let header_size = if vector.before.is_empty() { 40 } else { 16 };
            let mut chunk = vector.chunk.clone();
            for (byte, random) in chunk[header_size..].iter_mut().zip(seed.iter().cycle()) {
                *byte = *random;
            }
            if let Ok(frame) = vector.decode(&chunk) {
                check_sound(&frame);
            }
        }
    }
}

fn segment() -> Vec<u8> {
    let vectors = good_vectors();
    let mut writer = SegmentWriter::new(CodecId(MESH), 7);
    writer.push(&vectors[1].chunk, true);
    writer.push(&vectors[2].chunk, false);
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
"kind":"points","role":"subject","layers":[{"codec":"oct1","elementCountMax":9,"segments":[
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
