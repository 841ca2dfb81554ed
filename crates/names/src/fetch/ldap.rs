//! Leases from a directory over LDAP (RFC 4511), in pages (RFC 2696).

use std::sync::Arc;
use std::time::Duration;

use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, Scope, SearchEntry};
use zeroize::Zeroizing;

use super::{FetchError, chain, trust};
use crate::format::ldap::{Entry, lease_of};
use crate::lease::{Gathered, Parsed};
use crate::source::Source;

/// For one step of the conversation, and for all of it.
const STEP: Duration = Duration::from_secs(20);
const WHOLE: Duration = Duration::from_secs(300);
/// Entries of a page, and in all.
const PAGE: i32 = 500;
const MOST: u64 = 1_000_000;

/// Reads all leases of the directory.
///
/// # Errors
/// Where it cannot be reached, refuses, or answers nonsense.
pub async fn leases(source: &Source, secret: Option<&Zeroizing<String>>) -> Result<Parsed, FetchError> {
    let (name, of, secret) = (source.address.clone(), source.clone(), secret.cloned());
    // In a task of its own: the library gives up on some malformed answers by a panic, which must end
    // this run and nothing else.
    let mut run = tokio::spawn(async move { read(&of, secret.as_ref()).await });
    match tokio::time::timeout(WHOLE, &mut run).await {
        Ok(Ok(read)) => read,
        Ok(Err(_)) => {
            Err(FetchError::Answer { server: name, reason: "its answer cannot be read".to_owned() })
        }
        Err(_) => {
            run.abort();
            Err(FetchError::Silent { server: name, seconds: WHOLE.as_secs() })
        }
    }
}

async fn read(source: &Source, secret: Option<&Zeroizing<String>>) -> Result<Parsed, FetchError> {
    let server = source.address.as_str();
    let unreachable = |error: ldap3::LdapError| FetchError::Unreachable {
        server: server.to_owned(),
        reason: chain(&error),
    };
    let answer =
        |error: ldap3::LdapError| FetchError::Answer { server: server.to_owned(), reason: chain(&error) };
    let settings = LdapConnSettings::new()
        .set_conn_timeout(STEP)
        .set_starttls(source.settings.starttls)
        .set_config(Arc::new(trust::client(source.settings.ca.as_deref())?));
    let (connection, mut ldap) = LdapConnAsync::with_settings(settings, server).await.map_err(unreachable)?;
    let driver = tokio::spawn(async move {
        if let Err(error) = connection.drive().await {
            tracing::debug!(%error, "the directory's connection ended");
        }
    });
    let read = conversation(source, secret, &mut ldap).await.map_err(answer);
    let _ = ldap.unbind().await;
    driver.abort();
    read
}

async fn conversation(
    source: &Source,
    secret: Option<&Zeroizing<String>>,
    ldap: &mut Ldap,
) -> Result<Parsed, ldap3::LdapError> {
    if let (Some(dn), Some(secret)) = (&source.settings.bind_dn, secret) {
        ldap.with_timeout(STEP).simple_bind(dn, secret).await?.success()?;
    }
    let names = source.attributes();
    let wanted: Vec<String> = names.wanted().into_iter().map(str::to_owned).collect();
    let filter = source.settings.filter.as_deref().unwrap_or("(objectClass=dhcpLeases)");
    let base = source.settings.base.as_deref().unwrap_or_default();
    let adapters: Vec<Box<dyn Adapter<String, Vec<String>>>> =
        vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(PAGE))];
    let mut search =
        ldap.with_timeout(STEP).streaming_search_with(adapters, base, Scope::Subtree, filter, wanted).await?;
    let mut gathered = Gathered::default();
    let mut count = 0;
    while let Some(entry) = search.next().await? {
        count += 1;
        if count > MOST {
            gathered.drop_row(count, format!("more than {MOST} entries are not read"));
            break;
        }
        let entry = SearchEntry::construct(entry);
        let dn: String = entry.dn.chars().take(200).collect();
        let text = entry.attrs.into_iter().map(|(name, values)| {
            (name.to_lowercase(), values.into_iter().map(String::into_bytes).collect::<Vec<_>>())
        });
        let binary = entry.bin_attrs.into_iter().map(|(name, values)| (name.to_lowercase(), values));
        // An attribute some of whose values are no text stands in both; its octets count.
        let entry: Entry = text.chain(binary).collect();
        match lease_of(&entry, &names) {
            Ok((lease, odd)) => {
                odd.into_iter().for_each(|reason| gathered.drop_row(count, format!("{dn}: {reason}")));
                gathered.put(lease);
            }
            Err(reason) => gathered.drop_row(count, format!("{dn}: {reason}")),
        }
    }
    search.finish().await.success()?;
    Ok(gathered.finish())
}
