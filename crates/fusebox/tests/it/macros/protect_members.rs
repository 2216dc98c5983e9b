//! What else a trait may have: generics, lifetimes, supertraits, types and constants.

use super::{Error, now, open, told};
use crate::stand::breaker;
use fusebox::{CircuitBreaker, Rejection};
use std::fmt::Debug;
use std::sync::Arc;

/// Uses the letters that the wrapper would take.
#[fusebox::protect]
trait Store<'s, T, B = u8, const N: usize = 2>: Debug + Send
where
    T: Clone + Debug,
{
    const LIMIT: usize;
    type Item: Clone + From<B> + 'static;
    type Failure: From<Rejection> + Debug + PartialEq;
    type Iter<'a>: Iterator<Item = &'a Self::Item>
    where
        Self: 'a;

    fn first(&self, name: &'s str, like: &T) -> Result<Self::Item, Self::Failure>;

    fn all(&self) -> Result<Self::Iter<'_>, Self::Failure>;

    fn filled(&self, with: B) -> Result<[Self::Item; N], <Self as Store<'s, T, B, N>>::Failure>;

    fn made<X: Default + Debug, const M: usize>(&self) -> Result<String, Self::Failure>;

    fn borrowed<'a, 'b: 'a>(&'a self, name: &'b str) -> Result<&'a str, Self::Failure>
    where
        's: 'b;

    fn shown(&self, _: u8, text: impl Into<String>) -> Result<String, Self::Failure> {
        Ok(text.into())
    }
}

#[derive(Debug)]
struct Items(Vec<u32>);

impl<'s> Store<'s, char> for Items {
    const LIMIT: usize = 9;
    type Item = u32;
    type Failure = Error;
    type Iter<'a> = std::slice::Iter<'a, u32>;

    fn first(&self, name: &'s str, _: &char) -> Result<u32, Error> {
        Ok(self.0[0] + name.len() as u32)
    }

    fn all(&self) -> Result<Self::Iter<'_>, Error> {
        Ok(self.0.iter())
    }

    fn filled(&self, with: u8) -> Result<[u32; 2], Error> {
        Ok([with.into(); 2])
    }

    fn made<X: Default + Debug, const M: usize>(&self) -> Result<String, Error> {
        Ok(format!("{:?}{M}", X::default()))
    }

    fn borrowed<'a, 'b: 'a>(&'a self, name: &'b str) -> Result<&'a str, Error>
    where
        's: 'b,
    {
        Ok(name)
    }
}

fn used<'s, S: Store<'s, char, Failure = Error, Item = u32>>(store: &S) -> [String; 5] {
    let all: Vec<&u32> = store.all().unwrap().collect();
    [
        format!("{all:?} of {}", S::LIMIT),
        store.first("four", &'x').unwrap().to_string(),
        format!("{:?}", store.filled(3).unwrap()),
        store.made::<Option<u8>, 5>().unwrap(),
        store.shown(0, "text").unwrap() + store.borrowed("!").unwrap(),
    ]
}

#[test]
fn generics_types_and_constants_are_the_inner_ones() {
    let (breaker, _clock) = breaker(|b| b);
    let store = ProtectedStore::new(Items(vec![1, 2]), Arc::clone(&breaker));
    let expected = ["[1, 2] of 9", "5", "[3, 3]", "None5", "text!"];
    assert_eq!(used(&store), expected);
    assert_eq!(told(&breaker), (6, 0));
    open(&breaker);
    let rejected = store.first("four", &'x');
    assert!(matches!(rejected, Err(Error::Rejected(_))));
}

mod elsewhere {
    use super::AskResult;

    /// Visible to the rest of the crate, and so is its wrapper.
    #[fusebox::protect(name = Behind)]
    pub(crate) trait Asks {
        fn ask(&self) -> AskResult<u8>;
    }
}

impl elsewhere::Asks for u8 {
    fn ask(&self) -> AskResult<u8> {
        Ok(*self)
    }
}

#[test]
fn the_wrapper_is_as_visible_as_the_trait() {
    let (breaker, _clock) = breaker(|b| b);
    let client = elsewhere::Behind::new(4, &*breaker);
    assert_eq!(elsewhere::Asks::ask(&client), Ok(4));
}

type AskResult<T> = Result<T, Error>;

#[fusebox::protect]
trait Aliased {
    #[cfg(any())]
    fn not_there(&self) -> Result<Missing, Error>;
    async fn ask(&self) -> AskResult<u8>;
}

impl Aliased for u8 {
    async fn ask(&self) -> AskResult<u8> {
        Ok(*self)
    }
}

#[test]
fn an_alias_of_a_result_is_a_result_and_cfg_is_kept() {
    let (breaker, _clock) = breaker(|b| b);
    let client = ProtectedAliased::new(3, &*breaker);
    assert_eq!(now(client.ask()), Ok(3));
    assert_eq!(told(&breaker), (1, 0));
}

/// A supertrait that the user implements for the wrapper.
trait Named {
    fn name(&self) -> String;
}

#[fusebox::protect]
trait Speaks: Named {
    fn speak(&self) -> Result<String, Error>;
}

impl Named for u8 {
    fn name(&self) -> String {
        self.to_string()
    }
}

impl Speaks for u8 {
    fn speak(&self) -> Result<String, Error> {
        Ok(format!("I am {}", self.name()))
    }
}

impl<T: Named> Named for ProtectedSpeaks<T, &CircuitBreaker> {
    fn name(&self) -> String {
        Self::inner(self).name() + ", protected"
    }
}

#[test]
fn a_supertrait_is_the_users_to_implement() {
    let (breaker, _clock) = breaker(|b| b);
    let client = ProtectedSpeaks::new(7, &*breaker);
    assert_eq!(client.name(), "7, protected");
    assert_eq!(client.speak(), Ok("I am 7".to_owned()));
}

#[test]
fn bounds_of_a_method_that_the_inner_implementation_meets_are_kept() {
    #[fusebox::protect]
    trait Copied: Clone {
        type Item: Copy;

        fn copied(&self) -> Result<u8, Error>
        where
            Self: Clone + Sized;

        fn all<'a>(&'a self) -> Result<u8, Error>
        where
            Self: 'a,
            Self::Item: Into<u8>;

        fn sent(&self) -> impl Future<Output = Result<u8, Error>> + Send
        where
            Self: Sync;
    }
    impl Copied for u8 {
        type Item = Self;

        fn copied(&self) -> Result<u8, Error> {
            Ok(*self)
        }

        fn all<'a>(&'a self) -> Result<u8, Error>
        where
            Self: 'a,
        {
            Ok(*self + 1)
        }

        async fn sent(&self) -> Result<u8, Error> {
            Ok(*self + 2)
        }
    }
    let (breaker, _clock) = breaker(|b| b);
    let client = ProtectedCopied::new(1, breaker);
    assert_eq!((client.copied(), client.all()), (Ok(1), Ok(2)));
    assert_eq!(now(client.sent()), Ok(3));
}
