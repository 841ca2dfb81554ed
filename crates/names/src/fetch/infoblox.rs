//! Leases from Infoblox over HTTPS (WAPI), in pages.

use std::time::Duration;

use reqwest::redirect::Policy;
use zeroize::Zeroizing;

use super::{FetchError, chain, trust};
use crate::format::infoblox::{FIELDS, page};
use crate::lease::{Gathered, Parsed};
use crate::source::Source;

const TIMEOUT: Duration = Duration::from_secs(60);
/// Leases of a page (WAPI allows at most 1,000), and pages in all.
const PAGE: &str = "1000";
const MOST_PAGES: usize = 2_000;
/// Octets of a page.
const LARGEST: usize = 16 << 20;

/// Reads all leases of the grid.
///
/// # Errors
/// Where it cannot be reached, refuses, or answers nonsense.
pub async fn leases(source: &Source, secret: &Zeroizing<String>) -> Result<Parsed, FetchError> {
    let server = source.address.trim_end_matches('/');
    let unreachable =
        |error: &reqwest::Error| FetchError::Unreachable { server: server.to_owned(), reason: chain(error) };
    let answer = |reason: String| FetchError::Answer { server: server.to_owned(), reason };
    // Redirects are not followed: the password is for this server.
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(trust::client(source.settings.ca.as_deref())?)
        .https_only(true)
        .redirect(Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .timeout(TIMEOUT)
        .build()
        .map_err(|error| unreachable(&error))?;
    let url = format!("{server}/wapi/v{}/lease", source.wapi_version());
    let user = source.settings.user.as_deref().unwrap_or_default();
    let mut gathered = Gathered::default();
    let (mut next, mut first) = (None::<String>, 1);
    for _ in 0..MOST_PAGES {
        let mut query = vec![("_paging", "1"), ("_return_as_object", "1"), ("_max_results", PAGE)];
        match &next {
            Some(id) => query.push(("_page_id", id)),
            None => query.push(("_return_fields", FIELDS)),
        }
        let sent = client.get(&url).basic_auth(user, Some(secret.as_str())).query(&query).send().await;
        let mut response = sent.map_err(|error| unreachable(&error.without_url()))?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error.without_url()))? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST {
                return Err(answer("a page is too large".to_owned()));
            }
        }
        if status.as_u16() == 401 || status.as_u16() == 403 {
            return Err(answer(format!("it refuses the user ({})", status.as_u16())));
        }
        let page = page(&body, first).map_err(|reason| match status.is_success() {
            true => answer(reason),
            false => answer(format!("status {}: {reason}", status.as_u16())),
        })?;
        if !status.is_success() {
            return Err(answer(format!("status {}", status.as_u16())));
        }
        first += page.objects;
        page.dropped.into_iter().for_each(|row| gathered.drop_row(row.line, row.reason));
        page.leases.into_iter().for_each(|lease| gathered.put(lease));
        match page.next {
            None => return Ok(gathered.finish()),
            Some(id) if next.as_ref() == Some(&id) => {
                return Err(answer("it gives the same page again".to_owned()));
            }
            Some(id) => next = Some(id),
        }
    }
    Err(answer("it has too many pages".to_owned()))
}
