// SPDX-License-Identifier: Apache-2.0
//! Finds the installed library by pkg-config or, with the feature `vendored`, builds the one whose
//! sources are in this crate.
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    if cfg!(feature = "vendored") {
        build()
    } else {
        find()
    }
}

/// This crate's version is that of the library it is for; an installed one may be newer.
fn find() -> Result<(), Box<dyn Error>> {
    pkg_config::Config::new()
        .atleast_version(env!("CARGO_PKG_VERSION"))
        .probe("gradstep")
        .map_err(|error| {
            format!(
                "gradstep {} is not installed, or pkg-config does not find it; install it, or use the \
                 feature `vendored`, which builds it\n{error}",
                env!("CARGO_PKG_VERSION")
            )
        })?;
    Ok(())
}

#[cfg(feature = "vendored")]
fn build() -> Result<(), Box<dyn Error>> {
    let with_tbb = if cfg!(feature = "onetbb") {
        "ON"
    } else {
        "OFF"
    };
    println!("cargo::rerun-if-changed=gradstep");
    let built = cmake::Config::new("gradstep")
        .profile("Release")
        .define("GRADSTEP_SHARED", "OFF")
        .define("GRADSTEP_TBB", with_tbb)
        .define("GRADSTEP_INSTALL", "ON")
        .define("GRADSTEP_TESTS", "OFF")
        .define("GRADSTEP_EXAMPLES", "OFF")
        .define("GRADSTEP_BENCH", "OFF")
        .define("CMAKE_INSTALL_LIBDIR", "lib")
        .define("CMAKE_UNITY_BUILD", "ON")
        .build();
    println!(
        "cargo::rustc-link-search=native={}",
        built.join("lib").display()
    );
    println!("cargo::rustc-link-lib=static=gradstep");
    if with_tbb == "ON" {
        println!("cargo::rustc-link-lib=tbb");
    }
    println!("cargo::rustc-link-lib=z");
    println!("cargo::rustc-link-lib=stdc++");
    Ok(())
}

#[cfg(not(feature = "vendored"))]
fn build() -> Result<(), Box<dyn Error>> {
    unreachable!("without the feature the library is not built")
}
