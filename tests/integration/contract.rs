//! The interface as its OpenAPI document says it is: Schemathesis asks every route for what the document allows and for
//! what it does not, in a network of its own, since what it makes up might lead anywhere.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::binary::{self, Running};

/// What is held against the document, and against reason.
const CHECKS: &str = "not_a_server_error,response_schema_conformance,content_type_conformance,\
                      status_code_conformance,ignored_auth,allow_header_conformance";
/// The run's own token would be ended by it.
const SPARED: &str = r"tokens/\{";
/// Examples of each route, beside those that cover the document.
const EXAMPLES: &str = "3";

/// Schemathesis in a folder of its own below the target; None, with a line that says why, where it cannot be had.
fn schemathesis() -> Option<PathBuf> {
    let wanted = Path::new(env!("CARGO_MANIFEST_DIR")).join("contract/requirements.txt");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemathesis");
    let lock = File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let (program, installed) = (folder.join("bin/st"), folder.join("requirements.txt"));
    let is_same = || std::fs::read(&installed).ok() == std::fs::read(&wanted).ok();
    if program.exists() && is_same() {
        return Some(program);
    }
    let made = Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: python3 makes no virtual environment");
        return None;
    }
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&wanted);
    if !binary::run(&mut pip).status.success() {
        println!("skipped: Schemathesis cannot be installed");
        return None;
    }
    std::fs::copy(&wanted, &installed).unwrap();
    Some(program)
}

/// A network without anything outside; None, with a line that says why, where there may be none.
fn network() -> Option<Running> {
    let alive = ["--net", "sh", "-c", "ip link set lo up && exec sleep 900"];
    let Ok(holder) = Command::new("unshare").args(alive).stderr(Stdio::null()).spawn() else {
        println!("skipped: util-linux is not installed");
        return None;
    };
    let mut holder = Running(holder);
    let own = std::fs::read_link("/proc/self/ns/net").unwrap();
    let limit = Instant::now() + Duration::from_secs(10);
    loop {
        let is_apart =
            std::fs::read_link(format!("/proc/{}/ns/net", holder.0.id())).is_ok_and(|ns| ns != own);
        if is_apart
            && inside(&holder, "ip").args(["-br", "link", "show", "up"]).output().unwrap().stdout.len() > 2
        {
            return Some(holder);
        }
        if holder.0.try_wait().unwrap().is_some() || Instant::now() > limit {
            println!("skipped: a network of its own needs root");
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn inside(network: &Running, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("nsenter");
    command.args(["--target", &network.0.id().to_string(), "--net", "--"]).arg(program);
    command
}

/// The demo's address and its local socket, as it prints them.
fn addresses(log: &Path) -> Option<(String, String)> {
    let said = std::fs::read_to_string(log).ok()?;
    let word = |is: fn(&&str) -> bool| said.split_whitespace().find(is).map(str::to_owned);
    let socket = word(|word| word.ends_with("netwarden.sock"))?;
    Some((word(|word| word.starts_with("https://localhost:"))?, socket))
}

// proves: IAM-19
#[test]
fn whatever_is_asked_of_the_interface_it_answers_as_its_document_says() {
    let (Some(program), Some(network)) = (schemathesis(), network()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("demo.log");
    let output = File::create(&log).unwrap();
    let mut demo = inside(&network, binary::path("netwarden", "netwarden"));
    demo.args(["demo", "--minutes", "600"]).stdout(output.try_clone().unwrap()).stderr(output);
    let _demo = Running(demo.spawn().unwrap());
    let limit = Instant::now() + Duration::from_secs(120);
    let (origin, socket) = loop {
        if let Some(found) = addresses(&log) {
            break found;
        }
        assert!(Instant::now() < limit, "{}", std::fs::read_to_string(&log).unwrap());
        std::thread::sleep(Duration::from_millis(100));
    };
    let netwarden = |arguments: &[&str]| {
        let output = binary::run(binary::netwarden().args(arguments).args(["--socket", &socket]));
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    // It asks faster than anybody who means well.
    netwarden(&["system", "set", "access.source_requests_per_s", "0", "--reason", "a test"]);
    let token = netwarden(&["tokens", "add", "contract", "--days", "1", "--format", "json"]);
    let token: serde_json::Value = serde_json::from_str(&token).unwrap();
    let bearer = format!("Authorization: Bearer {}", token["token"].as_str().unwrap());

    let mut ask = inside(&network, program);
    ask.args(["run", &format!("{origin}/api/v1/openapi.json"), "--header", &bearer, "--checks", CHECKS])
        .args(["--tls-verify", "false", "--phases", "coverage,fuzzing", "--max-examples", EXAMPLES])
        .args([
            "--exclude-path-regex",
            SPARED,
            "--continue-on-failure",
            "--workers",
            "2",
            "--warnings",
            "off",
        ])
        // Idle connections are ended after a while, maybe just when one is to be used again.
        .args(["--request-retries", "2", "--request-timeout", "60", "--no-color"])
        .current_dir(folder.path());
    let asked = binary::run(&mut ask);
    let said = String::from_utf8_lossy(&asked.stdout);
    assert!(asked.status.success(), "see above; the demo said: {}", std::fs::read_to_string(&log).unwrap());
    let count = |before: &str| {
        let words: Vec<&str> = said.split_whitespace().collect();
        words.windows(2).find(|pair| pair[1] == before).and_then(|pair| pair[0].parse::<u32>().ok())
    };
    assert!(count("generated,").is_some_and(|cases| cases > 5_000), "few cases: {said}");
    assert_eq!(count("generated,"), count("passed,").or_else(|| count("passed")));
}
