//! Goal: wasm decodes to the very bytes that native code does, and errors say what to do.
//! Method: decode through the JavaScript interface; compare with the codec's own frame, and with
//! the committed bytes that `tests/vectors.rs` holds native code to.
#![cfg(target_arch = "wasm32")]
#![expect(
    clippy::unwrap_used,
    reason = "a failed step fails its test; clippy knows only `#[test]`"
)]

use js_sys::{Object, Reflect, Uint8Array};
use touchline_codec::meshes::{Mesh, MeshOptions};
use touchline_codec::points::{PointCloud, PointsOptions};
use touchline_codec::{Limits, MESH, POINTS};
use touchline_decoder::Decoder;
use touchline_scene::Frame;
use wasm_bindgen_test::wasm_bindgen_test;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

const LIMITS: Limits = Limits {
    element_count_max: 1000,
    triangle_count_max: 1000,
};

fn cloud() -> PointCloud {
    let cells: Vec<[u16; 3]> = (0..500)
        .map(|i: u16| [i % 23, i / 23, (i % 7).pow(2) % 7])
        .collect();
    PointCloud {
        origin: [0.0, 1.0, 2.0].into(),
        step_metres: 0.01,
        colours: cells
            .iter()
            .map(|cell| cell.map(|axis| axis as u8 * 10))
            .collect(),
        cells,
    }
}

fn slices(chunks: &[Vec<u8>]) -> Vec<&[u8]> {
    chunks.iter().map(Vec::as_slice).collect()
}

fn arrays(chunks: &[impl AsRef<[u8]>]) -> Vec<Uint8Array> {
    let arrays = chunks.iter();
    arrays.map(|chunk| chunk.as_ref().into()).collect()
}

fn bytes(object: &Object, name: &str) -> Vec<u8> {
    let buffer = Reflect::get(object, &name.into()).unwrap();
    Uint8Array::new(&buffer).to_vec()
}

#[wasm_bindgen_test]
fn points_are_what_the_codec_says() {
    let chunks = touchline_codec::points::encode(&cloud(), &PointsOptions::default());
    let mut native = touchline_codec::decoder(POINTS).unwrap();
    let Ok(Frame::Points(frame)) = native.decode(&slices(&chunks), None, &LIMITS) else {
        panic!("the codec refuses its own chunk");
    };
    let object = Decoder::new("oct2")
        .unwrap()
        .decode(arrays(&chunks), None, 1000, 0)
        .unwrap();
    assert_eq!(Reflect::get(&object, &"kind".into()).unwrap(), "points");
    assert_eq!(
        bytes(&object, "chunks"),
        bytemuck::cast_slice::<_, u8>(&frame.chunks)
    );
    assert_eq!(
        bytes(&object, "points"),
        bytemuck::cast_slice::<_, u8>(&frame.points)
    );
}

#[wasm_bindgen_test]
fn the_committed_points_are_what_native_code_decodes() {
    let layers: [&[u8]; 3] = [
        include_bytes!("../../../tests/vectors/points-layer0.oct2"),
        include_bytes!("../../../tests/vectors/points-layer1.oct2"),
        include_bytes!("../../../tests/vectors/points-layer2.oct2"),
    ];
    let wanted: [&[u8]; 3] = [
        include_bytes!("../../../tests/vectors/points-layer0.decoded"),
        include_bytes!("../../../tests/vectors/points-layer1.decoded"),
        include_bytes!("../../../tests/vectors/points-layer2.decoded"),
    ];
    let mut decoder = Decoder::new("oct2").unwrap();
    for (last, wanted) in wanted.iter().enumerate() {
        let object = decoder
            .decode(arrays(&layers[..=last]), None, 10_000, 0)
            .unwrap();
        let decoded = [bytes(&object, "chunks"), bytes(&object, "points")].concat();
        assert!(decoded == *wanted, "layer {last}");
    }
}

#[wasm_bindgen_test]
fn committed_meshes_decode_to_their_bytes() {
    let chunks: [&[u8]; 2] = [
        include_bytes!("../../../tests/vectors/mesh-parts-key.msh2"),
        include_bytes!("../../../tests/vectors/mesh-parts-next.msh2"),
    ];
    let wanted: [&[u8]; 2] = [
        include_bytes!("../../../tests/vectors/mesh-parts-key.decoded"),
        include_bytes!("../../../tests/vectors/mesh-parts-next.decoded"),
    ];
    let mut decoder = Decoder::new("msh2").unwrap();
    for (index, (chunk, wanted)) in chunks.into_iter().zip(wanted).enumerate() {
        let object = decoder
            .decode(arrays(&[chunk]), None, 10_000, 10_000)
            .unwrap();
        let names: &[&str] = match index {
            0 => &["lattice", "vertices", "indices", "attributes"],
            _ => &["lattice", "vertices"],
        };
        let decoded: Vec<u8> = names.iter().flat_map(|name| bytes(&object, name)).collect();
        assert!(decoded == wanted, "frame {index}");
    }
}

#[wasm_bindgen_test]
fn only_keys_have_a_topology() {
    let mut encoder = touchline_codec::meshes::Encoder::new(MeshOptions::default());
    let mesh = Mesh {
        positions: vec![
            [0.0; 3].into(),
            [1.0, 0.0, 0.0].into(),
            [0.0, 1.0, 0.0].into(),
        ],
        indices: vec![0, 1, 2],
        ..Mesh::default()
    };
    let mut native = touchline_codec::decoder(MESH).unwrap();
    let mut decoder = Decoder::new("msh2").unwrap();
    for is_key in [true, false] {
        let chunk = encoder.encode(&mesh).bytes;
        let Ok(Frame::Mesh(frame)) = native.decode(&[&chunk], None, &LIMITS) else {
            panic!("the codec refuses its own chunk");
        };
        let object = decoder.decode(arrays(&[chunk]), None, 3, 1).unwrap();
        assert_eq!(
            bytes(&object, "vertices"),
            bytemuck::cast_slice::<_, u8>(&frame.vertices)
        );
        assert_eq!(
            bytes(&object, "lattice"),
            bytemuck::bytes_of(&frame.lattice)
        );
        let indices = Reflect::get(&object, &"indices".into()).unwrap();
        assert_eq!(indices.is_undefined(), !is_key);
    }
}

#[wasm_bindgen_test]
fn errors_say_what_to_do() {
    let recovery = |error: wasm_bindgen::JsValue| {
        assert_eq!(Reflect::get(&error, &"name".into()).unwrap(), "DecodeError");
        Reflect::get(&error, &"recovery".into())
            .unwrap()
            .as_string()
            .unwrap()
    };
    assert_eq!(recovery(Decoder::new("zzzz").err().unwrap()), "stop");
    assert_eq!(recovery(Decoder::new("oct99").err().unwrap()), "stop");
    let chunks = touchline_codec::points::encode(&cloud(), &PointsOptions::default());
    let mut decoder = Decoder::new("oct2").unwrap();
    let mut refused = |chunks: &[Vec<u8>], brick, element_count_max| {
        let result = decoder.decode(arrays(chunks), brick, element_count_max, 0);
        recovery(result.err().unwrap())
    };
    let mut cut = chunks.clone();
    cut[0].pop();
    assert_eq!(refused(&cut, None, 1000), "fetch-again");
    assert_eq!(refused(&chunks, None, 10), "stop");
    let mut surplus = chunks.clone();
    surplus[0].push(0);
    assert_eq!(refused(&surplus, None, 1000), "skip-to-next-key");
    assert_eq!(refused(&[], None, 1000), "skip-to-next-key");
    assert_eq!(refused(&chunks, Some(u32::MAX), 1000), "skip-to-next-key");
}
