//! One method of a protected trait, passed on through the breaker.

use super::bounds;
use super::is_cfg;
use super::wrapper::Wrapper;
use crate::arguments::{Arguments, freeze, name_all};
use crate::call::Call;
use crate::options::OnMethod;
use crate::returned::{Returned, Shape};
use crate::root::Root;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Error, FnArg, GenericParam, Receiver, Result, Signature, TraitItemFn, Type};

/// The method of the wrapper's `impl`.
pub(super) fn passed_on(
    wrapper: &Wrapper<'_>,
    method: &TraitItemFn,
    on_method: &OnMethod,
) -> Result<TokenStream> {
    let mut signature = method.sig.clone();
    freeze(&mut signature);
    name_all(&mut signature);
    refuse_qualifiers(&signature)?;
    refuse_own_type(&method.sig)?;
    bounds::refuse_unmet(wrapper.kept, &method.sig)?;
    let inner = made(wrapper, &signature)?;
    let body = if on_method.skip {
        inner
    } else {
        through_the_breaker(wrapper.root, &method.sig, &signature, on_method, inner)?
    };
    let cfgs = method.attrs.iter().filter(|a| is_cfg(a));
    Ok(quote!(#(#cfgs)* #signature { #body }))
}

fn through_the_breaker(
    root: &Root,
    written: &Signature,
    signature: &Signature,
    on_method: &OnMethod,
    inner: TokenStream,
) -> Result<TokenStream> {
    let name = &written.ident;
    let Some(receiver) = signature.receiver() else {
        let message = format!(
            "`{name}` has no receiver, so there is no breaker to ask; `#[breaker(skip)]` passes it \
             on to the inner type"
        );
        return Err(Error::new_spanned(name, message));
    };
    let Some(returned) = Returned::of(signature) else {
        let message = format!(
            "`{name}` does not return a `Result`, so a rejection has no way to its caller; return \
             a `Result<T, E>` with `E: From<fusebox::Rejection>` (an alias ends in `Result`), or \
             pass the method on without the breaker: `#[breaker(skip)]`"
        );
        return Err(match &written.output {
            syn::ReturnType::Default => Error::new_spanned(name, message),
            syn::ReturnType::Type(_, output) => Error::new_spanned(output, message),
        });
    };
    // The inner method is called after the admission, also where it gives a future of its own.
    let made = match returned.shape {
        Shape::Sync | Shape::Async => inner,
        Shape::Opaque | Shape::Boxed => quote!(#inner.await),
    };
    let self_ = receiver.self_token;
    let here = Span::mixed_site();
    let (kept, handle) = if on_method.needs_own_handle(signature) {
        let cloned = quote_spanned!(here=> ::core::clone::Clone::clone(&#self_.breaker));
        let kept = quote_spanned!(here=> let handle = #cloned;);
        (Some(kept), quote_spanned!(here=> &handle))
    } else {
        (None, quote_spanned!(here=> &#self_.breaker))
    };
    let core = root.at(here);
    let resolved = quote_spanned! {here=>
        #kept
        let breaker: &#core::CircuitBreaker = #core::__private::Leads::breaker(#handle);
    };
    let call = Call {
        resolved,
        options: &on_method.options,
        root,
        passed_on: Arguments::of(signature).passed_on(),
        returned: &returned,
        made,
    };
    Ok(call.body())
}

/// The call of the inner implementation's method, awaited where the method is an `async fn`.
fn made(wrapper: &Wrapper<'_>, signature: &Signature) -> Result<TokenStream> {
    let inner = wrapper.inner_as_trait();
    let name = &signature.ident;
    let generics = signature.generics.params.iter();
    let named: Vec<_> = generics
        .filter_map(|parameter| match parameter {
            GenericParam::Type(ty) => Some(&ty.ident),
            GenericParam::Const(constant) => Some(&constant.ident),
            // Late-bound lifetimes cannot be named, and never need to be.
            GenericParam::Lifetime(_) => None,
        })
        .collect();
    let turbofish = (!named.is_empty()).then(|| quote!(::<#(#named),*>));
    let mut arguments = Arguments::of(signature).passed_on();
    if let Some(receiver) = signature.receiver() {
        arguments[0] = inner_receiver(receiver)?;
    }
    let awaited = signature.asyncness.map(|_| quote!(.await));
    Ok(quote!(#inner::#name #turbofish (#(#arguments),*) #awaited))
}

fn inner_receiver(receiver: &Receiver) -> Result<TokenStream> {
    let self_ = receiver.self_token;
    match &*receiver.ty {
        Type::Reference(reference) if is_own(&reference.elem) => {
            let mutability = reference.mutability;
            Ok(quote!(&#mutability #self_.inner))
        }
        ty if is_own(ty) => Ok(quote!(#self_.inner)),
        other => {
            let message = "the wrapper has no such pointer to the inner type; known receivers are \
                           `self`, `&self` and `&mut self`: move this method to a trait of its own";
            Err(Error::new_spanned(other, message))
        }
    }
}

pub(super) fn is_own(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident("Self"))
}

/// `Self` is the wrapper in its own `impl`: a value of the inner type is none, and what another
/// wrapper holds cannot be seen through a type.
fn refuse_own_type(signature: &Signature) -> Result<()> {
    let typed = signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(&*typed.ty),
        FnArg::Receiver(_) => None,
    });
    let returned = match &signature.output {
        syn::ReturnType::Default => None,
        syn::ReturnType::Type(_, returned) => Some(&**returned),
    };
    for ty in typed.chain(returned) {
        if mentions_self_alone(ty) {
            let message = "`Self` is the wrapper here and the inner type there, so this method \
                           cannot be passed on; move it to a trait of its own";
            return Err(Error::new_spanned(ty, message));
        }
    }
    Ok(())
}

/// `Self`, but not `Self::Item` or `<Self as Trait>::Item`, which are the inner type's.
pub(super) fn mentions_self_alone(ty: &Type) -> bool {
    struct Search(bool);
    impl syn::visit_mut::VisitMut for Search {
        fn visit_type_path_mut(&mut self, path: &mut syn::TypePath) {
            self.0 |= path.path.is_ident("Self");
            let through_a_trait = path.qself.as_ref().is_some_and(|qself| is_own(&qself.ty));
            if through_a_trait {
                syn::visit_mut::visit_path_mut(self, &mut path.path);
            } else {
                syn::visit_mut::visit_type_path_mut(self, path);
            }
        }
    }
    let mut search = Search(false);
    syn::visit_mut::VisitMut::visit_type_mut(&mut search, &mut ty.clone());
    search.0
}

fn refuse_qualifiers(signature: &Signature) -> Result<()> {
    let refuse = |word: &dyn ToTokens| {
        let message = "a wrapper cannot pass on an `unsafe` or `extern` method; move it to a \
                       trait of its own";
        Err(Error::new_spanned(word.to_token_stream(), message))
    };
    match (&signature.unsafety, &signature.abi) {
        (Some(word), _) => refuse(word),
        (None, Some(word)) => refuse(word),
        (None, None) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::mentions_self_alone;
    use syn::parse_quote;

    #[test]
    fn self_alone_is_told_from_the_types_of_self() {
        assert!(mentions_self_alone(&parse_quote!(Self)));
        assert!(mentions_self_alone(&parse_quote!(
            Result<Option<Self>, Error>
        )));
        assert!(!mentions_self_alone(
            &parse_quote!(Result<Self::Item, Self::Error>)
        ));
        assert!(!mentions_self_alone(&parse_quote!(
            <Self as Iterator>::Item
        )));
        assert!(mentions_self_alone(&parse_quote!(<u8 as From<Self>>::Item)));
    }
}
