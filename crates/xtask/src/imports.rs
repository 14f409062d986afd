//! Shortens the names by which a wasm module asks for its glue.
//!
//! wasm-bindgen ends each with a hash that no compressor can shrink, in the module and in the
//! glue: 400 imports make 6 kB that nobody reads.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{ImportSection, Module};
use wasmparser::{Import, ImportSectionReader, Parser};

/// Digits of a hash at the end of a name.
const HASH_DIGIT_COUNT: usize = 16;

/// Renames the hashed imports of the module at `wasm`, there and in its glue at `glue`.
///
/// # Errors
/// If either cannot be read or written, or the module is none.
pub(crate) fn shorten(wasm: &Path, glue: &Path) -> Result<()> {
    let before = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    let text =
        fs::read_to_string(glue).with_context(|| format!("cannot read {}", glue.display()))?;
    let mut renamer = Renamer::default();
    let mut module = Module::new();
    renamer
        .parse_core_module(&mut module, Parser::new(0), &before)
        .map_err(|error| anyhow!("{} is no module: {error}", wasm.display()))?;
    fs::write(wasm, module.finish())?;
    fs::write(glue, renamer.rename_words(&text))?;
    Ok(())
}

/// Gives each hashed import the next short name.
#[derive(Default)]
struct Renamer {
    short_names: HashMap<String, String>,
}

impl Renamer {
    fn short_name(&mut self, name: &str) -> String {
        let next = format!("i{}", self.short_names.len());
        self.short_names
            .entry(name.to_owned())
            .or_insert(next)
            .clone()
    }

    /// Replaces whole words: one name may be the start of another.
    fn rename_words(&self, text: &str) -> String {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut renamed = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(is_word) {
            let (before, from_word) = rest.split_at(start);
            let end = from_word.find(|c| !is_word(c)).unwrap_or(from_word.len());
            let (word, after) = from_word.split_at(end);
            renamed.push_str(before);
            renamed.push_str(self.short_names.get(word).map_or(word, String::as_str));
            rest = after;
        }
        renamed + rest
    }
}

impl Reencode for Renamer {
    type Error = Infallible;

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        for import in section.into_imports() {
            let import = import?;
            if is_hashed(import.name) {
                let name = self.short_name(import.name);
                utils::parse_import(
                    self,
                    imports,
                    Import {
                        name: &name,
                        ..import
                    },
                )?;
            } else {
                utils::parse_import(self, imports, import)?;
            }
        }
        Ok(())
    }
}

fn is_hashed(name: &str) -> bool {
    name.rsplit_once('_').is_some_and(|(_, hash)| {
        hash.len() == HASH_DIGIT_COUNT && hash.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_renamed_and_nothing_else() {
        let mut renamer = Renamer::default();
        let name = "__wbg_now_0123456789abcdef";
        assert!(is_hashed(name) && !is_hashed("__wbindgen_malloc") && !is_hashed("é_now"));
        assert_eq!(renamer.short_name(name), "i0");
        let glue = format!("{name}: () => wasm.{name}x + {name}");
        assert_eq!(
            renamer.rename_words(&glue),
            format!("i0: () => wasm.{name}x + i0")
        );
    }
}
