//! What the engine holds: segments in JavaScript's memory, frames on the GPU.
//!
//! Never decides what to keep: the player says what comes and what goes.

use std::rc::Rc;

use js_sys::Uint8Array;
use touchline_pack::{Segment, Sha256};
use touchline_player::StreamKey;
use touchline_render::{MeshHandle, PointsHandle, Shadow, TextureHandle, TopologyHandle};
use touchline_scene::SortedMap;

/// A segment, checked.
#[derive(Clone, Debug)]
pub(crate) struct HeldSegment {
    /// In JavaScript's memory.
    pub(crate) bytes: Uint8Array,
    /// Its framing.
    pub(crate) segment: Rc<Segment>,
    /// For each frame the parts that several decoders can make at once; empty where all have one.
    pub(crate) brick_counts: Rc<[u32]>,
}

/// A frame on the GPU.
pub(crate) enum Resident {
    /// A point cloud and its shadow on the ground.
    Points(PointsHandle, Option<Shadow>),
    /// A mesh, the run of frames it belongs to, and its shadow on the ground.
    Mesh(MeshHandle, RunKey, Option<Shadow>),
    /// A texture, which following frames may share.
    Texture(Rc<TextureHandle>),
}

/// Names a run of frames with one topology: stream, segment, and the run's key in the segment.
pub(crate) type RunKey = (StreamKey, u32, u32);

/// The start of a run of frames.
#[derive(Clone, Debug)]
pub(crate) struct Topology {
    /// Shared by all runs of a stream that have the same.
    pub(crate) handle: TopologyHandle,
    /// Of its indices and its attributes.
    pub(crate) hash: TopologyHash,
    /// The same for the same hash, as long as a run has it.
    pub(crate) number: u32,
}

/// Tells one topology from another.
pub(crate) type TopologyHash = [Sha256; 2];

struct Run {
    topology: Topology,
    frame_count: u32,
}

/// Everything held of the open pack.
#[derive(Default)]
pub(crate) struct Store {
    segments: SortedMap<(StreamKey, u32), HeldSegment>,
    frames: SortedMap<(StreamKey, u32), Resident>,
    runs: SortedMap<RunKey, Run>,
    topology_count: u32,
}

impl Store {
    /// Holds a segment.
    pub(crate) fn put_segment(&mut self, stream: StreamKey, index: u32, segment: HeldSegment) {
        self.segments.insert((stream, index), segment);
    }

    /// A held segment.
    pub(crate) fn segment(&self, stream: StreamKey, index: u32) -> Option<&HeldSegment> {
        self.segments.get(&(stream, index))
    }

    /// Lets go of a segment.
    pub(crate) fn drop_segment(&mut self, stream: StreamKey, index: u32) {
        self.segments.remove(&(stream, index));
    }

    /// Holds a frame.
    pub(crate) fn put_frame(&mut self, stream: StreamKey, frame: u32, resident: Resident) {
        if let Resident::Mesh(_, run, _) = &resident
            && let Some(run) = self.runs.get_mut(run)
        {
            run.frame_count += 1;
        }
        // Only now: replacing the last frame of a run must not let go of its topology.
        let replaced = self.frames.insert((stream, frame), resident);
        self.release(replaced);
    }

    /// A held frame.
    pub(crate) fn frame(&self, stream: StreamKey, frame: u32) -> Option<&Resident> {
        self.frames.get(&(stream, frame))
    }

    /// Lets go of a frame, and of its run's topology with the last of them.
    pub(crate) fn drop_frame(&mut self, stream: StreamKey, frame: u32) {
        let dropped = self.frames.remove(&(stream, frame));
        self.release(dropped);
    }

    /// The topology of a run, if held.
    pub(crate) fn topology(&self, run: RunKey) -> Option<&Topology> {
        self.runs.get(&run).map(|run| &run.topology)
    }

    /// What a stream's runs have of a topology, if any has it.
    pub(crate) fn topology_like(&self, stream: StreamKey, hash: TopologyHash) -> Option<Topology> {
        let mut runs = self.runs.iter();
        let found = runs.find(|((of, ..), run)| *of == stream && run.topology.hash == hash);
        found.map(|(_, run)| run.topology.clone())
    }

    /// A topology that no run has.
    pub(crate) fn new_topology(&mut self, handle: TopologyHandle, hash: TopologyHash) -> Topology {
        self.topology_count += 1;
        Topology {
            handle,
            hash,
            number: self.topology_count,
        }
    }

    /// Holds a run's topology until the last of its frames goes.
    pub(crate) fn put_topology(&mut self, run: RunKey, topology: Topology) {
        let frame_count = 0;
        self.runs.insert(
            run,
            Run {
                topology,
                frame_count,
            },
        );
    }

    /// Lets go of all that was on the GPU: its device is lost.
    pub(crate) fn lose_frames(&mut self) {
        self.frames.clear();
        self.runs.clear();
    }

    fn release(&mut self, resident: Option<Resident>) {
        let Some(Resident::Mesh(_, key, _)) = resident else {
            return;
        };
        let Some(run) = self.runs.get_mut(&key) else {
            return;
        };
        run.frame_count -= 1;
        if run.frame_count == 0 {
            self.runs.remove(&key);
        }
    }
}
