#!/bin/sh
# Cargo's RUSTC_WORKSPACE_WRAPPER: our own crates are compiled with libFuzzer's coverage, the libraries as ever.
exec "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=4 --cfg=fuzzing
