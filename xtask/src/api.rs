//! The public interface of the library crates as a listing, so that a change of it is seen in review.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Fields, File, ImplItem, Item, Type, Visibility, parse_quote};

use crate::process::{Outcome, root};

const CRATES: [&str; 3] = ["userops", "userops-io", "userops-live"];

/// `cargo xtask api`: writes the listings anew.
pub(crate) fn write() -> Outcome {
    for name in CRATES {
        let path = listing_path(name);
        let text = listing(name)?;
        fs::create_dir_all(root().join("docs/api")).map_err(|error| format!("cannot make docs/api: {error}"))?;
        fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

/// Refuses listings that are not those of the sources.
pub(crate) fn check() -> Outcome {
    for name in CRATES {
        let path = listing_path(name);
        if fs::read_to_string(&path).unwrap_or_default() != listing(name)? {
            return Err(format!("{} is not what the sources say: run `cargo xtask api`", path.display()));
        }
    }
    Ok(())
}

fn listing_path(name: &str) -> PathBuf {
    root().join("docs/api").join(format!("{name}.txt"))
}

/// What each file of a crate makes public. The lint `unreachable_pub` sees to it that whatever is `pub` can be reached.
fn listing(name: &str) -> Result<String, String> {
    let folder = root().join("crates").join(name).join("src");
    let mut paths = Vec::new();
    collect(&folder, &mut paths)?;
    paths.sort();
    let mut files = Vec::new();
    for path in &paths {
        let text = fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let file = syn::parse_file(&text).map_err(|error| format!("cannot parse {}: {error}", path.display()))?;
        files.push(file);
    }
    let types: BTreeSet<String> = files.iter().flat_map(|file| &file.items).filter_map(public_type).collect();
    let mut text = String::new();
    for (path, file) in paths.iter().zip(files) {
        let items: Vec<Item> = file.items.into_iter().filter_map(|item| public_part(item, &types)).collect();
        if !items.is_empty() {
            let shown = path.strip_prefix(&folder).unwrap_or(path).display();
            let file = File { shebang: None, attrs: Vec::new(), items };
            text += &format!("// {shown}\n\n{}\n", prettyplease::unparse(&file));
        }
    }
    Ok(text.trim_end().to_owned() + "\n")
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Outcome {
    let entries = fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| format!("cannot read {}: {error}", folder.display()))?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    Ok(())
}

fn public_type(item: &Item) -> Option<String> {
    match item {
        Item::Struct(item) if is_public(&item.vis) => Some(item.ident.to_string()),
        Item::Enum(item) if is_public(&item.vis) => Some(item.ident.to_string()),
        _ => None,
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The item without bodies, docs and private parts; `None` where nothing of it is public.
fn public_part(item: Item, types: &BTreeSet<String>) -> Option<Item> {
    match item {
        Item::Fn(mut item) if is_public(&item.vis) => {
            item.attrs.clear();
            item.block = parse_quote!({});
            Some(Item::Fn(item))
        }
        Item::Struct(mut item) if is_public(&item.vis) => {
            keep_signs(&mut item.attrs);
            item.fields = public_fields(item.fields);
            Some(Item::Struct(item))
        }
        Item::Enum(mut item) if is_public(&item.vis) => {
            keep_signs(&mut item.attrs);
            for variant in &mut item.variants {
                variant.attrs.clear();
                variant.fields.iter_mut().for_each(|field| field.attrs.clear());
            }
            Some(Item::Enum(item))
        }
        Item::Const(mut item) if is_public(&item.vis) => {
            item.attrs.clear();
            Some(Item::Const(item))
        }
        Item::Type(mut item) if is_public(&item.vis) => {
            item.attrs.clear();
            Some(Item::Type(item))
        }
        Item::Use(item) if is_public(&item.vis) => Some(Item::Use(item)),
        Item::Mod(mut item) if is_public(&item.vis) => {
            item.attrs.clear();
            Some(Item::Mod(item))
        }
        Item::Trait(item) if is_public(&item.vis) => Some(Item::Trait(item)),
        Item::Impl(mut item) if is_of(&item.self_ty, types) => {
            item.attrs.clear();
            let is_trait = item.trait_.is_some();
            item.items = item.items.into_iter().filter_map(|part| public_method(part, is_trait)).collect();
            (is_trait || !item.items.is_empty()).then_some(Item::Impl(item))
        }
        _ => None,
    }
}

/// A method or constant of an implementation; of a trait's only the associated types, for the rest is the trait's.
fn public_method(part: ImplItem, is_trait: bool) -> Option<ImplItem> {
    match part {
        ImplItem::Fn(mut method) if !is_trait && is_public(&method.vis) => {
            method.attrs.clear();
            method.block = parse_quote!({});
            Some(ImplItem::Fn(method))
        }
        ImplItem::Const(mut constant) if !is_trait && is_public(&constant.vis) => {
            constant.attrs.clear();
            Some(ImplItem::Const(constant))
        }
        ImplItem::Type(part) => Some(ImplItem::Type(part)),
        _ => None,
    }
}

/// Of attributes those that a caller can tell: what is derived, and whether more may come.
fn keep_signs(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| attribute.path().is_ident("derive") || attribute.path().is_ident("non_exhaustive"));
}

fn public_fields(fields: Fields) -> Fields {
    match fields {
        Fields::Named(mut fields) => {
            fields.named = fields.named.into_iter().filter(|field| is_public(&field.vis)).collect();
            fields.named.iter_mut().for_each(|field| field.attrs.clear());
            Fields::Named(fields)
        }
        Fields::Unnamed(mut fields) => {
            fields.unnamed = fields.unnamed.into_iter().filter(|field| is_public(&field.vis)).collect();
            fields.unnamed.iter_mut().for_each(|field| field.attrs.clear());
            Fields::Unnamed(fields)
        }
        Fields::Unit => Fields::Unit,
    }
}

fn is_of(self_type: &Type, types: &BTreeSet<String>) -> bool {
    let path = match self_type {
        Type::Path(path) => path,
        Type::Reference(reference) => return is_of(&reference.elem, types),
        _ => return false,
    };
    path.path.segments.last().is_some_and(|segment| types.contains(&segment.ident.to_string()))
}
