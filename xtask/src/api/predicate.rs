//! Under which conditions an item exists: its `cfg` attributes, read for a build that is neither a
//! test nor a model check.

use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

use super::tokens;

/// The conditions of an item as text, or `None` where no user ever sees it.
pub(crate) fn gates(attributes: &[Attribute]) -> Option<Vec<String>> {
    let mut gates = Vec::new();
    for attribute in attributes.iter().filter(|a| a.path().is_ident("cfg")) {
        let Ok(condition) = attribute.parse_args::<Meta>() else {
            continue;
        };
        match holds(&condition) {
            Some(true) => {}
            Some(false) => return None,
            None => gates.push(format!(
                "#[cfg({})]",
                tokens::text(condition.to_token_stream())
            )),
        }
    }
    Some(gates)
}

/// Whether the condition holds for every user; `None` where it depends on his features or machine.
fn holds(condition: &Meta) -> Option<bool> {
    match condition {
        Meta::Path(path) if path.is_ident("test") || path.is_ident("loom") => Some(false),
        Meta::List(list) => {
            let parts = list
                .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                .ok()?;
            let parts: Vec<Option<bool>> = parts.iter().map(holds).collect();
            // What is true of all of none: `all()` holds, `any()` does not.
            if list.path.is_ident("not") {
                parts.first().copied().flatten().map(|inner| !inner)
            } else if list.path.is_ident("all") {
                together(&parts, false)
            } else if list.path.is_ident("any") {
                together(&parts, true)
            } else {
                None
            }
        }
        Meta::Path(_) | Meta::NameValue(_) => None,
    }
}

/// One part that is `decisive` decides; all others together give the opposite.
fn together(parts: &[Option<bool>], decisive: bool) -> Option<bool> {
    if parts.contains(&Some(decisive)) {
        return Some(decisive);
    }
    (!parts.contains(&None)).then_some(!decisive)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(attributes: &str) -> Option<Vec<String>> {
        let item: syn::ItemStruct = syn::parse_str(&format!("{attributes} struct A;")).unwrap();
        gates(&item.attrs)
    }

    #[test]
    fn what_only_a_test_or_a_model_check_sees_is_left_out() {
        assert_eq!(of("#[cfg(test)]"), None);
        assert_eq!(of("#[cfg(all(test, unix))]"), None);
        assert_eq!(of("#[cfg(any(test, loom))]"), None);
        assert_eq!(of("#[cfg(loom)]"), None);
    }

    #[test]
    fn what_every_user_sees_has_no_condition_and_the_rest_keeps_its_own() {
        assert_eq!(of("#[cfg(not(loom))]"), Some(vec![]));
        assert_eq!(of("#[cfg(any(unix, not(test)))]"), Some(vec![]));
        let feature = "#[cfg(feature = \"tokio\")]";
        assert_eq!(of(feature), Some(vec![feature.to_owned()]));
        let either = "#[cfg(any(test, unix))]";
        assert_eq!(of(either), Some(vec![either.to_owned()]));
    }
}
