//! Style, scripts and vendored files, under addresses that change with their content.
//!
//! These, and nothing else, are sent compressed: they are the same for everybody. A page holds the proof that
//! its forms carry beside words of its address, and the length of the two compressed together would tell the
//! one who chooses the words how much of the proof they have guessed (BREACH).

use std::io::Write as _;
use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// A file that browsers load.
#[derive(Debug)]
struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static [u8],
    address: OnceLock<String>,
    /// By gzip (RFC 1952), made when it is first asked for.
    compressed: OnceLock<Vec<u8>>,
}

impl Asset {
    const fn new(name: &'static str, kind: &'static str, content: &'static [u8]) -> Self {
        Self { name, kind, content, address: OnceLock::new(), compressed: OnceLock::new() }
    }

    fn address(&self) -> &str {
        self.address.get_or_init(|| {
            let digest = Sha256::digest(self.content);
            let hash: String = digest.iter().take(6).map(|octet| format!("{octet:02x}")).collect();
            format!("/assets/{hash}/{}", self.name)
        })
    }

    /// What browsers get that accept gzip; the content itself where it could not be made.
    fn compressed(&self) -> Option<&[u8]> {
        let made = self.compressed.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(self.content).and_then(|()| encoder.finish()).unwrap_or_default()
        });
        Some(made.as_slice()).filter(|made| !made.is_empty() && made.len() < self.content.len())
    }
}

const SCRIPTS: &str = "text/javascript";

static STYLE: Asset = Asset::new("console.css", "text/css", include_bytes!("../../assets/console.css"));
static SCRIPT: Asset = Asset::new("console.js", SCRIPTS, include_bytes!("../../assets/console.js"));
static TOPOLOGY: Asset = Asset::new("topology.js", SCRIPTS, include_bytes!("../../assets/topology.js"));
static PASSKEY: Asset = Asset::new("passkey.js", SCRIPTS, include_bytes!("../../assets/passkey.js"));
static ICON: Asset = Asset::new("icon.svg", "image/svg+xml", include_bytes!("../../assets/icon.svg"));
static HTMX: Asset =
    Asset::new("htmx.js", SCRIPTS, include_bytes!("../../../../third-party/htmx/htmx.min.js"));
static ECHARTS: Asset =
    Asset::new("echarts.js", SCRIPTS, include_bytes!("../../../../third-party/echarts/echarts.min.js"));

static ASSETS: [&Asset; 7] = [&STYLE, &SCRIPT, &TOPOLOGY, &PASSKEY, &ICON, &HTMX, &ECHARTS];

/// Where pages find them.
#[derive(Debug)]
pub(super) struct Addresses {
    pub(super) style: &'static str,
    pub(super) script: &'static str,
    pub(super) htmx: &'static str,
    pub(super) icon: &'static str,
    /// Only for pages that draw with it.
    pub(super) echarts: &'static str,
    pub(super) topology: &'static str,
    /// Only for pages that ask authenticators.
    pub(super) passkey: &'static str,
}

pub(super) fn addresses() -> &'static Addresses {
    static ADDRESSES: OnceLock<Addresses> = OnceLock::new();
    ADDRESSES.get_or_init(|| Addresses {
        style: STYLE.address(),
        script: SCRIPT.address(),
        htmx: HTMX.address(),
        icon: ICON.address(),
        echarts: ECHARTS.address(),
        topology: TOPOLOGY.address(),
        passkey: PASSKEY.address(),
    })
}

/// A file, to be kept for good: another content has another address.
pub(super) async fn serve(Path((hashed, name)): Path<(String, String)>, asked: HeaderMap) -> Response {
    let address = format!("/assets/{hashed}/{name}");
    let Some(asset) = ASSETS.into_iter().find(|asset| asset.name == name && asset.address() == address)
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, format!("{}; charset=utf-8", asset.kind)),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
        (header::VARY, "Accept-Encoding".to_owned()),
    ];
    if accepts_gzip(&asked) {
        // The largest takes a tenth of a second, once.
        let compressed = tokio::task::spawn_blocking(move || asset.compressed()).await;
        if let Ok(Some(compressed)) = compressed {
            return (headers, [(header::CONTENT_ENCODING, "gzip")], compressed).into_response();
        }
    }
    (headers, asset.content).into_response()
}

/// True where the browser takes gzip (RFC 9110, section 12.5.3).
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).unwrap_or("1");
        is_gzip && weight.parse::<f32>().is_ok_and(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use axum::http::HeaderValue;
    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn vendored_files_are_as_they_were_published() {
        let list = include_str!("../../../../third-party/README.md");
        for asset in [&HTMX, &ECHARTS] {
            let digest = Sha256::digest(asset.content);
            let sum: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
            assert!(list.contains(&sum), "{} is not the file of third-party/README.md", asset.name);
        }
    }

    #[test]
    fn what_is_sent_compressed_is_the_same() {
        for asset in ASSETS {
            let Some(compressed) = asset.compressed() else { continue };
            let mut content = Vec::new();
            GzDecoder::new(compressed).read_to_end(&mut content).unwrap();
            assert!(content == asset.content, "{}", asset.name);
        }
        assert!(ECHARTS.compressed().unwrap().len() < 400 << 10);
    }

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        for (accepted, gzip) in [
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.0, br", false),
            ("br", false),
            ("identity", false),
            ("gzip;q=x", false),
        ] {
            let headers =
                [(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted))].into_iter().collect();
            assert_eq!(accepts_gzip(&headers), gzip, "{accepted}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
