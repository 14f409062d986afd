//! Finds the files of a track: its frames, and the images that belong to them.
//!
//! Always true of a sequence: its numbers follow each other without a gap, so that a lost file
//! is noticed and never becomes a jump in the motion.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::texture::Image;
use crate::args::TextureArg;
use crate::error::BadInput;

/// The kinds of files that hold a frame.
const FRAME_EXTENSIONS: [&str; 4] = ["ply", "obj", "glb", "gltf"];
/// Those of them that hold all frames of a track.
const MODEL_EXTENSIONS: [&str; 2] = ["glb", "gltf"];
/// The kinds of files that hold a texture.
pub(crate) const IMAGE_EXTENSIONS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// The files of one track, in order of frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sequence {
    /// One a frame.
    pub(crate) files: Vec<PathBuf>,
    /// The number in each file's name; empty for a single file.
    pub(crate) numbers: Vec<u64>,
}

/// Refuses inputs that a shell made of a pattern: frames of one track as a track each.
pub(crate) fn refuse_unquoted(inputs: &[String]) -> Result<()> {
    let place_of = |input: &String| {
        let path = Path::new(input);
        let is_frame = path.is_file() && !is_model(path);
        let (prefix, _) = trailing_number(path).filter(|_| is_frame)?;
        Some(path.with_file_name(prefix))
    };
    let places: Vec<_> = inputs.iter().map(place_of).collect();
    for (index, place) in places.iter().enumerate() {
        if place.is_some() && places[..index].contains(place) {
            let what = "several frames of one track are given as a track each";
            let remedy = "quote the pattern, as 'points/*.ply', or give the folder";
            return Err(BadInput::new(Path::new(&inputs[index]), what, remedy).into());
        }
    }
    Ok(())
}

/// Finds the frames at `place`: a folder, a file or a pattern.
pub(crate) fn frames(place: &str) -> Result<Sequence> {
    let files = files_at(place, &FRAME_EXTENSIONS)?;
    if files.is_empty() {
        return Err(BadInput::new(
            Path::new(place),
            "no PLY, OBJ or glTF file is there",
            "give a folder, a file or a quoted pattern that has some",
        )
        .into());
    }
    if let (Some(model), 2..) = (files.iter().find(|file| is_model(file)), files.len()) {
        let what = "this file is a track of its own, and it is among others";
        let remedy = "give one glTF file, or a pattern that leaves it out";
        return Err(BadInput::new(model, what, remedy).into());
    }
    sequence(files)
}

/// Whether a file holds all frames of a track.
pub(crate) fn is_model(path: &Path) -> bool {
    has_extension(path, &MODEL_EXTENSIONS)
}

/// Finds the texture of each frame; `None` where the track has none.
pub(crate) fn textures(frames: &Sequence, wanted: &TextureArg) -> Result<Option<Vec<Image>>> {
    let files = match wanted {
        TextureArg::None => None,
        TextureArg::Beside => textures_beside(frames)?,
        TextureArg::At(place) => {
            let files = images_at(place)?;
            match files.as_slice() {
                // One image for all frames.
                [only] => Some(vec![only.clone(); frames.files.len()]),
                _ => Some(matched(frames, &sequence(files)?)?),
            }
        }
    };
    Ok(files.map(|files| files.into_iter().map(Image::File).collect()))
}

/// Finds the texture of a track that has but one.
pub(crate) fn one_texture(place: &str) -> Result<Image> {
    match images_at(place)?.as_slice() {
        [only] => Ok(Image::File(only.clone())),
        files => {
            let what = format!("{} images are there, and a glTF track has one", files.len());
            Err(BadInput::new(Path::new(place), what, "give one of them").into())
        }
    }
}

/// At least one image at a folder, file or pattern.
fn images_at(place: &str) -> Result<Vec<PathBuf>> {
    let files = files_at(place, &IMAGE_EXTENSIONS)?;
    if files.is_empty() {
        let what = "no JPEG, PNG or WebP image is there";
        let remedy = "correct `texture=`, or say `texture=none`";
        return Err(BadInput::new(Path::new(place), what, remedy).into());
    }
    Ok(files)
}

/// Images in the frames' own folder: with the same numbers, or the same name for a single frame.
fn textures_beside(frames: &Sequence) -> Result<Option<Vec<PathBuf>>> {
    let first = &frames.files[0];
    let folder = first.parent().unwrap_or(Path::new("."));
    let mut images = list(folder, &IMAGE_EXTENSIONS)?;
    if frames.numbers.is_empty() {
        let own = images
            .into_iter()
            .find(|image| image.file_stem() == first.file_stem());
        return Ok(own.map(|image| vec![image]));
    }
    images.retain(|image| trailing_number(image).is_some());
    if images.is_empty() {
        return Ok(None);
    }
    let images = sequence(images).map_err(|error| {
        error.context("choose the textures with `texture=PATTERN`, or say `texture=none`")
    })?;
    matched(frames, &images).map(Some)
}

/// The image of each frame, by number.
fn matched(frames: &Sequence, images: &Sequence) -> Result<Vec<PathBuf>> {
    let by_number: BTreeMap<u64, &PathBuf> =
        images.numbers.iter().copied().zip(&images.files).collect();
    let of_frame = |(index, file): (usize, &PathBuf)| {
        let number = frames.numbers.get(index);
        let image = number.and_then(|number| by_number.get(number));
        image.map(|&image| image.clone()).ok_or_else(|| {
            let named = number.map_or_else(
                || "its name has no number".to_owned(),
                |number| format!("no image has the number {number}"),
            );
            BadInput::new(
                file,
                format!("this frame has no texture: {named}"),
                "add the image, or say `texture=none`",
            )
            .into()
        })
    };
    frames.files.iter().enumerate().map(of_frame).collect()
}

/// The files at a folder, file or pattern.
fn files_at(place: &str, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let path = Path::new(place);
    if path.is_dir() {
        return list(path, extensions);
    }
    if path.exists() || !place.contains(['*', '?', '[']) {
        return one_file(path, extensions).map(|file| vec![file]);
    }
    let paths = glob::glob(place)
        .map_err(|error| BadInput::new(path, error.to_string(), "correct the pattern"))?;
    let mut files = Vec::new();
    for found in paths {
        let found = found.map_err(|error| {
            BadInput::new(error.path(), error.to_string(), "make the folder readable")
        })?;
        // A file that the pattern names is wanted: another kind of file is a mistake.
        if found.is_file() {
            files.push(one_file(&found, extensions)?);
        }
    }
    files.sort();
    Ok(files)
}

/// A file that someone named.
fn one_file(path: &Path, extensions: &[&str]) -> Result<PathBuf> {
    if !path.exists() {
        return Err(BadInput::new(path, "there is no such file", "correct the path").into());
    }
    if !has_extension(path, extensions) {
        let kinds = extensions.join(", ");
        let what = format!("this is no file of the kinds {kinds}");
        return Err(BadInput::new(path, what, "convert it, or correct the path").into());
    }
    Ok(path.to_owned())
}

/// The files of some kinds in a folder, by name.
pub(crate) fn list(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let unreadable = |error: std::io::Error| {
        BadInput::new(folder, error.to_string(), "make the folder readable")
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_file() && has_extension(&path, extensions) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a file's name ends in one of `extensions`, in either case.
pub(crate) fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().is_some_and(|extension| {
        extensions
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// Orders files by the numbers in their names and checks that none is missing.
fn sequence(files: Vec<PathBuf>) -> Result<Sequence> {
    if let [_] = files.as_slice() {
        // Its number still matches it to an image.
        let numbers = trailing_number(&files[0]).map(|(_, number)| number);
        let numbers = numbers.into_iter().collect();
        return Ok(Sequence { files, numbers });
    }
    let mut numbered = Vec::with_capacity(files.len());
    for file in files {
        let Some((prefix, number)) = trailing_number(&file) else {
            return Err(BadInput::new(
                &file,
                "its name does not end in a number, so its place among the frames is unknown",
                "number the frames as frame_0001, or give a pattern that leaves it out",
            )
            .into());
        };
        numbered.push((number, prefix, file));
    }
    numbered.sort();
    for pair in numbered.windows(2) {
        let [(number, prefix, file), (next, next_prefix, next_file)] = pair else {
            continue;
        };
        if prefix != next_prefix || file.extension() != next_file.extension() {
            return Err(BadInput::new(
                next_file,
                format!("two sequences are mixed: {} is of another", file.display()),
                "give a pattern that takes one of them, as 'points/frame_*.ply'",
            )
            .into());
        }
        if next == number {
            let what = format!("two files have the number {number}: {}", file.display());
            return Err(BadInput::new(next_file, what, "remove one of them").into());
        }
        if *next != number + 1 {
            let missing = with_number(file, prefix, number + 1);
            let what = format!(
                "frame {} is missing between {number} and {next}",
                number + 1
            );
            let remedy = "add the missing file, or number the frames without gaps";
            return Err(BadInput::new(&missing, what, remedy).into());
        }
    }
    let numbers = numbered.iter().map(|(number, ..)| *number).collect();
    let files = numbered.into_iter().map(|(.., file)| file).collect();
    Ok(Sequence { files, numbers })
}

/// A file's name up to the number at its end, and the number.
pub(crate) fn trailing_number(path: &Path) -> Option<(String, u64)> {
    let stem = path.file_stem()?.to_str()?;
    let prefix = stem.trim_end_matches(|symbol: char| symbol.is_ascii_digit());
    let number = stem[prefix.len()..].parse().ok()?;
    Some((prefix.to_owned(), number))
}

/// `file` with another number, as wide as its own.
pub(crate) fn with_number(file: &Path, prefix: &str, number: u64) -> PathBuf {
    let stem_len = file.file_stem().map_or(0, std::ffi::OsStr::len);
    let width = stem_len.saturating_sub(prefix.len());
    let mut name = format!("{prefix}{number:0width$}");
    if let Some(extension) = file.extension().and_then(|extension| extension.to_str()) {
        name.push('.');
        name.push_str(extension);
    }
    file.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(folder.path().join(name), b"").unwrap();
        }
        folder
    }

    fn names(sequence: &Sequence) -> Vec<&str> {
        let names = sequence.files.iter().map(|file| file.file_name().unwrap());
        names.map(|name| name.to_str().unwrap()).collect()
    }

    #[test]
    fn numbers_order_frames_not_letters() {
        let folder = folder(&["f_10.ply", "f_9.ply", "f_8.ply", "notes.txt"]);
        let found = frames(folder.path().to_str().unwrap()).unwrap();
        assert_eq!(names(&found), ["f_8.ply", "f_9.ply", "f_10.ply"]);
        assert_eq!(found.numbers, [8, 9, 10]);
    }

    #[test]
    fn a_gap_names_the_missing_file() {
        let folder = folder(&["f_0007.ply", "f_0009.ply"]);
        let error = frames(folder.path().to_str().unwrap()).unwrap_err();
        let bad = error.downcast_ref::<BadInput>().unwrap();
        assert!(bad.path.ends_with("f_0008.ply"), "{bad}");
    }

    #[test]
    fn mixed_and_unnumbered_files_are_refused() {
        for names in [
            &["a_1.ply", "b_2.ply"][..],
            &["a_1.ply", "notes.ply"],
            &["a_1.ply", "a_01.ply"],
            &[],
        ] {
            let folder = folder(names);
            assert!(
                frames(folder.path().to_str().unwrap()).is_err(),
                "took {names:?}"
            );
        }
    }

    #[test]
    fn textures_are_matched_by_number() {
        let folder = folder(&["m_1.obj", "m_2.obj", "t_2.jpg", "t_1.jpg", "logo.png"]);
        let found = frames(folder.path().to_str().unwrap()).unwrap();
        let images = textures(&found, &TextureArg::Beside).unwrap().unwrap();
        let is_at = |index: usize, name| images[index].path().ends_with(name);
        assert!(is_at(0, "t_1.jpg") && is_at(1, "t_2.jpg"));
        assert_eq!(textures(&found, &TextureArg::None).unwrap(), None);
        std::fs::remove_file(folder.path().join("t_2.jpg")).unwrap();
        let error = textures(&found, &TextureArg::Beside).unwrap_err();
        assert!(
            error.to_string().contains("no image has the number 2"),
            "{error}"
        );
    }
}
