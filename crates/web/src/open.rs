//! Opens a pack: finds its manifest, in either layout, and says where each segment's bytes are.

use js_sys::{Function, Promise, Uint8Array};
use touchline_pack::{HEADER_SIZE, Header, Manifest, PackError, SegmentEntry};
use touchline_player::FailReason;
use touchline_scene::Seconds;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::cmcd::Figures;
use crate::convert;
use crate::fetch::{Abort, ByteRange, Fetched};
use crate::js;
use crate::messages::{Problem, RequestType};
use crate::reading::Reader;
use crate::requests::{Requests, Wanted};

/// Bytes asked for first from a single-file pack: most manifests fit, so one round trip does.
const FIRST_FETCH_SIZE: u64 = 64 << 10;
/// How often a manifest is asked for, and the pause before the second time.
const TRY_COUNT: u32 = 3;
const FIRST_PAUSE: Seconds = Seconds(0.5);
/// A whole single file held at most, where a server sends it although a part was asked for.
const WHOLE_FILE_SIZE_MAX: u32 = 96 << 20;

/// Where the bytes of an open pack are.
#[derive(Debug)]
pub(crate) enum Source {
    /// A folder: each segment is an object beside the manifest.
    Folder {
        /// The manifest's address, from which the segments' addresses are relative.
        manifest_url: String,
    },
    /// A single file, read by ranges.
    File {
        /// The file's address.
        url: String,
        /// Where offset 0 of the segments lies.
        segments_start: u64,
    },
    /// A single file from a server that ignores ranges: all of it is here already.
    Whole {
        /// The file's bytes.
        bytes: Uint8Array,
        /// Where offset 0 of the segments lies.
        segments_start: u64,
    },
}

/// Where one segment's bytes are.
#[derive(Debug)]
pub(crate) enum Place {
    /// To be fetched.
    Remote {
        /// The object's address.
        url: String,
        /// The part of it, or all.
        range: Option<ByteRange>,
    },
    /// Already here.
    Here(Uint8Array),
}

impl Source {
    /// Where the bytes of `entry` are.
    ///
    /// # Errors
    /// [`PackError::Malformed`] if the manifest gives no usable address.
    pub(crate) fn place_of(&self, entry: &SegmentEntry) -> Result<Place, PackError> {
        match (self, &entry.url) {
            (Self::Folder { manifest_url }, Some(relative)) => {
                let url = resolve(relative, manifest_url).ok_or_else(|| PackError::Malformed {
                    section: "2.5",
                    rule: format!("`{relative}` is no relative address"),
                })?;
                Ok(Place::Remote { url, range: None })
            }
            (Self::Folder { .. }, None) => Err(PackError::Malformed {
                section: "2.5",
                rule: "in a folder every segment has a `url`".to_owned(),
            }),
            (
                Self::File {
                    url,
                    segments_start,
                },
                _,
            ) => {
                let start = segments_start + entry.offset;
                Ok(Place::Remote {
                    url: url.clone(),
                    range: Some(start..start + entry.size),
                })
            }
            (
                Self::Whole {
                    bytes,
                    segments_start,
                },
                _,
            ) => {
                let start = segments_start + entry.offset;
                // Clamped by JavaScript; the hash tells if bytes are missing.
                Ok(Place::Here(
                    bytes.slice(start as u32, (start + entry.size) as u32),
                ))
            }
        }
    }

    /// The address that others are relative to.
    pub(crate) fn base_url(&self) -> Option<&str> {
        match self {
            Self::Folder { manifest_url } => Some(manifest_url),
            Self::File { url, .. } => Some(url),
            Self::Whole { .. } => None,
        }
    }
}

/// An absolute address from one relative to `base`; only the web's own schemes.
pub(crate) fn resolve(relative: &str, base: &str) -> Option<String> {
    let url = web_sys::Url::new_with_base(relative, base).ok()?;
    matches!(url.protocol().as_str(), "http:" | "https:").then(|| url.href())
}

/// Fetches and checks the manifest of the pack at `src`.
///
/// - `requests`: how.
/// - `decodable`: as for [`crate::Engine::new`].
///
/// # Errors
/// A fatal [`Problem`] that says what and where.
pub(crate) async fn open(
    src: &str,
    requests: &Requests,
    abort: &Abort,
    decodable: &Function,
) -> Result<(Manifest, Source), Problem> {
    let path = src.split(['?', '#']).next().unwrap_or(src);
    if path.ends_with(".touchline") {
        return open_file(src, requests, abort, decodable).await;
    }
    let manifest_url = if path.ends_with('/') {
        format!("{path}manifest.json")
    } else {
        src.to_owned()
    };
    let fetched = fetch_patiently(&manifest_url, None, requests, abort).await?;
    let manifest = parse(&fetched.bytes, src, decodable).await?;
    Ok((manifest, Source::Folder { manifest_url }))
}

async fn open_file(
    src: &str,
    requests: &Requests,
    abort: &Abort,
    decodable: &Function,
) -> Result<(Manifest, Source), Problem> {
    let mut fetched = fetch_patiently(src, Some(0..FIRST_FETCH_SIZE), requests, abort).await?;
    let head = fetched.bytes.subarray(0, HEADER_SIZE as u32).to_vec();
    let header = Header::parse(&head).map_err(|error| refused(&error, src))?;
    let range = header.manifest_range();
    let segments_start = header.segments_start();
    if fetched.is_range && u64::from(fetched.bytes.length()) < range.end {
        fetched = fetch_patiently(src, Some(0..range.end), requests, abort).await?;
    }
    let manifest = fetched.bytes.subarray(range.start as u32, range.end as u32);
    let mut manifest = parse(&manifest, src, decodable).await?;
    manifest.is_open = false; // Only folders grow, FORMAT.md 2.8.
    let source = if fetched.is_range {
        Source::File {
            url: src.to_owned(),
            segments_start,
        }
    } else if fetched.bytes.length() > WHOLE_FILE_SIZE_MAX {
        let message = "the server ignores Range and the file is too large to be held whole: \
                       serve it from a server that honours Range, or as a folder";
        return Err(problem(3006, message, src));
    } else {
        Source::Whole {
            bytes: fetched.bytes,
            segments_start,
        }
    };
    Ok((manifest, source))
}

/// Reads the manifest with the browser's own JSON reader, which costs no wasm, and leaves out what
/// `decodable` does; that sees nothing that was not checked.
pub(crate) async fn parse(
    json: &Uint8Array,
    src: &str,
    decodable: &Function,
) -> Result<Manifest, Problem> {
    let not_json = || problem(2001, "FORMAT.md 2.1: the manifest is no JSON", src);
    let text = String::from_utf8(json.to_vec()).map_err(|_| not_json())?;
    let value = js_sys::JSON::parse(&text).map_err(|_| not_json())?;
    let read = |value: &JsValue| {
        Manifest::read(|| Reader(value.clone())).map_err(|error| refused(&error, src))
    };
    let whole = read(&value)?;
    let promise = decodable.call1(&JsValue::NULL, &value);
    let promise = promise.map(|promise| JsFuture::from(Promise::resolve(&promise)));
    match promise {
        Ok(promise) => match promise.await {
            Ok(part) if part != value => read(&part),
            // What could not be asked about is tried, and then fails.
            _ => Ok(whole),
        },
        Err(_) => Ok(whole),
    }
}

fn refused(error: &PackError, src: &str) -> Problem {
    let code = match error {
        PackError::Truncated { .. } | PackError::Malformed { .. } => 2001,
        PackError::WrongHash { .. } => 2002,
        PackError::Unsupported(_) => 2004,
    };
    problem(code, &error.to_string(), src)
}

/// A manifest that is to be fetched.
pub(crate) fn manifest_at(url: &str, range: Option<ByteRange>) -> Wanted {
    Wanted {
        url: url.to_owned(),
        range,
        is_anew: false,
        of_type: RequestType::Manifest,
        track: None,
        figures: Figures {
            is_urgent: true,
            ..Figures::default()
        },
    }
}

/// Fetches, and tries again where that may help.
async fn fetch_patiently(
    url: &str,
    range: Option<ByteRange>,
    requests: &Requests,
    abort: &Abort,
) -> Result<Fetched, Problem> {
    let wanted = manifest_at(url, range);
    let mut pause = FIRST_PAUSE;
    let mut tried = 1;
    loop {
        let reason = match requests.fetch(&wanted, abort).await {
            Ok(fetched) => return Ok(fetched),
            Err(reason) => reason,
        };
        let may_heal = !matches!(
            reason,
            FailReason::Http {
                status: 400..500,
                ..
            }
        );
        if tried == TRY_COUNT || !may_heal {
            return Err(network_problem(reason, url));
        }
        let asked = match reason {
            FailReason::Http {
                retry_after: Some(span),
                ..
            } => span,
            _ => pause,
        };
        js::sleep(asked).await;
        pause = pause * 2.0;
        tried += 1;
    }
}

fn network_problem(reason: FailReason, url: &str) -> Problem {
    match reason {
        FailReason::Http { status, .. } => {
            let message = format!("the server answered {status} for the pack: check `src`");
            let mut problem = problem(1000 + u32::from(status), &message, url);
            problem.http_status = Some(status);
            problem
        }
        FailReason::Timeout => problem(1002, "the server did not answer in time", url),
        FailReason::Unsigned => problem(7003, convert::UNSIGNED, url),
        _ => problem(
            1001,
            "no network, or the server allows no cross-origin request",
            url,
        ),
    }
}

/// A fatal problem with what is at `url`, whose query may hold secrets and is left out.
pub(crate) fn problem(code: u32, message: &str, url: &str) -> Problem {
    Problem {
        code,
        is_fatal: true,
        message: message.to_owned(),
        url: url.split(['?', '#']).next().map(str::to_owned),
        http_status: None,
    }
}

#[cfg(test)]
mod tests {
    //! Goal: what is no pack is refused with the right number, before anything of it is used.
    //! Method: manifests behind `blob:` addresses, and one that is nowhere.

    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    fn plain() -> Requests {
        Requests::new(Function::new_no_args(""))
    }

    async fn open_text(text: &str) -> Result<Manifest, Problem> {
        let parts = js_sys::Array::of1(&JsValue::from_str(text));
        let blob = web_sys::Blob::new_with_str_sequence(&parts).unwrap();
        let url = web_sys::Url::create_object_url_with_blob(&blob).unwrap();
        let all = Function::new_with_args("manifest", "return Promise.resolve(manifest)");
        let opened = open(&url, &plain(), &Abort::default(), &all).await;
        opened.map(|(manifest, _)| manifest)
    }

    async fn code_of(text: &str) -> u32 {
        open_text(text).await.expect_err(text).code
    }

    #[wasm_bindgen_test]
    async fn bad_manifests_are_refused() {
        assert_eq!(code_of("no json").await, 2001);
        assert_eq!(code_of("{}").await, 2001);
        assert_eq!(code_of(r#"{"format":"touchline","version":2}"#).await, 2004);
        let critical = r#"{"format":"touchline","version":1,"critical":["holograms"]}"#;
        assert!(
            open_text(critical)
                .await
                .unwrap_err()
                .message
                .contains("holograms")
        );
        assert_eq!(code_of(r#"{"format":"touchline","version":1}"#).await, 2001);
    }

    #[wasm_bindgen_test]
    async fn a_good_manifest_is_read() {
        let hash = "0".repeat(64);
        let text = format!(
            r#"{{"format":"touchline","version":1,"id":"a","frameCount":1,
            "frameRate":{{"numerator":25,"denominator":1}},
            "bounds":{{"lo":[0,0,0],"hi":[1,1,1]}},
            "tracks":[{{"id":"t","kind":"points","role":"subject","layers":[{{"codec":"oct2",
            "segments":[{{"firstFrame":0,"frameCount":1,"url":"a.seg","size":9,
            "sha256":"{hash}"}}]}}]}}]}}"#
        );
        assert_eq!(
            open_text(&text).await.unwrap().tracks[0].layers[0].size(),
            9
        );
    }

    #[wasm_bindgen_test]
    async fn what_is_nowhere_is_said_to_be() {
        let here = js_sys::Reflect::get(&js_sys::global(), &"location".into()).unwrap();
        let here = js_sys::Reflect::get(&here, &"href".into())
            .unwrap()
            .as_string()
            .unwrap();
        let url = resolve("/no/such/pack/?token=secret", &here).unwrap();
        let all = Function::new_no_args("");
        let problem = open(&url, &plain(), &Abort::default(), &all)
            .await
            .unwrap_err();
        assert_eq!((problem.code, problem.http_status), (1404, Some(404)));
        assert!(!problem.url.unwrap().contains("secret"));
    }

    #[wasm_bindgen_test]
    fn only_the_webs_own_addresses_are_followed() {
        let base = "https://cdn.example/match/manifest.json";
        assert_eq!(
            resolve("a/b.seg", base).unwrap(),
            "https://cdn.example/match/a/b.seg"
        );
        for relative in [
            "javascript:alert(1)",
            "data:,x",
            "file:///etc/passwd",
            "blob:x",
        ] {
            assert_eq!(resolve(relative, base), None, "{relative}");
        }
    }
}
