//! Bounds on `Self` in a method of a protected trait.
//!
//! In the wrapper's `impl` they are bounds on the wrapper, from which nothing follows for the
//! inner implementation, whose method asks for them too.

use super::crosses_threads;
use super::method::{is_own, mentions_self_alone};
use quote::ToTokens;
use syn::{
    Error, GenericParam, ItemTrait, Result, Signature, Type, TypeParamBound, TypePath,
    WherePredicate,
};

/// Refuses what the inner implementation would have to meet and is not known to.
pub(super) fn refuse_unmet(kept: &ItemTrait, signature: &Signature) -> Result<()> {
    for parameter in &signature.generics.params {
        if let GenericParam::Type(parameter) = parameter {
            parameter.bounds.iter().try_for_each(refuse_inside)?;
        }
    }
    let wheres = signature.generics.where_clause.iter();
    for predicate in wheres.flat_map(|wheres| &wheres.predicates) {
        let WherePredicate::Type(predicate) = predicate else {
            continue;
        };
        let bounds = predicate.bounds.iter();
        if is_own(&predicate.bounded_ty) {
            if let Some(unmet) = bounds.into_iter().find(|bound| !is_met(kept, bound)) {
                return Err(refused(unmet));
            }
        } else if mentions_self_alone(&predicate.bounded_ty) {
            return Err(refused(&predicate.bounded_ty));
        } else {
            bounds.into_iter().try_for_each(refuse_inside)?;
        }
    }
    Ok(())
}

/// Whether the inner implementation meets a bound on `Self` wherever the wrapper is used.
fn is_met(kept: &ItemTrait, bound: &TypeParamBound) -> bool {
    let TypeParamBound::Trait(path) = bound else {
        return true; // a lifetime: the wrapper lives as long as its parts
    };
    let is = |name: &str| path.path.segments.last().is_some_and(|it| it.ident == name);
    let written = |bound: &TypeParamBound| bound.to_token_stream().to_string();
    let mut supertraits = kept.supertraits.iter();
    let mut is_of_the_trait = || supertraits.any(|known| written(known) == written(bound));
    is("Sized") || is_of_the_trait() || ((is("Send") || is("Sync")) && crosses_threads(kept))
}

/// `From<Self>` as the bound of another type.
fn refuse_inside(bound: &TypeParamBound) -> Result<()> {
    let TypeParamBound::Trait(asked) = bound else {
        return Ok(());
    };
    let path = asked.path.clone();
    if mentions_self_alone(&Type::Path(TypePath { qself: None, path })) {
        return Err(refused(bound));
    }
    Ok(())
}

fn refused(bound: &impl ToTokens) -> Error {
    let message = "`Self` is the wrapper here and the inner type there, and nothing follows from \
                   the one for the other; known are `Sized`, lifetimes, and `Send` and `Sync` \
                   where futures are `Send`: ask it of the whole trait (`trait Name: Clone`), or \
                   move this method to a trait of its own";
    Error::new_spanned(bound, message)
}
