//! The nodes of a glTF file: how they hang together, and where each one is.
//!
//! Source: glTF 2.0 specification, sections 3.5 and 3.7.

use ::gltf::json::{Index, scene};
use anyhow::Result;
use glam::{Affine3A, Mat4, Quat, Vec3};

use super::document::Document;

/// Where a node is in its parent, and how far its mesh is morphed.
#[derive(Clone, Debug)]
pub(super) struct Local {
    /// As the file has it, which may be skewed; [`None`] where the other three say it.
    matrix: Option<Affine3A>,
    pub(super) scale: Vec3,
    pub(super) rotation: Quat,
    pub(super) translation: Vec3,
    /// One a morph target; empty where the mesh's own hold.
    pub(super) weights: Vec<f32>,
}

impl Local {
    fn of(node: &scene::Node) -> Self {
        let matrix = node.matrix.as_ref().map(Mat4::from_cols_array);
        let matrix = matrix.map(Affine3A::from_mat4);
        let (scale, rotation, translation) = match matrix {
            Some(matrix) => matrix.to_scale_rotation_translation(),
            None => (
                node.scale.map_or(Vec3::ONE, Vec3::from),
                Quat::from_array(node.rotation.unwrap_or_default().0),
                node.translation.map_or(Vec3::ZERO, Vec3::from),
            ),
        };
        Self {
            matrix,
            scale,
            rotation,
            translation,
            weights: node.weights.clone().unwrap_or_default(),
        }
    }

    /// An animation moves it: the file's matrix does not hold any more.
    pub(super) fn take_apart(&mut self) {
        self.matrix = None;
    }

    fn parent_from_node(&self) -> Affine3A {
        self.matrix.unwrap_or_else(|| {
            let rotation = self.rotation.normalize();
            Affine3A::from_scale_rotation_translation(self.scale, rotation, self.translation)
        })
    }
}

/// All nodes of a file.
#[derive(Debug)]
pub(super) struct Nodes {
    /// As they are without an animation.
    pub(super) rest: Vec<Local>,
    parents: Vec<Option<usize>>,
    /// Each after its parent.
    order: Vec<usize>,
    /// Those of the scene that is shown.
    pub(super) shown: Vec<usize>,
}

impl Nodes {
    pub(super) fn of(document: &Document) -> Result<Self> {
        let nodes = &document.root.nodes;
        let mut parents = vec![None; nodes.len()];
        for (index, node) in nodes.iter().enumerate() {
            for &child in node.children.iter().flatten() {
                document.get(child)?;
                if parents[child.value()].replace(index).is_some() {
                    let what = format!("node {child} has two parents");
                    return Err(document.broken(what).into());
                }
            }
        }
        let roots: Vec<usize> = (0..nodes.len())
            .filter(|&node| parents[node].is_none())
            .collect();
        let order = below(nodes, roots.clone());
        // With one parent each, those that are below no root are below themselves.
        if order.len() < nodes.len() {
            return Err(document.broken("a node is its own ancestor").into());
        }
        let root = &document.root;
        let scene = match root.scene {
            Some(index) => Some(document.get(index)?),
            None => root.scenes.first(),
        };
        let tops = match scene {
            Some(scene) => {
                let tops = scene.nodes.iter();
                tops.map(|&top| document.get(top).map(|_| top.value()))
                    .collect::<Result<_>>()?
            }
            None => roots,
        };
        let mut shown = below(nodes, tops);
        // In the file's order, whatever hangs where.
        shown.sort_unstable();
        Ok(Self {
            rest: nodes.iter().map(Local::of).collect(),
            parents,
            order,
            shown,
        })
    }

    /// Where each node is in the file's space.
    pub(super) fn place(&self, locals: &[Local]) -> Vec<Affine3A> {
        let mut places = vec![Affine3A::IDENTITY; locals.len()];
        for &node in &self.order {
            let parent = self.parents[node].map_or(Affine3A::IDENTITY, |parent| places[parent]);
            places[node] = parent * locals[node].parent_from_node();
        }
        places
    }
}

/// `tops` and all that hangs from them, each once and after its parent.
fn below(nodes: &[scene::Node], tops: Vec<usize>) -> Vec<usize> {
    let mut is_found = vec![false; nodes.len()];
    let mut found = Vec::new();
    let mut open = tops;
    while let Some(node) = open.pop() {
        if !std::mem::replace(&mut is_found[node], true) {
            found.push(node);
            let children = nodes[node].children.iter().flatten();
            open.extend(children.map(Index::value));
        }
    }
    found
}
