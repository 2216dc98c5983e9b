//! The daemon: gateway and admin together, with signals and reload.
