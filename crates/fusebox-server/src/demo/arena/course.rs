//! How many users were answered over the last minutes: what a page that is opened late, or again,
//! could not know.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::document::milliseconds;

/// A minute and a half, four points a second, and a little more: what a page draws.
const POINTS_MAX: usize = 400;

/// The points, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Course(Mutex<VecDeque<Point>>);

/// One instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    /// Since the round began.
    pub(super) at: Duration,
    /// Whether any upstream had a fault.
    pub(super) is_sick: bool,
    /// With breakers: how many users were answered, and how many had left.
    pub(super) with: (u64, u64),
    /// The same without.
    pub(super) without: (u64, u64),
}

impl Course {
    pub(super) fn add(&self, point: Point) {
        let mut points = self.points();
        if points.len() == POINTS_MAX {
            points.pop_front();
        }
        points.push_back(point);
    }

    pub(super) fn clear(&self) {
        self.points().clear();
    }

    pub(super) fn to_json(&self) -> Value {
        self.points().iter().map(|point| point.to_json()).collect()
    }

    fn points(&self) -> MutexGuard<'_, VecDeque<Point>> {
        // A point is put in whole or not at all.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Point {
    fn to_json(self) -> Value {
        let side = |(answered, left): (u64, u64)| json!({"answered": answered, "left": left});
        json!({
            "at_ms": milliseconds(self.at),
            "sick": self.is_sick,
            "with": side(self.with),
            "without": side(self.without),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_point_goes_when_a_page_draws_no_more() {
        let course = Course::default();
        for n in 0..500 {
            course.add(Point {
                at: Duration::from_millis(250 * n),
                is_sick: n == 499,
                with: (n, n),
                without: (0, n),
            });
        }
        let told = course.to_json();
        let told = told.as_array().unwrap();
        assert_eq!(told.len(), POINTS_MAX);
        assert_eq!(told[0]["at_ms"], 25_000);
        let newest = json!({"at_ms": 124_750, "sick": true,
            "with": {"answered": 499, "left": 499}, "without": {"answered": 0, "left": 499}});
        assert_eq!(told[399], newest);
        course.clear();
        assert_eq!(course.to_json(), json!([]));
    }
}
