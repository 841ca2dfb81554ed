//! Engine ids (RFC 3411 snmpEngineID) and boot counts, kept over restarts where a file is given.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_snmp::{AuthoritativeEngine, PersistedAuthoritativeEngine};
use netwarden_model::Mac;

use super::SimulatorError;

/// snmpEngineID of an agent.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EngineId(Vec<u8>);

impl EngineId {
    /// Of a device: the enterprise number 99999, format 5 (octets), the world's seed and the device's
    /// address; two campuses in one process have different ones.
    pub fn of_device(seed: u64, mac: Mac) -> Self {
        let [.., a, b, c, d] = seed.to_be_bytes();
        let mut octets = vec![0x80, 0x01, 0x86, 0x9f, 0x05, a, b, c, d];
        octets.extend(mac.octets());
        Self(octets)
    }

    /// Its octets.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for EngineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for EngineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EngineId({self})")
    }
}

/// How often each engine has booted.
#[derive(Debug, Clone)]
pub struct BootCounts {
    file: Option<PathBuf>,
    counts: Arc<Mutex<BTreeMap<String, u32>>>,
}

impl BootCounts {
    /// Forgotten with the process.
    pub fn in_memory() -> Self {
        Self { file: None, counts: Arc::default() }
    }

    /// Kept in a JSON file, which need not exist yet.
    pub fn in_file(path: &Path) -> Result<Self, SimulatorError> {
        let counts = match std::fs::read(path) {
            Ok(octets) => serde_json::from_slice(&octets).map_err(|e| SimulatorError::Content {
                path: path.display().to_string(),
                reason: e.to_string(),
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(source) => return Err(SimulatorError::File { path: path.display().to_string(), source }),
        };
        Ok(Self { file: Some(path.to_owned()), counts: Arc::new(Mutex::new(counts)) })
    }

    /// The engine after one more boot.
    pub fn boot(&self, id: &EngineId) -> Result<AuthoritativeEngine, SimulatorError> {
        let before = self.counts.lock().unwrap_or_else(PoisonError::into_inner).get(&id.to_string()).copied();
        let store = self.clone();
        let persist = move |state: &PersistedAuthoritativeEngine| store.persist(state);
        let octets = id.octets().to_vec();
        match before {
            None => AuthoritativeEngine::install(octets, persist),
            Some(boots) => PersistedAuthoritativeEngine::new(octets, boots)
                .and_then(|previous| AuthoritativeEngine::restart(previous, persist)),
        }
        .map_err(|e| SimulatorError::Agent { agent: id.to_string(), reason: e.to_string() })
    }

    fn persist(&self, state: &PersistedAuthoritativeEngine) -> std::io::Result<()> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.insert(EngineId(state.engine_id().to_vec()).to_string(), state.engine_boots());
        match &self.file {
            Some(path) => std::fs::write(path, serde_json::to_vec(&*counts)?),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boots_are_counted_over_restarts_of_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("boots.json");
        let id = EngineId::of_device(7, Mac::new([0, 1, 2, 3, 4, 5]));
        for expected in 1..4 {
            let counts = BootCounts::in_file(&path).unwrap();
            assert_eq!(counts.boot(&id).unwrap().engine_boots(), expected);
        }
        std::fs::write(&path, "no json").unwrap();
        assert!(BootCounts::in_file(&path).unwrap_err().to_string().contains("boots.json"));
    }
}
