//! Settings of other libraries: the same meaning under the same names.

mod meaning;
mod refusals;
