//! `touchline serve`: a development server that treats packs as a good CDN would.
//!
//! Ranges, entity tags and `HEAD` come from actix-files; what is added here are the headers that
//! let another origin's page read them, content types, and how long a browser may keep a file.

use std::path::Path;

use actix_cors::Cors;
use actix_files::Files;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{App, HttpServer};
use anyhow::{Context, Result, bail, ensure};

use crate::args::ServeArgs;

/// Serves a folder until Ctrl-C. The first line on the standard output is the URL.
///
/// # Errors
/// If there is no such folder or the port is taken.
pub fn serve(args: &ServeArgs) -> Result<()> {
    let folder = &args.folder;
    ensure!(
        folder.is_dir(),
        "there is no such folder ({})",
        folder.display()
    );
    actix_web::rt::System::new().block_on(run(args))
}

async fn run(args: &ServeArgs) -> Result<()> {
    let folder = args.folder.clone();
    let server = HttpServer::new(move || app(&folder));
    let address = (args.host.as_str(), args.port);
    let server = match server.bind(address) {
        Ok(server) => server,
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => bail!(
            "port {} is taken: stop what listens there, say `--port {}`, or `--port 0` for a \
             free one",
            args.port,
            args.port.checked_add(1).unwrap_or(8080),
        ),
        Err(error) => {
            return Err(error).with_context(|| format!("{}:{}", args.host, args.port));
        }
    };
    for address in server.addrs() {
        println!("http://{address}/");
    }
    eprintln!("serving {} until Ctrl-C", args.folder.display());
    // Players hold connections open: let running answers end, but do not wait for idle ones.
    server
        .shutdown_timeout(2)
        .run()
        .await
        .context("the server stopped")
}

/// The files of `folder` behind the headers.
fn app(
    folder: &Path,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = actix_web::Error,
        InitError = (),
    > + use<>,
> {
    let cors = Cors::default()
        .allow_any_origin()
        .send_wildcard()
        .allowed_methods(["GET", "HEAD"])
        .allow_any_header()
        .expose_headers([
            header::ACCEPT_RANGES,
            header::CONTENT_LENGTH,
            header::CONTENT_RANGE,
            header::ETAG,
        ])
        .max_age(86_400);
    let files = Files::new("/", folder)
        .index_file("index.html")
        .prefer_utf8(true)
        .disable_content_disposition();
    App::new()
        .wrap_fn(|request, service| {
            let path = request.path().to_owned();
            let response = service.call(request);
            async move {
                let mut response = response.await?;
                add_headers(&path, &mut response);
                Ok(response)
            }
        })
        .wrap(cors)
        .service(files)
}

/// What another origin's page and the browser's cache need to know.
fn add_headers<B>(path: &str, response: &mut ServiceResponse<B>) {
    let is_file = response.status().is_success() || response.status().as_u16() == 304;
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &'static str| {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    };
    // Also where no `Origin` came with the request: the answer may be kept for one that has it.
    set("access-control-allow-origin", "*");
    set("cross-origin-resource-policy", "cross-origin");
    set("timing-allow-origin", "*");
    set("x-content-type-options", "nosniff");
    let may_keep = is_file && has_hash(path);
    set(
        "cache-control",
        if may_keep {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        },
    );
    if let Some(content_type) = content_type(path).filter(|_| is_file) {
        set("content-type", content_type);
    }
}

/// The content types that servers get wrong.
fn content_type(path: &str) -> Option<&'static str> {
    let extension = Path::new(path).extension()?.to_str()?;
    Some(match extension {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "wasm" => "application/wasm",
        "m3u8" => "application/vnd.apple.mpegurl",
        "ts" => "video/mp2t",
        "m4s" | "mp4" => "video/mp4",
        "touchline" | "seg" => "application/octet-stream",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "webp" => "image/webp",
        _ => return None,
    })
}

/// Whether a file's name ends in a hash of its content, as `mesh-0003-1a2b3c4d.seg`: 8 or more
/// lower-case hexadecimal digits, one of them a figure, so that `defaced` stays a word.
fn has_hash(path: &str) -> bool {
    let stem = Path::new(path)
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    let Some((_, last)) = stem.rsplit_once(['-', '.']) else {
        return false;
    };
    let is_digit = |symbol: char| matches!(symbol, '0'..='9' | 'a'..='f');
    last.len() >= 8 && last.chars().all(is_digit) && last.contains(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    #[test]
    fn packs_are_served_as_by_a_good_cdn() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        for name in ["index.html", "a/mesh-0000-1a2b3c4d.seg", "live.m3u8"] {
            std::fs::write(folder.path().join(name), "0123456789").unwrap();
        }
        actix_web::rt::System::new().block_on(async {
            let service = init_service(app(folder.path())).await;
            let range = TestRequest::get()
                .uri("/a/mesh-0000-1a2b3c4d.seg")
                .insert_header(("range", "bytes=2-4"))
                .insert_header(("origin", "https://broadcaster.example"));
            let response = call_service(&service, range.to_request()).await;
            assert_eq!(response.status(), 206);
            let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap();
            assert_eq!(header("content-range"), "bytes 2-4/10");
            assert_eq!(header("access-control-allow-origin"), "*");
            assert!(header("access-control-expose-headers").contains("content-range"));
            assert_eq!(
                header("cache-control"),
                "public, max-age=31536000, immutable"
            );
            assert_eq!(header("content-type"), "application/octet-stream");
            let tag = header("etag").to_owned();
            assert_eq!(read_body(response).await, "234");

            let again = TestRequest::get()
                .uri("/a/mesh-0000-1a2b3c4d.seg")
                .insert_header(("if-none-match", tag));
            assert_eq!(
                call_service(&service, again.to_request()).await.status(),
                304
            );

            let playlist = TestRequest::get().uri("/live.m3u8").to_request();
            let response = call_service(&service, playlist).await;
            let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap();
            assert_eq!(header("content-type"), "application/vnd.apple.mpegurl");
            assert_eq!(header("cache-control"), "no-cache");

            let index = TestRequest::get().uri("/").to_request();
            let response = call_service(&service, index).await;
            let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap();
            assert!(response.status().is_success());
            assert_eq!(header("content-type"), "text/html; charset=utf-8");
            let missing = TestRequest::get().uri("/none").to_request();
            assert_eq!(call_service(&service, missing).await.status(), 404);
        });
    }

    #[test]
    fn hashes_are_told_from_words() {
        for kept in [
            "/a/points-0003-1a2b3c4d.seg",
            "/assets/engine-00112233aabb.wasm",
        ] {
            assert!(has_hash(kept), "{kept}");
        }
        for fresh in [
            "/index.html",
            "/manifest.json",
            "/effaced-feedface.js",
            "/a-1234.seg",
            "/x-0003.seg",
        ] {
            assert!(!has_hash(fresh), "{fresh}");
        }
    }
}
