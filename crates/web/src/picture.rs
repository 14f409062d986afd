//! The picture on screen: what it shows, and whether it still holds.

use touchline_pack::{Manifest, Role, Shading, Surface};
use touchline_player::{Player, Shown, StreamKey, StreamKind};
use touchline_render::{Background, Item, Stage, View};
use touchline_scene::{Seconds, Viewpoint};

use crate::js;
use crate::screen::Screen;
use crate::store::{Resident, Store};

/// What was drawn last.
#[derive(Debug, Default)]
pub(crate) struct Picture {
    drawn: Option<Drawn>,
    /// Pictures drawn since the start.
    pub(crate) count: u32,
    /// Processor's share of drawing the last one.
    pub(crate) cost: Seconds,
    /// Index of the frame on screen, of the moving tracks.
    pub(crate) frame: Option<u32>,
    /// Points and triangles in it.
    pub(crate) element_count: u64,
}

#[derive(Debug)]
struct Drawn {
    shown: Vec<Shown>,
    viewpoint: Viewpoint,
}

impl Picture {
    /// Whether the player wants another picture than the one on screen.
    pub(crate) fn is_stale(&self, player: &Player) -> bool {
        let Some(drawn) = &self.drawn else {
            return !player.shown().is_empty();
        };
        drawn.viewpoint != player.viewpoint() || drawn.shown != player.shown()
    }

    /// Has the next picture drawn even if nothing in it has changed: the canvas has.
    pub(crate) fn spoil(&mut self) {
        self.drawn = None;
    }

    /// Draws what the player wants shown.
    pub(crate) fn draw(
        &mut self,
        manifest: &Manifest,
        player: &Player,
        store: &Store,
        screen: &mut Screen,
    ) {
        let started = js::now();
        let shown = player.shown().to_vec();
        let viewpoint = player.viewpoint();
        let mut shadows = Vec::new();
        let mut items = Vec::with_capacity(shown.len());
        self.element_count = 0;
        for &Shown { track, frame } in &shown {
            let Some(info) = manifest.tracks.get(usize::from(track)) else {
                continue;
            };
            let layer = StreamKey {
                track,
                kind: StreamKind::Layer(0),
            };
            let rendition = StreamKey {
                track,
                kind: StreamKind::Rendition(0),
            };
            let resident = store
                .frame(layer, frame)
                .or_else(|| store.frame(rendition, frame));
            let (item, shadow) = match resident {
                Some(Resident::Points(frame, shadow)) => {
                    self.element_count += u64::from(info.layers[0].element_count_max);
                    (
                        Item::Points {
                            frame,
                            opacity: 1.0,
                        },
                        shadow,
                    )
                }
                Some(Resident::Mesh(mesh, _, shadow)) => {
                    self.element_count += u64::from(info.renditions[0].triangle_count_max);
                    let stream = StreamKey {
                        track,
                        kind: StreamKind::Texture(0),
                    };
                    let texture = match store.frame(stream, frame) {
                        Some(Resident::Texture(texture)) => Some(&**texture),
                        _ => None,
                    };
                    let is_lit = info.shading == Shading::Lit;
                    (
                        Item::Mesh {
                            frame: mesh,
                            texture,
                            is_lit,
                            opacity: 1.0,
                        },
                        shadow,
                    )
                }
                _ => continue,
            };
            if info.role != Role::Venue {
                shadows.extend(*shadow);
            }
            items.push(item);
        }
        let view = View {
            camera: viewpoint.camera().widened_for(screen.aspect()),
            stage: stage(manifest),
            background: Background::Sky,
            shadows: &shadows,
        };
        if screen.draw(&view, &items) {
            let is_moving = |shown: &&Shown| !manifest.tracks[usize::from(shown.track)].is_static;
            self.frame = shown.iter().find(is_moving).map(|shown| shown.frame);
            self.drawn = Some(Drawn { shown, viewpoint });
            self.count += 1;
            self.cost = js::now() - started;
        }
    }
}

fn stage(manifest: &Manifest) -> Stage {
    let surface = match manifest.stage.surface {
        Surface::Studio => touchline_render::Surface::Studio,
        Surface::Pitch => touchline_render::Surface::Pitch,
        Surface::Track => touchline_render::Surface::Track,
        Surface::Ice => touchline_render::Surface::Ice,
        Surface::Snow => touchline_render::Surface::Snow,
        Surface::Court => touchline_render::Surface::Court,
        Surface::None => touchline_render::Surface::None,
    };
    Stage {
        surface,
        ground_metres: manifest.stage.ground_metres,
    }
}
