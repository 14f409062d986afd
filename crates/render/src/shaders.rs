//! Which WGSL files make each shader module. The only list.
//!
//! Comments and indentation stay at home: a fan fetches what the GPU reads.

/// A shader module as files joined in order: WGSL does not care about the order of declarations.
#[derive(Debug)]
pub struct Module {
    /// As in the names of its pass and pipelines.
    pub name: &'static str,
    /// The text of each file under `shaders/`.
    pub files: &'static [&'static str],
}

impl Module {
    /// The whole module's text.
    pub fn source(&self) -> String {
        self.files.concat()
    }
}

/// A file's text without comments and indentation.
macro_rules! wgsl {
    ($path:literal) => {{
        const TEXT: &[u8] = include_bytes!($path);
        const BARE: [u8; bare(TEXT, &mut [0; TEXT.len()])] = {
            let mut room = [0; TEXT.len()];
            let (mut bare_text, size) =
                ([0; bare(TEXT, &mut [0; TEXT.len()])], bare(TEXT, &mut room));
            bare_text.copy_from_slice(room.split_at(size).0);
            bare_text
        };
        match str::from_utf8(&BARE) {
            Ok(text) => text,
            Err(_) => panic!("shaders are UTF-8"),
        }
    }};
}

/// Copies `text` into `room` without comments, indentation and empty lines; returns how many bytes
/// that makes. WGSL has no strings in which a comment could start.
const fn bare(text: &[u8], room: &mut [u8]) -> usize {
    let (mut read, mut written) = (0, 0);
    let mut is_line_start = true;
    while read < text.len() {
        let byte = text[read];
        if byte == b'/' && read + 1 < text.len() && text[read + 1] == b'/' {
            while read < text.len() && text[read] != b'\n' {
                read += 1;
            }
            continue;
        }
        read += 1;
        let is_blank = byte == b' ' || byte == b'\n';
        if is_line_start && is_blank {
            continue;
        }
        is_line_start = byte == b'\n';
        room[written] = byte;
        written += 1;
    }
    written
}

const FRAME: &str = wgsl!("../../../shaders/common/frame.wgsl");
const ITEM: &str = wgsl!("../../../shaders/common/item.wgsl");
const COLOUR: &str = wgsl!("../../../shaders/common/colour.wgsl");
const NOISE: &str = wgsl!("../../../shaders/common/noise.wgsl");

/// The sky and the ground.
pub const BACKDROP: Module = Module {
    name: "backdrop",
    files: &[
        FRAME,
        COLOUR,
        NOISE,
        wgsl!("../../../shaders/backdrop.wgsl"),
    ],
};

/// Point clouds.
pub const POINTS: Module = Module {
    name: "points",
    files: &[FRAME, ITEM, COLOUR, wgsl!("../../../shaders/points.wgsl")],
};

/// Meshes.
pub const MESH: Module = Module {
    name: "mesh",
    files: &[FRAME, ITEM, COLOUR, wgsl!("../../../shaders/mesh.wgsl")],
};

/// Smaller copies of textures.
pub const MIPS: Module = Module {
    name: "mips",
    files: &[wgsl!("../../../shaders/mips.wgsl")],
};

/// Every shader module.
pub const MODULES: &[Module] = &[BACKDROP, POINTS, MESH, MIPS];
