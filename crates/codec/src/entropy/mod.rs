//! Entropy coding: symbols of alphabets that learn ([`SymbolCoder`], FORMAT.md 5.1), and numbers
//! made of them (FORMAT.md 6.1).
//!
//! Codecs are written once: the encoder writes what it is given, the decoder ignores it and
//! returns what it read. So both sides cannot drift apart.

mod number;
mod symbol_reader;
#[cfg(feature = "encode")]
mod symbol_writer;
mod symbols;

pub(crate) use number::{code_number, code_rare_number, code_rests, size_of};
pub(crate) use symbol_reader::SymbolReader;
#[cfg(feature = "encode")]
pub(crate) use symbol_writer::SymbolWriter;
pub(crate) use symbols::{Alphabet, Flag, Nibble, SlowNibble, SymbolCoder};
