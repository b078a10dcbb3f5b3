//! How a store is opened.

/// Bytes of the database's cache: a store reads each page about once, and what it writes again is a handful of them.
const CACHE_BYTES: usize = 64 << 20;

/// How a store is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOptions {
    /// What the entries are meant for, such as the fingerprint of a playbook or the text of a schema. It is written when the store is
    /// made, and one that was made for something else is refused. `None` takes any, and makes one for the empty text.
    pub fingerprint: Option<String>,
    /// Whether every page is held against its checksum when the store is opened, which reads the whole file. Without it damage to
    /// entries is met when they are read, and damage to the tree of a journal or of snapshots may not be noticed. After a crash the pages are always checked.
    pub verify: bool,
    /// Memory for pages of the database.
    pub cache_bytes: usize,
}

impl Default for StoreOptions {
    /// Any fingerprint, every page checked, 64 MiB of cache.
    fn default() -> Self {
        Self { fingerprint: None, verify: true, cache_bytes: CACHE_BYTES }
    }
}

impl StoreOptions {
    /// The same options for a store that was made for this, and no other.
    #[must_use]
    pub fn fingerprint(mut self, fingerprint: impl Into<String>) -> Self {
        self.fingerprint = Some(fingerprint.into());
        self
    }

    /// Whether every page is checked when the store is opened.
    #[must_use]
    pub fn verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// Memory for pages of the database.
    #[must_use]
    pub fn cache_bytes(mut self, cache_bytes: usize) -> Self {
        self.cache_bytes = cache_bytes;
        self
    }
}
