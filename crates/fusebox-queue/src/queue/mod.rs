//! Queues and their handles.
