//! The picture on screen: what it shows, and whether it still holds.

use std::collections::VecDeque;

use futures_channel::mpsc::UnboundedSender;
use touchline_pack::{Kind, Manifest, Role, Shading, Surface, Track};
use touchline_player::{Player, Shown, StreamKey, StreamKind};
use touchline_render::{Background, Item, Shadow, Stage, View};
use touchline_scene::{Seconds, Viewpoint};

use crate::js;
use crate::screen::Screen;
use crate::store::{Resident, Store};

/// What was drawn last.
#[derive(Debug)]
pub(crate) struct Picture {
    drawn: Option<Drawn>,
    /// Handed to the GPU and not yet done: the picture's number and what it shows.
    pending: VecDeque<(u32, Seen)>,
    /// Told the number of each picture that is done.
    done: UnboundedSender<u32>,
    /// Pictures drawn since the start.
    pub(crate) count: u32,
    /// Processor's share of drawing the last one.
    pub(crate) cost: Seconds,
    /// What the fan sees.
    pub(crate) seen: Seen,
    /// Points and triangles in it.
    pub(crate) element_count: u64,
}

/// What a picture shows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// Index of the frame, of the moving tracks.
    pub(crate) frame: Option<u32>,
    /// Index of the finest layer, of the points track that has the fewest; none without points.
    pub(crate) layer: Option<u8>,
    /// Index of the rendition, of the mesh track that has the coarsest; none without meshes.
    pub(crate) rendition: Option<u8>,
}

#[derive(Debug)]
struct Drawn {
    shown: Vec<Shown>,
    phase: f32,
    viewpoint: Viewpoint,
}

impl Picture {
    /// Nothing drawn yet. `done` is told the number of each picture when the GPU has drawn it.
    pub(crate) fn new(done: UnboundedSender<u32>) -> Self {
        Self {
            drawn: None,
            pending: VecDeque::new(),
            done,
            count: 0,
            cost: Seconds(0.0),
            seen: Seen::default(),
            element_count: 0,
        }
    }

    /// The GPU has drawn a picture: from now on it is what the fan sees.
    pub(crate) fn displayed(&mut self, number: u32) {
        // Pictures that went down with a lost device are passed over.
        while let Some(&(pending, seen)) = self.pending.front()
            && pending <= number
        {
            self.seen = seen;
            self.pending.pop_front();
        }
    }

    /// Whether the player wants another picture than the one on screen.
    pub(crate) fn is_stale(&self, player: &Player) -> bool {
        let Some(drawn) = &self.drawn else {
            return !player.shown().is_empty();
        };
        let is_same = drawn.shown == player.shown() && drawn.phase == player.phase();
        !is_same || drawn.viewpoint != player.viewpoint()
    }

    /// Forgets what was drawn: another pack is opened.
    pub(crate) fn forget(&mut self) {
        self.drawn = None;
        self.pending.clear();
        self.seen = Seen::default();
    }

    /// Whether the fan sees what the player wants seen.
    pub(crate) fn is_settled(&self, player: &Player) -> bool {
        self.pending.is_empty() && !self.is_stale(player)
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
        let phase = player.phase();
        let viewpoint = player.viewpoint();
        let mut shadows = Vec::new();
        let mut items = Vec::with_capacity(shown.len());
        self.element_count = 0;
        for one in &shown {
            let track = manifest.tracks.get(usize::from(one.track));
            let Some(piece) = track.and_then(|track| piece(track, one, phase, store)) else {
                continue;
            };
            self.element_count += u64::from(piece.element_count);
            shadows.extend(piece.shadow);
            items.push(piece.item);
        }
        let view = View {
            camera: viewpoint.camera().widened_for(screen.aspect()),
            stage: stage(manifest),
            background: Background::Sky,
            shadows: &shadows,
        };
        let number = self.count + 1;
        let done = self.done.clone();
        // Nobody listens any more when the engine is gone.
        if screen.draw(&view, &items, move || drop(done.unbounded_send(number))) {
            self.pending.push_back((number, seen(manifest, &shown)));
            self.drawn = Some(Drawn {
                shown,
                phase,
                viewpoint,
            });
            self.count = number;
            self.cost = js::now() - started;
        }
    }
}

/// What a picture of these shows.
fn seen(manifest: &Manifest, shown: &[Shown]) -> Seen {
    let track = |shown: &Shown| &manifest.tracks[usize::from(shown.track)];
    let moving = shown.iter().find(|shown| !track(shown).is_static);
    let of = |kind| shown.iter().filter(move |shown| track(shown).kind == kind);
    let layer_count = of(Kind::Points).map(|shown| shown.layer_count).min();
    Seen {
        frame: moving.map(|shown| shown.frame),
        layer: layer_count.and_then(|count| count.checked_sub(1)),
        rendition: of(Kind::Mesh).map(|shown| shown.rendition).max(),
    }
}

/// What one track adds to the picture.
struct Piece<'a> {
    item: Item<'a>,
    /// On the ground; a venue throws none.
    shadow: Option<Shadow>,
    /// Points or triangles in it.
    element_count: u32,
}

/// What is shown of a track, if it is on the GPU.
fn piece<'a>(info: &Track, shown: &Shown, phase: f32, store: &'a Store) -> Option<Piece<'a>> {
    let &Shown {
        track,
        frame,
        layer_count,
        rendition,
        next,
    } = shown;
    let resident = |kind, frame| store.frame(StreamKey { track, kind }, frame);
    let body = match info.kind {
        Kind::Points => StreamKind::Layer(0),
        Kind::Mesh => StreamKind::Rendition(rendition),
    };
    let drawn = resident(body, frame)?;
    let (item, shadow, element_count) = match drawn {
        Resident::Points(points, shadow) => {
            let item = Item::Points {
                frame: points,
                opacity: 1.0,
            };
            let finest = usize::from(layer_count).checked_sub(1);
            let finest = finest.and_then(|layer| info.layers.get(layer));
            let point_count = finest.map_or(0, |layer| layer.element_count_max);
            (item, *shadow, point_count)
        }
        Resident::Mesh(mesh, _, shadow) => {
            let mut textures = (0..info.textures.len() as u8).map(StreamKind::Texture);
            let texture = textures.find_map(|kind| match resident(kind, frame) {
                Some(Resident::Texture(texture)) => Some(&**texture),
                _ => None,
            });
            let next = next.and_then(|next| resident(body, next));
            let (next, next_shadow) = match next {
                Some(Resident::Mesh(mesh, _, shadow)) => (Some((mesh, phase)), *shadow),
                _ => (None, None),
            };
            let mixed = |(now, next): (Shadow, Shadow)| now.mixed(next, phase);
            let shadow = shadow.zip(next_shadow).map(mixed).or(*shadow);
            let item = Item::Mesh {
                frame: mesh,
                next,
                texture,
                is_lit: info.shading == Shading::Lit,
                opacity: 1.0,
            };
            let rendition = info.renditions.get(usize::from(rendition));
            let triangle_count = rendition.map_or(0, |found| found.triangle_count_max);
            (item, shadow, triangle_count)
        }
        Resident::Texture(_) => return None,
    };
    Some(Piece {
        item,
        shadow: shadow.filter(|_| info.role != Role::Venue),
        element_count,
    })
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
