//! Placeholder.
use std::path::Path;
/// Placeholder.
pub fn generate(_: &Path, _: &Path) -> anyhow::Result<()> {
    anyhow::bail!("not yet")
}
