//! pending
use std::process::ExitCode;
use netwarden_reach::SnmpSession;
use super::ProbeArguments;
/// pending
pub async fn run(_session: &SnmpSession, _arguments: &ProbeArguments) -> anyhow::Result<ExitCode> { anyhow::bail!("pending") }
