//! The C library where other programs find it: `cargo xtask install-c --prefix DIR`.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::{cargo, target_folder};
use crate::process::{Outcome, capture, root};

/// Which libraries are installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Libraries {
    /// The shared and the static one; linkers take the shared one.
    Both,
    /// The static one alone, which linkers then take.
    Static,
}

/// Builds the library for release, and copies it with its header and its pkg-config file.
pub(crate) fn install(words: &[String]) -> Outcome {
    let (prefix, libraries) = read_words(words)?;
    let prefix = std::path::absolute(prefix).map_err(|error| format!("--prefix cannot be {prefix:?}: {error}"))?;
    install_under(&prefix, libraries)?;
    println!("installed under {}", prefix.display());
    Ok(())
}

fn read_words(words: &[String]) -> Result<(&str, Libraries), String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["--prefix", prefix] => Ok((prefix, Libraries::Both)),
        ["--prefix", prefix, "--static"] | ["--static", "--prefix", prefix] => Ok((prefix, Libraries::Static)),
        [] | ["--prefix"] => Err("install-c needs --prefix DIR".to_owned()),
        _ => Err(format!("install-c knows --prefix DIR and --static alone, not {:?}", words.join(" "))),
    }
}

/// Installs under a folder, and says how many bytes each library has there.
pub(super) fn install_under(prefix: &Path, libraries: Libraries) -> Outcome {
    let native = build()?;
    let built = target_folder()?.join("release");
    let header = PathBuf::from("include/userops.h");
    copy(&root().join("bindings/c").join(&header), &prefix.join(header))?;
    let shared = format!("{DLL_PREFIX}userops{DLL_SUFFIX}");
    for library in ["libuserops.a", &shared] {
        if library == shared && libraries == Libraries::Static {
            continue;
        }
        let installed = prefix.join("lib").join(library);
        copy(&built.join(library), &installed)?;
        strip(&installed)?;
    }
    let path = prefix.join("lib/pkgconfig/userops.pc");
    make_parent(&path)?;
    fs::write(&path, pkg_config(prefix, &native)).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Builds both libraries for release. The answer is which of the system's libraries a program with the static one needs.
fn build() -> Result<String, String> {
    let words = ["rustc", "--release", "--locked", "--package", "userops-c", "--lib"];
    let output = capture(cargo(&words).args(["--", "--print", "native-static-libs"]))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("the library cannot be built: {}", said.trim()));
    }
    let libraries =
        said.lines().find_map(|line| line.split_once("native-static-libs: ").map(|(_, libraries)| libraries));
    // Cargo does not say it again where nothing has changed; these are what the standard library asks for on Linux.
    Ok(libraries.unwrap_or("-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc").to_owned())
}

/// Takes away what only a debugger reads: the build keeps it for profilers, and it is most of the static library.
fn strip(library: &Path) -> Outcome {
    match capture(Command::new("strip").arg("-S").arg(library)) {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("cannot strip: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(_) => {
            println!("1 skipped: strip is not installed, and {} keeps what debuggers read", library.display());
            Ok(())
        }
    }
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

    fn refusal(words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        read_words(&words).unwrap_err()
    }

    #[test]
    fn the_prefix_is_asked_for() {
        assert!(refusal(&[]).contains("--prefix"));
        assert!(refusal(&["--to", "x"]).contains("--to"));
        assert!(refusal(&["--prefix"]).contains("DIR"));
        assert!(pkg_config(Path::new("/usr"), "-lm").contains("prefix=/usr\n"));
    }

    #[test]
    fn the_static_library_may_come_alone() {
        let words = ["--prefix", "x", "--static"].map(str::to_owned);
        assert_eq!(read_words(&words), Ok(("x", Libraries::Static)));
        assert_eq!(read_words(&words[..2]), Ok(("x", Libraries::Both)));
    }
}
