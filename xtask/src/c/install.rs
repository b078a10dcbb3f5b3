//! The C library where other programs find it: `cargo xtask install-c --prefix DIR`.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::{cargo, target_folder};
use crate::process::{Outcome, root, run};

/// Builds the library for release, and copies it with its header and its pkg-config file.
pub(crate) fn install(words: &[String]) -> Outcome {
    let [flag, prefix] = words else { return Err("install-c needs --prefix DIR".to_owned()) };
    if flag != "--prefix" {
        return Err(format!("install-c knows --prefix alone, not {flag:?}"));
    }
    let prefix = std::path::absolute(prefix).map_err(|error| format!("--prefix cannot be {prefix:?}: {error}"))?;
    run(&mut cargo(&["build", "--release", "--locked", "--package", "userops-c"]))?;
    let built = target_folder()?.join("release");
    for (from, to) in files(&built) {
        copy(&from, &prefix.join(to))?;
    }
    let text = pkg_config(&prefix, &native_libraries()?);
    let path = prefix.join("lib/pkgconfig/userops.pc");
    make_parent(&path)?;
    fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    println!("installed under {}", prefix.display());
    Ok(())
}

/// What is copied, and where to under the prefix.
fn files(built: &Path) -> Vec<(PathBuf, PathBuf)> {
    let shared = format!("{DLL_PREFIX}userops{DLL_SUFFIX}");
    vec![
        (root().join("bindings/c/include/userops.h"), PathBuf::from("include/userops.h")),
        (built.join(&shared), Path::new("lib").join(&shared)),
        (built.join("libuserops.a"), PathBuf::from("lib/libuserops.a")),
    ]
}

/// The system's libraries that a program with the static library needs, as the compiler says.
fn native_libraries() -> Result<String, String> {
    let words =
        ["rustc", "--release", "--locked", "--quiet", "--package", "userops-c", "--lib", "--crate-type", "staticlib"];
    let output = crate::process::capture(cargo(&words).args(["--", "--print", "native-static-libs"]))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let libraries =
        said.lines().find_map(|line| line.split_once("native-static-libs: ").map(|(_, libraries)| libraries));
    // Cargo does not say it again where nothing has changed; these are what the standard library asks for on Linux.
    Ok(libraries.unwrap_or("-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc").to_owned())
}

fn pkg_config(prefix: &Path, native: &str) -> String {
    format!(
        "prefix={}\nlibdir=${{prefix}}/lib\nincludedir=${{prefix}}/include\n\nName: userops\nDescription: User operations over an event \
         log\nVersion: {}\nLibs: -L${{libdir}} -luserops\nLibs.private: {native}\nCflags: -I${{includedir}}\n",
        prefix.display(),
        env!("CARGO_PKG_VERSION"),
    )
}

fn copy(from: &Path, to: &Path) -> Outcome {
    make_parent(to)?;
    fs::copy(from, to).map(drop).map_err(|error| format!("cannot copy {} to {}: {error}", from.display(), to.display()))
}

fn make_parent(path: &Path) -> Outcome {
    let Some(folder) = path.parent() else { return Ok(()) };
    fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_is_asked_for() {
        assert!(install(&[]).unwrap_err().contains("--prefix"));
        assert!(install(&["--to".to_owned(), "x".to_owned()]).unwrap_err().contains("--to"));
        assert!(pkg_config(Path::new("/usr"), "-lm").contains("prefix=/usr\n"));
    }
}
