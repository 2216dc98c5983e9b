//! The data folder: made for one user's eyes.

use std::fs::DirBuilder;
use std::io;
use std::path::Path;

/// Makes the folder, with those above it, readable for its owner only; one that is there stays as
/// it is.
///
/// # Errors
/// It cannot be made.
pub(crate) fn make_data_dir(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
