//! Writes small glTF files, for tests that know by hand what is in them.

use serde_json::{Value, json};

/// A glTF file in the making: JSON, and the one buffer that its accessors lie in.
#[derive(Clone, Debug)]
pub struct GltfWriter {
    /// What the file says; lists start empty.
    pub json: Value,
    bytes: Vec<u8>,
}

impl Default for GltfWriter {
    fn default() -> Self {
        let mut json = json!({ "asset": { "version": "2.0" }, "scene": 0 });
        for list in ["accessors", "bufferViews", "meshes", "nodes"] {
            json[list] = json!([]);
        }
        Self {
            json,
            bytes: Vec::new(),
        }
    }
}

impl GltfWriter {
    /// Adds `value` to a list of the file; returns its index there.
    pub fn push(&mut self, list: &str, value: Value) -> usize {
        let list = &mut self.json[list];
        if list.is_null() {
            *list = json!([]);
        }
        let Value::Array(items) = list else {
            unreachable!("a list")
        };
        items.push(value);
        items.len() - 1
    }

    /// Adds bytes to the buffer; returns the index of their view.
    pub fn view(&mut self, bytes: &[u8]) -> usize {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        let offset = self.bytes.len();
        self.bytes.extend(bytes);
        let view = json!({ "buffer": 0, "byteOffset": offset, "byteLength": bytes.len() });
        self.push("bufferViews", view)
    }

    /// Adds an accessor of binary32 numbers: `shape` is `SCALAR`, `VEC3` and so on.
    pub fn floats(&mut self, shape: &str, numbers: &[f32]) -> usize {
        let bytes: Vec<u8> = numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        self.accessor(shape, 5126, numbers.len(), &bytes)
    }

    /// Adds an accessor of bytes.
    pub fn bytes(&mut self, shape: &str, numbers: &[u8]) -> usize {
        self.accessor(shape, 5121, numbers.len(), numbers)
    }

    fn accessor(&mut self, shape: &str, kind: u32, number_count: usize, bytes: &[u8]) -> usize {
        let width = match shape {
            "SCALAR" => 1,
            "VEC2" => 2,
            "VEC3" => 3,
            "VEC4" => 4,
            _ => 16,
        };
        let view = self.view(bytes);
        let accessor = json!({
            "bufferView": view, "componentType": kind, "count": number_count / width,
            "type": shape,
        });
        self.push("accessors", accessor)
    }

    /// Adds a mesh of one primitive, its corners in the order of its vertices.
    pub fn mesh(&mut self, positions: &[[f32; 3]]) -> usize {
        let positions = self.floats("VEC3", positions.as_flattened());
        let primitive = json!({ "attributes": { "POSITION": positions } });
        self.push("meshes", json!({ "primitives": [primitive] }))
    }

    /// Adds an animation of one channel.
    pub fn animate(
        &mut self,
        name: &str,
        (node, path): (usize, &str),
        (times, interpolation): (&[f32], &str),
        (shape, values): (&str, &[f32]),
    ) {
        let (input, output) = (self.floats("SCALAR", times), self.floats(shape, values));
        let animation = json!({
            "name": name,
            "channels": [{ "sampler": 0, "target": { "node": node, "path": path } }],
            "samplers": [{ "input": input, "output": output, "interpolation": interpolation }],
        });
        self.push("animations", animation);
    }

    /// The file in binary; a scene shows all nodes that are no child, if none was given.
    pub fn glb(&self) -> Vec<u8> {
        let mut json = self.finished(None).to_string().into_bytes();
        json.resize(json.len().next_multiple_of(4), b' ');
        let mut bytes = self.bytes.clone();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        let size = 12 + 8 + json.len() + 8 + bytes.len();
        let word = |number: usize| (number as u32).to_le_bytes();
        let parts: [&[u8]; 9] = [
            b"glTF",
            &word(2),
            &word(size),
            &word(json.len()),
            b"JSON",
            &json,
            &word(bytes.len()),
            b"BIN\0",
            &bytes,
        ];
        parts.concat()
    }

    /// The file as text, its buffer elsewhere; and the buffer.
    pub fn text(&self, uri: &str) -> (String, Vec<u8>) {
        (self.finished(Some(uri)).to_string(), self.bytes.clone())
    }

    fn finished(&self, uri: Option<&str>) -> Value {
        let mut json = self.json.clone();
        json["buffers"] = json!([{ "byteLength": self.bytes.len() }]);
        if let Some(uri) = uri {
            json["buffers"][0]["uri"] = json!(uri);
        }
        if json["scenes"].is_null() {
            let nodes = json["nodes"].as_array().map_or(&[][..], Vec::as_slice);
            let children = |node: &Value| node["children"].as_array().cloned();
            let below: Vec<Value> = nodes.iter().filter_map(children).flatten().collect();
            let tops = (0..nodes.len()).filter(|&node| !below.contains(&json!(node)));
            json["scenes"] = json!([{ "nodes": tops.collect::<Vec<_>>() }]);
        }
        json
    }
}
