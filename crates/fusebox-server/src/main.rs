//! The binary `fusebox`.

use std::process::ExitCode;

fn main() -> ExitCode {
    fusebox_server::cli::main()
}
