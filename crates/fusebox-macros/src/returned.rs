//! What a function gives back, read from its signature.

use syn::visit_mut::{VisitMut, visit_type_mut};
use syn::{
    AngleBracketedGenericArguments, GenericArgument, Path, PathArguments, PathSegment, ReturnType,
    Signature, Type, TypeParamBound, parse_quote,
};

/// How the result gets to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Sync,
    Async,
    /// `-> impl Future<Output = Result<…>>`
    Opaque,
    /// `-> Pin<Box<dyn Future<Output = Result<…>>>>`
    Boxed,
}

/// A result and the way it comes.
pub(crate) struct Returned {
    pub(crate) shape: Shape,
    pub(crate) result: Type,
    /// All that is returned: the result, or the future of it.
    whole: Type,
    /// The future says that it is `Send`.
    pub(crate) is_send: bool,
}

impl Returned {
    /// `None` where no `Result` can be seen in the signature.
    pub(crate) fn of(signature: &Signature) -> Option<Self> {
        let ReturnType::Type(_, returned) = &signature.output else {
            return None;
        };
        let returned = ungrouped(returned);
        let plain = |shape, is_send, result: &Type| {
            is_result(result).then(|| Self {
                shape,
                result: result.clone(),
                whole: returned.clone(),
                is_send,
            })
        };
        if signature.asyncness.is_some() {
            return plain(Shape::Async, false, returned);
        }
        match returned {
            Type::ImplTrait(opaque) => {
                let future = opaque.bounds.iter().find_map(output_of)?;
                plain(Shape::Opaque, opaque.bounds.iter().any(is_send), future)
            }
            Type::Path(path) => match boxed(&path.path) {
                Some((future, is_send)) => plain(Shape::Boxed, is_send, future),
                None => plain(Shape::Sync, false, returned),
            },
            _ => None,
        }
    }

    /// The error's type, if it is written out.
    pub(crate) fn error(&self) -> Option<&Type> {
        let Type::Path(path) = &self.result else {
            return None;
        };
        types_of(path.path.segments.last()?).nth(1)
    }

    /// The type of the result for a binding.
    pub(crate) fn binding(&self) -> Type {
        with_holes(&self.result)
    }

    /// The type of all that is returned, for a closure.
    pub(crate) fn whole(&self) -> Type {
        with_holes(&self.whole)
    }
}

/// An alias has to end in `Result` too: a macro cannot look behind it.
fn is_result(returned: &Type) -> bool {
    matches!(ungrouped(returned), Type::Path(path)
        if path.path.segments.last().is_some_and(|last| last.ident.to_string().ends_with("Result")))
}

/// A type from a `macro_rules` fragment comes in a group without brackets.
fn ungrouped(returned: &Type) -> &Type {
    match returned {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        other => other,
    }
}

/// The output of `Pin<Box<dyn Future<Output = …>>>` or of the `futures` crate's name for it, and
/// whether it is `Send`.
fn boxed(path: &Path) -> Option<(&Type, bool)> {
    let last = path.segments.last()?;
    match last.ident.to_string().as_str() {
        "BoxFuture" => Some((types_of(last).next()?, true)),
        "LocalBoxFuture" => Some((types_of(last).next()?, false)),
        "Pin" => {
            let Type::Path(in_pin) = types_of(last).next()? else {
                return None;
            };
            let in_pin = in_pin.path.segments.last()?;
            if in_pin.ident != "Box" {
                return None;
            }
            let Type::TraitObject(object) = types_of(in_pin).next()? else {
                return None;
            };
            let future = object.bounds.iter().find_map(output_of)?;
            Some((future, object.bounds.iter().any(is_send)))
        }
        _ => None,
    }
}

fn output_of(bound: &TypeParamBound) -> Option<&Type> {
    let TypeParamBound::Trait(bound) = bound else {
        return None;
    };
    let last = bound.path.segments.last()?;
    if last.ident != "Future" {
        return None;
    }
    arguments_of(last)?
        .args
        .iter()
        .find_map(|argument| match argument {
            GenericArgument::AssocType(output) if output.ident == "Output" => Some(&output.ty),
            _ => None,
        })
}

fn is_send(bound: &TypeParamBound) -> bool {
    matches!(bound, TypeParamBound::Trait(bound)
        if bound.path.segments.last().is_some_and(|last| last.ident == "Send"))
}

fn arguments_of(segment: &PathSegment) -> Option<&AngleBracketedGenericArguments> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(arguments),
        _ => None,
    }
}

fn types_of(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = arguments_of(segment).into_iter();
    arguments
        .flat_map(|arguments| &arguments.args)
        .filter_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ungrouped(ty)),
            _ => None,
        })
}

/// The type with `_` for every `impl Trait`, which cannot stand outside a signature.
fn with_holes(ty: &Type) -> Type {
    let mut ty = ty.clone();
    Holes.visit_type_mut(&mut ty);
    ty
}

struct Holes;

impl VisitMut for Holes {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if matches!(ty, Type::ImplTrait(_)) {
            *ty = parse_quote!(_);
        } else {
            visit_type_mut(self, ty);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens;

    fn read(signature: &Signature) -> Option<(Shape, bool, Option<String>)> {
        let returned = Returned::of(signature)?;
        let error = returned.error().map(|ty| ty.to_token_stream().to_string());
        Some((returned.shape, returned.is_send, error))
    }

    #[test]
    fn results_are_seen_in_every_shape() {
        let own = || Some("Own".to_owned());
        let seen = |shape, is_send, error| Some((shape, is_send, error));
        assert_eq!(
            read(&parse_quote!(fn f() -> Result<u8, Own>)),
            seen(Shape::Sync, false, own())
        );
        assert_eq!(
            read(&parse_quote!(async fn f() -> std::io::Result<u8>)),
            seen(Shape::Async, false, None)
        );
        assert_eq!(
            read(&parse_quote!(fn f() -> impl Future<Output = Result<u8, Own>> + Send)),
            seen(Shape::Opaque, true, own())
        );
        assert_eq!(
            read(&parse_quote!(
                fn f<'a>() -> Pin<Box<dyn Future<Output = Result<u8, Own>> + Send + 'a>>
            )),
            seen(Shape::Boxed, true, own())
        );
        assert_eq!(
            read(&parse_quote!(fn f() -> LocalBoxFuture<'static, Result<u8, Own>>)),
            seen(Shape::Boxed, false, own())
        );
    }

    #[test]
    fn what_is_no_result_is_not_taken_for_one() {
        assert_eq!(read(&parse_quote!(fn f())), None);
        assert_eq!(read(&parse_quote!(fn f() -> Option<u8>)), None);
        assert_eq!(read(&parse_quote!(fn f() -> &Result<u8, Own>)), None);
        assert_eq!(read(&parse_quote!(async fn f() -> u8)), None);
        assert_eq!(
            read(&parse_quote!(fn f() -> impl Future<Output = u8>)),
            None
        );
        assert_eq!(read(&parse_quote!(fn f() -> Pin<Box<u8>>)), None);
    }

    #[test]
    fn a_binding_has_holes_where_impl_trait_stood() {
        let returned = Returned::of(&parse_quote!(fn f() -> Result<Vec<impl Copy>, Own>));
        let binding = returned.map(|returned| returned.binding().to_token_stream().to_string());
        assert_eq!(binding.as_deref(), Some("Result < Vec < _ > , Own >"));
    }
}
