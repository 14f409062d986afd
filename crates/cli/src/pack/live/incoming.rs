//! Frames that come as a stream: PLY files one after another on the standard input.
//!
//! A file says in its header how many rows it has, so it needs no other end. A thread reads a few
//! frames ahead; then whoever writes them waits.

use std::io::BufReader;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use anyhow::Result;

use super::super::geometry::Geometry;
use super::super::ply;

/// Frames read ahead at most: as many as a decoder of theirs may be late, and no more memory.
const AHEAD_COUNT: usize = 4;
/// Bytes read at once: a pipe holds no more.
const BLOCK_SIZE: usize = 64 << 10;

/// A frame and what errors call it.
pub(super) type Named = (PathBuf, Geometry);

/// The frames of the standard input.
#[derive(Debug)]
pub(super) struct Incoming {
    frames: Receiver<Result<Named>>,
}

impl Incoming {
    /// Reads the standard input from now on; the first `skip_count` frames are passed over.
    pub(super) fn start(skip_count: u32) -> Result<Self> {
        let (send, frames) = sync_channel(AHEAD_COUNT);
        let read = move || {
            let mut stream = BufReader::with_capacity(BLOCK_SIZE, std::io::stdin());
            for index in 0_u32.. {
                let name = PathBuf::from(format!("standard input, frame {index}"));
                let read = ply::read_next(&name, &mut stream).transpose();
                let Some(read) = read else { return };
                let is_over = read.is_err();
                let frame = read.map(|geometry| (name, geometry));
                // Nobody listens any more where the work was stopped.
                let is_told = index >= skip_count || is_over;
                let is_unheard = is_told && send.send(frame).is_err();
                if is_over || is_unheard {
                    return;
                }
            }
        };
        std::thread::Builder::new()
            .name("standard input".to_owned())
            .spawn(read)?;
        Ok(Self { frames })
    }

    /// The next frame, if there is one now; says with nothing whether there will be more.
    ///
    /// # Errors
    /// What is wrong with the stream; it has ended then.
    pub(super) fn next(&mut self) -> Result<Next> {
        match self.frames.try_recv() {
            Ok(frame) => frame.map(|frame| Next::Frame(Box::new(frame))),
            Err(TryRecvError::Empty) => Ok(Next::NotYet),
            Err(TryRecvError::Disconnected) => Ok(Next::End),
        }
    }
}

/// What a stream has now.
#[derive(Debug)]
pub(super) enum Next {
    Frame(Box<Named>),
    NotYet,
    End,
}
