//! Which WGSL files make each shader module. The only list.

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

const FRAME: &str = include_str!("../../../shaders/common/frame.wgsl");
const ITEM: &str = include_str!("../../../shaders/common/item.wgsl");
const COLOUR: &str = include_str!("../../../shaders/common/colour.wgsl");
const NOISE: &str = include_str!("../../../shaders/common/noise.wgsl");

/// The sky and the ground.
pub const BACKDROP: Module = Module {
    name: "backdrop",
    files: &[
        FRAME,
        COLOUR,
        NOISE,
        include_str!("../../../shaders/backdrop.wgsl"),
    ],
};

/// Point clouds.
pub const POINTS: Module = Module {
    name: "points",
    files: &[
        FRAME,
        ITEM,
        COLOUR,
        include_str!("../../../shaders/points.wgsl"),
    ],
};

/// Meshes.
pub const MESH: Module = Module {
    name: "mesh",
    files: &[
        FRAME,
        ITEM,
        COLOUR,
        include_str!("../../../shaders/mesh.wgsl"),
    ],
};

/// Smaller copies of textures.
pub const MIPS: Module = Module {
    name: "mips",
    files: &[include_str!("../../../shaders/mips.wgsl")],
};

/// Every shader module.
pub const MODULES: &[Module] = &[BACKDROP, POINTS, MESH, MIPS];
