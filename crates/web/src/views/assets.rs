//! Style, script and vendored files, under addresses that change with their content.

use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// A file that browsers load.
struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static [u8],
}

const STYLE: Asset =
    Asset { name: "console.css", kind: "text/css", content: include_bytes!("../../assets/console.css") };
const SCRIPT: Asset =
    Asset { name: "console.js", kind: "text/javascript", content: include_bytes!("../../assets/console.js") };
const HTMX: Asset = Asset {
    name: "htmx.js",
    kind: "text/javascript",
    content: include_bytes!("../../../../third-party/htmx/htmx.min.js"),
};
const ICON: Asset =
    Asset { name: "icon.svg", kind: "image/svg+xml", content: include_bytes!("../../assets/icon.svg") };

const ASSETS: [&Asset; 4] = [&STYLE, &SCRIPT, &HTMX, &ICON];

/// Where pages find them.
#[derive(Debug)]
pub(super) struct Addresses {
    pub(super) style: String,
    pub(super) script: String,
    pub(super) htmx: String,
    pub(super) icon: String,
}

pub(super) fn addresses() -> &'static Addresses {
    static ADDRESSES: OnceLock<Addresses> = OnceLock::new();
    ADDRESSES.get_or_init(|| Addresses {
        style: address(&STYLE),
        script: address(&SCRIPT),
        htmx: address(&HTMX),
        icon: address(&ICON),
    })
}

fn address(asset: &Asset) -> String {
    format!("/assets/{}/{}", hash(asset), asset.name)
}

fn hash(asset: &Asset) -> String {
    Sha256::digest(asset.content).iter().take(6).map(|octet| format!("{octet:02x}")).collect()
}

/// A file, to be kept for good: another content has another address.
pub(super) async fn serve(Path((hashed, name)): Path<(String, String)>) -> Response {
    let Some(asset) = ASSETS.into_iter().find(|asset| asset.name == name && hash(asset) == hashed) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = format!("{}; charset=utf-8", asset.kind);
    let kept = "public, max-age=31536000, immutable".to_owned();
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, kept)], asset.content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendored_files_are_as_they_were_published() {
        let list = include_str!("../../../../third-party/README.md");
        let sum: String = Sha256::digest(HTMX.content).iter().map(|octet| format!("{octet:02x}")).collect();
        assert!(list.contains(&sum), "htmx.min.js is not the file of third-party/README.md");
    }
}
