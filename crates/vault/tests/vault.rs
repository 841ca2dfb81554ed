//! Each guard of the vault, and rotation without loss.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use netwarden_model::CredentialId;
use netwarden_store::testing::TestStore;
use netwarden_store::{Store, StoreError, execute, query_all, query_one, values};
use netwarden_vault::{KeyOwner, MIGRATIONS, Vault, VaultConfig, VaultError, verify};

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

struct Place {
    test: TestStore,
    keys: tempfile::TempDir,
}

impl Place {
    async fn new() -> Self {
        Self { test: TestStore::sqlite(&[MIGRATIONS]).await.unwrap(), keys: tempfile::tempdir().unwrap() }
    }

    fn store(&self) -> Store {
        self.test.store.clone()
    }

    fn key_file(&self) -> PathBuf {
        self.keys.path().join("deep/netwarden.key")
    }

    fn config(&self) -> VaultConfig {
        VaultConfig {
            key_file: self.key_file(),
            data_folder: Some(self.test.folder().into()),
            credential: None,
        }
    }

    async fn unlock(&self) -> Result<Vault, VaultError> {
        Vault::unlock(self.store(), self.config(), now()).await
    }

    async fn damage(&self, sql: &'static str) {
        let changed: Result<u64, StoreError> =
            self.store().write(move |tx| Box::pin(async move { execute(tx, sql, []).await })).await;
        assert!(changed.unwrap() > 0);
    }
}

async fn create(vault: &Vault, store: &Store, name: &str, secret: &str) -> Result<CredentialId, VaultError> {
    let (vault, name, secret) = (vault.clone(), name.to_owned(), secret.to_owned());
    store
        .write(move |tx| {
            Box::pin(
                async move { vault.create_credential(tx, &name, "snmpv3", secret.as_bytes(), now()).await },
            )
        })
        .await
}

async fn secret(vault: &Vault, id: CredentialId) -> String {
    String::from_utf8(vault.credential_secret(id).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn secrets_survive_a_restart_and_are_nowhere_in_clear() {
    let place = Place::new().await;
    let vault = place.unlock().await.unwrap();
    let id = create(&vault, &place.store(), "core", "MARKER-secret-password").await.unwrap();
    let mode = std::fs::metadata(place.key_file()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    drop(vault);
    let vault = place.unlock().await.unwrap();
    assert_eq!(secret(&vault, id).await, "MARKER-secret-password");
    for entry in std::fs::read_dir(place.test.folder()).unwrap() {
        let content = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!content.windows(6).any(|window| window == b"MARKER"));
    }
    assert!(!format!("{vault:?}").contains("MARKER"));
}

#[tokio::test]
async fn a_key_file_that_others_may_read_is_refused() {
    let place = Place::new().await;
    place.unlock().await.unwrap();
    for mode in [0o640, 0o604, 0o660, 0o601] {
        std::fs::set_permissions(place.key_file(), std::fs::Permissions::from_mode(mode)).unwrap();
        let refused = place.unlock().await.unwrap_err();
        assert!(matches!(refused, VaultError::Exposed { .. }), "{mode:o}: {refused:?}");
        assert!(refused.to_string().contains("only its owner"), "{refused}");
    }
    for mode in [0o600, 0o400] {
        std::fs::set_permissions(place.key_file(), std::fs::Permissions::from_mode(mode)).unwrap();
        place.unlock().await.unwrap();
    }
}

#[tokio::test]
async fn a_key_file_in_the_data_folder_is_refused() {
    let place = Place::new().await;
    let config = VaultConfig { key_file: place.test.folder().join("key"), ..place.config() };
    let refused = Vault::unlock(place.store(), config.clone(), now()).await;
    assert!(matches!(refused, Err(VaultError::KeyFileInside { .. })), "{refused:?}");
    assert!(!config.key_file.exists());
}

#[tokio::test]
async fn a_missing_or_wrong_component_opens_nothing() {
    let place = Place::new().await;
    place.unlock().await.unwrap();
    // A key file of another installation, of the same generation.
    let other = Place::new().await;
    other.unlock().await.unwrap();
    let own = std::fs::read(place.key_file()).unwrap();
    replace(&place.key_file(), &std::fs::read(other.key_file()).unwrap());
    assert!(matches!(place.unlock().await, Err(VaultError::WrongComponents)));
    replace(&place.key_file(), b"rubbish");
    assert!(matches!(place.unlock().await, Err(VaultError::KeyFileMalformed(_))));
    std::fs::remove_file(place.key_file()).unwrap();
    assert!(matches!(place.unlock().await, Err(VaultError::KeyFileMissing(_))));
    assert!(!place.key_file().exists(), "a key file was made although there are keys");
    replace(&place.key_file(), &own);
    place.unlock().await.unwrap();
    // A row of another database.
    place.damage("UPDATE vault_root SET component = zeroblob(32)").await;
    assert!(matches!(place.unlock().await, Err(VaultError::WrongComponents)));
    place.damage("UPDATE vault_root SET iterations = 1").await;
    assert!(matches!(place.unlock().await, Err(VaultError::WeakParameters)));
}

fn replace(path: &Path, content: &[u8]) {
    let _ = std::fs::remove_file(path);
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn a_systemd_credential_is_a_component_once_rotated_in() {
    let place = Place::new().await;
    let credential = place.keys.path().join("credential");
    std::fs::write(&credential, "from systemd").unwrap();
    let with = VaultConfig { credential: Some(credential.clone()), ..place.config() };
    let vault = place.unlock().await.unwrap();
    let id = create(&vault, &place.store(), "core", "s").await.unwrap();
    // Passed later: it does not count until the root key is rotated.
    let vault = Vault::unlock(place.store(), with.clone(), now()).await.unwrap();
    vault.rotate_root(now()).await.unwrap();
    assert!(matches!(place.unlock().await, Err(VaultError::CredentialMissing)));
    let vault = Vault::unlock(place.store(), with.clone(), now()).await.unwrap();
    assert_eq!(secret(&vault, id).await, "s");
    std::fs::write(&credential, "from elsewhere").unwrap();
    let refused = Vault::unlock(place.store(), with, now()).await;
    assert!(matches!(refused, Err(VaultError::WrongComponents)), "{refused:?}");
}

#[tokio::test]
async fn altered_or_moved_secrets_are_refused() {
    let place = Place::new().await;
    let vault = place.unlock().await.unwrap();
    let one = create(&vault, &place.store(), "one", "first").await.unwrap();
    let two = create(&vault, &place.store(), "two", "second").await.unwrap();
    place
        .damage("UPDATE vault_credentials SET sealed = (SELECT sealed FROM vault_credentials WHERE name = 'one') WHERE name = 'two'")
        .await;
    assert_eq!(secret(&vault, one).await, "first");
    let moved = vault.credential_secret(two).await;
    assert!(matches!(moved, Err(VaultError::Altered { .. })), "a secret moved to another row opened");
    place.damage("UPDATE vault_credentials SET sealed = X'0100000001'").await;
    assert!(matches!(vault.credential_secret(one).await, Err(VaultError::NotSealed)));
    place.damage("UPDATE vault_credentials SET sealed = X'01000000FF0102030405060708090A0B0C0D'").await;
    assert!(matches!(vault.credential_secret(one).await, Err(VaultError::UnknownKey(255))));
    let sealed = vault.seal("token", b"row 7", b"x").unwrap();
    assert!(vault.open("token", b"row 8", &sealed).is_err());
    assert!(vault.open("cookie", b"row 7", &sealed).is_err());
    assert_eq!(vault.open("token", b"row 7", &sealed).unwrap().as_slice(), b"x");
}

/// Seals everything anew, two values at a time; those that cannot be opened.
async fn reseal_all(vault: &Vault) -> Vec<String> {
    let (mut place, mut unreadable) = (Some(netwarden_vault::Place::default()), Vec::new());
    while let Some(from) = place.take() {
        let resealed = vault.reseal_some(from, 2).await.unwrap();
        unreadable.extend(resealed.unreadable);
        place = resealed.next;
    }
    unreadable
}

// proves: SEC-05
#[tokio::test]
async fn what_cannot_be_opened_is_told_and_holds_up_nothing() {
    let place = Place::new().await;
    let vault = place.unlock().await.unwrap();
    for n in 0..5 {
        create(&vault, &place.store(), &format!("set {n}"), "s").await.unwrap();
    }
    place.damage("UPDATE vault_credentials SET sealed = substr(sealed, 1, 20) WHERE id = 3").await;
    vault.rotate_working(now()).await.unwrap();
    assert_eq!(reseal_all(&vault).await, ["credential 3"]);
    assert_eq!(vault.sealed_before().await.unwrap(), 1);
    assert_eq!(secret(&vault, CredentialId(5)).await, "s");
}

// proves: SEC-05
#[tokio::test]
async fn both_layers_rotate_without_loss() {
    for test in TestStore::all(&[MIGRATIONS]).await.unwrap() {
        let place = Place { test, keys: tempfile::tempdir().unwrap() };
        let vault = place.unlock().await.unwrap();
        let id = create(&vault, &place.store(), "core", "kept").await.unwrap();
        let public = vault.signing_key("checkpoint", now()).await.unwrap().public_key();
        let elsewhere = vault.seal("token", b"1", b"sealed by another crate").unwrap();
        let stored = async || {
            let sql = "SELECT sealed FROM vault_credentials UNION ALL SELECT sealed FROM vault_secrets \
                       UNION ALL SELECT wrapped FROM vault_keys WHERE id = 1";
            let rows = query_all(place.test.store.read(), sql, []).await.unwrap();
            rows.iter().map(|row| row.try_get_by_index::<Vec<u8>>(0).unwrap()).collect::<Vec<_>>()
        };
        let first = stored().await;
        let first_file = std::fs::read(place.key_file()).unwrap();

        vault.rotate_working(now()).await.unwrap();
        // Before anything is sealed anew everything opens; a crash in between loses nothing.
        assert_eq!(vault.sealed_before().await.unwrap(), 2);
        let begun = vault.reseal_some(netwarden_vault::Place::default(), 1).await.unwrap();
        assert_eq!((begun.done, begun.unreadable.len()), (1, 0));
        let after_crash = place.unlock().await.unwrap();
        assert_eq!(after_crash.sealed_before().await.unwrap(), 1);
        assert_eq!(secret(&after_crash, id).await, "kept");
        reseal_all(&after_crash).await;
        assert_eq!(vault.sealed_before().await.unwrap(), 0);
        let second = stored().await;
        assert!(second[0] != first[0] && second[1] != first[1], "secrets were not sealed anew");
        vault.rotate_root(now()).await.unwrap();
        assert_ne!(std::fs::read(place.key_file()).unwrap(), first_file);
        assert_ne!(stored().await[2], first[2], "working keys were not wrapped anew");
        vault.rotate_working(now()).await.unwrap();
        reseal_all(&vault).await;

        let again = place.unlock().await.unwrap();
        for vault in [&vault, &again] {
            assert_eq!(secret(vault, id).await, "kept");
            assert_eq!(vault.signing_key("checkpoint", now()).await.unwrap().public_key(), public);
            assert_eq!(vault.open("token", b"1", &elsewhere).unwrap().as_slice(), b"sealed by another crate");
            let resealed = vault.reseal("token", b"1", &elsewhere).unwrap().unwrap();
            assert_ne!(resealed, elsewhere);
            assert_eq!(vault.reseal("token", b"1", &resealed).unwrap(), None);
        }
        // The old key file is of no use any more.
        replace(&place.key_file(), &first_file);
        let refused = place.unlock().await;
        assert!(matches!(refused, Err(VaultError::Generation { file: 1, database: 2, .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn a_crash_anywhere_in_a_rotation_loses_nothing() {
    let place = Place::new().await;
    let vault = place.unlock().await.unwrap();
    let id = create(&vault, &place.store(), "core", "kept").await.unwrap();
    let next = place.key_file().with_extension("key.next");
    let before = std::fs::read(place.key_file()).unwrap();
    vault.rotate_root(now()).await.unwrap();
    let after = std::fs::read(place.key_file()).unwrap();
    // After the commit, before the rename.
    replace(&place.key_file(), &before);
    replace(&next, &after);
    let vault = place.unlock().await.unwrap();
    assert_eq!(secret(&vault, id).await, "kept");
    assert!(!next.exists());
    assert_eq!(std::fs::read(place.key_file()).unwrap(), after);
    // Before the commit: a next file that the database does not know.
    let unknown = String::from_utf8(after.clone()).unwrap().replace("netwarden-key-1 2", "netwarden-key-1 3");
    replace(&next, unknown.as_bytes());
    assert_eq!(secret(&place.unlock().await.unwrap(), id).await, "kept");
    assert!(!next.exists());
}

#[tokio::test]
async fn credential_sets_are_listed_without_secrets_ordered_renamed_and_deleted() {
    for test in TestStore::all(&[MIGRATIONS]).await.unwrap() {
        let place = Place { test, keys: tempfile::tempdir().unwrap() };
        let store = place.store();
        let vault = place.unlock().await.unwrap();
        let a = create(&vault, &store, "a", "1").await.unwrap();
        let b = create(&vault, &store, "b", "2").await.unwrap();
        let c = create(&vault, &store, "c", "3").await.unwrap();
        assert!(matches!(create(&vault, &store, "b", "4").await, Err(VaultError::NameTaken(_))));
        let inner = vault.clone();
        let changed: Result<(), VaultError> = store
            .write(move |tx| {
                Box::pin(async move {
                    assert!(matches!(inner.order_credentials(tx, &[a, b]).await, Err(VaultError::BadOrder)));
                    assert!(matches!(
                        inner.order_credentials(tx, &[a, b, b, c]).await,
                        Err(VaultError::BadOrder)
                    ));
                    inner.order_credentials(tx, &[c, a, b]).await?;
                    inner.rename_credential(tx, a, "z").await?;
                    inner.change_secret(tx, c, b"33", now()).await?;
                    inner.delete_credential(tx, b).await?;
                    let gone = inner.delete_credential(tx, b).await;
                    assert!(matches!(gone, Err(VaultError::NoSuchCredential(_))));
                    Ok(())
                })
            })
            .await;
        changed.unwrap();
        let listed = vault.credentials().await.unwrap();
        let names: Vec<_> =
            listed.iter().map(|entry| (entry.id, entry.name.as_str(), entry.position)).collect();
        assert_eq!(names, [(c, "c", 1), (a, "z", 2)]);
        assert_eq!(secret(&vault, c).await, "33");
        assert_eq!(vault.credential(a).await.unwrap().kind, "snmpv3");
        assert!(matches!(vault.credential_secret(b).await, Err(VaultError::NoSuchCredential(_))));
    }
}

#[tokio::test]
async fn signatures_verify_with_the_public_key_alone() {
    let place = Place::new().await;
    let vault = place.unlock().await.unwrap();
    let key = vault.signing_key("checkpoint", now()).await.unwrap();
    let signature = key.sign(b"root hash").unwrap();
    assert!(verify(&key.public_key(), b"root hash", &signature));
    assert!(!verify(&key.public_key(), b"root hasH", &signature));
    let other = vault.signing_key("other", now()).await.unwrap();
    assert!(!verify(&other.public_key(), b"root hash", &signature));
    let again = place.unlock().await.unwrap().signing_key("checkpoint", now()).await.unwrap();
    assert_eq!(again.public_key(), key.public_key());
    let cookie = vault.random_secret("cookie", 64, now()).await.unwrap();
    assert_eq!(vault.random_secret("cookie", 64, now()).await.unwrap(), cookie);
    assert!(vault.random_secret("cookie", 32, now()).await.is_err());
    let sql = "SELECT count(*) FROM vault_secrets WHERE purpose <> $1";
    let row = query_one(place.test.store.read(), sql, values!["x"]).await.unwrap().unwrap();
    assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 3);
}

#[tokio::test]
async fn given_secrets_are_replaced_rotated_and_forgotten() {
    let place = Place::new().await;
    let vault = place.unlock().await.unwrap();
    let put = async |secret: &'static [u8]| {
        let inner = vault.clone();
        let stored: Result<(), VaultError> = place
            .store()
            .write(move |tx| {
                Box::pin(async move { inner.put_secret(tx, KeyOwner::SYSTEM, "soc", secret, now()).await })
            })
            .await;
        stored.unwrap();
    };
    assert!(vault.named_secret("soc").await.unwrap().is_none());
    put(b"first").await;
    put(b"second").await;
    vault.rotate_working(now()).await.unwrap();
    let again = place.unlock().await.unwrap();
    assert_eq!(again.named_secret("soc").await.unwrap().unwrap().as_slice(), b"second");
    // A name that somebody chooses reaches none of the system's own secrets.
    vault.random_secret("cookie", 64, now()).await.unwrap();
    assert!(vault.named_secret("cookie").await.unwrap().is_none());
    let inner = vault.clone();
    let gone: Result<(), VaultError> =
        place.store().write(move |tx| Box::pin(async move { inner.remove_secret(tx, "soc").await })).await;
    gone.unwrap();
    assert!(vault.named_secret("soc").await.unwrap().is_none());
}

/// Stores a key of the owner's.
async fn store_key(place: &Place, vault: &Vault, owner: KeyOwner) {
    let (fresh, of) = (vault.fresh_key().await.unwrap(), vault.clone());
    let stored: Result<(), VaultError> = place
        .store()
        .write(move |tx| Box::pin(async move { of.put_key(tx, fresh, owner, now()).await }))
        .await;
    stored.unwrap();
}

async fn keep(place: &Place, vault: &Vault, owner: KeyOwner, name: &'static str) -> Result<(), VaultError> {
    let of = vault.clone();
    place
        .store()
        .write(move |tx| {
            Box::pin(async move { of.put_secret(tx, owner, name, name.as_bytes(), now()).await })
        })
        .await
}

// proves: IAM-21
#[tokio::test]
async fn each_owner_has_keys_of_its_own_that_can_be_lost() {
    for test in TestStore::all(&[MIGRATIONS]).await.unwrap() {
        let place = Place { test, keys: tempfile::tempdir().unwrap() };
        let vault = place.unlock().await.unwrap();
        let (acme, other) = (KeyOwner(7), KeyOwner(9));
        let refused = keep(&place, &vault, acme, "early").await;
        assert!(matches!(refused, Err(VaultError::NoKeyOf(7))), "{refused:?}");
        for owner in [acme, other] {
            store_key(&place, &vault, owner).await;
        }
        keep(&place, &vault, KeyOwner::SYSTEM, "of the system").await.unwrap();
        keep(&place, &vault, acme, "of acme").await.unwrap();
        keep(&place, &vault, other, "of another").await.unwrap();
        let under = async || {
            let sql = "SELECT substr(sealed, 1, 5) FROM vault_secrets ORDER BY purpose";
            let rows = query_all(place.test.store.read(), sql, []).await.unwrap();
            rows.iter().map(|row| row.try_get_by_index::<Vec<u8>>(0).unwrap()[4]).collect::<Vec<_>>()
        };
        assert_eq!(under().await, [2, 3, 1], "each under a key of whose it is");
        store_key(&place, &vault, KeyOwner(11)).await;
        // What is rolled back is no key, and holds up no other.
        let (fresh, of) = (vault.fresh_key().await.unwrap(), vault.clone());
        let failed: Result<(), VaultError> = place
            .store()
            .write(move |tx| {
                Box::pin(async move {
                    of.put_key(tx, fresh, KeyOwner(12), now()).await?;
                    Err(VaultError::BadOrder)
                })
            })
            .await;
        assert!(failed.is_err() && !vault.has_key(KeyOwner(12)));
        let vault = place.unlock().await.unwrap();
        assert!(vault.has_key(KeyOwner(11)) && !vault.has_key(KeyOwner(12)));

        vault.rotate_working(now()).await.unwrap();
        assert_eq!(vault.sealed_before().await.unwrap(), 3);
        assert_eq!(reseal_all(&vault).await, Vec::<String>::new());
        assert_eq!(vault.sealed_before().await.unwrap(), 0);
        assert_eq!(under().await, [6, 7, 5], "and again");
        vault.rotate_root(now()).await.unwrap();
        let vault = place.unlock().await.unwrap();
        assert_eq!(vault.named_secret("of acme").await.unwrap().unwrap().as_slice(), b"of acme");

        let (held, of) = (vault.hold_keys().await, vault.clone());
        let deleted: Result<(), VaultError> = place
            .store()
            .write(move |tx| Box::pin(async move { of.delete_keys(tx, held, acme).await }))
            .await;
        deleted.unwrap();
        assert!(!vault.has_key(acme));
        for vault in [&vault, &place.unlock().await.unwrap()] {
            let lost = vault.named_secret("of acme").await;
            assert!(matches!(lost, Err(VaultError::UnknownKey(6))), "{lost:?}");
            assert!(vault.named_secret("of another").await.unwrap().is_some());
            assert!(vault.named_secret("of the system").await.unwrap().is_some());
        }
        // The system's own are nobody's to delete.
        let (held, of) = (vault.hold_keys().await, vault.clone());
        let kept: Result<(), VaultError> = place
            .store()
            .write(move |tx| Box::pin(async move { of.delete_keys(tx, held, KeyOwner::SYSTEM).await }))
            .await;
        kept.unwrap();
        place.unlock().await.unwrap();
        // A key is not given to somebody else by hand.
        place.damage("UPDATE vault_keys SET owner = 7 WHERE owner = 9").await;
        assert!(matches!(place.unlock().await, Err(VaultError::WrongComponents)));
    }
}
